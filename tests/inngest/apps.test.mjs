// What functions of the official SDK do, as they would on a server of Inngest's.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { App, Calls, lanes, Pod, until } from './harness.mjs';

for (const { name, sdk } of lanes) {
  describe(`inngest ${name}`, { concurrency: true }, () => {
    const calls = new Calls();
    let pod;
    let app;

    const make = (inngest) => {
      const fn = (id, event, handler, more = {}) =>
        inngest.createFunction({ id, triggers: [{ event }], ...more }, handler);
      const twice = inngest.createFunction({ id: 'twice', triggers: [] }, ({ event }) => {
        calls.note('twice', event);
        return 2 * event.data.n;
      });
      return [
        fn('hello', 'shop/hello', ({ event }) => ({ hi: calls.note('hello', event).data.n })),
        fn('serial', 'shop/serial', async ({ step }) => {
          const a = await step.run('a', () => calls.note('serial a', 1));
          const b = await step.run('b', () => calls.note('serial b', { data: 2 }));
          await step.sleep('z', '1s');
          const c = await step.run('c', () => calls.note('serial c', 3));
          const again = await step.run('c', () => calls.note('serial c again', 4));
          return { a, b, c, again };
        }),
        fn('parallel', 'shop/parallel', async ({ step }) => {
          const [a, b] = await Promise.all([
            step.run('a', () => calls.note('parallel a', 'A')),
            step.run('b', () => calls.note('parallel b', 'B')),
            step.sleep('z', '1s'),
          ]);
          return step.run('c', () => a + b);
        }),
        fn('wait', 'shop/wait', async ({ step }) => {
          const got = await step.waitForEvent('w', { event: 'shop/resume', timeout: '1h', match: 'data.id' });
          const none = await step.waitForEvent('v', { event: 'shop/never', timeout: '1s' });
          return { got, none };
        }),
        fn('flaky', 'shop/flaky', async ({ step, attempt }) => {
          calls.note('flaky attempt', attempt);
          return step.run('f', () => {
            if (calls.note('flaky', 1) && calls.of('flaky').length < 3) throw new Error('boom');
            return calls.of('flaky').length;
          });
        }),
        fn('body', 'shop/body', ({ attempt }) => {
          calls.note('body', attempt);
          if (attempt === 0) throw new sdk.RetryAfterError('later', '1s');
          return attempt;
        }),
        fn('never', 'shop/never-again', () => {
          calls.note('never', 1);
          throw new sdk.NonRetriableError('nope');
        }),
        fn(
          'catch',
          'shop/catch',
          async ({ step }) => {
            try {
              await step.run('bad', () => {
                throw new TypeError('x');
              });
            } catch (error) {
              return step.run('fallback', () => `recovered from ${error.message}`);
            }
          },
          { retries: 0 },
        ),
        fn('send', 'shop/send', ({ step }) => step.sendEvent('s', { name: 'shop/sent', data: { n: 7 } })),
        fn('sent', 'shop/sent', ({ event }) => calls.note('sent', event).data.n),
        fn('later', 'shop/later', ({ event }) => calls.note('later', Date.now() - event.ts)),
        fn('note', 'note.creation.completed', ({ event }) => calls.note('note', event).data.title),
        fn('invoke', 'shop/invoke', async ({ step }) => {
          const [n, other] = await Promise.all([
            step.invoke('i', { function: twice, data: { n: 21 } }),
            step.run('beside', () => 'B'),
          ]);
          const failed = await step
            .invoke('j', { function: inngest.createFunction({ id: 'never', triggers: [] }, () => {}) })
            .catch((error) => error.message);
          const gone = await step
            .invoke('k', { function: inngest.createFunction({ id: 'gone', triggers: [] }, () => {}) })
            .catch((error) => error.message);
          return { n, other, failed, gone };
        }),
        twice,
        fn('signal', 'shop/signal', ({ step }) => step.waitForSignal('w', { signal: 'go', timeout: '1h' })),
        inngest.createFunction(
          {
            id: 'fails',
            retries: 0,
            triggers: [{ event: 'shop/fails' }],
            onFailure: ({ event, error }) =>
              calls.note('onFailure', { message: error.message, event: event.data.event, id: event.data.function_id }),
          },
          () => {
            throw new RangeError('out of range');
          },
        ),
        inngest.createFunction(
          { id: 'filter', triggers: [{ event: 'shop/filter', if: "event.data.n > 1 && event.data.s == 'y'" }] },
          ({ event }) => calls.note('filter', event.data.n),
        ),
        fn('batch', 'shop/batch', ({ events }) => events.map((event) => event.data.n), {
          batchEvents: { maxSize: 3, timeout: '30s' },
        }),
        fn('rate', 'shop/rate', ({ event }) => calls.note('rate', event.data.n), {
          rateLimit: { limit: 1, period: '1h', key: 'event.data.id' },
        }),
        fn('quiet', 'shop/quiet', ({ event }) => calls.note('quiet', event.data.n), {
          debounce: { period: '1s' },
        }),
        fn('once', 'shop/once', ({ event }) => calls.note('once', event.data.n), {
          idempotency: 'event.data.id',
        }),
        inngest.createFunction({ id: 'tick', triggers: [{ cron: '@every 1s' }] }, ({ event }) =>
          calls.note('tick', event),
        ),
        fn('wild', 'wild/*', ({ event }) => calls.note('wild', event.name)),
      ];
    };

    before(async () => {
      pod = await Pod.start('--dev', '--dev-retry-interval', '100ms');
      app = await App.ofSdk(sdk, { isDev: true, baseUrl: pod.url }, make);
      assert.deepEqual(await app.sync(), {
        status: 200,
        body: { message: 'Successfully registered', modified: true },
      });
    });
    after(async () => {
      await app?.close();
      await pod?.remove();
    });
    const send = async (event) => (await app.client.send(event)).ids[0];
    const outcome = async (fn) => pod.outputOf(await pod.run(`shop-${fn}`, 'completed'));

    test('registering again changes nothing', async () => {
      assert.equal((await app.sync()).body.modified, false);
      const { apps } = await pod.call('apps.list');
      const shop = apps.find((each) => each.app === 'shop');
      assert.equal(shop.sdk, `js:v${name}`);
      assert.equal(shop.functions.length, 24);
    });

    test('an event starts its function, which returns', async () => {
      const id = await send({ name: 'shop/hello', data: { n: 5 }, user: { id: 'u' }, v: '2' });
      assert.match(id, /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
      assert.deepEqual(await outcome('hello'), { hi: 5 });
      const event = await calls.first('hello');
      assert.equal(event.id, id);
      assert.equal(event.name, 'shop/hello');
      assert.deepEqual(event.user, { id: 'u' });
      assert.equal(event.v, '2');
      assert.ok(Math.abs(event.ts - Date.now()) < 60_000);
    });

    test('steps run once each, across a sleep', async () => {
      await send({ name: 'shop/serial' });
      assert.deepEqual(await outcome('serial'), { a: 1, b: { data: 2 }, c: 3, again: 4 });
      for (const step of ['a', 'b', 'c', 'c again']) {
        assert.equal(calls.of(`serial ${step}`).length, 1, step);
      }
    });

    test('steps behind each other are one call, between two waits', async () => {
      const requests = [];
      const client = new sdk.Inngest({ id: 'count', isDev: true, baseUrl: pod.url });
      const three = client.createFunction({ id: 'three', triggers: [{ event: 'count/three' }] }, async ({ step }) => {
        for (const id of ['a', 'b', 'c']) await step.run(id, () => id);
        return 'done';
      });
      const handler = sdk.serve({ client, functions: [three] });
      const counted = await App.listen((request, response) => {
        requests.push(request.method);
        return handler(request, response);
      });
      try {
        await counted.sync();
        requests.length = 0;
        await client.send({ name: 'count/three' });
        assert.equal(await pod.outputOf(await pod.run('count-three', 'completed')), 'done');
        assert.deepEqual(requests.filter((method) => method === 'POST'), ['POST']);
      } finally {
        await pod.route('DELETE', `/fn/remove?url=${encodeURIComponent(counted.url)}`);
        await counted.close();
      }
    });

    test('steps beside each other run once each, and are joined', async () => {
      await send({ name: 'shop/parallel' });
      assert.equal(await outcome('parallel'), 'AB');
      assert.deepEqual(calls.of('parallel a'), ['A']);
      assert.deepEqual(calls.of('parallel b'), ['B']);
    });

    test('a run waits for the event that matches, and no other', async () => {
      await send({ name: 'shop/wait', data: { id: 'x' } });
      await pod.run('shop-wait', 'sleeping');
      await send({ name: 'shop/resume', data: { id: 'y', n: 1 } });
      const id = await send({ name: 'shop/resume', data: { id: 'x', n: 2 } });
      const { got, none } = await outcome('wait');
      assert.equal(got.id, id);
      assert.deepEqual(got.data, { id: 'x', n: 2 });
      assert.equal(none, null);
    });

    test('a step that fails is tried again by itself', async () => {
      await send({ name: 'shop/flaky' });
      assert.equal(await outcome('flaky'), 3);
      assert.deepEqual([...new Set(calls.of('flaky attempt'))].slice(0, 3), [0, 1, 2]);
    });

    test('a function that fails is tried again, when it says', async () => {
      await send({ name: 'shop/body' });
      assert.equal(await outcome('body'), 1);
      assert.deepEqual(calls.of('body'), [0, 1]);
    });

    test('what cannot go away is given up at once, and says so', async () => {
      await send({ name: 'shop/never-again' });
      const run = await pod.run('shop-never', 'failed');
      assert.match(run.error.message, /nope/);
      assert.equal(calls.of('never').length, 1);
    });

    test('an error of a step can be caught', async () => {
      await send({ name: 'shop/catch' });
      assert.equal(await outcome('catch'), 'recovered from x');
    });

    test('a function sends events, which start others', async () => {
      await send({ name: 'shop/send' });
      const { ids } = await outcome('send');
      assert.equal(await outcome('sent'), 7);
      assert.deepEqual(calls.of('sent').map((event) => event.id), ids);
    });

    test('an event with a time to come starts its function then, and nothing before', async () => {
      await send({ name: 'shop/later', ts: Date.now() + 3_000 });
      const waiting = await until(async () => (await pod.runsOf('shop-later'))[0], 'its run is made');
      // Nobody has called it, to be told that it is too early.
      assert.deepEqual([waiting.status, waiting.attempts, waiting.startedAt], ['active', 0, undefined]);
      assert.ok((await outcome('later')) >= -50);
      assert.equal(calls.of('later').length, 1);
    });

    test('an event that is sent twice with one id is one', async () => {
      const event = { name: 'wild/a.b', id: 'only-once', data: {} };
      assert.equal(await send(event), await send(event));
      assert.equal(await outcome('wild'), 'wild/a.b');
      assert.deepEqual(calls.of('wild'), ['wild/a.b']);
      assert.notEqual(await send({ ...event, name: 'other/a' }), await send(event));
    });

    test('a function is asked for, and its result or error comes back', async () => {
      await send({ name: 'shop/invoke' });
      const { n, other, failed, gone } = await outcome('invoke');
      assert.equal(n, 42);
      assert.equal(other, 'B');
      assert.match(failed, /nope/);
      assert.match(gone, /could not find function/);
      const event = calls.of('twice').find(({ data }) => data.n === 21);
      assert.equal(event.name, 'inngest/function.invoked');
      assert.equal(event.data.n, 21);
      const { fn_id, correlation_id, expire, gid, name, ...source } = event.data._inngest;
      assert.equal(fn_id, 'shop-twice');
      assert.ok(correlation_id.endsWith(`.${gid}`), correlation_id);
      assert.ok(expire > Date.now() && typeof name === 'string' && name !== '', `${expire} ${name}`);
      assert.deepEqual(Object.keys(source).sort(), ['source_app_id', 'source_fn_id', 'source_fn_v']);
      assert.equal(calls.of('twice').filter(({ data }) => data.n === 21).length, 1);
    });

    test('a function is started by its name', async () => {
      const data = { n: 3, _inngest: { parent_run_id: 'forged' } };
      const started = await pod.route('POST', '/invoke/shop-twice', { data });
      assert.equal(started.status, 200);
      const { body } = await until(async () => {
        const told = await pod.route('GET', `/v1/events/${started.body.id}/runs`);
        return told.body.data[0]?.status === 'Completed' && told;
      }, 'its run has completed');
      assert.equal(body.data[0].output, 6);
      const event = calls.of('twice').find(({ data }) => data.n === 3);
      assert.equal(event.name, 'inngest/function.invoked');
      assert.equal(event.data._inngest.parent_run_id, undefined);
      assert.equal((await pod.route('POST', '/invoke/shop-none', {})).status, 404);
    });

    test('a run waits for a signal', async () => {
      await send({ name: 'shop/signal' });
      const run = await pod.run('shop-signal', 'sleeping');
      const none = await pod.route('POST', '/v1/signals', { signal: 'nobody', data: 1 });
      assert.equal(none.status, 404);
      const sent = await pod.route('POST', '/v1/signals', { signal: 'go', data: { n: 1 } });
      assert.equal(sent.status, 200);
      const { body } = await pod.route('GET', `/v1/runs/${run.id}`);
      assert.equal(sent.body.data.run_id, body.data.run_id);
      assert.deepEqual(await outcome('signal'), { signal: 'go', data: { n: 1 } });
    });

    test('onFailure is told of its function, and what had happened', async () => {
      const id = await send({ name: 'shop/fails', data: { n: 1 } });
      const told = await calls.first('onFailure');
      assert.equal(told.message, 'out of range');
      assert.equal(told.id, 'shop-fails');
      assert.equal(told.event.id, id);
      assert.deepEqual(told.event.data, { n: 1 });
    });

    test('a filter keeps away what it does not want', async () => {
      await send([
        { name: 'shop/filter', data: { n: 1, s: 'y' } },
        { name: 'shop/filter', data: { n: 2 } },
        { name: 'shop/filter', data: { n: 3, s: 'y' } },
      ]);
      assert.equal(await calls.first('filter'), 3);
      assert.deepEqual(calls.of('filter'), [3]);
    });

    test('events are handed over together', async () => {
      await send([1, 2, 3].map((n) => ({ name: 'shop/batch', data: { n } })));
      assert.deepEqual(await outcome('batch'), [1, 2, 3]);
    });

    test('limits of an app are kept', async () => {
      const all = (name, list) => list.map((data) => ({ name: `shop/${name}`, data }));
      await send([
        ...all('rate', [{ id: 'a', n: 1 }, { id: 'a', n: 2 }, { id: 'b', n: 3 }]),
        ...all('quiet', [{ n: 1 }, { n: 2 }, { n: 3 }]),
        ...all('once', [{ id: 'x', n: 1 }, { id: 'x', n: 2 }, { id: 'y', n: 3 }]),
      ]);
      await until(() => calls.of('rate').length + calls.of('once').length >= 4, 'all are called');
      assert.equal(await calls.first('quiet'), 3);
      assert.deepEqual(calls.of('quiet'), [3]);
      assert.deepEqual(calls.of('rate').sort(), [1, 3]);
      assert.deepEqual(calls.of('once').sort(), [1, 3]);
    });

    test('a function is called when its time comes', async () => {
      const event = await calls.first('tick');
      assert.equal(event.name, 'inngest/scheduled.timer');
      assert.equal(event.data.cron, '@every 1s');
      assert.equal(event.id, event.data.scheduledAt);
    });

    test("a function hears the pod's own events", async () => {
      const { entityId } = await pod.call('notes.create', { title: 'Tea', content: 'Green.' });
      assert.equal(await outcome('note'), 'Tea');
      const event = await calls.first('note');
      assert.equal(event.data.entityId, entityId);
      assert.equal(event.synap.aggregateId, entityId);
      assert.equal(event.synap.aggregateType, 'note');
    });
  });
}
