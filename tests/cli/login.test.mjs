// Pods that somebody has signed in to, and the small commands around them.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import path from 'node:path';
import test from 'node:test';
import { BIN, client, inTerminal, run, startPod, temporary } from './synap.mjs';

// A user's own configuration, and a directory without a pod.
function home(t) {
  const directory = temporary(t);
  const file = path.join(directory, 'configuration', 'synap', 'contexts.json');
  const env = { XDG_CONFIG_HOME: path.join(directory, 'configuration') };
  return { file, env, cwd: directory };
}

test('login keeps an address and a key, for the user alone, and later commands use them', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'a'));
  const other = await startPod(t, path.join(temporary(t), 'b'));
  const { file, ...at } = home(t);
  await client(other)('tasks', 'create', 'of the other');
  const first = await run(['login', pod.url, '--name', 'home'], { ...at, input: `${pod.key}\n` });
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /signed in to .* as context home/);
  assert.doesNotMatch(first.stderr + first.stdout, /synap_/, 'the key is not shown');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
  assert.equal((await run(['tasks', 'create', 'of home'], at)).code, 0);
  assert.equal((await run(['login', other.address, '--data', other.data], at)).code, 0);

  const titles = async (...args) => {
    const { code, stdout, stderr } = await run(['tasks', 'list', '--json', ...args], at);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout).title;
  };
  assert.equal(await titles(), 'of the other', 'the last one is the current one');
  assert.equal(await titles('--context', 'home'), 'of home');
  assert.equal((await run(['contexts'], at)).stdout, `\thome\t${pod.url}\n*\t${other.address}\t${other.url}\n`);
  assert.equal((await run(['contexts', 'home'], at)).code, 0);
  assert.equal(await titles(), 'of home');
  // What is said of the place counts more.
  const local = await run(['tasks', 'list', '--json'], { ...at, env: { ...at.env, ...other.env } });
  assert.equal(JSON.parse(local.stdout).title, 'of the other');

  assert.equal((await run(['logout'], at)).code, 0);
  assert.equal((await run(['contexts'], at)).stdout, `\t${other.address}\t${other.url}\n`);
  assert.doesNotMatch(readFileSync(file, 'utf8'), new RegExp(pod.key));
  assert.equal((await run(['logout', 'home'], at)).code, 3);
  const noneIsCurrent = await run(['logout'], at);
  assert.equal(noneIsCurrent.code, 3);
  assert.match(noneIsCurrent.stderr, /No context is the current one: say which is meant, as `synap logout NAME`; `synap contexts` lists them/);
  const wrong = await run(['tasks', 'list', '--context', 'hme'], at);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /There is no context "hme"; `synap contexts` lists them/);
});

test('in the directory of another pod it is said which one is asked', async (t) => {
  const { file, ...at } = home(t);
  const here = await startPod(t, path.join(at.cwd, 'synap-data'));
  const pod = await startPod(t, path.join(temporary(t), 'elsewhere'));
  assert.equal((await run(['login', pod.url, '--name', 'home'], { ...at, input: `${pod.key}\n` })).code, 0);
  const made = await run(['tasks', 'create', 'for whom'], at);
  assert.equal(made.code, 0, made.stderr);
  assert.ok(
    made.stderr.includes(`the pod of ./synap-data is, or was, at ${here.url}; this asks the one of the context home, ${pod.url}`),
    made.stderr,
  );
  assert.equal((await run(['tasks', 'list', '--context', 'home'], at)).stderr, '', 'who says which one, is not told');
  const doctor = await run(['doctor'], at);
  assert.match(doctor.stdout, new RegExp(`warn +pod +${pod.url} answers; the pod of .*synap-data is at ${here.url}`));
});

test('login with a wrong key, or to no pod, keeps nothing', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { file, ...at } = home(t);
  const wrong = await run(['login', pod.url], { ...at, input: 'synap_wrong\n' });
  assert.deepEqual([wrong.code, /, key: stdin\]/.test(wrong.stderr)], [4, true], wrong.stderr);
  for (const input of ['', '\n', ' \r\n']) {
    const { code, stderr } = await run(['login', pod.url], { ...at, input });
    assert.equal(code, 2);
    assert.match(stderr, /^synap: No key was given: .*stdin\n$/);
  }
  assert.equal((await run(['login', 'http://127.0.0.1:1'], { ...at, input: pod.key })).code, 1);
  assert.ok(!existsSync(file));
  const out = await run(['logout'], at);
  assert.deepEqual([out.code, out.stderr], [3, 'synap: You are signed in to no pod: there is no context to forget\n']);
  assert.equal((await run(['login', pod.url], { ...at, input: pod.key })).code, 0);
  writeFileSync(file, 'not JSON');
  const broken = await run(['tasks', 'list'], at);
  assert.equal(broken.code, 2);
  assert.ok(broken.stderr.includes(`${file} is no file of contexts`), broken.stderr);
});

test('logins at once are all kept', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { file, ...at } = home(t);
  const names = Array.from({ length: 12 }, (_, i) => `context-${i}`);
  const ends = await Promise.all(
    names.map((name) => run(['login', pod.url, '--name', name], { ...at, input: pod.key })));
  for (const { code, stderr } of ends) assert.equal(code, 0, stderr);
  const kept = JSON.parse(readFileSync(file, 'utf8')).contexts.map(({ name }) => name);
  assert.deepEqual(kept.toSorted(), names.toSorted());
  // Nothing but the lock is left beside it.
  assert.deepEqual(readdirSync(path.dirname(file)).toSorted(), ['contexts.json', 'contexts.json.lock']);
  await Promise.all(names.slice(1).map((name) => run(['logout', name], at)));
  // It is the one in use if it came last.
  assert.equal((await run(['contexts'], at)).stdout.replace('*', ''), `\tcontext-0\t${pod.url}\n`);
});

test('version says both versions, and that they differ', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { stdout, stderr } = await run(['version'], { env: pod.env });
  assert.match(stdout, new RegExp(`^synap {2}(\\d+\\.\\d+\\.\\d+)\npod {4}\\1 at ${pod.url}\n$`));
  assert.equal(stderr, '');
  assert.equal(JSON.parse((await run(['version', '--json'], { env: pod.env })).stdout).url, pod.url);
  const none = await run(['version'], { env: { SYNAP_URL: 'http://127.0.0.1:1' } });
  assert.equal(none.code, 0);
  assert.match(none.stdout, /pod {4}none answers at http:\/\/127\.0\.0\.1:1\n/);
  const newer = http.createServer((request, response) => {
    response.end(JSON.stringify({ info: { title: 'Synap', version: '99.0.0' } }));
  }).listen(0, '127.0.0.1');
  await once(newer, 'listening');
  t.after(() => newer.close());
  const told = await run(['version'], { env: { SYNAP_URL: `http://127.0.0.1:${newer.address().port}` } });
  assert.match(told.stdout, /pod {4}99\.0\.0 at/);
  assert.match(told.stderr, /different versions/);
});

test('in a terminal the key is asked for and not shown', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { env } = home(t);
  const { code, text } = await inTerminal(['login', pod.url], { env, input: `${pod.key}\r` });
  assert.equal(code, 0, text);
  assert.match(text, /API key of http.* \(it is not shown\): /);
  assert.ok(!text.includes(pod.key), text);
});

test('who leaves the question for a key has a terminal that shows what is typed', async (t) => {
  const { env } = home(t);
  // As a shell does it: the program is in front, and the terminal is looked at when it is not any more.
  const script = 'trap : INT; set -m; "$@"; echo "code $?"; stty -a; kill -KILL %1 2>/dev/null';
  for (const [key, code] of [['\u0003', 130], ['\u001c', 131], ['\u001a', 148]]) {
    const { text } = await inTerminal(['-c', script, 'sh', BIN, 'login', 'http://127.0.0.1:1'],
      { env, input: key, program: '/bin/sh' });
    assert.match(text, new RegExp(`it is not shown[^]*code ${code}\n`));
    assert.match(text, / echo /, text);
  }
});
