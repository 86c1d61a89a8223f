// Hostile requests, all to one pod: each is refused in the protocol's shape, and after each the pod
// does its work.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { checkRefusal, raw, Siege } from './hostile.mjs';
import { Caller, Pod } from './pod.mjs';

let siege;
let pod;
let owner;
let member;

before(async () => {
  siege = await Siege.begin();
  ({ pod, owner } = siege);
  const made = await owner.tell('users.create', { name: 'member' });
  member = new Caller(pod, made.key);
  siege.callers = { owner, member };
});

after(() => siege?.cleanUp());

/** A test after which the same pod must be well. */
function attack(name, action) {
  test(name, { timeout: 60_000 }, async (t) => {
    await action(t);
    await siege.isWell(`after ${name}`);
  });
}

const kHead = () => `Host: localhost\r\nAuthorization: Bearer ${owner.token}\r\n`;
const post = (procedure, body, extra = '') => [
  `POST /trpc/${procedure} HTTP/1.1\r\n${kHead()}Content-Type: application/json\r\n`
  + `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n${extra}\r\n`, body];

attack('malformed HTTP', async () => {
  const lines = {
    'no request': 'hello\r\n\r\n',
    'no version': `GET /trpc/health\r\n${kHead()}\r\n`,
    'another version': `GET /trpc/health HTTP/9.9\r\n${kHead()}\r\n`,
    'a space before the colon': `GET /trpc/health HTTP/1.1\r\nHost : pod\r\n\r\n`,
    'no Host': 'GET /trpc/health HTTP/1.1\r\n\r\n',
    'two Hosts': 'GET /trpc/health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'a NUL': `GET /trpc/health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n`,
    'a bare line feed in a field': `GET /trpc/health HTTP/1.1\r\nHost: localhost\r\nX: a\nGET / HTTP/1.1\r\n\r\n`,
    'a folded field': `GET /trpc/health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n b: c: \0\r\n\r\n`,
    'a length that is no number': `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Content-Length: 1e3\r\n\r\n`,
    'a negative length': `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Content-Length: -1\r\n\r\n`,
    'a length beyond 64 bits': `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Content-Length: 99999999999999999999999\r\n\r\n`,
    'two lengths': `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}`,
    'a chunk size that is no number': `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Transfer-Encoding: chunked\r\n\r\nzz\r\nzz\r\n`,
    'a chunk beyond 64 bits': `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n`,
    'another coding': `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    'TLS': Buffer.from('16030100a5010000a10303', 'hex').toString('latin1') + '\r\n\r\n',
    'HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'bytes': Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * 7919) & 0xff)).toString('latin1') + '\r\n\r\n',
  };
  for (const [what, text] of Object.entries(lines)) {
    const answer = await raw(pod, Buffer.from(text, 'latin1'));
    checkRefusal(answer, [400, 413, 501, 505], what);
  }
});

attack('Content-Length beside Transfer-Encoding (smuggling)', async () => {
  const inner = `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Content-Length: 22\r\n\r\n{"content":"smuggled"}`;
  const shapes = [
    `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
    `Transfer-Encoding: chunked\r\nContent-Length: ${inner.length}\r\n\r\n0\r\n\r\n${inner}`,
    `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${inner}`,
    `Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${inner}`,
    `Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${inner}`,
  ];
  for (const shape of shapes) {
    const answer = await raw(pod, `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}${shape}`, { keepsOpen: false, ms: 80_000 });
    checkRefusal(answer, 400, shape.slice(0, 50));
    assert.equal(answer.text.match(/HTTP\/1\.1 \d{3} [^\r]*\r\n/g).length, 1, 'one answer, then the end');
  }
  const { notes } = await owner.ask('notes.list', { limit: 100 });
  assert.ok(!notes.some((note) => note.preview.includes('smuggled')), 'nothing was smuggled in');
});

attack('limits of size', async () => {
  const tooLarge = 11 * 1024 * 1024;
  // Refused by what the head says: nothing of the body is waited for.
  const early = await raw(pod, `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Content-Type: application/json\r\nContent-Length: ${tooLarge}\r\n\r\n`, { ms: 5_000 });
  checkRefusal(early, 413, 'a body of 11 MiB, announced');
  const expecting = await raw(pod, `POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Expect: 100-continue\r\nContent-Length: ${tooLarge}\r\n\r\n`, { ms: 5_000 });
  checkRefusal(expecting, 413, 'a body of 11 MiB, asked for');
  // The client's kernel may drop the answer of one that goes on sending: then a reset, in time.
  const sent = await raw(pod, post('notes.create', `{"content":"${'x'.repeat(tooLarge)}"}`), { ms: 10_000 });
  if (sent.status) checkRefusal(sent, 413, 'a body of 11 MiB, sent');
  else assert.ok(sent.isReset);
  const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`;
  const chunked = await raw(pod, [`POST /trpc/notes.create HTTP/1.1\r\n${kHead()}Transfer-Encoding: chunked\r\n\r\n`, ...Array(176).fill(chunk)], { ms: 10_000 });
  if (chunked.status) checkRefusal(chunked, 413, 'chunks of 11 MiB');
  else assert.ok(chunked.isReset);
  for (const [what, head] of Object.entries({
    'one field of 70 KiB': `GET /trpc/health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70 * 1024)}\r\n\r\n`,
    'a target of 70 KiB': `GET /trpc/health?input=${'x'.repeat(70 * 1024)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    '10,000 fields': `GET /trpc/health HTTP/1.1\r\nHost: localhost\r\n${Array.from({ length: 10_000 }, (_, i) => `X-${i}: 1\r\n`).join('')}\r\n`,
  })) {
    const answer = await raw(pod, head, { ms: 5_000 });
    checkRefusal(answer, 431, what);
  }
  const batch = await owner.request('GET', `/trpc/${Array(101).fill('health').join(',')}?batch=1`);
  checkRefusal(batch, 400, 'a batch of 101');
  assert.equal((await owner.request('GET', `/trpc/${Array(100).fill('health').join(',')}?batch=1`)).status, 200, 'a batch of 100');
  checkRefusal(await owner.mutate('notes.create', { content: 'x' }, { key: 'k'.repeat(60_000) }), 400, 'a huge idempotency key');
  checkRefusal(await owner.mutate('notes.create', { content: 'x', idempotencyKey: 'k'.repeat(201) }), 400, 'a long idempotency key');
  checkRefusal(await owner.mutate('notes.create', { content: 'x', idempotencyKey: '' }), 400, 'an empty idempotency key');
  checkRefusal(await owner.mutate('notes.create', { content: 'x', tags: Array(101).fill('t').map((tag, i) => tag + i) }), 400, '101 tags');
});

attack('hostile JSON', async () => {
  const bodies = {
    '100,000 brackets': '['.repeat(100_000),
    '100,000 braces': '{"a":'.repeat(100_000),
    '100,000 brackets, closed': '['.repeat(100_000) + ']'.repeat(100_000),
    'deep inside an input': `{"content":${'['.repeat(65)}${']'.repeat(65)}}`,
    'nothing': '',
    'half': '{"content":',
    'a number': '7',
    'null': 'null',
    'an array': '[]',
    'two values': '{"content":"x"} {"content":"y"}',
    '1e400': '{"content":1e400}',
    'minus 1e400 where no number is due': '{"content":"x","tags":-1e400}',
    'NaN': '{"content":NaN}',
    'a comment': '{"content":"x"/* */}',
    'a lone high surrogate': '{"content":"\\ud800"}',
    'a lone low surrogate': '{"content":"a\\udc00b"}',
    'a wrong type': '{"content":7}',
    'wrong types everywhere': '{"content":[],"title":{},"tags":"x","idempotencyKey":3}',
    'an empty text': '{"content":""}',
    'a byte order mark': '\ufeff{"content":"x"}',
    'a control character': '{"content":"a\u0001"}',
    'a huge exponent in a limit': '{"content":"x","title":1e999999}',
    'a member __proto__ in place of an input': '{"__proto__":{"content":"x"}}',
  };
  // What the JSON grammar leaves open may be taken or refused; neither may do harm.
  const mayBeTaken = new Set(['a lone high surrogate', 'a lone low surrogate', 'a byte order mark']);
  for (const [what, body] of Object.entries(bodies)) {
    const answer = await raw(pod, post('notes.create', body));
    if (mayBeTaken.has(what) && answer.status === 200) continue;
    checkRefusal(answer, 400, what);
  }
  for (const bytes of ['ff', 'c0af', 'eda080', 'f4908080', 'e28221', '80', 'f0808080']) {
    const body = Buffer.concat([Buffer.from('{"content":"'), Buffer.from(bytes, 'hex'), Buffer.from('"}')]);
    const [head] = post('notes.create', '');
    const answer = await raw(pod, [head.replace('Content-Length: 0', `Content-Length: ${body.length}`), body]);
    checkRefusal(answer, 400, `invalid UTF-8: ${bytes}`);
  }
  for (const input of ['%', '%ff', '%c0%af', '{', '%7B%22limit%22:1e400%7D', '%7B%22limit%22:1.5%7D', '%7B%22limit%22:99999999999999999999%7D', encodeURIComponent('['.repeat(20_000))]) {
    checkRefusal(await owner.request('GET', `/trpc/notes.list?input=${input}`), 400, `input=${input.slice(0, 30)}`);
  }
  // Members of no schema are dropped, whatever they are called; of two the same, one counts.
  const odd = await raw(pod, post('notes.create', '{"content":"odd","__proto__":{"admin":true},"constructor":{"prototype":1},"userId":"other","content":"odd"}'));
  if (odd.status !== 200) checkRefusal(odd, 400, 'duplicate keys');
  const proto = await raw(pod, post('notes.create', '{"content":"plain","__proto__":{"admin":true},"userId":"other"}'));
  assert.equal(proto.status, 200, proto.text);
  const { requestId, entityId } = proto.json.result.data;
  await owner.settled(requestId);
  assert.equal((await owner.ask('notes.get', { id: entityId })).content, 'plain');
  const stored = (await owner.ask('requests.get', { requestId })).events[0];
  assert.doesNotMatch(JSON.stringify(stored), /admin|"other"/);
});

attack('unknown procedures and methods', async () => {
  for (const procedure of ['nothing', 'notes', 'notes.', '.notes', 'notes.create.x', '__proto__', 'constructor', 'toString', 'notes.__proto__', '%2e%2e', '%00', 'a'.repeat(10_000)]) {
    checkRefusal(await owner.query(procedure, {}), 404, procedure.slice(0, 40));
  }
  for (const method of ['PUT', 'DELETE', 'PATCH', 'TRACE', 'CONNECT']) {
    const answer = await raw(pod, `${method} /trpc/notes.list HTTP/1.1\r\n${kHead()}Connection: close\r\n\r\n`);
    checkRefusal(answer, [400, 404, 405, 415], method);
  }
  checkRefusal(await owner.query('notes.create', { content: 'x' }), 405, 'a mutation by GET');
  checkRefusal(await owner.mutate('notes.list', {}), 405, 'a query by POST');
  for (const target of ['/trpc', '/trpc/', '/../etc/passwd', '/trpc/../../owner.key', '/owner.key', '/data/owner.key', '//trpc/health/x']) {
    const answer = await raw(pod, `GET ${target} HTTP/1.1\r\n${kHead()}Connection: close\r\n\r\n`);
    checkRefusal(answer, [400, 404], target);
  }
});

attack('keys that are missing, malformed or revoked', async () => {
  const made = await owner.tell('keys.create', { name: 'to revoke' });
  const revoked = new Caller(pod, made.key);
  assert.equal((await revoked.query('notes.list', {})).status, 200);
  await owner.tell('keys.revoke', { keyId: made.keyId });
  const bodies = new Set();
  const tokens = {
    revoked: `Bearer ${made.key}`,
    unknown: `Bearer synap_${'A'.repeat(43)}`,
    short: 'Bearer synap_',
    'another scheme': `Basic ${Buffer.from(`x:${owner.token}`).toString('base64')}`,
    'one character less': `Bearer ${owner.token.slice(0, -1)}`,
    'one character more': `Bearer ${owner.token}x`,
    'upper case': `Bearer ${owner.token.toUpperCase()}`,
    long: `Bearer ${'x'.repeat(50_000)}`,
    quoted: `Bearer "${owner.token}"`,
    'a list': `Bearer x, Bearer ${owner.token}`,
  };
  for (const [what, authorization] of Object.entries(tokens)) {
    for (const [procedure, method] of [['notes.list', 'GET'], ['keys.list', 'GET'], ['events.watch', 'GET'], ['notes.create', 'POST'], ['users.create', 'POST']]) {
      const answer = await new Caller(pod, '').request(method, `/trpc/${procedure}`, { headers: { authorization }, ...(method === 'POST' && { body: '{"content":"x"}' }) });
      if (procedure === 'events.watch' && answer.status === 200) {
        assert.match(answer.text, /serialized-error/, `${what}: a stream is refused within`);
        assert.match(answer.text, /UNAUTHORIZED/);
        continue;
      }
      checkRefusal(answer, 401, `${what}, ${procedure}`);
      if (procedure === 'notes.list' && what !== 'another scheme') bodies.add(answer.text);
    }
  }
  assert.equal(bodies.size, 1, `why a key is not valid is not told: ${[...bodies]}`);
  checkRefusal(await new Caller(pod, '').query('notes.list', {}), 401, 'no key');
  assert.equal((await new Caller(pod, '').query('health')).status, 200, 'health needs none');
  checkRefusal(await member.mutate('users.create', { name: 'mine', role: 'owner' }), 403, 'a member makes no users');
});

attack("another user's ids", async () => {
  const note = await owner.tell('notes.create', { content: 'secret', tags: ['private'] });
  const request = await owner.settled(note.requestId);
  const { runs } = await owner.ask('runs.list', { limit: 1 });
  const { keys } = await owner.ask('keys.list');
  const event = request.events[0].id;
  const calls = (id) => [
    ['notes.get', 'query', { id: id.note }], ['notes.getById', 'query', { id: id.note }],
    ['notes.update', 'mutate', { id: id.note, content: 'mine now' }],
    ['notes.update', 'mutate', { id: id.note, content: 'mine now', expectedVersion: 1 }],
    ['notes.delete', 'mutate', { id: id.note }],
    ['notes.delete', 'mutate', { id: id.note, idempotencyKey: randomUUID() }],
    ['requests.get', 'query', { requestId: id.request }], ['events.get', 'query', { id: id.event }],
    ['runs.get', 'query', { id: id.run }], ['runs.retry', 'mutate', { id: id.run }],
    ['keys.revoke', 'mutate', { keyId: id.key }],
  ];
  const theirs = calls({ note: note.entityId, request: note.requestId, event, run: runs[0].id, key: keys[0].id });
  const none = calls({ note: randomUUID(), request: randomUUID(), event: randomUUID(), run: randomUUID(), key: randomUUID() });
  for (const [i, [procedure, kind, input]] of theirs.entries()) {
    const answer = await member[kind](procedure, input);
    const nobodys = await member[kind](procedure, none[i][2]);
    checkRefusal(answer, 404, procedure);
    assert.equal(answer.text, nobodys.text, `${procedure} tells nothing of another user's id`);
  }
  const lists = [
    ['events.list', { aggregateId: note.entityId }], ['events.list', { correlationId: note.requestId }],
    ['notes.list', { tag: 'private' }], ['notes.list', {}], ['runs.list', {}],
  ];
  for (const [procedure, input] of lists) {
    const found = await member.ask(procedure, input);
    assert.equal((found.events ?? found.notes ?? found.runs).length, 0, `${procedure} ${JSON.stringify(input)}`);
  }
  const cursor = Buffer.from(JSON.stringify([null, note.entityId])).toString('base64url');
  assert.equal((await member.ask('notes.list', { cursor })).notes.length, 0);
  // One user's idempotency key is not another's.
  const key = 'the same key';
  const first = await owner.tell('notes.create', { content: 'owner' }, { key });
  const second = await member.tell('notes.create', { content: 'member' }, { key });
  assert.notEqual(first.requestId, second.requestId);
  await member.settled(second.requestId);
  assert.equal((await owner.ask('notes.get', { id: note.entityId })).content, 'secret');
});

attack('ids that climb', async () => {
  const climbs = ['../../../etc/passwd', '..', '/etc/passwd', '%2e%2e%2f', '..\\..\\', '\u0000', `${randomUUID()}/../x`, 'C:\\', '.', `${randomUUID()}\u0000.md`, 'file:///etc/passwd', '{}', "' OR 1=1 --"];
  for (const id of climbs) {
    for (const procedure of ['notes.get', 'runs.get', 'events.get']) {
      checkRefusal(await owner.query(procedure, { id }), [400, 404], `${procedure} ${id}`);
    }
    checkRefusal(await owner.mutate('notes.update', { id, content: 'x' }), [400, 404], `notes.update ${id}`);
    checkRefusal(await owner.query('requests.get', { requestId: id }), [400, 404], `requests.get ${id}`);
    checkRefusal(await owner.query('notes.list', { cursor: id }), [400, 404], `cursor ${id}`);
    const said = await owner.mutate('notes.create', { content: `climb ${id}`, title: `../${id}`, tags: [id], idempotencyKey: id });
    assert.equal(said.status, 200, 'a title, a tag or a key is only text');
    await owner.settled(said.json.result.data.requestId);
  }
  // Whatever the names were, only the known places have been written to.
  assert.deepEqual(readdirSync(pod.root), ['data']);
  for (const name of readdirSync(pod.data)) assert.match(name, /^(content|search|owner\.key|signing\.secret|synap\.(db|db-wal|db-shm|lock|url))$/);
  for (const user of readdirSync(path.join(pod.data, 'content'))) assert.match(user, /^([0-9a-f-]{36}|\.tmp)$/);
});

attack('positions that are none', async () => {
  for (const lastEventId of ['-1', '1e3', '999999999', '0x1', '', ' 1', '1 ', 'abc', '9'.repeat(40)]) {
    const answer = await owner.request('GET', `/trpc/events.watch?input=${encodeURIComponent(JSON.stringify({ lastEventId }))}`, { timeout: 5_000 });
    if (answer.status === 200) assert.match(answer.text, /serialized-error.*BAD_REQUEST/s, lastEventId);
    else checkRefusal(answer, 400, `lastEventId ${lastEventId}`);
  }
  for (const input of [{ after: -1 }, { after: 1.5 }, { limit: 0 }, { limit: 1001 }, { limit: '1' }, { types: [''] }, { types: ['x'.repeat(200)] }, { types: Array(101).fill('a') }, { aggregateId: 'x' }]) {
    checkRefusal(await owner.query('events.list', input), 400, JSON.stringify(input));
  }
});

test('the pod is what it was', { timeout: 60_000 }, () => siege.end('hostile_http'));
