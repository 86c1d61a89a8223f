// examples/typescript-worker as it is, and the guide that shows it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { freePort, Pod, until } from './harness.mjs';

const example = fileURLToPath(new URL('../../examples/typescript-worker', import.meta.url));
const guide = fileURLToPath(new URL('../../docs/first-worker.md', import.meta.url));

test('the guide shows the example', () => {
  const [, shown] = /^```ts worker\.ts\n(.*?)^```$/ms.exec(readFileSync(guide, 'utf8'));
  assert.equal(shown, readFileSync(`${example}/src/worker.ts`, 'utf8'));
});

test('the example is well typed', async () => {
  await promisify(execFile)(`${example}/node_modules/.bin/tsc`, [], { cwd: example }).catch((error) =>
    assert.fail(error.stdout),
  );
});

test("functions of the SDK are typed by the pod's events", async () => {
  const types = fileURLToPath(new URL('types', import.meta.url));
  await promisify(execFile)(`${example}/node_modules/.bin/tsc`, ['-p', types]).catch((error) => assert.fail(error.stdout));
});

test('the example makes a task of each open item of a note', async (t) => {
  const pod = await Pod.start('--dev');
  t.after(() => pod.remove());
  const worker = spawn(`${example}/node_modules/.bin/tsx`, ['src/worker.ts'], {
    cwd: example,
    env: { ...process.env, SYNAP_URL: pod.url, SYNAP_KEY: pod.key, PORT: String(await freePort()) },
  });
  t.after(() => worker.kill());
  let printed = '';
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', (text) => (printed += text));
  await until(() => printed.includes(`working for ${pod.url}`), () => `it works; printed:\n${printed}`);
  await pod.call('notes.create', { content: 'Today\n\n- [ ] buy milk\n- [x] sleep\n- [ ] paint the fence' });
  const run = await pod.run('worker-make-tasks', 'completed');
  assert.deepEqual(await pod.outputOf(run), { made: 2 });
  const { tasks } = await pod.call('tasks.list');
  assert.deepEqual(tasks.map((task) => task.title).sort(), ['buy milk', 'paint the fence']);
  assert.match(printed, /made the task "buy milk"/);
  // They stand below the note in the tree of causes.
  const { events } = await pod.call('events.list', { types: ['note.creation.completed', 'task.creation.requested'] });
  const [note, ...asked] = events;
  assert.deepEqual(asked.map(({ causationId }) => causationId), [note.id, note.id]);
});
