// Limits that its owner sets, as whoever passes them meets them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { checkRefusal, raw, servedConnections } from './hostile.mjs';
import { Caller, Pod, until, within } from './pod.mjs';
import { RawWebSocket } from './websocket.mjs';

async function start(t, ...args) {
  const pod = await Pod.make(t, { args });
  await pod.start();
  return pod;
}

const kMost = 5;
const limited = (t) => start(t, '--calls-per-second-max', String(kMost));

// Each answer takes far less than a second, so most of `count` calls come too soon.
async function statuses(caller, count) {
  const answers = [];
  for (let i = 0; i < count; ++i) answers.push(await caller.query('notes.list', {}));
  return answers;
}

test('a user who calls too often is told when to come again, others are not', { timeout: 60_000 }, async (t) => {
  const pod = await limited(t);
  const owner = pod.owner();
  const { key } = await owner.tell('users.create', { name: 'member' });
  const answers = await statuses(owner, 40);
  const refused = answers.filter(({ status }) => status !== 200);
  assert.ok(refused.length > 0, 'some calls are refused');
  assert.ok(answers.length - refused.length >= kMost - 1, 'a second\'s worth is not');
  for (const answer of refused) {
    checkRefusal(answer, 429, 'a call too many');
    assert.equal(answer.json.error.data.code, 'TOO_MANY_REQUESTS');
    assert.equal(answer.json.error.code, -32029);
    assert.match(answer.json.error.message, /may make 5 calls a second/);
    assert.equal(answer.headers['retry-after'], '1');
  }
  const member = new Caller(pod, key);
  const { key: second } = await member.tell('keys.create', { name: 'second' });
  await statuses(member, 40);
  const more = await statuses(new Caller(pod, second), 20);
  assert.ok(more.filter(({ status }) => status === 200).length < kMost, 'another key gives no more calls');
  assert.equal((await owner.request('GET', '/health')).status, 200, 'what needs no key');
});

test('each call of a batch and of a WebSocket counts', { timeout: 60_000 }, async (t) => {
  const pod = await limited(t);
  const owner = pod.owner();
  const { key } = await owner.tell('users.create', { name: 'member' });
  const paths = Array(40).fill('notes.list').join(',');
  const batch = await owner.request('GET', `/trpc/${paths}?batch=1&input=%7B%7D`);
  assert.equal(batch.status, 207);
  const isRefused = ({ error }) => error?.data.code === 'TOO_MANY_REQUESTS';
  assert.ok(batch.json.filter(isRefused).length >= 30);
  assert.ok(batch.json.some(({ result }) => result));

  const socket = await RawWebSocket.open(pod.port, { token: key });
  const answers = [];
  const all = new Promise((resolve) => {
    socket.on('message', (text) => {
      if (answers.push(JSON.parse(text)) === 40) resolve();
    });
  });
  for (let id = 1; id <= 40; ++id) {
    socket.send(JSON.stringify({ id, method: 'query', params: { path: 'notes.list', input: {} } }));
  }
  await within(10_000, all, 'every call is answered');
  assert.ok(answers.filter(isRefused).length >= 30);
  assert.ok(answers.some(({ result }) => result));
  socket.destroy();
});

test('how long a client may take is a setting', { timeout: 60_000 }, async (t) => {
  const pod = await start(t, '--head-timeout-ms', '200', '--body-timeout-ms', '200', '--idle-timeout-ms', '200');
  const head = await raw(pod, 'GET /trpc/health HTTP/1.1\r\nHost: ', { ms: 5_000 });
  checkRefusal(head, 408, 'half a head');
  const body = await raw(pod, 'POST /trpc/notes.create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    + `Authorization: Bearer ${pod.owner().token}\r\nContent-Length: 100\r\n\r\n{`, { ms: 5_000 });
  checkRefusal(body, 408, 'half a body');
  const idle = await raw(pod, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n', { ms: 5_000 });
  assert.equal(idle.status, 200);
});

test('how long a client may take nothing is a setting', { timeout: 60_000 }, async (t) => {
  const pod = await start(t, '--write-timeout-ms', '300');
  const owner = pod.owner();
  const { requestId, entityId } = await owner.tell('notes.create', { content: 'x'.repeat(4_000_000) });
  await owner.settled(requestId);
  const input = encodeURIComponent(JSON.stringify({ id: entityId }));
  const deaf = net.connect(pod.port, '127.0.0.1');
  t.after(() => deaf.destroy());
  deaf.on('error', () => {});
  deaf.pause();
  // More than the buffers of both sides hold.
  for (let i = 0; i < 8; ++i) {
    deaf.write(`GET /trpc/notes.get?input=${input} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${owner.token}\r\n\r\n`);
  }
  await once(deaf, 'connect');
  const ports = new Set([deaf.localPort]);
  await until(5_000, () => servedConnections(pod, ports) === 1, 'it is served');
  await until(5_000, () => servedConnections(pod, ports) === 0, 'it is dropped');
});

test('how much a client may send, and how many may come, are settings', { timeout: 60_000 }, async (t) => {
  const pod = await start(t, '--header-bytes-max', '1024', '--connections-max', '3');
  const head = await raw(pod, `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(2000)}\r\n\r\n`);
  checkRefusal(head, 431, 'a head that is too large');
  const open = [];
  t.after(() => open.forEach((socket) => socket.destroy()));
  const answer = (key) => new Promise((resolve, reject) => {
    const socket = net.connect(pod.port, '127.0.0.1');
    open.push(socket);
    socket.on('error', reject);
    socket.once('data', (bytes) => resolve(String(bytes)));
    socket.write(`GET /trpc/health HTTP/1.1\r\nHost: localhost\r\n${key ? `Authorization: Bearer ${key}\r\n` : ''}\r\n`);
  });
  const { token } = pod.owner();
  // Whoever has no key makes room for whoever comes next.
  for (let i = 0; i < 6; ++i) assert.match(await within(5_000, answer(), 'an answer'), /^HTTP\/1\.1 200/);
  for (let i = 0; i < 3; ++i) assert.match(await within(5_000, answer(token), 'the owner is answered'), /^HTTP\/1\.1 200/);
  assert.match(await within(5_000, answer(token), 'an answer'), /^HTTP\/1\.1 503/);
});

test('WebSockets without a key lock nobody out, and how long they may stay is a setting', { timeout: 60_000 }, async (t) => {
  const pod = await start(t, '--connections-max', '20', '--stranger-timeout-ms', '1000');
  const sockets = await Promise.all(Array.from({ length: 15 }, () => RawWebSocket.open(pod.port)));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  assert.equal((await pod.owner().query('keys.list')).status, 200);
  await Promise.all(sockets.map((socket) => socket.closed(5_000)));
});
