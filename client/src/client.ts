import {
  createTRPCClient,
  createWSClient,
  httpSubscriptionLink,
  splitLink,
  TRPCClientError,
  wsLink,
  type TRPCClient,
  type TRPCLink,
} from '@trpc/client';
import { observable } from '@trpc/server/observable';

import { DefaultEventSource, DefaultWebSocket, eventSourceTakesFetch } from '#transports';

import { headersOfCause, type Cause } from './cause.js';
import { ClientClosedError, ConnectionLostError, NO_EVENTS, NoKeyError, keyFailed } from './errors.js';
import type { EventOf, EventType, RegisteredType, SynapEvent } from './events.js';
import type { AppRouter, Request } from './generated/app-router.js';
import { ConnectionHistory, guardedEventSource, guardedWebSocket } from './guarded.js';
import { callsOverHttp, type HttpOptions } from './http.js';
import { checkedInputs } from './input.js';
import type { EventSourceOfPod } from './subscription.js';
import { WaitingRoom, type WaitOptions } from './wait.js';
import {
  watchAsStream,
  watchWithHandlers,
  type EventStream,
  type Running,
  type Watch,
  type WatchFilter,
  type WatchHandlers,
  type WatchOptions,
} from './watch.js';

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
  watch<const T extends Watchable<Own> = never>(
    filter?: WatchFilter<T>,
    options?: WatchOptions,
  ): EventStream<Watched<T, Own>>;
  /** The same, told to handlers. */
  watch<const T extends Watchable<Own> = never>(
    filter: WatchFilter<T>,
    handlers: WatchHandlers<Watched<T, Own>>,
    options?: WatchOptions,
  ): Watch;
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

// The socket is kept for the next watch, but no program stays alive for long because of it.
const SOCKET_IDLE_MS = 500;
const SOCKET_PING = { enabled: true, intervalMs: 15_000, pongTimeoutMs: 5_000 };
const socketDelayMs = (attempt: number): number =>
  attempt === 0 ? 0 : Math.min(100 * 2 ** attempt, 5_000) * (0.5 + Math.random() / 2);

function parsed(url: string | URL): URL | undefined {
  try {
    return new URL(url, (globalThis as { location?: { href: string } }).location?.href);
  } catch {
    return undefined;
  }
}

function endpointOf(url: string | URL): string {
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

interface Events {
  link: TRPCLink<AppRouter>;
  close(): Promise<void>;
}

function eventsOverWebSocket(endpoint: string, options: SynapClientOptions): Events {
  const WebSocket = options.WebSocket ?? DefaultWebSocket;
  if (!WebSocket) throw new Error('There is no WebSocket here: give one, or use transport "sse"');
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
    link: wsLink<AppRouter>({ client: socket }),
    close: async () => void (await socket.close()),
  };
}

function eventsOverSse(endpoint: string, options: SynapClientOptions): Events {
  const Base = options.EventSource ?? DefaultEventSource;
  if (!Base) throw new Error('There is no EventSource here: give one, or use "websocket"');
  const EventSource = guardedEventSource(Base);
  const close = async () => {};
  if (options.EventSource || !eventSourceTakesFetch) {
    const params = connectionParamsOf(options);
    return { link: httpSubscriptionLink({ url: endpoint, EventSource, ...params }), close };
  }
  const fetchWithHeaders = async (url: string | URL, init: RequestInit) => {
    const headers = { ...(init.headers as Record<string, string>), ...(await headersOf(options)) };
    return (options.fetch ?? fetch)(url, { ...init, headers });
  };
  const eventSourceOptions = { fetch: fetchWithHeaders } as EventSourceInit;
  return { link: httpSubscriptionLink({ url: endpoint, EventSource, eventSourceOptions }), close };
}

// Of a watch with handlers; onStatus is an option of both forms.
const HANDLERS = ['onError', 'onConnected', 'onInterrupted'];

async function askedFor<K>(key: () => K | Promise<K>): Promise<K> {
  try {
    return await key();
  } catch (thrown) {
    throw keyFailed(thrown);
  }
}

async function keyOf({ key }: SynapClientOptions): Promise<string> {
  const found = typeof key === 'function' ? await askedFor(key) : key;
  const wrong = NoKeyError.of(found);
  if (wrong || !found) throw wrong;
  // A file, or what it was copied from, may have a mark of its encoding before it, and a line end behind.
  return found.trim();
}

async function headersOf(options: SynapClientOptions): Promise<HeaderFields> {
  const { headers } = options;
  return {
    ...('key' in options ? { authorization: `Bearer ${await keyOf(options)}` } : {}),
    ...(options.unknownKeys === 'refuse' ? { 'synap-unknown-keys': 'refuse' } : {}),
    ...(typeof headers === 'function' ? await headers() : headers),
  };
}

// None where there is nothing to say: a page of the pod itself is known by its cookie.
function connectionParamsOf(options: SynapClientOptions) {
  const refuse = options.unknownKeys === 'refuse';
  if (!('key' in options) && !refuse) return {};
  const connectionParams = async (): Promise<Record<string, string>> => ({
    ...('key' in options ? { token: await keyOf(options) } : {}),
    ...(refuse ? { unknownKeys: 'refuse' } : {}),
  });
  return { connectionParams };
}

const warn = (path: string, keys: string[]): void =>
  console.warn(
    `synap: ${path} does not know, and did without: ${keys.join(', ')}. ` +
      'The pod is older than this client, or the name is wrong',
  );

// Anything can be a reason, also what cannot become a text.
function textOf(reason: unknown): string {
  try {
    return String(reason);
  } catch {
    return 'it was aborted';
  }
}

// tRPC says of every abort that there was one, and drops the reason. Who gave it wants it back.
function abortedBy(signal: AbortSignal): TRPCClientError<AppRouter> {
  const reason: unknown = signal.reason;
  const cause = reason instanceof Error ? reason : new Error(textOf(reason));
  return new TRPCClientError(cause.message, { cause, meta: { isAborted: true } });
}

// The pod tells them beside the data of a result, which stays what its type says. A call that is aborted
// ends at once, wherever it is: `key` may be what has not answered.
function tellingLink(options: SynapClientOptions): TRPCLink<AppRouter> {
  const tell = typeof options.unknownKeys === 'function' ? options.unknownKeys : warn;
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        const signal = op.type === 'subscription' ? null : op.signal;
        const end = () => observer.error(abortedBy(signal as AbortSignal));
        if (signal?.aborted) {
          end();
          return () => {};
        }
        signal?.addEventListener('abort', end, { once: true });
        const call = next(op).subscribe({
          next(value) {
            const { unknownKeys } = value.result as { unknownKeys?: string[] };
            if (unknownKeys) tell(op.path, unknownKeys);
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
export function createSynapClient<Own extends object = {}>(
  given: SynapClientOptions,
): SynapClient<Own> {
  const options = 'token' in given && !('key' in given) ? { ...given, key: given.token } : given;
  const wrongKey = 'key' in options && typeof options.key !== 'function' && NoKeyError.of(options.key);
  if (wrongKey) throw wrongKey;
  const endpoint = endpointOf(options.url);
  const events =
    options.transport === 'sse'
      ? eventsOverSse(endpoint, options)
      : eventsOverWebSocket(endpoint, options);
  const httpOf = (cause: HeaderFields): HttpOptions => ({
    url: endpoint,
    headers: async () => ({ ...(await headersOf(options)), ...cause }),
    // tRPC's idea of a fetch and the platform's differ in what `undefined` may stand for.
    fetch: ((url: string, init: RequestInit) => (options.fetch ?? fetch)(url, init)) as HttpOptions['fetch'],
  });
  // Calls of one cause share requests with each other only.
  const callsOf = (cause: HeaderFields) =>
    createTRPCClient<AppRouter>({
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

  const source: EventSourceOfPod = {
    // Of events of no type there are none, so the page's end is the log's.
    end: async () => {
      const page = await trpc.events.list.query({ limit: 1, types: ['-'] });
      if (!Number.isInteger(page?.nextAfter)) throw new ConnectionLostError(NO_EVENTS);
      return String(page.nextAfter);
    },
    subscribe: (input, handlers) => trpc.events.watch.subscribe(input, handlers),
  };
  const running: Running = new Set();
  const waitingRoom = new WaitingRoom(source, (requestId) => trpc.requests.get.query({ requestId }));
  let isClosed = false;
  const checkOpen = () => {
    if (isClosed) throw new ClientClosedError();
  };

  function watch(
    filter: WatchFilter = {},
    second: WatchHandlers | WatchOptions = {},
    third: WatchOptions = {},
  ): Watch | EventStream {
    checkOpen();
    if (!('onEvent' in second) && Object.keys(second).some((name) => HANDLERS.includes(name))) {
      throw new TypeError('watch: handlers are those of a watch with onEvent; a loop is told by throwing');
    }
    return 'onEvent' in second
      ? watchWithHandlers(source, running, filter, second, third)
      : watchAsStream(source, running, filter, second);
  }
  const helpers: SynapHelpers<Own> = {
    watch: watch as SynapHelpers<Own>['watch'],
    waitFor: async (requestId, waitOptions) => {
      checkOpen();
      return waitingRoom.wait(requestId, waitOptions);
    },
    causedBy: (event) => callsOf(headersOfCause(event)),
    close: async () => {
      isClosed = true;
      for (const end of [...running]) end(new ClientClosedError());
      waitingRoom.close();
      await events.close();
    },
  };
  // tRPC's client is a proxy that makes a path of whatever it is asked for: ours come before.
  return new Proxy(trpc, {
    get: (target, name, receiver) =>
      Object.hasOwn(helpers, name)
        ? helpers[name as keyof SynapHelpers<Own>]
        : Reflect.get(target, name, receiver),
  }) as SynapClient<Own>;
}
