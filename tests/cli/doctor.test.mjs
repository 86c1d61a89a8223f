import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync,
  symlinkSync, truncateSync, unlinkSync, writeFileSync, writeSync,
} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { inTerminal, makeNote, run, startPod, temporary } from './synap.mjs';

async function doctor(env, expected, ...flags) {
  const { code, stdout, stderr } = await run(['doctor', '--json', ...flags], { env });
  assert.equal(stderr, '');
  const { ok, checks } = JSON.parse(stdout);
  const statuses = Object.fromEntries(checks.map(({ name, status, message }) => [name, { status, message }]));
  assert.equal(code, expected, stdout);
  assert.equal(ok, expected === 0);
  return statuses;
}

async function freePort() {
  // It says nothing to whoever comes, and knows when they have gone.
  const server = net.createServer((socket) => socket.resume());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  return { port, server, close: () => new Promise((resolve) => server.close(resolve)) };
}

async function stop(pod) {
  pod.kill('SIGTERM');
  assert.equal((await pod.end()).code, 0);
}

// A pod that was there and has stopped.
async function stoppedPod(t) {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  await stop(pod);
  return pod;
}

// The same with some notes. `files` are theirs.
async function podWithNotes(t, texts = ['# one', '# two', '# three']) {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  pod.files = [];
  for (const text of texts) {
    const { id } = await makeNote(pod, text);
    const { stdout } = await run(['call', 'notes.get', JSON.stringify({ id })], { env: pod.env });
    pod.files.push(path.join(pod.data, 'content', JSON.parse(stdout).filePath));
  }
  return pod;
}

// In the file, where the pod's own rules do not hold. As long as before.
function replaceInDatabase(pod, from, to) {
  assert.equal(from.length, to.length);
  const file = path.join(pod.data, 'synap.db');
  const bytes = readFileSync(file);
  let count = 0;
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at)) {
    bytes.write(to, at);
    count += 1;
  }
  assert.ok(count > 0, from);
  writeFileSync(file, bytes);
}

// Every file of a directory, to the byte and the nanosecond.
function everything(folder) {
  return Object.fromEntries(readdirSync(folder, { recursive: true }).sort().map((name) => {
    const file = path.join(folder, name);
    const { mtimeNs, size, mode } = statSync(file, { bigint: true });
    const bytes = statSync(file).isFile() ? readFileSync(file).toString('base64') : '';
    return [name, `${mode} ${size} ${mtimeNs} ${bytes}`];
  }));
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
  assert.equal(checks.pod.status, 'ok');
  assert.equal(checks.key.status, 'ok');
  const wrong = await doctor({ ...pod.env, SYNAP_KEY: 'synap_wrong' }, 1);
  assert.equal(wrong.key.status, 'fail');
  const elsewhere = await doctor({ ...pod.env, SYNAP_URL: 'http://127.0.0.1:1' }, 1);
  assert.equal(elsewhere.pod.status, 'fail');
});

test('prints a line for each check', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { code, stdout } = await run(['doctor'], { env: pod.env });
  assert.equal(code, 0);
  const lines = stdout.trimEnd().split('\n');
  const names = JSON.parse((await run(['doctor', '--json'], { env: pod.env })).stdout).checks.map(({ name }) => name);
  const begin = '    '.length + 2 + Math.max(...names.map((name) => name.length));
  assert.ok(names.includes('search meaning'), 'a long name');
  lines.forEach((line, i) => {
    assert.match(line, /^(ok|warn) +\w/);
    assert.equal(line.slice(6, begin).trimEnd(), names[i]);
    assert.match(line.slice(begin), /^ {2}\S/, 'what was found begins in one column');
  });
  const { text } = await inTerminal(['doctor'], { env: pod.env, columns: 100, lines: 100 });
  const column = text.split('\n')[0].indexOf('FOUND');
  const row = text.split('\n').find((line) => line.includes('search meaning'));
  assert.match(row, /search meaning {2}\S/);
  const plain = row.replaceAll(/\u001b\[[0-9;]*m/g, '');
  assert.equal(plain.indexOf('search meaning') + 'search meaning  '.length, column);
});

test('reads the database of a pod that is stopped', async (t) => {
  const pod = await stoppedPod(t);
  assert.match((await doctor(pod.env, 0)).database.message, /finds nothing wrong/);
  const file = openSync(path.join(pod.data, 'synap.db'), 'r+');
  writeSync(file, Buffer.alloc(6000, 0x55), 0, 6000, 4096 * 2 + 100);
  const checks = await doctor(pod.env, 1);
  assert.equal(checks.database.status, 'fail');
  assert.match(checks.database.message, /damaged/);
});

test('finds with --deep that an event is gone', async (t) => {
  const pod = await stoppedPod(t);
  execFileSync('python3', ['-c', `
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
for [name] in list(database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")):
    database.execute("DROP TRIGGER " + name)
database.execute("DELETE FROM events WHERE position = 1")
database.commit()`, path.join(pod.data, 'synap.db')]);
  const { events } = await doctor(pod.env, 1, '--deep');
  assert.match(events.message, /^of \d+ events, some are not there any more \(position 1\)$/);
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

test('finds a directory that others can write', async (t) => {
  const pod = await stoppedPod(t);
  chmodSync(pod.data, 0o770);
  const checks = await doctor(pod.env, 1);
  assert.match(checks.directory.message, /written by others \(mode 770\).*chmod go-w/);
});

test('says what it has not looked at, and looks at it with --deep', async (t) => {
  const pod = await podWithNotes(t);
  const look = async () => {
    const quick = await doctor(pod.env, 0);
    assert.match(quick.database.message, /quick_check.*indexes.*--deep only/);
    assert.match(quick.content.message, /^3 files of notes are there, with their sizes; checksums.*--deep only; files that no row names are not looked at$/);
    assert.match(quick.events.message, /^\d+ events; their data is read with --deep only$/);
    const deep = await doctor(pod.env, 0, '--deep');
    assert.match(deep.database.message, /integrity_check finds nothing wrong/);
    assert.match(deep.content.message, /^3 files of notes are there, with their checksums; files that/);
    assert.match(deep.events.message, /^\d+ events, the data of each is what was recorded$/);
    assert.doesNotMatch(JSON.stringify(deep), /--deep/);
  };
  await look();
  await stop(pod);
  await look();
});

test('tells a missing file from a damaged one, with a pod and without', async (t) => {
  const pod = await podWithNotes(t);
  const names = pod.files.map((file) => path.relative(path.join(pod.data, 'content'), file));
  unlinkSync(pod.files[0]);
  truncateSync(pod.files[1], 2);
  const bytes = readFileSync(pod.files[2]);
  bytes[3] ^= 1;
  writeFileSync(pod.files[2], bytes);
  const look = async () => {
    const quick = (await doctor(pod.env, 1)).content.message;
    assert.ok(quick.startsWith(`of 3 files of notes, 2 are not as they were stored; 1 missing (${names[0]}); 1 damaged (${names[1]});`), quick);
    const deep = (await doctor(pod.env, 1, '--deep')).content.message;
    assert.match(deep, /3 are not as they were stored; 1 missing.*; 2 damaged/);
    assert.ok(deep.includes(names[2]));
  };
  await look();
  await stop(pod);
  await look();
  rmSync(path.join(pod.data, 'content'), { recursive: true });
  assert.match((await doctor(pod.env, 1)).content.message, /3 missing/);
});

test('follows no link in the place of a file', async (t) => {
  const pod = await podWithNotes(t, ['# one']);
  await stop(pod);
  renameSync(pod.files[0], `${pod.files[0]}.kept`);
  symlinkSync(`${pod.files[0]}.kept`, pod.files[0]);
  assert.match((await doctor(pod.env, 1)).content.message, /1 damaged/);
});

test('finds a database that is gone, or a newer one\'s', async (t) => {
  const pod = await stoppedPod(t);
  replaceInDatabase(pod, 'log.1', 'log.9');
  assert.match((await doctor(pod.env, 1)).schema.message, /newer synap \(log\.9\)/);
  for (const name of readdirSync(pod.data)) {
    if (name.startsWith('synap.db')) unlinkSync(path.join(pod.data, name));
  }
  assert.match((await doctor(pod.env, 1)).database.message, /missing or empty, beside content or an owner\.key/);
  unlinkSync(path.join(pod.data, 'owner.key'));
  mkdirSync(path.join(pod.data, 'content', 'ann'));
  assert.equal((await doctor(pod.env, 1)).database.status, 'fail');
});

test('--deep finds an event whose data is damaged', async (t) => {
  const pod = await podWithNotes(t, ['# a title that is nowhere else']);
  await stop(pod);
  replaceInDatabase(pod, '"title":"a title that is nowhere else"', '"title":xa title that is nowhere else"');
  const quick = await doctor(pod.env, 0);
  assert.equal(quick.database.status, 'ok');
  const deep = await doctor(pod.env, 1, '--deep');
  assert.equal(deep.database.status, 'ok');
  assert.match(deep.events.message, /the data of [12] is damaged \(position \d+, id [0-9a-f-]{36}/);
});

test('changes nothing and leaves nothing, also after a crash', async (t) => {
  const pod = await podWithNotes(t);
  const look = async (what) => {
    const before = everything(pod.data);
    await doctor(pod.env, 0);
    await doctor(pod.env, 0, '--deep');
    const after = everything(pod.data);
    assert.deepEqual(Object.keys(after), Object.keys(before), what);
    for (const name of Object.keys(before)) assert.ok(after[name] === before[name], `${what}: ${name}`);
  };
  pod.kill('SIGKILL');
  await pod.end();
  assert.ok(statSync(path.join(pod.data, 'synap.db-wal')).size > 0);
  await look('after a crash');
  unlinkSync(path.join(pod.data, 'synap.db-shm'));
  await look('after a crash, the index of the log gone');
  const again = await startPod(t, pod.data);
  await stop(again);
  await look('after a stop');
});

test('a key of few scopes is a good key, and an unknown one is none, as login has it', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { stdout } = await run(['keys', 'create', 'x', '--scope', 'notes:read'], { env: pod.env });
  const configuration = { XDG_CONFIG_HOME: temporary(t) };
  for (const [key, code] of [[stdout.trim(), 0], [pod.key, 0], ['synap_unknown', 4]]) {
    const login = await run(['login', pod.url], { env: configuration, input: key });
    assert.equal(login.code, code, login.stderr);
    const { key: check } = await doctor({ ...pod.env, SYNAP_KEY: key }, code === 0 ? 0 : 1);
    assert.equal(check.status, code === 0 ? 'ok' : 'fail', check.message);
    assert.match(check.message, code === 0 ? /^the pod knows it/ : /^This API key is not valid/);
  }
});
