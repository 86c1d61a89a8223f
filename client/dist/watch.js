import { WatchStoppedError } from './errors.js';
import { EventSubscription, } from './subscription.js';
// A reader that is this far behind is not sent more until it has caught up: then the stream goes on
// behind the last event it was given. So memory is bounded, however slow the reader.
const BUFFERED_MAX = 1_000;
function makeReady() {
    let resolve;
    let reject;
    const promise = new Promise((yes, no) => {
        resolve = yes;
        reject = no;
    });
    promise.catch(() => { }); // who does not wait for it hears of the error elsewhere
    return { promise, resolve, reject };
}
function inputOf({ types, requestId, lastEventId }) {
    return {
        ...(types ? { types: [...types] } : {}),
        ...(requestId === undefined ? {} : { requestId }),
        ...(lastEventId === undefined ? {} : { lastEventId }),
    };
}
/** What a watch is whichever way its events are told: its subscription, status, beginning and end. */
class Life {
    ready = makeReady();
    subscription;
    #running;
    #handlers;
    #options;
    #end = (reason) => this.end(reason);
    #abort = () => this.end(this.#options.signal?.reason);
    #failure;
    #isEnded = false;
    constructor(source, running, filter, options, handlers) {
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
    begin() {
        const { signal } = this.#options;
        if (signal?.aborted)
            return this.end(signal.reason);
        this.#running.add(this.#end);
        signal?.addEventListener('abort', this.#abort, { once: true });
        this.subscription.start();
    }
    /** Whoever waits for it to be ready is told `reason`. */
    end(reason, failure) {
        if (this.#isEnded)
            return;
        this.#isEnded = true;
        this.#failure = failure;
        this.#running.delete(this.#end);
        this.#options.signal?.removeEventListener('abort', this.#abort);
        this.subscription.stop();
        this.ready.reject(reason);
        try {
            this.#options.onStatus?.('ended', failure?.error);
        }
        finally {
            this.#handlers.onEnd(failure);
        }
    }
    get status() {
        return this.#isEnded ? 'ended' : this.subscription.status;
    }
    get error() {
        return this.#isEnded ? this.#failure?.error : this.subscription.error;
    }
}
export function watchWithHandlers(source, running, filter, handlers, options) {
    const life = new Life(source, running, filter, options, {
        onEvent: (event) => handlers.onEvent(event),
        onConnected: () => handlers.onConnected?.(),
        onInterrupted: (error) => handlers.onInterrupted?.(error),
        onEnd: (failure) => {
            if (!failure)
                return;
            if (handlers.onError)
                return handlers.onError(failure.error);
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
export function watchAsStream(source, running, filter, options) {
    const buffer = [];
    let lastGiven = filter.lastEventId;
    let isPaused = false;
    let isEnded = false;
    let failure;
    let wake;
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
            if (!why)
                buffer.length = 0;
            wake?.();
        },
    });
    life.begin();
    async function next() {
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
            if (isEnded)
                return { value: undefined, done: true };
            if (isPaused) {
                isPaused = false;
                life.subscription.start();
            }
            await new Promise((resolve) => {
                wake = resolve;
            });
            wake = undefined;
        }
    }
    // One after another, also if several are asked for at once.
    let turn = Promise.resolve();
    const iterator = {
        next() {
            const result = turn.then(next);
            turn = result.catch(() => { });
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
