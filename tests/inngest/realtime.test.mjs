// What functions publish while they run, heard by the official SDK's own subscribe().
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, test } from 'node:test';

import { channel, getSubscriptionToken, subscribe } from 'inngest/realtime';

import { App, delay, lanes, Pod, until } from './harness.mjs';

const { sdk } = lanes.at(-1);

describe('realtime', () => {
  let pod;
  let app;
  let bob;
  const chat = channel({ name: ({ room }) => `chat:${room}`, topics: { said: {}, typed: {} } });
  const open = [];

  before(async () => {
    pod = await Pod.start('--dev', '--dev-retry-interval', '50ms');
    bob = (await pod.call('users.create', { name: 'bob' })).key;
    app = await App.ofSdk(sdk, { isDev: true, baseUrl: pod.url }, (inngest) => [
      inngest.createFunction({ id: 'talk', triggers: [{ event: 'shop/talk' }] }, async ({ event, step }) => {
        const room = chat({ room: event.data.room });
        await inngest.realtime.publish(room.typed, { by: 'ann' });
        return step.realtime.publish('say', room.said, { text: event.data.text });
      }),
    ]);
    assert.equal((await app.sync()).status, 200);
  });
  after(async () => {
    for (const each of open) each.close();
    await app?.close();
    await pod?.remove();
  });

  const listen = async (room, topics = ['said', 'typed']) => {
    const heard = [];
    const token = await getSubscriptionToken(app.client, { channel: chat({ room }), topics });
    open.push(await subscribe({ ...token, app: app.client, onMessage: (message) => heard.push(message) }));
    return heard;
  };
  const tokenOf = async (topics, headers) => {
    const { status, body } = await pod.route('POST', '/v1/realtime/token', topics, headers);
    assert.equal(status, 201, JSON.stringify(body));
    return body.jwt;
  };
  const publish = (query, body, headers = {}) =>
    fetch(`${pod.url}/v1/realtime/publish?${query}`, { method: 'POST', body, headers });
  /** A WebSocket, and what it has heard. */
  const hear = async (token) => {
    const socket = new WebSocket(`${pod.url.replace('http', 'ws')}/v1/realtime/connect?token=${token}`);
    const heard = [];
    let closed = null;
    socket.onmessage = ({ data }) => heard.push(JSON.parse(data));
    socket.onclose = ({ code, reason }) => (closed = { code, reason });
    let isRefused = false;
    socket.onerror = () => (isRefused = true);
    await until(() => isRefused || socket.readyState !== WebSocket.CONNECTING, 'it is open or refused');
    open.push(socket);
    return { isRefused, heard, ended: async () => (await until(() => closed, 'it ends')) && closed };
  };

  test('a function publishes, and who listens to its topic hears it at once', async () => {
    const one = await listen('one');
    const typed = await listen('one', ['typed']);
    const two = await listen('two');
    await app.client.send({ name: 'shop/talk', data: { room: 'one', text: 'hello' } });
    await until(() => one.length === 2, 'both are heard');
    assert.deepEqual(one.map(({ topic, data, kind, channel: name }) => [topic, data, kind, name]), [
      ['typed', { by: 'ann' }, 'data', 'chat:one'],
      ['said', { text: 'hello' }, 'data', 'chat:one'],
    ]);
    const run = await pod.run('shop-talk', 'completed');
    assert.deepEqual(await pod.outputOf(run), { text: 'hello' });
    assert.ok(one[1].createdAt instanceof Date && one[1].runId.length === 26);
    assert.deepEqual(typed.map(({ topic }) => topic), ['typed']);
    assert.deepEqual(two, []);
  });

  test('texts, streams and several topics', async () => {
    const token = await tokenOf([{ channel: 'c', name: 'a', kind: 'run' }, { channel: 'c', name: 'b', kind: 'run' }]);
    const { heard } = await hear(token);
    assert.equal((await publish('channel=c&topic=a&topic=b', 'plain words')).status, 200);
    await publish('channel=c&topic=a', '7');
    const long = 'ä'.repeat(1_500);
    await publish('channel=c&topic=a', long, { 'content-type': 'text/stream' });
    await until(() => heard.at(-1)?.kind === 'datastream-end', 'the stream ends');
    assert.deepEqual(heard.slice(0, 3).map(({ topic, data }) => [topic, data]), [['a', 'plain words'], ['b', 'plain words'], ['a', 7]]);
    const [begin, ...chunks] = heard.slice(3, -1);
    assert.equal(begin.kind, 'datastream-start');
    assert.equal(chunks.length, 3);
    assert.ok(chunks.every(({ kind, stream_id: id }) => kind === 'chunk' && id === begin.data));
    assert.equal(chunks.map(({ data }) => data).join(''), long);
  });

  test('server-sent events say the same', async () => {
    const token = await tokenOf([{ channel: 'sse', name: 'a' }]);
    const answer = await fetch(`${pod.url}/v1/realtime/sse?token=${token}`);
    assert.equal(answer.headers.get('content-type'), 'text/event-stream');
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    assert.equal((await reader.read()).value, ':\n\n');
    await publish('channel=sse&topic=a', '{"n":1}');
    const { value } = await reader.read();
    assert.match(value, /^data: \{.*\}\n\n$/);
    assert.deepEqual(JSON.parse(value.slice(6)).data, { n: 1 });
    await reader.cancel();
  });

  test('topics are of one user, and a token of those that it names', async () => {
    const mine = await hear(await tokenOf([{ channel: 'own', name: 'a' }]));
    const theirs = await hear(await tokenOf([{ channel: 'own', name: 'a' }], { authorization: `Bearer ${bob}` }));
    await publish('channel=own&topic=b', '0');
    await publish('channel=own&topic=a', '1');
    await publish('channel=own&topic=a', '2', { authorization: `Bearer ${bob}` });
    await until(() => mine.heard.length > 0 && theirs.heard.length > 0, 'both hear');
    await delay(200);
    assert.deepEqual([mine.heard, theirs.heard].map((all) => all.map(({ data }) => data)), [[1], [2]]);
  });

  test('who has no token, a wrong one, or none any more, hears nothing', async () => {
    const token = await tokenOf([{ channel: 'c', name: 'a' }]);
    for (const wrong of ['', 'x', `${token}x`, `${token.slice(0, -2)}AA`, token.split('.').slice(0, 2).join('.')]) {
      assert.equal((await fetch(`${pod.url}/v1/realtime/sse?token=${wrong}`)).status, 401, wrong);
      assert.ok((await hear(wrong)).isRefused, wrong);
    }
    const made = await pod.call('keys.create', { name: 'web' }, bob);
    const keyed = await tokenOf([{ channel: 'c', name: 'a' }], { authorization: `Bearer ${made.key}` });
    const before = await hear(keyed);
    await pod.call('keys.revoke', { keyId: made.keyId }, bob);
    assert.equal((await before.ended()).code, 1001);
    assert.equal((await fetch(`${pod.url}/v1/realtime/sse?token=${keyed}`)).status, 401);
  });

  test('what cannot be published or asked for is refused', async () => {
    for (const query of ['', 'channel=c', 'topic=a', `channel=${'c'.repeat(257)}&topic=a`, 'channel=c&topic=a&run_id=x']) {
      assert.equal((await publish(query, '1')).status, 400, query);
    }
    assert.equal((await publish('channel=c&topic=a', new Uint8Array([0xff]))).status, 400);
    assert.equal((await publish('channel=c&topic=a', 'x'.repeat((512 << 10) + 1)).catch(() => ({ status: 413 }))).status, 413);
    assert.equal((await publish('channel=c&topic=a', '1', { origin: 'https://evil.example' })).status, 403);
    for (const body of ['{}', '[]', '[1]', '[{"channel":"c"}]', JSON.stringify(Array(101).fill({ channel: 'c', name: 'a' })), 'no']) {
      assert.equal((await pod.route('POST', '/v1/realtime/token', body)).status, 400, body);
    }
    const many = Array.from({ length: 50 }, (_, n) => ({ channel: 'c'.repeat(200), name: `${n}` }));
    assert.equal((await pod.route('POST', '/v1/realtime/token', many)).status, 413);
    const reader = (await pod.call('keys.create', { name: 'reader', scopes: ['notes:read'] })).key;
    assert.equal((await publish('channel=c&topic=a', '1', { authorization: `Bearer ${reader}` })).status, 403);
  });

  test('one who does not read holds up nobody', async () => {
    const token = await tokenOf([{ channel: 'flood', name: 'a' }]);
    // A client that never reads its socket.
    const slow = request(`${pod.url}/v1/realtime/sse?token=${token}`);
    slow.on('response', (response) => response.socket.pause());
    slow.on('error', () => {});
    slow.end();
    const quick = await hear(token);
    const text = JSON.stringify('x'.repeat(500_000));
    for (let n = 0; n < 60; ++n) {
      const began = Date.now();
      assert.equal((await publish('channel=flood&topic=a', text)).status, 200);
      assert.ok(Date.now() - began < 2_000, 'a publisher waits for nobody');
      await until(() => quick.heard.length === n + 1, 'who reads hears it');
    }
    slow.destroy();
    assert.equal(quick.heard.length, 60);
  });
});
