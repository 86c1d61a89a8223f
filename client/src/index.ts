// @synap/client: ask a pod, command it, watch it.
export { createSynapClient } from './client.js';
export type { Cause } from './cause.js';
export type {
  SynapClient,
  SynapClientOptions,
  SynapHelpers,
  Watchable,
  Watched,
} from './client.js';
export {
  ClientClosedError,
  ConnectionLostError,
  InputError,
  NoKeyError,
  NoPodError,
  RequestFailedError,
  WaitTimeoutError,
  WatchStoppedError,
  isSynapError,
  messageOf,
} from './errors.js';
export type { SynapError } from './errors.js';
export { isEvent } from './events.js';
export type { DataOf, EventOf, EventType, RegisteredType } from './events.js';
export type { WaitOptions } from './wait.js';
export type {
  EventStream,
  Watch,
  WatchFilter,
  WatchHandlers,
  WatchOptions,
  WatchStatus,
} from './watch.js';
export type * from './generated/app-router.js';
