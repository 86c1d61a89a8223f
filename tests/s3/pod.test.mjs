// A pod whose content is in a bucket of a real S3 server: made, read, killed, without its server, and
// looked at by the doctor.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { makeNote, run, startPod, temporary } from '../cli/synap.mjs';
import { Seaweed, secretKey } from './seaweed.mjs';

// So many that a migration takes longer than it takes to see that it has begun.
const kNotes = 200;

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function until(what, probe, ms = 60_000) {
  const end = performance.now() + ms;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await pause(50);
  }
}

/** The answer of a call: its result, or its error. */
async function call(pod, name, input = {}, kind = 'query') {
  const text = JSON.stringify(input);
  const url = `${pod.url}/trpc/${name}${kind === 'query' ? `?input=${encodeURIComponent(text)}` : ''}`;
  const answer = await fetch(url, {
    method: kind === 'query' ? 'GET' : 'POST',
    body: kind === 'query' ? undefined : text,
    headers: { authorization: `Bearer ${pod.key}`, 'content-type': 'application/json' },
  });
  const { result, error } = await answer.json();
  return { status: answer.status, headers: answer.headers, data: result?.data, error };
}

async function doctor(pod, server, expected, ...flags) {
  const env = { ...server.environment, ...pod.env };
  const { code, stdout } = await run(['doctor', '--json', ...flags], { env });
  assert.equal(code, expected, stdout);
  assert.ok(!stdout.includes(secretKey));
  return Object.fromEntries(JSON.parse(stdout).checks.map(({ name, message }) => [name, message]));
}

async function start(t, server, data) {
  return startPod(t, data, { env: server.environment });
}

test('a pod keeps the text of notes in a bucket, over a kill', { timeout: 150_000 }, async (t) => {
  const folder = temporary(t);
  const server = await Seaweed.make(t, path.join(folder, 'server'));
  const data = path.join(folder, 'pod');
  let pod = await start(t, server, data);
  const notes = new Map();
  for (const text of ['# one', '# two', `# large\n${'x'.repeat(100_000)}`]) {
    const { id } = await makeNote(pod, text);
    notes.set(id, text);
  }
  assert.ok(!existsSync(path.join(data, 'content')));

  // Killed while thirty are under way: whatever was answered is done after the next start.
  const answers = await Promise.all(Array.from({ length: 30 }, async (_, i) => {
    const content = `# note ${i}`;
    const answer = await call(pod, 'notes.create', { content }, 'mutation');
    assert.equal(answer.status, 200);
    notes.set(answer.data.entityId, content);
    return answer.data.requestId;
  }));
  pod.kill('SIGKILL');
  await pod.end();
  pod = await start(t, server, data);
  for (const requestId of answers) {
    await until('the request is done', async () => {
      const { data: request } = await call(pod, 'requests.get', { requestId });
      assert.notEqual(request?.status, 'failed');
      return request?.status === 'completed';
    });
  }
  for (const [id, text] of notes) {
    const { data: note, error } = await call(pod, 'notes.get', { id });
    assert.equal(note?.content, text, JSON.stringify(error));
  }
  assert.equal((await fetch(`${pod.url}/ready`)).status, 200);

  const deep = await doctor(pod, server, 0, '--deep');
  assert.match(deep.content, /^33 files of notes are there, with their checksums/);
  assert.match(deep.bucket, /takes an object, gives it back/);
  const { data: settings } = await call(pod, 'pod.settings');
  const of = (name) => settings.settings.find((setting) => setting.name === name).value;
  assert.equal(of('content'), 's3');
  assert.equal(of('s3_bucket'), 'pod-content');
  assert.equal(of('s3_access_key'), '(set)');
  assert.equal(of('s3_secret_key'), '(set)');
  assert.ok(!JSON.stringify(settings).includes(secretKey));
  const { data: within } = await call(pod, 'pod.doctor');
  assert.match(JSON.stringify(within), /pod-content at http:\/\/127.0.0.1:\d+ takes an object/);

  // One is gone and another changed, behind everybody's back.
  const [first, second] = await Promise.all([...notes.keys()].slice(0, 2).map(async (id) => (
    (await call(pod, 'notes.get', { id })).data.filePath)));
  assert.ok((await fetch(server.object(first), { method: 'DELETE' })).ok);
  assert.ok((await fetch(server.object(second), { method: 'PUT', body: '# TWO' })).ok);
  const quick = await doctor(pod, server, 1);
  assert.match(quick.content, /of 33 files of notes, 1 are not as they were stored; 1 missing/);
  const found = await doctor(pod, server, 1, '--deep');
  assert.match(found.content, /2 are not as they were stored; 1 missing \(.*\); 1 damaged/);
  assert.ok(!pod.stderr.includes(secretKey));
});

test('a text goes to the bucket and comes from it past the pod', { timeout: 120_000 }, async (t) => {
  const folder = temporary(t);
  const server = await Seaweed.make(t, path.join(folder, 'server'));
  const pod = await start(t, server, path.join(folder, 'pod'));
  const text = `# Uploaded\n${'ü'.repeat(200_000)}`;
  const said = { size: Buffer.byteLength(text), checksum: createHash('sha256').update(text).digest('hex') };
  const put = async (body) => {
    const { data } = await call(pod, 'notes.upload', {}, 'mutation');
    const answer = await fetch(data.url, { method: data.method, headers: data.headers, body });
    assert.equal(answer.status, 200, await answer.text());
    return data;
  };
  const refused = async (upload, status, message) => {
    const answer = await call(pod, 'notes.createUploaded', { upload }, 'mutation');
    assert.equal(answer.status, status, JSON.stringify(answer.error));
    assert.match(answer.error.message, message);
  };
  const upload = await put(text);
  await refused({ ...said, id: upload.id, size: said.size + 1 }, 422, /has 400011 bytes, not 400012/);
  await refused({ ...said, id: upload.id, checksum: 'a'.repeat(64) }, 422, /another checksum/);
  const { data: never } = await call(pod, 'notes.upload', {}, 'mutation');
  await refused({ ...said, id: never.id }, 404, /Nothing was uploaded/);
  const broken = Buffer.from([0x23, 0xff]);
  await refused({ id: (await put(broken)).id, size: 2, checksum: createHash('sha256').update(broken).digest('hex') }, 422, /no text in UTF-8/);
  const { data: none } = await call(pod, 'notes.list');
  assert.equal(none.total, 0);

  const made = await call(pod, 'notes.createUploaded', { upload: { ...said, id: upload.id }, tags: ['big'] }, 'mutation');
  assert.equal(made.status, 200, JSON.stringify(made.error));
  assert.equal(made.data.entityId, upload.id);
  await refused({ ...said, id: upload.id }, 409, /was made of this upload already/);
  await until('the note is made', async () => (await call(pod, 'requests.get', { requestId: made.data.requestId })).data?.status === 'completed');
  const { data: note } = await call(pod, 'notes.get', { id: upload.id });
  assert.deepEqual([note.title, note.tags, note.content === text, note.checksum], ['Uploaded', ['big'], true, said.checksum]);
  // Nobody replaces by the same URL what a note has.
  assert.equal((await fetch(upload.url, { method: 'PUT', headers: upload.headers, body: 'x' })).status, 412);

  const { data: given } = await call(pod, 'notes.url', { id: upload.id });
  assert.deepEqual([given.version, given.size, given.checksum], [1, said.size, said.checksum]);
  assert.ok(Date.parse(given.expiresAt) > Date.now());
  assert.ok(!given.url.includes(secretKey));
  assert.equal(await (await fetch(given.url)).text(), text);
  assert.equal((await fetch(`${given.url}0`)).status, 403);
  assert.equal((await call(pod, 'notes.url', { id: never.id })).status, 404);
});

test('a pod without a bucket has no URLs of texts', { timeout: 60_000 }, async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const answer = await call(pod, 'notes.upload', {}, 'mutation');
  assert.equal(answer.status, 412);
  assert.match(answer.error.message, /keeps texts in its data directory, which has no URLs/);
});

test('a server that is away stops no command, and spends no attempt', { timeout: 150_000 }, async (t) => {
  const folder = temporary(t);
  const server = await Seaweed.make(t, path.join(folder, 'server'));
  const data = path.join(folder, 'pod');
  const pod = await start(t, server, data);
  const { id } = await makeNote(pod, '# before');
  await server.kill();

  const made = [];
  for (let i = 0; i < 5; i += 1) {
    const answer = await call(pod, 'notes.create', { content: `# while away ${i}` }, 'mutation');
    assert.equal(answer.status, 200, JSON.stringify(answer.error));
    made.push(answer.data);
  }
  // Lists go on; a text answers in time that it cannot be had now.
  assert.equal((await call(pod, 'notes.list')).status, 200);
  const began = performance.now();
  const refused = await call(pod, 'notes.get', { id });
  assert.equal(refused.status, 503, JSON.stringify(refused.data));
  assert.equal(refused.error.data.code, 'SERVICE_UNAVAILABLE');
  assert.ok(performance.now() - began < 10_000);
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  const large = await call(pod, 'notes.create', { content: 'x'.repeat(100_000) }, 'mutation');
  assert.equal(large.status, 503, JSON.stringify(large.data));
  await until('the function waits', async () => {
    const { data: functions } = await call(pod, 'functions.list');
    return functions.functions.some((one) => one.pause?.by === 'outage');
  });
  const checks = await doctor(pod, server, 1);
  assert.match(checks.content, /it cannot be looked at/);
  assert.match(checks.bucket, /Content cannot be stored/);
  await until('the pod says that it is not ready', async () => (
    (await fetch(`${pod.url}/ready`)).status === 503), 45_000);
  // A pod starts without its server, too.
  pod.kill('SIGKILL');
  await pod.end();
  const again = await start(t, server, data);

  await server.start();
  for (const { requestId, entityId } of made) {
    await until('the note is made', async () => {
      const { data: request } = await call(again, 'requests.get', { requestId });
      assert.notEqual(request?.status, 'failed');
      return request?.status === 'completed';
    });
    assert.match((await call(again, 'notes.get', { id: entityId })).data.content, /while away/);
  }
  const { data: runs } = await call(again, 'runs.list', { function: 'notes.create', limit: 100 });
  assert.equal(runs.runs.length, made.length + 1);
  for (const { id: runId } of runs.runs) {
    const { data: one } = await call(again, 'runs.get', { id: runId });
    assert.equal(one.status, 'completed');
    for (const step of one.steps) assert.equal(step.attempts, 1, JSON.stringify(step));
  }
  assert.ok(!again.stderr.includes(secretKey) && !pod.stderr.includes(secretKey));
});

test('content goes to a bucket and back, over a break', { timeout: 150_000 }, async (t) => {
  const folder = temporary(t);
  const server = await Seaweed.make(t, path.join(folder, 'server'));
  const data = path.join(folder, 'pod');
  const here = await startPod(t, data);
  const notes = new Map();
  for (let i = 0; i < kNotes; i += 1) {
    const content = `# note ${i}\n${'y'.repeat(i * 500)}`;
    const { data: made } = await call(here, 'notes.create', { content }, 'mutation');
    notes.set(made.entityId, { content, requestId: made.requestId });
  }
  for (const { requestId } of notes.values()) {
    await until('the note is made', async () => (
      (await call(here, 'requests.get', { requestId })).data?.status === 'completed'));
  }
  const env = { ...server.environment, SYNAP_DATA: data };
  const migrate = (to, more = {}) => run(['content', 'migrate', '--to', to, '--json'], { env: { ...env, ...more } });
  assert.match((await migrate('s3')).stderr, /another process|Another synap process/i);
  here.kill('SIGTERM');
  await here.end();
  const wrong = await migrate('s3', { SYNAP_S3_ACCESS_KEY: 'nobody' });
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.stderr, /does not know s3_access_key/);

  // The server goes in the middle.
  const going = migrate('s3');
  let hasEnded = false;
  going.then(() => { hasEnded = true; });
  while (!existsSync(path.join(data, 'content.migration')) && !hasEnded) await pause(1);
  if (hasEnded) assert.fail(JSON.stringify(await going));
  await server.kill();
  const broken = await going;
  assert.notEqual(broken.code, 0, broken.stdout);
  assert.ok(existsSync(path.join(data, 'content.migration')));
  await server.start();
  const done = await migrate('s3');
  assert.equal(done.code, 0, done.stderr);
  assert.equal(JSON.parse(done.stdout).count, kNotes);
  assert.ok(!existsSync(path.join(data, 'content.migration')));

  rmSync(path.join(data, 'content'), { recursive: true });
  const there = await start(t, server, data);
  for (const [id, { content }] of notes) assert.equal((await call(there, 'notes.get', { id })).data.content, content);
  const { id } = await makeNote(there, '# made in the bucket');
  there.kill('SIGTERM');
  await there.end();
  // Its texts are in the bucket: settings that say otherwise start no pod that has lost them all.
  const forgetful = await run(['serve', '--data', data, '--listen', '127.0.0.1:0']);
  assert.notEqual(forgetful.code, 0);
  assert.match(forgetful.stderr, /The texts of this pod are in the bucket .* name the data directory/);
  assert.match(forgetful.stderr, /synap content migrate/);
  const back = await migrate('local');
  assert.equal(back.code, 0, back.stderr);
  assert.equal(JSON.parse(back.stdout).count, kNotes + 1);
  const again = await startPod(t, data);
  assert.equal((await call(again, 'notes.get', { id })).data.content, '# made in the bucket');
  const { code, stdout } = await run(['doctor', '--deep', '--json'], { env: again.env });
  assert.equal(code, 0, stdout);
});

test('settings that are wrong are told before anything is made', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const { code, stderr } = await run(['serve', '--data', data, '--listen', '127.0.0.1:0', '--content', 's3',
    '--s3-endpoint', 'http://127.0.0.1:1', '--s3-bucket', 'a b', '--s3-access-key', 'a', '--s3-secret-key', 'hidden-one']);
  assert.notEqual(code, 0);
  assert.match(stderr, /s3_bucket/);
  assert.ok(!stderr.includes('hidden-one'));
  assert.ok(!existsSync(data) || readdirSync(data).length === 0);
});
