import assert from 'node:assert/strict';
import { chmodSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { run, startPod, temporary } from './synap.mjs';

async function doctor(env, expected) {
  const { code, stdout, stderr } = await run(['doctor', '--json'], { env });
  assert.equal(stderr, '');
  const { ok, checks } = JSON.parse(stdout);
  const states = Object.fromEntries(checks.map(({ name, state, message }) => [name, { state, message }]));
  assert.equal(code, expected, stdout);
  assert.equal(ok, expected === 0);
  return states;
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return { port, server, close: () => new Promise((resolve) => server.close(resolve)) };
}

// A pod that was there and has stopped.
async function stoppedPod(t) {
  const data = path.join(temporary(t), 'pod');
  const pod = await startPod(t, data);
  pod.kill('SIGTERM');
  assert.equal((await pod.end()).code, 0);
  return pod;
}

test('finds all well before the first start, and makes nothing', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const { port, close } = await freePort();
  await close();
  const checks = await doctor({ SYNAP_DATA: data, SYNAP_URL: `http://127.0.0.1:${port}` }, 0);
  assert.match(checks.directory.message, /not there yet/);
  assert.match(checks.fsync.message, /\d ms in the middle/);
  assert.match(checks.port.message, /is free/);
  assert.ok(!existsSync(data));
});

test('asks a pod that runs, with its key', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const checks = await doctor(pod.env, 0);
  assert.match(checks.database.message, new RegExp(`pid ${pod.child.pid}`));
  assert.equal(checks.pod.state, 'ok');
  assert.equal(checks.key.state, 'ok');
  const wrong = await doctor({ ...pod.env, SYNAP_KEY: 'synap_wrong' }, 1);
  assert.equal(wrong.key.state, 'fail');
  const elsewhere = await doctor({ ...pod.env, SYNAP_URL: 'http://127.0.0.1:1' }, 1);
  assert.equal(elsewhere.pod.state, 'fail');
});

test('prints a line for each check', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { code, stdout } = await run(['doctor'], { env: pod.env });
  assert.equal(code, 0);
  for (const line of stdout.trimEnd().split('\n')) assert.match(line, /^(ok|warn) +\w/);
});

test('reads the database of a pod that is stopped', async (t) => {
  const pod = await stoppedPod(t);
  assert.match((await doctor(pod.env, 0)).database.message, /finds nothing wrong/);
  const file = openSync(path.join(pod.data, 'synap.db'), 'r+');
  writeSync(file, Buffer.alloc(6000, 0x55), 0, 6000, 4096 * 2 + 100);
  const checks = await doctor(pod.env, 1);
  assert.equal(checks.database.state, 'fail');
  assert.match(checks.database.message, /damaged/);
});

test('finds a key that others can read, and one that is gone', async (t) => {
  const pod = await stoppedPod(t);
  chmodSync(path.join(pod.data, 'owner.key'), 0o644);
  const checks = await doctor(pod.env, 1);
  assert.match(checks['key file'].message, /mode 644.*chmod 600/);
});

test('finds a port that something else has', async (t) => {
  const { port, close } = await freePort();
  t.after(close);
  const data = path.join(temporary(t), 'pod');
  const checks = await doctor({ SYNAP_DATA: data, SYNAP_URL: `http://127.0.0.1:${port}` }, 1);
  assert.match(checks.port.message, /in use/);
});

test('finds a data directory that is none', async (t) => {
  const data = path.join(temporary(t), 'pod');
  writeFileSync(data, 'a file');
  const checks = await doctor({ SYNAP_DATA: data, SYNAP_URL: 'http://127.0.0.1:1' }, 1);
  assert.match(checks.directory.message, /is no directory/);
});
