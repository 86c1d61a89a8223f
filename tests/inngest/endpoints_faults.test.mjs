// What may go wrong with durable endpoints, and who may do what: by hand, and with the official SDK.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { Calls, delay, Endpoints, lanes, Pod, until } from './harness.mjs';

const { sdk } = lanes.at(-1);
const hash = (id) => createHash('sha1').update(id).digest('hex');
const ran = (id, data = null) => ({ id: hash(id), op: 'StepRun', displayName: id, userland: { id }, data });
const sleep = (id) => ({ id: hash(id), op: 'Sleep', name: '1h', displayName: id, userland: { id }, opts: {} });
const ended = (body, more = {}) => ({
  id: hash('complete'),
  op: 'RunComplete',
  data: { status: 200, headers: { 'content-type': 'application/json' }, body, ...more },
});
let count = 0;
const newId = () => `01JG3T5VJ8ZZZZZZZZZZZZ${String(++count).padStart(4, '0')}`;

describe('durable endpoints, told by hand', () => {
  let pod;
  let bob;
  before(async () => {
    pod = await Pod.start('--dev', '--dev-retry-interval', '50ms');
    bob = (await pod.call('users.create', { name: 'bob' })).key;
  });
  after(() => pod?.remove());

  const data = { domain: 'http://127.0.0.1:9', method: 'GET', path: '/x', ip: '', content_type: '', query_params: '', body: '', fn: '' };
  const make = (id, steps = [], more = {}, key = pod.key) =>
    pod.route(
      'POST',
      '/v1/checkpoint',
      { run_id: id, event: { name: 'inngest/http.request', data: { ...data, ...more } }, steps, retries: 3 },
      { authorization: `Bearer ${key}` },
    );
  const tell = (id, steps, key = pod.key) =>
    pod.route('POST', `/v1/checkpoint/${id}/steps`, { run_id: id, steps }, { authorization: `Bearer ${key}` });
  const output = (id, token, options = {}) =>
    fetch(`${pod.url}/v1/checkpoint/${id}/output?token=${token}`, options);
  const made = async (steps = [], more = {}, key = pod.key) => {
    const { status, body } = await make(newId(), steps, more, key);
    assert.equal(status, 200, JSON.stringify(body));
    return { id: body.data.run_id, token: body.data.token };
  };
  const cancel = (id) => fetch(`${pod.url}/v1/runs/${id}`, { method: 'DELETE', headers: { authorization: `Bearer ${pod.key}` } });
  const seen = async (id) => (await pod.route('GET', `/v1/runs/${id}`, undefined, { authorization: `Bearer ${pod.key}` })).body.data;

  test('only the pod appends its event', async () => {
    const { status } = await pod.route('POST', '/e/x', { name: 'inngest/http.request', data });
    assert.equal(status, 400);
  });

  test('a run is made once, and what is told again changes nothing', async () => {
    const id = newId();
    const first = await make(id, [ran('a', 1)]);
    assert.equal(first.status, 200);
    assert.equal(first.body.data.run_id, id, 'as the app has made it');
    assert.equal((await make(id, [ran('a', 1)])).status, 200);
    assert.equal((await make(id, [], { path: '/y' })).status, 409);
    assert.equal((await make(id, [], {}, bob)).status, 409);
    assert.equal((await tell(id, [ran('b', 2)])).status, 200);
    assert.equal((await tell(id, [ran('b', 3)])).status, 200);
    assert.equal((await tell(id, [ended('"done"')])).status, 200);
    assert.equal((await tell(id, [ended('"done"')])).status, 200);
    assert.equal((await tell(id, [ran('c', 4)])).status, 409);
    const { runs } = await pod.call('runs.list', { limit: 50 });
    const [run, ...more] = runs.filter((each) => each.function.startsWith('http://127.0.0.1:9 GET /x@'));
    assert.deepEqual(more, []);
    const whole = await pod.call('runs.get', { id: run.id });
    assert.deepEqual(whole.steps.map((step) => step.name), ['a', 'b']);
    assert.equal((await seen(id)).status, 'Completed');
  });

  test('what is the pod\'s is the app\'s no more', async () => {
    const { id } = await made([ran('a'), sleep('nap')]);
    assert.equal((await tell(id, [sleep('nap')])).status, 200);
    assert.equal((await tell(id, [ran('b')])).status, 409);
    assert.equal((await tell(id, [ended('1')])).status, 409);
  });

  test('runs are of one user, and their results of who has the token', async () => {
    const mine = await made([ended('"mine"')]);
    const theirs = await made([ended('"theirs"')], {}, bob);
    assert.equal((await tell(mine.id, [ran('z')], bob)).status, 404);
    assert.equal((await tell(newId(), [ran('z')])).status, 404);
    assert.equal((await pod.route('GET', `/v1/runs/${mine.id}`, undefined, { authorization: `Bearer ${bob}` })).status, 404);
    assert.equal(await (await output(mine.id, mine.token)).json(), 'mine');
    for (const token of [theirs.token, '', 'x', `${mine.token}0`, `9${mine.token}`]) {
      const answer = await output(mine.id, token);
      assert.equal(answer.status, 401, token);
      assert.equal((await answer.json()).status, 401);
    }
    assert.equal((await output(newId(), mine.token)).status, 401);
    assert.equal((await output('nothing', mine.token)).status, 404);
    // Two users' endpoints of one name are two.
    const { functions } = await pod.call('functions.list', {}, bob);
    assert.ok(functions.every((each) => !each.id.startsWith('http') || each.id.startsWith('http://127.0.0.1:9 ')));
  });

  test('an answer is the app\'s, and no page of the pod', async () => {
    const { id, token } = await made([
      ended('<script>1</script>', {
        status: 418,
        headers: { 'content-type': 'text/html', 'set-cookie': 'a=b', 'x-own': 'yes', 'access-control-allow-origin': 'evil', 'bad\nname': 'x' },
      }),
    ]);
    const answer = await output(id, token);
    assert.equal(answer.status, 418);
    assert.equal(await answer.text(), '<script>1</script>');
    const said = Object.fromEntries(answer.headers);
    assert.equal(said['content-type'], 'text/html');
    assert.equal(said['x-own'], 'yes');
    assert.equal(said['content-security-policy'], 'sandbox');
    assert.equal(said['access-control-allow-origin'], '*');
    assert.equal(said['set-cookie'], undefined);
  });

  test('a run that is cancelled, or too much, says so to who waits', async () => {
    const { id, token } = await made([sleep('nap')]);
    const waits = output(id, token);
    await delay(100);
    await cancel(id);
    assert.equal((await waits).status, 410);

    const large = await made();
    const { status, body } = await tell(large.id, [ran('a', 'x'.repeat(4 << 20))]);
    assert.equal(status, 413, JSON.stringify(body));
    const answer = await output(large.id, large.token);
    assert.equal(answer.status, 500);
    assert.match((await answer.json()).message, /4194304/);

    const result = await made();
    assert.equal((await tell(result.id, [ended('x'.repeat(5 << 20))])).status, 413);
    assert.match((await (await output(result.id, result.token)).json()).message, /4194304/);
    assert.equal((await tell(result.id, [ended('x'.repeat(9 << 20))]).catch(() => ({ status: 413 }))).status, 413);
  });

  test('1,000 steps are kept, and no more', async () => {
    const { id, token } = await made();
    const many = (from, to) => Array.from({ length: to - from }, (_, i) => ran(`s${from + i}`));
    assert.equal((await tell(id, many(0, 1_001))).status, 413);
    assert.equal((await tell(id, many(0, 1_000))).status, 200);
    assert.equal((await tell(id, many(0, 1_000))).status, 200);
    assert.equal((await tell(id, [ran('one more')])).status, 413);
    assert.equal((await output(id, token)).status, 500);
  });

  test('20 functions are deferred, and no more', async () => {
    const { id, token } = await made();
    const defer = (n) => ({
      id: hash(`d${n}`), op: 'DeferAdd', displayName: 'later', userland: { id: 'later' },
      opts: { fn_slug: 'shop-later', input: {} },
    });
    const many = Array.from({ length: 20 }, (_, i) => defer(i));
    assert.equal((await tell(id, many.slice(0, 15))).status, 200);
    assert.equal((await tell(id, many)).status, 200);
    assert.equal((await tell(id, [defer(20)])).status, 413);
    assert.match((await (await output(id, token)).json()).message, /at most 20 functions/);
  });

  test('what is no run of an endpoint is refused', async () => {
    for (const more of [
      { domain: 'file:///etc' }, { domain: 'http://a:b@c' }, { domain: 'http://127.0.0.1:9/x' }, { domain: '' },
      { method: 'GET\r\nx' }, { method: 'CONNECT' }, { path: 'x' }, { path: '/a b' }, { path: '/a\r\nb' }, { path: '/x#y' },
      { content_type: 'a\r\nb: c' }, { query_params: 'a b' }, { path: `/${'x'.repeat(9_000)}` },
    ]) {
      const { status } = await make(newId(), [], more);
      assert.equal(status, 400, JSON.stringify(more));
    }
    assert.equal((await make(newId(), [], { body: 'x'.repeat(600 << 10) })).status, 413);
    assert.equal((await make('x')).status, 400);
    assert.equal((await make(newId(), [{ op: 'StepRun', id: 'short' }])).status, 400);
    assert.equal((await make(newId(), 'x')).status, 400);
    const headers = { authorization: `Bearer ${pod.key}` };
    assert.equal((await pod.route('POST', '/v1/checkpoint', '{', headers)).status, 400);
    assert.equal((await pod.route('POST', '/v1/checkpoint', { run_id: newId(), event: { name: 'shop/x', data } }, headers)).status, 400);
    assert.equal((await pod.route('POST', `/v1/checkpoint/${newId()}/steps`, {}, headers)).status, 400);
  });

  test('16 wait for a run and no more; one that goes away makes room', async () => {
    const { id, token } = await made([sleep('nap')]);
    // Until it has a place: one that asks whether there is room takes it for a moment.
    const wait = async (options = {}) => {
      for (;;) {
        const answer = await output(id, token, options).catch(() => null);
        if (answer?.status !== 429) return answer;
        await delay(20);
      }
    };
    const isFull = async () => {
      const asked = await output(id, token, { signal: AbortSignal.timeout(50) }).catch(() => null);
      return asked?.status === 429;
    };
    const gone = new AbortController();
    const waiting = Array.from({ length: 16 }, (_, i) => wait(i === 0 ? { signal: gone.signal } : {}));
    await until(isFull, 'the 17th is refused');
    gone.abort();
    await waiting[0];
    const last = wait();
    await until(isFull, 'there is room for one');
    await cancel(id);
    for (const answer of await Promise.all([...waiting.slice(1), last])) assert.equal(answer.status, 410);
  });

  test('100 endpoints of an app have names', async () => {
    for (let i = 0; i < 102; ++i) {
      const { status } = await make(newId(), [ended('1')], { domain: 'http://127.0.0.1:8', path: `/users/${i}` });
      assert.equal(status, 200);
    }
    const { apps } = await pod.call('apps.list');
    const app = apps.find((each) => each.url === 'http://127.0.0.1:8');
    assert.equal(app.functions.length, 101);
    assert.equal((await pod.runsOf('http://127.0.0.1:8 *')).length, 2);
  });
});

describe('durable endpoints, with keys', () => {
  let pod;
  let app;
  let signingKey;
  const calls = new Calls();
  const { step } = sdk;
  const serve = (url) =>
    Endpoints.serve(sdk, { isDev: false, baseUrl: url, eventKey: pod.key, signingKey }, (inngest) => ({
      '/order': inngest.endpoint(async () => {
        await step.run('a', () => calls.note('a', 1));
        await step.sleep('nap', '1s');
        await step.run('b', () => calls.note('b', 1));
        return { ordered: true };
      }),
      '/dies': inngest.endpoint(async () => {
        await step.run('c', () => calls.note('c', 1));
        await step.run('d', async () => {
          if (calls.note('d', 1) && calls.of('d').length === 1) await new Promise(() => {});
          return 2;
        });
        return 'lived';
      }),
    }));

  before(async () => {
    pod = await Pod.start('--outbound-allowed', '127.0.0.0/8');
    ({ signingKey } = await pod.call('apps.keys'));
    app = await serve(pod.url);
  });
  after(async () => {
    await app?.close();
    await pod?.remove();
  });

  test('nobody makes runs without a key', async () => {
    assert.equal((await pod.route('POST', '/v1/checkpoint', {})).status, 401);
    assert.equal((await pod.route('POST', `/v1/checkpoint/${newId()}/steps`, {})).status, 401);
    assert.equal((await pod.route('POST', `/v1/realtime/publish/tee?channel=${newId()}`, '')).status, 401);
  });

  test('the pod is killed while the run sleeps and somebody waits', async () => {
    for (const method of ['GET', 'POST']) {
      const body = method === 'POST' ? '{"b":[1.50,"ä"],"a":{"z":1e3}}' : undefined;
      const sent = await fetch(`${app.url}/order`, { method, body, redirect: 'manual' });
      assert.equal(sent.status, 302, await sent.text());
      const location = sent.headers.get('location');
      const waits = fetch(location).catch(() => 'cut off');
      await delay(100);
      await pod.kill();
      assert.equal(await waits, 'cut off');
      await pod.startAgain();
      assert.deepEqual(await (await fetch(location)).json(), { ordered: true });
    }
    assert.deepEqual([calls.of('a'), calls.of('b')], [[1, 1], [1, 1]]);
  });

  test('an app dies in the midst: the rest is done by its successor', async () => {
    const lost = fetch(`${app.url}/dies`).catch(() => 'cut off');
    await calls.first('d');
    const { port } = app;
    await app.close();
    assert.equal(await lost, 'cut off');
    await app.open(sdk, port);
    const run = await pod.run(`${app.url} GET /dies`, 'active');
    // It would be 10 minutes.
    await pod.call('runs.retry', { id: run.id });
    await pod.run(`${app.url} GET /dies`, 'completed');
    assert.deepEqual([calls.of('c'), calls.of('d')], [[1], [1, 1]]);
  });
});
