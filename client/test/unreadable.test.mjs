// A server, or a proxy, that sends what no pod sends: the program lives, is told, and comes back
// after longer and longer delays.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { WebSocketServer } from 'ws';

import { createSynapClient, isSynapError, messageOf } from '../dist/index.js';

const EVENT = { id: 'e', version: 'v1', type: 'a.b.completed', dataVersion: 1, data: {}, userId: 'u',
  source: 'api', timestamp: '2026-01-01T00:00:00.000Z' };

// `talk(send, id)` is what a subscription is told, by WebSocket or by SSE.
async function server(t, { socket, sse, list }) {
  const connections = [];
  const http = createServer((request, response) => {
    if (request.url.includes('events.list')) {
      response.writeHead(200, { 'content-type': 'application/json' });
      const one = { result: { data: list ?? { events: [], nextAfter: 4, atEnd: true } } };
      return response.end(JSON.stringify(request.url.includes('batch=1') ? [one] : one));
    }
    connections.push(Date.now());
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: connected\ndata: {}\n\n');
    sse?.(response);
  });
  new WebSocketServer({ server: http }).on('connection', (ws) => {
    connections.push(Date.now());
    ws.on('error', () => {});
    ws.on('message', (text) => {
      const { id, method } = JSON.parse(text);
      if (method === 'subscription') socket?.(ws, id);
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => (http.closeAllConnections(), http.close()));
  return { url: `http://127.0.0.1:${http.address().port}`, connections };
}

// Everything that nobody catches would end the test's process, as it would a program.
async function watched(t, pod, transport, ms) {
  const told = { events: [], interrupted: [], statuses: 0 };
  const client = createSynapClient({ url: pod.url, key: 'k', transport });
  t.after(() => client.close());
  const watch = client.watch({}, {
    onEvent: (event) => told.events.push(event.position),
    onInterrupted: (error) => told.interrupted.push(error.message),
  });
  watch.ended?.catch?.(() => {});
  await new Promise((resolve) => setTimeout(resolve, ms));
  return told;
}

// 0 to 3 s: at first at once, then behind 0.1 to 0.2 s, and twice as much each time.
function delaysGrow(connections) {
  assert.ok(connections.length >= 3, `it comes back: ${connections.length}`);
  assert.ok(connections.length <= 8, `not in a hot loop: ${connections.length} in 3 s`);
}

for (const [what, frame] of Object.entries({
  'no JSON': '<html>', 'a number': '5', 'null': 'null', 'a list': '[1]', 'no text': Buffer.from([1, 2]),
  'a result that is null': '{"id":1,"result":null}', 'an error that is a text': '{"id":1,"error":"no"}',
})) {
  test(`a frame that is ${what} ends the connection and not the program`, async (t) => {
    const pod = await server(t, { socket: (ws) => ws.send(frame) });
    const told = await watched(t, pod, 'websocket', 3_000);
    delaysGrow(pod.connections);
    assert.match(told.interrupted[0], /no message of a pod: it is not|its (result|error) is not/);
  });
}

test('delays grow also where each connection says first that it has begun', async (t) => {
  const pod = await server(t, {
    socket(ws, id) {
      ws.send(JSON.stringify({ id, result: { type: 'started' } }));
      ws.send('{');
    },
  });
  await watched(t, pod, 'websocket', 3_000);
  delaysGrow(pod.connections);
});

test('an item that was read well lets the delays begin anew', async (t) => {
  let position = 4;
  const pod = await server(t, {
    socket(ws, id) {
      ++position;
      const data = { id: `${position}`, data: { ...EVENT, position } };
      ws.send(JSON.stringify({ id, result: { type: 'started' } }));
      ws.send(JSON.stringify({ id, result: { type: 'data', id: `${position}`, data } }));
      ws.send('{');
    },
  });
  const told = await watched(t, pod, 'websocket', 3_000);
  assert.ok(told.events.length > 8, `${told.events.length}`);
  assert.equal(new Set(told.events).size, told.events.length);
});

for (const [what, data] of Object.entries({ 'no JSON': '{"id":', 'null': 'null', 'a number': '7' })) {
  test(`an event of SSE that is ${what} is told, and delays grow`, async (t) => {
    const pod = await server(t, { sse: (response) => response.write(`id: 5\ndata: ${data}\n\n`) });
    const told = await watched(t, pod, 'sse', 3_000);
    delaysGrow(pod.connections);
    assert.match(told.interrupted[0], /it is not JSON|no pod/);
  });
}

test('an event of SSE behind good ones does not lead to a loop', async (t) => {
  const pod = await server(t, {
    sse: (response) => {
      response.write(`id: 5\ndata: ${JSON.stringify({ ...EVENT, position: 5 })}\n\n`);
      response.write('id: 6\ndata: {"id":\n\n');
    },
  });
  const told = await watched(t, pod, 'sse', 3_000);
  assert.deepEqual(told.events, [5]);
  delaysGrow(pod.connections);
});

test('an answer without the end of the log is no end', async (t) => {
  const pod = await server(t, { list: {} });
  const told = await watched(t, pod, 'websocket', 500);
  assert.match(told.interrupted[0], /no pod/);
});

const is = (status, body) => (request, response) => response.writeHead(status).end(body);
for (const [what, [answer, why]] of Object.entries({
  'a page': [is(200, '<html>'), 'its answer, of status 200, is not tRPC'],
  "a gateway's page": [is(502, '<html>'), 'its answer, of status 502, is not tRPC'],
  'nothing at all': [is(200), 'its answer, of status 200, is not tRPC'],
  'null': [is(200, 'null'), 'its answer, of status 200, is not tRPC'],
  'an empty list': [is(200, '[]'), 'its answer, of status 200, is not tRPC'],
  'JSON of another program': [is(404, '{"error":"Not Found"}'), 'its answer, of status 404, is not tRPC'],
  'a redirect to itself': [
    (request, response) => response.writeHead(302, { location: request.url }).end(),
    'it redirects again and again',
  ],
})) {
  test(`who answers with ${what} is said to be no pod`, async (t) => {
    const http = createServer(answer).listen(0, '127.0.0.1');
    await once(http, 'listening');
    t.after(() => (http.closeAllConnections(), http.close()));
    const url = `http://127.0.0.1:${http.address().port}`;
    const client = createSynapClient({ url, key: 'k' });
    const calls = [
      client.health.query(),
      client.notes.create.mutate({ content: 'a' }),
      client.notes.create.mutate({ content: 'a'.repeat(40_000) }),
      // A long query goes over REST, whose answers are any JSON: only what is none is not of a pod.
      ...(/JSON|null|list/.test(what) ? [] : [client.markdown.render.query({ text: 'a'.repeat(9_000) })]),
    ];
    for (const { status, reason } of await Promise.allSettled(calls)) {
      assert.equal(status, 'rejected');
      assert.ok(isSynapError(reason));
      assert.equal(messageOf(reason), `What answers at ${url} is no pod: ${why}`);
      assert.equal(reason.message, messageOf(reason));
    }
    await client.close();
  });
}

test('an answer that is cut short is none', async (t) => {
  const http = createServer((request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"result":');
    setTimeout(() => response.destroy(), 50);
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => (http.closeAllConnections(), http.close()));
  const client = createSynapClient({ url: `http://127.0.0.1:${http.address().port}`, key: 'k' });
  const error = await client.health.query().catch((error) => error);
  assert.match(messageOf(error), /^The pod does not answer/);
  await client.close();
});
