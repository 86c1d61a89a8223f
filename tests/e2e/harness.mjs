// A pod of its own for each suite, and clients for it: the official ones, in two versions.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { EventSource } from 'eventsource';
import { WebSocket } from 'ws';

import * as newest from '@trpc/client';

import { freePort } from '../free_port.mjs';
import * as lane1119 from './lane-11.19/client.mjs';

export { delay, EventSource, WebSocket };

/** The official client: the last with the React packages, and the newest. */
export const lanes = [
  { name: '11.19.0', trpc: lane1119 },
  { name: '11.25.2', trpc: newest },
];

const binary =
  process.env.SYNAP_BIN ?? fileURLToPath(new URL('../../build/dev/bin/synap', import.meta.url));
if (!existsSync(binary)) throw new Error(`There is no pod at ${binary}: build it, or set SYNAP_BIN`);

// How long anything may take before it counts as hanging. Not how long it should: a crowded machine makes
// all of it late, and what is fast is told by the bench. What is promised within a time is given that time.
const PATIENCE_MS = 120_000;
const late = (what, ms) => `not within ${ms / 1000} s: ${what}`;

/** Fails with `what` if `promise` hangs, or takes longer than is promised. No wait of the suite is unbounded. */
export function within(promise, what, ms = PATIENCE_MS) {
  let timer;
  const hangs = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(late(what, ms))), ms);
  });
  return Promise.race([promise, hangs]).finally(() => clearTimeout(timer));
}

/** Asks again and again until `probe` gives something. For what nobody tells. */
export async function until(probe, what, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    assert.ok(Date.now() < end, late(what, ms));
    await delay(20);
  }
}

export function withResolvers() {
  let resolve;
  let reject;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export const sha256 = (text) => createHash('sha256').update(text).digest('hex');

export const codeIs = (code) => (error) => {
  assert.equal(error.data?.code, code, `${error.name}: ${error.message}`);
  return true;
};

/** A database of its own on the PostgreSQL server that the suite is to run on; none: undefined. */
export class Database {
  #server = process.env.SYNAP_TEST_POSTGRES_URL;
  #name = `e2e_${randomBytes(6).toString('hex')}`;

  static create() {
    if (!process.env.SYNAP_TEST_POSTGRES_URL) return undefined;
    const database = new Database();
    database.#ask(`CREATE DATABASE ${database.#name}`);
    database.url = database.#of(database.#name);
    return database;
  }
  drop() {
    this.#ask(`DROP DATABASE ${this.#name} WITH (FORCE)`);
    for (const role of ['pod', 'tenant', 'views']) this.#ask(`DROP ROLE IF EXISTS ${this.#name}_${role}`);
  }
  #of(name) {
    return this.#server.replace(/\/\?|\/?$/, (end) => (end.endsWith('?') ? `/${name}?` : `/${name}`));
  }
  /** Carries out SQL in the database itself. */
  run(sql) {
    execFileSync('psql', [this.url, '-qc', sql], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  /** The first column of what SQL asks there. */
  rows(sql) {
    return execFileSync('psql', [this.url, '-Atc', sql], { encoding: 'utf8' }).split('\n').filter(Boolean);
  }
  #ask(sql) {
    execFileSync('psql', [this.#of('postgres'), '-qc', sql], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

export class Pod {
  #child;
  #stderr = '';
  #args = [];
  #database = Database.create();
  get database() {
    return this.#database;
  }

  /** A new pod in a directory of its own, on a port that stays its own when it is started again. */
  static async start({ args = [] } = {}) {
    const pod = new Pod();
    pod.#args = args;
    pod.data = await mkdtemp(join(tmpdir(), 'synap-e2e-'));
    pod.port = await freePort();
    pod.url = `http://127.0.0.1:${pod.port}`;
    await pod.startAgain();
    pod.key = (await readFile(join(pod.data, 'owner.key'), 'utf8')).trim();
    return pod;
  }

  async startAgain() {
    const child = spawn(binary, ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, ...this.#args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...(this.#database && { SYNAP_DATABASE: this.#database.url }) },
    });
    this.#child = child;
    child.stderr.on('data', (bytes) => {
      this.#stderr += bytes;
      if (process.env.VERBOSE) process.stderr.write(bytes);
    });
    const isReady = async () => {
      assert.equal(child.exitCode, null, `the pod ended at once:\n${this.#stderr}`);
      return fetch(`${this.url}/ready`).then((answer) => answer.status === 200, () => false);
    };
    await until(isReady, `the pod is ready\n${this.#stderr}`);
  }

  async kill(signal = 'SIGKILL') {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await within(exited, `the pod ends on ${signal}`);
  }

  async remove() {
    await this.kill();
    this.#database?.drop();
    await rm(this.data, { recursive: true, force: true });
  }

  /** POST or GET as any program would: the status and the parsed body. */
  async http(path, { body, key = this.key, headers = {} } = {}) {
    const answer = await fetch(`${this.url}/trpc/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: await answer.json() };
  }
}

/** A TCP proxy before the pod, whose connections can be cut, and which can be shut. */
export async function proxyOf(pod) {
  const sockets = new Set();
  const proxy = { isOpen: true };
  const server = createServer((near) => {
    if (!proxy.isOpen) return near.destroy();
    const far = createConnection(pod.port, '127.0.0.1');
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(proxy, {
    key: pod.key,
    url: `http://127.0.0.1:${server.address().port}`,
    cut() {
      proxy.isOpen = false;
      for (const socket of [...sockets]) socket.destroy();
    },
    close() {
      proxy.cut();
      server.close();
    },
  });
}

/** An official client that asks over HTTP and watches over `transport`. */
export function connect(lane, pod, { key = pod.key, transport = 'websocket', headers = {} } = {}) {
  const { createTRPCClient, createWSClient, httpBatchLink, httpSubscriptionLink, splitLink, wsLink } =
    lane.trpc;
  const url = `${pod.url}/trpc`;
  const connectionParams = { token: key };
  let socket;
  let subscriptions;
  if (transport === 'websocket') {
    socket = createWSClient({
      url: url.replace('http', 'ws'),
      connectionParams,
      WebSocket,
      lazy: { enabled: true, closeMs: 100 },
      retryDelayMs: () => 50,
    });
    subscriptions = wsLink({ client: socket });
  } else {
    subscriptions = httpSubscriptionLink({ url, connectionParams, EventSource });
  }
  const client = createTRPCClient({
    links: [
      splitLink({
        condition: (op) => op.type === 'subscription',
        true: subscriptions,
        false: httpBatchLink({ url, headers: { authorization: `Bearer ${key}`, ...headers } }),
      }),
    ],
  });
  return { client, close: async () => socket?.close() };
}

/** The first item of a watch without lastEventId: where it begins, not something that happened. */
export const watchStarted = 'events.watch.started';

/** A subscription to events.watch that keeps the events it is told. */
export function watch(client, input) {
  const started = withResolvers();
  const began = withResolvers();
  const ended = withResolvers();
  // Who does not wait for one of them hears of its error from the other.
  const start = within(started.promise, 'the subscription starts');
  for (const promise of [start, ended.promise]) promise.catch(() => {});
  const items = [];
  let waiting = [];
  const subscription = client.events.watch.subscribe(input, {
    onStarted: started.resolve,
    onData: (item) => {
      if (item.data.type === watchStarted) return began.resolve();
      items.push(item);
      waiting = waiting.filter((wake) => !wake());
    },
    onError: (error) => {
      started.reject(error);
      ended.reject(error);
    },
    onComplete: () => ended.resolve(),
  });
  return {
    items,
    started: start,
    /** Of one without lastEventId: it has been told where it begins. */
    get began() {
      return within(began.promise, 'the first item').catch(() => {});
    },
    ended: ended.promise,
    stop: () => subscription.unsubscribe(),
    /** Until `has()` is true of what was told. */
    until(has, what) {
      const heard = new Promise((resolve) => {
        const wake = () => has() && (resolve(), true);
        if (!wake()) waiting.push(wake);
      });
      return within(heard, what);
    },
    /** Until an event of this type that follows from this command is told. */
    async event(type, requestId) {
      const find = () =>
        items.map((item) => item.data).find((event) => event.type === type && event.requestId === requestId);
      await this.until(find, `${type} of ${requestId}`);
      return find();
    },
  };
}

/** Until the command has ended: the answer of requests.get. */
export function settled(client, requestId) {
  const probe = async () => {
    const request = await client.requests.get.query({ requestId });
    return request.status === 'pending' ? undefined : request;
  };
  return until(probe, `request ${requestId} ends`);
}

/** Makes a note and waits until it is there. */
export async function makeNote(client, input) {
  const accepted = await client.notes.create.mutate(input);
  const request = await settled(client, accepted.requestId);
  assert.equal(request.status, 'completed', JSON.stringify(request.error));
  return accepted;
}

/** Every event there is, page by page. */
export async function allEvents(client, filter = {}) {
  const events = [];
  let after = 0;
  for (;;) {
    const page = await client.events.list.query({ ...filter, after, limit: 1000 });
    events.push(...page.events);
    if (page.events.length === 0) return events;
    after = page.nextAfter;
  }
}
