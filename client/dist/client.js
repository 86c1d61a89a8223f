import { createTRPCClient, createWSClient, httpSubscriptionLink, splitLink, TRPCClientError, wsLink, } from '@trpc/client';
import { observable } from '@trpc/server/observable';
import { DefaultEventSource, DefaultWebSocket, eventSourceTakesFetch } from '#transports';
import { headersOfCause } from './cause.js';
import { ClientClosedError, ConnectionLostError, NO_EVENTS, NoKeyError, keyFailed } from './errors.js';
import { ConnectionHistory, guardedEventSource, guardedWebSocket } from './guarded.js';
import { callsOverHttp } from './http.js';
import { checkedInputs } from './input.js';
import { WaitingRoom } from './wait.js';
import { watchAsStream, watchWithHandlers, } from './watch.js';
// The socket is kept for the next watch, but no program stays alive for long because of it.
const SOCKET_IDLE_MS = 500;
const SOCKET_PING = { enabled: true, intervalMs: 15_000, pongTimeoutMs: 5_000 };
const socketDelayMs = (attempt) => attempt === 0 ? 0 : Math.min(100 * 2 ** attempt, 5_000) * (0.5 + Math.random() / 2);
function parsed(url) {
    try {
        return new URL(url, globalThis.location?.href);
    }
    catch {
        return undefined;
    }
}
function endpointOf(url) {
    const endpoint = url === undefined ? undefined : parsed(url);
    const isHttp = endpoint !== undefined && /^https?:$/.test(endpoint.protocol);
    // What stands before an @ may be a password, which no message repeats: `u:secret@h` is a scheme `u:`.
    if (endpoint?.username || endpoint?.password || (!isHttp && String(url).includes('@')))
        throw new Error('`url` has a user or a password in it: a pod knows you by your `key`');
    if (!isHttp)
        throw new Error(`\`url\` is where the pod is, as http://127.0.0.1:4400; it is ${JSON.stringify(String(url))}`);
    endpoint.search = '';
    endpoint.hash = '';
    const path = endpoint.pathname.replace(/\/+$/, '');
    endpoint.pathname = path.endsWith('/trpc') ? path : `${path}/trpc`;
    return endpoint.href;
}
function eventsOverWebSocket(endpoint, options) {
    const WebSocket = options.WebSocket ?? DefaultWebSocket;
    if (!WebSocket)
        throw new Error('There is no WebSocket here: give one, or use transport "sse"');
    // The link counts attempts to connect alone: what connects and then speaks no JSON is none.
    const history = new ConnectionHistory();
    const socket = createWSClient({
        url: endpoint.replace(/^http/, 'ws'),
        ...connectionParamsOf(options),
        WebSocket: guardedWebSocket(WebSocket, history),
        lazy: { enabled: true, closeMs: SOCKET_IDLE_MS },
        keepAlive: SOCKET_PING,
        retryDelayMs: (attempt) => socketDelayMs(Math.max(attempt, history.failures)),
    });
    return {
        link: wsLink({ client: socket }),
        close: async () => void (await socket.close()),
    };
}
function eventsOverSse(endpoint, options) {
    const Base = options.EventSource ?? DefaultEventSource;
    if (!Base)
        throw new Error('There is no EventSource here: give one, or use "websocket"');
    const EventSource = guardedEventSource(Base);
    const close = async () => { };
    if (options.EventSource || !eventSourceTakesFetch) {
        const params = connectionParamsOf(options);
        return { link: httpSubscriptionLink({ url: endpoint, EventSource, ...params }), close };
    }
    const fetchWithHeaders = async (url, init) => {
        const headers = { ...init.headers, ...(await headersOf(options)) };
        return (options.fetch ?? fetch)(url, { ...init, headers });
    };
    const eventSourceOptions = { fetch: fetchWithHeaders };
    return { link: httpSubscriptionLink({ url: endpoint, EventSource, eventSourceOptions }), close };
}
// Of a watch with handlers; onStatus is an option of both forms.
const HANDLERS = ['onError', 'onConnected', 'onInterrupted'];
async function askedFor(key) {
    try {
        return await key();
    }
    catch (thrown) {
        throw keyFailed(thrown);
    }
}
async function keyOf({ key }) {
    const found = typeof key === 'function' ? await askedFor(key) : key;
    const wrong = NoKeyError.of(found);
    if (wrong || !found)
        throw wrong;
    // A file, or what it was copied from, may have a mark of its encoding before it, and a line end behind.
    return found.trim();
}
async function headersOf(options) {
    const { headers } = options;
    return {
        ...('key' in options ? { authorization: `Bearer ${await keyOf(options)}` } : {}),
        ...(options.unknownKeys === 'refuse' ? { 'synap-unknown-keys': 'refuse' } : {}),
        ...(typeof headers === 'function' ? await headers() : headers),
    };
}
// None where there is nothing to say: a page of the pod itself is known by its cookie.
function connectionParamsOf(options) {
    const refuse = options.unknownKeys === 'refuse';
    if (!('key' in options) && !refuse)
        return {};
    const connectionParams = async () => ({
        ...('key' in options ? { token: await keyOf(options) } : {}),
        ...(refuse ? { unknownKeys: 'refuse' } : {}),
    });
    return { connectionParams };
}
const warn = (path, keys) => console.warn(`synap: ${path} does not know, and did without: ${keys.join(', ')}. ` +
    'The pod is older than this client, or the name is wrong');
// Anything can be a reason, also what cannot become a text.
function textOf(reason) {
    try {
        return String(reason);
    }
    catch {
        return 'it was aborted';
    }
}
// tRPC says of every abort that there was one, and drops the reason. Who gave it wants it back.
function abortedBy(signal) {
    const reason = signal.reason;
    const cause = reason instanceof Error ? reason : new Error(textOf(reason));
    return new TRPCClientError(cause.message, { cause, meta: { isAborted: true } });
}
// The pod tells them beside the data of a result, which stays what its type says. A call that is aborted
// ends at once, wherever it is: `key` may be what has not answered.
function tellingLink(options) {
    const tell = typeof options.unknownKeys === 'function' ? options.unknownKeys : warn;
    return () => ({ op, next }) => observable((observer) => {
        const signal = op.type === 'subscription' ? null : op.signal;
        const end = () => observer.error(abortedBy(signal));
        if (signal?.aborted) {
            end();
            return () => { };
        }
        signal?.addEventListener('abort', end, { once: true });
        const call = next(op).subscribe({
            next(value) {
                const { unknownKeys } = value.result;
                if (unknownKeys)
                    tell(op.path, unknownKeys);
                observer.next(value);
            },
            error: (error) => observer.error(op.signal?.aborted ? abortedBy(op.signal) : error),
            complete: () => observer.complete(),
        });
        return () => {
            signal?.removeEventListener('abort', end);
            call.unsubscribe();
        };
    });
}
/**
 * A client of one pod: everything it can be asked, typed, and watch(), waitFor() and close().
 * `createSynapClient<{ 'x.weight.recorded': { kg: number } }>(…)` types events of your own.
 */
export function createSynapClient(given) {
    const options = 'token' in given && !('key' in given) ? { ...given, key: given.token } : given;
    const wrongKey = 'key' in options && typeof options.key !== 'function' && NoKeyError.of(options.key);
    if (wrongKey)
        throw wrongKey;
    const endpoint = endpointOf(options.url);
    const events = options.transport === 'sse'
        ? eventsOverSse(endpoint, options)
        : eventsOverWebSocket(endpoint, options);
    const httpOf = (cause) => ({
        url: endpoint,
        headers: async () => ({ ...(await headersOf(options)), ...cause }),
        // tRPC's idea of a fetch and the platform's differ in what `undefined` may stand for.
        fetch: ((url, init) => (options.fetch ?? fetch)(url, init)),
    });
    // Calls of one cause share requests with each other only.
    const callsOf = (cause) => createTRPCClient({
        links: [
            tellingLink(options),
            checkedInputs(options.transport ?? 'websocket'),
            splitLink({
                condition: (op) => op.type === 'subscription',
                true: events.link,
                false: callsOverHttp(httpOf(cause)),
            }),
        ],
    });
    const trpc = callsOf({});
    const source = {
        // Of events of no type there are none, so the page's end is the log's.
        end: async () => {
            const page = await trpc.events.list.query({ limit: 1, types: ['-'] });
            if (!Number.isInteger(page?.nextAfter))
                throw new ConnectionLostError(NO_EVENTS);
            return String(page.nextAfter);
        },
        subscribe: (input, handlers) => trpc.events.watch.subscribe(input, handlers),
    };
    const running = new Set();
    const waitingRoom = new WaitingRoom(source, (requestId) => trpc.requests.get.query({ requestId }));
    let isClosed = false;
    const checkOpen = () => {
        if (isClosed)
            throw new ClientClosedError();
    };
    function watch(filter = {}, second = {}, third = {}) {
        checkOpen();
        if (!('onEvent' in second) && Object.keys(second).some((name) => HANDLERS.includes(name))) {
            throw new TypeError('watch: handlers are those of a watch with onEvent; a loop is told by throwing');
        }
        return 'onEvent' in second
            ? watchWithHandlers(source, running, filter, second, third)
            : watchAsStream(source, running, filter, second);
    }
    const helpers = {
        watch: watch,
        waitFor: async (requestId, waitOptions) => {
            checkOpen();
            return waitingRoom.wait(requestId, waitOptions);
        },
        causedBy: (event) => callsOf(headersOfCause(event)),
        close: async () => {
            isClosed = true;
            for (const end of [...running])
                end(new ClientClosedError());
            waitingRoom.close();
            await events.close();
        },
    };
    // tRPC's client is a proxy that makes a path of whatever it is asked for: ours come before.
    return new Proxy(trpc, {
        get: (target, name, receiver) => Object.hasOwn(helpers, name)
            ? helpers[name]
            : Reflect.get(target, name, receiver),
    });
}
