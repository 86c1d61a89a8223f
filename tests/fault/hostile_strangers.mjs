// A thousand connections without a key that do their worst: the pod's memory hardly moves, and its
// owner hardly notices.
//
// The load stays on 127.0.0.1, and each attack is bounded.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import net from 'node:net';
import test, { after, before } from 'node:test';
import { Worker } from 'node:worker_threads';
import { Siege } from './hostile.mjs';
import { pause, within } from './pod.mjs';
import { frame } from './websocket.mjs';

const kConnections = 1_000;
const kGrowthMbMax = 150;
const kAttackMs = 800;
// Those that send much keep this process busier than the pod: so there are fewer of them, except
// with FULL=1.
const kHeavyConnections = process.env.FULL ? kConnections : 150;
// The owner's slowest calls, compared with a calm pod's. A machine that is busy with other things
// makes both of them slow, so a pod that is calm has this much to begin with.
const kSlower = 3;
const kCalmMs = 30;

let siege;
let pod;
let owner;
let calm;

before(async () => {
  siege = await Siege.begin();
  ({ pod, owner } = siege);
  await owner.tell('keys.create', { name: 'another' });
  await latencies(300);
  calm = await latencies(1_000);
});
after(() => siege?.cleanUp());

/** How long the owner's calls take while `ms` pass, in ms: {p50, p99, calls}. One after another, on a
 * thread of their own: this one is busy with attacking. */
function latencies(ms) {
  const worker = new Worker(new URL('./owner_latency.mjs', import.meta.url), {
    workerData: { port: pod.port, token: owner.token, ms },
  });
  return within(ms + 20_000, new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  }), 'the owner has been answered');
}

const head = (length) => `POST /trpc/notes.create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
const upgrade = () => 'GET /trpc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${crypto.randomBytes(16).toString('base64')}\r\n\r\n`;
const path = 'x'.repeat(9 << 20);
const large = frame(`{"id":1,"method":"query","params":{"path":"${path}"}}`);
const nothing = Buffer.from(`[${'[],'.repeat(3_400_000)}0]`);

// What one connection does. What is sent is one buffer for all, so that this process stays small.
const attacks = {
  'half-sent bodies of 10 MiB': (socket) => {
    socket.write(head(10 << 20));
    socket.write(nothing.subarray(0, 64 << 10));
  },
  'whole bodies of 10 MiB': (socket) => {
    socket.write(head(nothing.length));
    socket.write(nothing);
  },
  'half-sent heads': (socket) => {
    socket.write(`GET /trpc/health HTTP/1.1\r\nHost: localhost\r\n${'X-Filler: y\r\n'.repeat(4_500)}`);
  },
  'half-sent heads of few fields': (socket) => {
    socket.write(`GET /trpc/health HTTP/1.1\r\nHost: localhost\r\n${`X-Filler: ${'y'.repeat(1_000)}\r\n`.repeat(60)}`);
  },
  'WebSockets that send messages of 9 MB and never read': (socket) => {
    socket.pause();
    socket.write(upgrade());
    socket.write(large);
  },
  'WebSockets that ask much in little messages and never read': (socket) => {
    socket.pause();
    socket.write(upgrade());
    const asking = (count) => frame(`[${Array(count).fill('{"id":1,"method":"query","params":{"path":"health"}}').join(',')}]`);
    const one = Buffer.concat([asking(10), asking(100)]);
    for (let i = 0; i < 20; ++i) socket.write(one);
  },
  'idle WebSockets': (socket) => {
    socket.write(upgrade());
  },
  'connections that say nothing': () => {},
};

/** Keeps `count` of them open, opening another where one is closed, while `action` runs. */
async function besiege(count, act, action) {
  const sockets = new Set();
  let opened = 0;
  let isOver = false;
  const open = () => {
    opened += 1;
    const socket = net.connect(pod.port, '127.0.0.1', () => act(socket));
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      if (!isOver && opened < 2 * count) open();
    });
  };
  for (let i = 0; i < count; i += 50) {
    for (let k = 0; k < 50; ++k) open();
    await pause(2);
  }
  const result = await action();
  isOver = true;
  for (const socket of sockets) socket.destroy();
  return { ...result, opened };
}

for (const [name, act] of Object.entries(attacks)) {
  const count = /whole|9 MB/.test(name) ? kHeavyConnections : kConnections;
  test(`${count} ${name} without a key`, { timeout: 60_000 }, async () => {
    const { result, peak } = await siege.peakOf(() => besiege(count, act, () => latencies(kAttackMs)));
    console.log(`hostile_strangers: ${JSON.stringify({ attack: name, peakGrowthMb: peak, ...result, calm })}`);
    assert.ok(peak < kGrowthMbMax, `memory grew by ${peak} MB`);
    const most = kSlower * Math.max(calm.p99, kCalmMs);
    assert.ok(result.p99 < most, `the owner waited ${result.p99} ms; when all is calm it is ${calm.p99} ms`);
    await siege.isWell(`after ${name}`);
  });
}

test('the pod is what it was', { timeout: 60_000 }, () => siege.end('hostile_strangers'));
