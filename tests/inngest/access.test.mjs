// Who may register apps and send events: keys, users, and pages of other origins.
import { once } from 'node:events';
import { connect } from 'node:net';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { App, lanes, Pod, registration } from './harness.mjs';

const { sdk } = lanes.at(-1);

describe('with keys', () => {
  let pod;
  let ann;
  let signingKey;
  const opened = [];

  const appOf = async (options) => {
    const app = await App.ofSdk(sdk, { isDev: false, baseUrl: pod.url, ...options }, (inngest) => [
      inngest.createFunction({ id: 'hello', triggers: [{ event: 'shop/hello' }] }, ({ event }) => event.data.n),
    ]);
    opened.push(app);
    return app;
  };

  before(async () => {
    pod = await Pod.start('--outbound-allowed', '127.0.0.0/8');
    ({ signingKey } = await pod.call('apps.keys'));
    ann = (await pod.call('users.create', { name: 'ann' })).key;
  });
  after(async () => {
    for (const app of opened) await app.close();
    await pod?.remove();
  });

  test('an app with the keys of its user registers, sends, and is called', async () => {
    const app = await appOf({ signingKey, eventKey: pod.key });
    await pod.call('apps.sync', { url: app.url });
    const { ids } = await app.client.send({ name: 'shop/hello', data: { n: 1 } });
    const run = await pod.run('shop-hello', 'completed');
    assert.equal(await pod.outputOf(run), 1);
    // The SDK's key shows what happened, and nobody without one.
    const path = `/v1/events/${ids[0]}`;
    assert.equal((await pod.route('GET', path)).status, 401);
    const shown = await pod.route('GET', path, undefined, { authorization: `Bearer ${signingKey}` });
    assert.equal(shown.body.data.name, 'shop/hello');
    const runs = await pod.route('GET', `${path}/runs`, undefined, { authorization: `Bearer ${pod.key}` });
    assert.deepEqual(runs.body.data.map((each) => [each.function_id, each.status, each.output]), [
      ['shop-hello', 'Completed', 1],
    ]);
  });

  test('an app that cannot reach the pod says in its answer what functions it has', async () => {
    const app = await appOf({ id: 'far', baseUrl: 'http://127.0.0.1:9', signingKey, eventKey: pod.key });
    assert.deepEqual(await pod.call('apps.sync', { url: app.url }), { isRegistered: true });
    const { apps } = await pod.call('apps.list');
    const far = apps.find((each) => each.app === 'far');
    assert.deepEqual(far.functions, ['far-hello']);
    assert.match(far.sdk, /^js:v4/);
    // The same by the other way, which it may choose.
    process.env.INNGEST_ALLOW_IN_BAND_SYNC = 'false';
    try {
      const own = await appOf({ id: 'near', signingKey, eventKey: pod.key });
      assert.deepEqual(await pod.call('apps.sync', { url: own.url }), { isRegistered: true });
      const lost = await appOf({ id: 'lost', baseUrl: 'http://127.0.0.1:9', signingKey, eventKey: pod.key });
      assert.equal((await pod.call('apps.sync', { url: lost.url })).isRegistered, false);
    } finally {
      delete process.env.INNGEST_ALLOW_IN_BAND_SYNC;
    }
    for (const { url } of apps) await pod.call('apps.remove', { url });
  });

  test("what a stranger's site says of itself registers nothing", async () => {
    const answers = {
      unsigned: {},
      forged: { 'x-inngest-signature': `t=${Math.floor(Date.now() / 1000)}&s=${'ab'.repeat(32)}` },
      none: { 'x-inngest-signature': 'nonsense' },
    };
    for (const [name, headers] of Object.entries(answers)) {
      const app = await App.listen((request, response) => {
        const functions = registration(app.url, 'spy', { triggers: [{ event: '*' }] }).functions;
        response.writeHead(200, { 'x-inngest-sync-kind': 'in_band', 'x-inngest-sdk': 'js:v4.24.0', ...headers });
        response.end(JSON.stringify({ app_id: `spy-${name}`, url: app.url, functions }));
      });
      opened.push(app);
      const { isRegistered, problem } = await pod.call('apps.sync', { url: app.url });
      assert.equal(isRegistered, false, name);
      assert.match(problem, /not signed/, name);
    }
    assert.ok(!(await pod.call('apps.list')).apps.some(({ app }) => app.startsWith('spy')));
  });

  test("two users' apps of one id hear their own events only", async () => {
    const own = (await pod.call('apps.keys', {}, ann)).signingKey;
    assert.notEqual(own, signingKey);
    const app = await appOf({ signingKey: own, eventKey: ann });
    await pod.call('apps.sync', { url: app.url }, ann);
    const before = (await pod.runsOf('shop-hello')).length;
    await app.client.send({ name: 'shop/hello', data: { n: 2 } });
    const run = await pod.run('shop-hello', 'completed', ann);
    assert.equal(await pod.outputOf(run, ann), 2);
    assert.equal((await pod.runsOf('shop-hello')).length, before);
    const { apps } = await pod.call('apps.list', {}, ann);
    assert.deepEqual(apps.map((each) => each.url), [app.url]);
    const other = await pod.route('GET', `/v1/runs/${run.id}`, undefined, { authorization: `Bearer ${pod.key}` });
    assert.equal(other.status, 404);
  });

  test('a wrong signing key registers nothing, and its calls are refused by the app', async () => {
    const wrong = `signkey-${signingKey.split('-')[1]}-${'ab'.repeat(32)}`;
    const app = await appOf({ id: 'wrong', signingKey: wrong, eventKey: pod.key });
    // The app does not know the pod's signature, so it is asked as anybody might.
    const asked = await pod.call('apps.sync', { url: app.url });
    assert.equal(asked.isRegistered, false);
    assert.ok(asked.problem);
    const raw = registration(app.url, 'x');
    for (const authorization of ['', 'Bearer undefined', `Bearer ${wrong}`, 'Bearer signkey-0-00']) {
      const answer = await pod.route('POST', '/fn/register', raw, { authorization });
      assert.equal(answer.status, 401, authorization);
      assert.ok(answer.body.error);
    }
    // Registered all the same by its user, it refuses calls that are not signed with its own key.
    const url = `${app.url}?fnId=wrong-hello&stepId=step`;
    const body = registration(app.url, 'hello');
    body.functions[0].steps.step.runtime.url = url;
    const made = await pod.route('POST', '/fn/register', body, { authorization: `Bearer ${pod.key}` });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    // What an app said to its user is told to nobody else who names its address.
    const named = registration(app.url, 'theirs');
    assert.equal((await pod.route('POST', '/fn/register', named, { authorization: `Bearer ${ann}` })).status, 200);
    const problems = async (key) =>
      (await pod.call('apps.list', {}, key)).apps.filter((each) => each.url === app.url).map((each) => each.problem);
    assert.deepEqual(await problems(pod.key), [asked.problem]);
    assert.deepEqual(await problems(ann), [undefined]);
    await pod.route('POST', `/e/${pod.key}`, { name: 'raw/hello' });
    const run = await pod.run('raw-hello', 'active');
    const { error } = await pod.call('runs.get', { id: run.id }).then(async (first) => {
      for (let shown = first; ; shown = await pod.call('runs.get', { id: run.id })) {
        if (shown.error) return shown;
      }
    });
    assert.match(error.message, /Unauthorized/);
  });

  test('an event key is a key of the pod that may write events', async () => {
    const event = { name: 'shop/any' };
    assert.equal((await pod.route('POST', '/e/', event)).status, 401);
    assert.deepEqual((await pod.route('POST', '/e/nonsense', event)).body, {
      error: 'Event key not found: it is an API key of this pod',
      status: 401,
    });
    assert.equal((await pod.route('POST', `/e/synap_${'a'.repeat(43)}`, event)).status, 401);
    const { key } = await pod.call('keys.create', { name: 'reads', scopes: ['notes:read'] });
    assert.equal((await pod.route('POST', `/e/${key}`, event)).status, 403);
    assert.equal((await pod.route('POST', `/e/${pod.key}`, event)).status, 200);
  });
});

describe('in development', () => {
  let pod;
  before(async () => {
    pod = await Pod.start('--dev', '--inngest-port', '0');
  });
  after(() => pod?.remove());

  test('a page of another origin needs a key', async () => {
    const event = { name: 'shop/any' };
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }]) {
      assert.equal((await pod.route('POST', '/e/', event, headers)).status, 403);
      const form = await pod.route('POST', '/e/', 'name=shop%2Fany', {
        ...headers,
        'content-type': 'application/x-www-form-urlencoded',
      });
      assert.equal(form.status, 403);
      assert.equal((await pod.route('POST', '/fn/register', registration('http://a.b/', 'x'), headers)).status, 403);
    }
    assert.equal((await pod.route('POST', '/e/', event)).status, 200);
  });

  test('a page of any origin sends with a key in the address', async () => {
    const origin = 'https://shop.example';
    const ask = (path) =>
      fetch(pod.url + path, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } });
    const may = await ask(`/e/${pod.key}`);
    assert.equal(may.status, 204);
    assert.equal(may.headers.get('access-control-allow-origin'), '*');
    assert.match(may.headers.get('access-control-allow-methods'), /POST/);
    assert.equal((await ask('/e/')).headers.get('access-control-allow-origin'), null);
    assert.equal((await ask('/fn/register')).headers.get('access-control-allow-origin'), null);
    const sent = await pod.route('POST', `/e/${pod.key}`, { name: 'shop/any' }, { origin });
    assert.equal(sent.status, 200);
    assert.equal(sent.headers.get('access-control-allow-origin'), '*');
    const refused = await pod.route('POST', `/e/${pod.key}`, { name: '' }, { origin });
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [400, '*']);
    const keyless = await pod.route('POST', '/e/', { name: 'shop/any' }, { origin });
    assert.deepEqual([keyless.status, keyless.headers.get('access-control-allow-origin')], [403, null]);
    const form = new FormData();
    form.set('name', 'shop/any');
    form.append('to', 'a');
    const webhook = await fetch(`${pod.url}/e/${pod.key}`, { method: 'POST', body: form });
    assert.equal(webhook.status, 200, await webhook.text());
  });

  test("names of the pod's events are refused, every one, whichever way they come", async () => {
    const { types } = await pod.call('catalogue.eventTypes');
    assert.ok(types.length > 20);
    const names = [
      'note.creation.completed', 'note.anything', 'user.creation.completed', 'key.x', 'function.finished',
      'inngest/function.failed', 'inngest/x', 'x.a.b', 'worker_app.sync.completed', 'order.creation.completed',
      ...types.map((type) => type.name),
    ];
    const app = await App.ofSdk(sdk, { isDev: true, baseUrl: pod.url }, (inngest) => [
      inngest.createFunction({ id: 'sends', retries: 0, triggers: [{ event: 'shop/sends' }] }, ({ step }) => {
        const sent = (name) => step.sendEvent(name, { name }).then(() => 'sent', (error) => error.message);
        return Promise.all(names.map(sent));
      }),
      inngest.createFunction({ id: 'hears', triggers: [{ event: 'shop/never' }] }, ({ event }) => event.name),
    ]);
    try {
      assert.equal((await app.sync()).status, 200);
      const { position } = (await pod.call('events.list', { limit: 1, order: 'desc' })).events[0];
      for (const name of names) {
        const { status, body } = await pod.route('POST', '/e/k', { name });
        assert.equal(status, 400, name);
        assert.deepEqual(body.ids, [], name);
        assert.ok(body.error, name);
        await assert.rejects(pod.call('events.publish', { type: name, data: {} }), /40[04]/, name);
        assert.equal((await pod.route('POST', `/invoke/${encodeURIComponent(name)}`, { name })).status, 404, name);
      }
      // What invokes a function has a name of its own, whatever it is asked to be called.
      await pod.route('POST', '/invoke/shop-hears', { name: 'note.creation.completed', data: {} });
      assert.equal(await pod.outputOf(await pod.run('shop-hears', 'completed')), 'inngest/function.invoked');
      await pod.route('POST', '/e/k', { name: 'shop/sends' });
      const answers = await pod.outputOf(await pod.run('shop-sends', 'completed'));
      assert.equal(answers.length, names.length);
      answers.forEach((answer, at) => assert.match(answer, /pod's own events/, names[at]));
      const { events } = await pod.call('events.list', { after: position, limit: 500 });
      const appended = new Set(events.map(({ type }) => type));
      assert.deepEqual([...appended].sort(), ['function.invoked', 'shop/sends']);
    } finally {
      await app.close();
      await pod.route('DELETE', `/fn/remove?url=${encodeURIComponent(app.url)}`);
    }
  });

  test('a request is taken up to its first bad event', async () => {
    const { status, body } = await pod.route('POST', '/e/k', [{ name: 'shop/a' }, { name: '' }, { name: 'shop/b' }]);
    assert.equal(status, 400);
    assert.equal(body.ids.length, 1);
    assert.match(body.error, /The event at 1/);
    const many = await pod.route('POST', '/e/k', Array(5001).fill({ name: 'shop/a' }));
    assert.equal(many.status, 400);
    assert.equal((await pod.route('POST', '/e/k', 'not json')).status, 400);
    const large = await pod.route('POST', '/e/k', { name: 'shop/a', data: { text: 'x'.repeat(600_000) } });
    assert.equal(large.status, 413);
  });

  test('a request that is sent again is the same events', async () => {
    const seed = { 'x-inngest-event-id-seed': '1700000000000,AAAAAAAAAAAAAA==' };
    const events = [{ name: 'again/a' }, { name: 'again/b' }];
    const first = await pod.route('POST', '/e/k', events, seed);
    assert.deepEqual((await pod.route('POST', '/e/k', events, seed)).body, first.body);
    assert.equal(new Set(first.body.ids).size, 2);
    const { body } = await pod.route('GET', '/v1/events?name=again/a');
    assert.deepEqual(body.data.map((event) => event.internal_id), [first.body.ids[0]]);
  });

  test('what is not there yet answers 501 with a sentence', async () => {
    for (const path of ['/v1/runs/x/metadata', '/fn/step-limit']) {
      const { status, body } = await pod.route('POST', path, {});
      assert.equal(status, 501, path);
      assert.match(body.error, /docs\/inngest\.md/, path);
    }
    assert.equal((await pod.route('PATCH', '/fn/register')).status, 405);
  });

  test('an app that asks for more than there is, is refused as a whole', async () => {
    const asked = registration('http://127.0.0.1:9/api', 'x', { warp: { factor: 9 } });
    const { status, body } = await pod.route('POST', '/fn/register', asked);
    assert.equal(status, 501);
    assert.equal(body.error, 'The app is not registered. raw-x: this pod does not know "warp"');
    assert.deepEqual((await pod.call('apps.list')).apps, []);
    const wrong = registration('http://127.0.0.1:9/api', 'x', {
      triggers: [{ event: 'a', expression: 'event.data.' }],
    });
    assert.equal((await pod.route('POST', '/fn/register', wrong)).status, 400);
  });

  test('an app with more functions than an app may have is refused, however it says so', async () => {
    const functions = (count) =>
      Array.from({ length: count }, (_, i) => registration('http://127.0.0.1:9/api', `f${i}`).functions[0]);
    const asked = (count) => ({ ...registration('http://127.0.0.1:9/api', 'x'), appName: 'many', functions: functions(count) });
    const refused = await pod.route('POST', '/fn/register', asked(10_000));
    assert.equal(refused.status, 400);
    assert.match(refused.body.error, /at most 1000 functions; "many" has 10000/);
    // Refused by its head: nothing of it is read.
    const { hostname, port } = new URL(pod.url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST /fn/register HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n`);
    socket.write(`content-length: ${4 * 1024 * 1024 + 1}\r\n\r\n`);
    const [head] = await once(socket, 'data');
    socket.destroy();
    assert.match(String(head), /^HTTP\/1\.1 413 /);
    const app = await App.listen((request, response) => {
      response.writeHead(200, { 'x-inngest-sync-kind': 'in_band', 'x-inngest-sdk': 'js:v4.24.0' });
      response.end(JSON.stringify({ app_id: 'many', url: app.url, functions: functions(10_000) }));
    });
    try {
      assert.match((await pod.call('apps.sync', { url: app.url })).problem, /at most 1000 functions/);
    } finally {
      await app.close();
    }
    assert.deepEqual((await pod.call('apps.list')).apps, []);
    assert.equal((await pod.route('POST', '/fn/register', asked(1_000))).status, 200);
    const { body } = await pod.route('GET', '/dev');
    assert.equal(body.functions.length, 1_000);
    await pod.route('DELETE', `/fn/remove?url=${encodeURIComponent('http://127.0.0.1:9/api')}`);
  });

  test('an app is removed by its address', async () => {
    const url = 'http://127.0.0.1:9/api';
    assert.equal((await pod.route('POST', '/fn/register', registration(url, 'x'))).status, 200);
    assert.equal((await pod.route('GET', '/dev')).body.functions.length, 1);
    const remove = `/fn/remove?url=${encodeURIComponent(url)}`;
    assert.equal((await pod.route('DELETE', remove)).status, 200);
    assert.equal((await pod.route('DELETE', remove)).status, 404);
    assert.equal((await pod.route('GET', '/dev')).body.functions.length, 0);
  });
});

// Whatever agents and apps come to say: it leaves the pod for these places alone.
describe('with a list of places to which the pod sends anything', () => {
  for (const [allowed, isRegistered] of [['apps.example,10.0.0.0/8', false], ['127.0.0.1', true]]) {
    test(`an app at 127.0.0.1 is ${isRegistered ? 'called' : 'not called'} where that is ${allowed}`, async () => {
      const pod = await Pod.start('--egress-allowed', allowed);
      let app;
      try {
        const { signingKey } = await pod.call('apps.keys');
        app = await App.ofSdk(sdk, { isDev: false, baseUrl: pod.url, signingKey, eventKey: pod.key }, (inngest) => [
          inngest.createFunction({ id: 'hello', triggers: [{ event: 'shop/hello' }] }, ({ event }) => event.data.n),
        ]);
        const synced = await pod.call('apps.sync', { url: app.url });
        assert.equal(synced.isRegistered, isRegistered, JSON.stringify(synced));
        if (!isRegistered) assert.match(synced.problem, /none of the places that the setting egress_allowed names/);
        // It may as well register by itself.
        const answer = await fetch(`${pod.url}/fn/register`, {
          method: 'POST', headers: { authorization: `Bearer ${pod.key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ url: app.url, deployType: 'ping', appName: 'itself', sdk: 'js:v4', v: '0.1', framework: 'x', functions: [] }),
        });
        assert.equal(answer.status, isRegistered ? 200 : 403, await answer.text());
      } finally {
        await app?.close();
        await pod.remove();
      }
    });
  }
});
