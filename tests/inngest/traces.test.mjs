// Traces of a pod, as a collector gets them: each request is read with OpenTelemetry's own messages.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { App, Calls, lanes, Pod, until } from './harness.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const python = path('../../build/python-otlp/bin/python');
if (!existsSync(python)) throw new Error(`${python} is missing. Run once: tools/pip_install.sh`);

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

/** What a collector has been sent. */
class Collector {
  requests = [];
  answer = { status: 200, wait: 0 };
  static async listen() {
    const collector = new Collector();
    collector.server = createServer(async (request, response) => {
      let body = '';
      for await (const part of request.setEncoding('utf8')) body += part;
      collector.requests.push({ url: request.url, headers: request.headers, body });
      await new Promise((resolve) => setTimeout(resolve, collector.answer.wait));
      response.writeHead(collector.answer.status, { 'content-type': 'application/json' }).end('{}');
    }).listen(0, '127.0.0.1');
    await once(collector.server, 'listening');
    collector.url = `http://127.0.0.1:${collector.server.address().port}`;
    return collector;
  }
  spans() {
    const input = this.requests.map(({ body }) => body).join('\n');
    const read = spawnSync(python, [path('otlp/spans.py')], { input, encoding: 'utf8' });
    assert.equal(read.status, 0, read.stderr);
    return JSON.parse(read.stdout);
  }
  /** Those of a trace, once `has` says that all are there. */
  async trace(id, has) {
    let seen = [];
    return until(async () => {
      seen = this.spans().filter((span) => span.trace === id);
      return has(seen) ? seen : undefined;
    }, () => `the trace is whole; there are ${JSON.stringify(seen, null, 1)}`);
  }
  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

const named = (spans, name) => {
  const found = spans.filter((span) => span.name === name);
  assert.equal(found.length, 1, `${name} among ${spans.map((span) => span.name)}`);
  return found[0];
};
const under = (child, parent) => assert.equal(child.parent, parent.id, `${child.name} is under ${parent.name}`);

describe('traces', () => {
  let collector;
  let pod;
  let app;
  const calls = new Calls();
  before(async () => {
    collector = await Collector.listen();
    pod = await Pod.start('--dev', '--otlp-endpoint', collector.url, '--otlp-headers', 'x-tenant=a%20b',
      '--otlp-service-name', 'my-pod', '--metrics-key', 'only-for-the-scraper');
    const { sdk } = lanes.at(-1);
    app = await App.listen((request, response) => {
      // The pod registers the app by itself now and then.
      if (request.method === 'POST') calls.note('traceparent', request.headers.traceparent);
      return handler(request, response);
    });
    const quiet = { info() {}, warn() {}, error() {}, debug() {} };
    const client = new sdk.Inngest({ id: 'shop', logger: quiet, baseUrl: pod.url, isDev: true });
    const fn = client.createFunction(
      { id: 'pack', triggers: [{ event: 'shop/order' }] },
      async ({ step }) => {
        await step.run('weigh', () => 7);
        return step.run('label', () => 'done');
      });
    var handler = sdk.serve({ client, functions: [fn] });
    assert.equal((await app.sync()).status, 200);
  });
  after(async () => {
    await app?.close();
    await pod?.remove();
    collector?.close();
  });

  test('a command, its events, their run and its steps are one tree, below the caller', async () => {
    const answer = await fetch(`${pod.url}/trpc/notes.create`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${pod.key}`,
        'content-type': 'application/json',
        traceparent: `00-${TRACE}-${PARENT}-01`,
      },
      body: JSON.stringify({ content: '# Hello' }),
    });
    assert.equal(answer.status, 200);
    const spans = await collector.trace(TRACE, (all) =>
      all.some(({ name }) => name === 'run notes.create')
        && all.some(({ name }) => name === 'notes.create')
        && all.some(({ name }) => name === 'event note.creation.completed'));
    const command = named(spans, 'notes.create');
    assert.equal(command.parent, PARENT);
    assert.equal(command.service, 'my-pod');
    assert.equal(command.attributes['synap.code'], 'OK');
    const requested = named(spans, 'event note.creation.requested');
    under(requested, command);
    const run = named(spans, 'run notes.create');
    under(run, requested);
    assert.equal(run.attributes['synap.run.status'], 'completed');
    const steps = spans.filter(({ name }) => name.startsWith('step '));
    assert.ok(steps.length >= 2, JSON.stringify(steps));
    for (const step of steps) under(step, run);
    under(named(spans, 'event note.creation.completed'), run);
    assert.equal(new Set(spans.map(({ id }) => id)).size, spans.length);
    assert.equal(collector.requests[0].url, '/v1/traces');
    assert.equal(collector.requests[0].headers['x-tenant'], 'a b');
  });

  test('what is not sampled is passed on, and not told', async () => {
    const trace = '11111111111111111111111111111111';
    const before = calls.of('traceparent').length;
    const sent = await pod.route('POST', '/e/x', { name: 'shop/order', data: {} },
      { traceparent: `00-${trace}-${PARENT}-00` });
    assert.equal(sent.status, 200);
    await until(() => calls.of('traceparent').length > before, 'the app is called');
    assert.match(calls.of('traceparent').at(-1), new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`));
    await pod.run('shop-pack', 'completed');
    assert.deepEqual(collector.spans().filter((span) => span.trace === trace), []);
  });

  test('an app is told the trace of the event that it has sent', async () => {
    const trace = '22222222222222222222222222222222';
    const before = calls.of('traceparent').length;
    const sent = await pod.route('POST', '/e/x', { name: 'shop/order', data: {} },
      { traceparent: `00-${trace}-${PARENT}-01` });
    assert.equal(sent.status, 200);
    const is = (begin) => ({ name }) => name.startsWith(begin);
    const spans = await collector.trace(trace, (all) => all.some(is('run shop-pack@')));
    const request = named(spans, 'POST /e');
    assert.equal(request.parent, PARENT);
    const event = named(spans, 'event shop/order');
    under(event, request);
    const run = spans.find(is('run shop-pack@'));
    under(run, event);
    under(named(spans, 'step weigh'), run);
    under(named(spans, 'step label'), run);
    const requests = spans.filter(is('call shop-pack@'));
    for (const one of requests) under(one, run);
    assert.deepEqual(calls.of('traceparent').slice(before).sort(),
      requests.map(({ id }) => `00-${trace}-${id}-01`).sort());
  });

  test('what an app has traced is handed on, with whose it is', async () => {
    const before = collector.requests.length;
    const forged = { key: 'synap.user.id', value: { stringValue: 'forged' } };
    const body = JSON.stringify({ resourceSpans: [{ resource: { attributes: [forged] }, scopeSpans: [] }] });
    const sent = await pod.route('POST', '/v1/traces/userland', body);
    assert.equal(sent.status, 200, JSON.stringify(sent.body));
    const got = collector.requests.slice(before).find((request) => request.body.includes('"scopeSpans":[]'));
    const [{ resource }] = JSON.parse(got.body).resourceSpans;
    assert.deepEqual(resource.attributes.map(({ key }) => key), ['synap.user.id']);
    assert.notEqual(resource.attributes[0].value.stringValue, 'forged');
    assert.equal(got?.headers['content-type'], 'application/json');
    assert.equal(got?.headers['x-tenant'], 'a b');
    collector.answer = { status: 400, wait: 0 };
    assert.equal((await pod.route('POST', '/v1/traces/userland', body)).status, 502);
    collector.answer = { status: 200, wait: 0 };
  });

  test('a dead collector holds up nothing, and what is dropped is told', async () => {
    collector.answer = { status: 503, wait: 5_000 };
    const began = Date.now();
    for (let i = 0; i < 20; ++i) await pod.call('notes.create', { content: `# ${i}` });
    assert.ok(Date.now() - began < 10_000);
    const stopping = Date.now();
    await pod.kill('SIGTERM');
    assert.ok(Date.now() - stopping < 9_000, 'a stop waits two seconds for a collector');
    assert.match(pod.stderr, /spans were dropped/);
  });
});
