// Answers over time on HTTP: JSON Lines and Server-Sent Events, and what happens when the reader
// of one leaves.
import assert from 'node:assert/strict';
import test from 'node:test';
import { same, sameEvents, sameJsonl } from './compare.mjs';
import { servers } from './harness.mjs';
import { decodeJsonl, fetchAll, input, json, jsonl, open, readEvents } from './wire.mjs';

const lines = (path, headers = jsonl) => ({ path, headers });
const sse = (path, given, headers) => ({
  path: given === undefined ? path : `${path}?${input(given)}`,
  headers,
});

test('33-34 JSONL has a head with each call, then each answer with its own path', async () => {
  const answer = await sameJsonl(lines('/hello,noInput?batch=1'));
  assert.ok(answer.text.endsWith('\n'));
  assert.deepEqual(Object.keys(JSON.parse(answer.text.split('\n')[0])), ['0', '1']);
  await sameJsonl(lines('/hello,nope,undef?batch=1'));
  await sameJsonl(lines('/nul,zero,empty,unicode,crash?batch=1'));
  await sameJsonl(lines('/whoami?batch=1'));
  await sameJsonl(lines('/whoami,hello?batch=1&connectionParams=%7B%22token%22%3A%22bad%22%7D'));
  await sameJsonl(lines('/sub.count?batch=1'));
  await sameJsonl(lines('/echo,noInput?batch=1&input=%7Bbad'));
});

test('35 JSONL is also asked for by Accept, in whatever company', async () => {
  await sameJsonl(lines('/hello,noInput?batch=1', { accept: 'application/jsonl' }));
  await sameJsonl(lines('/hello,noInput?batch=1', { accept: 'text/html, application/jsonl ,*/*' }));
  await same(lines('/hello?batch=1', { accept: 'application/jsonl;q=1' }));
  await same(lines('/hello?batch=1', { 'trpc-accept': 'other', accept: 'application/jsonl' }));
});

test('36 a JSONL answer is sent when it is there, not when all are', async () => {
  const { ours } = await servers();
  const { chunks, times } = await fetchAll(
    ours,
    lines(`/slow,hello?batch=1&${input({ 0: { ms: 300 } })}`),
  );
  const at = (text) => times[chunks.findIndex((chunk) => chunk.includes(text))];
  assert.ok(at('slept') - at('hello world') > 150, `${at('hello world')} and ${at('slept')} ms`);
});

test('37-38 JSONL is 200 with its errors inside, but must be a batch', async () => {
  await sameJsonl({
    method: 'POST',
    path: '/failMut,undefMut?batch=1',
    headers: { ...json, ...jsonl },
    body: '{"0":{"code":"CONFLICT"}}',
  });
  await same(lines('/noInput'));
  await same(lines('/sub.count'));
  await same(lines('/hello,post.create?batch=1'));
  await sameJsonl(lines('/post.create?batch=1'));
});

test('39 a generator\'s yields, return and error come as they happen', async () => {
  const { decoded } = await sameJsonl(lines('/stream,streamErr,hello?batch=1'));
  assert.deepEqual(decoded[0].result.data, { yields: [{ n: 1 }, { n: 2 }, 3], end: 'done' });
  assert.equal(decoded[1].result.data.error.data.path, 'streamErr');
});

test('JSONL keeps a quiet connection alive with blanks, never with empty lines', async () => {
  const { both } = await servers({ JPING: '20' });
  for (const server of both) {
    const { text } = await fetchAll(server, lines(`/slow?batch=1&${input({ 0: { ms: 150 } })}`));
    assert.match(text, / {2,}\[0,0,/, server.name);
    assert.deepEqual(decodeJsonl(text)[0].result?.data ?? {}, { slept: 150 });
  }
});

test('42 SSE begins with connected, ends with return, and is not cached', async () => {
  const { events } = await sameEvents(sse('/sub.plain', { to: 2 }));
  assert.deepEqual(events, [
    { event: 'connected', data: '{}' },
    { data: '{"n":1}' },
    { data: '{"n":2}' },
    { event: 'return', data: '' },
  ]);
  await sameEvents(sse('/sub.obs'));
  await sameEvents(sse('/sub.noinput'));
  await sameEvents(sse('/sub.date'));
});

test('43 SSE items carry their ids', () => sameEvents(sse('/sub.count', { to: 3 })));

test('44 SSE resumes behind the id of a header, the input or a query, the header first', async () => {
  for (const asked of [
    sse('/sub.count', { to: 5 }, { 'last-event-id': '3' }),
    sse('/sub.count', { to: 5, lastEventId: '3' }),
    { path: `/sub.count?${input({ to: 5 })}&lastEventId=3` },
    { path: `/sub.count?${input({ to: 5 })}&Last-Event-Id=3` },
    { path: `/sub.count?${input({ to: 5, lastEventId: '1' })}&lastEventId=2`, headers: { 'last-event-id': '4' } },
    { path: `/sub.count?${input({ to: 2, lastEventId: '1' })}`, headers: { 'last-event-id': '' } },
    { path: '/sub.mixed?lastEventId=9' },
    { path: '/sub.mixed?input=5&lastEventId=9' },
    { path: '/sub.count?input=5&lastEventId=9' },
  ]) {
    await sameEvents(asked);
  }
  const { events } = await sameEvents(sse('/sub.count', { to: 5 }, { 'last-event-id': '3' }));
  assert.deepEqual(events.filter((event) => event.id).map((event) => event.id), ['4', '5']);
});

test('45 an SSE item without an id clears the last one and restores it', async () => {
  await sameEvents(sse('/sub.mixed'));
  await sameEvents(sse('/sub.plain', { to: 2 }, { 'last-event-id': '7' }));
  const { events } = await sameEvents(sse('/sub.mixed', undefined, { 'last-event-id': '7' }));
  assert.deepEqual(events[2], { event: 'restore-id', data: '', id: '7' });
});

test('an SSE item that is undefined is null: the official server\'s text breaks its client', async () => {
  const { events } = await sameEvents(sse('/sub.undef'), {
    ignore: (event) => (event.data === 'undefined' ? { ...event, data: 'null' } : event),
  });
  assert.deepEqual(events.slice(1, 3), [{ data: 'null' }, { data: 'null', id: 'u' }]);
});

test('46 SSE errors are events with their path, before the first item and after it', async () => {
  await sameEvents(sse('/sub.fail', { code: 'CONFLICT' }));
  await sameEvents(sse('/sub.fail', { code: 'BAD_GATEWAY' }));
  await sameEvents(sse('/sub.failNow', { code: 'FORBIDDEN' }));
  await sameEvents(sse('/sub.count', {}));
  await sameEvents({ path: '/sub.count?input=%7Bbad' });
  await sameEvents(sse('/sub.notiter'));
  await sameEvents({ path: '/sub.plain?connectionParams=%7B%22token%22%3A%22bad%22%7D' });
  await sameEvents({ method: 'POST', path: '/sub.plain', headers: json, body: '{"to":1}' });
  await sameEvents({ method: 'POST', path: '/sub.plain', headers: json, body: '{"to":1}' }, { switches: { OVERRIDE: '1' } });
  await sameEvents(sse('/sub.failNow', { code: 'BAD_REQUEST' }), { switches: { FMT: '1' } });
});

test('47 SSE of an unknown path or with broken connectionParams is JSON', async () => {
  await same(sse('/sub.nope'));
  await same({ path: '/sub.plain?connectionParams=zz' });
});

test('48 SSE items are sent when they are there', async () => {
  const { ours } = await servers();
  const { times } = await readEvents(ours, sse('/sub.count', { to: 3, ms: 100 }));
  assert.ok(times.at(-1) - times[0] > 150, `all within ${times.at(-1) - times[0]} ms`);
});

test('63 the server answers after twenty SSE readers have hung up, and their handlers ended', async () => {
  const { ours } = await servers();
  const from = ours.lines.length;
  const readers = Array.from({ length: 20 }, () =>
    readEvents(ours, sse('/sub.forever'), (events) => events.length > 3),
  );
  await Promise.all(readers);
  await ours.said('forever finally', { times: 20, from });
  assert.equal((await fetchAll(ours, { path: '/noInput' })).status, 200);
});

test('66 SSE pings a quiet reader, and tells how long a silence may be', async () => {
  const switches = { PING: '50', INACT: '100' };
  const { events } = await sameEvents(sse('/sub.idle'), {
    switches,
    enough: (seen) => seen.length === 5,
  });
  assert.equal(events[0].data, '{"reconnectAfterInactivityMs":100}');
  assert.deepEqual(events[4], { event: 'ping', data: '' });
});

test('67 SSE that lasts too long ends without return', async () => {
  const { both } = await servers({ MAXDUR: '200' });
  for (const server of both) {
    const from = server.lines.length;
    const { events, how } = await readEvents(server, sse('/sub.count', { to: 100, ms: 30 }));
    assert.equal(how, 'ended', server.name);
    assert.ok(events.every(({ event }) => event === undefined || event === 'connected'));
    assert.ok(events.length > 4 && events.length < 10, `${events.length} events`);
    await server.said('count ABORT', { from });
  }
});

test('68 a handler learns that the reader of its stream or the caller of its query is gone', async () => {
  const { both } = await servers();
  for (const server of both) {
    const from = server.lines.length;
    await readEvents(server, sse('/sub.count', { to: 1000, ms: 20 }), (events) => events.length > 2);
    await server.said('count ABORT', { from });

    for (const path of [`/slow?${input({ ms: 800 })}`, `/slow,hello?batch=1&${input({ 0: { ms: 800 } })}`]) {
      const { request, response } = open(server, { path });
      response.catch(() => {});
      const before = server.lines.length;
      setTimeout(() => request.destroy(), 60);
      await server.said('ABORTED slow', { from: before });
    }
    const before = server.lines.length;
    const { request, response } = open(server, lines(`/slow,hello?batch=1&${input({ 0: { ms: 800 } })}`));
    await response;
    request.destroy();
    await server.said('ABORTED slow', { from: before });
  }
});
