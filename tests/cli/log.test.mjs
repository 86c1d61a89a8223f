// What a running pod says on stderr.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { run, startPod, temporary } from './synap.mjs';

const start = (t, ...args) => startPod(t, path.join(temporary(t), 'pod'), { args });
const get = (pod, at, key = pod.key) =>
  fetch(pod.url + at, { headers: { authorization: `Bearer ${key}` } });

async function send(pod, bytes) {
  const socket = net.connect(Number(new URL(pod.url).port), '127.0.0.1');
  socket.end(bytes);
  socket.resume();
  await once(socket, 'close');
}

async function stopped(pod) {
  pod.kill('SIGTERM');
  return (await pod.end()).stderr.split('\n').filter((line) => line !== '');
}

/** Each line, which must be JSON with what every line has. */
function parsed(lines) {
  return lines.map((line) => {
    const json = JSON.parse(line);
    assert.match(json.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(['error', 'warn', 'info', 'debug'].includes(json.level), line);
    assert.ok(json.room && typeof json.message === 'string', line);
    return json;
  });
}

test('text says what it always said, and nothing of requests', async (t) => {
  const pod = await start(t);
  assert.equal((await get(pod, '/trpc/notes.list')).status, 200);
  const lines = await stopped(pod);
  assert.match(lines[0], /^synap: the owner's key, shown this once: synap_/);
  assert.match(lines[2], new RegExp(`^synap: serving ${pod.url} from /`));
  assert.match(lines[3], new RegExp(`^synap: look at it, .*: ${pod.url}/#token=synap_link_`));
  assert.deepEqual(lines.slice(4), ['synap: stopping; once more to stop at once', 'synap: stopped']);
});

test('as JSON every line is an object, and the owner\'s key is in none', async (t) => {
  const pod = await start(t, '--log-format', 'json', '--log-level', 'debug');
  assert.equal((await get(pod, '/trpc/notes.list')).status, 200);
  assert.equal((await get(pod, '/trpc/notes.getById?input=%22x%22')).status, 400);
  const text = await stopped(pod);
  const lines = parsed(text);
  const calls = lines.filter((line) => line.procedure);
  assert.deepEqual(calls.map(({ level, procedure, code }) => [level, procedure, code]),
    [['debug', 'notes.list', 'OK'], ['debug', 'notes.getById', 'BAD_REQUEST']]);
  assert.match(calls[0].user, /^[0-9a-f-]{36}$/);
  assert.ok(calls[0].ms > 0 && calls[0].ms < 10_000);
  assert.equal(lines.find((line) => line.url).message.split(' ')[0], 'serving');
  assert.ok(!text.join('\n').includes(pod.key.slice(6)), 'the key is a secret');
});

test('a level leaves out what is less', async (t) => {
  const pod = await start(t, '--log-level', 'warn', '--log-format', 'json');
  await get(pod, '/trpc/notes.list', 'synap_wrong');
  assert.deepEqual(await stopped(pod), []);
});

test('neither a path nor a header forges a line', async (t) => {
  for (const format of ['text', 'json']) {
    const pod = await start(t, '--log-level', 'debug', '--log-format', format);
    const evil = '\x1b[2Jevil\u009b\xff"} synap: forged';
    await send(pod, Buffer.from(`GET /trpc/health HTTP/1.1\r\nhost: x${evil}\r\n\r\n`, 'latin1'));
    await send(pod, Buffer.from(`GET /trpc/notes.list HTTP/1.1\r\nhost: localhost\r\norigin: http://e/${evil}\r\n`
      + 'upgrade: websocket\r\nconnection: upgrade\r\n\r\n', 'latin1'));
    await get(pod, '/trpc/notes.list%0Asynap:%20forged%1b%5B2J');
    await get(pod, '/trpc/notes.list', 'synap_%0Asynap: forged');
    const lines = await stopped(pod);
    for (const line of lines) {
      assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f]/);
      assert.doesNotMatch(line, /^synap: forged/);
    }
    if (format === 'json') parsed(lines);
    assert.ok(lines.some((line) => line.includes('was refused')), lines.join('\n'));
  }
});

test('strangers fill no disk with lines, and those that are left out are counted', async (t) => {
  const pod = await start(t, '--log-format', 'json');
  for (let i = 0; i < 300; ++i) assert.equal((await get(pod, '/trpc/notes.list', `synap_${i}`)).status, 401);
  const lines = parsed(await stopped(pod)).filter((line) => line.message.startsWith('an API key was refused'));
  const written = lines.filter((line) => line.peer).length;
  const leftOut = lines.reduce((sum, line) => sum + (line.left_out ?? 0), 0);
  assert.equal(written + leftOut, 300);
  assert.ok(written < 200, `${written} lines`);
  assert.ok(!lines.some((line) => JSON.stringify(line).includes('synap_')), 'what was sent is not told');
});

test('a format or level that there is not is refused', async () => {
  const format = await run(['serve', '--log-format', 'xml']);
  assert.equal(format.code, 2);
  assert.match(format.stderr, /--log-format must be text or json; it is "xml"/);
  const level = await run(['serve'], { env: { SYNAP_LOG_LEVEL: 'loud' } });
  assert.equal(level.code, 2);
  assert.match(level.stderr, /SYNAP_LOG_LEVEL must be error, warn, info or debug/);
});
