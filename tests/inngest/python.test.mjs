// The official SDK for Python as an app, and examples/python-worker as it is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { freePort, Pod, until } from './harness.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const python = path('../../build/python-inngest/bin/python');
const example = path('../../examples/python-worker');
if (!existsSync(python)) throw new Error(`${python} is missing. Run once: tools/pip_install.sh`);

/** A program in Python that runs until the test ends. */
function run(t, args, env) {
  const child = spawn(python, args, { env: { ...process.env, PYTHONUNBUFFERED: '1', ...env } });
  const shown = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (shown.text += text));
  t.after(() => child.kill('SIGKILL'));
  return shown;
}

for (const mode of ['in development', 'with keys']) {
  describe(`inngest for Python, ${mode}`, { concurrency: true }, () => {
    let pod;
    let shown;
    const stopping = [];
    before(async () => {
      const flags = mode === 'with keys' ? ['--outbound-allowed', '127.0.0.0/8'] : ['--dev'];
      pod = await Pod.start('--dev-retry-interval', '100ms', ...flags);
      const port = await freePort();
      const { signingKey } = await pod.call('apps.keys');
      const keys = mode === 'with keys' ? { INNGEST_SIGNING_KEY: signingKey, INNGEST_EVENT_KEY: pod.key } : {};
      shown = run({ after: (stop) => stopping.push(stop) }, [path('python/app.py'), pod.url, String(port)], keys);
      const url = `http://127.0.0.1:${port}/api/inngest`;
      await until(() => fetch(url).then(() => true, () => false), () => `it serves:\n${shown.text}`);
      assert.deepEqual(await pod.call('apps.sync', { url }), { isRegistered: true });
    });
    after(async () => {
      for (const stop of stopping) stop();
      await pod?.remove();
    });
    const send = async (name, data = {}) => {
      const { status, body } = await pod.route('POST', `/e/${pod.key}`, { name: `py/${name}`, data });
      assert.equal(status, 200);
      return body.ids[0];
    };
    const outcome = async (fn, status = 'completed') => {
      const run = await pod.run(`py-${fn}`, status).catch((error) => assert.fail(`${error.message}\n${shown.text}`));
      return status === 'completed' ? pod.outputOf(run) : run.error;
    };

    test('it is listed as what it is', async () => {
      const { apps } = await pod.call('apps.list');
      assert.equal(apps[0].app, 'py');
      assert.match(apps[0].sdk, /^py:v0\.5\.19$/);
      assert.equal(apps[0].functions.length, 9);
    });
    test('steps run once each, across a sleep', async () => {
      await send('serial', { n: 5 });
      assert.deepEqual(await outcome('serial'), { a: 1, b: { data: 1 }, again: 2, seen: 5 });
    });
    test('a run waits for the event that matches', async () => {
      await send('wait', { id: 'x' });
      await pod.run('py-wait', 'sleeping');
      await send('resume', { id: 'y' });
      await send('resume', { id: 'x', n: 1 });
      assert.deepEqual(await outcome('wait'), { got: { id: 'x', n: 1 }, none: null });
    });
    test('a function is asked for, and its result or error comes back', async () => {
      await send('invoke');
      const { n, error } = await outcome('invoke');
      assert.equal(n, 42);
      assert.match(error, /nope/);
    });
    test('a function sends an event, which starts another', async () => {
      await send('send');
      assert.equal(await outcome('sent'), 7);
    });
    test('a step that fails is tried again', async () => {
      await send('flaky');
      assert.equal(await outcome('flaky'), 3);
    });
    test('steps beside each other run once each', async () => {
      await send('parallel');
      assert.deepEqual(await outcome('parallel'), { a: 1, b: 1 });
    });
  });
}

test('the example makes a task of each open item of a note', async (t) => {
  const pod = await Pod.start('--dev');
  t.after(() => pod.remove());
  const shown = run(t, [`${example}/worker.py`], {
    SYNAP_URL: pod.url,
    SYNAP_KEY: pod.key,
    PORT: String(await freePort()),
  });
  await until(() => shown.text.includes(`working for ${pod.url}`), () => `it works; printed:\n${shown.text}`);
  await pod.call('notes.create', { content: 'Today\n\n- [ ] buy milk\n- [x] sleep\n- [ ] paint the fence' });
  assert.deepEqual(await pod.outputOf(await pod.run('python-worker-make-tasks', 'completed')), { made: 2 });
  const { tasks } = await pod.call('tasks.list');
  assert.deepEqual(tasks.map((task) => task.title).sort(), ['buy milk', 'paint the fence']);
  assert.match(shown.text, /made the task "buy milk"/);
  const { events } = await pod.call('events.list', { types: ['note.creation.completed', 'task.creation.requested'] });
  const [note, ...asked] = events;
  assert.deepEqual(asked.map(({ causationId }) => causationId), [note.id, note.id]);
});

test("the tests' packages are those of the example", () => {
  const lock = readFileSync(path('python/requirements.txt'), 'utf8');
  for (const line of readFileSync(`${example}/requirements.txt`, 'utf8').trim().split('\n')) {
    assert.ok(lock.includes(`\n${line} \\\n`), line);
  }
});
