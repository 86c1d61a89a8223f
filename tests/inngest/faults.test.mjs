// Apps that are no apps, that die, that answer what they must not; and a pod that dies.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { App, delay, freePort, lanes, Pod, registration, until } from './harness.mjs';

const { sdk } = lanes.at(-1);

describe('an app that misbehaves', { concurrency: true }, () => {
  let pod;
  const apps = [];
  before(async () => {
    pod = await Pod.start('--dev', '--dev-retry-interval', '50ms');
  });
  after(async () => {
    for (const app of apps) await app.close();
    await pod?.remove();
  });

  /** Registers a function of this name, which `answer` serves, and sends it its event. */
  async function start(fn, answer) {
    const seen = [];
    const app = await App.listen(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      if (request.method !== 'POST') return response.writeHead(404).end();
      seen.push({ url: request.url, headers: request.headers, body: JSON.parse(body) });
      answer(response, request, seen);
    });
    apps.push(app);
    const body = { ...registration(app.url, fn), appName: fn };
    seen.url = app.url;
    const made = await pod.route('POST', '/fn/register', body);
    assert.equal(made.status, 200, JSON.stringify(made.body));
    await pod.route('POST', '/e/k', { name: `raw/${fn}` });
    return seen;
  }
  const sdkHeaders = { 'x-inngest-sdk': 'js:v4.24.0', 'content-type': 'application/json' };
  const failed = async (fn) => (await pod.run(`raw-${fn}`, 'failed')).error;
  const completed = async (fn) => pod.outputOf(await pod.run(`raw-${fn}`, 'completed'));

  test('HTML is no answer: it is tried again, and given up with what it said', async () => {
    const seen = await start('html', (response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome to nginx!</h1>'),
    );
    const { message } = await failed('html');
    assert.match(message, /is no Inngest app.*text\/html.*Welcome to nginx!/);
    assert.equal(seen.length, 2);
    assert.deepEqual(seen.map(({ body }) => body.ctx.attempt), [0, 1]);
    assert.equal(seen[0].body.version, -1);
    assert.equal(seen[0].url, '/api/inngest?fnId=raw-html&stepId=step');
  });

  test('a gateway that says 502 is tried again', async () => {
    let count = 0;
    await start('gateway', (response) => {
      count += 1;
      if (count === 1) return response.writeHead(502).end('Bad Gateway');
      response.writeHead(200, sdkHeaders).end('"up again"');
    });
    assert.equal(await completed('gateway'), 'up again');
  });

  test('an app that dies in the midst of a step is called again', async () => {
    let count = 0;
    const seen = await start('dies', (response, request) => {
      count += 1;
      if (count === 1) return request.socket.destroy();
      response.writeHead(200, sdkHeaders).end('1');
    });
    assert.equal(await completed('dies'), 1);
    assert.deepEqual(seen.map(({ body }) => body.ctx.attempt), [0, 1]);
  });

  test('an answer that breaks off is tried again', async () => {
    let count = 0;
    await start('breaks', (response, request) => {
      count += 1;
      if (count > 1) return response.writeHead(200, sdkHeaders).end('2');
      response.writeHead(200, { ...sdkHeaders, 'content-length': '100' });
      response.write('{"half":', () => request.socket.destroy());
    });
    assert.equal(await completed('breaks'), 2);
  });

  test('more than 8 MiB is given up at once', async () => {
    const seen = await start('large', (response) =>
      response.writeHead(200, sdkHeaders).end(JSON.stringify('x'.repeat(9 * 1024 * 1024))),
    );
    assert.match((await failed('large')).message, /larger|bytes/i);
    assert.equal(seen.length, 1);
  });

  test('a redirect is not followed, and named', async () => {
    await start('moved', (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end());
    assert.match((await failed('moved')).message, /redirects/);
  });

  test('the wrapper of a streamed answer is taken off', async () => {
    await start('stream', (response) => {
      response.writeHead(201, sdkHeaders);
      response.write('   ');
      setTimeout(() => response.end(JSON.stringify({ status: 200, body: '{"a":1}', headers: {} })), 50);
    });
    assert.deepEqual(await completed('stream'), { a: 1 });
  });

  test('a step of a kind that is not known fails, and says so', async () => {
    const hash = 'a'.repeat(40);
    await start('unknown', (response, request, seen) => {
      const memo = seen.at(-1).body.steps[hash];
      if (memo) return response.writeHead(200, sdkHeaders).end(JSON.stringify(memo));
      response.writeHead(206, sdkHeaders).end(JSON.stringify([{ op: 'Teleport', id: hash, name: 'away' }]));
    });
    assert.equal((await completed('unknown')).error.name, 'NotSupported');
  });

  test('an app that says that there is nothing to do is no loop', async () => {
    const seen = await start('nothing', (response) => response.writeHead(206, sdkHeaders).end('[]'));
    assert.match((await failed('nothing')).message, /nothing is to be done/);
    assert.equal(seen.length, 2);
  });

  /** An op of a step whose hash is made of its name. */
  const op = (kind, name, more = {}) => ({
    op: kind,
    id: createHash('sha1').update(name).digest('hex'),
    name,
    displayName: name,
    ...more,
  });
  const answers = (response, ops) => response.writeHead(206, sdkHeaders).end(JSON.stringify(ops));
  const asks = (request) => new URL(request.url, 'http://app').searchParams.get('stepId') !== 'step';

  test('an answer to a call for one step that says nothing of it is a failed attempt', async () => {
    for (const [fn, answer] of [['plans', [op('StepPlanned', 'p')]], ['silent', []]]) {
      const seen = await start(fn, (response, request) => {
        if (!asks(request)) {
          const { steps } = seen.at(-1).body;
          const done = Object.values(steps)[0];
          if (done) return response.writeHead(500, sdkHeaders).end(JSON.stringify(done.error));
        }
        answers(response, asks(request) ? answer : [op('StepPlanned', 'p')]);
      });
      const error = await failed(fn);
      assert.match(error.message, /asked for the step "p", and its answer says nothing of what became/);
      // Two attempts at the step, and the two of the function that does not catch its error.
      assert.ok(seen.length <= 8, `${fn}: ${seen.length} calls`);
    }
  });

  test('a run that is given up for a step says how often that was tried', async () => {
    const error = { name: 'Error', message: 'out of milk' };
    await start('exhausted', (response, request, seen) => {
      const [memo] = Object.values(seen.at(-1).body.steps);
      if (!memo) return answers(response, [op('StepError', 'p', { error })]);
      response.writeHead(400, { ...sdkHeaders, 'x-inngest-no-retry': 'true' }).end(JSON.stringify(memo.error));
    });
    assert.match((await failed('exhausted')).message, /out of milk/);
    const { events } = await pod.call('events.list', { types: ['function.failed'] });
    const [told] = events.filter(({ data }) => data.function.startsWith('raw-exhausted'));
    assert.equal(told.data.attempts, 2);
    // Lines are written by a thread of their own, after what they tell of.
    const isSaid = () => /raw-exhausted\S* was given up: .* attempts=2 /.test(pod.stderr);
    await until(isSaid, () => pod.stderr);
  });

  test('a run that is cancelled is called no more, whatever its app says', async () => {
    // Each answer names another step, whose failing is nothing to store before the next.
    const seen = await start('tireless', (response, request) => {
      const error = { name: 'Error', message: 'again' };
      const ops = asks(request)
        ? [op('StepError', `p${seen.length - 1}`, { error })]
        : [op('StepPlanned', `p${seen.length}`)];
      setTimeout(() => answers(response, ops), 20);
    });
    await until(() => seen.length >= 10, 'it is called');
    const [{ id }] = await pod.runsOf('raw-tireless');
    await pod.call('runs.cancel', { id });
    // One call may be on its way; those of a run that goes on come every 20 ms or so.
    const before = seen.length;
    await delay(700);
    assert.ok(seen.length <= before + 1, `called ${seen.length - before} times more`);
  });

  test('a step that was planned while its run was cancelled is not begun', async () => {
    let plan;
    const seen = await start('planning', (response) => {
      plan ??= () => answers(response, [op('StepPlanned', 'late')]);
    });
    await until(() => plan, 'it is asked what is to be done');
    const [{ id }] = await pod.runsOf('raw-planning');
    await pod.call('runs.cancel', { id });
    plan();
    await delay(500);
    assert.equal(seen.length, 1);
  });

  test('an error of any size ends its run, and is kept in part', async () => {
    const error = { name: 'Error', message: 'x'.repeat(600_000), stack: 'y'.repeat(7_000_000) };
    const seen = await start('huge', (response) =>
      response.writeHead(500, sdkHeaders).end(JSON.stringify(error)),
    );
    const { message } = await failed('huge');
    assert.match(message, /^x{16384}\.\.\. \(583616 more bytes\)$/);
    assert.equal(seen.length, 2);
    const [{ id }] = await pod.runsOf('raw-huge');
    const told = JSON.stringify(await pod.call('runs.get', { id }));
    assert.ok(told.length < 600_000, `runs.get tells ${told.length} bytes`);
  });

  test('a function of one app is not taken by another', async () => {
    const seen = await start('mine', (response) => response.writeHead(200, sdkHeaders).end('1'));
    const other = { ...registration('http://127.0.0.1:9/api/inngest', 'mine'), appName: 'thief' };
    const { status, body } = await pod.route('POST', '/fn/register', other);
    assert.equal(status, 409, JSON.stringify(body));
    assert.match(JSON.stringify(body), /Your app .*mine.* has a function .*raw-mine.* already/);
    await pod.route('POST', '/e/k', { name: 'raw/mine' });
    await until(async () => (await pod.runsOf('raw-mine')).every(({ status }) => status === 'completed'), 'both runs');
    // Once the first is gone, it may.
    await pod.call('apps.remove', { url: seen.url });
    assert.equal((await pod.route('POST', '/fn/register', other)).status, 200);
  });

  test('what answers at the origin of an endpoint is not asked for its functions', async () => {
    const methods = [];
    const app = await App.listen((request, response) => {
      methods.push(request.method);
      response.writeHead(200, sdkHeaders).end('1');
    });
    apps.push(app);
    const { status, body } = await pod.route('POST', '/v1/checkpoint', {
      run_id: '01M8EH00000000000000000001',
      event: {
        name: 'inngest/http.request',
        data: {
          domain: new URL(app.url).origin, method: 'GET', path: '/buy', fn: 'buy', ip: '1.1.1.1',
          content_type: 'application/json', query_params: '', body: '',
        },
      },
      steps: [],
      retries: 0,
    });
    assert.equal(status, 200, JSON.stringify(body));
    await delay(6_000); // the apps that are known are asked every five seconds
    assert.deepEqual(methods.filter((method) => method === 'PUT'), []);
  });

  test('one that begins ever more steps ends at the limit', async () => {
    let count = 0;
    const next = () => ({ op: 'StepRun', id: String(count++).padStart(40, '0'), name: 's', data: 1 });
    await start('endless', (response) => {
      // Few calls to the limit, and then one by one.
      const ops = Array.from({ length: count < 990 ? 90 : 1 }, next);
      response.writeHead(206, sdkHeaders).end(JSON.stringify(ops));
    });
    const { message } = await failed('endless');
    assert.equal(message.replace(/^.*?: /, ''), 'The function run exceeded the step limit of 1000 steps.');
    assert.equal(count, 1001);
  });

  test('what was stored is told in the order in which it was done', async () => {
    const [a, b] = ['b'.repeat(40), 'a'.repeat(40)];
    await start('order', (response, request, seen) => {
      const { stack } = seen.at(-1).body.ctx;
      if (stack.current === 2) return response.writeHead(200, sdkHeaders).end(JSON.stringify(stack.stack));
      const id = stack.current === 0 ? a : b;
      response.writeHead(206, sdkHeaders).end(JSON.stringify([{ op: 'StepRun', id, name: 's', data: 1 }]));
    });
    assert.deepEqual(await completed('order'), [a, b]);
  });

  test('what an app has told of while its call was open is kept, though it dies then', async () => {
    const id = 'c'.repeat(40);
    const checkpoint = (run, body) => pod.route('POST', `/v1/checkpoint/${run}/async`, body);
    const steps = [{ op: 'StepRun', id, name: 's', data: { n: 1 } }];
    const told = [];
    const seen = await start('checkpoint', async (response, request, calls) => {
      const { ctx, steps: memos } = calls.at(-1).body;
      if (calls.length > 1) return response.writeHead(200, sdkHeaders).end(JSON.stringify(memos[id]));
      told.push((await checkpoint(ctx.run_id, { qi_id: 'other', steps })).status);
      told.push((await checkpoint('0'.repeat(26), { qi_id: ctx.qi_id, steps })).status);
      told.push((await checkpoint(ctx.run_id, { qi_id: ctx.qi_id, steps: [{ op: 'StepRun' }] })).status);
      told.push((await checkpoint(ctx.run_id, { qi_id: ctx.qi_id, steps })).status);
      told.push((await checkpoint(ctx.run_id, { qi_id: ctx.qi_id, steps })).status);
      request.socket.destroy();
    });
    assert.deepEqual(await completed('checkpoint'), { data: { n: 1 } });
    assert.deepEqual(told, [409, 404, 400, 200, 200]);
    const { ctx } = seen[0].body;
    assert.match(ctx.fn_id, /^[0-9a-f-]{36}$/);
    assert.equal((await checkpoint(ctx.run_id, { qi_id: ctx.qi_id, steps })).status, 404); // it is over
  });

  test('state that is too large for a call is asked for', async () => {
    const text = 'x'.repeat(3 * 1024 * 1024);
    const calls = await start('state', async (response, request, seen) => {
      const { ctx, steps } = seen.at(-1).body;
      if (ctx.stack.current < 2) {
        const id = String(ctx.stack.current).repeat(40);
        return response.writeHead(206, sdkHeaders).end(JSON.stringify([{ op: 'StepRun', id, name: 's', data: text }]));
      }
      assert.deepEqual(steps, {});
      const batch = await fetch(`${pod.url}/v0/runs/${ctx.run_id}/batch`).then((answer) => answer.json());
      const actions = await fetch(`${pod.url}/v0/runs/${ctx.run_id}/actions`).then((answer) => answer.json());
      const told = [batch[0].name, Object.keys(actions).length, actions['0'.repeat(40)].data.length, ctx.use_api];
      response.writeHead(200, sdkHeaders).end(JSON.stringify(told));
    });
    assert.deepEqual(await completed('state'), ['raw/state', 2, text.length, true]);
    assert.equal(calls.at(-1).body.use_api, true);
  });
});

describe('what is away for a while', () => {
  let pod;
  let app;
  const done = [];
  const functions = (inngest) => [
    inngest.createFunction({ id: 'long', retries: 0, triggers: [{ event: 'shop/long' }] }, async ({ step }) => {
      await step.run('a', () => done.push('a'));
      await step.sleep('z', '4s');
      await step.run('b', () => done.push('b'));
      return done.length;
    }),
  ];
  before(async () => {
    pod = await Pod.start('--dev', '--dev-retry-interval', '50ms');
    app = await App.ofSdk(sdk, { isDev: true, baseUrl: pod.url }, functions);
    await app.sync();
  });
  after(async () => {
    await app?.close();
    await pod?.remove();
  });

  test('a pod that is killed goes on where it was, and no step runs again', async () => {
    await app.client.send({ name: 'shop/long' });
    await pod.run('shop-long', 'sleeping');
    await pod.kill('SIGKILL');
    await pod.startAgain();
    assert.equal((await pod.call('apps.list')).apps.length, 1);
    await pod.run('shop-long', 'completed');
    assert.deepEqual(done, ['a', 'b']);
  });

  test('an app that nobody listens for spends no attempt', async () => {
    const port = app.port;
    await app.close();
    await pod.route('POST', '/e/k', { name: 'shop/long' });
    const run = await until(async () => {
      const runs = await pod.runsOf('shop-long');
      return runs.find((each) => each.status !== 'completed');
    }, 'the run is there');
    await delay(1_500); // some tries
    assert.equal((await pod.call('runs.get', { id: run.id })).status, 'active');
    const inngest = new sdk.Inngest({ id: 'shop', isDev: true, baseUrl: pod.url });
    app = await App.listen(sdk.serve({ client: inngest, functions: functions(inngest) }), port);
    await until(async () => (await pod.call('runs.get', { id: run.id })).status === 'completed', 'it is done');
    assert.deepEqual(done, ['a', 'b', 'a', 'b']);
  });

  test('an app of the configuration is registered when it comes', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/api/inngest`;
    const other = await Pod.start('--dev', '--inngest-apps', url);
    const inngest = new sdk.Inngest({ id: 'late', isDev: true, baseUrl: other.url });
    const late = await App.listen(
      sdk.serve({
        client: inngest,
        functions: [inngest.createFunction({ id: 'f', triggers: [{ event: 'late/f' }] }, () => 1)],
      }),
      port,
    );
    try {
      await until(async () => (await other.call('apps.list')).apps[0]?.app === 'late', 'it is registered');
    } finally {
      await late.close();
      await other.remove();
    }
  });
});
