// Hostile clients at their connections, all of one pod: slow ones, deaf ones, many at once.
//
// The waits are those a pod has by default: 10 s for a head, 30 s for a body, 30 to 60 s for a reader
// (two looks at what its kernel has taken). Other ones can be set (limits.mjs); these are what a pod
// has that nobody has set up, so the slow clients run beside everything else, and this file takes a little longer than the last of them.
import assert from 'node:assert/strict';
import net from 'node:net';
import test, { after, before } from 'node:test';
import { checkRefusal, raw, servedConnections, Siege } from './hostile.mjs';
import { Caller, pause, until, within } from './pod.mjs';
import { BINARY, CLOSE, frame, PING, RawWebSocket } from './websocket.mjs';

const kHeadTimeoutMs = 10_000;
const kBodyTimeoutMs = 30_000;
const kDeafTimeoutMs = 60_000;
const kSlackMs = 8_000;

let siege;
let pod;
let owner;
const slow = {};

before(async () => {
  siege = await Siege.begin();
  ({ pod, owner } = siege);
  // Begun first, judged last.
  slow.head = drip(`GET /trpc/health HTTP/1.1\r\nHost: localhost\r\n`, 'X-Drip: 1\r\n', 1_000);
  slow.headSilent = drip('GET /trpc/he', '', 1_000);
  slow.body = drip(`POST /trpc/notes.create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${owner.token}\r\n`
    + 'Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"content":"', 'x', 1_000);
  slow.chunks = drip(`POST /trpc/notes.create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${owner.token}\r\n`
    + 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n', 1_000);
  for (const promise of Object.values(slow)) promise.catch(() => {});
});
after(() => siege?.cleanUp());

/** A client that sends a little again and again; what it was told, and when. */
function drip(first, again, everyMs) {
  const begin = performance.now();
  return within(120_000, new Promise((resolve) => {
    let text = '';
    const socket = net.connect(pod.port, '127.0.0.1', () => socket.write(first));
    const timer = setInterval(() => again && socket.writable && socket.write(again), everyMs);
    socket.on('data', (chunk) => { text += chunk; });
    socket.on('error', () => {});
    socket.on('end', () => resolve({ text, ms: performance.now() - begin }));
    socket.on('close', () => {
      clearInterval(timer);
      resolve({ text, ms: performance.now() - begin });
    });
  }), 'a slow client is dropped');
}

function attack(name, action, { timeout = 90_000 } = {}) {
  test(name, { timeout }, async (t) => {
    await action(t);
    await siege.isWell(`after ${name}`);
  });
}

const openSocket = (options) => RawWebSocket.open(pod.port, { token: owner.token, ...options });
const isError = (message) => message?.error !== undefined;

attack('WebSocket frames against the rules', async () => {
  const breaches = {
    'an unmasked frame': frame('{}', { masked: false }),
    'a reserved bit': frame('{}', { rsv: 4 }),
    'an unknown opcode': frame('{}', { opcode: 5 }),
    'a long control frame': frame('x'.repeat(126), { opcode: PING }),
    'a control frame in pieces': frame('x', { opcode: PING, fin: false }),
    'a continuation of nothing': frame('x', { opcode: 0 }),
    'a length beyond 63 bits': Buffer.from('81ffffffffffffffffff00000000', 'hex'),
    'a message beyond the limit': frame('', { length: 11 * 1024 * 1024 }),
    'text that is no UTF-8': frame(Buffer.from('c0af', 'hex')),
    'a close with one byte': frame('x', { opcode: CLOSE }),
    'noise': Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 40503) >> 4 & 0xff)),
  };
  for (const [what, bytes] of Object.entries(breaches)) {
    const socket = await openSocket();
    socket.raw(bytes);
    await socket.closed(8_000).catch((error) => assert.fail(`${what}: ${error.message}`));
    socket.destroy();
  }
});

attack('WebSocket messages that mean nothing', async () => {
  const socket = await openSocket();
  const messages = ['', 'hello', '{', 'null', '7', '[]'.repeat(3), '['.repeat(100_000), '{"id":1}', '{"id":{},"method":"query"}',
    '{"id":1,"method":"query"}', '{"id":1,"method":"query","params":{}}', '{"id":1,"method":"query","params":{"path":7}}',
    '{"id":1,"method":"nothing","params":{"path":"health"}}', '{"id":1e400,"method":"query","params":{"path":"health"}}',
    '{"__proto__":1}', '{"id":1,"method":"query","params":{"path":"nothing"}}', '{"id":null,"method":"subscription.stop"}'];
  for (const text of messages) {
    const told = socket.next(isError, 5_000, `an error for ${text.slice(0, 40)}`);
    socket.send(text);
    const { error } = await told;
    assert.equal(typeof error.code, 'number', text.slice(0, 40));
  }
  const told = socket.next(isError);
  socket.raw(frame('{}', { opcode: BINARY }));
  assert.equal(typeof (await told).error.code, 'number');
  // And the connection is still good.
  const answer = socket.next((message) => message.id === 99);
  socket.send({ id: 99, method: 'query', params: { path: 'health' } });
  assert.equal((await answer).result.data.status, 'ok');
  socket.destroy();
});

attack('1,000 messages at once, a batch of 1,001, 1,001 subscriptions', async () => {
  const socket = await openSocket();
  let answers = 0;
  const all = new Promise((resolve) => socket.on('message', () => ++answers === 1000 && resolve()));
  socket.raw(Buffer.concat(Array.from({ length: 1000 }, (_, id) => frame(JSON.stringify({ id, method: 'query', params: { path: 'notes.list', input: {} } })))));
  await within(30_000, all, '1,000 answers');
  // Longer than a batch over HTTP may be: a client that reconnects asks for all it had at once.
  const refused = socket.next(isError, 10_000, 'a batch of 1,001 is refused');
  socket.send(Array.from({ length: 1001 }, (_, id) => ({ id, method: 'query', params: { path: 'health' } })));
  await refused;
  const tooMany = socket.next((message) => message?.error?.data?.code === 'TOO_MANY_REQUESTS', 20_000, 'one subscription too many is refused');
  for (let id = 2000; id < 3001; ++id) socket.subscribe(id, 'events.watch', {});
  await tooMany;
  socket.destroy();
});

attack('WebSocket keys', async () => {
  for (const token of ['', 'synap_wrong']) {
    const socket = await RawWebSocket.open(pod.port, { token });
    const told = socket.next(isError, 5_000).catch(() => null);
    socket.subscribe(1, 'events.watch', {});
    const message = await told;
    assert.equal(message?.error.data.code, 'UNAUTHORIZED');
    socket.destroy();
  }
  // A key that is revoked while its connection is open opens nothing more and shows nothing more.
  const made = await owner.tell('keys.create', { name: 'soon revoked' });
  const socket = await RawWebSocket.open(pod.port, { token: made.key });
  const started = socket.next((message) => message?.result?.type === 'started');
  socket.subscribe(1, 'events.watch', {});
  await started;
  await owner.tell('keys.revoke', { keyId: made.keyId });
  let leaked = 0;
  socket.on('message', (text) => { if (text.includes('after the revocation')) leaked += 1; });
  const { requestId } = await owner.tell('notes.create', { content: 'after the revocation' });
  await owner.settled(requestId);
  if (!socket.isClosed) {
    const told = socket.next((message) => message?.id === 2, 5_000).catch(() => ({ error: { data: { code: 'UNAUTHORIZED' } } }));
    socket.send({ id: 2, method: 'query', params: { path: 'notes.list', input: {} } });
    assert.equal((await told).error?.data.code, 'UNAUTHORIZED', 'a revoked key asks nothing');
  }
  assert.equal(leaked, 0, 'a revoked key watches nothing');
  socket.destroy();
});

// Connections that ask for much and read nothing: what waits for them must be bounded, they are
// dropped in time, and others notice nothing.
attack('deaf readers while thousands of events are produced', async () => {
  const kText = 16_000;
  const { peak } = await siege.peakOf(async () => {
    const deaf = [];
    for (let i = 0; i < 10; ++i) {
      const socket = await openSocket();
      socket.tcp.pause();
      for (let id = 0; id < 10; ++id) socket.subscribe(id, 'events.watch', { lastEventId: '0' });
      deaf.push(socket.tcp);
    }
    for (let i = 0; i < 10; ++i) {
      const socket = net.connect(pod.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.pause();
      const input = encodeURIComponent(JSON.stringify({ lastEventId: '0' }));
      socket.write(`GET /trpc/events.watch?input=${input} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${owner.token}\r\n\r\n`);
      deaf.push(socket);
    }
    slow.deafSince = performance.now();
    const callers = Array.from({ length: 8 }, () => new Caller(pod, owner.token, { connections: 1 }));
    await Promise.all(callers.map(async (caller, c) => {
      for (let i = 0; i < 150; ++i) await caller.tell('notes.create', { title: `${c}-${i}`, content: `${i}`.padEnd(kText, 'v') });
    }));
    slow.deaf = deaf;
  });
  console.log(`hostile_sockets: ${JSON.stringify({ deafReaders: slow.deaf.length, subscriptions: 110, peakGrowthMb: peak })}`);
  assert.ok(peak < 200, `memory grew by ${peak} MB for clients that do not read`);
});

attack('2,000 idle connections', async () => {
  const sockets = await connectMany(2_000);
  await siege.isWell('beside 2,000 idle connections');
  const growth = siege.checkMemory('2,000 idle connections');
  console.log(`hostile_sockets: ${JSON.stringify({ idleConnections: sockets.length, growthMb: growth })}`);
  for (const socket of sockets) socket.destroy();
});

attack('a flood of connections', async () => {
  let opened = 0;
  const end = performance.now() + 3_000;
  await Promise.all(Array.from({ length: 50 }, async () => {
    while (performance.now() < end) {
      await new Promise((resolve) => {
        const socket = net.connect(pod.port, '127.0.0.1', () => {
          opened += 1;
          // Half say something, half of them half of it; all go without waiting.
          if (opened % 2) socket.write(opened % 4 === 1 ? 'GET /trpc/he' : 'GET /trpc/health HTTP/1.1\r\nHost: localhost\r\n\r\n');
          socket.resetAndDestroy();
        });
        socket.on('error', resolve);
        socket.on('close', resolve);
      });
    }
  }));
  console.log(`hostile_sockets: ${JSON.stringify({ floodOf: opened })}`);
  assert.ok(opened > 500);
});

attack('pipelined requests', async () => {
  const one = `GET /trpc/health HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const answer = await raw(pod, [one.repeat(5_000), `GET /trpc/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`]);
  assert.equal(answer.text.match(/HTTP\/1\.1 200 OK\r\n/g).length, 5_001);
});

attack('slow heads and bodies are told and dropped', async () => {
  const took = {};
  for (const [what, most] of [['head', kHeadTimeoutMs], ['headSilent', kHeadTimeoutMs], ['body', kBodyTimeoutMs], ['chunks', kBodyTimeoutMs]]) {
    const { text, ms } = await slow[what];
    took[`${what}Ms`] = Math.round(ms);
    assert.ok(ms < most + kSlackMs, `${what}: dropped after ${ms} ms`);
    assert.match(text, /^HTTP\/1\.1 408 /, `${what} is told`);
    assert.match(text, /"code":-?\d+/, what);
  }
  console.log(`hostile_sockets: ${JSON.stringify(took)}`);
});

attack('deaf readers are dropped', async () => {
  // Their side learns of it only when it reads: the pod's own sockets are counted.
  const deaf = new Set(slow.deaf.map((socket) => socket.localPort));
  const stillOpen = () => servedConnections(pod, deaf);
  await until(kDeafTimeoutMs + kSlackMs, () => stillOpen() === 0 || null, 'deaf readers are dropped').catch((error) => {
    throw new Error(`${error.message}: ${stillOpen()} of ${deaf.size} are still served`);
  });
  console.log(`hostile_sockets: ${JSON.stringify({ deafDroppedAfterMs: Math.round(performance.now() - slow.deafSince) })}`);
  for (const socket of slow.deaf) socket.destroy();
});

test('the pod is what it was', { timeout: 60_000 }, () => siege.end('hostile_sockets'));

async function connectMany(count) {
  const sockets = [];
  for (let i = 0; i < count; i += 100) {
    sockets.push(...await within(20_000, Promise.all(Array.from({ length: 100 }, () => new Promise((resolve, reject) => {
      const socket = net.connect(pod.port, '127.0.0.1', () => resolve(socket));
      socket.on('error', reject);
    }))), '100 more connections'));
  }
  return sockets;
}
