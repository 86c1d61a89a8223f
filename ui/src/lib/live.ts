// One WebSocket to the pod with one subscription to events.watch. It is made again by itself, behind
// the last event that was told, so that nothing is missed and nothing comes twice.
import { signal } from '@preact/signals';

import type { SynapEvent } from './events.js';
import { pageHalf } from './rpc.js';

/**
 * live: what happens is told. lost: the connection is, and is being made again. refused: who is here may
 * not see events, so that what is shown is asked for again now and then.
 */
export type LiveStatus = 'connecting' | 'live' | 'lost' | 'refused';
export const liveStatus = signal<LiveStatus>('connecting');

interface Message {
  id?: number | null;
  method?: string;
  result?: { type: string; data?: { id: string; data: SynapEvent } };
  error?: { message: string };
}

interface Handlers {
  onEvent(event: SynapEvent): void;
  /** The subscription stands (again). */
  onLive(): void;
  /** The connection is lost, or was refused: nobody may be signed in any more. */
  onLost(): void;
}

// A proxy or a sleeping laptop can drop a connection without a word: ask for a sign of life.
const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5_000;
// A firewall can swallow the first packet, or a proxy the subscription. The client waits as long.
const CONNECT_WITHIN_MS = 20_000;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 4_000;

function messageOf(text: string): Message | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null ? (message as Message) : undefined;
  } catch {
    return undefined;
  }
}

export class LiveEvents {
  readonly #handlers: Handlers;
  #last: string;
  #socket: WebSocket | undefined;
  #era = 0;
  #attempt = 0;
  #retryTimer = 0;
  #pingTimer = 0;
  #pongTimer = 0;
  #connectTimer = 0;

  constructor(after: number, handlers: Handlers) {
    this.#last = String(after);
    this.#handlers = handlers;
    addEventListener('online', this.#hurry);
  }

  start(): void {
    this.#connect();
  }

  stop(): void {
    removeEventListener('online', this.#hurry);
    this.#leave();
  }

  // The network is back: no reason to wait for the timer.
  readonly #hurry = (): void => {
    if (liveStatus.value === 'lost') this.#connect();
  };

  #leave(): void {
    ++this.#era;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#pongTimer);
    clearTimeout(this.#connectTimer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #connect(): void {
    this.#leave();
    const era = this.#era;
    const address = `${location.origin.replace(/^http/, 'ws')}/trpc?connectionParams=1`;
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#connectTimer = window.setTimeout(() => this.#lost(), CONNECT_WITHIN_MS);
    socket.onopen = () => era === this.#era && this.#subscribe(socket);
    socket.onmessage = (message) => era === this.#era && this.#take(String(message.data));
    socket.onclose = () => era === this.#era && this.#lost();
  }

  #subscribe(socket: WebSocket): void {
    const params = { path: 'events.watch', input: { lastEventId: this.#last } };
    socket.send(JSON.stringify({ method: 'connectionParams', data: { page: pageHalf() } }));
    socket.send(JSON.stringify({ id: 1, method: 'subscription', params }));
    this.#ping();
  }

  #ping(): void {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = window.setTimeout(() => {
      this.#socket?.send('PING');
      this.#pongTimer = window.setTimeout(() => this.#lost(), PONG_WITHIN_MS);
    }, PING_EVERY_MS);
  }

  #take(text: string): void {
    clearTimeout(this.#pongTimer);
    this.#ping();
    if (text === 'PONG') return;
    if (text === 'PING') return this.#socket?.send('PONG');
    const message = messageOf(text);
    // No pod's: to come back at once would be to be told the same again.
    if (!message) return this.#refused();
    // The pod is about to stop.
    if (message.method === 'reconnect') return this.#lost();
    if (message.error) return this.#refused();
    if (message.result?.type === 'started') {
      this.#attempt = 0;
      clearTimeout(this.#connectTimer);
      liveStatus.value = 'live';
      this.#handlers.onLive();
    } else if (message.result?.type === 'data' && message.result.data) {
      this.#last = message.result.data.id;
      this.#handlers.onEvent(message.result.data.data);
    } else if (message.result?.type === 'stopped') {
      this.#lost();
    }
  }

  // It may pass, but not soon.
  #refused(): void {
    this.#attempt = Math.max(this.#attempt, 3);
    this.#lost();
  }

  #lost(): void {
    this.#leave();
    liveStatus.value = 'lost';
    this.#handlers.onLost();
    const delay = Math.min(RETRY_MS_MIN * 2 ** this.#attempt++, RETRY_MS_MAX);
    this.#retryTimer = window.setTimeout(() => this.#connect(), delay * (0.75 + Math.random() / 4));
  }
}
