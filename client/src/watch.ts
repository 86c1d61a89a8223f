// watch(): events as they happen, to handlers or to `for await`.
import type { WatchEvents } from './generated/app-router.js';
import type { EventType, SynapEvent } from './events.js';
import { ClientClosedError } from './errors.js';
import { EventSubscription, type EventSourceOfPod } from './subscription.js';

export interface WatchFilter {
  /** Only events of these types. */
  types?: readonly (EventType | (string & {}))[];
  /** Only events that follow from this command. */
  requestId?: string;
  /** Go on behind this position. Absent: begin with what happens from now on. */
  lastEventId?: string;
}

export interface WatchHandlers {
  onEvent(event: SynapEvent): void;
  /** The watch has ended: it was refused, or `onEvent` threw. Absent: the error is thrown. */
  onError?(error: unknown): void;
  /** It has begun, or goes on after an interruption: nothing was missed. */
  onConnected?(): void;
  /** The connection was lost; it is tried again by itself. */
  onInterrupted?(error: unknown): void;
}

export interface WatchOptions {
  signal?: AbortSignal;
}

export interface Watch {
  /**
   * Resolves when it has begun: what happens from then on is told. Rejects if it is refused; over
   * SSE that may be noticed a moment later.
   */
  readonly ready: Promise<void>;
  /** The position of the last event told: to go on from there another time. */
  readonly lastEventId: string | undefined;
  stop(): void;
}

/** Ends without an error when it is stopped or aborted, with one when it is refused. */
export interface EventStream extends Watch, AsyncIterable<SynapEvent> {}

// A reader that is this far behind is not sent more until it has caught up: then the stream goes on
// behind the last event it was given. So memory is bounded, however slow the reader.
const BUFFERED_MAX = 1_000;

/** The watches of a client, so that close() can end them. */
export type Running = Set<() => void>;

interface Ready {
  promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

function makeReady(): Ready {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {}); // who does not wait for it hears of the error elsewhere
  return { promise, resolve, reject };
}

function inputOf({ types, ...rest }: WatchFilter): WatchEvents {
  return types ? { ...rest, types: [...types] } : rest;
}

export function watchWithHandlers(
  source: EventSourceOfPod,
  running: Running,
  filter: WatchFilter,
  handlers: WatchHandlers,
  options: WatchOptions,
): Watch {
  const ready = makeReady();
  const end = () => {
    running.delete(stop);
    options.signal?.removeEventListener('abort', stop);
  };
  const subscription = new EventSubscription(
    source,
    inputOf(filter),
    {
      onStarted: () => {
        ready.resolve();
        handlers.onConnected?.();
      },
      onEvent: (event) => handlers.onEvent(event),
      onInterrupted: (error) => handlers.onInterrupted?.(error),
      onEnd: (error) => {
        end();
        ready.reject(error);
        if (handlers.onError) return handlers.onError(error);
        queueMicrotask(() => {
          throw error;
        });
      },
    },
  );
  const stop = () => {
    end();
    subscription.stop();
    ready.reject(new ClientClosedError());
  };
  begin(stop, running, options, subscription);
  return {
    ready: ready.promise,
    stop,
    get lastEventId() {
      return subscription.lastEventId;
    },
  };
}

export function watchAsStream(
  source: EventSourceOfPod,
  running: Running,
  filter: WatchFilter,
  options: WatchOptions,
): EventStream {
  const ready = makeReady();
  const buffer: SynapEvent[] = [];
  let lastGiven: string | undefined = filter.lastEventId;
  let isPaused = false;
  let isEnded = false;
  let failure: { error: unknown } | undefined;
  let wake: (() => void) | undefined;

  const subscription = new EventSubscription(
    source,
    inputOf(filter),
    {
      onStarted: () => ready.resolve(),
      onEvent: (event) => {
        buffer.push(event);
        if (buffer.length >= BUFFERED_MAX) {
          isPaused = true;
          subscription.stop();
        }
        wake?.();
      },
      onInterrupted: () => {},
      onEnd: (error) => {
        failure = { error };
        ready.reject(error);
        finish();
      },
    },
  );
  const finish = () => {
    isEnded = true;
    running.delete(stop);
    options.signal?.removeEventListener('abort', stop);
    wake?.();
  };
  const stop = () => {
    buffer.length = 0;
    subscription.stop();
    ready.reject(new ClientClosedError());
    finish();
  };
  begin(stop, running, options, subscription);

  async function next(): Promise<IteratorResult<SynapEvent, undefined>> {
    for (;;) {
      const event = buffer.shift();
      if (event) {
        lastGiven = String(event.position);
        return { value: event, done: false };
      }
      if (failure) {
        const { error } = failure;
        failure = undefined; // once; after that the stream is simply over
        throw error;
      }
      if (isEnded) return { value: undefined, done: true };
      if (isPaused) {
        isPaused = false;
        subscription.start();
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = undefined;
    }
  }
  // One after another, also if several are asked for at once.
  let turn: Promise<unknown> = Promise.resolve();
  const iterator: AsyncIterator<SynapEvent, undefined> = {
    next() {
      const result = turn.then(next);
      turn = result.catch(() => {});
      return result;
    },
    async return() {
      stop();
      return { value: undefined, done: true };
    },
  };
  return {
    ready: ready.promise,
    stop,
    get lastEventId() {
      return lastGiven ?? (buffer.length === 0 ? subscription.lastEventId : undefined);
    },
    [Symbol.asyncIterator]: () => iterator,
  };
}

function begin(
  stop: () => void,
  running: Running,
  { signal }: WatchOptions,
  subscription: EventSubscription,
): void {
  if (signal?.aborted) return stop();
  running.add(stop);
  signal?.addEventListener('abort', stop, { once: true });
  subscription.start();
}
