// The pod as an app of an Inngest server, which another pod plays. Between the two stands a proxy,
// which writes down what they say and loses answers where a test wants it to.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { App, delay, freePort, lanes, Pod, until } from './harness.mjs';

const H = (text) => createHash('sha1').update(text).digest('hex');
const steps = new Map(['upload-to-storage', 'publish-completion'].map((id) => [H(id), id]));

/** Hands calls on to the pod at `port`. */
class Proxy {
  calls = [];
  /**
   * Says of a call, by its number, whether its answer is to be lost; and by how many answers to its
   * run were, since that has got on: each was an attempt.
   */
  loses = () => false;
  #lost = new Map();

  static async listen(port) {
    const proxy = new Proxy();
    proxy.server = createServer((incoming, answer) => proxy.#forward(port, incoming, answer));
    await new Promise((done) => proxy.server.listen(0, '127.0.0.1', done));
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}/api/inngest`;
    return proxy;
  }

  async #forward(port, incoming, answer) {
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    this.#ask(port, incoming, Buffer.concat(chunks), answer);
  }

  #ask(port, incoming, body, answer) {
    const { host, ...headers } = incoming.headers;
    const outgoing = request({ port, path: incoming.url, method: incoming.method, headers });
    outgoing.on('error', (error) => {
      // Without a proxy the server would see that nobody is there, and count no attempt, however long
      // a pod takes to start.
      if (error.code !== 'ECONNREFUSED') return incoming.socket.destroy();
      setTimeout(() => incoming.socket.destroyed || this.#ask(port, incoming, body, answer), 50);
    });
    outgoing.on('response', async (response) => {
      const parts = [];
      for await (const part of response) parts.push(part);
      const told = Buffer.concat(parts);
      if (incoming.method === 'POST') {
        this.calls.push(this.#line(incoming.url, body, response, told));
        const { run, memos } = this.calls.at(-1);
        const place = `${run} ${memos}`;
        const lost = this.#lost.get(place) ?? 0;
        if (this.loses(this.calls.length, lost)) {
          this.#lost.set(place, lost + 1);
          return incoming.socket.destroy();
        }
      }
      answer.writeHead(response.statusCode, response.headers);
      answer.end(told);
    });
    outgoing.end(body);
  }

  #line(url, body, response, told) {
    const query = new URL(url, 'http://x').searchParams;
    const call = JSON.parse(body);
    const memos = Object.keys(call.steps).length;
    const step = steps.get(query.get('stepId')) ?? query.get('stepId');
    let said = told.toString();
    if (response.statusCode === 206) {
      const ops = JSON.parse(said).map((op) => {
        assert.equal(op.id, H(op.userland.id));
        return `${op.op} ${op.userland.id}`;
      });
      said = `[${ops.join(', ')}]`;
    }
    return {
      fn: query.get('fnId'),
      run: call.ctx.run_id,
      memos,
      line: `-> ${step} ${call.ctx.attempt} ${memos}  <- ${response.statusCode} ${said}`,
      headers: response.headers,
    };
  }

  linesOf(fn) {
    return this.calls.filter((call) => call.fn === fn).map((call) => call.line);
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** A pod whose bus is `server`, through a proxy. */
async function appOf(server, ...flags) {
  const pod = await Pod.start(...flags, '--dev');
  const proxy = await Proxy.listen(pod.port);
  pod.busFlags = [
    ...['--dev', '--bus', 'inngest', '--inngest-url', server.inngestUrl],
    ...['--inngest-event-prefix', 'pod/', '--inngest-serve-url', proxy.url, ...flags],
  ];
  return { pod, proxy };
}

async function startServer(...flags) {
  const port = await freePort();
  const server = await Pod.start('--inngest-port', String(port), ...flags);
  server.inngestUrl = `http://127.0.0.1:${port}`;
  return server;
}

const noteOf = (pod, id) =>
  pod.call('notes.get', { id }).catch((error) => ({ error: String(error) }));

async function settled(pod, requestId) {
  return until(
    async () => {
      const told = await pod.call('requests.get', { requestId });
      return told.status !== 'pending' && told;
    },
    () => `the request ${requestId} is settled\n${pod.stderr}`,
  );
}

/** All that the built-in handlers do, and what stands in the log after it, but ids and times. */
async function work(pod) {
  const { entityId, requestId } = await pod.call('notes.create', {
    content: '# One\n\ntext',
    tags: ['a'],
  });
  await settled(pod, requestId);
  for (const change of [{ content: '# Two\n\nmore' }, { title: 'Three', tags: ['b'] }]) {
    await settled(pod, (await pod.call('notes.update', { id: entityId, ...change })).requestId);
  }
  const note = await noteOf(pod, entityId);
  const unknown = await pod.call('notes.create', { content: 'to be deleted' });
  await settled(pod, unknown.requestId);
  await settled(pod, (await pod.call('notes.delete', { id: unknown.entityId })).requestId);
  // What is deleted takes its relations with it.
  for (const noun of ['tasks', 'projects']) {
    const made = await pod.call(`${noun}.create`, { title: 'to be deleted' });
    await pod.call('relations.create', { fromId: entityId, toId: made.entityId, type: 'part_of' });
    await pod.call(`${noun}.delete`, { id: made.entityId });
    const areGone = async () => (await pod.call('relations.list', {})).total === 0;
    await until(areGone, () => `the relations of ${noun} are deleted\n${pod.stderr}`);
  }
  const book = { name: 'x.book', schema: { properties: { title: { type: 'string' } } } };
  await pod.call('entityTypes.define', book);
  const emma = await pod.call('entities.create', { type: 'x.book', data: { title: 'Emma' } });
  // A list that is new is filled in.
  await pod.call('entityTypes.define', { ...book, sorts: ['title'] });
  const isFilled = async () => (await pod.call('entityTypes.get', { name: 'x.book' })).filling.length === 0;
  await until(isFilled, () => `the list is filled in\n${pod.stderr}`);
  assert.equal((await pod.call('entities.list', { type: 'x.book', sort: 'title' })).total, 1);
  await pod.call('relations.create', { fromId: entityId, toId: emma.entityId, type: 'part_of' });
  await pod.call('entities.delete', { id: emma.entityId });
  const isForgotten = async () => (await pod.call('relations.list', {})).total === 0;
  await until(isForgotten, () => `the relations of an entity are deleted\n${pod.stderr}`);
  // Links become relations: to a note that is there, and to one when it comes.
  const relations = (count) => async () => (await pod.call('relations.list', {})).total === count;
  const linking = await pod.call('notes.create', { content: 'see [[Three]] and [[Awaited]]' });
  await until(relations(1), () => `the link is a relation\n${pod.stderr}`);
  await pod.call('notes.create', { content: '# Awaited' });
  await until(relations(2), () => `the note that is awaited is linked\n${pod.stderr}`);
  // A title that is another goes on into the texts that say it.
  await settled(pod, (await pod.call('notes.update', { id: entityId, title: 'Thirty' })).requestId);
  const isRenewed = async () =>
    (await pod.call('events.list', { limit: 200 })).events.some(({ type }) => type === 'note.links.renewed');
  await until(isRenewed, () => `the links are renamed\n${pod.stderr}`);
  assert.equal((await noteOf(pod, linking.entityId)).content, 'see [[Thirty]] and [[Awaited]]');
  const reading = await pod.call('notes.findLinks', {});
  assert.equal((await settled(pod, reading.requestId)).status, 'completed');
  await settled(pod, (await pod.call('tags.rename', { tag: 'b', to: 'c' })).requestId);
  assert.deepEqual((await noteOf(pod, entityId)).tags, ['c']);
  // What another key proposes is carried out once it is accepted.
  const robot = await pod.call('keys.create', { name: 'robot', scopes: ['propose'] });
  const proposed = await pod.call('tasks.create', { title: 'proposed' }, robot.key);
  assert.equal(proposed.status, 'proposed');
  const accepted = await pod.call('proposals.accept', { id: proposed.proposalId });
  assert.equal((await settled(pod, accepted.requestId)).status, 'completed');
  const thought = await pod.call('capture.thought', { text: 'buy milk tomorrow' });
  assert.equal((await settled(pod, thought.requestId)).status, 'completed');
  const { events } = await pod.call('events.list', { limit: 200 });
  const ids = new Map();
  const plain = (value) =>
    JSON.parse(
      JSON.stringify(value)
        .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => {
          if (!ids.has(id)) ids.set(id, `id${ids.size}`);
          return ids.get(id);
        })
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'then'),
    );
  const log = events
    .filter((event) => event.type.startsWith('note.'))
    .map(({ type, data, aggregateVersion, causationId, correlationId }) => ({
      type,
      data,
      aggregateVersion,
      causationId,
      correlationId,
    }));
  return { log: plain(log), note: plain(note) };
}

describe('the pod as an app of an Inngest server', () => {
  let server;
  const open = [];
  before(async () => {
    server = await startServer('--dev', '--dev-retry-interval', '100ms');
  });
  after(async () => {
    for (const { pod, proxy } of open) {
      await pod.remove();
      proxy.close();
    }
    await server.remove();
  });
  const makeApp = async (...flags) => {
    const app = await appOf(server, ...flags);
    open.push(app);
    await app.pod.kill('SIGTERM');
    await app.pod.startAgain(...app.pod.busFlags);
    return app;
  };

  test('every built-in handler does the same under both buses', async () => {
    const local = await Pod.start();
    const app = await makeApp('--inngest-app', 'both');
    const expected = await work(local);
    assert.deepEqual(await work(app.pod), expected);
    await local.remove();
    const dev = await fetch(`${server.inngestUrl}/dev`).then((answer) => answer.json());
    const slugs = dev.functions.map((fn) => fn.slug).filter((slug) => slug.startsWith('both-'));
    const called = new Set(app.proxy.calls.map((call) => call.fn));
    assert.deepEqual(
      [...called].sort(),
      slugs.filter((slug) => !slug.endsWith('-failure')).sort(),
      'each function was called',
    );
    assert.deepEqual(app.proxy.linesOf('both-notes-create').slice(0, 3), [
      '-> step 0 0  <- 206 [StepRun upload-to-storage]',
      '-> step 0 1  <- 206 [StepRun publish-completion]',
      '-> step 0 2  <- 200 null',
    ]);
    assert.deepEqual(app.proxy.linesOf('both-notes-delete'), [
      '-> step 0 0  <- 206 [StepRun publish-completion]',
      '-> step 0 1  <- 200 null',
    ]);
    for (const { headers } of app.proxy.calls) {
      assert.match(headers['x-inngest-sdk'], /^synap:v/);
      assert.equal(headers['x-inngest-req-version'], '2');
    }
    const { runs } = await app.pod.call('runs.list', {});
    assert.deepEqual(runs, [], 'the pod itself has no runs');
  });

  test('changes of one note go one after another', async () => {
    const { pod } = await makeApp('--inngest-app', 'order');
    const { entityId } = await pod.call('notes.create', { content: 'first' });
    const last = [];
    for (let i = 0; i < 12; ++i) {
      last.push(await pod.call('notes.update', { id: entityId, content: `text ${i}` }));
    }
    for (const { requestId } of last) {
      assert.equal((await settled(pod, requestId)).status, 'completed');
    }
    const note = await noteOf(pod, entityId);
    assert.equal(note.version, 13);
    assert.equal(note.preview, 'text 11');
  });

  test('answers that are lost and processes that are killed change nothing', async () => {
    const { pod, proxy } = await makeApp('--inngest-app', 'lossy');
    // Two attempts of the five are left for those who are killed.
    proxy.loses = (call, lost) => call % 3 === 1 && lost < 2;
    const asked = [];
    for (let i = 0; i < 30; ++i) {
      asked.push(await pod.call('notes.create', { content: `note ${i}` }));
      if (i === 8) await pod.kill();
      if (i === 8) await pod.startAgain();
      if (i === 16) {
        await server.kill();
        await server.startAgain();
      }
      if (i === 22) await pod.kill();
      if (i === 22) await pod.startAgain();
    }
    for (const { requestId } of asked) {
      const request = await settled(pod, requestId);
      assert.equal(request.status, 'completed', JSON.stringify(request.error));
    }
    const { events } = await pod.call('events.list', {
      limit: 500,
      types: ['note.creation.completed', 'note.creation.failed'],
    });
    assert.equal(events.length, 30);
    assert.equal(new Set(events.map((event) => event.aggregateId)).size, 30);
  });

  test('while the server is away events wait, and doctor says so', async () => {
    const { pod } = await makeApp('--inngest-app', 'away');
    await until(async () => {
      const { checks } = await pod.call('pod.doctor');
      return checks.find((check) => check.name === 'inngest server')?.status === 'ok';
    }, 'doctor finds the server');
    await server.kill();
    const { requestId } = await pod.call('notes.create', { content: 'patience' });
    await until(async () => {
      const { checks } = await pod.call('pod.doctor');
      const check = checks.find((one) => one.name === 'inngest server' && one.status === 'fail');
      // A request that was under way when the server went away has failed in another way.
      return check && /^1 events wait\. Nobody answers/.test(check.message);
    }, 'doctor says that the server is away');
    // Of somebody at the machine, too, with the code of what is not well.
    const { code, stdout } = await promisify(execFile)(process.env.SYNAP_BIN, ['doctor', '--data', pod.data, '--url', pod.url, '--json'])
      .catch((error) => error);
    assert.equal(code, 1);
    const told = JSON.parse(stdout).checks.find(({ name }) => name === 'inngest server');
    assert.deepEqual([told.status, /^1 events wait/.test(told.message)], ['fail', true]);
    assert.equal((await pod.call('requests.get', { requestId })).status, 'pending');
    // A pod that is not told of the server any more says what it leaves undone.
    await pod.kill('SIGTERM');
    await pod.startAgain('--dev');
    const { checks } = await pod.call('pod.doctor');
    const left = checks.find(({ name }) => name === 'inngest server');
    assert.match(`${left?.status} ${left?.message}`, /^fail Up to \d+ events wait for the server that was the bus\.$/);
    assert.match(pod.stderr, /up to \d+ events wait for the Inngest server that was the bus/);
    await pod.kill('SIGTERM');
    await pod.startAgain(...pod.busFlags);
    await server.startAgain();
    assert.equal((await settled(pod, requestId)).status, 'completed');
    // And says nothing where nothing is.
    await pod.kill('SIGTERM');
    await pod.startAgain('--dev');
    const after = await pod.call('pod.doctor');
    assert.equal(after.checks.find(({ name }) => name === 'inngest server'), undefined);
  });

  test('what cannot be done fails, once', async () => {
    const { pod, proxy } = await makeApp('--inngest-app', 'failing');
    const { events: first } = await pod.call('events.list', { limit: 1 });
    // Stands where the files of this user would be.
    await writeFile(join(pod.data, 'content', first[0].userId), 'in the way');
    const { requestId } = await pod.call('notes.create', { content: 'nowhere to go' });
    const told = await settled(pod, requestId);
    assert.equal(told.status, 'failed');
    const failure = 'failing-notes-create-failure';
    await until(() => proxy.linesOf(failure).length > 0, 'the server says so, too');
    const { events } = await pod.call('events.list', { limit: 500, types: ['note.*'] });
    assert.deepEqual(
      events.map((event) => event.type),
      ['note.creation.requested', 'note.creation.failed'],
    );
    assert.deepEqual(
      proxy.linesOf('failing-notes-create').map((line) => line.replace(/\{.*/, '{…}')),
      [
        '-> step 0 0  <- 206 [StepError upload-to-storage]',
        '-> step 1 0  <- 206 [StepError upload-to-storage]',
        '-> step 2 0  <- 206 [StepError upload-to-storage]',
        '-> step 3 0  <- 206 [StepError upload-to-storage]',
        '-> step 4 0  <- 206 [StepFailed upload-to-storage]',
        '-> step 0 1  <- 400 {…}',
      ],
    );
    assert.deepEqual(proxy.linesOf(failure), ['-> step 0 0  <- 200 null']);
  });

  test('what is begun on one bus ends there', async () => {
    const { pod, proxy } = await appOf(server, '--inngest-app', 'moving');
    open.push({ pod, proxy });
    const local = ['--dev', ...pod.busFlags.slice(3)];
    const first = [];
    for (let i = 0; i < 20; ++i) first.push(await pod.call('notes.create', { content: `a ${i}` }));
    await pod.kill(); // some of them are under way
    await pod.startAgain(...pod.busFlags);
    const second = await pod.call('notes.create', { content: 'b' });
    for (const { requestId } of [...first, second]) {
      assert.equal((await settled(pod, requestId)).status, 'completed');
    }
    const runsHere = async () => (await pod.call('runs.list', { limit: 500 })).runs.length;
    assert.equal(await runsHere(), 20);
    assert.deepEqual(new Set(proxy.calls.map((call) => call.run)).size, 1);
    // Back, while the server has not got all that is its own.
    await server.kill();
    const third = await pod.call('notes.create', { content: 'c' });
    await pod.kill('SIGTERM');
    await pod.startAgain(...local);
    const fourth = await pod.call('notes.create', { content: 'd' });
    assert.equal((await settled(pod, fourth.requestId)).status, 'completed');
    assert.equal((await pod.call('requests.get', { requestId: third.requestId })).status, 'pending');
    await server.startAgain();
    assert.equal((await settled(pod, third.requestId)).status, 'completed');
    assert.equal(await runsHere(), 21);
    const { events } = await pod.call('events.list', {
      limit: 500,
      types: ['note.creation.completed'],
    });
    assert.equal(events.length, 23);
  });

  test("functions of other apps hear the pod's events where that is wished", async () => {
    const { sdk } = lanes.at(-1);
    const seen = [];
    const other = await App.ofSdk(sdk, { baseUrl: server.inngestUrl, isDev: true }, (client) => [
      client.createFunction(
        { id: 'hears', triggers: [{ event: 'pod/note.creation.completed' }] },
        async ({ event }) => void seen.push(event.data.title),
      ),
    ]);
    await other.sync();
    const { pod } = await makeApp('--inngest-app', 'wide', '--inngest-events', 'note.*');
    await pod.call('notes.create', { content: '# Heard elsewhere' });
    await until(() => seen.includes('Heard elsewhere'), 'the other app hears of the note');
    await other.close();
  });

  test('apps are told to register with the server', async () => {
    const { pod } = await makeApp('--inngest-app', 'told');
    const told = await pod.route('POST', '/fn/register', {});
    assert.equal(told.status, 409);
    assert.match(told.body.error, /register the app there/);
  });
});

test('an agent is not enabled that would not begin by itself', async () => {
  const server = ['--inngest-url', `http://127.0.0.1:${await freePort()}`];
  const pod = await Pod.start('--dev', ...server);
  await pod.call('agents.enable', { agent: 'enrich' });
  await pod.kill('SIGTERM');
  await pod.startAgain('--dev', '--bus', 'inngest', ...server);
  await assert.rejects(pod.call('agents.enable', { agent: 'digest' }), /digest would not begin by itself: the pod's bus is an Inngest server/);
  const { events } = await pod.call('events.list', { types: ['agent.switched'] });
  assert.deepEqual(events.map(({ data }) => data.agent), ['enrich']);
  assert.match(pod.stderr, /agents that users have enabled do not begin by themselves/);
  await pod.call('agents.disable', { agent: 'enrich' });
  await pod.remove();
});

test("the pod says what the official SDK says of the same function", async () => {
  const nobody = await freePort();
  const pod = await Pod.start('--dev', '--bus', 'inngest', '--inngest-url', `http://127.0.0.1:${nobody}`);
  await pod.call('notes.create', { content: 'twins' });
  const { events } = await pod.call('events.list', { types: ['note.creation.requested'] });
  const event = { name: events[0].type, id: events[0].id, ts: 1, data: events[0].data };
  const { sdk } = lanes.at(-1);
  const twin = await App.ofSdk(sdk, { id: 'synap', isDev: true, checkpointing: false }, (client) => [
    client.createFunction(
      { id: 'notes-create', triggers: [{ event: 'note.creation.requested' }] },
      async ({ step }) => {
        await step.run('upload-to-storage', () => ({ path: 'p' }));
        await step.run('publish-completion', () => null);
        return null;
      },
    ),
  ]);
  // Kinds and names as they are, of values what they are.
  const shape = (value) => {
    if (Array.isArray(value)) return value.map(shape);
    if (value === null || typeof value !== 'object') return typeof value === 'string' ? value : typeof value;
    const { timing, data, ...rest } = value;
    return Object.fromEntries(Object.entries(rest).sort().map(([key, one]) => [key, shape(one)]));
  };
  const ask = async (url, query, context, memos) => {
    const answer = await fetch(`${url}?fnId=synap-notes-create&${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ctx: {
          run_id: '01ARYZ6S41TSV4RRFFQ69G5FAV',
          attempt: 0,
          max_attempts: 5,
          disable_immediate_execution: false,
          use_api: false,
          stack: { stack: Object.keys(memos), current: Object.keys(memos).length },
          ...context,
        },
        event,
        events: [event],
        steps: memos,
        version: -1,
        use_api: false,
      }),
    });
    const headers = [...answer.headers.keys()].filter((name) => name.startsWith('x-inngest'));
    const told = await answer.json();
    if (told?.[0]?.data && url.startsWith(pod.url)) file = told[0].data;
    const body = shape(told);
    if (body.error) body.error = 'in its own words';
    return { status: answer.status, headers: headers.sort(), body };
  };
  let file; // what the pod's first step gives
  const memosOf = (count) => {
    const all = [['upload-to-storage', file], ['publish-completion', null]];
    return Object.fromEntries(all.slice(0, count).map(([id, data]) => [H(id), { data }]));
  };
  for (const [query, context, count] of [
    ['stepId=step', {}, 0],
    ['stepId=step', { disable_immediate_execution: true }, 0],
    [`stepId=${H('upload-to-storage')}`, {}, 0],
    [`stepId=${H('nothing of this name')}`, {}, 0],
    ['stepId=step', {}, 1],
    ['stepId=step', {}, 2],
  ]) {
    const memos = memosOf(count);
    const url = `${pod.url}/api/inngest`;
    assert.deepEqual(
      await ask(url, query, context, memos),
      await ask(twin.url, query, context, memos),
      `${query} ${JSON.stringify(context)} ${count}`,
    );
  }
  await twin.close();
  await pod.remove();
});

describe('with keys', () => {
  test('calls are signed, and a wrong key is told and loses nothing', async () => {
    const server = await startServer('--outbound-allowed', '127.0.0.1');
    const { signingKey } = await server.call('apps.keys');
    const { pod, proxy } = await appOf(server);
    const flags = (signing, event) => [
      ...['--bus', 'inngest', '--inngest-url', server.inngestUrl, '--inngest-event-prefix', 'pod/'],
      ...['--inngest-serve-url', proxy.url, '--inngest-signing-key', signing],
      ...['--inngest-event-key', event],
    ];
    const problem = async () => {
      const { checks } = await pod.call('pod.doctor');
      const check = checks.find((one) => one.name === 'inngest server');
      return check.status === 'fail' && check.message;
    };
    await pod.kill('SIGTERM');
    await pod.startAgain(...flags('signkey-test-00ff', server.key));
    const { requestId } = await pod.call('notes.create', { content: 'signed' });
    assert.match(await until(problem, 'a wrong signing key is told'), /answered 401 to the reg/);
    await pod.kill('SIGTERM');
    await pod.startAgain(...flags(signingKey, 'wrong'));
    assert.match(await until(problem, 'a wrong event key is told'), /answered 401 to events/);
    await pod.kill('SIGTERM');
    await pod.startAgain(...flags(signingKey, server.key));
    assert.equal((await settled(pod, requestId)).status, 'completed');
    for (const { headers } of proxy.calls) {
      assert.match(headers['x-inngest-signature'], /^t=\d+&s=[0-9a-f]{64}$/);
    }
    const forged = await fetch(`${pod.url}/api/inngest?fnId=synap-notes-create&stepId=step`, {
      method: 'POST',
      headers: { 'x-inngest-signature': `t=${Math.floor(Date.now() / 1000)}&s=${'0'.repeat(64)}` },
      body: '{}',
    });
    assert.equal(forged.status, 401);
    await pod.remove();
    await server.remove();
    proxy.close();
    await delay(0);
  });
});
