// @synap/client: ask a pod, command it, watch it.
export { createSynapClient } from './client.js';
export { ClientClosedError, ConnectionLostError, InputError, NoKeyError, NoPodError, RequestFailedError, WaitTimeoutError, WatchStoppedError, isSynapError, messageOf, } from './errors.js';
export { isEvent } from './events.js';
