import type { TRPCClientError } from '@trpc/client';
import type { AppRouter, Request } from './generated/app-router.js';
/** An error that the pod answered, or that came in the way of its answer. */
export type SynapError = TRPCClientError<AppRouter>;
/**
 * Told by its shape, not its class: where an application has a second copy of @trpc/client, errors of
 * both are errors of the pod.
 */
export declare function isSynapError(error: unknown): error is SynapError;
/** The command was given up: `request.error` says why. */
export declare class RequestFailedError extends Error {
    readonly name = "RequestFailedError";
    readonly request: Request;
    constructor(request: Request);
}
/**
 * The command had not ended in time, as far as the client knows; it goes on, and can be waited for
 * again. `cause` is there if the pod could not be asked.
 */
export declare class WaitTimeoutError extends Error {
    readonly name = "WaitTimeoutError";
    readonly requestId: string;
    constructor(requestId: string, timeoutMs: number, unreachable?: unknown);
}
/** close() was called. */
export declare class ClientClosedError extends Error {
    readonly name = "ClientClosedError";
    constructor();
}
/** stop() was called, or the loop was left, before the watch had begun. */
export declare class WatchStoppedError extends Error {
    readonly name = "WatchStoppedError";
    constructor();
}
/** `key` was given, and is nothing, or has characters that no key has and no request can carry. */
export declare class NoKeyError extends Error {
    readonly name = "NoKeyError";
    constructor(message?: string);
    /** Undefined: it may be one. */
    static of(key: string | null | undefined): NoKeyError | undefined;
}
/** Why a watch is interrupted: the connection was lost, or could not be made. It is tried again. */
export declare class ConnectionLostError extends Error {
    readonly name = "ConnectionLostError";
    static of(cause: unknown): ConnectionLostError;
}
/** Something answers, and is no pod: the `cause` of the error of a call. */
export declare class NoPodError extends Error {
    readonly name = "NoPodError";
    constructor(url: string, why: string);
}
/** An input that cannot be sent: the `cause` of the error of a call. */
export declare class InputError extends Error {
    readonly name = "InputError";
}
/** What the application's own `key` has thrown: whoever is asked for keys may answer the next time. */
export declare const keyFailed: (thrown: unknown) => Error;
/** Of what is JSON and no pod's answer. */
export declare const NO_EVENTS = "What answers there is no pod: it told something else than the pod's events";
/**
 * What to show a person: a sentence, also of an input that does not fit ("content: Too small"), of
 * zod's own errors, of a pod that is not there, and of something else in its place.
 */
export declare function messageOf(error: unknown): string;
/** What giving the key has thrown: links wrap it, and an EventSource keeps only what it said. */
export declare function keyErrorOf(error: unknown): NoKeyError | undefined;
/**
 * True if asking again cannot help: the pod has understood and refuses. Whatever else goes wrong (a
 * lost connection, a pod that restarts, a gateway's page instead of an answer) can pass.
 */
export declare function isRefusal(error: unknown): boolean;
