// What the program says of itself: lists, help, and what was meant by a wrong word.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { BIN, Running, inTerminal, run, startPod, temporary } from './synap.mjs';

const offline = { env: { SYNAP_URL: 'http://127.0.0.1:1' } };
const told = async (args, code = 0) => {
  const ran = await run(args, offline);
  assert.equal(ran.code, code, `${args.join(' ')}: ${ran.stderr}`);
  assert.equal(code === 0 ? ran.stderr : ran.stdout, '', 'one of the two streams');
  return code === 0 ? ran.stdout : ran.stderr;
};

test('alone it says what there is, and -v which version it is', async () => {
  const all = await told([]);
  assert.match(all, /^Synap: [^]*Usage: synap COMMAND[^]*Commands:\n {2}serve /);
  assert.equal(await told(['--help']), all);
  assert.equal(await told(['help']), all);
  assert.match(await told(['-v']), /^synap \d+\.\d+\.\d+\n$/);
  assert.equal(await told(['-v']), await told(['--version']));
});

test('a group without a command, or with --help, says what is in it, with examples of it', async () => {
  const events = await told(['events']);
  assert.equal(await told(['events', '--help']), events);
  assert.equal(await told(['help', 'events']), events);
  assert.match(events, /Usage: synap events COMMAND[^]*\n {2}tail [^]*Examples:\n {2}synap events list/);
  assert.doesNotMatch(events.slice(events.indexOf('Examples:')), /synap (serve|call)/);
});

test('a command that there is not is refused also where help is asked for, and says what was meant', async () => {
  assert.match(await told(['events', 'lst'], 2), /no command "events lst"; did you mean "list"\?/);
  assert.match(await told(['events', 'lst', '--help'], 2), /did you mean "list"\?/);
  assert.match(await told(['evnts', '--help'], 2), /no command "evnts"; did you mean "events"\?/);
  assert.match(await told(['help', 'bogus'], 2), /no command "bogus"; `synap help`/);
  assert.match(await told(['events', '--bogus'], 2), /No command behind "events"/);
});

test('an option that there is not says which was meant', async () => {
  assert.match(await told(['events', 'list', '--limt', '3'], 2), /no option --limt; did you mean "--limit"\?/);
});

test('options that every command has may stand before it', async () => {
  const { code, stderr } = await run(['--json', '--url', 'http://127.0.0.1:1', 'call', 'health']);
  assert.equal(code, 1);
  assert.match(JSON.parse(stderr).error.message, /No pod answers at http:\/\/127\.0\.0\.1:1/);
});

test('no line of a help is longer than the window, nor broken in a word', async () => {
  for (const args of [['serve', '--help'], ['help'], ['call', 'notes.update', '--help'], ['call']]) {
    const text = await told(args);
    for (const line of text.slice(0, text.indexOf('Exit codes')).split('\n')) {
      assert.ok([...line].length <= 80 || /^ {2}synap /.test(line), line);
    }
    const narrow = (await run(args, { env: { ...offline.env, COLUMNS: '60' } })).stdout;
    const words = (shown) => shown.split(/\s+/).join(' ');
    assert.equal(words(narrow), words(text));
  }
});

test('the help of serve says the defaults and what a value may be', async () => {
  const text = (await told(['serve', '--help'])).replaceAll(/\s+/g, ' ');
  assert.match(text, /--listen HOST:PORT Where to serve[^[]*Default: 127\.0\.0\.1:4400 \[SYNAP_LISTEN\]/);
  assert.match(text, /--http-threads NUMBER [^[]*1 to 256[^[]*Default: 2 \[SYNAP_HTTP_THREADS\]/);
  assert.match(text, /--body-bytes-max NUMBER [^[]*Default: 10485760 /);
  assert.match(text, /--log-level TEXT [^[]*Default: info /);
});

test('call without a procedure lists them, by the program itself where no pod answers', async () => {
  const list = await told(['call']);
  assert.match(list, /\n {2}notes\.create +mutation +Make a note\./);
  assert.match(list, /\n {2}events\.watch +subscription\s/);
  const lines = (await told(['call', '--json'])).trimEnd().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines.find(({ path }) => path === 'notes.list'),
    { path: 'notes.list', kind: 'query', summary: 'Your notes, page by page.', scope: 'notes:read' });
});

test('call lists what the program knows where something has the port and says nothing', async (t) => {
  const silent = net.createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.after(() => silent.close());
  const begin = Date.now();
  const { code, stdout } = await run(['call', '--url', `http://127.0.0.1:${silent.address().port}`]);
  assert.equal(code, 0);
  assert.match(stdout, /notes\.create/);
  assert.ok(Date.now() - begin < 30_000, 'not as long as a stream may be silent');
});

test('call PROCEDURE --help says its fields, types, limits, defaults and an example', async () => {
  const create = await told(['call', 'notes.create', '--help']);
  assert.match(create, /^notes\.create \(mutation, needs notes:write\): Make a note\./);
  assert.match(create, /\n {2}content +text, required \(1 to \d+ characters\)\. The text, Markdown\./);
  assert.match(create, /\n {2}tags +a list of text \(at most 100 of them/);
  assert.match(create, /Answer:\n[^]*requestId +an id/);
  const [, example] = create.match(/Example:\n {2}synap call notes\.create '(.*)'\n$/);
  assert.ok(JSON.parse(example).content);
  assert.equal(await told(['help', 'call', 'notes.create']), create);
  const tasks = await told(['call', 'tasks.create', '--help']);
  assert.match(tasks, /\n {2}priority +low, normal, high or urgent \(default: "normal"\)/);
  assert.match(await told(['call', 'events.watch', '--help']), /Input:\n {2}types +a list of text[^]*Each item:/);
});

// An example that is refused teaches nothing: each is given to a shell, as a reader would.
test('every example of a procedure is one that the pod takes', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const env = { ...pod.env, PATH: `${path.dirname(BIN)}:${process.env.PATH}` };
  const { paths } = JSON.parse(execFileSync(BIN, ['openapi'], { maxBuffer: 1 << 26 }));
  const operations = Object.values(paths).flatMap((each) => Object.values(each));
  const names = new Set(operations.map((each) => each.operationId).filter((id) => id?.includes('.') && !id.endsWith('.post')));
  assert.ok(names.size > 100, `${names.size} procedures`);
  const streams = new Set(operations.filter((each) => each['x-synap-kind'] === 'subscription').map((each) => each.operationId));
  const kebab = (text) => text.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const refused = [];
  const show = async (args, name) => {
    const [, example] = (await told([...args, '--help'])).match(/\nExample:\n {2}(synap .*)\n$/) ?? [];
    assert.ok(example, `${args.join(' ')} has an example of one line`);
    const running = new Running(['-c', `exec ${example}`], { env, program: '/bin/sh', stdio: ['ignore', 'ignore', 'pipe'] });
    // A stream goes on until it is left; what it is refused for comes at once.
    const patience = setTimeout(() => running.kill('SIGKILL'), streams.has(name) ? 2_000 : 60_000);
    const { code, signal, stderr } = await running.end();
    clearTimeout(patience);
    if (code === 2 || (signal && !streams.has(name))) refused.push(`${example}: ${signal ?? stderr}`);
  };
  // `synap call` has the same inputs: there only those that have no command of their own.
  const showAll = async (some) => {
    for (const name of some) await show(streams.has(name) ? ['call', name] : name.split('.').map(kebab), name);
  };
  const all = [...names];
  await Promise.all([0, 1, 2, 3].map((part) => showAll(all.filter((_, i) => i % 4 === part))));
  assert.deepEqual(refused, []);
});

test('call of a procedure that there is not says which was meant', async () => {
  assert.match(await told(['call', 'notes.lst', '--help'], 2), /no procedure "notes\.lst"; did you mean "notes\.list"/);
  assert.match(await told(['call', 'notes.lst'], 1), /No pod answers.*but "notes\.list"/);
  assert.match(await told(['call', 'notes', '--help']), /notes\.create[^]*notes\.update/);
});

test('a field of an input that is called like a flag of every command has a flag of its own', async () => {
  for (const [command, flag] of [['signals send', '--input-data'], ['events publish', '--input-data'],
    ['functions invoke', '--input-data'], ['apps sync', 'INPUT_URL|--input-url']]) {
    const help = await told([...command.split(' '), '--help']);
    assert.match(help, new RegExp(flag), command);
    assert.match(help, /--data DIR/, command);
  }
});

test('no line of a help is wider than the terminal', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  for (const columns of [80, 40]) {
    for (const args of [['--help'], ['call'], ['notes', 'create', '--help'], ['doctor']]) {
      const { text } = await inTerminal(args, { columns, lines: 10_000, env: { ...pod.env, NO_COLOR: '1', PAGER: 'cat' } });
      const lines = text.split('\n');
      // A word that is longer than a line stands alone in it; an example is for copying.
      const wide = lines.filter((line) => [...line].length > columns && line.trim().includes(' ') && !/^ {2}synap /.test(line));
      assert.deepEqual(wide, [], `${args.join(' ')} at ${columns}`);
      const lone = lines.filter((line) => /^ {12,}\S+$/.test(line)).length;
      assert.ok(lone < lines.length / 4, `${args.join(' ')} at ${columns}: a word a line`);
    }
  }
});

test('a command with letters in another order is known, and help is one', async () => {
  for (const [word, meant] of [['sever', 'serve'], ['hlep', 'help'], ['doctro', 'doctor'], ['ipmort', 'import']]) {
    const { code, stderr } = await run([word]);
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`did you mean .*"${meant}"`), word);
  }
});
