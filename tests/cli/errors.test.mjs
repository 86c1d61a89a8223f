// What goes wrong around a command is said to somebody at a shell: which file, which flag, who.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, copyFileSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { BIN, Running, client, inTerminal, run, startPod, temporary } from './synap.mjs';

const NOBODY_UID = 65534;

test('in the wrong directory it says which file was looked for and which flags help', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const cwd = temporary(t);
  const { code, stderr } = await run(['notes', 'list'], { env: { SYNAP_URL: pod.url }, cwd });
  assert.equal(code, 4);
  assert.ok(stderr.includes(`there is no ${path.join(cwd, 'synap-data', 'owner.key')}`), stderr);
  assert.match(stderr, /run this where the pod was started, or say --data DIR, --key KEY or SYNAP_KEY/);
  assert.doesNotMatch(stderr, /Authorization: Bearer|connection parameter/);
});

test('an app that does not register is a failure of apps sync', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { code, stdout } = await run(['apps', 'sync', 'http://127.0.0.1:1/api/inngest', '--json'], { env: pod.env });
  assert.equal(code, 1);
  const { isRegistered, problem } = JSON.parse(stdout);
  assert.equal(isRegistered, false);
  assert.ok(problem.length > 10, problem);
});

test('a key of another pod is said to be one', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'a'));
  const other = await startPod(t, path.join(temporary(t), 'b'));
  const { code, stderr } = await run(['notes', 'list'], { env: { ...pod.env, SYNAP_DATA: other.data } });
  assert.equal(code, 4);
  assert.match(stderr, /it is of another pod, or was revoked/);
  const none = await run(['notes', 'list'], { env: { ...pod.env, SYNAP_KEY: 'undefined' } });
  assert.match(none.stderr, /it is no key at all: they begin with synap_/);
  // Where clients of tRPC look, and what a browser has.
  assert.equal((await run(['notes', 'list', '--url', `${pod.url}/trpc/`], { env: pod.env })).code, 0);
  const page = await run(['notes', 'list', '--url', `${pod.url}/notes`], { env: pod.env });
  assert.match(page.stderr, /Nothing of a pod is served at \S+\/notes: --url is its address alone, as http/);
  assert.ok(stderr.includes(path.join(other.data, 'owner.key')));
});

test('a key file is taken as editors leave it: BOM, CRLF, spaces', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const data = temporary(t);
  const file = path.join(data, 'owner.key');
  const env = { SYNAP_URL: pod.url, SYNAP_DATA: data };
  for (const text of [`\ufeff${pod.key}\n`, `${pod.key}\r\n`, `\ufeff \t${pod.key} \r\n\r\n`, pod.key]) {
    writeFileSync(file, text);
    assert.equal((await run(['notes', 'list'], { env })).code, 0, JSON.stringify(text));
  }
  // However else it is given, too.
  const config = temporary(t);
  for (const text of [`${pod.key}\r\n`, `\ufeff${pod.key}`, `\ufeff ${pod.key}\r\n`]) {
    const elsewhere = { SYNAP_URL: pod.url, XDG_CONFIG_HOME: config };
    assert.equal((await run(['notes', 'list'], { env: { ...elsewhere, SYNAP_KEY: text } })).code, 0);
    assert.equal((await run(['notes', 'list', '--key', text], { env: elsewhere })).code, 0);
    assert.equal((await run(['login', pod.url], { env: elsewhere, input: text })).code, 0);
    assert.equal((await run(['notes', 'list'], { env: { XDG_CONFIG_HOME: config } })).code, 0);
  }
  for (const [bytes, problem] of [
    [Buffer.from(`\ufeff${pod.key}`, 'utf16le'), /it is UTF-16/],
    ['', /it is empty/],
    [' \r\n', /it is empty/],
    [`${pod.key}\n${pod.key}\n`, /something else than one key/],
    [Buffer.alloc(100_000, 7), /something else than one key/],
  ]) {
    writeFileSync(file, bytes);
    const { code, stderr } = await run(['notes', 'list'], { env });
    assert.equal(code, 4);
    assert.match(stderr, problem);
    assert.ok(stderr.includes(file), stderr);
  }
});

test('a key file or a directory that may not be read is said to be so', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const directory = temporary(t);
  // As somebody else: to root every file is open.
  const isRoot = process.getuid() === 0;
  const uid = isRoot ? NOBODY_UID : undefined;
  chmodSync(directory, 0o755);
  const program = path.join(directory, 'synap');
  copyFileSync(BIN, program);
  chmodSync(program, 0o755);
  const data = path.join(directory, 'data');
  mkdirSync(data, { mode: 0o755 });
  writeFileSync(path.join(data, 'owner.key'), pod.key, { mode: isRoot ? 0o600 : 0 });
  const env = { SYNAP_URL: pod.url, SYNAP_DATA: data };
  const key = await run(['notes', 'list'], { env, uid, cwd: directory, program });
  assert.equal(key.code, 4, key.stderr);
  assert.match(key.stderr, /owner\.key: it cannot be read: Permission denied/);
  assert.match(key.stderr, /\[.*key: none; \S+owner\.key: it cannot be read: Permission denied\]/);

  chmodSync(data, isRoot ? 0o700 : 0);
  const doctor = await run(['doctor'], { env, uid, cwd: directory, program });
  chmodSync(data, 0o700);
  assert.equal(doctor.code, 1);
  assert.match(doctor.stdout, /fail +database +\S+ cannot be read \(Permission denied\), so it was not looked at/);
  assert.match(doctor.stdout, /fail +key file +\S+ cannot be read/);
  assert.doesNotMatch(doctor.stdout, /none yet/);
});

test('a directory or a pipe in the place of a file is said, and not waited for', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const directory = temporary(t);
  const make = { directory: (place) => mkdirSync(place), pipe: (place) => execFileSync('mkfifo', [place]) };
  for (const [what, makeOne] of Object.entries(make)) {
    const configuration = path.join(directory, `configuration of a ${what}`);
    const contexts = path.join(configuration, 'synap', 'contexts.json');
    mkdirSync(path.dirname(contexts), { recursive: true });
    makeOne(contexts);
    const env = { XDG_CONFIG_HOME: configuration };
    for (const args of [['notes', 'list'], ['contexts'], ['logout', 'x'], ['login', pod.url, '--key', pod.key]]) {
      const { code, signal, stderr } = await run(args, { env, cwd: directory });
      assert.equal(code, 2, `${args[0]}: ${signal} ${stderr}`);
      assert.ok(stderr.startsWith(`synap: ${contexts} cannot be read: it is a ${what}`), stderr);
    }
    const data = path.join(directory, `data of a ${what}`);
    mkdirSync(data);
    makeOne(path.join(data, 'owner.key'));
    const key = await run(['notes', 'list'], { env: { SYNAP_URL: pod.url, SYNAP_DATA: data } });
    assert.equal(key.code, 4);
    assert.match(key.stderr, new RegExp(`owner\\.key: it cannot be read: it is a ${what}`));
  }
  for (const args of [['notes', 'create', '--file', directory], ['notes', 'create', '--file', '-'],
    ['notes', 'create', '-'], ['call', 'notes.create', '-'], ['login', pod.url]]) {
    const stdin = openSync(directory, 'r');
    const running = new Running(args, { env: { ...pod.env, XDG_CONFIG_HOME: directory }, stdio: [stdin, 'pipe', 'pipe'] });
    closeSync(stdin);
    const { code, signal, stderr } = await running.end();
    assert.equal(code, 2, `${args.join(' ')}: ${signal} ${stderr}`);
    assert.match(stderr, /^synap: (--file \S+|stdin) cannot be read: (it is|Is) a directory/);
  }
  // What a person names may be a pipe all the same: `--file <(command)` is one.
  const pipe = path.join(directory, 'pipe');
  make.pipe(pipe);
  const piped = run(['notes', 'create', '--file', pipe], { env: pod.env });
  execFileSync('/bin/sh', ['-c', 'echo "# By a pipe" > "$1"', 'sh', pipe]);
  assert.equal((await piped).code, 0);
});

test('where something else answers it says who that is', async (t) => {
  const server = http.createServer((request, response) => response.end('<html>')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  const { code, stderr } = await run(['events', 'list', '--url', url]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`What answers there is no pod.*pid ${process.pid}.*--url says where`));
  const doctor = await run(['doctor'], { env: { SYNAP_URL: url, SYNAP_DATA: path.join(temporary(t), 'x') } });
  assert.match(doctor.stdout, new RegExp(`fail +port .*in use; .*pid ${process.pid}, has it; .*--listen`));
});

test('doctor in another directory knows the pod that has the port', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { code, stdout } = await run(['doctor'], { env: { SYNAP_URL: pod.url }, cwd: temporary(t) });
  assert.equal(code, 0, stdout);
  assert.ok(stdout.includes(`a pod answers at ${pod.url}; its data directory is another`), stdout);
});

test('what a pod says steers no terminal, and leads nowhere else', async (t) => {
  const evil = '\u001b]0;x\u0007';
  const answers = {
    'sessions.createLink': { path: '@evil.test/' },
    'keys.create': { keyId: 'k', userId: 'u', key: `synap_${evil}` },
    'log.verify': { events: 1, ok: true, head: { position: 1, hash: evil } },
    'pod.logs': { lines: [{ time: evil, level: evil, room: evil, message: evil }] },
  };
  const server = http.createServer((request, answer) => {
    const path = request.url.replace(/^\/trpc\//, '').replace(/\?.*/, '');
    answer.writeHead(200, { 'content-type': 'application/json' });
    answer.end(JSON.stringify({ result: { data: answers[path] ?? {} } }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const env = { SYNAP_URL: `http://127.0.0.1:${server.address().port}`, SYNAP_KEY: 'synap_x' };
  for (const args of [['open', '--print'], ['keys', 'create', 'x'], ['log', 'verify'], ['logs']]) {
    const { code, stdout, stderr } = await run(args, { env });
    assert.doesNotMatch(stdout + stderr, /[\u001b\u0007]|evil/, args.join(' '));
    if (args[0] === 'open') assert.equal(code, 1);
    if (args[0] === 'keys') assert.match(stdout, /^synap_.*\n$/);
    if (args[0] === 'logs') assert.notEqual(stdout, '');
  }
});

test('JSON in a terminal is the same JSON, without what could steer it', async (t) => {
  const evil = '\u009b31m \u202e';
  const url = await answering(t, 200, { 'content-type': 'application/json' }, JSON.stringify({ result: { data: { evil } } }));
  const { text } = await inTerminal(['call', 'x.y'], { env: { SYNAP_URL: url, SYNAP_KEY: 'synap_x', PAGER: 'cat' } });
  assert.doesNotMatch(text, /[\u0080-\u009f\u202e]/);
  assert.deepEqual(JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)), { evil });
  const refusing = await answering(t, 400, { 'content-type': 'application/json' },
    JSON.stringify({ error: { message: evil, code: -32600, data: { code: 'BAD_REQUEST', httpStatus: 400 } } }));
  const refused = await inTerminal(['call', 'x.y', '--json'], { env: { SYNAP_URL: refusing, SYNAP_KEY: 'synap_x' } });
  assert.doesNotMatch(refused.text, /[\u0080-\u009f\u202e]/);
  assert.equal(JSON.parse(refused.text).error.message, evil);
});

test('a stderr that cannot be written ends nothing', async (t) => {
  const full = () => openSync('/dev/full', 'w');
  const data = path.join(temporary(t), 'pod');
  // Its first start says the owner's key there.
  const child = spawn(BIN, ['serve', '--json', '--data', data, '--listen', '127.0.0.1:0'],
    { env: { ...process.env }, stdio: ['ignore', 'pipe', full()] });
  t.after(() => child.kill('SIGKILL'));
  const [ready] = await once(child.stdout, 'data');
  const env = { SYNAP_URL: JSON.parse(ready).url, SYNAP_DATA: data };
  const codeOf = async (...args) => (await run(args, { env, stdio: ['pipe', 'pipe', full()] })).code;
  assert.equal(await codeOf('nonsense'), 2);
  assert.equal(await codeOf('notes', 'list', '--limit', 'x'), 2);
  assert.equal(await codeOf('notes', 'list'), 0);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('what cannot be written is a failure with a sentence, and closed streams harm nothing', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  await client(pod)('tasks', 'create', 'x');
  for (const args of [['call', 'health'], ['events', 'list'], ['tasks', 'list'], ['--help'], ['call'],
    ['--version'], ['doctor'], ['openapi']]) {
    const full = await run(args, { env: pod.env, stdio: ['pipe', openSync('/dev/full', 'w'), 'pipe'] });
    assert.equal(full.code, 1, args.join(' '));
    assert.match(full.stderr, /^synap: stdout cannot be written: No space left on device\n$/);
    const shell = (text) => {
      try {
        return { code: 0, stderr: execFileSync('/bin/sh', ['-c', text, 'sh', BIN, ...args],
          { env: { ...process.env, ...pod.env }, stdio: 'pipe' }).toString() };
      } catch (error) {
        return { code: error.status, stderr: error.stderr.toString() };
      }
    };
    const closed = shell('exec "$@" >&-');
    assert.equal(closed.code, 1, args.join(' '));
    assert.match(closed.stderr, /stdout cannot be written: Bad file descriptor/);
    assert.equal(shell('exec "$@" <&- 2>&-').code, 0, args.join(' '));
  }
  assert.equal(JSON.parse(await client(pod)('call', 'health')).status, 'ok');
});

/** A command with bytes that no string of JavaScript has: \xff by printf. */
const inShell = (line, env) => run(['-c', line, BIN], { env, program: '/bin/sh' });

test('what is no UTF-8 is refused, wherever it stands in an input', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const bad = `"$(printf 'a\\377b')"`;
  for (const line of [
    `printf 'a\\377b' | "$0" notes create --file -`,
    `"$0" notes create ${bad}`,
    `"$0" notes create x --tag ${bad}`,
    `"$0" tasks create ${bad}`,
    `"$0" keys create ${bad}`,
    `"$0" search ${bad}`,
    `"$0" events list --type ${bad}`,
  ]) {
    const { code, stdout, stderr } = await inShell(line, pod.env);
    assert.deepEqual([code, stdout], [2, ''], `${line}: ${stderr}`);
    assert.match(stderr, /is not UTF-8|no event/, line);
  }
  assert.match((await inShell(`"$0" notes create x --tag ${bad}`, pod.env)).stderr, /"tags": byte 2 of "a\?b" is not UTF-8/);
  assert.equal(JSON.parse(await client(pod)('call', 'notes.list', '{}')).notes.length, 0);
});

test('a closed pipe is the quiet end of a command that reads', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const ends = async (...args) => {
    const running = new Running(args, { env: pod.env });
    running.child.stdout.destroy();
    const { code, stderr } = await running.end();
    return [code, stderr];
  };
  for (const args of [['notes', 'list', '--json', '--all'], ['call', 'notes.list'], ['events', 'list'], ['logs'],
    ['events', 'tail', '--after', '0'], ['--help'], ['openapi']]) {
    // Of a list without an item nothing is written.
    assert.deepEqual(await ends(...args), [0, ''], args.join(' '));
  }
  // What says by its code how it went says so to whoever reads none of it, too.
  const vault = temporary(t);
  writeFileSync(path.join(vault, 'a.md'), Buffer.from([0x61, 0xff]));
  writeFileSync(path.join(vault, 'b.md'), '# B\n');
  assert.equal((await ends('import', 'markdown', vault))[0], 1);
});

test('a limit is a number from 1 on, of every list', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  for (const words of [['events', 'list'], ['runs', 'list'], ['dlq', 'list'], ['search', 'oak'], ['notes', 'list'], ['tasks', 'list']]) {
    for (const limit of ['0', '-1']) {
      const { code, stdout, stderr } = await run([...words, '--limit', limit], { env: pod.env });
      assert.deepEqual([code, stdout], [2, ''], `${words} ${limit}: ${stderr}`);
      assert.match(stderr, /limit.*(from 1|between 1|at least 1|1 to |>= ?1|>=1)/, `${words} ${limit}`);
    }
  }
});

/** A server that gives the same answer to everything. */
async function answering(t, status, headers, body) {
  const server = http.createServer((_, response) => response.writeHead(status, headers).end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

test('version says what answers, if that is no pod or an older one', async (t) => {
  const cases = [
    [/^pod {4}none: what answers at \S+ is no Synap pod \(status 200\)$/m, 200, { 'content-type': 'text/html' }, '<html>'],
    [/no Synap pod \(status 401\)/, 401, {}, ''],
    [/no Synap pod \(status 302, which leads to https:\/\/elsewhere\.example\/\)/, 302, { location: 'https://elsewhere.example/' }, ''],
    [/^pod {4}one that does not say its version answers at \S+: it is older than this program$/m, 404, { 'content-type': 'application/json' },
      JSON.stringify({ error: { message: 'No procedure found on path "x"', code: -32004, data: { code: 'NOT_FOUND', httpStatus: 404 } } })],
  ];
  for (const [expected, ...answer] of cases) {
    const url = await answering(t, ...answer);
    const { code, stdout } = await run(['version', '--url', url, '--key', 'synap_x']);
    assert.equal(code, 0);
    assert.match(stdout, expected);
    const json = JSON.parse((await run(['version', '--json', '--url', url, '--key', 'synap_x'])).stdout);
    assert.equal(json.pod, null);
    assert.equal(json.answering, answer[0] === 404 ? 'older pod' : 'something else');
    assert.match(json.message, answer[0] === 404 ? /older than this program/ : /no Synap pod/);
  }
  assert.match((await run(['version', '--url', 'http://127.0.0.1:9'])).stdout, /none answers at/);
  const none = JSON.parse((await run(['version', '--json', '--url', 'http://127.0.0.1:9'])).stdout);
  assert.equal(none.answering, 'nobody');
  assert.match(none.message, /none answers at/);
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { synap, ...told } = JSON.parse(await client(pod)('version', '--json'));
  assert.deepEqual(told, { url: pod.url, pod: synap, answering: 'pod' });
});

test('a procedure that an older pod has not is said to be one of a newer', async (t) => {
  const refusal = (name) => ({ error: { message: `No procedure found on path "${name}"`, code: -32004, data: { code: 'NOT_FOUND', httpStatus: 404 } } });
  const url = await answering(t, 404, { 'content-type': 'application/json' }, JSON.stringify(refusal('users.list')));
  for (const args of [['users', 'list'], ['call', 'users.list'], ['keys', 'create', 'x'], ['search', 'oak']]) {
    const { code, stderr } = await run([...args, '--url', url, '--key', 'synap_x']);
    assert.equal(code, 3, args.join(' '));
    assert.match(stderr, /^synap: This pod has no "[\w.]+": it is older than this program/, args.join(' '));
    assert.doesNotMatch(stderr, /No procedure found/);
  }
});

test('an older pod, which passes over what it does not know, is told from one with nothing to show', async (t) => {
  const json = { 'content-type': 'application/json' };
  const events = { events: [{ position: 1, type: 'user.creation.completed', timestamp: '2026-01-01T00:00:00.000Z' }], nextAfter: 1 };
  const url = await answering(t, 200, json, JSON.stringify({ result: { data: events } }));
  for (const args of [[], ['--since', '5s'], ['--after', '0', '--type', 'note.*']]) {
    const { code, stdout, stderr } = await run(['events', 'list', ...args, '--url', url, '--key', 'synap_x']);
    assert.deepEqual([code, stdout], [1, ''], args.join(' '));
    assert.match(stderr, /This pod is older than this program: it lists events from the first on/, args.join(' '));
  }
  assert.match((await run(['events', 'list', '--after', '0', '--url', url, '--key', 'synap_x'])).stdout, /user\.creation\.completed/);
});

test('a key that is refused ends a dry run: only where no pod answers the plan is made without one', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const vault = temporary(t);
  writeFileSync(path.join(vault, 'a.md'), '# A\n');
  const dry = (...args) => run(['import', 'markdown', vault, '--dry-run', ...args]);
  const refused = await dry('--url', pod.url, '--key', 'synap_wrong');
  assert.deepEqual([refused.code, refused.stdout], [4, ''], refused.stderr);
  const away = await dry('--url', 'http://127.0.0.1:9');
  assert.equal(away.code, 0);
  assert.match(away.stdout, /to import +1/);
  assert.match(away.stderr, /what is there already is not known/);
});
