/**
 * Told by its shape, not its class: where an application has a second copy of @trpc/client, errors of
 * both are errors of the pod.
 */
export function isSynapError(error) {
    return error instanceof Error && error.name === 'TRPCClientError' && 'shape' in error;
}
/** The command was given up: `request.error` says why. */
export class RequestFailedError extends Error {
    name = 'RequestFailedError';
    request;
    constructor(request) {
        super(`${request.type} failed: ${request.error?.message ?? 'no reason was given'}`);
        this.request = request;
    }
}
/**
 * The command had not ended in time, as far as the client knows; it goes on, and can be waited for
 * again. `cause` is there if the pod could not be asked.
 */
export class WaitTimeoutError extends Error {
    name = 'WaitTimeoutError';
    requestId;
    constructor(requestId, timeoutMs, unreachable) {
        super(unreachable === undefined
            ? `Request ${requestId} has not ended within ${timeoutMs} ms`
            : `It is not known whether request ${requestId} has ended: within ${timeoutMs} ms there was` +
                ` no answer of the pod (${messageOf(unreachable)})`, unreachable === undefined ? undefined : { cause: unreachable });
        this.requestId = requestId;
    }
}
/** close() was called. */
export class ClientClosedError extends Error {
    name = 'ClientClosedError';
    constructor() {
        super('The client was closed');
    }
}
/** stop() was called, or the loop was left, before the watch had begun. */
export class WatchStoppedError extends Error {
    name = 'WatchStoppedError';
    constructor() {
        super('The watch was stopped before it had begun');
    }
}
const NO_KEY = 'No key was given: `key` is empty';
const NOT_A_KEY = 'This is no key: ';
/** `key` was given, and is nothing, or has characters that no key has and no request can carry. */
export class NoKeyError extends Error {
    name = 'NoKeyError';
    constructor(message = `${NO_KEY}. Is the variable SYNAP_KEY set? ` +
        "(The owner's key is in the pod's directory: synap-data/owner.key)") {
        super(message);
    }
    /** Undefined: it may be one. */
    static of(key) {
        if (!key || typeof key !== 'string')
            return new NoKeyError();
        const characters = [...key];
        const inside = key.trim();
        const wrong = [...inside].find((one) => !/[\x21-\x7e]/.test(one));
        if (inside && wrong === undefined)
            return undefined;
        if (wrong === undefined)
            return new NoKeyError();
        const at = [...key.slice(0, key.indexOf(inside))].length + [...inside].indexOf(wrong);
        return new NoKeyError(`${NOT_A_KEY}its character ${at + 1} is ${JSON.stringify(characters[at])}, which no key has`);
    }
}
/** Why a watch is interrupted: the connection was lost, or could not be made. It is tried again. */
export class ConnectionLostError extends Error {
    name = 'ConnectionLostError';
    static of(cause) {
        const why = reasonOf(cause);
        const message = 'There is no connection to the pod';
        return new ConnectionLostError(why ? `${message} (${why})` : message, { cause });
    }
}
/** Something answers, and is no pod: the `cause` of the error of a call. */
export class NoPodError extends Error {
    name = 'NoPodError';
    constructor(url, why) {
        super(`What answers at ${url} is no pod: ${why}`);
    }
}
/** An input that cannot be sent: the `cause` of the error of a call. */
export class InputError extends Error {
    name = 'InputError';
}
const causeIs = (error, name) => error.cause?.name === name;
const KEY_FAILED = 'The function `key` has failed: ';
/** What the application's own `key` has thrown: whoever is asked for keys may answer the next time. */
export const keyFailed = (thrown) => new Error(`${KEY_FAILED}${thrown instanceof Error ? thrown.message || thrown.name : String(thrown)}`);
/** Of what is JSON and no pod's answer. */
export const NO_EVENTS = "What answers there is no pod: it told something else than the pod's events";
// What links and fetch say where they know nothing, which would only make a sentence longer.
const SAYS_NOTHING = /^(Unknown error|fetch failed|Failed to fetch|WebSocket closed)?$/;
// The innermost message that says something: "connect ECONNREFUSED 127.0.0.1:4400".
function reasonOf(error) {
    if (typeof error !== 'object' || error === null)
        return undefined;
    const { cause, message, error: inner } = error;
    const deeper = reasonOf(cause) ?? reasonOf(inner);
    if (deeper)
        return deeper;
    return typeof message === 'string' && !SAYS_NOTHING.test(message) ? message : undefined;
}
// tRPC's message of an input that does not fit is zod's issues, as JSON.
function issuesOf(message) {
    if (!message.startsWith('['))
        return undefined;
    try {
        const issues = JSON.parse(message);
        const isIssue = (issue) => typeof issue?.message === 'string';
        return Array.isArray(issues) && issues.length > 0 && issues.every(isIssue) ? issues : undefined;
    }
    catch {
        return undefined;
    }
}
function sentenceOf({ path = [], message }) {
    const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
    const field = place.join('').replace(/^\./, '');
    return field ? `${field}: ${message}` : message;
}
// Over tRPC, of a subscription, and over REST.
const NO_PROCEDURE = /^(?:No procedure found on path|No "(subscription)"-procedure on path|There is no procedure) "([^"]+)"/;
/**
 * What to show a person: a sentence, also of an input that does not fit ("content: Too small"), of
 * zod's own errors, of a pod that is not there, and of something else in its place.
 */
export function messageOf(error) {
    if (typeof error === 'string')
        return error;
    if (!(error instanceof Error))
        return reasonOf(error) ?? 'Something went wrong';
    const issues = error.issues ?? issuesOf(error.message);
    if (Array.isArray(issues) && issues.length > 0)
        return issues.map(sentenceOf).join('; ');
    if (isSynapError(error) && !error.shape && !error.meta?.['isAborted']) {
        const wrongKey = keyErrorOf(error);
        if (wrongKey)
            return wrongKey.message;
        if (causeIs(error, 'NoPodError') || causeIs(error, 'InputError'))
            return error.message;
        const why = reasonOf(error);
        if (why?.startsWith(KEY_FAILED))
            return why;
        return why ? `The pod does not answer: ${why}` : 'The pod does not answer';
    }
    const missing = isSynapError(error) && NO_PROCEDURE.exec(error.message);
    // TypeScript knows what there is, so that a wrong name is rare.
    if (missing) {
        const what = [missing[1], `"${missing[2]}"`].filter(Boolean).join(' ');
        return `This pod has no ${what}: it is older than this client, or the name is wrong`;
    }
    return error.message || error.name;
}
/** What giving the key has thrown: links wrap it, and an EventSource keeps only what it said. */
export function keyErrorOf(error) {
    if (typeof error !== 'object' || error === null)
        return undefined;
    const { message, cause } = error;
    const said = String(message);
    if (said.includes(NO_KEY))
        return new NoKeyError();
    const at = said.indexOf(NOT_A_KEY);
    return at < 0 ? keyErrorOf(cause) : new NoKeyError(said.slice(at));
}
/**
 * True if asking again cannot help: the pod has understood and refuses. Whatever else goes wrong (a
 * lost connection, a pod that restarts, a gateway's page instead of an answer) can pass.
 */
export function isRefusal(error) {
    if (keyErrorOf(error))
        return true;
    if (!isSynapError(error))
        return false;
    if (causeIs(error, 'InputError'))
        return true;
    const status = error.data?.httpStatus;
    return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
}
