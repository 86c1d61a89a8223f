// Durable endpoints of the official SDK: handlers of requests that have steps, and go on without
// whoever asked.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { App, Calls, delay, Endpoints, lanes, Pod } from './harness.mjs';

for (const { name, sdk } of lanes) {
  describe(`durable endpoints, npm inngest ${name}`, () => {
    let pod;
    let app;
    let functions;
    const calls = new Calls();
    const { step, stream } = sdk;
    // The function itself has itself in it, and the SDK cannot write it as JSON here.
    const double = sdk.referenceFunction({ functionId: 'double', appId: 'helpers' });

    before(async () => {
      pod = await Pod.start('--dev', '--dev-retry-interval', '50ms');
      functions = await App.ofSdk(sdk, { id: 'helpers', isDev: true, baseUrl: pod.url }, (inngest) => [
        inngest.createFunction({ id: 'double', triggers: [{ event: 'helpers/double' }] }, ({ event }) => event.data.n * 2),
      ]);
      assert.equal((await functions.sync()).status, 200);
      app = await Endpoints.serve(sdk, { isDev: true, baseUrl: pod.url }, (inngest) => ({
        '/plain': inngest.endpoint(async () => {
          const one = await step.run('one', () => calls.note('plain one', 1));
          const two = await step.run('two', () => one + 1);
          return { sum: one + two };
        }),
        '/sleepy': inngest.endpoint(async (request) => {
          const who = new URL(request.url).searchParams.get('who');
          const a = await step.run('a', () => calls.note('sleepy a', `a of ${who}`));
          await step.sleep('nap', '200ms');
          const b = await step.run('b', () => calls.note('sleepy b', `${a}, b`));
          return new Response(b, { status: 201 });
        }),
        '/waits': inngest.endpoint(async () => {
          const paid = await step.waitForEvent('paid', { event: 'shop/paid', timeout: '1h' });
          return { paid: paid.data.amount };
        }),
        '/invokes': inngest.endpoint(async () => {
          const three = await step.invoke('double', { function: double, data: { n: 4 } });
          return { three };
        }),
        '/parallel': inngest.endpoint(async () => {
          const both = await Promise.all([
            step.run('left', () => calls.note('left', 'l')),
            step.run('right', () => calls.note('right', 'r')),
          ]);
          return both.join('');
        }),
        '/flaky': inngest.endpoint(async () => {
          await step.run('before', () => calls.note('flaky before', 1));
          return step.run('twice', () => {
            if (calls.note('flaky', calls.of('flaky').length) < 2) throw new Error('not yet');
            return 'at last';
          });
        }),
        '/throws': inngest.endpoint(async () => {
          await step.run('fine', () => calls.note('throws fine', 1));
          if (calls.note('throws', calls.of('throws').length) < 2) throw new TypeError('oh no');
          return 'in the end';
        }),
        '/never': inngest.endpoint(async () => {
          await step.sleep('a while', '50ms');
          throw new sdk.NonRetriableError('no such book');
        }),
        '/gives-up': inngest.endpoint(async () =>
          step.run('bad', () => {
            calls.note('gives up', 1);
            throw new Error('always');
          }),
        ),
        '/streams': inngest.endpoint(async () => {
          await step.run('early', () => stream.push('early'));
          await step.sleep('pause', '1s');
          await step.run('late', async () => {
            stream.push('late');
            await delay(400);
            stream.push('later');
            calls.note('streamed', Date.now());
          });
          return 'streamed';
        }),
        '/streams-not': inngest.endpoint(async () => {
          stream.push('soon');
          await step.sleep('pause', '1s');
          throw new sdk.NonRetriableError('torn');
        }),
      }));
    });
    after(async () => {
      await app?.close();
      await functions?.close();
      await pod?.remove();
    });

    /** Where a request is sent to wait. */
    const sendOn = async (path) => {
      const sent = await fetch(app.url + path, { redirect: 'manual' });
      assert.equal(sent.status, 302, await sent.text());
      return sent.headers.get('location');
    };
    const endpoint = (path) => `${app.url} GET ${path}`;

    test('a request with steps is answered at once, and is a run', async () => {
      const answer = await fetch(`${app.url}/plain`);
      assert.equal(answer.status, 200);
      assert.deepEqual(await answer.json(), { sum: 3 });
      const run = await pod.run(endpoint('/plain'), 'completed');
      assert.deepEqual(calls.of('plain one'), [1]);
      const { body } = await pod.outputOf(run);
      assert.deepEqual(JSON.parse(body), { sum: 3 });
    });

    test('one that sleeps goes on without its caller, who is sent to wait', async () => {
      const sent = await fetch(`${app.url}/sleepy?who=ann`, { redirect: 'manual' });
      assert.equal(sent.status, 302);
      const location = sent.headers.get('location');
      assert.match(location, /\/v1\/http\/runs\/[0-9A-Z]{26}\/output\?token=/);
      const answer = await fetch(location);
      assert.equal(answer.status, 200);
      assert.equal(await answer.json(), 'a of ann, b');
      assert.deepEqual(calls.of('sleepy a'), ['a of ann']);
      assert.deepEqual(calls.of('sleepy b'), ['a of ann, b']);
      const run = await pod.run(endpoint('/sleepy'), 'completed');
      const whole = await pod.call('runs.get', { id: run.id });
      assert.deepEqual(whole.steps.map((each) => each.name), ['a', 'nap', 'b']);
      // What it had slept was on disk before the app asked for it.
      assert.equal(whole.attempts, 1);
    });

    test('it waits for an event that comes the moment its caller is sent on', async () => {
      const location = await sendOn('/waits');
      await functions.client.send({ name: 'shop/paid', data: { amount: 12 } });
      assert.deepEqual(await (await fetch(location)).json(), { paid: 12 });
    });

    test('it invokes functions, and has parallel steps', async () => {
      assert.deepEqual(await (await fetch(`${app.url}/invokes`)).json(), { three: 8 });
      assert.equal(await (await fetch(`${app.url}/parallel`)).json(), 'lr');
      assert.deepEqual([calls.of('left'), calls.of('right')], [['l'], ['r']]);
    });

    test('a step, and the function itself, is tried again', async () => {
      assert.equal(await (await fetch(`${app.url}/flaky`)).json(), 'at last');
      assert.deepEqual(calls.of('flaky'), [0, 1, 2]);
      assert.deepEqual(calls.of('flaky before'), [1]);
      assert.equal(await (await fetch(`${app.url}/throws`)).json(), 'in the end');
      assert.deepEqual(calls.of('throws'), [0, 1, 2]);
      assert.deepEqual(calls.of('throws fine'), [1]);
    });

    test('whoever waits for a run that fails is told so', async () => {
      const never = await fetch(await sendOn('/never'));
      assert.equal(never.status, 500);
      assert.deepEqual(await never.json(), { name: 'NonRetriableError', message: 'no such book' });
      await pod.run(endpoint('/never'), 'failed');
      const up = await fetch(await sendOn('/gives-up'));
      assert.equal(up.status, 500);
      assert.match((await up.json()).message, /always/);
      assert.equal(calls.of('gives up').length, 4);
    });

    test('what it streams is heard, before and after its caller is sent on', async () => {
      const heard = [];
      const answer = await sdk.fetchWithStream(`${app.url}/streams`, {
        onData: ({ data }) => heard.push([data, Date.now()]),
      });
      assert.equal(await answer.json(), 'streamed');
      assert.deepEqual(heard.map(([data]) => data), ['early', 'late', 'later']);
      // As it comes, not when the call has ended.
      assert.ok(heard[1][1] < calls.of('streamed')[0] - 200, 'the first piece comes at once');
    });

    test('a stream ends with its run, however that ends', async () => {
      const answer = await sdk.fetchWithStream(`${app.url}/streams-not`, {});
      assert.equal(answer.status, 500);
      assert.match(await answer.text(), /torn/);
    });
  });
}
