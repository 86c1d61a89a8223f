// The commands that are made from the table of procedures: synap notes, tasks, projects, tags, …
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { Running, client, inTerminal, makeNote, run, startPod, temporary, within } from './synap.mjs';

const NOBODY = '00000000-0000-7000-8000-000000000000';
const fields = (text) => Object.fromEntries(text.trimEnd().split('\n').map((line) => line.split(/ {2,}/)));

test('every noun has its commands, with flags made of the fields', async () => {
  for (const noun of ['notes', 'tasks', 'projects']) {
    const { stdout } = await run([noun, '--help']);
    for (const verb of ['list', 'get', 'create', 'update', 'delete', 'history', 'restore']) {
      assert.match(stdout, new RegExp(`\n {2}${verb} `), `${noun} ${verb}`);
      const help = await run([noun, verb, '--help']);
      assert.equal(help.code, 0);
      assert.match(help.stdout, new RegExp(`Usage: synap ${noun} ${verb}[^]*Example:\n {2}synap ${noun} ${verb}`));
    }
  }
  const help = (await run(['tasks', 'update', '--help'])).stdout.replaceAll(/\s+/g, ' ');
  assert.match(help, /ID, --id An id\./);
  assert.match(help, /--due-date TEXT A day .*--no-due-date: none any more/);
  assert.match(help, /--priority CHOICE One of low, normal, high, urgent\./);
  assert.match(help, /--expected-version NUMBER/);
  assert.match((await run(['tasks', 'create', '--help'])).stdout, /--priority[^]*Default: normal/);
  assert.match((await run(['event-types', 'list', '--help'])).stdout, /Usage: synap event-types list/);
});

test('what is true or false is said by a flag, or by the same with no-', async (t) => {
  const help = (await run(['chat', 'trust', '--help'])).stdout.replaceAll(/\s+/g, ' ');
  assert.match(help, / --\[no-\]trusted What a model asks for is done at once; false: it waits for you again\. /);
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { entityId: id } = JSON.parse(await client(pod)('chat', 'send', '?', '--json'));
  for (const [flag, trusted] of [['--trusted', true], ['--no-trusted', false], ['--trusted=true', true], ['--trusted=false', false]]) {
    assert.equal(JSON.parse(await client(pod)('chat', 'trust', id, flag, '--json')).trusted, trusted, flag);
    assert.equal(JSON.parse(await client(pod)('chat', 'threads', '--json')).trusted, trusted, flag);
  }
  const both = await run(['chat', 'trust', id, '--trusted', '--no-trusted'], { env: pod.env });
  assert.match(both.stderr, /Give --trusted or --no-trusted, not both/);
});

// What answers every question with this.
async function answering(t, data) {
  const server = http.createServer((_, response) => response.end(JSON.stringify({ result: { data } }))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  return { SYNAP_URL: `http://127.0.0.1:${server.address().port}`, SYNAP_KEY: 'k', NO_COLOR: '1', PAGER: 'cat' };
}

test('functions are a table of words, with the names by which they are asked for', async (t) => {
  const own = {
    id: 'worker-make-tasks@01a21457-d797-7114-88ae-a2997621daf2', name: 'worker-make-tasks', app: 'worker', isYours: true, isInvocable: true,
    triggers: [{ event: 'note.creation.completed', if: 'event.data.x' }], schedules: [{ cron: '0 9 * * *' }], retries: 4,
    limits: { concurrency: [], isRemote: true }, pause: { by: 'person', since: '2026-01-01T00:00:00.000Z' }, waiting: 0, running: 0,
    counts: { completed: 1, retried: 0, slept: 0, givenUp: 0, paused: 0 },
  };
  const pods = { ...own, id: 'notes.create', name: 'notes.create', app: undefined, isYours: false, pause: undefined };
  const env = await answering(t, { functions: [own, pods] });
  for (const columns of [80, 200]) {
    const { text } = await inTerminal(['functions', 'list'], { env, columns });
    assert.match(text, /^NAME .*\n(?:.*\n)*worker-make-tasks .*\nnotes\.create /);
    assert.match(text, /\bnote\.creation\.comple/, 'what starts it can be told');
    assert.doesNotMatch(text, /[{}@]|IS OWN/);
    for (const line of text.trimEnd().split('\n')) assert.ok(line.length <= columns, line);
  }
  const { text } = await inTerminal(['functions', 'list'], { env, columns: 200 });
  assert.match(text, / YOURS /);
  assert.match(text, /worker-make-tasks +worker +note\.creation\.completed +0 9 \* \* \* +4 +person +0 +0 +yes +yes/);
});

test('a list of nothing says so to people, and nothing to programs', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const env = { ...pod.env, NO_COLOR: '1' };
  for (const [args, words] of [[['notes', 'list'], 'no notes'], [['tasks', 'list'], 'no tasks'], [['runs', 'list'], 'no runs'],
    [['dlq', 'list'], 'no dead letters'], [['dlq', 'groups'], 'no dead letters'], [['apps', 'list'], 'no apps'],
    [['events', 'list', '--after', '2'], 'no events']]) {
    assert.equal((await inTerminal(args, { env })).text.trim(), words);
    assert.equal(await client(pod)(...args), '');
  }
  assert.equal(await client(pod)('notes', 'list', '--json'), '');
});

test('a task is made, changed, completed and read by flags', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  const made = fields(await synap('tasks', 'create', 'Buy milk', '--due-date', '2027-01-31', '--priority', 'high'));
  assert.equal(made.status, 'completed');
  const id = made.entityId;
  await synap('tasks', 'update', id, '--title', 'Buy oat milk', '--no-due-date');
  await synap('tasks', 'complete', '--id', id);
  const task = JSON.parse(await synap('tasks', 'get', id, '--json'));
  assert.deepEqual([task.title, task.dueDate, task.status, task.priority], ['Buy oat milk', undefined, 'done', 'high']);
  assert.equal(fields(await synap('tasks', 'get', id)).title, 'Buy oat milk');
  assert.equal((await synap('tasks', 'history', id)).trimEnd().split('\n').length, 3);
  await synap('tasks', 'restore', id, '--version', '1');
  assert.equal(JSON.parse(await synap('tasks', 'get', id, '--json')).dueDate, '2027-01-31');
  await synap('tasks', 'delete', id);
  assert.equal((await run(['tasks', 'get', id], { env: pod.env })).code, 3);
});

test('what is done because of an event stands below it', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  await synap('notes', 'create', '# Buy milk', '--wait');
  const of = async (type) => JSON.parse(await synap('events', 'list', '--type', type, '--json')).events;
  const [cause] = await of('note.creation.completed');
  await synap('tasks', 'create', 'Buy milk', '--caused-by', cause.id);
  await synap('call', 'tasks.create', '{"title":"and bread"}', '--caused-by', cause.id);
  const below = (await of('task.creation.requested')).map(({ causationId, correlationId }) => [causationId, correlationId]);
  assert.deepEqual(below, Array(2).fill([cause.id, cause.correlationId]));
  const { code, stderr } = await run(['tasks', 'create', 'x', '--caused-by', 'milk'], { env: pod.env });
  assert.equal(code, 2);
  assert.match(stderr.replaceAll(/\s+/g, ' '), /is named by its id, as 0198/);
  assert.doesNotMatch((await run(['tasks', 'list', '--help'])).stdout, /--caused-by/, 'it changes nothing');
});

test('a command of a key that may only propose says that nothing is done yet', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  const robot = JSON.parse(await synap('keys', 'create', 'robot', '--scope', 'propose', '--scope', '*:read', '--json'));
  const env = { ...pod.env, SYNAP_KEY: robot.key };
  const sentence = (id) => `synap: proposed: ${id}; it is done once somebody accepts it\n`;
  for (const args of [['tasks', 'create', 'Buy milk'], ['notes', 'create', '# Buy milk', '--wait', '--timeout', '10']]) {
    const { code, stdout, stderr } = await run(args, { env });
    assert.equal(code, 0, stderr);
    const told = fields(stdout);
    assert.equal(told.status, 'proposed');
    assert.equal(stderr, sentence(told.proposalId));
  }
  const called = await run(['call', 'tasks.create', '{"title":"bread"}'], { env });
  const { proposalId: id } = JSON.parse(called.stdout);
  assert.equal(called.stderr, sentence(id));
  const asJson = await run(['tasks', 'create', 'eggs', '--reason', '50 % für zwei', '--json'], { env });
  assert.equal(JSON.parse(asJson.stdout).status, 'proposed');
  assert.equal(asJson.stderr, '');
  assert.equal(await synap('tasks', 'list'), '');

  assert.equal((await synap('proposals', 'list', '--status', 'open')).trimEnd().split('\n').length, 4);
  const refused = await run(['proposals', 'accept', id], { env });
  assert.equal(refused.code, 4);
  assert.match(await synap('proposals', 'get', id), /bread/);
  assert.equal(fields(await synap('proposals', 'accept', id, '--wait')).status, 'completed');
  assert.match(await synap('tasks', 'list'), /bread/);
  const twice = await run(['proposals', 'accept', id], { env: pod.env });
  assert.equal(twice.code, 5);
  assert.match(twice.stderr.replaceAll(/\s+/g, ' '), /It was accepted by the key/);
  const other = JSON.parse(asJson.stdout).proposalId;
  assert.equal(fields(await synap('proposals', 'reject', other, '--reason', 'there are some')).status, 'completed');
  const rejected = fields(await synap('proposals', 'get', other));
  assert.deepEqual([rejected.reason, rejected.decisionReason], ['50 % für zwei', 'there are some']);

  // Also of a command that sets a field: its input says nothing of it.
  const task = fields(await synap('tasks', 'create', 'Water the ferns')).entityId;
  const offer = async (path) => {
    const { stdout } = await run(['call', path, JSON.stringify({ id: task })], { env });
    return JSON.parse(await synap('call', 'proposals.get', JSON.stringify({ id: JSON.parse(stdout).proposalId }))).diff;
  };
  assert.deepEqual(await offer('tasks.complete'), [{ field: 'status', before: 'open', after: 'done' }]);
  assert.deepEqual(await offer('tasks.reopen'), [], 'it is so already');
  await synap('call', 'tasks.update', JSON.stringify({ id: task, status: 'in_progress' }));
  assert.deepEqual(await offer('tasks.reopen'), [{ field: 'status', before: 'in_progress', after: 'open' }]);

  // Whoever accepts sees all of what would change, and nothing that was written to look like it.
  const note = fields(await synap('notes', 'create', '# Plan\n\nPay Ann 10', '--wait')).entityId;
  const changed = await run(['notes', 'update', note, '--content', '# Plan\n\nPay Mallory 10000', '--reason', 'typo\n\ndiff\u001b[2J'], { env });
  const shown = (await inTerminal(['proposals', 'get', fields(changed.stdout).proposalId], { env: { ...pod.env, NO_COLOR: '1', PAGER: 'cat' } })).text;
  assert.match(shown, /^reason +typo\n +\n +diff\?\[2J\n/m);
  assert.match(shown, /\ndiff\nfield +content\nbefore +# Plan\n +\n +Pay Ann 10\nafter +# Plan\n +\n +Pay Mallory 10000\n/);
});

test('a note takes its text from an argument, stdin or a file, and --wait stays until it is there', async (t) => {
  const directory = temporary(t);
  const pod = await startPod(t, path.join(directory, 'pod'));
  const synap = client(pod);
  const file = path.join(directory, 'a note.md');
  writeFileSync(file, '# From a file\n');
  const ways = [
    [['notes', 'create', '# Said', '--tag', 'a', '--tag', 'b'], ''],
    [['notes', 'create', '-'], '# From stdin\n'],
    [['notes', 'create', '--file', file], ''],
    [['notes', 'create', '--file', '-'], '# By --file -\n'],
  ];
  for (const [args, input] of ways) {
    const { code, stdout } = await run([...args, '--wait', '--json'], { env: pod.env, input });
    assert.equal(code, 0);
    const { status, entityId } = JSON.parse(stdout);
    assert.equal(status, 'completed');
    assert.ok(JSON.parse(await synap('notes', 'get', entityId, '--json')).content, 'it is there at once');
  }
  const called = JSON.parse(await synap('call', 'notes.create', '{"content":"# Called"}', '--wait'));
  assert.equal(called.status, 'completed');
  const titles = (await synap('notes', 'list', '--json')).trimEnd().split('\n').map((line) => JSON.parse(line).title);
  assert.deepEqual(titles.toSorted(), ['By --file -', 'Called', 'From a file', 'From stdin', 'Said']);
  const help = (await run(['notes', 'list', '--help'])).stdout.replaceAll(/\s+/g, ' ');
  const names = help.match(/no terminal: a line each, with tabs between ([\w, ]+)\./)[1].split(', ');
  assert.equal(names[0], 'id');
  assert.equal((await synap('notes', 'list', '--all')).split('\n')[0].split('\t').length, names.length);
  const tagged = (await synap('notes', 'list', '--tag', 'a')).trimEnd().split('\t');
  assert.deepEqual([tagged[0].length, tagged[4], tagged[5]], [36, 'Said', 'a,b'], 'a line, tabs, whole ids');
  assert.match(await synap('tags', 'list'), /^a\t1\t\nb\t1\t\n$/);
});

// A pod whose command goes on when the test says so. Calls that it is asked for wait in `asked`.
async function slowPod(t) {
  const asked = [];
  const waiting = [];
  const queue = [];
  const server = http.createServer((request, response) => {
    const [, name] = request.url.match(/^\/trpc\/([\w.]+)/);
    asked.push(name);
    const pair = { name, response };
    if (waiting.length > 0) waiting.shift()(pair);
    else queue.push(pair);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  const next = (name) => within(new Promise((resolve) => (queue.length > 0 ? resolve(queue.shift()) : waiting.push(resolve))), name)
    .then((pair) => (assert.equal(pair.name, name), pair.response));
  const answer = (response, data) => response.end(JSON.stringify({ result: { data } }));
  return { url: `http://127.0.0.1:${server.address().port}`, asked, next, answer };
}

test('--wait watches the events of its command, and asks no more often than they come', async (t) => {
  const pod = await slowPod(t);
  const requestId = '01980000-0000-7000-8000-000000000001';
  const item = (position) => `data: {"position":${position}}\nid: ${position}\n\n`;
  const command = new Running(['notes', 'create', 'x', '--wait', '--json', '--url', pod.url, '--key', 'k']);
  t.after(() => command.kill('SIGKILL'));
  pod.answer(await pod.next('notes.create'), { status: 'pending', requestId, entityId: requestId });
  const first = await pod.next('events.watch');
  assert.match(decodeURIComponent(first.req.url), new RegExp(`"requestId":"${requestId}"`));
  first.writeHead(200, { 'content-type': 'text/event-stream' });
  first.write(`event: connected\ndata: {}\n\n${item(1)}`);
  pod.answer(await pod.next('requests.get'), { requestId, status: 'pending', events: [] });
  first.write(item(2));
  pod.answer(await pod.next('requests.get'), { requestId, status: 'pending', events: [] });
  first.destroy(); // as a pod that is killed
  const second = await pod.next('events.watch');
  second.writeHead(200, { 'content-type': 'text/event-stream' });
  second.write(item(3));
  pod.answer(await pod.next('requests.get'), { requestId, status: 'completed', events: [] });
  const { code, stdout, stderr } = await command.end();
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).status, 'completed');
  assert.deepEqual(pod.asked, ['notes.create', 'events.watch', 'requests.get', 'requests.get', 'events.watch', 'requests.get']);
});

test('--wait does with what the key may: it watches, asks, or says that the command is under way', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const keyOf = async (...scopes) =>
    (await client(pod)('keys', 'create', 'x', ...scopes.flatMap((scope) => ['--scope', scope]), '--json').then(JSON.parse)).key;
  const notes = ['notes:read', 'notes:write'];
  for (const [command, input] of [[['notes', 'create'], '# x'], [['call', 'notes.create'], '{"content":"# x"}']]) {
    const asking = { env: { ...pod.env, SYNAP_KEY: await keyOf(...notes, 'requests:read') } };
    const done = await run([...command, input, '--wait', '--json'], asking);
    assert.equal(done.code, 0, done.stderr);
    assert.equal(JSON.parse(done.stdout).status, 'completed');
    const failed = await run(['notes', 'update', NOBODY, '--title', 'x', '--wait'], asking);
    assert.equal(failed.code, 3, failed.stderr);

    for (const scopes of [notes, [...notes, 'events:read']]) {
      const blind = { env: { ...pod.env, SYNAP_KEY: await keyOf(...scopes) } };
      const { code, stdout, stderr } = await run([...command, input, '--wait', '--json'], blind);
      assert.equal(code, 1, 'nothing was denied: the note is made');
      assert.equal(stdout, '');
      const { error } = JSON.parse(stderr);
      assert.equal(error.code, 'PRECONDITION_FAILED');
      assert.ok(error.message.startsWith(`The command was accepted as request ${error.requestId} and goes on`), stderr);
      assert.match(error.message, /scope requests:read is needed/);
      const request = JSON.parse(await client(pod)('requests', 'get', error.requestId, '--json'));
      assert.match(request.status, /pending|completed/);
    }
  }
});

test('--wait tells in numbers what a command came to', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  await synap('notes', 'create', 'x', '--tag', 'old', '--wait');
  assert.match(await synap('tags', 'remove', 'nosuch', '--wait'), /^changed +0$/m);
  await synap('notes', 'create', 'z', '--tag', 'year/2026', '--wait');
  const none = await run(['tags', 'rename', 'year', '--to', 'past', '--wait'], { env: pod.env });
  assert.match(none.stderr, /nothing had it itself, so nothing was changed; .* as "year\/2026"/);
  const done = JSON.parse(await synap('tags', 'rename', 'old', '--to', 'new', '--wait', '--json'));
  assert.deepEqual([done.status, done.changed], ['completed', 1]);
  const note = JSON.parse(await synap('notes', 'create', 'y', '--wait', '--json'));
  assert.ok(!('version' in note), 'that is no outcome');
});

test('--wait of a command that does not end gives up after --timeout, and says what goes on', async (t) => {
  const requestId = '01980000-0000-7000-8000-000000000001';
  for (const json of [false, true]) {
    const pod = await slowPod(t);
    const command = new Running(
      ['notes', 'create', 'x', '--wait', '--timeout', '1', ...(json ? ['--json'] : []), '--url', pod.url, '--key', 'k']);
    t.after(() => command.kill('SIGKILL'));
    pod.answer(await pod.next('notes.create'), { status: 'pending', requestId, entityId: requestId });
    const watch = await pod.next('events.watch');
    watch.writeHead(200, { 'content-type': 'text/event-stream' });
    watch.write('event: connected\ndata: {}\n\ndata: {"position":1}\nid: 1\n\n');
    pod.answer(await pod.next('requests.get'), { requestId, status: 'pending', events: [] });
    const { code, stdout, stderr } = await command.end(); // the stream stays open, and says nothing more
    assert.equal(code, 1, stderr);
    assert.equal(stdout, '');
    const sentence = `The command is still under way after 1 s and goes on; \`synap requests get ${requestId}\` ` +
      'says what becomes of it, --timeout waits longer';
    if (json) {
      const { error } = JSON.parse(stderr);
      assert.deepEqual(error, { code: 'TIMEOUT', message: sentence, requestId });
    } else {
      assert.equal(stderr, `synap: ${sentence}\n`);
    }
  }
});

test('--wait of a command that fails says why and is no success', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { code, stdout, stderr } = await run(['notes', 'update', NOBODY, '--title', 'x', '--wait'], { env: pod.env });
  assert.equal(code, 3);
  assert.equal(stdout, '');
  assert.match(stderr, /^synap: [^\n]+\n$/);
});

test('what a flag cannot be is said by the program, before it asks', async () => {
  for (const [args, sentence] of [
    [['tasks', 'create'], /synap: TITLE is missing; `synap tasks create --help`/],
    [['notes', 'list', '--tag'], /^synap: --tag needs a value; /],
    [['notes', 'list', '--tag', 'a', '--tag', 'b'], /^synap: --tag can be given once; /],
    [['tasks', 'create', 'x', '--priority', 'hi'], /--priority: it must be one of low, normal, high, urgent, not "hi"/],
    [['tasks', 'update', NOBODY, '--expected-version', 'x'], /--expected-version must be a whole number, not "x"/],
    [['tasks', 'create', 'x', '--priorty', 'low'], /no option --priorty; did you mean "--priority"/],
    [['notes', 'create', '--file', '/nowhere'], /--file \/nowhere cannot be read: No such file/],
    [['notes', 'create', 'x', '--wait', '--timeout', '0'], /--timeout must be from 1 to 86400 seconds, not "0"/],
    [['call', 'notes.create', '{"content":"x"}', '--wait', '--timeout', '1m'], /--timeout must be .*, not "1m"/],
    [['notes', 'create', 'x', '--timeout', '5'], /--timeout is how long --wait waits, which is not given/],
    [['notes', 'crate'], /no command "notes crate"; did you mean "create"/],
    [['notes', 'add', 'x'], /no command "notes add"; did you mean "create"/],
    [['tasks', 'ls'], /no command "tasks ls"; did you mean "list"/],
    [['notes', 'edit', NOBODY], /no command "notes edit"; did you mean "update"/],
    [['status'], /no command "status"; did you mean "doctor"/],
    [['start'], /no command "start"; did you mean "serve"/],
    [['run', 'list'], /no command "run"; did you mean "serve" or "runs"/],
    [['notes', 'create', 'a text', '--file', '-'], /Give --content or --file, not both/],
    [['tasks', 'update', NOBODY, '--due-date', '2026-01-02', '--no-due-date'], /Give --due-date or --no-due-date, not both/],
    [['tasks', 'get', 'f04'], /"f04" is no id: give a whole one, or its last 6 characters or more/],
    [['import', 'vault'], /no command "import vault"; `import` takes markdown\. /],
    [['import', 'markdown', '.', '--tag', ''], /--tag must be a name/],
  ]) {
    const { code, stderr } = await run(args, { env: { SYNAP_URL: 'http://127.0.0.1:1' } });
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, sentence);
  }
});

test('a number that would be kept as another is refused, whichever way it comes', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const big = '9007199254740993';
  const expected = /The number 9007199254740993 cannot be kept: it would come back as 9007199254740992\. [^\n]*write it as a text/;
  const input = `{"content":"x","properties":{"n":[1,${big}]}}`;
  for (const args of [['call', 'notes.create', input], ['notes', 'create', 'x', '--properties', `{"n":${big}}`]]) {
    const { code, stderr } = await run(args, { env: pod.env });
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, expected);
  }
  const headers = { authorization: `Bearer ${pod.key}`, 'content-type': 'application/json' };
  const publish = `{"type":"x.y.z","data":{"n":${big}}}`;
  for (const [path, body] of [
    ['/trpc/notes.create', input],
    ['/trpc/notes.create,tasks.create?batch=1', `{"0":${input},"1":{"title":"t"}}`],
    ['/api/notes.create', input],
    ['/api/events.publish', publish],
    ['/trpc/events.publish', publish],
  ]) {
    const answer = await fetch(pod.url + path, { method: 'POST', headers, body });
    assert.ok([400, 207].includes(answer.status), `${path}: ${answer.status}`);
    assert.match(await answer.text(), new RegExp('The number 9007199254740993 cannot be kept'), path);
  }
  const asked = await fetch(`${pod.url}/trpc/events.list?input=${encodeURIComponent(`{"limit":${big}}`)}`, { headers });
  assert.match(await asked.text(), /cannot be kept/);
  // Nothing of these is there; as a text, and as a number that a double holds, it is kept.
  assert.equal(JSON.parse(await client(pod)('call', 'notes.list')).total, 0);
  const id = JSON.parse(await client(pod)('notes', 'create', 'x', '--wait', '--json', '--properties',
    `{"text":"${big}","n":9007199254740992,"m":1152921504606847000}`)).entityId;
  assert.match(await client(pod)('call', 'notes.get', JSON.stringify({ id })),
    /"properties":\{"text":"9007199254740993","n":9007199254740992,"m":1152921504606847000\}/);
});

test('a title that was given can be had from the text again', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  const { entityId: id } = JSON.parse(await synap('notes', 'create', '# First', '--title', 'Given', '--wait', '--json'));
  const title = async () => JSON.parse(await synap('notes', 'get', id, '--json')).title;
  assert.equal(await title(), 'Given');
  assert.match((await run(['notes', 'update', '--help'])).stdout.replace(/\s+/g, ' '), /--no-title: it follows from the text again\./);
  await synap('notes', 'update', id, '--no-title', '--wait');
  assert.equal(await title(), 'First');
  await synap('notes', 'update', id, '--content', '# Second', '--wait');
  assert.equal(await title(), 'Second');
});

test('a list says that there are more, and shows them when asked', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  for (let i = 0; i < 5; ++i) await client(pod)('tasks', 'create', `task ${i}`);
  assert.match(await client(pod)('tasks', 'list', '--help'), /--limit NUMBER +So many at most, page by page\. Default: 100\n/);
  const few = await run(['tasks', 'list', '--limit', '2'], { env: pod.env });
  assert.equal(few.stdout.trimEnd().split('\n').length, 2);
  assert.match(few.stderr, /2 are shown of 5; .*--all/);
  const all = await run(['tasks', 'list', '--all', '--limit', '2'], { env: pod.env });
  assert.equal(all.stdout.trimEnd().split('\n').length, 5);
  assert.equal(all.stderr, '');
});

test('a list of everything is printed page by page, and takes no more memory than one', async (t) => {
  // A pod of another kind: each page is 2 MB.
  const pages = 40;
  const title = 'x'.repeat(200_000);
  const memory = [];
  let listing;
  const server = http.createServer((request, response) => {
    const { cursor = '0' } = JSON.parse(new URL(request.url, 'http://x').searchParams.get('input') ?? '{}');
    const page = Number(cursor);
    const status = readFileSync(`/proc/${listing.child.pid}/status`, 'utf8');
    memory[page] = Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]);
    const tasks = Array.from({ length: 10 }, (_, i) => ({ id: `${page}-${i}`, title }));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ result: { data: { tasks, nextCursor: page + 1 < pages ? `${page + 1}` : null } } }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  for (const flags of [['--json'], []]) {
    listing = new Running(['tasks', 'list', '--all', ...flags, '--key', 'k', '--url', `http://127.0.0.1:${server.address().port}`]);
    listing.child.stdin.end();
    const { code, stdout, stderr } = await listing.end();
    assert.equal(code, 0, stderr);
    assert.equal(stdout.trimEnd().split('\n').length, 10 * pages);
    // A third of what was printed: an allocator may keep some pages, a list that is kept keeps them all.
    const growth = memory[pages - 1] - memory[2];
    assert.ok(growth < 25_000, `${growth} kB more after ${pages - 3} pages of 2 MB ${flags}`);
  }
});

test('a short id is found of what has come last, however old it says it is', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'), { args: ['--batch-max', '600'] });
  const synap = client(pod);
  const many = Array.from({ length: 501 }, (_, i) => ({ content: `n${i}` }));
  await fetch(`${pod.url}/trpc/${many.map(() => 'notes.create').join(',')}?batch=1`, {
    method: 'POST',
    headers: { authorization: `Bearer ${pod.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...many }),
  }).then((answer) => answer.json());
  await synap('notes', 'create', 'old', '--created-at', '2001-05-05T00:00:00Z', '--wait');
  const [{ id }] = JSON.parse(await synap('call', 'notes.list', '{"sort":"createdAt","limit":1}')).notes;
  assert.match(await synap('notes', 'get', id.slice(-12)), /2001-05-05/);
});

test('in a terminal: a table that fits, short ids that are taken as ids, local times', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  const long = 'a long title '.repeat(20).trim();
  await synap('tasks', 'create', long);
  await synap('tasks', 'create', '日本語 の タスク \u001b[31m');
  const tasks = (await synap('tasks', 'list', '--json')).trimEnd().split('\n').map((line) => JSON.parse(line));
  for (const columns of [80, 120]) {
    const { code, text } = await inTerminal(['tasks', 'list'], { env: { ...pod.env, TZ: 'Asia/Tokyo', NO_COLOR: '1' }, columns });
    assert.equal(code, 0);
    const lines = text.trimEnd().split('\n');
    assert.equal(lines.length, 3);
    assert.match(lines[0], /^ID +TITLE +/);
    const ends = tasks.map(({ id }) => id.slice(-8));
    assert.deepEqual(lines.slice(1).map((line) => line.slice(0, 8)), ends);
    assert.match(text, /…/);
    assert.doesNotMatch(text, /\u001b/);
    const hour = new Date(Date.parse(tasks[0].createdAt) + 9 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');
    assert.ok(text.includes(hour), 'the zone of $TZ');
    for (const line of lines) assert.ok([...line].length <= columns, line);
    const shown = await synap('tasks', 'get', ends[0], '--json');
    assert.equal(JSON.parse(shown).id, tasks[0].id);
  }
  assert.equal((await run(['tasks', 'get', 'ffffffff'], { env: pod.env })).code, 3);
});

test('a list of relations says from where to where each leads, and as what, in 80 columns', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  const [from, to] = [await makeNote(pod, '# From'), await makeNote(pod, '# To')].map(({ id }) => id);
  await synap('relations', 'create', from, '--to-id', to, '--type', 'depends_on', '--properties', '{"weight":1}', '--wait');
  const { code, text } = await inTerminal(['relations', 'list'], { env: { ...pod.env, NO_COLOR: '1' }, columns: 80 });
  assert.equal(code, 0);
  const [heading, row] = text.trimEnd().split('\n');
  assert.match(heading, /^ID +FROM +TO +TYPE +CREATED/);
  assert.match(row, new RegExp(`^\\w{8}  ${from.slice(-8)}  ${to.slice(-8)}  depends_on  `));
  assert.ok(heading.length <= 80 && row.length <= 80, text);
});

test('what turns the direction of writing or moves the cursor is not shown, and the joiners of words are', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  const title = 'safe\u202egnp.exe \u2066\u2028\u009b31m \ufeff می\u200cخواهم 👩\u200d🚀';
  const id = fields(await synap('tasks', 'create', title)).entityId;
  assert.equal(JSON.parse(await synap('tasks', 'get', id, '--json')).title, title, 'JSON has it as it is');
  const env = { ...pod.env, NO_COLOR: '1', PAGER: '' };
  const unknown = ['call', title];
  for (const args of [['tasks', 'list'], ['tasks', 'get', id], ['events', 'list'], unknown]) {
    const { stdout, stderr } = await run(args, { env });
    const { text } = await inTerminal(args, { env, columns: 200 });
    for (const shown of [stdout + stderr, text]) {
      assert.doesNotMatch(shown, /[\u0080-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/, args.join(' '));
      if (args[0] !== 'events') assert.ok(shown.includes('safe?gnp.exe ???31m ? می\u200cخواهم 👩\u200d🚀'), shown);
    }
  }
});

test('colour is for terminals without NO_COLOR only, and a long list goes to the pager', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  for (let i = 0; i < 12; ++i) await synap('tasks', 'create', `task ${i}`);
  const env = { ...pod.env, TERM: 'xterm', PAGER: '' };
  assert.match((await inTerminal(['tasks', 'list'], { env })).text, /\u001b\[/);
  assert.doesNotMatch((await inTerminal(['tasks', 'list'], { env: { ...env, NO_COLOR: '1' } })).text, /\u001b/);
  assert.doesNotMatch((await inTerminal(['tasks', 'list'], { env: { ...env, TERM: 'dumb' } })).text, /\u001b/);
  assert.doesNotMatch(await synap('tasks', 'list'), /\u001b/);
  const paged = { ...env, NO_COLOR: '1', PAGER: 'sed s/^/paged:/' };
  assert.match((await inTerminal(['tasks', 'list'], { env: paged, lines: 10 })).text, /^paged:ID/);
  assert.match((await inTerminal(['tasks', 'list'], { env: paged, lines: 40 })).text, /^ID/);
  // less shows colours only if it is told to, by $LESS; who has set that is not overruled.
  for (const [LESS, seen] of [[undefined, 'FRX'], ['-i', '-i'], ['', '']]) {
    const { text } = await inTerminal(['tasks', 'list'],
      { env: { ...env, LESS, LV: undefined, PAGER: 'echo "LESS=$LESS LV=$LV"; cat' }, lines: 10 });
    assert.ok(text.startsWith(`LESS=${seen} LV=-c\n`), text);
    assert.match(text, /\u001b\[/, 'a pager gets colours');
  }
  const none = { ...paged, PAGER: '/nowhere/pager' };
  assert.match((await inTerminal(['tasks', 'list'], { env: none, lines: 10 })).text, /ID +TITLE/);
});
