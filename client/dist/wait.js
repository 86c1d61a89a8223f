import { ClientClosedError, RequestFailedError, WaitTimeoutError, isRefusal } from './errors.js';
import { EventSubscription } from './subscription.js';
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
    #source;
    #getRequest;
    #waiting = new Set();
    #subscription;
    #isWatching = false;
    constructor(source, getRequest) {
        this.#source = source;
        this.#getRequest = getRequest;
    }
    wait(requestId, { timeoutMs = TIMEOUT_MS, signal } = {}) {
        return new Promise((resolve, reject) => {
            if (typeof timeoutMs !== 'number' || !(timeoutMs >= 0))
                throw new RangeError(`timeoutMs is 0 or more, or Infinity; it is ${timeoutMs}`);
            if (signal?.aborted)
                return reject(signal.reason);
            const waiting = new Waiting(requestId, this.#getRequest, (settle) => {
                timer.stop();
                signal?.removeEventListener('abort', abort);
                this.#waiting.delete(waiting);
                if (this.#waiting.size === 0)
                    this.#stopWatching();
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
            if (this.#isWatching)
                waiting.ask();
            else
                this.#watch();
        });
    }
    close() {
        for (const waiting of [...this.#waiting])
            waiting.reject(new ClientClosedError());
    }
    #watch() {
        if (this.#subscription)
            return; // it is about to begin
        this.#subscription = new EventSubscription(this.#source, {}, {
            onStarted: () => {
                this.#isWatching = true;
                for (const waiting of this.#waiting)
                    waiting.ask();
            },
            onEvent: (event) => {
                for (const waiting of this.#waiting) {
                    if (waiting.requestId === event.requestId)
                        waiting.ask();
                }
            },
            onInterrupted: () => {
                this.#isWatching = false;
            },
            onEnd: (error) => {
                for (const waiting of [...this.#waiting])
                    waiting.reject(error);
            },
        });
        this.#subscription.start();
    }
    #stopWatching() {
        this.#subscription?.stop();
        this.#subscription = undefined;
        this.#isWatching = false;
    }
}
// What a timer takes: 24 days. Of a longer time it makes a millisecond.
const TIMER_MS_MAX = 2 ** 31 - 1;
class LongTimer {
    #timer;
    constructor(call, ms) {
        const part = Math.min(ms, TIMER_MS_MAX);
        this.#timer = setTimeout(() => {
            if (ms <= TIMER_MS_MAX)
                return call();
            const rest = new LongTimer(call, ms - part);
            this.stop = () => rest.stop();
        }, part);
    }
    stop() {
        clearTimeout(this.#timer);
    }
}
/** One who waits for one command. */
class Waiting {
    requestId;
    /** Why the pod has not answered, if it was asked and did not. */
    error;
    /** The pod has said at least once what the command has come to. */
    isAnswered = false;
    #getRequest;
    #end;
    #isEnded = false;
    #isAsking = false;
    #askAgain = false;
    #retry;
    constructor(requestId, getRequest, end) {
        this.requestId = requestId;
        this.#getRequest = getRequest;
        this.#end = end;
    }
    reject(error) {
        this.#settle((_, reject) => reject(error));
    }
    /** Asks the pod; if it is being asked, once more behind that. */
    ask() {
        this.#askAgain = true;
        if (!this.#isAsking)
            void this.#ask();
    }
    async #ask() {
        this.#isAsking = true;
        clearTimeout(this.#retry);
        try {
            while (this.#askAgain && !this.#isEnded) {
                this.#askAgain = false;
                const request = await this.#getRequest(this.requestId);
                this.error = undefined;
                this.isAnswered = true;
                if (request.status === 'completed')
                    this.#settle((resolve) => resolve(request));
                if (request.status === 'failed')
                    this.reject(new RequestFailedError(request));
            }
        }
        catch (error) {
            this.error = error;
            if (isRefusal(error))
                this.reject(error);
            else if (!this.#isEnded)
                this.#retry = setTimeout(() => this.ask(), ASK_AGAIN_MS);
        }
        finally {
            this.#isAsking = false;
        }
    }
    #settle(settle) {
        if (this.#isEnded)
            return;
        this.#isEnded = true;
        clearTimeout(this.#retry);
        this.#end(settle);
    }
}
