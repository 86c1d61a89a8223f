// watch(): events as they happen, to handlers or to `for await`.
import type { SynapEvent, WatchEvents } from './generated/app-router.js';
import { WatchStoppedError } from './errors.js';
import {
  EventSubscription,
  type EventSourceOfPod,
  type SubscriptionStatus,
} from './subscription.js';

export interface WatchFilter<T extends string = string> {
  /** Only events of these types. */
  types?: readonly T[] | undefined;
  /** Only events that follow from this command. */
  requestId?: string | undefined;
  /** Go on behind this position. Absent: begin with what happens from now on. */
  lastEventId?: string | undefined;
}

/**
 * "connecting" until it has begun, "live" while events come, "interrupted" while there is no
 * connection (it is tried again by itself), "ended" when it was stopped, aborted or refused.
 */
export type WatchStatus = SubscriptionStatus | 'ended';

export interface WatchHandlers<E = SynapEvent> {
  onEvent(event: E): void;
  /** The watch has ended: it was refused, or a handler threw. Absent: the error is thrown. */
  onError?(error: unknown): void;
  /** It has begun, or goes on after an interruption: nothing was missed. */
  onConnected?(): void;
  /** There is no connection (any more); it is tried again by itself. Once until it goes on. */
  onInterrupted?(error: unknown): void;
}

export interface WatchOptions {
  /** Ends it. `ready` rejects with the signal's reason if it had not begun. */
  signal?: AbortSignal | undefined;
  /** Told of every change of the status; with why, where it is "interrupted" or was refused. */
  onStatus?: ((status: WatchStatus, error?: unknown) => void) | undefined;
}

export interface Watch {
  /**
   * Resolves when it has begun: what happens from then on is told. Rejects if it is refused (over
   * SSE that may be noticed a moment later), and with the reason if it is stopped or aborted before.
   */
  readonly ready: Promise<void>;
  readonly status: WatchStatus;
  /** Why it is interrupted or was refused. */
  readonly error: unknown;
  /** The position of the last event told: to go on from there another time. */
  readonly lastEventId: string | undefined;
  stop(): void;
}

/** Ends without an error when it is stopped or aborted, with one when it is refused. */
export interface EventStream<E = SynapEvent> extends Watch, AsyncIterable<E> {}

// A reader that is this far behind is not sent more until it has caught up: then the stream goes on
// behind the last event it was given. So memory is bounded, however slow the reader.
const BUFFERED_MAX = 1_000;

/** The watches of a client, so that close() can end them, and say that it did. */
export type Running = Set<(reason: unknown) => void>;

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

function inputOf({ types, requestId, lastEventId }: WatchFilter): WatchEvents {
  return {
    ...(types ? { types: [...types] } : {}),
    ...(requestId === undefined ? {} : { requestId }),
    ...(lastEventId === undefined ? {} : { lastEventId }),
  };
}

interface LifeHandlers {
  onEvent(event: SynapEvent): void;
  onConnected?(): void;
  onInterrupted?(error: unknown): void;
  /** With an error: it was refused, or a handler threw. Without: it was stopped. Once. */
  onEnd(failure?: { error: unknown }): void;
}

/** What a watch is whichever way its events are told: its subscription, status, beginning and end. */
class Life {
  readonly ready = makeReady();
  readonly subscription: EventSubscription;
  readonly #running: Running;
  readonly #handlers: LifeHandlers;
  readonly #options: WatchOptions;
  readonly #end = (reason: unknown) => this.end(reason);
  readonly #abort = () => this.end(this.#options.signal?.reason);
  #failure: { error: unknown } | undefined;
  #isEnded = false;

  constructor(
    source: EventSourceOfPod,
    running: Running,
    filter: WatchFilter,
    options: WatchOptions,
    handlers: LifeHandlers,
  ) {
    this.#running = running;
    this.#options = options;
    this.#handlers = handlers;
    this.subscription = new EventSubscription(source, inputOf(filter), {
      onStarted: () => {
        this.ready.resolve();
        options.onStatus?.('live');
        handlers.onConnected?.();
      },
      onEvent: (event) => handlers.onEvent(event),
      onInterrupted: (error) => {
        options.onStatus?.('interrupted', error);
        handlers.onInterrupted?.(error);
      },
      onEnd: (error) => this.end(error, { error }),
    });
  }

  begin(): void {
    const { signal } = this.#options;
    if (signal?.aborted) return this.end(signal.reason);
    this.#running.add(this.#end);
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.subscription.start();
  }

  /** Whoever waits for it to be ready is told `reason`. */
  end(reason: unknown, failure?: { error: unknown }): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#failure = failure;
    this.#running.delete(this.#end);
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.subscription.stop();
    this.ready.reject(reason);
    try {
      this.#options.onStatus?.('ended', failure?.error);
    } finally {
      this.#handlers.onEnd(failure);
    }
  }

  get status(): WatchStatus {
    return this.#isEnded ? 'ended' : this.subscription.status;
  }

  get error(): unknown {
    return this.#isEnded ? this.#failure?.error : this.subscription.error;
  }
}

export function watchWithHandlers(
  source: EventSourceOfPod,
  running: Running,
  filter: WatchFilter,
  handlers: WatchHandlers,
  options: WatchOptions,
): Watch {
  const life = new Life(source, running, filter, options, {
    onEvent: (event) => handlers.onEvent(event),
    onConnected: () => handlers.onConnected?.(),
    onInterrupted: (error) => handlers.onInterrupted?.(error),
    onEnd: (failure) => {
      if (!failure) return;
      if (handlers.onError) return handlers.onError(failure.error);
      queueMicrotask(() => {
        throw failure.error;
      });
    },
  });
  life.begin();
  return {
    ready: life.ready.promise,
    stop: () => life.end(new WatchStoppedError()),
    get status() {
      return life.status;
    },
    get error() {
      return life.error;
    },
    get lastEventId() {
      return life.subscription.lastEventId;
    },
  };
}

export function watchAsStream(
  source: EventSourceOfPod,
  running: Running,
  filter: WatchFilter,
  options: WatchOptions,
): EventStream {
  const buffer: SynapEvent[] = [];
  let lastGiven: string | undefined = filter.lastEventId;
  let isPaused = false;
  let isEnded = false;
  let failure: { error: unknown } | undefined;
  let wake: (() => void) | undefined;

  const life = new Life(source, running, filter, options, {
    onEvent: (event) => {
      buffer.push(event);
      if (buffer.length >= BUFFERED_MAX) {
        isPaused = true;
        life.subscription.stop();
      }
      wake?.();
    },
    onEnd: (why) => {
      isEnded = true;
      failure = why;
      // What came before a refusal is still given; whoever stops it wants no more.
      if (!why) buffer.length = 0;
      wake?.();
    },
  });
  life.begin();

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
        life.subscription.start();
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
      life.end(new WatchStoppedError());
      return { value: undefined, done: true };
    },
  };
  return {
    ready: life.ready.promise,
    stop: () => life.end(new WatchStoppedError()),
    get status() {
      return life.status;
    },
    get error() {
      return life.error;
    },
    get lastEventId() {
      return lastGiven ?? (buffer.length === 0 ? life.subscription.lastEventId : undefined);
    },
    [Symbol.asyncIterator]: () => iterator,
  };
}
