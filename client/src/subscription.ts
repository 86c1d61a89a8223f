// One subscription to events.watch, kept alive: begun again behind the last event whenever it is
// lost, until it is stopped or refused. tRPC's own links reconnect sockets; this covers what they do
// not: a stream the pod ended, errors that pass, and the time before the first event has come.
import type { Tracked, SynapEvent, WatchEvents } from './generated/app-router.js';
import { isRefusal } from './errors.js';

export interface ItemHandlers {
  onStarted(): void;
  onData(item: Tracked<SynapEvent>): void;
  onError(error: unknown): void;
  onComplete(): void;
}

/** What is needed of a pod. */
export interface EventSourceOfPod {
  /** The position of the last event there is. */
  end(): Promise<string>;
  subscribe(input: WatchEvents, handlers: ItemHandlers): { unsubscribe(): void };
}

export interface SubscriptionHandlers {
  /** Everything after this moment will be told; again after every interruption. */
  onStarted(): void;
  onEvent(event: SynapEvent): void;
  /** It was interrupted and will be begun again. */
  onInterrupted(error: unknown): void;
  /** It was refused, or a handler threw: there will be no more events. */
  onEnd(error: unknown): void;
}

export interface SubscriptionOptions {
  /**
   * Without a `lastEventId`: whether to ask for the end of the log before, so that an interruption
   * before the first event loses nothing.
   */
  pin: boolean;
  delayMs?: (attempt: number) => number;
}

const DELAY_MS_MAX = 5_000;
// With jitter, so that the watchers of a pod that restarts do not come all at once.
const usualDelayMs = (attempt: number): number =>
  Math.min(50 * 2 ** attempt, DELAY_MS_MAX) * (0.5 + Math.random() / 2);

export class EventSubscription {
  readonly #source: EventSourceOfPod;
  readonly #filter: WatchEvents;
  readonly #handlers: SubscriptionHandlers;
  readonly #options: SubscriptionOptions;
  #last: string | undefined;
  #attempt = 0;
  // Counts beginnings: what belongs to an earlier one is not listened to any more.
  #era = 0;
  #active: { unsubscribe(): void } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    source: EventSourceOfPod,
    filter: WatchEvents,
    handlers: SubscriptionHandlers,
    options: SubscriptionOptions,
  ) {
    this.#source = source;
    this.#filter = filter;
    this.#handlers = handlers;
    this.#options = options;
    this.#last = filter.lastEventId ?? undefined;
  }

  /** The position of the last event that was told, or where the subscription began. */
  get lastEventId(): string | undefined {
    return this.#last;
  }

  /** Begins, or goes on after a stop(). */
  start(): void {
    const era = ++this.#era;
    void this.#begin(era).catch((error: unknown) => this.#lost(era, error));
  }

  /** No handler is called any more. */
  stop(): void {
    ++this.#era;
    clearTimeout(this.#timer);
    this.#active?.unsubscribe();
    this.#active = undefined;
  }

  async #begin(era: number): Promise<void> {
    if (this.#last === undefined && this.#options.pin) {
      const end = await this.#source.end();
      if (era !== this.#era) return;
      this.#last = end;
    }
    const { lastEventId: _, ...filter } = this.#filter;
    const input = this.#last === undefined ? filter : { ...filter, lastEventId: this.#last };
    const active = this.#source.subscribe(input, {
      onStarted: () => {
        if (era !== this.#era) return;
        this.#attempt = 0;
        this.#tell(() => this.#handlers.onStarted());
      },
      onData: (item) => {
        if (era !== this.#era) return;
        // Links overlap two connections while they move from one to the other.
        if (this.#last !== undefined && Number(item.id) <= Number(this.#last)) return;
        this.#last = item.id;
        this.#attempt = 0;
        this.#tell(() => this.#handlers.onEvent(item.data));
      },
      onError: (error) => this.#lost(era, error),
      onComplete: () => this.#lost(era, new Error('The pod ended the stream')),
    });
    // A handler may have stopped it already.
    if (era === this.#era) this.#active = active;
    else active.unsubscribe();
  }

  #lost(era: number, error: unknown): void {
    if (era !== this.#era) return;
    this.stop();
    if (isRefusal(error)) return this.#handlers.onEnd(error);
    const next = this.#era;
    this.#tell(() => this.#handlers.onInterrupted(error));
    if (next !== this.#era) return;
    const delay = (this.#options.delayMs ?? usualDelayMs)(this.#attempt++);
    this.#timer = setTimeout(() => this.start(), delay);
  }

  // A mistake in a handler must not end in the socket's code, where nobody hears of it.
  #tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.stop();
      this.#handlers.onEnd(error);
    }
  }
}
