import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { Running, client, inTerminal, makeNote, run, startPod, temporary } from './synap.mjs';

const NOBODY = '00000000-0000-7000-8000-000000000000';
const COMMANDS = ['serve', 'call', 'events list', 'events get', 'events tail', 'runs list',
  'runs show', 'runs retry', 'runs watch', 'agents watch', 'users list', 'users create', 'keys list', 'keys create', 'keys revoke',
  'keys reset', 'log verify', 'projections list', 'projections rebuild',
  'projections verify', 'search', 'import markdown', 'doctor'];

test('every command has a help with an example', async () => {
  for (const command of COMMANDS) {
    const words = command.split(' ');
    const shown = await run([...words, '--help']);
    assert.equal(shown.code, 0);
    assert.equal(shown.stderr, '');
    assert.match(shown.stdout, new RegExp(`Usage: synap ${command}[^]*Example:\n  synap ${command}`));
    assert.equal((await run(['help', ...words])).stdout, shown.stdout);
  }
  const all = await run(['help']);
  assert.equal(all.code, 0);
  for (const command of COMMANDS) assert.ok(all.stdout.includes(`  ${command.split(' ')[0]} `));
  assert.match((await run(['--version'])).stdout, /^synap \d+\.\d+\.\d+\n$/);
});

test('a wrong command line is exit code 2 and a sentence', async () => {
  for (const [args, sentence] of [
    [['bogus'], /no command "bogus"/],
    [['events', 'bogus'], /no command "events bogus"/],
    [['events', 'list', '--limit', 'x'], /--limit: it must be a whole number from 1 on, not "x"/],
    [['events', 'list', '--nope'], /--nope/],
    [['runs', 'show'], /ID is required/],
    [['call', 'notes.list', '{x'], /no JSON/],
    [['--json'], /No command/],
    [['call', 'health', '--url', 'ftp://x'], /--url must be http/],
    [['import', 'markdown', '/', '--concurrency', '0'], /--concurrency must be from 1 to 64/],
  ]) {
    const { code, stdout, stderr } = await run(args);
    assert.equal(code, 2, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, sentence);
  }
  const { code, stderr } = await run(['events', 'list', '--limit', 'x', '--json']);
  assert.equal(code, 2);
  assert.equal(JSON.parse(stderr).error.code, 'BAD_REQUEST');
});

test('a word that the pod does not know is refused', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  await assert.rejects(client(pod)('call', 'notes.list', '{"limt":1}'), /Unrecognized key: "limt"/);
});

test('where no pod answers it says so and how to start one', async () => {
  const free = await new Promise((resolve) => {
    const server = http.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
  const url = `http://127.0.0.1:${free}`;
  for (const args of [['call', 'health'], ['events', 'list'], ['events', 'tail'], ['runs', 'list'],
    ['import', 'markdown', os.tmpdir()]]) {
    const { code, stdout, stderr } = await run([...args, '--url', url]);
    assert.equal(code, 1, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`No pod answers at ${url}.*synap serve`));
  }
});

test('call: queries, mutations, stdin, subscriptions', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  assert.equal(await synap('call', 'health'), '{"status":"ok"}\n');
  const { id } = await makeNote(pod, '# Hello');
  assert.equal(JSON.parse(await synap('call', 'notes.get', JSON.stringify({ id }))).content, '# Hello');
  const read = await run(['call', 'notes.list', '-'], { env: pod.env, input: '{"limit":1}\n' });
  assert.equal(JSON.parse(read.stdout).total, 1);
  // A query that is longer than an address may be.
  const long = await run(['call', 'markdown.render', '-'], { env: pod.env, input: JSON.stringify({ text: '# a\n\n'.repeat(10_000) }) });
  assert.equal(JSON.parse(long.stdout).html.split('<h1').length, 10_001, long.stderr);
  // And its errors are told as of a short one.
  const wrong = await run(['call', 'markdown.render', '-'], { env: pod.env, input: JSON.stringify({ text: 'a'.repeat(70_000) }) });
  assert.equal(wrong.code, 2, wrong.stderr);
  assert.match(wrong.stderr, /^synap: The input is wrong: text: it must have at most 65536 characters; /);
  // To people it is shown as gh shows JSON, to programs as a line.
  const env = { ...pod.env, NO_COLOR: '1', PAGER: 'cat' };
  assert.match((await inTerminal(['call', 'notes.list', '{"limit":1}'], { env })).text, /^\{\r?\n  "notes": \[\r?\n/);
  assert.match((await inTerminal(['call', 'notes.list', '{"limit":1}', '--json'], { env })).text, /^\{"notes":\[/);

  const missing = await run(['call', 'notes.create'], { env: pod.env });
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /notes\.create needs an input, a JSON object with content, as '\{"content":[^']*\}'; /);
  const empty = await run(['call', 'notes.create', '{}'], { env: pod.env });
  assert.match(empty.stderr, /content: it is missing \(a text\); /);
  const live = new Running(['call', 'events.watch'], { env: pod.env });
  t.after(() => live.kill('SIGKILL'));
  // It shows what happens from now on: when that begins is not told, so things happen until it does.
  const shown = live.line('an event');
  let isShown = false;
  shown.then(() => (isShown = true), () => {});
  while (!isShown) await synap('tasks', 'create', 'x');
  assert.match(JSON.parse(await shown).type, /^task\./, 'and not that the stream has begun');

  const watch = new Running(['call', 'events.watch', '{"lastEventId":"0"}'], { env: pod.env });
  t.after(() => watch.kill('SIGKILL'));
  assert.equal(JSON.parse(await watch.line()).position, 1);
  assert.equal(JSON.parse(await watch.line()).position, 2);
});

test('what the pod refuses is an exit code, a sentence, and JSON if asked for', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { id } = await makeNote(pod, 'x');
  const runs = JSON.parse(await client(pod)('runs', 'list', '--json')).runs;
  const cases = [
    [['call', 'nope'], 3, 'NOT_FOUND'],
    [['call', 'notes.get', `{"id":"${NOBODY}"}`], 3, 'NOT_FOUND'],
    [['events', 'get', NOBODY], 3, 'NOT_FOUND'],
    [['runs', 'show', NOBODY], 3, 'NOT_FOUND'],
    [['runs', 'retry', NOBODY], 3, 'NOT_FOUND'],
    [['runs', 'retry', runs[0].id], 5, 'CONFLICT'],
    [['call', 'notes.update', `{"id":"${id}","title":"y","expectedVersion":7}`], 5, 'CONFLICT'],
    [['call', 'notes.list', '--key', 'synap_wrong'], 4, 'UNAUTHORIZED'],
    [['events', 'tail', '--key', 'synap_wrong'], 4, 'UNAUTHORIZED'],
    [['import', 'markdown', temporary(t), '--key', 'synap_wrong'], 4, 'UNAUTHORIZED'],
    [['call', 'notes.create', '{"content":""}'], 2, 'BAD_REQUEST'],
    [['events', 'tail', '--after', 'x'], 2, 'BAD_REQUEST'],
    [['runs', 'list', '--status', 'odd'], 2, 'BAD_REQUEST'],
  ];
  for (const [args, expected, name] of cases) {
    const plain = await run(args, { env: pod.env });
    assert.equal(plain.code, expected, `${args.join(' ')}: ${plain.stderr}`);
    assert.equal(plain.stdout, '');
    assert.match(plain.stderr, /^synap: [^\n]+\n$/);
    const json = await run([...args, '--json'], { env: pod.env });
    assert.equal(json.code, expected);
    assert.equal(json.stdout, '');
    assert.equal(JSON.parse(json.stderr).error.code, name);
  }
  const { error } = JSON.parse(
    (await run(['call', 'notes.create', '{"content":""}', '--json'], { env: pod.env })).stderr,
  );
  assert.deepEqual(error.issues[0].path, ['content']);
});

test('events list: pages, filters and both kinds of output', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  const made = await makeNote(pod, 'one');
  await makeNote(pod, 'two');
  const list = async (...args) => JSON.parse(await synap('events', 'list', '--json', ...args)).events;
  const all = await list();
  assert.deepEqual(all.map((event) => event.position), all.map((_, i) => i + 1));
  assert.deepEqual((await list('--after', '2', '--limit', '2')).map((e) => e.position), [3, 4]);
  assert.equal((await list('--type', 'note.creation.completed')).length, 2);
  assert.equal((await list('--type', 'note.creation.completed', '--type', 'note.creation.requested')).length, 4);
  assert.equal((await list('--aggregate', made.id)).length, 2);
  assert.equal((await list('--correlation', made.requestId)).length, 2);
  const lines = (await synap('events', 'list', '--aggregate', made.id)).trimEnd().split('\n');
  assert.equal(lines.length, 2);
  assert.match(lines[1], /note\.creation\.completed +note [0-9a-f-]{36} +request [0-9a-f-]{36}$/);
  const event = JSON.parse(await synap('events', 'get', all[0].id));
  assert.deepEqual(event, all[0]);
});

test('events tail goes on where it was when the pod was killed', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const first = await startPod(t, data);
  const tail = new Running(['events', 'tail', '--json', '--type', 'note.creation.completed', '--after', '0'],
    { env: first.env });
  t.after(() => tail.kill('SIGKILL'));
  const one = await makeNote(first, 'one');
  assert.equal(JSON.parse(await tail.line()).requestId, one.requestId);
  first.kill('SIGKILL');
  await first.end();
  await tail.errorLine(/does not answer any more/);
  const second = await startPod(t, data, { listen: first.address });
  const two = await makeNote(second, 'two');
  const three = await makeNote(second, 'three');
  assert.equal(JSON.parse(await tail.line()).requestId, two.requestId);
  assert.equal(JSON.parse(await tail.line()).requestId, three.requestId);
});

test('a reader that has enough ends the writer', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const tail = new Running(['events', 'tail', '--after', '0'], { env: pod.env });
  t.after(() => tail.kill('SIGKILL'));
  await tail.line();
  tail.child.stdout.destroy();
  await makeNote(pod, 'x');
  assert.equal((await tail.end()).signal, null);
});

test('runs list and show', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  await makeNote(pod, 'one');
  await makeNote(pod, 'two');
  const { runs } = JSON.parse(await synap('runs', 'list', '--json'));
  assert.equal(runs.length, 2);
  assert.equal(JSON.parse(await synap('runs', 'list', '--json', '--status', 'failed')).runs.length, 0);
  assert.equal(JSON.parse(await synap('runs', 'list', '--json', '--limit', '1')).runs.length, 1);
  assert.equal((await synap('runs', 'list')).trimEnd().split('\n').length, 2);
  const run = JSON.parse(await synap('runs', 'show', runs[0].id, '--json'));
  assert.deepEqual(run.steps.map((step) => step.name), ['upload-to-storage', 'publish-completion']);
  assert.match(await synap('runs', 'show', runs[0].id), /status +\w+[^]*upload-to-storage/);
  const shown = await synap('runs', 'show', runs[0].id);
  assert.match(shown, /\ntook +\d+ ms\n[^]* done +upload-to-storage +\d+ ms +\{/);
  assert.doesNotMatch(shown, /StepRun/);
  const { text } = await inTerminal(['runs', 'list'], { env: { ...pod.env, NO_COLOR: '1' } });
  assert.match(text, /^ID +STATUS +STARTED +TOOK +ATTEMPTS +FUNCTION/);
  for (const line of text.trimEnd().split('\n')) assert.ok(line.length <= 80, line);
  assert.equal(JSON.parse(await synap('runs', 'show', runs[0].id.slice(-8), '--json')).id, runs[0].id);
});

test('runs watch follows the list, and one run to its end', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const watching = new Running(['runs', 'watch', '--json'], { env: pod.env });
  t.after(() => watching.kill());
  // What had ended when it began is not told: so something happens until something is.
  const next = async () => {
    const line = watching.line('a run');
    for (;;) {
      const told = await Promise.race([line, makeNote(pod, '# Watched').then(() => undefined)]);
      if (told) return JSON.parse(told);
    }
  };
  let seen = await next();
  while (seen.status !== 'completed') seen = await next();
  assert.equal(seen.function, 'notes.create');
  const { code, stdout } = await run(['runs', 'watch', seen.id.slice(-8)], { env: pod.env });
  assert.equal(code, 0);
  assert.match(stdout, new RegExp(`^${seen.id}  completed .*\n  \\S+Z  done +upload-to-storage +\\{`));
  assert.equal((await run(['runs', 'watch', NOBODY], { env: pod.env })).code, 3);
  assert.equal((await run(['runs', 'watch', NOBODY, '--function', 'x'], { env: pod.env })).code, 2);
});

test('runs show says what a run that is not done waits for', async (t) => {
  const run_ = {
    id: NOBODY, function: 'orders', status: 'sleeping', attempts: 2, eventId: NOBODY, eventType: 'order.creation.requested',
    eventPosition: 7, createdAt: '2026-01-01T00:00:00.000Z', steps: [], output: { made: 2 },
    pendingSteps: [
      { name: 'charge', op: 'StepError', attempts: 2, dueAt: '2026-01-01T00:01:00.000Z', error: { name: 'BAD_GATEWAY', message: 'no bank' } },
      { name: 'a day', op: 'Sleep', attempts: 0, dueAt: '2026-01-02T00:00:00.000Z' },
      { name: 'paid', op: 'WaitForEvent', attempts: 0, dueAt: '2026-01-03T00:00:00.000Z' },
      { name: 'shipped', op: 'WaitForEvent', attempts: 0 },
      { name: 'approved', op: 'WaitForSignal', attempts: 0 },
      { name: 'invoice', op: 'InvokeFunction', attempts: 0 },
    ],
  };
  const server = http.createServer((_, response) => response.end(JSON.stringify({ result: { data: run_ } }))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  const { code, stdout } = await run(['runs', 'show', NOBODY, '--url', `http://127.0.0.1:${server.address().port}`, '--key', 'k']);
  assert.equal(code, 0);
  assert.match(stdout, /\noutput +\{"made":2\}\n/);
  assert.match(stdout, new RegExp([
    '\npending',
    '  charge  to be tried again at 2026-01-01T00:01:00.000Z, after 2 attempts: BAD_GATEWAY:? no bank',
    '  a day  sleeps until 2026-01-02T00:00:00.000Z',
    '  paid  waits for an event until 2026-01-03T00:00:00.000Z',
    '  shipped  waits for an event',
    '  approved  waits for a signal',
    '  invoice  waits for another function\n$',
  ].join('\n')));
});

test('read models and checks are tables in a terminal, and nothing of a check is cut', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const env = { ...pod.env, NO_COLOR: '1', PAGER: 'cat' };
  const list = (await inTerminal(['projections', 'list'], { env })).text;
  assert.match(list, /^NAME +KIND +STATUS +POSITION +LAG\naccess +inline +live +\d+ +\d+\n/);
  assert.match(await client(pod)('projections', 'list'), /^access +inline +live +\d+\n/);
  const { projections } = JSON.parse(await client(pod)('projections', 'list', '--json'));
  assert.equal(projections[0].name, 'access');

  const cwd = path.dirname(pod.data);
  const relative = { ...env, SYNAP_DATA: './pod/./' };
  const plain = (await run(['doctor'], { env: relative, cwd })).stdout;
  assert.ok(plain.includes(` ${pod.data} can be written`), plain);
  assert.ok(plain.includes(' pod/owner.key, mode 600'), plain);
  const { code, text } = await inTerminal(['doctor'], { env });
  assert.equal(code, 0);
  assert.match(text, /^STATUS +CHECK +FOUND\nok +directory +\//);
  for (const line of text.trimEnd().split('\n')) assert.ok(line.length <= 80 || !line.slice(18).includes(' '), line);
  const words = (shown) => shown.replaceAll(/\s+/g, ' ');
  assert.ok(words(text).includes('files that no row names are not looked at'), text);
  assert.match((await inTerminal(['doctor'], { env: pod.env })).text, /\u001b\[\d+mok/);
});

test('a list of things within an answer is a table below it in a terminal, and JSON for programs', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { requestId } = JSON.parse(await client(pod)('tasks', 'create', '--title', 'A', '--json'));
  const env = { ...pod.env, NO_COLOR: '1', PAGER: 'cat' };
  const { text } = await inTerminal(['requests', 'get', requestId], { env });
  assert.match(text, /^requestId +[-0-9a-f]{36}\nstatus +completed\n/);
  assert.match(text, /\n\nevents\nTYPE .*\ntask\.creation\.requested .*\ntask\.creation\.completed .*\n$/);
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  assert.match(await client(pod)('requests', 'get', requestId), /^events +\{"id":/m);
});

test('the text of a note is shown once', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { entityId } = JSON.parse(await client(pod)('notes', 'create', '# Plan\n\nonly here', '--wait', '--json'));
  const text = await client(pod)('notes', 'get', entityId);
  assert.equal(text.split('only here').length, 2, text);
});

test('a key that is given and empty is refused, and not taken for the owner', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const empty = { ...pod.env, SYNAP_KEY: '' };
  for (const [args, env, name] of [
    [['call', 'notes.list', '--key', ''], pod.env, '--key'],
    [['call', 'notes.list', '--key', ' '], pod.env, '--key'],
    [['call', 'notes.list', '--key', ''], { ...pod.env, SYNAP_KEY: pod.key }, '--key'],
    [['call', 'notes.list'], empty, 'SYNAP_KEY'],
    [['keys', 'list'], empty, 'SYNAP_KEY'],
    [['events', 'tail'], empty, 'SYNAP_KEY'],
    [['doctor'], empty, 'SYNAP_KEY'],
    [['import', 'markdown', os.tmpdir()], empty, 'SYNAP_KEY'],
  ]) {
    const { code, stdout, stderr } = await run(args, { env });
    assert.equal(code, 2, `${args.join(' ')}: ${stdout}${stderr}`);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`^synap: ${name} is empty: give a key, or leave it out`));
  }
  assert.equal((await run(['call', 'notes.list', '--key='], { env: pod.env })).code, 2);
  assert.match((await run(['call', 'notes.list', '--key', 'a\nb'])).stderr, /^synap: --key has a line end in it/);
  assert.equal((await run(['call', 'notes.list', '--key', pod.key], { env: empty })).code, 0);
});

test('a call that is refused, or not answered, says where it went and with which key', async (t) => {
  const directory = temporary(t);
  const pod = await startPod(t, path.join(directory, 'pod'));
  const other = path.join(directory, 'other');
  mkdirSync(other);
  const file = path.join(other, 'owner.key');
  const told = async (args, env = {}, command = ['call', 'notes.list']) => {
    const { stderr } = await run([...command, ...args], { env: { ...pod.env, ...env } });
    return stderr;
  };
  const ofAnother = { SYNAP_DATA: other };
  assert.ok((await told([], ofAnother)).endsWith(` [pod: ${pod.url}, key: none, as there is no ${file}]\n`));
  writeFileSync(file, '\n');
  assert.ok((await told([], ofAnother)).endsWith(` [pod: ${pod.url}, key: none; ${file}: it is empty]\n`));
  writeFileSync(file, 'synap_wrong\n');
  assert.ok((await told([], ofAnother)).endsWith(` [pod: ${pod.url}, key: ${file}]\n`));
  assert.ok((await told(['--key', 'synap_wrong'])).endsWith(` [pod: ${pod.url}, key: --key]\n`));
  assert.ok((await told([], { SYNAP_KEY: 'synap_wrong' })).endsWith(` [pod: ${pod.url}, key: SYNAP_KEY]\n`));
  for (const command of [['keys', 'list'], ['events', 'tail'], ['projections', 'rebuild', 'notes']]) {
    assert.ok((await told([], ofAnother, command)).endsWith(` [pod: ${pod.url}, key: ${file}]\n`), command[0]);
  }
  const { error } = JSON.parse(await told(['--json'], ofAnother));
  assert.deepEqual([error.url, error.key], [pod.url, file]);
  // What is not about the place or the key says nothing of them.
  assert.doesNotMatch(await told([`{"id":"${NOBODY}"}`], {}, ['call', 'notes.get']), /owner\.key/);

  pod.kill('SIGTERM');
  await pod.end();
  const unanswered = await told([], ofAnother);
  assert.ok(unanswered.startsWith(`synap: No pod answers at ${pod.url} `), unanswered);
  assert.ok(unanswered.endsWith(` [key: ${file}]\n`), unanswered);
});

// What is not a pod, and remembers what it was sent.
async function impostor(t, host) {
  const seen = [];
  const server = http.createServer((request, response) => {
    seen.push(request.headers);
    response.end('<html>');
  });
  server.listen(0, host);
  await once(server, 'listening');
  t.after(() => server.close());
  return { seen, port: server.address().port };
}

test('what answers and is no pod is said to be none', async (t) => {
  const { port } = await impostor(t, '127.0.0.1');
  const { code, stderr } = await run(['call', 'health', '--url', `http://127.0.0.1:${port}`]);
  assert.equal(code, 1);
  assert.match(stderr, /no pod/);
});

test('call asks a newer pod of what kind a procedure is that it does not know', async (t) => {
  const seen = [];
  const operation = (kind) => ({ post: { 'x-synap-kind': kind } });
  const paths = { '/api/things.find': operation('query'), '/api/things.make': operation('mutation') };
  const server = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end(JSON.stringify(request.url === '/openapi.json' ? { paths } : { result: { data: 1 } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  for (const procedure of ['things.find', 'things.make', 'things.none']) {
    assert.equal((await run(['call', procedure, '--url', url])).stdout, '1\n');
  }
  assert.deepEqual(seen.filter((line) => !line.endsWith('/openapi.json')),
    ['GET /trpc/things.find', 'POST /trpc/things.make', 'POST /trpc/things.none']);
});

test('the key of the default directory is for this machine only', async (t) => {
  const outside = Object.values(os.networkInterfaces()).flat()
    .find((address) => address.family === 'IPv4' && !address.internal)?.address;
  if (!outside) return t.skip('no address but loopback');
  const cwd = temporary(t);
  const pod = await startPod(t, path.join(cwd, 'synap-data'));
  const { seen, port } = await impostor(t, '0.0.0.0');
  await run(['call', 'health', '--url', `http://${outside}:${port}`], { cwd });
  assert.equal(seen.at(-1).authorization, undefined);
  await run(['call', 'health', '--url', `http://127.0.0.1:${port}`], { cwd });
  assert.equal(seen.at(-1).authorization, `Bearer ${pod.key}`);
  await run(['call', 'health', '--url', `http://${outside}:${port}`, '--data', 'synap-data'], { cwd });
  assert.equal(seen.at(-1).authorization, `Bearer ${pod.key}`);
});
