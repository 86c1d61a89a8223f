import type { SynapEvent } from './generated/app-router.js';
import { type EventSourceOfPod, type SubscriptionStatus } from './subscription.js';
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
export interface EventStream<E = SynapEvent> extends Watch, AsyncIterable<E> {
}
/** The watches of a client, so that close() can end them, and say that it did. */
export type Running = Set<(reason: unknown) => void>;
export declare function watchWithHandlers(source: EventSourceOfPod, running: Running, filter: WatchFilter, handlers: WatchHandlers, options: WatchOptions): Watch;
export declare function watchAsStream(source: EventSourceOfPod, running: Running, filter: WatchFilter, options: WatchOptions): EventStream;
