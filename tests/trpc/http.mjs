// HTTP: single calls, batches, errors, uploads. The numbers are those of docs/trpc.md's checks.
import assert from 'node:assert/strict';
import test from 'node:test';
import { same } from './compare.mjs';
import { servers } from './harness.mjs';
import { fetchAll, input, json, jsonl } from './wire.mjs';

const get = (path, headers) => ({ path, headers });
const post = (path, body, headers = json) => ({ method: 'POST', path, body, headers });

test('1-8 queries answer what the official server answers, undefined and null kept apart', async () => {
  for (const path of [
    '/noInput',
    `/hello?${input({ name: 'bob' })}`,
    '/hello',
    `/post.byId?${input({ id: 1 })}`,
    '/hello?input=%7B%22name%22%3A%22a+b%22%7D',
    '/echo?input=',
    '/echo',
    '/echo?input=null',
    '/echo?input=%7B%22a%22%3A1%7D&input=2',
    '/echo?input=-0',
    '/echo?input=1.50',
    '/echo?input=%22%ed%a0%80%22',
    `/echo?${input('é 🎉 \u2028 \\ " / \u0000 \u001f')}`,
    '/undef',
    '/nul',
    '/zero',
    '/empty',
    '/unicode',
    '/dateJson',
    `/dateIn?${input({ when: '2024-01-02' })}`,
    '/dateIn?input={}',
    '/noInput?input=%7Bbroken',
  ]) {
    await same(get(path));
  }
  // JavaScript makes other numbers of these, and says nothing; we refuse them.
  const { ours, official } = await servers();
  for (const [number, becomes] of [
    ['12345678901234567890', 12345678901234567000],
    ['9007199254740993', 9007199254740992],
    ['1e400', null],
  ]) {
    const theirs = await fetchAll(official, get(`/echo?input=${number}`));
    assert.equal(theirs.json.result.data.input ?? null, becomes);
    const mine = await fetchAll(ours, get(`/echo?input=${number}`));
    assert.equal(mine.status, 400);
    assert.equal(mine.json.error.data.code, 'BAD_REQUEST');
    assert.match(mine.json.error.message, new RegExp(`^The number ${number} cannot be kept`));
  }
  assert.equal((await fetchAll(ours, get('/undef'))).text, '{"result":{}}');
});

test('9-10 mutations read JSON whatever its charset, and an empty body as undefined', async () => {
  await same(post('/post.create', '{"title":"x"}', { 'content-type': 'application/json;charset=utf-8' }));
  await same(post('/post.create', '{"title":"x"}', { 'content-type': ' Application/JSON ; charset=UTF-8' }));
  await same(post('/undefMut', ''));
  await same(post('/undefMut', undefined));
  await same(post('/echoMut', ''));
  await same(post('/echoMut', 'null'));
  await same(post('/echoMut?input=1', '{"a":[1,"b",null]}'));
  await same(post('/post.admin.del', '5'));
});

test('11 a body of no or a foreign content type is refused with 415', async () => {
  await same(post('/post.create', '{"title":"x"}', {}));
  await same(post('/post.create', '{"title":"x"}', { 'content-type': 'text/plain' }));
  await same(post('/post.create?batch=1', '{}', { 'content-type': 'application/jsonx' }));
  await same(get('/hello', { 'content-type': 'text/plain' }));
});

test('12 broken JSON is the call\'s BAD_REQUEST', async () => {
  const bad = await same(post('/post.create', '{bad'));
  assert.equal(bad.json.error.code, -32600);
  assert.equal(bad.json.error.data.path, 'post.create');
  await same(get('/echo?input=%7Bbad'));
  await same(get('/hello,noInput,echo?batch=1&input=%7Bbad'));
});

test('13 an unknown path is NOT_FOUND with the path', async () => {
  for (const path of ['/nope', '/post', '/__proto__', '/constructor', '/Hello', '/post.byId.x', '/', '']) {
    await same(get(path));
  }
  await same(post('/nope', '{}'));
  await same({ method: 'PUT', path: '/nope', body: '{}', headers: json });
});

test('14 the wrong method is 405 and says which are allowed', async () => {
  const refused = await same(get('/post.create'));
  assert.equal(refused.headers.allow, 'POST');
  await same(post('/hello', '{}'));
  for (const method of ['PUT', 'DELETE', 'PATCH']) {
    await same({ method, path: '/hello', body: '{}', headers: json });
    await same({ method, path: '/hello', body: '' });
  }
  await same(get('/post.create,failMut?batch=1'));
});

test('15 HEAD is 204 and OPTIONS is not ours to answer', async () => {
  const { both } = await servers();
  for (const server of both) {
    const answer = await fetchAll(server, { method: 'HEAD', path: '/hello' });
    assert.equal(answer.status, 204);
    assert.equal(answer.text, '');
  }
  await same({ method: 'OPTIONS', path: '/hello' });
});

test('16 a broken escape in the path is BAD_REQUEST', async () => {
  await same(get('/%E0%A4%A'));
  await same(get('/%FF'));
  await same(get('/hel%6Co'));
  await same(get('/hello/'));
});

test('17 a failed validation has zod\'s text, and zodError where it is asked for', async () => {
  const inputs = [{ name: 'x' }, {}, { name: 1, age: 1.5 }, [], 'x', null, { name: 'ok', age: '1' }];
  for (const given of inputs) await same(get(`/greet?${input(given)}`));
  for (const given of inputs) await same(get(`/greet?${input(given)}`), { switches: { FMT: '1' } });
  for (const path of ['/greet', '/nope', '/crash', '/fail?input={"code":"CONFLICT"}', '/hello,post.create?batch=1']) {
    await same(get(encodeURI(path)), { switches: { FMT: '1' } });
  }
  await same(get(`/fail?${input({ code: 'NO_SUCH_CODE' })}`));
});

test('18 an uncaught exception is 500 without a stack', async () => {
  const crashed = await same(get('/crash'));
  assert.deepEqual(Object.keys(crashed.json.error.data), ['code', 'httpStatus', 'path']);
  await same(get('/crashStr'));
  await same(get('/badOut'));
});

test('19 every code has its number and its status', async () => {
  const codes = `PARSE_ERROR BAD_REQUEST UNAUTHORIZED PAYMENT_REQUIRED FORBIDDEN NOT_FOUND
    METHOD_NOT_SUPPORTED TIMEOUT CONFLICT PRECONDITION_FAILED PAYLOAD_TOO_LARGE
    UNSUPPORTED_MEDIA_TYPE UNPROCESSABLE_CONTENT PRECONDITION_REQUIRED TOO_MANY_REQUESTS
    CLIENT_CLOSED_REQUEST INTERNAL_SERVER_ERROR NOT_IMPLEMENTED BAD_GATEWAY SERVICE_UNAVAILABLE
    GATEWAY_TIMEOUT`.split(/\s+/);
  assert.equal(codes.length, 21);
  for (const code of codes) await same(get(`/fail?${input({ code })}`));
});

test('20 a context that cannot be made is each call\'s error', async () => {
  const bad = 'connectionParams=%7B%22token%22%3A%22bad%22%7D';
  await same(get(`/whoami?${bad}`));
  await same(get(`/whoami,hello,nope?batch=1&${bad}`));
  await same(get(`/greet?input=%7Bbroken&${bad}`));
  await same(post('/post.create', '{}', { ...json, 'x-fail-ctx': '1' }));
});

test('21 connectionParams are an object of strings or the whole request is refused', async () => {
  for (const params of ['zz', '{"a":1}', '[]', '"x"', '5', '', 'null', '{}', '{"a":"b"}']) {
    await same(get(`/whoami?connectionParams=${encodeURIComponent(params)}`));
  }
  await same(get('/whoami', { authorization: 'Bearer x' }));
  await same(get('/whoami,whoami?batch=1'));
});

test('22 a batch is answered in the order of the request and runs at once', async () => {
  const { ours } = await servers();
  await same(get(`/slow,hello?batch=1&${input({ 0: { ms: 50 } })}`));
  const begun = performance.now();
  const given = { 0: { ms: 150 }, 1: { ms: 150 }, 2: { ms: 150 } };
  await fetchAll(ours, get(`/slow,slow,slow?batch=1&${input(given)}`));
  assert.ok(performance.now() - begun < 400, 'three calls of 150 ms took more than 400 ms');
});

test('23-26 a batch of one, sparse inputs, one path twice, an encoded comma', async () => {
  await same(get('/hello?batch=1&input={}'));
  await same(get(`/echo,echo,echo?batch=1&${input({ 1: 5, 2: null })}`));
  await same(get('/echo,echo?batch=1'));
  await same(get('/hello,hello?batch=1'));
  await same(get('/hello%2CnoInput?batch=1'));
  await same(get('/hello,?batch=1'));
  await same(post('/echoMut,post.create?batch=1', '{"0":1,"1":{"title":"t"}}'));
  await same(post('/echoMut,undefMut?batch=1', ''));
});

test('27-28 a batch of different statuses is 207, one of equal statuses has theirs', async () => {
  assert.equal((await same(get('/hello,nope?batch=1'))).status, 207);
  assert.equal((await same(get('/nope,greet?batch=1'))).status, 207);
  assert.equal((await same(get('/nope1,nope2?batch=1'))).status, 404);
  assert.equal((await same(get('/crash,crashStr?batch=1'))).status, 500);
});

test('29-32 what is no batch: mixed kinds, a list of inputs, subscriptions, batch=true', async () => {
  await same(get('/hello,post.create?batch=1'));
  await same(get('/sub.count,post.create,hello?batch=1'));
  for (const given of ['[1]', '1', '"x"', 'null', 'true']) {
    await same(get(`/echo,echo?batch=1&input=${given}`));
  }
  await same(get('/sub.count?batch=1'));
  await same(get('/hello,noInput?batch=true'));
  await same(get('/hello,noInput?batch=11'));
  await same(get('/hello?batch=1'), { switches: { NOBATCH: '1' } });
  await same(get('/hello'), { switches: { NOBATCH: '1' } });
});

test('40 a stream where only one value can be sent is 415', async () => {
  await same(get('/stream'));
  await same(get('/stream,hello?batch=1'));
});

test('41 an octet stream arrives byte for byte', async () => {
  const octet = { 'content-type': 'application/octet-stream' };
  await same(post('/octet', Buffer.from([0, 255, 13, 10, 7]), octet));
  await same(post('/octet', Buffer.alloc(100_000, 'x'), octet));
  await same(post('/octet', '', octet));
  await same(get('/octet', octet));
  await same(post('/hello', 'x', octet));
  await same(post('/nope', 'x', octet));
  await same(post('/octet?batch=1', 'x', octet));
  await same(post('/octet', 'x', { ...octet, ...jsonl }));
  await same(post('/undefMut', 'x', octet));
});

test('69 limits: calls in a batch, bytes in a body, a long GET', async () => {
  await same(get('/hello,hello,hello,hello?batch=1'), { switches: { MAXBATCH: '3' } });
  await same(get('/hello,hello,hello?batch=1'), { switches: { MAXBATCH: '3' } });

  const { both } = await servers({ MAXBODY: '1000' });
  for (const server of both) {
    const answer = await fetchAll(server, post('/echoMut', JSON.stringify('x'.repeat(2000))));
    assert.equal(answer.status, 413, server.name);
    assert.equal(answer.json.error.code, -32013);
    assert.equal(answer.json.error.data.code, 'PAYLOAD_TOO_LARGE');
  }
  const { ours } = await servers();
  for (const kib of [9, 20, 40]) {
    const name = 'x'.repeat(kib * 1024);
    const answer = await fetchAll(ours, get(`/hello?${input({ name })}`));
    assert.equal(answer.json.result.data, `hello ${name}`);
  }
  const tooLong = await fetchAll(ours, get(`/hello?${input({ name: 'x'.repeat(100_000) })}`));
  assert.equal(typeof tooLong.json.error.code, 'number');
});

test('70 a query may be a POST only where the server allows it', async () => {
  const switches = { OVERRIDE: '1' };
  await same(post('/hello', '{"name":"p"}'), { switches });
  await same(post('/hello,noInput?batch=1', '{"0":{"name":"p"}}'), { switches });
  await same(get('/hello'), { switches });
  await same(get('/post.create'), { switches });
  await same({ method: 'PUT', path: '/hello', body: '{}', headers: json }, { switches });
  assert.equal((await same(post('/hello', '{}'))).status, 405);
});

const boundary = '----formdata-undici-0123';
const form = { 'content-type': `multipart/form-data; boundary=${boundary}` };
const part = (disposition, body, type = '') =>
  `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n${type && `Content-Type: ${type}\r\n`}\r\n${body}\r\n`;
const end = `--${boundary}--\r\n`;

test('71 a form keeps its fields in order, equal names and foreign file names included', async () => {
  await same(
    post(
      '/upload',
      part('name="a"', '1') +
        part('name="f"; filename="é 日本 %22.txt"', 'inhalt\r\n--x', 'text/plain') +
        part('name="a"', '2') +
        part('name="empty"', '') +
        part('name="g"; filename="b;c.bin"', '\u0000\u0001', 'application/octet-stream') +
        part('name="wéird"', 'ü 🎉') +
        end,
      form,
    ),
  );
  await same(post('/upload?batch=1', part('name="a"', '1') + end, form));
  await same(post('/upload', part('name="f"; filename="x.json"', '{}', 'application/json') + end, {
    'content-type': `multipart/form-data; boundary="${boundary}"`,
  }));
});

test('71 what is no form is the call\'s BAD_REQUEST', async () => {
  await same(post('/upload', 'x', { 'content-type': 'multipart/form-data' }));
  await same(post('/upload', 'x', form));
  await same(post('/upload', part('name="a"', '1'), form));
  await same(get('/upload', form));
  await same(post('/hello', part('name="a"', '1') + end, form));
  await same(post('/nope', part('name="a"', '1') + end, form));
  await same(post('/undefMut', 'nothing looks at this', form));
});

test('a page of an origin that is not allowed can post no form and open no WebSocket', async () => {
  const { ours } = await servers({ ORIGINS: 'https://app.example' });
  const send = (origin, path = '/upload', body = part('name="a"', '1') + end, headers = form) =>
    fetchAll(ours, post(path, body, { ...headers, ...(origin && { origin }) }));
  assert.equal((await send('https://evil.example')).status, 403);
  assert.equal((await send('null')).json.error.data.code, 'FORBIDDEN');
  assert.equal((await send('https://app.example')).status, 200);
  assert.equal((await send(`http://127.0.0.1:${ours.port}`)).status, 200);
  assert.equal((await send(undefined)).status, 200);
  // JSON makes a browser ask first, which is CORS' business.
  assert.equal((await send('https://evil.example', '/undefMut', '', json)).status, 200);
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    origin: 'https://evil.example',
  };
  const refused = await fetchAll(ours, get('', upgrade));
  assert.equal(refused.status, 403);
  assert.equal(refused.json.error.code, -32003);
});
