// A pod of its own for each suite, and apps with the official SDK, which run in the test's process.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import * as newest from 'inngest';
import { createDefer } from 'inngest/experimental';
import { stream } from 'inngest/experimental/durable-endpoints';
import { fetchWithStream } from 'inngest/experimental/durable-endpoints/client';
import { createEndpointServer, endpointAdapter, serve } from 'inngest/node';

import { freePort } from '../free_port.mjs';
import * as lane418 from './lane-4.18/sdk.mjs';

export { delay };

/** The official SDK: the line that apps of today have, and the newest. */
export const lanes = [
  { name: '4.18.1', sdk: lane418 },
  {
    name: '4.24.0',
    sdk: { ...newest, createDefer, createEndpointServer, endpointAdapter, fetchWithStream, serve, stream },
  },
];

const binary =
  process.env.SYNAP_BIN ?? fileURLToPath(new URL('../../build/dev/bin/synap', import.meta.url));
if (!existsSync(binary)) throw new Error(`There is no pod at ${binary}: build it, or set SYNAP_BIN`);

// How long anything may take before it counts as hanging: not how long it should. What is promised within a
// time is given that time.
// A run of 1,000 steps takes 15 s, and eight times as long on a machine with as many others at work.
const PATIENCE_MS = 300_000;

/** Asks again and again until `probe` gives something. For what nobody tells. */
export async function until(probe, what, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    assert.ok(Date.now() < end, `not within ${ms / 1000} s: ${typeof what === 'function' ? what() : what}`);
    await delay(20);
  }
}

/** What was called, by name. */
export class Calls {
  #seen = new Map();
  note(name, value) {
    this.#seen.set(name, [...this.of(name), value]);
    return value;
  }
  of(name) {
    return this.#seen.get(name) ?? [];
  }
  async first(name) {
    await until(() => this.of(name).length > 0, `${name} is called`);
    return this.of(name)[0];
  }
}

export { freePort };

export class Pod {
  #child;
  #flags;
  stderr = '';

  static async #make(flags) {
    const pod = new Pod();
    pod.#flags = flags;
    pod.data = await mkdtemp(join(tmpdir(), 'synap-inngest-'));
    pod.port = await freePort();
    pod.url = `http://127.0.0.1:${pod.port}`;
    return pod;
  }
  static async start(...flags) {
    const pod = await Pod.#make(flags);
    await pod.startAgain();
    pod.key = (await readFile(join(pod.data, 'owner.key'), 'utf8')).trim();
    return pod;
  }
  /** Another node of a pod, with the same texts. */
  static async beside(first) {
    const pod = await Pod.#make(first.#flags);
    await cp(join(first.data, 'pod.id'), join(pod.data, 'pod.id'));
    await symlink(join(first.data, 'content'), join(pod.data, 'content'));
    await pod.startAgain();
    pod.key = first.key;
    return pod;
  }

  /** With other flags than before, if some are given. */
  async startAgain(...flags) {
    if (flags.length > 0) this.#flags = flags;
    const child = spawn(
      binary,
      ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, ...this.#flags],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#child = child;
    child.stderr.on('data', (bytes) => {
      this.stderr += bytes;
      if (process.env.VERBOSE) process.stderr.write(bytes);
    });
    const isReady = async () => {
      assert.equal(child.exitCode, null, `the pod ended at once:\n${this.stderr}`);
      return fetch(`${this.url}/ready`).then((answer) => answer.status === 200, () => false);
    };
    await until(isReady, `the pod is ready\n${this.stderr}`);
  }

  async kill(signal = 'SIGKILL') {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }

  async remove() {
    await this.kill();
    await rm(this.data, { recursive: true, force: true });
  }

  /** A procedure, as the owner or with another key. */
  async call(path, input = {}, key = this.key) {
    const answer = await fetch(`${this.url}/api/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(input),
    });
    const body = await answer.json();
    assert.ok(answer.ok, `${path}: ${answer.status} ${JSON.stringify(body)}`);
    return body;
  }

  /** A route of an Inngest server. */
  async route(method, path, body, headers = {}) {
    const answer = await fetch(this.url + path, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  }

  async runsOf(fn, key = this.key) {
    const { runs } = await this.call('runs.list', { limit: 500 }, key);
    return runs.filter((run) => run.function.startsWith(`${fn}@`));
  }

  /** The run of a function, once it is as it is expected to be. */
  async run(fn, status, key = this.key) {
    let seen = [];
    return until(
      async () => {
        seen = await this.runsOf(fn, key);
        return seen.find((run) => run.status === status);
      },
      () => `a run of ${fn} that is ${status}; there are ${JSON.stringify(seen)}\n${this.stderr}`,
    );
  }

  /** What it came to, as an Inngest server tells it. */
  async outputOf(run, key = this.key) {
    const { status, body } = await this.route('GET', `/v1/runs/${run.id}`, undefined, {
      authorization: `Bearer ${key}`,
    });
    assert.equal(status, 200, JSON.stringify(body));
    return body.data.output;
  }
}

/** An app that serves `handler` on a port of its own. */
export class App {
  static async listen(handler, port = 0) {
    const app = new App();
    app.server = createServer(handler).listen(port, '127.0.0.1');
    await once(app.server, 'listening');
    app.port = app.server.address().port;
    app.url = `http://127.0.0.1:${app.port}/api/inngest`;
    return app;
  }

  /** One with the official SDK. `make` is given the client and gives the functions. */
  static async ofSdk(sdk, options, make) {
    const quiet = { info() {}, warn() {}, error() {}, debug() {} };
    const client = new sdk.Inngest({ id: 'shop', logger: quiet, ...options });
    const app = await App.listen(sdk.serve({ client, functions: make(client) }));
    app.client = client;
    return app;
  }

  async sync() {
    const answer = await fetch(this.url, { method: 'PUT', body: '{}' });
    return { status: answer.status, body: await answer.json() };
  }

  async close() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** An app of endpoints: its handlers, by their paths. */
export class Endpoints {
  static async serve(sdk, options, make) {
    const app = new Endpoints();
    app.client = new sdk.Inngest({
      id: 'shop',
      logger: { info() {}, warn() {}, error() {}, debug() {} },
      endpointAdapter: sdk.endpointAdapter,
      ...options,
    });
    const handlers = make(app.client);
    app.answer = (request) => handlers[new URL(request.url).pathname](request);
    await app.open(sdk, 0);
    return app;
  }
  async open(sdk, port) {
    this.server = sdk.createEndpointServer((request) => this.answer(request)).listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
  }
  async close() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** What an SDK would register of one function at this address. */
export function registration(url, fn, more = {}) {
  return {
    url,
    deployType: 'ping',
    framework: 'nodejs',
    appName: 'raw',
    sdk: 'js:v4.24.0',
    v: '0.1',
    functions: [
      {
        id: `raw-${fn}`,
        name: fn,
        triggers: [{ event: `raw/${fn}` }],
        steps: {
          step: {
            id: 'step',
            name: 'step',
            runtime: { type: 'http', url: `${url}?fnId=raw-${fn}&stepId=step` },
            retries: { attempts: 1 },
          },
        },
        ...more,
      },
    ],
  };
}
