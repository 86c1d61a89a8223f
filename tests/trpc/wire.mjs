// The three framings as plain values, and the bytes that ask for them.
import http from 'node:http';
import { once } from 'node:events';
import WebSocket from 'ws';
import { within } from './harness.mjs';

const limit = 5000;

/** The query string of an input. */
export const input = (value) => `input=${encodeURIComponent(JSON.stringify(value))}`;
export const json = { 'content-type': 'application/json' };
export const jsonl = { 'trpc-accept': 'application/jsonl' };

/** Sends one request on a connection of its own; the path is sent as it is written. */
export function open(server, { method = 'GET', path, headers = {}, body }) {
  const request = http.request({
    host: '127.0.0.1',
    port: server.port,
    method,
    path: `/trpc${path}`,
    headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
    agent: false,
  });
  request.on('error', () => {});
  request.end(body);
  const answered = new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
  });
  return { request, response: within(limit, answered, `${server.name} answers ${method} ${path}`) };
}

/** The whole answer: { status, headers, text, json }. */
export async function fetchAll(server, asked) {
  const response = await open(server, asked).response;
  const chunks = [];
  const times = [];
  const begun = performance.now();
  response.on('data', (chunk) => {
    chunks.push(chunk);
    times.push(performance.now() - begun);
  });
  await within(limit, once(response, 'end'), `${server.name} ends its answer to ${asked.path}`);
  const text = Buffer.concat(chunks).toString('utf8');
  let value;
  try {
    value = JSON.parse(text);
  } catch {}
  return { status: response.statusCode, headers: response.headers, text, json: value, chunks, times };
}

// ---- JSON Lines

/**
 * What a client makes of a stream of JSON Lines: for each call its result or error, streams as
 * { yields, end | error }. Accepts every nesting of promises that the format allows.
 */
export function decodeJsonl(text) {
  const [head, ...chunks] = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const of = (id) => chunks.filter(([chunk]) => chunk === id);
  const undefinedValue = { undefined: true };
  const decode = ([[value], ...places], wasPresent) => {
    let out = wasPresent ? value : undefinedValue;
    for (const [key, type, id] of places) {
      const inner = type === 0 ? promised(id) : streamed(id);
      if (key === null) out = inner;
      else if (inner === undefinedValue) delete out[key];
      else out[key] = inner;
    }
    return out;
  };
  const decodeValue = (encoded) => decode(encoded, encoded[0].length === 1);
  const promised = (id) => {
    const [[, status, value]] = of(id);
    return status === 0 ? decodeValue(value) : { rejected: value };
  };
  const streamed = (id) => {
    const out = { yields: [] };
    for (const [, status, value] of of(id)) {
      if (status === 1) out.yields.push(decodeValue(value));
      else if (status === 0) out.end = decodeValue(value);
      else out.error = value;
    }
    return out;
  };
  return Object.fromEntries(Object.entries(head).map(([key, encoded]) => [key, decodeValue(encoded)]));
}

// ---- Server-Sent Events

export function parseEvents(text) {
  return text
    .split(/\n\n+/)
    .filter(Boolean)
    .map((block) => {
      const event = {};
      for (const line of block.split('\n').filter(Boolean)) {
        const colon = line.indexOf(':');
        event[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, '');
      }
      return event;
    });
}

/** Reads events until the stream ends, or until `enough(events)`; then hangs up. */
export async function readEvents(server, asked, enough = () => false) {
  const { request, response: opened } = open(server, {
    ...asked,
    headers: { accept: 'text/event-stream', ...asked.headers },
  });
  const response = await opened;
  let text = '';
  const times = [];
  const done = new Promise((resolve) => {
    response.on('data', (chunk) => {
      text += chunk;
      times.push(performance.now());
      // Only whole events count.
      if (enough(parseEvents(text.slice(0, text.lastIndexOf('\n\n') + 2)))) resolve('enough');
    });
    response.on('end', () => resolve('ended'));
    response.on('error', () => resolve('broken'));
  });
  const how = await within(limit, done, `${server.name} has sent enough events for ${asked.path}`);
  if (how === 'enough') request.destroy();
  return { status: response.statusCode, headers: response.headers, text, events: parseEvents(text), times, how };
}

// ---- WebSocket

export class Socket {
  messages = [];
  #waiting = [];

  static async open(server, { query = '', headers = {} } = {}) {
    const socket = new Socket();
    socket.server = server;
    socket.ws = new WebSocket(server.ws + query, { headers });
    socket.ws.on('error', () => {});
    socket.ws.on('message', (data, isBinary) => {
      const text = data.toString();
      socket.messages.push(isBinary ? { binary: text } : text === 'PING' || text === 'PONG' ? text : JSON.parse(text));
      socket.#wake();
    });
    socket.closed = new Promise((resolve) => {
      socket.ws.on('close', (code) => {
        socket.code = code;
        socket.#wake();
        resolve(code);
      });
    });
    await within(limit, once(socket.ws, 'open'), `${server.name} accepts a WebSocket`);
    return socket;
  }

  #wake() {
    this.#waiting = this.#waiting.filter((wake) => !wake());
  }

  send(...values) {
    for (const value of values) {
      this.ws.send(typeof value === 'string' ? value : JSON.stringify(value));
    }
  }

  /** Until `test(messages)`. */
  until(test, what = test) {
    const come = new Promise((resolve) => {
      const wake = () => test(this.messages) && (resolve(this.messages), true);
      if (!wake()) this.#waiting.push(wake);
    });
    return within(limit, come, `${this.server.name}: ${what} in ${JSON.stringify(this.messages)}`);
  }

  /** Until there are `count` messages. */
  take(count) {
    return this.until((messages) => messages.length >= count, `${count} messages`);
  }

  /** Until the answer to one more call: what was to be said before has been said. */
  async fence() {
    const id = `fence ${this.messages.length}`;
    this.send(call(id, 'query', 'noInput'));
    await this.until((messages) => messages.some((message) => message.id === id), 'the fence');
    this.messages = this.messages.filter((message) => message.id !== id);
    return this.messages;
  }

  async close() {
    this.ws.terminate();
    await this.closed;
  }
}

export const call = (id, method, path, given, more = {}) => ({
  id,
  method,
  params: { path, ...(given !== undefined && { input: given }), ...more },
});
export const stop = (id) => ({ id, method: 'subscription.stop' });
export const isStopped = (id) => (message) => message.id === id && message.result?.type === 'stopped';
