// waitFor(): what became of a command, without polling and without a gap.
import type { Request } from './generated/app-router.js';
import { ClientClosedError, RequestFailedError, WaitTimeoutError, isRefusal } from './errors.js';
import { EventSubscription, type EventSourceOfPod } from './subscription.js';

export interface WaitOptions {
  /** Default: 30 seconds. Infinity: as long as it takes. */
  timeoutMs?: number | undefined;
  /** Ends the wait, which rejects with the signal's reason. The command goes on. */
  signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 30_000;
const ASK_AGAIN_MS = 1_000;

/**
 * Everybody who waits. They share one subscription, because a browser has only six connections to a
 * pod; it is there while somebody waits.
 *
 * It watches first and asks then, so nothing can come in between; and asks again with each event of
 * the command and after each interruption. So the answer is always the pod's own, of requests.get.
 */
export class WaitingRoom {
  readonly #source: EventSourceOfPod;
  readonly #getRequest: (requestId: string) => Promise<Request>;
  readonly #waiting = new Set<Waiting>();
  #subscription: EventSubscription | undefined;
  #isWatching = false;

  constructor(source: EventSourceOfPod, getRequest: (requestId: string) => Promise<Request>) {
    this.#source = source;
    this.#getRequest = getRequest;
  }

  wait(requestId: string, { timeoutMs = TIMEOUT_MS, signal }: WaitOptions = {}): Promise<Request> {
    return new Promise((resolve, reject) => {
      if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0)) throw new RangeError(`timeoutMs is 0 or more, or Infinity; it is ${timeoutMs}`);
      if (signal?.aborted) return reject(signal.reason);
      const waiting = new Waiting(requestId, this.#getRequest, (settle) => {
        timer.stop();
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(waiting);
        if (this.#waiting.size === 0) this.#stopWatching();
        settle(resolve, reject);
      });
      const abort = () => waiting.reject(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      const late = () => {
        // Whatever was heard of it before, the pod was asked and has not answered since.
        const silence = waiting.isAnswered ? undefined : new Error('it has said nothing yet');
        const unreachable = waiting.error ?? this.#subscription?.error ?? silence;
        waiting.reject(new WaitTimeoutError(requestId, timeoutMs, unreachable));
      };
      const timer = new LongTimer(late, timeoutMs);
      this.#waiting.add(waiting);
      if (this.#isWatching) waiting.ask();
      else this.#watch();
    });
  }

  close(): void {
    for (const waiting of [...this.#waiting]) waiting.reject(new ClientClosedError());
  }

  #watch(): void {
    if (this.#subscription) return; // it is about to begin
    this.#subscription = new EventSubscription(
      this.#source,
      {},
      {
        onStarted: () => {
          this.#isWatching = true;
          for (const waiting of this.#waiting) waiting.ask();
        },
        onEvent: (event) => {
          for (const waiting of this.#waiting) {
            if (waiting.requestId === event.requestId) waiting.ask();
          }
        },
        onInterrupted: () => {
          this.#isWatching = false;
        },
        onEnd: (error) => {
          for (const waiting of [...this.#waiting]) waiting.reject(error);
        },
      },
    );
    this.#subscription.start();
  }

  #stopWatching(): void {
    this.#subscription?.stop();
    this.#subscription = undefined;
    this.#isWatching = false;
  }
}

// What a timer takes: 24 days. Of a longer time it makes a millisecond.
const TIMER_MS_MAX = 2 ** 31 - 1;

class LongTimer {
  #timer: ReturnType<typeof setTimeout>;

  constructor(call: () => void, ms: number) {
    const part = Math.min(ms, TIMER_MS_MAX);
    this.#timer = setTimeout(() => {
      if (ms <= TIMER_MS_MAX) return call();
      const rest = new LongTimer(call, ms - part);
      this.stop = () => rest.stop();
    }, part);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

type Settle = (resolve: (request: Request) => void, reject: (reason: unknown) => void) => void;

/** One who waits for one command. */
class Waiting {
  readonly requestId: string;
  /** Why the pod has not answered, if it was asked and did not. */
  error: unknown;
  /** The pod has said at least once what the command has come to. */
  isAnswered = false;
  readonly #getRequest: (requestId: string) => Promise<Request>;
  readonly #end: (settle: Settle) => void;
  #isEnded = false;
  #isAsking = false;
  #askAgain = false;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(
    requestId: string,
    getRequest: (requestId: string) => Promise<Request>,
    end: (settle: Settle) => void,
  ) {
    this.requestId = requestId;
    this.#getRequest = getRequest;
    this.#end = end;
  }

  reject(error: unknown): void {
    this.#settle((_, reject) => reject(error));
  }

  /** Asks the pod; if it is being asked, once more behind that. */
  ask(): void {
    this.#askAgain = true;
    if (!this.#isAsking) void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#isAsking = true;
    clearTimeout(this.#retry);
    try {
      while (this.#askAgain && !this.#isEnded) {
        this.#askAgain = false;
        const request = await this.#getRequest(this.requestId);
        this.error = undefined;
        this.isAnswered = true;
        if (request.status === 'completed') this.#settle((resolve) => resolve(request));
        if (request.status === 'failed') this.reject(new RequestFailedError(request));
      }
    } catch (error) {
      this.error = error;
      if (isRefusal(error)) this.reject(error);
      else if (!this.#isEnded) this.#retry = setTimeout(() => this.ask(), ASK_AGAIN_MS);
    } finally {
      this.#isAsking = false;
    }
  }

  #settle(settle: Settle): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#retry);
    this.#end(settle);
  }
}
