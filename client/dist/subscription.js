import { ConnectionLostError, NO_EVENTS, isRefusal, keyErrorOf } from './errors.js';
const DELAY_MS_MAX = 5_000;
// Over SSE a stream that is about to be ended with an error has begun like any other: only one that
// has lasted, or has told an event, lets the delays begin anew.
const LASTED_MS = 10_000;
// A connection that is neither refused nor answered would be waited for as long as the kernel likes.
const BEGIN_MS_MAX = 20_000;
// With jitter, so that the watchers of a pod that restarts do not come all at once.
const delayMs = (attempt) => Math.min(50 * 2 ** attempt, DELAY_MS_MAX) * (0.5 + Math.random() / 2);
// Not every server behind an address is a pod, and what a proxy changes has no type.
const isItem = (item) => {
    const { id, data } = (item ?? {});
    return typeof id === 'string' && typeof data === 'object' && data !== null;
};
export class EventSubscription {
    #source;
    #filter;
    #handlers;
    #last;
    #status = 'connecting';
    #error;
    #attempt = 0;
    #startedAt = Infinity;
    // The present beginning has begun; a link says "connecting" before that, too.
    #isStarted = false;
    // Counts beginnings: what belongs to an earlier one is not listened to any more.
    #era = 0;
    #active;
    #timer;
    #deadline;
    constructor(source, filter, handlers) {
        this.#source = source;
        this.#filter = filter;
        this.#handlers = handlers;
        this.#last = filter.lastEventId ?? undefined;
    }
    /** The position of the last event that was told, or where the subscription began. */
    get lastEventId() {
        return this.#last;
    }
    get status() {
        return this.#status;
    }
    /** Why it is interrupted: the newest reason. */
    get error() {
        return this.#error;
    }
    /** Begins, or goes on after a stop(). */
    start() {
        const era = ++this.#era;
        this.#isStarted = false;
        this.#expectStart(era);
        void this.#begin(era).catch((error) => this.#lost(era, error));
    }
    /** No handler is called any more. */
    stop() {
        ++this.#era;
        clearTimeout(this.#timer);
        clearTimeout(this.#deadline);
        this.#active?.unsubscribe();
        this.#active = undefined;
    }
    async #begin(era) {
        if (this.#last === undefined) {
            // Known before it begins, so that nothing is lost to an interruption before the first event,
            // nor to the moment between a link's "started" and the pod's first look at its log.
            const end = await this.#source.end();
            if (era !== this.#era)
                return;
            this.#last = end;
        }
        const { lastEventId: _, ...filter } = this.#filter;
        const active = this.#source.subscribe({ ...filter, lastEventId: this.#last }, {
            onStarted: () => {
                if (era !== this.#era)
                    return;
                this.#startedAt = Date.now();
                this.#isStarted = true;
                clearTimeout(this.#deadline);
                this.#live();
            },
            onData: (item) => {
                if (era !== this.#era)
                    return;
                if (!isItem(item))
                    return this.#lost(era, new ConnectionLostError(NO_EVENTS));
                // Links overlap two connections while they move from one to the other.
                if (this.#last !== undefined && Number(item.id) <= Number(this.#last))
                    return;
                this.#last = item.id;
                this.#attempt = 0;
                this.#tell(() => this.#handlers.onEvent(item.data));
            },
            onError: (error) => this.#lost(era, error),
            onComplete: () => this.#lost(era, new ConnectionLostError('The pod ended the stream')),
            // The link makes the connection again by itself and says "started" then.
            onConnectionStateChange: ({ state, error }) => {
                if (era !== this.#era || state !== 'connecting')
                    return;
                if (isRefusal(error))
                    return this.#lost(era, error);
                if (!error && !this.#isStarted)
                    return;
                if (this.#isStarted)
                    this.#expectStart(era);
                this.#isStarted = false;
                this.#interrupted(ConnectionLostError.of(error));
            },
        });
        // A handler may have stopped it already.
        if (era === this.#era)
            this.#active = active;
        else
            active.unsubscribe();
    }
    #lost(era, error) {
        if (era !== this.#era)
            return;
        this.stop();
        const wrongKey = keyErrorOf(error);
        if (wrongKey)
            return this.#handlers.onEnd(wrongKey);
        if (isRefusal(error))
            return this.#handlers.onEnd(error);
        const next = this.#era;
        this.#interrupted(error);
        if (next !== this.#era)
            return;
        if (Date.now() - this.#startedAt > LASTED_MS)
            this.#attempt = 0;
        this.#startedAt = Infinity;
        this.#timer = setTimeout(() => this.start(), delayMs(this.#attempt++));
    }
    #expectStart(era) {
        const why = `There was no answer of the pod within ${BEGIN_MS_MAX} ms`;
        this.#deadline = setTimeout(() => this.#lost(era, new ConnectionLostError(why)), BEGIN_MS_MAX);
    }
    #live() {
        if (this.#status === 'live')
            return;
        this.#status = 'live';
        this.#error = undefined;
        this.#tell(() => this.#handlers.onStarted());
    }
    #interrupted(error) {
        this.#error = error;
        if (this.#status === 'interrupted')
            return;
        this.#status = 'interrupted';
        this.#tell(() => this.#handlers.onInterrupted(error));
    }
    // A mistake in a handler must not end in the socket's code, where nobody hears of it.
    #tell(call) {
        try {
            call();
        }
        catch (error) {
            this.stop();
            this.#handlers.onEnd(error);
        }
    }
}
