// A pod under test: the program itself, started, asked, watched and killed from outside.
//
// SYNAP_BIN names the program (default: the dev build). VERBOSE=1 shows what the pods say.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { freePort } from '../free_port.mjs';

export const BIN = path.resolve(process.env.SYNAP_BIN
  || fileURLToPath(new URL('../../build/dev/bin/synap', import.meta.url)));

// A pod reads SYNAP_* variables: those of whoever runs the tests are not meant for it.
export const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('SYNAP_')));
// The disks of these tests are small: that alone shall not make a pod unready.
environment.SYNAP_DISK_FREE_BYTES_MIN = '0';

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Fails with `what` if `promise` takes longer than `ms`. No wait of the suite is unbounded. */
export function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Asks again until `probe` answers something true. */
export async function until(ms, probe, what) {
  const end = performance.now() + ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await pause(10);
  }
}

const cleanups = new WeakMap();

/** Runs `action` when the test has ended: the last one registered first. */
export function cleanUp(t, action) {
  if (!t) return;
  if (!cleanups.has(t)) {
    const actions = [];
    cleanups.set(t, actions);
    t.after(async () => {
      for (const last of actions.reverse()) await last();
    });
  }
  cleanups.get(t).push(action);
}

export function temporaryDirectory(t) {
  const folder = mkdtempSync(path.join(process.env.FAULT_TMP || tmpdir(), 'synap-fault-'));
  cleanUp(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** mulberry32: the same seed makes the same choices. */
export function random(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    below: (n) => Math.floor(next() * n),
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)],
  };
}

/** One API key's way to a pod, over connections of its own. */
export class Caller {
  constructor(pod, token, { connections = 4 } = {}) {
    Object.assign(this, { pod, token, connections });
    pod.callers.add(this);
    this.renew();
  }

  /** Forgets its connections: those of a pod that was killed are of no use. */
  renew() {
    this.agent?.destroy();
    this.agent = new http.Agent({ keepAlive: true, maxSockets: this.connections });
  }

  /** {status, headers, text, json}; rejects if the connection ends without an answer. */
  request(method, target, { body, headers = {}, timeout = 30_000 } = {}) {
    return new Promise((resolve, reject) => {
      const all = { ...headers };
      if (this.token) all.authorization ??= `Bearer ${this.token}`;
      if (body !== undefined) {
        all['content-type'] ??= 'application/json';
        all['content-length'] = Buffer.byteLength(body);
      }
      const request = http.request({
        host: '127.0.0.1', port: this.pod.port, method, path: target, headers: all,
        agent: this.agent,
      }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          if (!response.complete) return reject(new Error('the answer was cut off'));
          const text = Buffer.concat(chunks).toString();
          let json;
          try {
            json = JSON.parse(text);
          } catch {
            // Told by whoever needs it.
          }
          resolve({ status: response.statusCode, headers: response.headers, text, json });
        });
      });
      request.setTimeout(timeout, () => request.destroy(new Error(`no answer in ${timeout} ms: ${target}`)));
      request.on('error', reject);
      request.end(body);
    });
  }

  query(procedure, input, options) {
    const tail = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
    return this.request('GET', `/trpc/${procedure}${tail}`, options);
  }

  mutate(procedure, input, { key, ...options } = {}) {
    const headers = { ...options.headers };
    if (key) headers['idempotency-key'] = key;
    return this.request('POST', `/trpc/${procedure}`, { ...options, headers, body: JSON.stringify(input ?? {}) });
  }

  /** The data of a query that must succeed. */
  async ask(procedure, input) {
    return dataOf(await this.query(procedure, input), procedure);
  }

  /** The data of a mutation that must succeed. */
  async tell(procedure, input, options) {
    return dataOf(await this.mutate(procedure, input, options), procedure);
  }

  async allEvents() {
    const events = [];
    for (let after = 0; ;) {
      const page = await this.ask('events.list', { after, limit: 500 });
      if (page.events.length === 0) return events;
      events.push(...page.events);
      after = page.nextAfter;
    }
  }

  async allNotes() {
    const notes = [];
    for (let cursor; ;) {
      const page = await this.ask('notes.list', { limit: 100, ...(cursor && { cursor }) });
      notes.push(...page.notes);
      if (!page.nextCursor) {
        if (page.total !== notes.length) {
          throw new Error(`notes.list says ${page.total} and shows ${notes.length}`);
        }
        return notes;
      }
      cursor = page.nextCursor;
    }
  }

  /** The request, once it is no longer pending. */
  settled(requestId, ms = 20_000) {
    return until(ms, async () => {
      const request = await this.ask('requests.get', { requestId });
      return request.status !== 'pending' && request;
    }, `request ${requestId} is settled`);
  }
}

function dataOf(answer, procedure) {
  if (answer.status !== 200 || !answer.json?.result) {
    throw new Error(`${procedure} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
  }
  return answer.json.result.data;
}

export class Pod {
  lines = [];  // of standard error
  child = null;
  callers = new Set();

  static async make(t, { folder, args = [], wrap = [] } = {}) {
    const pod = new Pod();
    pod.root = folder ?? temporaryDirectory(t);
    pod.data = path.join(pod.root, 'data');
    pod.port = await freePort();
    Object.assign(pod, { args, wrap });
    cleanUp(t, () => pod.kill());
    return pod;
  }

  get pid() { return this.child.pid; }
  get isRunning() { return this.child !== null; }

  /** Starts the process. Does not wait for it to serve. */
  spawn() {
    const command = [...this.wrap, BIN, 'serve', '--data', this.data, '--listen',
      `127.0.0.1:${this.port}`, ...this.args];
    const child = spawn(command[0], command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'], env: environment,
    });
    this.child = child;
    this.startedAt = performance.now();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        if (process.env.VERBOSE) console.error(`pod: ${line}`);
      });
    }
    this.exited = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        if (this.child === child) this.child = null;
        resolve({ code, signal });
      });
    });
    this.exited.catch(() => {});
    return this;
  }

  /** Until /ready answers 200; the milliseconds since the start. False: the process ended. */
  async ready(ms = 20_000) {
    const child = this.child;
    const asker = new Caller(this, '');
    try {
      return await until(ms, async () => {
        if (child === null || this.child !== child) return 'ended';
        const answer = await asker.request('GET', '/ready', { timeout: 5_000 }).catch(() => null);
        return answer?.status === 200 && performance.now() - this.startedAt;
      }, 'the pod is ready').then((took) => (took === 'ended' ? false : took));
    } finally {
      asker.agent.destroy();
      this.callers.delete(asker);
    }
  }

  async start() {
    this.spawn();
    const took = await this.ready();
    if (took === false) throw new Error(`the pod ended before it served:\n${this.lines.slice(-10).join('\n')}`);
    return took;
  }

  get ownerKey() { return readFileSync(path.join(this.data, 'owner.key'), 'utf8').trim(); }
  owner(options) { return new Caller(this, this.ownerKey, options); }

  /** Ends the process where it is, as a power cut would as far as the process can tell. */
  async kill() {
    for (const caller of this.callers) caller.agent.destroy();
    if (!this.child) return;
    this.child.kill('SIGKILL');
    await within(60_000, this.exited, 'a killed process is gone');
  }

  /** SIGTERM; {code, signal, ms}. */
  async stop(ms = 15_000) {
    const begin = performance.now();
    this.child.kill('SIGTERM');
    const end = await within(ms, this.exited, 'the pod stops');
    return { ...end, ms: performance.now() - begin };
  }

  /** Resident memory in MB. */
  get rss() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
  }

  get peakRss() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024;
  }

  /** Begins to measure peakRss anew. */
  async forgetPeak() {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  file(notePath) { return path.join(this.data, 'content', notePath); }
}
