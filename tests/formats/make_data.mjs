// Makes a data directory of today's format, for every later version to read:
//
//   node tests/formats/make_data.mjs build/release/bin/synap 0.2.0
//
// writes tests/formats/data/0.2.0.tar.gz and, beside it, what a pod answered on it (0.2.0.json).
// The pod is killed right after its last answer, so the directory has a write-ahead log and a note
// that no worker has stored yet. Run it once for each released format, and never again for one.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Pod } from './pod.mjs';

const [binary, version] = process.argv.slice(2);
if (!version) throw new Error('usage: make_data.mjs path/to/synap VERSION');
const kept = join(dirname(fileURLToPath(import.meta.url)), 'data');
const work = await mkdtemp(join(tmpdir(), 'synap-formats-'));
const data = join(work, version);

const pod = await Pod.start(binary, data);
const facts = { ask: [] };
const keys = { owner: pod.key };
keys.member = (await pod.tell('users.create', { name: 'member' })).key;
await pod.tell('keys.create', { name: 'reader', scopes: ['*:read'] });

for (const [user, key] of Object.entries(keys)) {
  const short = await pod.done('notes.create', { content: `# Short, ${user}'s\n\nText.`, tags: ['a', 'b'] }, key);
  const long = await pod.done('notes.create', { content: `# Long\n${'x'.repeat(70_000)}`, tags: ['b'] }, key);
  const gone = await pod.done('notes.create', { content: 'will be deleted', tags: ['c'] }, key);
  await pod.done('notes.update', { id: short, content: 'second text', tags: ['b', 'd'] }, key);
  await pod.done('notes.update', { id: short, title: 'Third' }, key);
  await pod.done('notes.restore', { id: short, version: 1 }, key);
  await pod.done('notes.update', { id: long, tags: [] }, key);
  await pod.done('notes.delete', { id: gone }, key);
  const project = await pod.done('projects.create', { title: 'Project', description: 'Of this format' }, key);
  const task = await pod.done('tasks.create', { title: 'Task', dueDate: '2026-12-31', priority: 'high', projectId: project }, key);
  await pod.done('tasks.complete', { id: task }, key);
  await pod.done('tasks.update', { id: task, dueDate: null, description: 'changed' }, key);
  const name = 'x.measurement.taken';
  await pod.tell('eventTypes.register', { name, schema: { type: 'object', properties: { grams: { type: 'integer' } }, required: ['grams'] } }, key);
  await pod.tell('events.publish', { type: name, data: { grams: 7 } }, key);
  const ask = async (procedure, input) => {
    const answer = await pod.ask(procedure, input, key);
    if (answer.content?.length > 1000) delete answer.content;  // its checksum stays
    if (procedure === 'events.list') for (const name of ['nextAfter', 'atEnd']) delete answer[name];
    facts.ask.push({ user, procedure, input, answer });
  };
  for (const id of [short, long]) {
    const { versions } = await pod.ask('notes.history', { id }, key);
    for (const { version: of } of versions) await ask('notes.get', { id, version: of });
    await ask('notes.history', { id });
  }
  await ask('notes.list', {});
  await ask('notes.list', { tag: 'b' });
  await ask('tags.list', {});
  await ask('tasks.list', { status: 'done' });
  await ask('tasks.history', { id: task });
  await ask('projects.get', { id: project });
  await ask('eventTypes.get', { name });
  await ask('events.list', { limit: 1000 });
}
await new Promise((resolve) => { setTimeout(resolve, 500); });
facts.head = await pod.ask('events.head');
facts.keys = keys;
facts.last = await pod.tell('notes.create', { content: 'acknowledged, and then the pod ended' });
await pod.end('SIGKILL');
await rm(join(data, 'synap.lock'), { force: true });
await mkdir(kept, { recursive: true });
const packed = spawnSync('tar', ['--sort=name', '--owner=0', '--group=0', '-czf', join(kept, `${version}.tar.gz`), '-C', work, version]);
if (packed.status !== 0) throw new Error(String(packed.stderr));
await writeFile(join(kept, `${version}.json`), `${JSON.stringify(facts)}\n`);
await rm(work, { recursive: true });
