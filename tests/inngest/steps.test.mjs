// Steps that the pod does for an app, and steps that race, with the official SDK.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';

import { App, Calls, delay, lanes, Pod, until } from './harness.mjs';

/** A server that apps ask; it keeps what it was asked. */
class Other {
  seen = [];
  static async listen(answer) {
    const other = new Other();
    other.server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      other.seen.push({ method: request.method, url: request.url, headers: request.headers, body });
      answer(request, response, other.of(request.url).length);
    }).listen(0, '127.0.0.1');
    await once(other.server, 'listening');
    other.url = `http://127.0.0.1:${other.server.address().port}`;
    return other;
  }
  of(path) {
    return this.seen.filter((each) => each.url === path);
  }
  async close() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

for (const { name, sdk } of lanes) {
  describe(`inngest ${name}`, { concurrency: true }, () => {
    const calls = new Calls();
    let pod;
    let app;
    let other;

    const deferred = [];
    const make = (inngest) => {
      const fn = (id, handler, more = {}) =>
        inngest.createFunction({ id, triggers: [{ event: `shop/${id}` }], ...more }, handler);
      const model = (path) => sdk.step.ai.models.openai({ model: 'm', apiKey: 'secret', baseUrl: `${other.url}${path}/` });
      const told = async (response) => ({
        status: response.status,
        type: response.headers.get('content-type'),
        text: await response.text(),
      });
      /** A step that takes so long, counted from the end of another one where that is named. */
      const raced = (id, ms, other) => async () => {
        calls.note(id, 'begun');
        for (let i = 0; other && i < 1_000 && !calls.of(other).includes('done'); i += 1) await delay(20);
        await delay(ms);
        calls.note(id, 'done');
        return id;
      };
      /** A step that is done when another one has been: its end says nothing of how fast this machine is. */
      const outlasting = (id, other) => async () => {
        calls.note(id, 'begun');
        for (let i = 0; i < 1_000 && calls.of(other).length === 0; i += 1) await delay(20);
        calls.note(id, 'done');
        return id;
      };
      return [
        fn('fetch', async ({ step }) => {
          const got = await step.fetch(`${other.url}/json`, {
            method: 'POST',
            headers: { 'x-mine': 'yes' },
            body: JSON.stringify({ n: 1 }),
          });
          const empty = await step.fetch(`${other.url}/empty`);
          return { got: await told(got), empty: empty.status };
        }),
        fn('fetches', async ({ step }) => {
          const answers = await Promise.all([
            step.fetch(`${other.url}/a`),
            step.run('beside', () => 'B'),
            step.fetch(`${other.url}/missing`),
          ]);
          return [await answers[0].text(), answers[1], answers[2].status];
        }),
        fn('breaks', async ({ step }) => (await step.fetch(`${other.url}/breaks`)).text()),
        fn('private', async ({ step }) => {
          const failed = [];
          for (const url of ['http://10.0.0.1/', 'http://169.254.169.254/latest', 'file:///etc/passwd']) {
            await step.fetch(url).catch((error) => failed.push(error.message));
          }
          const inside = await step.fetch(`${other.url}/inside`);
          return { failed, inside: inside.status };
        }),
        fn('huge', ({ step }) => step.fetch(`${other.url}/huge`).then(told, (error) => error.message)),
        fn('infer', async ({ step }) => {
          const good = await step.ai.infer('ask', { model: model('/ai'), body: { messages: [{ role: 'user', content: 'hi' }] } });
          const refused = await step.ai
            .infer('refused', { model: model('/no-ai'), body: { messages: [] } })
            .catch((error) => [error.name, error.message]);
          return { good, refused };
        }),
        fn('wrap', ({ step }) => step.ai.wrap('w', async (n) => ({ twice: 2 * n }), 21)),
        fn('race', async ({ step, group }) => {
          const race = async () => {
            const winner = await group.parallel(() =>
              Promise.race([step.run('slow', outlasting('race slow', 'race then')), step.run('quick', raced('race quick', 50))]),
            );
            const isOneDone = () => [...calls.of('race slow'), ...calls.of('race beside')].includes('done');
            return step.run('then', () => calls.note('race then', { winner, isOneDone: isOneDone() }));
          };
          const [won] = await Promise.all([race(), step.run('beside', outlasting('race beside', 'race then'))]);
          return won;
        }),
        fn('race-long', async ({ step, group }) => {
          const winner = await group.parallel({ mode: 'race' }, () =>
            Promise.race([step.run('late', raced('long late', 1_500, 'long early')), step.run('early', raced('long early', 50))]),
          );
          await step.run('after', raced('long after', 50));
          await step.sleep('nap', '2s');
          const late = await step.run('late', raced('long late again', 1));
          return { winner, late };
        }),
        fn('race-sleep', async ({ step, group }) => {
          const winner = await group.parallel(() =>
            Promise.race([
              step.run('slow', outlasting('sleep slow', 'sleep then')),
              step.sleep('limit', '1s').then(() => 'too late'),
            ]),
          );
          return step.run('then', () => calls.note('sleep then', { winner, isSlowDone: calls.of('sleep slow').includes('done') }));
        }),
        fn('race-event', async ({ step, group }) => {
          const winner = await group.parallel(() =>
            Promise.race([
              step.run('slow', outlasting('event slow', 'event then')),
              step.waitForEvent('w', { event: 'shop/race-won', timeout: '1h' }).then((event) => event.data.by),
            ]),
          );
          return step.run('then', () => calls.note('event then', { winner, isSlowDone: calls.of('event slow').includes('done') }));
        }),
        fn('race-fails', async ({ step, group }) => {
          const winner = await group.parallel(() =>
            Promise.race([
              step.run('slow', outlasting('fails slow', 'fails then')),
              step.run('bad', () => {
                if (calls.note('fails bad', 1) && calls.of('fails bad').length < 3) throw new Error('again');
                return 'at last';
              }),
            ]),
          );
          return step.run('then', () => calls.note('fails then', { winner, isSlowDone: calls.of('fails slow').includes('done') }));
        }),
        fn('callee', ({ event }) => {
          if (event.data.fails) throw new sdk.NonRetriableError('not today');
          return { n: event.data.n };
        }),
        fn('wait-end', async ({ event, step }) => {
          const wait = (id, name, condition) =>
            step.waitForEvent(id, { event: `inngest/function.${name}`, if: condition, timeout: '20s' });
          const of = "async.data.function_id == 'shop-callee'";
          const [done, failed, other] = await Promise.all([
            wait('done', 'finished', `${of} && async.data._inngest.status == 'Completed'`),
            wait('failed', 'failed', of),
            step.waitForEvent('other', { event: 'inngest/function.finished', if: "async.data.function_id == 'shop-none'", timeout: '2s' }),
            step.sendEvent('send', [1, 2].map((n) => ({ name: 'shop/callee', data: { n, fails: n === 1 } }))),
          ]);
          return { done, failed, other };
        }),
        fn('wait-run', async ({ event, step }) => {
          const end = await step.waitForEvent('end', {
            event: 'inngest/function.finished',
            if: 'async.data.run_id == event.data.run',
            timeout: '20s',
          });
          return end.data.result;
        }),
        fn('cancel-me', ({ step }) => step.sleep('long', '60s'), {
          cancelOn: [
            { event: 'inngest/function.finished', if: "async.data.function_id == 'shop-asleep'" },
          ],
        }),
        fn('asleep', async ({ step }) => {
          await step.sleep('z', '2s');
          return 'awake';
        }),
        (deferred.push(
          sdk.createDefer(inngest, { id: 'later', retries: 0 }, ({ event, parents }) => {
            calls.note('later', { data: event.data, parents, name: event.name, isParentDone: calls.of('deferring').includes('end') });
            return event.data.n;
          }),
        ),
        deferred[0]),
        fn('deferring', async ({ event, step, defer }) => {
          defer('one', { function: deferred[0], data: { n: 1 } });
          const gone = defer('gone', { function: deferred[0], data: { n: 2 } });
          await step.run('a', () => 'A');
          gone.abort();
          await step.sleep('z', '1s');
          if (event.data.fails) throw new sdk.NonRetriableError('no');
          await step.run('b', () => calls.note('deferring', 'end'));
          return 'done';
        }),
        fn('defers-many', ({ defer }) => {
          for (let n = 0; n < 21; n += 1) defer(`d${n}`, { function: deferred[0], data: { n: 1000 + n } });
        }, { retries: 0 }),
        fn('race-end', ({ step, group }) =>
          group.parallel(() => Promise.race([step.run('slow', raced('end slow', 1_000, 'end quick')), step.run('quick', raced('end quick', 50))])),
        ),
      ];
    };

    before(async () => {
      pod = await Pod.start('--dev', '--dev-retry-interval', '100ms');
      other = await Other.listen((request, response, count) => {
        const json = (status, value) =>
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
        if (request.url === '/json') return json(201, { ok: true });
        if (request.url === '/empty') return response.writeHead(204).end();
        if (request.url === '/a') return response.end('A');
        if (request.url === '/huge') return response.end('x'.repeat(5 << 20));
        if (request.url === '/inside') return response.writeHead(302, { location: `${pod.url.replace('127.0.0.1', 'localhost')}/dev` }).end();
        if (request.url === '/breaks') return count === 1 ? request.socket.destroy() : response.end('whole');
        if (request.url === '/ai/chat/completions') return json(200, { choices: [{ message: { content: 'hello' } }] });
        if (request.url === '/no-ai/chat/completions') return json(500, { error: { message: 'overloaded' } });
        json(404, {});
      });
      app = await App.ofSdk(sdk, { isDev: true, baseUrl: pod.url }, make);
      assert.equal((await app.sync()).status, 200);
    });
    after(async () => {
      await app?.close();
      await other?.close();
      await pod?.remove();
    });
    const start = (fn, data = {}) => app.client.send({ name: `shop/${fn}`, data });
    const outcome = async (fn) => pod.outputOf(await pod.run(`shop-${fn}`, 'completed'));

    test('a fetch is done by the pod, and answers as fetch does', async () => {
      await start('fetch');
      assert.deepEqual(await outcome('fetch'), {
        got: { status: 201, type: 'application/json', text: '{"ok":true}' },
        empty: 204,
      });
      const [asked, ...more] = other.of('/json');
      assert.deepEqual(more, []);
      assert.equal(asked.method, 'POST');
      assert.equal(asked.body, '{"n":1}');
      assert.equal(asked.headers['x-mine'], 'yes');
      assert.match(asked.headers['user-agent'], /synap-gateway/);
    });

    test('fetches go beside other steps', async () => {
      await start('fetches');
      assert.deepEqual(await outcome('fetches'), ['A', 'B', 404]);
      assert.equal(other.of('/a').length, 1);
    });

    test('a fetch that breaks off is tried again', async () => {
      await start('breaks');
      assert.equal(await outcome('breaks'), 'whole');
      assert.equal(other.of('/breaks').length, 2);
    });

    test('what a fetch may not reach fails at once, and can be caught', async () => {
      await start('private');
      const { failed, inside } = await outcome('private');
      assert.match(failed[0], /10\.0\.0\.1.*private/);
      assert.match(failed[1], /169\.254\.169\.254/);
      assert.match(failed[2], /http/);
      // In development the pod can reach itself, and is not its owner then.
      assert.equal(inside, 401);
    });

    test('an answer that is too large fails, and can be caught', async () => {
      await start('huge');
      assert.match(await outcome('huge'), /larger|bytes/);
      assert.equal(other.of('/huge').length, 1);
    });

    test('a model is asked by the pod, with the key of the app', async () => {
      await start('infer');
      const { good, refused } = await outcome('infer');
      assert.deepEqual(good, { choices: [{ message: { content: 'hello' } }] });
      assert.match(refused.join(), /unsuccessful status code: 500/);
      const [asked, ...more] = other.of('/ai/chat/completions');
      assert.deepEqual(more, []);
      assert.equal(asked.headers.authorization, 'Bearer secret');
      assert.deepEqual(JSON.parse(asked.body), { messages: [{ role: 'user', content: 'hi' }], model: 'm' });
      assert.equal(other.of('/no-ai/chat/completions').length, 5);
    });

    test('a call of a library is a step like others', async () => {
      await start('wrap');
      assert.deepEqual(await outcome('wrap'), { twice: 42 });
    });

    // The SDK ends a run when all the steps are done that it has told of; what is behind a race is done before.
    test('a race goes on with the first', async () => {
      await start('race');
      assert.deepEqual(await outcome('race'), { winner: 'race quick', isOneDone: false });
      assert.deepEqual(calls.of('race slow'), ['begun', 'done']);
      assert.deepEqual(calls.of('race beside'), ['begun', 'done']);
    });

    test('what has lost a race is done once all the same, while its run goes on', async () => {
      await start('race-long');
      assert.deepEqual(await outcome('race-long'), { winner: 'long early', late: 'long late again' });
      for (const step of ['late', 'early', 'after']) {
        assert.deepEqual(calls.of(`long ${step}`), ['begun', 'done'], step);
      }
    });

    test('a time can win a race against a step', async () => {
      await start('race-sleep');
      assert.deepEqual(await outcome('race-sleep'), { winner: 'too late', isSlowDone: false });
      assert.deepEqual(calls.of('sleep slow'), ['begun', 'done']);
    });

    test('an event can win a race against a step', async () => {
      await start('race-event');
      await until(() => calls.of('event slow').length > 0, 'the slow step has begun');
      await app.client.send({ name: 'shop/race-won', data: { by: 'event' } });
      assert.deepEqual(await outcome('race-event'), { winner: 'event', isSlowDone: false });
      assert.deepEqual(calls.of('event slow'), ['begun', 'done']);
    });

    test('a step that fails in a race is tried again while the others go on', async () => {
      await start('race-fails');
      assert.deepEqual(await outcome('race-fails'), { winner: 'at last', isSlowDone: false });
      assert.deepEqual(calls.of('fails slow'), ['begun', 'done']);
    });

    test('a run waits for the end of others, and is told it as functions are', async () => {
      await start('wait-end');
      const { done, failed, other } = await outcome('wait-end');
      assert.equal(other, null);
      assert.equal(done.name, 'inngest/function.finished');
      assert.equal(done.data.function_id, 'shop-callee');
      assert.deepEqual(done.data.result, { n: 2 });
      assert.deepEqual(done.data.event.data, { n: 2, fails: false });
      assert.match(done.data.run_id, /^[0-9A-Z]{26}$/);
      assert.equal(failed.name, 'inngest/function.failed');
      assert.match(failed.data.error.message, /not today/);
      assert.equal(failed.data._inngest.status, 'Failed');
    });

    test('a run waits for the end of one run, or is cancelled by it', async () => {
      await start('asleep');
      const run = await pod.run('shop-asleep', 'sleeping');
      const { body } = await pod.route('GET', `/v1/runs/${run.id}`);
      await start('wait-run', { run: body.data.run_id });
      await start('cancel-me');
      assert.equal(await outcome('wait-run'), 'awake');
      await pod.run('shop-cancel-me', 'cancelled');
    });

    test('what a run defers begins once, when it has ended, and not what it took back', async () => {
      await start('deferring');
      assert.equal(await outcome('deferring'), 'done');
      const later = await calls.first('later');
      assert.deepEqual(later.data, { n: 1 });
      assert.equal(later.name, 'inngest/deferred.schedule');
      assert.equal(later.isParentDone, true);
      assert.equal(later.parents[0].fnSlug, 'shop-deferring');
      const { body } = await pod.route('GET', `/v1/runs/${later.parents[0].runId}`);
      assert.equal(body.data.status, 'Completed');
      assert.equal(await outcome('later'), 1);
      // Of a run that fails, too.
      await start('deferring', { fails: true });
      await pod.run('shop-deferring', 'failed');
      await until(() => calls.of('later').length === 2, 'it is begun again');
      await delay(300);
      assert.deepEqual(calls.of('later').map((each) => each.data.n), [1, 1]);
    });

    test('a run that defers too much is given up', async () => {
      await start('defers-many');
      assert.match((await pod.run('shop-defers-many', 'failed')).error.message, /at most 20/);
      assert.ok(!calls.of('later').some((each) => each.data.n >= 1000));
    });

    test('a function that ends with a race ends with the first, when the others are done', async () => {
      await start('race-end');
      assert.equal(await outcome('race-end'), 'end quick');
      assert.deepEqual(calls.of('end slow'), ['begun', 'done']);
    });
  });
}
