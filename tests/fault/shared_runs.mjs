// Runs that nodes share: an app of one function with one step, which takes a while, and the nodes of a pod
// whose runs call it.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { Caller, cleanUp, Pod, until } from './pod.mjs';

const step = createHash('sha1').update('work').digest('hex');
const headers = { 'x-inngest-sdk': 'js:v4.24.0', 'content-type': 'application/json' };

/** An app as an SDK's: it counts how often the step of each run was done. */
export class WaitingApp {
  steps = new Map();  // by the number of the run's event
  underWay = 0;
  most = 0;

  asked = 0;

  /** `awaits`: instead of a step the run waits for this event. */
  static async listen(t, { stepMs, limit, awaits } = {}) {
    const app = new WaitingApp();
    Object.assign(app, { stepMs, limit, awaits });
    app.server = http.createServer((request, response) => app.#answer(request, response)).listen(0, '127.0.0.1');
    await once(app.server, 'listening');
    app.url = `http://127.0.0.1:${app.server.address().port}/api/inngest`;
    cleanUp(t, () => app.close());
    return app;
  }
  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
  get registration() {
    return {
      url: this.url, deployType: 'ping', framework: 'nodejs', appName: 'shared', sdk: 'js:v4.24.0', v: '0.1',
      functions: [{
        id: 'shared-work', name: 'work', triggers: [{ event: 'shared/work' }],
        steps: { step: { id: 'step', name: 'step', runtime: { type: 'http', url: `${this.url}?fnId=shared-work&stepId=step` }, retries: { attempts: 3 } } },
        ...(this.limit && { concurrency: [{ limit: this.limit }] }),
      }],
    };
  }

  async #answer(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (request.method !== 'POST') return response.writeHead(404).end();
    const { event, steps } = JSON.parse(Buffer.concat(chunks).toString());
    ++this.asked;
    if (steps[step]) return response.writeHead(200, headers).end('"done"');
    if (this.awaits) {
      const wait = { op: 'WaitForEvent', id: step, name: this.awaits, displayName: 'work', opts: { event: this.awaits, timeout: '1h' } };
      return setTimeout(() => response.writeHead(206, headers).end(JSON.stringify([wait])), this.stepMs);
    }
    this.most = Math.max(this.most, ++this.underWay);
    setTimeout(() => {
      --this.underWay;
      const { i } = event.data;
      const n = (this.steps.get(i) ?? 0) + 1;
      this.steps.set(i, n);
      response.writeHead(206, headers).end(JSON.stringify([{ op: 'StepRun', id: step, name: 'work', displayName: 'work', data: { i, n } }]));
    }, this.stepMs);
  }
}

/** Nodes over the database of a server (postgres_server.mjs). */
export class Nodes {
  all = [];
  /** `databaseOf`: by which way a node of this name goes to the server. */
  constructor(server, args = [], databaseOf = () => `postgres://pod@/pod?host=${server.directory}`) {
    Object.assign(this, { server, args, databaseOf });
  }

  async add(t, name, args = []) {
    const pod = await Pod.make(t, {
      args: ['--nodes', 'many', '--node-name', name, '--database', this.databaseOf(name), ...this.args, ...args],
    });
    pod.name = name;
    const [first] = this.all;
    if (first) {
      // Its texts are where those of the first node are, and its directory says so.
      mkdirSync(pod.data, { mode: 0o700 });
      cpSync(path.join(first.data, 'pod.id'), path.join(pod.data, 'pod.id'));
      symlinkSync(path.join(first.data, 'content'), path.join(pod.data, 'content'));
    }
    cleanUp(t, () => { if (pod.child) process.kill(pod.pid, 'SIGCONT'); });
    this.all.push(pod);
    await pod.start();
    return pod;
  }

  /** The name of who leads; empty: nobody. */
  leader() { return this.server.sql('SELECT name FROM pod_nodes WHERE leads'); }
  named(name) { return this.all.find((pod) => pod.name === name); }
}

const post = async (pod, target, body) => {
  const answer = await fetch(`http://127.0.0.1:${pod.port}${target}`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  if (answer.status !== 200) throw new Error(`${target} answered ${answer.status}: ${await answer.text()}`);
};

export const tell = (pod, name) => post(pod, '/e/k', { name, data: {} });

/** Registers `app` at the first node, and waits until all have heard of it. */
export async function register(nodes, app) {
  const [first] = nodes.all;
  await post(first, '/fn/register', app.registration);
  for (const pod of nodes.all) {
    const caller = new Caller(pod, first.ownerKey);
    await until(20_000, async () => {
      const { functions } = await caller.ask('functions.list', {});
      return functions.some(({ id }) => id.startsWith('shared-work'));
    }, `${pod.name} has heard of the app`);
  }
}

// Of the app, and not the pod's own.
const kOfTheApp = "function LIKE 'shared-work@%'";

/** Sends so many events, each of which has a run; their numbers are from `first` on. Sent again, they are the same. */
export async function begin(pod, count, first = 0) {
  const kAtOnce = 500;
  for (let i = first; i < first + count; i += kAtOnce) {
    const length = Math.min(first + count - i, kAtOnce);
    await post(pod, '/e/k', Array.from({ length }, (_, k) => ({ id: `work-${i + k}`, name: 'shared/work', data: { i: i + k } })));
  }
}

/** What is wrong: each run of these events has completed, and no step was done again whose result was stored. */
export async function judge(server, app, count) {
  const wrong = [];
  const ended = await server.sql(`SELECT status, count(*) FROM runs_data WHERE ${kOfTheApp} GROUP BY status`);
  if (ended !== `completed|${count}`) wrong.push(`runs: ${ended.replaceAll('\n', ', ')}`);
  const memos = (await server.sql(`SELECT memo FROM run_steps_data JOIN runs_data ON id = run WHERE ${kOfTheApp}`)).split('\n').filter(Boolean);
  const stored = new Map(memos.map((memo) => JSON.parse(memo).data).map(({ i, n }) => [i, n]));
  const never = Array.from({ length: count }, (_, i) => i).filter((i) => !stored.has(i) && !app.steps.has(i));
  if (never.length > 0) wrong.push(`the steps of ${never.join()} were never done`);
  for (let i = 0; i < count; ++i) {
    if (stored.get(i) !== app.steps.get(i)) wrong.push(`the step of ${i} is stored as done for time ${stored.get(i)}, and was done ${app.steps.get(i)} times`);
  }
  return wrong;
}

/** How many runs each node has completed, by its name. */
export async function completedBy(server) {
  const rows = await server.sql(`SELECT node, count(*) FROM runs_data WHERE status = 'completed' AND ${kOfTheApp} GROUP BY node ORDER BY node`);
  return Object.fromEntries(rows.split('\n').filter(Boolean).map((row) => {
    const [node, count] = row.split('|');
    return [node, Number(count)];
  }));
}
