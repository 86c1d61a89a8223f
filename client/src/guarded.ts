// A WebSocket and an EventSource whose every message is what tRPC's links can read. The one link
// reads in a listener of its own, where what it throws is caught by nobody and ends a program of
// Node; the other forgets, with a message that it cannot read, those before it. So a message that
// is none does not reach them, and the connection is closed with the reason told.

/** How the connections of one client have gone, for the delay before the next. */
export class ConnectionHistory {
  /** Connections in a row that ended with a message that cannot be read. */
  failures = 0;
}

// One that has lasted so long is worth as much as one that has told something.
const LASTED_MS = 10_000;
const NOT_READABLE = 4_002;

type Message = Record<string, unknown>;
type Listener = EventListenerOrEventListenerObject;

const isObject = (value: unknown): value is Message => typeof value === 'object' && value !== null;

function isJson(text: unknown): boolean {
  try {
    JSON.parse(text as string);
    return typeof text === 'string';
  } catch {
    return false;
  }
}

// Why the data of a message are none of a pod, or nothing.
function faultOf(data: unknown, history: ConnectionHistory): string | undefined {
  if (data === 'PING' || data === 'PONG') return undefined;
  if (typeof data !== 'string') return 'it is not a text';
  let message: unknown;
  try {
    message = JSON.parse(data);
  } catch {
    return 'it is not JSON';
  }
  if (!isObject(message) || Array.isArray(message)) return 'it is not a JSON object';
  for (const name of ['result', 'error']) {
    if (name in message && !isObject(message[name])) return `its ${name} is not a JSON object`;
  }
  // That a subscription has begun is no item yet: the next message may be the bad one again.
  if (isObject(message.result) && message.result.type !== 'started') history.failures = 0;
  return undefined;
}

const call = (listener: Listener, target: EventTarget, event: Event): void =>
  typeof listener === 'function' ? listener.call(target, event) : listener.handleEvent(event);

/** `Base`, guarded. What it makes are WebSockets of `Base`. */
export function guardedWebSocket(Base: typeof WebSocket, history: ConnectionHistory): typeof WebSocket {
  function Guarded(url: string | URL, protocols?: string | string[]): WebSocket {
    const socket = protocols === undefined ? new Base(url) : new Base(url, protocols);
    const add = socket.addEventListener.bind(socket) as EventTarget['addEventListener'];
    let fault: string | undefined;
    let openedAt = Infinity;

    add('open', () => (openedAt = Date.now()));
    // Before all others, so that each of them finds it judged.
    add('message', (event) => {
      if (fault !== undefined) return;
      const wrong = faultOf((event as MessageEvent).data, history);
      if (wrong === undefined) return;
      fault = `What came over the WebSocket is no message of a pod: ${wrong}`;
      ++history.failures;
      socket.close(NOT_READABLE, 'not readable');
    });
    add('close', () => {
      if (fault === undefined && Date.now() - openedAt > LASTED_MS) history.failures = 0;
    });

    const judged = new WeakMap<Listener, EventListener>();
    const guardedAdd = (type: string, listener: Listener, options?: AddEventListenerOptions) => {
      if (type !== 'message' && type !== 'close') return add(type, listener, options);
      const tell = (event: Event): void => {
        if (fault !== undefined && type === 'message') return;
        // Where reasons are looked for. Not every WebSocket gives all listeners the same event.
        if (fault !== undefined) Object.assign(event, { message: fault });
        call(listener, socket, event);
      };
      judged.set(listener, tell);
      return add(type, tell, options);
    };
    const remove = socket.removeEventListener.bind(socket) as EventTarget['removeEventListener'];
    const guardedRemove = (type: string, listener: Listener, options?: EventListenerOptions) =>
      remove(type, judged.get(listener) ?? listener, options);
    Object.defineProperties(socket, {
      addEventListener: { value: guardedAdd, configurable: true },
      removeEventListener: { value: guardedRemove, configurable: true },
    });
    return socket;
  }
  const { CONNECTING, OPEN, CLOSING, CLOSED } = Base;
  return Object.assign(Guarded, { CONNECTING, OPEN, CLOSING, CLOSED }) as unknown as typeof WebSocket;
}

// For as long the link reads what came before.
const READ_MS = 50;

/** The same for an EventSource, of which pings and ends have no data. */
export function guardedEventSource(Base: typeof EventSource): typeof EventSource {
  function Guarded(url: string | URL, init?: EventSourceInit): EventSource {
    const source = new Base(url, init);
    const add = source.addEventListener.bind(source) as EventTarget['addEventListener'];
    const onError: Listener[] = [];
    let isFaulty = false;
    const fails = (): void => {
      isFaulty = true;
      setTimeout(() => {
        if (source.readyState === Base.CLOSED) return;
        source.close();
        const error = new Error('What came over the event stream is no message of a pod: it is not JSON');
        for (const listener of onError) call(listener, source, error as unknown as Event);
      }, READ_MS);
    };
    const guardedAdd = (type: string, listener: Listener, options?: AddEventListenerOptions) => {
      if (type === 'error') onError.push(listener);
      const tell = (event: Event): void => {
        if (isFaulty) return;
        const { data } = event as MessageEvent;
        if (type !== 'error' && type !== 'ping' && type !== 'return' && !isJson(data)) return fails();
        call(listener, source, event);
      };
      return add(type, tell, options);
    };
    Object.defineProperty(source, 'addEventListener', { value: guardedAdd, configurable: true });
    return source;
  }
  const { CONNECTING, OPEN, CLOSED } = Base;
  return Object.assign(Guarded, { CONNECTING, OPEN, CLOSED }) as unknown as typeof EventSource;
}
