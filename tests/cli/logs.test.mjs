// synap logs: the pod's own lines, asked of the pod.
import assert from 'node:assert/strict';
import { openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Running, client, inTerminal, run, startPod, temporary } from './synap.mjs';

const start = (t, ...args) => startPod(t, path.join(temporary(t), 'pod'), { args });
const refuse = (pod, at) => fetch(pod.url + at, { headers: { authorization: 'Bearer synap_wrong' } });

test('logs shows the newest lines, and no secret is in them', async (t) => {
  const pod = await start(t, '--log-level', 'debug');
  const synap = client(pod);
  await synap('call', 'notes.list');
  await refuse(pod, '/trpc/notes.list');
  const shown = await synap('logs');
  const lines = shown.trimEnd().split('\n').map((line) => line.split('\t'));
  assert.ok(lines.every((cells) => cells.length === 4), shown);
  assert.match(lines[0][0], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(lines[0].slice(1, 3), ['info', 'pod']);
  assert.match(lines[0][3], /^serving http/);
  assert.ok(lines.some(([, level, , message]) => level === 'debug' && /^notes\.list OK/.test(message)), shown);
  assert.ok(lines.some(([, , , message]) => message.startsWith('an API key was refused')), shown);
  assert.match(pod.stderr, /shown this once: synap_[^]*#token=synap_link_/, 'they are printed');
  for (const secret of [pod.key.slice(6), 'synap_link_', 'synap_wrong']) assert.ok(!shown.includes(secret), secret);

  const objects = (await synap('logs', '--json', '--lines', '2')).trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.equal(objects.length, 2);
  assert.deepEqual(Object.keys(objects[1]), ['id', 'time', 'level', 'room', 'message', 'fields']);
  assert.equal(objects[1].fields.procedure, 'pod.logs');
  const { text } = await inTerminal(['logs', '--lines', '1'], { env: { ...pod.env, NO_COLOR: '1', TZ: 'UTC-3' } });
  assert.match(text, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  debug  \w+ +pod\.logs OK/);
});

test('a level and a time leave out the others, and what is not written is said', async (t) => {
  const pod = await start(t);
  await refuse(pod, '/trpc/notes.list');
  const { stdout } = await run(['logs', '--level', 'warn'], { env: pod.env });
  assert.ok(!/\tinfo\t/.test(stdout), stdout);
  const debug = await run(['logs', '--level', 'debug'], { env: pod.env });
  assert.match(debug.stdout, /\tinfo\tpod\tserving/);
  assert.match(debug.stderr, /writes no lines below info; `synap serve --log-level debug` does/);
  assert.match(await client(pod)('logs', '--since', '1h'), /serving/);
  assert.equal(await client(pod)('logs', '--since', '2100-01-01'), '');
  for (const [args, sentence] of [[['--level', 'loud'], /must be one of error, warn, info, debug/],
    [['--since', 'yore'], /--since/], [['--lines', '10001'], /from 0 to 10000/]]) {
    const { code, stderr } = await run(['logs', ...args], { env: pod.env });
    assert.equal(code, 2);
    assert.match(stderr, sentence);
  }
});

test('--follow goes on with what is written, also over a restart of the pod', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const first = await startPod(t, data, { args: ['--log-level', 'debug'] });
  const follow = new Running(['logs', '--follow', '--lines', '0', '--json'], { env: first.env });
  t.after(() => follow.kill('SIGKILL'));
  const until = async (pattern) => {
    for (;;) {
      const line = JSON.parse(await follow.line(`${pattern}`));
      if (pattern.test(line.message)) return line;
      assert.doesNotMatch(line.message, /serving/, 'that was before');
    }
  };
  // Its own first question is a line, which comes once it follows.
  await until(/^pod\.logs OK/);
  await client(first)('call', 'notes.list');
  assert.equal((await until(/^notes\.list OK/)).fields.procedure, 'notes.list');
  first.kill('SIGKILL');
  await first.end();
  await follow.errorLine(/does not answer any more/);
  await startPod(t, data, { listen: first.address });
  for (;;) if (/^serving/.test(JSON.parse(await follow.line('the start')).message)) break;
});

test('a member is refused, and what is forgotten is said with where it went', async (t) => {
  const directory = temporary(t);
  const log = path.join(directory, 'pod.log');
  const pod = new Running(['serve', '--json', '--data', path.join(directory, 'pod'), '--listen', '127.0.0.1:0',
    '--log-level', 'debug'], { stdio: ['pipe', 'pipe', openSync(log, 'w')] });
  t.after(() => pod.kill('SIGKILL'));
  const { url, data } = JSON.parse(await pod.line('that it is ready'));
  const env = { SYNAP_URL: url, SYNAP_DATA: data };
  const made = JSON.parse((await run(['users', 'create', 'ann', '--json'], { env })).stdout);
  const denied = await run(['logs'], { env: { ...env, SYNAP_KEY: made.key } });
  assert.equal(denied.code, 4);
  // Some 300 bytes are kept of each: more than the memory has.
  const headers = { authorization: `Bearer ${readFileSync(path.join(data, 'owner.key'), 'utf8').trim()}` };
  const paths = Array(50).fill('tasks.list').join(',');
  const call = () => fetch(`${url}/trpc/${paths}?batch=1&input={}`, { headers }).then((answer) => answer.text());
  for (let i = 0; i < 100; ++i) await call();
  const { stderr } = await run(['logs', '--level', 'error'], { env });
  assert.match(stderr, /\d+ older lines are not remembered any more; the pod's stderr has them all: \//);
  assert.ok(stderr.includes(log), stderr);
});

test('of another pod it is asked as any command is', async (t) => {
  const { code, stderr } = await run(['logs', '--url', 'http://127.0.0.1:1'], { env: {} });
  assert.equal(code, 1);
  assert.match(stderr, /No pod answers at http:\/\/127\.0\.0\.1:1/);
});
