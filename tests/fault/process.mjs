// What is done to a pod as a process: a second one on its directory, SIGTERM under load, a start
// that is cut off.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, rmdirSync, statSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { gather, judge, Ledger, sha256 } from './ledger.mjs';
import { BIN, Caller, environment, pause, Pod, random, within } from './pod.mjs';
import { RawWebSocket } from './websocket.mjs';

function runToEnd(args) {
  return within(20_000, new Promise((resolve) => {
    const child = spawn(BIN, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    let text = '';
    child.stdout.on('data', (chunk) => { text += chunk; });
    child.stderr.on('data', (chunk) => { text += chunk; });
    child.on('exit', (code, signal) => resolve({ code, signal, text }));
  }), 'a refused process ends');
}

test('a second process on a data directory is refused with a sentence', { timeout: 60_000 }, async (t) => {
  const pod = await Pod.make(t);
  await pod.start();
  const owner = pod.owner();
  const { requestId } = await owner.tell('notes.create', { content: 'mine' });
  const other = await Pod.make(t);
  const second = await runToEnd(['serve', '--data', pod.data, '--listen', `127.0.0.1:${other.port}`]);
  assert.equal(second.code, 5, 'conflict');
  assert.equal(second.signal, null);
  assert.match(second.text, new RegExp(`another synap process.*pid ${pod.pid}.*${path.basename(pod.root)}`, 'is'));
  assert.doesNotMatch(second.text, /synap_[\w-]{20}/, 'no key is shown');
  assert.equal((await owner.settled(requestId)).status, 'completed', 'the first is none the worse');

  // And on its address, with a directory of its own.
  const third = await runToEnd(['serve', '--data', path.join(other.root, 'data'), '--listen', `127.0.0.1:${pod.port}`]);
  assert.notEqual(third.code, 0);
  assert.match(third.text, /in use/i);

  // The lock goes with the process, however it ends.
  await pod.kill();
  await pod.start();
  console.log(`process: ${JSON.stringify({ secondExitCode: second.code, said: second.text.trim(), addressInUseExitCode: third.code })}`);
});

test('a pod whose directory is not in its place acknowledges nothing, and says why', { timeout: 60_000 }, async (t) => {
  const pod = await Pod.make(t);
  await pod.start();
  const owner = pod.owner();
  const { requestId } = await owner.tell('notes.create', { content: 'before' });
  assert.equal((await owner.settled(requestId)).status, 'completed');
  const why = /The data directory was moved, removed or replaced; put it back, or restart the pod/;
  renameSync(pod.data, `${pod.data}-moved`);
  for (const [name, input] of [['notes.create', { content: 'lost' }], ['tasks.create', { title: 'lost' }]]) {
    const answer = await owner.mutate(name, input);
    assert.deepEqual([answer.status, why.test(answer.text)], [503, true], answer.text);
  }
  renameSync(`${pod.data}-moved`, pod.data);
  const { tasks } = (await owner.query('tasks.list')).json.result.data;
  assert.deepEqual(tasks, []);
  assert.equal((await owner.mutate('tasks.create', { title: 'kept' })).status, 200, 'where it is back it goes on');
  // The log of changes is a file of its own, and texts have a directory.
  const wal = path.join(pod.data, 'synap.db-wal');
  renameSync(wal, `${wal}-moved`);
  const refused = await owner.mutate('tasks.create', { title: 'lost' });
  assert.deepEqual([refused.status, /A file of the database was removed, replaced or cut off/.test(refused.text)], [503, true], refused.text);
  renameSync(`${wal}-moved`, wal);
  assert.equal((await owner.mutate('tasks.create', { title: 'kept' })).status, 200);
  renameSync(path.join(pod.data, 'content'), path.join(pod.data, 'elsewhere'));
  const waiting = await owner.tell('notes.create', { content: 'stored where it is found' });
  await pause(1_500);
  const ready = await fetch(`http://127.0.0.1:${pod.port}/ready`);
  assert.deepEqual([ready.status, (await ready.json()).reason], [503, 'Content cannot be stored now']);
  assert.equal((await owner.ask('requests.get', { requestId: waiting.requestId })).status, 'pending');
  assert.equal((await owner.mutate('notes.create', { content: 'long'.padEnd(100_000, 'x') })).status, 503);
  renameSync(path.join(pod.data, 'elsewhere'), path.join(pod.data, 'content'));
  assert.equal((await owner.settled(waiting.requestId)).status, 'completed', 'where it is back it is stored');
  await pod.kill();
  await pod.start();
  const again = pod.owner();
  assert.equal((await again.ask('notes.get', { id: waiting.entityId })).content, 'stored where it is found');
  assert.equal((await again.ask('tasks.list')).tasks.length, 2);
});

test('SIGTERM under load stops in time and keeps what was acknowledged', { timeout: 90_000 }, async (t) => {
  const pod = await Pod.make(t);
  await pod.start();
  const owner = pod.owner();
  const ledger = new Ledger();
  const counts = { acks: 0, refused: 0, cut: 0, stops: 0, stopMsMax: 0, socketCodes: {} };
  for (let round = 0; round < 3; ++round) {
    let isOver = false;
    const clients = Array.from({ length: 16 }, async (_, i) => {
      const caller = new Caller(pod, owner.token, { connections: 1 });
      for (let n = 0; !isOver; ++n) {
        const title = `s${round}-${i}-${n}`;
        const content = `${title}\n${'y'.repeat(n % 9 === 0 ? 80_000 : 700)}`;
        const creation = { user: 'owner', title, checksum: sha256(content) };
        try {
          const answer = await caller.mutate('notes.create', { title, content });
          if (answer.status === 200) {
            ledger.created('owner', creation, answer.json.result.data);
            counts.acks += 1;
          } else {
            assert.equal(typeof answer.json?.error.code, 'number', answer.text);
            counts.refused += 1;
          }
        } catch {
          counts.cut += 1;
          ledger.unanswered.push(creation);
          isOver = true;
        }
      }
    });
    const sockets = await Promise.all(Array.from({ length: 5 }, () => RawWebSocket.open(pod.port, { token: owner.token })));
    const reconnects = sockets.map((socket) => socket.next((message) => message?.method === 'reconnect', 15_000, 'reconnect'));
    const closes = sockets.map((socket) => new Promise((resolve) => { socket.once('closed', ({ code }) => resolve(code)); }));
    for (const socket of sockets) socket.subscribe(1, 'events.watch', {});
    const streams = Array.from({ length: 5 }, () => new Promise((resolve, reject) => {
      const request = http.get({
        port: pod.port, host: '127.0.0.1', path: '/trpc/events.watch', agent: false,
        headers: { authorization: `Bearer ${owner.token}` },
      }, (response) => {
        response.resume();
        response.on('close', () => resolve(response.complete));
      });
      request.on('error', reject);
    }));
    await pause(400);
    const end = await pod.stop();
    assert.deepEqual([end.code, end.signal], [0, null], pod.lines.slice(-3).join('\n'));
    assert.ok(end.ms < 10_000, `stopped in ${end.ms} ms`);
    counts.stops += 1;
    counts.stopMsMax = Math.max(counts.stopMsMax, Math.round(end.ms));
    isOver = true;
    await within(10_000, Promise.all(clients), 'the clients end');
    await Promise.all(reconnects);
    for (const code of await Promise.all(closes)) counts.socketCodes[code] = (counts.socketCodes[code] ?? 0) + 1;
    assert.deepEqual(await within(5_000, Promise.all(streams), 'streams end'), [true, true, true, true, true], 'SSE streams end whole');
    for (const socket of sockets) socket.destroy();
    await pod.start();
    owner.renew();
  }
  for (const requestId of ledger.acks.keys()) await owner.settled(requestId);
  // What was heard and not answered completes too.
  await within(20_000, (async () => {
    while ((await owner.ask('runs.list', { status: 'active', limit: 1 })).runs.length) await pause(20);
  })(), 'no run is active');
  console.log(`process: ${JSON.stringify(counts)}`);
  assert.deepEqual(judge(ledger, await gather(pod, ledger, { owner }, {})).slice(0, 10), []);
});

test('a stop does not wait for clients that do not read', { timeout: 60_000 }, async (t) => {
  const pod = await Pod.make(t);
  await pod.start();
  const owner = pod.owner();
  await Promise.all(Array.from({ length: 60 }, (_, i) => owner.tell('notes.create', { content: `${i}`.repeat(20_000) })));
  const socket = await RawWebSocket.open(pod.port, { token: owner.token });
  socket.tcp.pause();
  for (let i = 0; i < 20; ++i) socket.subscribe(i, 'events.watch', { lastEventId: '0' });
  await pause(300);
  const end = await pod.stop();
  socket.destroy();
  console.log(`process: ${JSON.stringify({ stopMsWithDeafClient: Math.round(end.ms) })}`);
  assert.deepEqual([end.code, end.signal], [0, null]);
  assert.ok(end.ms < 10_000, `stopped in ${end.ms} ms`);
});

test('a first start that is cut off anywhere can be made good', { timeout: 90_000 }, async (t) => {
  const choices = random(Number(process.env.SEED ?? 1));
  const kStarts = Number(process.env.STARTS ?? 12);
  for (let i = 0; i < kStarts; ++i) {
    const pod = await Pod.make(t);
    pod.spawn();
    await Promise.race([pause(choices.between(1, 100)), pod.exited]);
    await pod.kill();
    await pod.start();
    const owner = pod.owner();
    const { requestId } = await owner.tell('notes.create', { content: 'first' });
    await owner.settled(requestId);
    assert.equal(statSync(path.join(pod.data, 'owner.key')).mode & 0o777, 0o600);
    await pod.kill();
  }
});

test('an owner whose key could not be written gets one at the next start', { timeout: 60_000 }, async (t) => {
  const pod = await Pod.make(t);
  // Where the key is written aside, something is in the way: as a full disk or a crash would be.
  const inTheWay = path.join(pod.data, 'owner.key.tmp');
  mkdirSync(inTheWay, { recursive: true, mode: 0o700 });
  pod.spawn();
  const { code } = await within(20_000, pod.exited, 'the start is refused');
  assert.notEqual(code, 0);
  rmdirSync(inTheWay);
  await pod.start();
  assert.match(pod.ownerKey, /^synap_/, 'nobody else knows the key');
  assert.equal((await pod.owner().query('notes.list', {})).status, 200);
});
