// Node 20 has neither WebSocket nor EventSource, and Node 22 only the first: there, always these
// two packages, so that every Node behaves the same.
import { EventSource as NodeEventSource } from 'eventsource';
import { WebSocket as NodeWebSocket } from 'ws';
export const DefaultWebSocket = NodeWebSocket;
export const DefaultEventSource = NodeEventSource;
/** True where the default EventSource takes a `fetch`, and so can send headers. */
export const eventSourceTakesFetch = true;
