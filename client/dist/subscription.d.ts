import type { Tracked, SynapEvent, WatchEvents } from './generated/app-router.js';
/** A link's connection: "pending" is tRPC's word for one that is there. */
export interface ConnectionState {
    state: 'idle' | 'connecting' | 'pending';
    /** Why it is made again, or could not be made. */
    error: unknown;
}
export interface ItemHandlers {
    onStarted(): void;
    onData(item: Tracked<SynapEvent>): void;
    onError(error: unknown): void;
    onComplete(): void;
    onConnectionStateChange(state: ConnectionState): void;
}
/** What is needed of a pod. */
export interface EventSourceOfPod {
    /** The position of the last event there is. */
    end(): Promise<string>;
    subscribe(input: WatchEvents, handlers: ItemHandlers): {
        unsubscribe(): void;
    };
}
/** Before it has begun for the first time; while events come; while there is no connection. */
export type SubscriptionStatus = 'connecting' | 'live' | 'interrupted';
export interface SubscriptionHandlers {
    /** Everything after this moment will be told; again after every interruption. */
    onStarted(): void;
    onEvent(event: SynapEvent): void;
    /** It was interrupted, or could not begin, and is tried again. Once until it goes on. */
    onInterrupted(error: unknown): void;
    /** It was refused, or a handler threw: there will be no more events. */
    onEnd(error: unknown): void;
}
export declare class EventSubscription {
    #private;
    constructor(source: EventSourceOfPod, filter: WatchEvents, handlers: SubscriptionHandlers);
    /** The position of the last event that was told, or where the subscription began. */
    get lastEventId(): string | undefined;
    get status(): SubscriptionStatus;
    /** Why it is interrupted: the newest reason. */
    get error(): unknown;
    /** Begins, or goes on after a stop(). */
    start(): void;
    /** No handler is called any more. */
    stop(): void;
}
