// The official SDK for Python as an app, served and connected, with all that it has, and examples/python-worker as it is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { App, freePort, Pod, until } from './harness.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const python = path('../../build/python-inngest/bin/python');
const example = path('../../examples/python-worker');
if (!existsSync(python)) throw new Error(`${python} is missing. Run once: tools/pip_install.sh`);

/** A program in Python that runs until the test ends. */
function run(t, args, env) {
  const child = spawn(python, args, { env: { ...process.env, PYTHONUNBUFFERED: '1', ...env } });
  const shown = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (shown.text += text));
  child.on('exit', (code) => (shown.code = code));
  t.after(() => child.kill('SIGKILL'));
  return shown;
}

/** Until the program is as it says; one that ends before fails the test. */
const ready = (shown, probe, what) =>
  until(() => {
    assert.equal(shown.code, undefined, shown.text);
    return probe();
  }, () => `${what}:\n${shown.text}`);

const modes = {
  'in development': { flags: ['--dev'] },
  'with keys': { flags: ['--outbound-allowed', '127.0.0.0/8'], isSigned: true },
  'connected': { flags: ['--dev'], isConnected: true },
  'connected with keys': { flags: ['--outbound-allowed', '127.0.0.0/8'], isSigned: true, isConnected: true },
};

for (const [mode, { flags, isSigned, isConnected }] of Object.entries(modes)) {
  describe(`inngest for Python, ${mode}`, { concurrency: true }, () => {
    let pod;
    let shown;
    const asked = [];
    const stopping = [];
    before(async () => {
      const started = { after: (stop) => stopping.push(stop) };
      pod = await Pod.start('--dev-retry-interval', '100ms', ...flags);
      const other = await App.listen(async (request, response) => {
        let body = '';
        for await (const chunk of request) body += chunk;
        asked.push({ url: request.url, headers: request.headers, body });
        response.setHeader('content-type', 'application/json').end('{"text":"hello"}');
      });
      stopping.push(() => other.close());
      const { signingKey } = await pod.call('apps.keys');
      const keys = isSigned ? { INNGEST_SIGNING_KEY: signingKey, INNGEST_EVENT_KEY: pod.key } : {};
      const port = await freePort();
      shown = run(started, [path('python/app.py'), pod.url, isConnected ? 'connect' : String(port)],
        { OTHER: new URL('/', other.url).href, ...keys });
      if (isConnected) {
        await ready(shown, async () => (await pod.call('apps.list')).apps[0]?.workers > 0, 'it connects');
        return;
      }
      const url = `http://127.0.0.1:${port}/api/inngest`;
      await ready(shown, () => fetch(url).then(() => true, () => false), 'it serves');
      assert.deepEqual(await pod.call('apps.sync', { url }), { isRegistered: true });
    });
    after(async () => {
      for (const stop of stopping) await stop();
      await pod?.remove();
    });
    /** At once, where there are many. */
    const send = async (name, ...all) => {
      const events = (all.length > 0 ? all : [{}]).map((data) => ({ name: `py/${name}`, data }));
      assert.equal((await pod.route('POST', `/e/${pod.key}`, events)).status, 200);
    };
    const outcome = async (fn, status = 'completed') => {
      const run = await pod.run(`py-${fn}`, status).catch((error) => assert.fail(`${error.message}\n${shown.text}`));
      return status === 'completed' ? pod.outputOf(run) : run.error;
    };
    /** What all runs of a function came to, in the order in which they began, once so many have completed. */
    const outcomes = async (fn, count) => {
      const completed = async () => (await pod.runsOf(`py-${fn}`)).filter(({ status }) => status === 'completed');
      await until(async () => (await completed()).length >= count, () => `${count} runs of ${fn}:\n${shown.text}`);
      return Promise.all((await completed()).map((run) => pod.outputOf(run)));
    };
    const statuses = async (fn) => (await pod.runsOf(`py-${fn}`)).map(({ status }) => status).sort();

    test('it is listed as what it is', async () => {
      const { apps } = await pod.call('apps.list');
      assert.equal(apps[0].app, 'py');
      assert.match(apps[0].sdk, isConnected ? /0\.5\.19/ : /^py:v0\.5\.19$/);
      assert.equal(apps[0].functions.length, isConnected ? 35 : 34);
      // What it is told of leases, for one.
      assert.doesNotMatch(shown.text, /Failed to parse/);
    });
    test('steps run once each, across a sleep', async () => {
      await send('serial', { n: 5 });
      assert.deepEqual(await outcome('serial'), { a: 1, b: { data: 1 }, again: 2, seen: 5 });
    });
    test('a run sleeps until a time', async () => {
      await send('until');
      assert.ok((await outcome('until')) >= 1_000);
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
      const { n, failed, missing, late } = await outcome('invoke');
      assert.equal(n, 42);
      assert.match(failed, /nope/);
      assert.match(missing, /py-none/);
      assert.match(late, /in time/);
    });
    test('events start others, alone or together', async () => {
      await send('send');
      assert.equal(await outcome('sent'), 7);
      assert.deepEqual(await outcome('batch'), [1, 2]);
      assert.equal((await outcome('send')).length, 3);
    });
    test('steps beside each other run once each', async () => {
      await send('parallel');
      assert.deepEqual(await outcome('parallel'), { a: 1, b: 1, twice: 4, after: 1 });
    });
    test('a model is asked by the pod', async () => {
      await send('infer');
      assert.deepEqual(await outcome('infer'), { text: 'hello' });
      const [ai] = asked;
      assert.match(ai.url, /\/chat\/completions$/);
      assert.equal(ai.headers.authorization, 'Bearer secret');
      assert.deepEqual(JSON.parse(ai.body), { messages: [{ role: 'user', content: 'hi' }], model: 'm' });
    });

    test('what a function publishes is heard', async () => {
      const { body } = await pod.route('POST', '/v1/realtime/token', [{ channel: 'py', name: 'news', kind: 'data' }],
        { authorization: `Bearer ${pod.key}` });
      const socket = new WebSocket(`${pod.url.replace('http', 'ws')}/v1/realtime/connect?token=${body.jwt}`);
      const heard = [];
      socket.onmessage = ({ data }) => heard.push(JSON.parse(data));
      await until(() => socket.readyState === WebSocket.OPEN, 'it listens');
      await send('publish');
      assert.equal(await outcome('publish'), 'said');
      await until(() => heard.length > 0, 'it is heard');
      assert.deepEqual([heard[0].topic, heard[0].data], ['news', { n: 1 }]);
      socket.close();
    });

    test('a step that fails is tried again', async () => {
      await send('flaky');
      assert.equal(await outcome('flaky'), 3);
    });
    test('a step that has failed gives its error to the function', async () => {
      await send('caught');
      assert.deepEqual(await outcome('caught'), { name: 'ValueError', error: 'boom', tries: 2 });
    });
    test('what nobody catches fails the run, and is told to its on_failure', async () => {
      await send('uncaught', { n: 1 });
      assert.match((await outcome('uncaught', 'failed')).message, /out of range/);
      assert.deepEqual(await outcome('uncaught-failure'),
        { error: 'out of range', function: 'py-uncaught', event: { n: 1 }, tries: 2 });
    });
    test('an error that is not to be retried fails the run at once', async () => {
      await send('final', { n: 2 });
      assert.match((await outcome('final', 'failed')).message, /never/);
      assert.deepEqual(await outcome('final-failure'), { error: 'never', function: 'py-final', event: { n: 2 }, tries: 1 });
    });
    test('a function that fails is tried again', async () => {
      await send('again');
      assert.equal(await outcome('again'), 1);
    });
    test('an error says when to try again', async () => {
      await send('retry-after');
      assert.ok((await outcome('retry-after')) >= 1_900);
    });

    for (const fn of ['rated', 'idempotent']) {
      test(`a function that is ${fn} has one run for each id`, async () => {
        await send(fn, { n: 1, id: 'x' }, { n: 2, id: 'x' }, { n: 3, id: 'y' });
        assert.deepEqual((await outcomes(fn, 2)).sort(), [1, 3]);
        assert.equal((await statuses(fn)).length, 2);
      });
    }
    test('a debounce runs for the last of its events', async () => {
      await send('debounced', { n: 1, id: 'x' }, { n: 2, id: 'x' }, { n: 3, id: 'x' }, { n: 4, id: 'y' });
      assert.deepEqual((await outcomes('debounced', 2)).sort(), [3, 4]);
      assert.equal((await statuses('debounced')).length, 2);
    });
    test('beside the run of a singleton there is no other', async () => {
      await send('single', { n: 1, id: 'x' });
      await pod.run('py-single', 'sleeping');
      await send('single', { n: 2, id: 'x' }, { n: 3, id: 'y' });
      assert.deepEqual(await outcomes('single', 1), [3]);
      await send('single/on');
      assert.deepEqual((await outcomes('single', 2)).sort(), [1, 3]);
      assert.equal((await statuses('single')).length, 2);
    });
    test('a singleton can give way to the next', async () => {
      await send('newest', { n: 1, id: 'x' });
      await pod.run('py-newest', 'sleeping');
      await send('newest', { n: 2, id: 'x' });
      assert.deepEqual(await outcomes('newest', 1), [2]);
      assert.deepEqual(await statuses('newest'), ['cancelled', 'completed']);
    });
    test('a throttle spreads what comes at once', async () => {
      await send('throttled', {}, {}, {});
      const [first, , last] = (await outcomes('throttled', 3)).sort();
      assert.ok(last - first >= 1_000, `within ${last - first} ms`);
    });
    test('no more are at work at once than may be, by id', async () => {
      await send('narrow', { id: 'x' }, { id: 'x' }, { id: 'x' }, { id: 'y' });
      assert.deepEqual(await outcomes('narrow', 4), [1, 1, 1, 1]);
    });
    test('what has priority begins first', async () => {
      await send('ranked', { rank: 0 });
      await until(() => shown.text.includes('ranked is at work'), 'the first is at work');
      await send('ranked', { rank: -1 }, { rank: 100 });
      await send('go');
      const ranks = (await outcomes('ranked', 3)).sort((one, other) => one.at - other.at).map(({ rank }) => rank);
      assert.deepEqual(ranks, [0, 100, -1]);
    });
    test('a run that takes too long is cancelled', async () => {
      await send('hasty');
      await outcome('hasty', 'cancelled');
    });
    test('an event cancels the runs that it is about', async () => {
      await send('asleep', { id: 'x' }, { id: 'y' });
      const sleeping = async () => (await statuses('asleep')).filter((status) => status === 'sleeping').length;
      await until(async () => (await sleeping()) >= 2, 'both are asleep');
      await send('stop', { id: 'x' });
      await pod.run('py-asleep', 'cancelled');
      assert.equal((await statuses('asleep')).filter((status) => status === 'cancelled').length, 1);
    });
    test('a schedule starts runs, and so does an event', async () => {
      await send('tick');
      const names = async () => new Set(await outcomes('tick', 1));
      await until(async () => (await names()).size === 2, 'both triggers');
      assert.deepEqual([...(await names())].sort(), ['inngest/scheduled.timer', 'py/tick']);
    });
    test('middleware sees what comes and goes', async () => {
      await send('touched', { n: 1 });
      assert.deepEqual(await outcome('touched'), { all: { touched: true, a: { step: 1 } } });
      assert.deepEqual(await outcome('marked'), { n: 1, by: 'middleware' });
    });
    test('a coroutine is a function too', { skip: !isConnected && 'served functions are all of one kind' }, async () => {
      await send('coroutine');
      assert.deepEqual(await outcome('coroutine'), { a: 1, b: 1, c: 1, d: 4, e: null });
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
  await ready(shown, () => shown.text.includes(`working for ${pod.url}`), 'it works');
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
