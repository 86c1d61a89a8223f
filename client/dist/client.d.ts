import { type TRPCClient } from '@trpc/client';
import { type Cause } from './cause.js';
import type { EventOf, EventType, RegisteredType, SynapEvent } from './events.js';
import type { AppRouter, Request } from './generated/app-router.js';
import { type WaitOptions } from './wait.js';
import { type EventStream, type Watch, type WatchFilter, type WatchHandlers, type WatchOptions } from './watch.js';
type Maybe = string | undefined;
type HeaderFields = Record<string, string>;
export interface SynapClientOptions {
    /** Of the pod: "http://127.0.0.1:4400". With or without /trpc behind it. */
    url: string | URL;
    /**
     * An API key, or what gives one; asked again for every request. Absent: nobody is said to call,
     * unless `headers` or a cookie of the pod's own page say it. Empty or undefined: an error.
     */
    key?: Maybe | (() => Maybe | Promise<Maybe>);
    /** @deprecated What `key` was called before 0.2. */
    token?: Maybe | (() => Maybe | Promise<Maybe>);
    /**
     * More header fields of every HTTP request, or what gives them. Neither a WebSocket nor a browser's
     * EventSource can send them.
     */
    headers?: HeaderFields | (() => HeaderFields | Promise<HeaderFields>);
    /** How events come. Default: a WebSocket. */
    transport?: 'websocket' | 'sse';
    /**
     * Told of keys of an input that the pod does not know, as those of a misspelt field: it carries
     * the call out without them. "refuse": it refuses the call instead. Default: a warning.
     */
    unknownKeys?: 'refuse' | ((path: string, keys: string[]) => void);
    fetch?: typeof fetch;
    WebSocket?: typeof WebSocket;
    /** One of your own cannot be told to send headers: then the key is in the URL. */
    EventSource?: typeof EventSource;
}
/** `Own`: the data of event types that users of the pod have registered, by their names. */
export interface SynapHelpers<Own extends object = {}> {
    /**
     * Events as they happen, for `for await`. With `types`, `event.type` narrows `event.data`. A
     * connection that is lost is made again, and the stream goes on behind the last event: nothing is
     * missed and nothing comes twice. Ends when the signal aborts.
     */
    watch<const T extends Watchable<Own> = never>(filter?: WatchFilter<T>, options?: WatchOptions): EventStream<Watched<T, Own>>;
    /** The same, told to handlers. */
    watch<const T extends Watchable<Own> = never>(filter: WatchFilter<T>, handlers: WatchHandlers<Watched<T, Own>>, options?: WatchOptions): Watch;
    /**
     * Resolves when the command has completed. Rejects with RequestFailedError when it has failed,
     * with WaitTimeoutError when it takes too long or no pod answers.
     */
    waitFor(requestId: string, options?: WaitOptions): Promise<Request>;
    /**
     * Calls that are made because of an event, as a worker or a watch handles it: what they change
     * stands below it in the tree of causes, and shares its correlationId.
     */
    causedBy(event: Cause): TRPCClient<AppRouter>;
    /** Ends every watch and wait, and the connection. A program that has watched must call it to end. */
    close(): Promise<void>;
}
/** What `types` may name: a misspelt type would be waited for for ever. */
export type Watchable<Own = {}> = EventType | (keyof Own & string) | RegisteredType;
/** An event of a watch of these types; of any, where none were named. */
export type Watched<T extends string, Own = {}> = [T] extends [never] ? SynapEvent : EventOf<T, Own>;
export type SynapClient<Own extends object = {}> = TRPCClient<AppRouter> & SynapHelpers<Own>;
/**
 * A client of one pod: everything it can be asked, typed, and watch(), waitFor() and close().
 * `createSynapClient<{ 'x.weight.recorded': { kg: number } }>(…)` types events of your own.
 */
export declare function createSynapClient<Own extends object = {}>(given: SynapClientOptions): SynapClient<Own>;
export {};
