// The same functions by Inngest's own test engine, which runs them without a server, and by the pod: they come to the
// same, step by step.
//
// The engine tries nothing again, catches no error of a step, and neither sleeps, waits nor sends: what these come to is
// handed to it (`given`), as its users do. Everything else it finds out by itself, from the SDK.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { InngestTestEngine } from '@inngest/test';
import * as sdk from 'inngest';
import { errors } from 'inngest/internals';
import { serve } from 'inngest/node';

import { App, Pod, until } from './harness.mjs';

class TooSmall extends Error {
  name = 'TooSmall';
}

const word = (data) => ({ name: 'oracle/word', data });

/**
 * `fn(step, event, calls)` is the function, with what it was called; `given` what steps come to that the engine does not
 * do; `meanwhile` what is sent to the pod when the run waits.
 */
const cases = {
  'steps in a row': {
    data: { n: 3 },
    async fn(step, event) {
      const double = await step.run('double', () => event.data.n * 2);
      const text = await step.run('text', async () => ({ text: `${double}`, list: [double, null, { deep: true }] }));
      return { double, text };
    },
  },
  'no step at all': {
    data: { n: 1 },
    fn: async (step, event) => ({ seen: event.data }),
  },
  'nothing returned': {
    async fn(step) {
      await step.run('nothing', () => undefined);
      await step.run('null', () => null);
    },
  },
  'one id used again': {
    async fn(step) {
      const seen = [];
      for (let i = 0; i < 3; i += 1) seen.push(await step.run('again', () => i));
      return seen;
    },
  },
  'what JSON makes of it': {
    async fn(step) {
      return step.run('odd', () => ({
        at: new Date(0),
        not: undefined,
        nan: NaN,
        big: Number.MAX_SAFE_INTEGER,
        text: '\u0000\ud83e\udd14 "\\',
        'a.b': { '': 1 },
      }));
    },
  },
  'steps side by side': {
    async fn(step) {
      const all = await Promise.all(['a', 'b', 'c'].map((id) => step.run(id, () => id.toUpperCase())));
      return [...all, await step.run('last', () => all.join(''))];
    },
  },
  'steps side by side, and one behind each': {
    async fn(step) {
      const chain = async (id) => {
        const first = await step.run(id, () => id);
        return step.run(`${id} then`, () => `${first}${first}`);
      };
      return Promise.all([chain('x'), chain('y')]);
    },
  },
  'a step that fails and is caught': {
    retries: 0,
    given: { small: { error: new TooSmall('too small') } },
    async fn(step) {
      try {
        await step.run('small', () => {
          throw new TooSmall('too small');
        });
      } catch (error) {
        return step.run('instead', () => ({ name: error.name, message: error.message }));
      }
      return 'not caught';
    },
  },
  'one of several that fails, and is caught': {
    retries: 0,
    given: { bad: { error: new TooSmall('bad') } },
    async fn(step) {
      const settled = await Promise.allSettled([
        step.run('good', () => 1),
        step.run('bad', () => {
          throw new TooSmall('bad');
        }),
      ]);
      return settled.map(({ status, value, reason }) => ({ status, value, message: reason?.message }));
    },
  },
  'a step that fails, and nobody catches it': {
    retries: 0,
    async fn(step) {
      await step.run('well', () => 'well');
      await step.run('small', () => {
        throw new TooSmall('nobody catches it');
      });
    },
  },
  'a step that must not be tried again': {
    retries: 3,
    async fn(step) {
      await step.run('never', () => {
        throw new sdk.NonRetriableError('never', { cause: new Error('why') });
      });
    },
  },
  'a function that fails between its steps': {
    retries: 0,
    async fn(step) {
      await step.run('well', () => 'well');
      throw new TooSmall('between');
    },
  },
  'a step that is done when it is tried again': {
    retries: 2,
    given: { flaky: { data: 'at last' } },
    async fn(step, event, calls) {
      const said = await step.run('flaky', () => {
        if (calls.push('flaky') < 2) throw new sdk.RetryAfterError('not yet', 10);
        return 'at last';
      });
      return { said };
    },
  },
  'a sleep': {
    given: { nap: { data: null }, until: { data: null } },
    async fn(step) {
      const napped = await step.sleep('nap', 10);
      const slept = await step.sleepUntil('until', new Date(Date.now() - 1_000));
      return { napped: napped ?? null, slept: slept ?? null, then: await step.run('then', () => 'awake') };
    },
  },
  'a wait in vain': {
    given: { wait: { data: null } },
    async fn(step) {
      const heard = await step.waitForEvent('wait', { event: 'oracle/never', timeout: 20 });
      return { heard };
    },
  },
  'a wait for an event': {
    given: { wait: { data: word({ of: 'word', said: 'yes' }) } },
    meanwhile: word({ of: 'word', said: 'yes' }),
    async fn(step) {
      const heard = await step.waitForEvent('wait', { event: 'oracle/word', timeout: '1m' });
      return { name: heard.name, said: heard.data.said, then: await step.run('then', () => heard.data.of) };
    },
  },
  'an event that is sent': {
    given: { send: { data: { ids: ['an id'] } } },
    async fn(step) {
      const { ids } = await step.sendEvent('send', { name: 'oracle/sent', data: {} });
      return { count: ids.length, text: typeof ids[0] };
    },
  },
};

const idOf = (name) => name.replaceAll(/[^a-z]+/gi, '-').toLowerCase();
const quiet = { info() {}, warn() {}, error() {}, debug() {} };

const functionsOf = (client) =>
  Object.entries(cases).map(([name, one]) => {
    const calls = [];
    const id = idOf(name);
    return client.createFunction(
      { id, triggers: [{ event: `oracle/${id}` }], retries: one.retries ?? 0 },
      ({ step, event }) => one.fn(step, event, calls),
    );
  });

const hashOf = (id) => createHash('sha1').update(id).digest('hex');

/** The engine hands the SDK promises of what is given, which this SDK takes for data: an error is none, an event no event. */
function withGiven(fn, given) {
  const states = Object.entries(given).map(([id, { data, error }]) => {
    const hash = hashOf(id);
    return [hash, { id: hash, ...(error ? { error: errors.serializeError(error) } : { data }) }];
  });
  return new Proxy(fn, {
    get(target, name) {
      if (name !== 'createExecution') return Reflect.get(target, name);
      return ({ partialOptions }) => {
        const stepState = { ...partialOptions.stepState, ...Object.fromEntries(states) };
        return target.createExecution({ partialOptions: { ...partialOptions, stepState } });
      };
    },
  });
}

const failure = ({ name, message }) => ({ name, message });
// Ids of what is sent and heard are others in each run.
function dataOf(data) {
  if (data?.ids) return { count: data.ids.length };
  const name = data?.name ?? data?.type;
  return name === 'oracle/word' ? { name, data: data.data } : (data ?? null);
}

/** {result} or {error}, and what each step came to, by its hash. */
async function byTheEngine(fn, name, { data = {}, given = {} }) {
  const engine = new InngestTestEngine({
    function: withGiven(fn, given),
    events: [{ name: `oracle/${idOf(name)}`, data }],
    steps: Object.keys(given).map((id) => ({ id, handler: () => null })),
  });
  const { result, error, state } = await engine.execute();
  const steps = {};
  for (const [hash, promise] of Object.entries(state)) {
    steps[hash] = await promise.then(
      (value) => ({ data: dataOf(value) }),
      (reason) => ({ error: failure(reason) }),
    );
  }
  // Between the pod and an app there is JSON, and here there is none.
  return JSON.parse(JSON.stringify({ steps, ...(error ? { error: failure(error) } : { result: result ?? null }) }));
}

async function byThePod(pod, client, name, { data = {}, meanwhile }) {
  await client.send({ name: `oracle/${idOf(name)}`, data });
  if (meanwhile) {
    await pod.run(`shop-${idOf(name)}`, 'sleeping');
    await client.send(meanwhile);
  }
  const run = await until(
    async () => (await pod.runsOf(`shop-${idOf(name)}`)).find(({ endedAt }) => endedAt),
    () => `a run of ${name} has ended\n${pod.stderr}`,
  );
  const { steps: told } = await pod.call('runs.get', { id: run.id });
  const steps = {};
  for (const { hash, op, result } of told) {
    if (result?.error) steps[hash] = { error: failure(result.error) };
    else steps[hash] = { data: dataOf(op === 'StepRun' ? result.data : result) };
  }
  const output = await pod.outputOf(run);
  return { steps, ...(run.status === 'completed' ? { result: output } : { error: failure(output) }) };
}

describe("Inngest's own test engine and the pod come to the same:", { concurrency: true }, () => {
  let pod;
  let app;
  const oracle = functionsOf(new sdk.Inngest({ id: 'shop', logger: quiet, isDev: true }));
  before(async () => {
    pod = await Pod.start('--dev');
    app = await App.ofSdk({ ...sdk, serve }, { isDev: true, baseUrl: pod.url }, functionsOf);
    await app.sync();
  });
  after(async () => {
    await app?.close();
    await pod?.remove();
  });

  for (const [index, [name, one]] of Object.entries(cases).entries()) {
    test(name, async () => {
      const expected = await byTheEngine(oracle[index], name, one);
      const { steps, ...end } = await byThePod(pod, app.client, name, one);
      // The engine stops at a step's error that nobody has given it, and tells it as the function's.
      const failed = Object.entries(steps).filter(([hash]) => !(hash in expected.steps));
      for (const [hash, state] of failed) {
        assert.deepEqual(state, { error: expected.error });
        delete steps[hash];
      }
      assert.deepEqual({ steps, ...end }, expected);
    });
  }
});
