// The official SDK for Go as an app, every kind of step it has, and examples/go-worker as it is.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { freePort, Pod, until } from './harness.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const example = path('../../examples/go-worker');
const program = (name) => path(`../../build/go-apps/${name}`);
// Both programs are built here, so that they are those of the sources: `make test` has built them before, with their modules.
await promisify(execFile)(path('../../tools/go_apps.sh'));

/** A program in Go that runs until it is stopped. */
class Running {
  text = '';
  constructor(name, args, env) {
    this.child = spawn(program(name), args, { env: { ...process.env, ...env } });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (text) => (this.text += text));
  }
  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await closed;
  }
}

async function listen(t, answer) {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    await answer(request, response, body);
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

const modes = {
  'in development': { flags: ['--dev'] },
  'with keys': { flags: ['--outbound-allowed', '127.0.0.0/8'], isSigned: true },
  'with checkpoints': { flags: ['--dev'], env: { CHECKPOINT: '1' } },
  'with keys and checkpoints, telling its functions by itself': {
    flags: ['--outbound-allowed', '127.0.0.0/8'], isSigned: true, env: { CHECKPOINT: '1', OUT_OF_BAND: '1' },
  },
  'connected': { flags: ['--dev'], isConnected: true },
};

for (const [mode, { flags, isSigned, isConnected, env = {} }] of Object.entries(modes)) {
  describe(`inngest for Go, ${mode}`, { concurrency: true }, () => {
    let pod;
    let app;
    const asked = [];
    const stopping = [];
    before(async () => {
      pod = await Pod.start('--dev-retry-interval', '100ms', ...flags);
      const other = await listen({ after: (stop) => stopping.push(stop) }, (request, response, body) => {
        asked.push({ method: request.method, url: request.url, headers: request.headers, body });
        response.setHeader('content-type', 'application/json').end(request.url === '/ai' ? '{"text":"hello"}' : '{"ok":true}');
      });
      const { signingKey } = await pod.call('apps.keys');
      const keys = isSigned ? { INNGEST_SIGNING_KEY: signingKey, INNGEST_EVENT_KEY: pod.key } : {};
      const port = await freePort();
      app = new Running('tests-inngest-go', [pod.url, isConnected ? 'connect' : String(port)],
        { OTHER: other, ...keys, ...env });
      if (isConnected) {
        await until(async () => (await pod.call('apps.list')).apps[0]?.workers > 0, () => `it connects:\n${app.text}`);
        return;
      }
      const url = `http://127.0.0.1:${port}/api/inngest`;
      await until(() => fetch(url).then(() => true, () => false), () => `it serves:\n${app.text}`);
      assert.deepEqual(await pod.call('apps.sync', { url }), { isRegistered: true }, app.text);
    });
    after(async () => {
      for (const stop of stopping) stop();
      await app?.stop();
      await pod?.remove();
    });
    const send = async (name, data = {}, more = {}) => {
      const { status, body } = await pod.route('POST', `/e/${pod.key}`, { name: `go/${name}`, data, ...more });
      assert.equal(status, 200);
      return body.ids[0];
    };
    const outcome = async (fn, status = 'completed') => {
      const run = await pod.run(`go-${fn}`, status).catch((error) => assert.fail(`${error.message}\n${app.text}`));
      return status === 'completed' ? pod.outputOf(run) : run.error;
    };

    test('it is listed as what it is', async () => {
      const { apps } = await pod.call('apps.list');
      assert.match(apps[0].sdk, /^go:v?0\.15\.1$/);
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
      await pod.run('go-wait', 'sleeping');
      await send('resume', { id: 'y' });
      await send('resume', { id: 'x', n: 1 });
      assert.deepEqual(await outcome('wait'), { got: { id: 'x', n: 1 }, isNone: true });
    });
    test('a run waits for a signal', async () => {
      await send('signal');
      await pod.run('go-signal', 'sleeping');
      await pod.call('signals.send', { signal: 'go go', data: { n: 1 } });
      assert.deepEqual(await outcome('signal'), { got: { signal: 'go go', data: { n: 1 } }, isNone: true });
    });
    test('a function is asked for, and its result or error comes back', async () => {
      await send('invoke');
      const { n, failed, missing, late } = await outcome('invoke');
      assert.equal(n, 42);
      assert.match(failed, /nope/);
      assert.match(missing, /go-none/);
      assert.match(late, /./);
    });
    test('events start others, alone or together', async () => {
      await send('send');
      assert.equal(await outcome('sent'), 7);
      assert.deepEqual(await outcome('batch'), [1, 2]);
      assert.equal((await outcome('send')).length, 3);
    });
    test('limits of a function are kept', async () => {
      for (const id of ['x', 'x', 'y']) await send('limited', { id });
      const completed = async () => (await pod.runsOf('go-limited')).filter(({ status }) => status === 'completed').length;
      await until(async () => (await completed()) === 2, 'one run for each id');
      assert.equal((await pod.runsOf('go-limited')).length, 2);
    });
    test('a step that fails is tried again', async () => {
      await send('flaky');
      assert.equal(await outcome('flaky'), 4);
    });
    // Over a WebSocket the SDK (0.15.1) says of a step that has finally failed that the function has: nothing can catch it.
    test('a step that has failed gives its error and its value to the function', async () => {
      await send('caught');
      if (isConnected) return assert.match((await outcome('caught', 'failed')).message, /boom/);
      assert.deepEqual(await outcome('caught'),
        { before: 1, value: { tries: 2 }, error: 'boom', isStepError: true, after: 1 });
    });
    test('an error that is not to be retried fails its step at once', async () => {
      await send('final');
      if (isConnected) return assert.match((await outcome('final', 'failed')).message, /never/);
      assert.deepEqual(await outcome('final'), { error: 'never', tries: 1 });
    });
    test('what nobody catches fails the run, and is told to who listens', async () => {
      await send('uncaught', { n: 1 });
      assert.match((await outcome('uncaught', 'failed')).message, /out of range/);
      const { error, event, function: id } = await outcome('on-failure');
      assert.match(error.message, /out of range/);
      assert.deepEqual([event, id], [{ n: 1 }, 'go-uncaught']);
    });
    test('a function that fails, or panics, is tried again', async () => {
      await Promise.all([send('again'), send('panics')]);
      assert.equal(await outcome('again'), 1);
      assert.equal(await outcome('panics'), 'calm');
    });
    test('an error says when to try again', async () => {
      await send('retry-at');
      assert.ok((await outcome('retry-at')) >= 1_900);
    });
    test('steps beside each other run once each', async () => {
      await send('parallel');
      assert.deepEqual(await outcome('parallel'), { values: [1, 1, 'awake', 4], after: 1 });
      await send('parallel-fails');
      if (isConnected) await outcome('parallel-fails', 'failed');
      else assert.deepEqual(await outcome('parallel-fails'), { a: 1, b: 2, error: 'boom' });
      await send('race');
      assert.deepEqual(await outcome('race'), { a: 1, b: 1 });
    });
    test('requests are made by the pod', async () => {
      await Promise.all([send('fetch'), send('infer')]);
      const { status, body, error } = await outcome('fetch');
      assert.deepEqual([status, body], [200, '{"ok":true}']);
      assert.match(error, /10\.0\.0\.1/);
      assert.deepEqual(await outcome('infer'), { text: 'hello' });
      const [json] = asked.filter(({ url }) => url === '/json');
      assert.deepEqual([json.method, json.body, json.headers['x-mine']], ['POST', '{"n":1}', 'yes']);
      const [ai] = asked.filter(({ url }) => url === '/ai');
      assert.equal(ai.headers.authorization, 'Bearer secret');
      assert.equal(JSON.parse(ai.body).model, 'm');
    });
    test('what a function publishes is heard', async () => {
      const { body } = await pod.route('POST', '/v1/realtime/token', [{ channel: 'go', name: 'news', kind: 'data' }],
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
    test('an event cancels the runs that it is about', async () => {
      await Promise.all(['x', 'y'].map((id) => send('asleep', { id })));
      const sleeping = async () => (await pod.runsOf('go-asleep')).filter(({ status }) => status === 'sleeping').length;
      await until(async () => (await sleeping()) >= 2, 'both are asleep');
      const before = await sleeping();
      await send('stop', { id: 'x' });
      await pod.run('go-asleep', 'cancelled');
      assert.ok((await sleeping()) >= before - 1);
    });
  });
}

/** The pod as the worker sees it. What `watch` gives is done before a call of `procedure` is answered. */
const between = (t, pod, procedure, watch) =>
  listen(t, async (request, response, body) => {
    const { 'content-length': _, host: __, connection: ___, ...headers } = request.headers;
    const answer = await fetch(pod.url + request.url, { method: request.method, headers, body });
    const text = await answer.text();
    if (request.url === `/api/${procedure}`) await watch();
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') }).end(text);
  });

const titles = Array.from({ length: 8 }, (_, index) => `item ${index}`);
const note = `Today\n\n- [x] sleep\n${titles.map((title) => `- [ ] ${title}`).join('\n')}`;
const made = (text) => [...text.matchAll(/made the task "(.*)"/g)].map(([, title]) => title);

for (const isSigned of [false, true]) {
  test(`the example goes on where it was killed, and makes each task once${isSigned ? ', with keys' : ''}`, async (t) => {
    const pod = await Pod.start('--dev-retry-interval', '100ms',
      ...(isSigned ? ['--outbound-allowed', '127.0.0.0/8'] : ['--dev']));
    t.after(() => pod.remove());
    let count = 0;
    let first;
    // It dies when its fourth task is there, and it has not been told so.
    const url = await between(t, pod, 'tasks.create', () => ++count === 4 && first.stop());
    const { signingKey } = await pod.call('apps.keys');
    const keys = isSigned ? { INNGEST_SIGNING_KEY: signingKey, INNGEST_EVENT_KEY: pod.key } : {};
    const port = String(await freePort());
    const start = async () => {
      const worker = new Running('examples-go-worker', [], { SYNAP_URL: url, SYNAP_KEY: pod.key, PORT: port, ...keys });
      t.after(() => worker.stop());
      await until(() => worker.text.includes(`working for ${url}`), () => `it works; printed:\n${worker.text}`);
      return worker;
    };
    first = await start();
    await pod.call('notes.create', { content: note });
    await until(() => first.child.signalCode, 'it is killed');
    assert.deepEqual(made(first.text), titles.slice(0, 3));
    const second = await start();
    assert.deepEqual(await pod.outputOf(await pod.run('go-worker-make-tasks', 'completed')), { made: titles.length });
    assert.deepEqual(made(second.text), titles.slice(3));
    const { tasks } = await pod.call('tasks.list');
    assert.deepEqual(tasks.map((task) => task.title).sort(), titles);
    // They stand below the note in the tree of causes.
    const { events } = await pod.call('events.list', { types: ['note.creation.completed', 'task.creation.requested'] });
    const [noted, ...requested] = events;
    assert.deepEqual(requested.map(({ causationId }) => causationId), titles.map(() => noted.id));
  });
}

test('the example and the app are formatted, vetted, and of the same modules', async () => {
  const { stdout } = await promisify(execFile)(path('../../tools/go.sh'), ['24']);
  const go = stdout.trim();
  const root = await promisify(execFile)(go, ['env', 'GOROOT']);
  const gofmt = `${root.stdout.trim()}/bin/gofmt`;
  for (const folder of [example, path('go')]) {
    await promisify(execFile)(go, ['vet', '.'], { cwd: folder }).catch((error) => assert.fail(error.stderr));
    const { stdout: unformatted } = await promisify(execFile)(gofmt, ['-l', '.'], { cwd: folder });
    assert.equal(unformatted, '');
  }
  const pinned = (file) => /inngestgo v\S+/.exec(readFileSync(file, 'utf8'))[0];
  assert.equal(pinned(path('go/go.mod')), pinned(`${example}/go.mod`));
});
