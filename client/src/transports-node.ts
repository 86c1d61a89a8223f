// Node 20 has neither WebSocket nor EventSource, and Node 22 only the first: there, always these
// two packages, so that every Node behaves the same.
import { EventSource as NodeEventSource } from 'eventsource';
import { WebSocket as NodeWebSocket } from 'ws';

// Of one whose network is gone nobody answers the close, nor the next one's handshake.
const ANSWER_MS_MAX = { closeTimeout: 2_000, handshakeTimeout: 10_000 };

class BoundedWebSocket extends NodeWebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols, ANSWER_MS_MAX);
  }
}

export const DefaultWebSocket = BoundedWebSocket as unknown as typeof WebSocket;
export const DefaultEventSource = NodeEventSource as unknown as typeof EventSource;

/** True where the default EventSource takes a `fetch`, and so can send headers. */
export const eventSourceTakesFetch: boolean = true;
