// Small requests with large answers, which a hostile client does not even read: what the pod keeps
// for one connection is bounded.
import assert from 'node:assert/strict';
import net from 'node:net';
import test, { after, before } from 'node:test';
import { Siege } from './hostile.mjs';
import { pause } from './pod.mjs';
import { RawWebSocket } from './websocket.mjs';

let siege;
let pod;
let owner;

before(async () => {
  siege = await Siege.begin();
  ({ pod, owner } = siege);
});
after(() => siege?.cleanUp());

function attack(name, options, action) {
  test(name, { timeout: 60_000, ...options }, async (t) => {
    try {
      await action(t);
    } finally {
      await siege.isWell(`after ${name}`);
    }
  });
}

// The answers of many calls are many times larger than the calls.
attack('large answers that nobody reads', {}, async () => {
  const { requestId, entityId } = await owner.tell('notes.create', { content: 'w'.repeat(1024 * 1024) });
  await owner.settled(requestId);
  const sockets = [];
  const { peak } = await siege.peakOf(async () => {
    const socket = await RawWebSocket.open(pod.port, { token: owner.token });
    sockets.push(socket.tcp);
    socket.tcp.pause();
    for (let id = 0; id < 300; ++id) socket.send({ id, method: 'query', params: { path: 'notes.get', input: { id: entityId } } });
    await pause(2_000);
    await siege.isWell('during large answers');
  });
  for (const socket of sockets) socket.destroy();
  console.log(`hostile_memory: ${JSON.stringify({ unreadCalls: 300, ofMb: 1, peakGrowthMb: peak })}`);
  assert.ok(peak < 200, `memory grew by ${peak} MB for 300 answers of 1 MB on one WebSocket that is not read`);
});

attack('batches of large answers', {}, async () => {
  await Promise.all(Array.from({ length: 400 }, (_, i) => owner.tell('notes.create', { content: `${i}`.padEnd(32_000, 'b') })));
  const inputs = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i, { limit: 1000 }]));
  const { peak } = await siege.peakOf(async () => {
    const socket = net.connect(pod.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    const target = `/trpc/${Array(20).fill('events.list').join(',')}?batch=1&input=${encodeURIComponent(JSON.stringify(inputs))}`;
    socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${owner.token}\r\n\r\n`);
    await pause(3_000);
    await siege.isWell('during a batch of large answers');
    socket.destroy();
  });
  console.log(`hostile_memory: ${JSON.stringify({ batchOf: 20, peakGrowthMb: peak })}`);
  assert.ok(peak < 400, `memory grew by ${peak} MB for one batch of 20 calls`);
});
