// @synap/client: ask a pod, command it, watch it.
export { createSynapClient } from './client.js';
export type { SynapClient, SynapClientOptions, SynapHelpers } from './client.js';
export {
  ClientClosedError,
  RequestFailedError,
  WaitTimeoutError,
  isSynapError,
} from './errors.js';
export type { SynapError } from './errors.js';
export { isEvent } from './events.js';
export type { EventOf, EventType } from './events.js';
export type { WaitOptions } from './wait.js';
export type { EventStream, Watch, WatchFilter, WatchHandlers, WatchOptions } from './watch.js';
export type * from './generated/app-router.js';
