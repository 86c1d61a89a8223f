// Apps that connect to the pod by a WebSocket (Connect), with the official SDK as it is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import * as connect418 from './lane-4.18/connect.mjs';
import { connect } from 'inngest/connect';
import { Calls, delay, lanes, Pod, until } from './harness.mjs';

const connects = { '4.18.1': connect418.connect, '4.24.0': connect };
const quiet = { info() {}, warn() {}, error() {}, debug() {} };

for (const { name, sdk } of lanes) {
  describe(`inngest ${name} connects`, () => {
    let pod;
    let worker;
    let client;
    const calls = new Calls();

    const make = (inngest) => [
      inngest.createFunction({ id: 'three', triggers: [{ event: 'shop/three' }] }, async ({ event, step }) => {
        const a = await step.run('a', () => calls.note('a', event.data.n));
        const b = await step.run('b', () => calls.note('b', a + 1));
        return step.run('c', () => calls.note('c', b + 1));
      }),
      inngest.createFunction({ id: 'kinds', retries: 2, triggers: [{ event: 'shop/kinds' }] }, async ({ step, attempt }) => {
        await step.sleep('nap', '1s');
        const both = await Promise.all([step.run('left', () => 'l'), step.run('right', () => 'r')]);
        const flaky = await step.run('flaky', () => {
          calls.note('flaky');
          if (calls.of('flaky').length === 1) throw new Error('once');
          return attempt;
        });
        return [...both, typeof flaky, await step.invoke('other', { function: sdk.referenceFunction({ functionId: 'three' }), data: { n: 5 } })];
      }),
      inngest.createFunction({ id: 'never', triggers: [{ event: 'shop/never' }] }, () => {
        calls.note('never');
        throw new sdk.NonRetriableError('nope');
      }),
      inngest.createFunction({ id: 'plain', triggers: [{ event: 'shop/plain' }], checkpointing: false }, ({ event }) => event.data),
    ];

    before(async () => {
      pod = await Pod.start('--dev', '--dev-retry-interval', '50ms');
      client = new sdk.Inngest({ id: 'shop', logger: quiet, isDev: true, baseUrl: pod.url });
      worker = await connects[name]({ apps: [{ client, functions: make(client) }], isolateExecution: false, handleShutdownSignals: [] });
    });
    after(async () => {
      await worker?.close();
      await pod?.remove();
    });

    test('a run with three steps is done over the WebSocket', async () => {
      assert.equal(worker.state, 'ACTIVE');
      // The SDK says that it is ready and waits for no answer.
      const apps = await until(async () => {
        const { apps } = await pod.call('apps.list');
        return apps[0]?.workers > 0 && apps;
      }, 'the worker takes calls');
      assert.deepEqual(apps.map(({ app, url, workers }) => [app, url, workers]), [['shop', 'wss://connect/shop', 1]]);
      await client.send({ name: 'shop/three', data: { n: 1 } });
      const run = await pod.run('shop-three', 'completed');
      assert.equal(await pod.outputOf(run), 3);
      assert.deepEqual([calls.of('a'), calls.of('b'), calls.of('c')], [[1], [2], [3]]);
    });

    test('sleeps, parallel steps, retries and invocations', async () => {
      await client.send({ name: 'shop/kinds', data: {} });
      assert.deepEqual(await pod.outputOf(await pod.run('shop-kinds', 'completed')), ['l', 'r', 'number', 7]);
      assert.equal(calls.of('flaky').length, 2);
    });

    test('an error that is not to be retried is given up at once', async () => {
      await client.send({ name: 'shop/never', data: {} });
      assert.match((await pod.run('shop-never', 'failed')).error.message, /nope/);
      assert.equal(calls.of('never').length, 1);
    });

    test('what is large goes both ways', async () => {
      const data = { text: 'x'.repeat(400_000) };
      await client.send({ name: 'shop/plain', data });
      const output = await pod.outputOf(await pod.run('shop-plain', 'completed'));
      assert.equal(output.text.length, data.text.length);
    });
  });
}

describe('with keys', () => {
  let pod;
  let worker;
  before(async () => {
    pod = await Pod.start();
  });
  after(async () => {
    await worker?.close();
    await pod?.remove();
  });

  test('a worker is its user by the signing key, and nobody by another', async () => {
    const { sdk } = lanes.at(-1);
    const { signingKey } = await pod.call('apps.keys');
    const options = { logger: quiet, isDev: false, baseUrl: pod.url, eventKey: pod.key };
    const client = new sdk.Inngest({ id: 'keyed', signingKey, ...options });
    const functions = [
      client.createFunction({ id: 'hello', triggers: [{ event: 'keyed/hello' }] }, ({ event, step }) =>
        step.run('greet', () => `hello ${event.data.name}`),
      ),
    ];
    worker = await connect({ apps: [{ client, functions }], isolateExecution: false, handleShutdownSignals: [] });
    await client.send({ name: 'keyed/hello', data: { name: 'ann' } });
    assert.equal(await pod.outputOf(await pod.run('keyed-hello', 'completed')), 'hello ann');
    const start = (key) =>
      fetch(`${pod.url}/v0/connect/start`, { method: 'POST', headers: key ? { authorization: `Bearer ${key}` } : {} });
    assert.equal((await start()).status, 401);
    assert.equal((await start(signingKey.replace(/.$/, (last) => (last === '0' ? '1' : '0')))).status, 401);
    const { key } = await pod.call('keys.create', { name: 'reader', scopes: ['apps:read'] });
    assert.equal((await start(key)).status, 403);
    assert.equal((await start(pod.key)).status, 200);
  });
});

/** A worker in a process of its own, which may be killed. */
class Process {
  static async start(pod, name, options = {}) {
    const process = new Process();
    process.said = [];
    process.child = spawn(
      globalThis.process.execPath,
      [fileURLToPath(new URL('connect_worker.mjs', import.meta.url)), pod.url, name, JSON.stringify(options)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    createInterface(process.child.stdout).on('line', (line) => process.said.push(JSON.parse(line).did));
    await process.does('connect');
    return process;
  }
  async does(what, count = 1) {
    await until(() => this.said.filter((each) => each === what).length >= count, `a worker does ${what}`);
  }
  async end(signal) {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}

describe('workers of one app', () => {
  let pod;
  const workers = [];
  const start = async (...args) => {
    const worker = await Process.start(pod, ...args);
    workers.push(worker);
    return worker;
  };
  before(async () => {
    pod = await Pod.start('--dev', '--dev-retry-interval', '50ms');
  });
  after(async () => {
    for (const worker of workers) await worker.end('SIGKILL');
    await pod?.remove();
  });
  const send = (ms) => pod.route('POST', '/e/k', { name: 'fleet/long', data: { ms } });
  const ended = async (count) =>
    until(async () => {
      const runs = (await pod.runsOf('fleet-long')).filter((run) => run.status === 'completed');
      return runs.length >= count && runs;
    }, `${count} runs are completed`);

  test('one that closes does what it has begun, and the next does the rest', async () => {
    const one = await start('one');
    await send({ one: 2_000 });
    await one.does('slow');
    await one.end('SIGTERM');
    assert.ok(one.said.includes('close'));
    const two = await start('two');
    await ended(1);
    assert.equal(one.said.filter((did) => did === 'slow').length, 1);
    assert.equal(two.said.filter((did) => did === 'first').length, 0, 'what was done is not done again');
    await two.end('SIGTERM');
  });

  test('one that is killed in the midst of a step loses no attempt: another does it', async () => {
    const one = await start('one');
    await send({ one: 600_000 });
    await one.does('slow');
    const two = await start('two');
    await one.end('SIGKILL');
    await two.does('slow');
    const runs = await ended(2);
    assert.deepEqual(await pod.outputOf(runs[0]), { first: 'one', slow: 'two', last: 'two' });
    await two.end('SIGTERM');
  });

  test('with nobody connected a run waits, and spends no attempt', async () => {
    await send({});
    await delay(7_000);
    assert.equal((await pod.runsOf('fleet-long')).filter((run) => run.status === 'completed').length, 2);
    const one = await start('one');
    await ended(3);
    await one.end('SIGTERM');
  });

  test('a pod that is killed has its workers back, and the run goes on', async () => {
    const one = await start('one');
    await send({ one: 1_000 });
    await one.does('slow');
    await pod.kill();
    await pod.startAgain();
    await ended(4);
    assert.equal(one.said.filter((did) => did === 'first').length, 1);
    await one.end('SIGTERM');
  });

  test('a pod that ends waits for what its workers have begun', async () => {
    const one = await start('one');
    await send({ one: 1_500 });
    await one.does('slow');
    await pod.kill('SIGTERM');
    await pod.startAgain();
    await ended(5);
    assert.equal(one.said.filter((did) => did === 'slow').length, 1, 'its answer was taken');
    await one.end('SIGTERM');
  });
});
