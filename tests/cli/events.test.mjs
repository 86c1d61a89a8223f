// Looking at the log: its end, a time, types with wildcards.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { Running, client, inTerminal, run, startPod, temporary } from './synap.mjs';

// A pod with `count` tasks, which is as many events and a few more.
async function podWithTasks(t, count) {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const calls = Array.from({ length: count }, (_, i) => i);
  const headers = { authorization: `Bearer ${pod.key}`, 'content-type': 'application/json' };
  const create = (i) => fetch(`${pod.url}/api/tasks.create`,
    { method: 'POST', headers, body: JSON.stringify({ title: `task ${i}` }) }).then((answer) => answer.json());
  for (let i = 0; i < count; i += 50) await Promise.all(calls.slice(i, i + 50).map(create));
  pod.end = JSON.parse(await client(pod)('events', 'list', '--json')).nextAfter;
  return pod;
}
const positions = (stdout) => stdout.trimEnd().split('\n').map((line) => Number(line.trim().split(/ +/)[0]));

test('events list shows the newest and says that there are older ones', async (t) => {
  const pod = await podWithTasks(t, 250);
  const newest = await run(['events', 'list'], { env: pod.env });
  assert.equal(newest.code, 0);
  const shown = positions(newest.stdout);
  assert.equal(shown.length, 100);
  assert.deepEqual([shown[0], shown.at(-1)], [pod.end - 99, pod.end]);
  assert.match(newest.stderr, /^synap: the newest 100 are shown; there are older ones: [^\n]*--all[^\n]*\n$/);
  const { events, hasMore } = JSON.parse(await client(pod)('events', 'list', '--limit', '3', '--json'));
  assert.deepEqual(events.map(({ position }) => position), [pod.end - 2, pod.end - 1, pod.end]);
  assert.equal(hasMore, true);

  const all = await run(['events', 'list', '--all'], { env: pod.env });
  assert.deepEqual(positions(all.stdout), Array.from({ length: pod.end }, (_, i) => i + 1));
  assert.equal(all.stderr, '');
  const first = await run(['events', 'list', '--after', '0', '--limit', '2'], { env: pod.env });
  assert.deepEqual(positions(first.stdout), [1, 2]);
  assert.match(first.stderr, /behind position 2: --after 2/);
  // All that there are, and no word of more.
  const whole = await run(['events', 'list', '--limit', '1000'], { env: pod.env });
  assert.equal(positions(whole.stdout).length, pod.end);
  assert.equal(whole.stderr, '');
});

test('events list finds the newest of few that fit, far back', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  await synap('projects', 'create', 'first');
  await makeTasks(synap, 3);
  const note = JSON.parse(await synap('notes', 'create', 'x', '--wait', '--json'));
  await makeTasks(synap, 3);
  const types = async (...args) => JSON.parse(await synap('events', 'list', '--json', ...args)).events
    .map(({ type }) => type);
  assert.deepEqual(await types('--type', 'project.*'), ['project.creation.requested', 'project.creation.completed']);
  assert.deepEqual(await types('--type', 'note.*.completed', '--type', 'project.*', '--limit', '1'), ['note.creation.completed']);
  assert.equal((await types('--aggregate', note.entityId)).length, 2);
  assert.equal((await types('--correlation', note.requestId, '--limit', '1')).length, 1);
});
async function makeTasks(synap, count) {
  for (let i = 0; i < count; ++i) await synap('tasks', 'create', `task ${i}`);
}

test('what a flag cannot be is said with the flag', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  for (const [args, sentence] of [
    [['list', '--aggregate', 'abc'], /--aggregate must be an id, as 0198[^;]*, or the end of one; it is "abc"/],
    [['list', '--correlation', 'abc'], /--correlation must be an id/],
    [['tail', '--after', 'x'], /--after: it must be a whole number, not "x"/],
    [['tail', '--after', '999'], /--after 999 is beyond the end of the log, \d+/],
  ]) {
    const { code, stderr } = await run(['events', ...args], { env: pod.env });
    assert.equal(code, 2);
    assert.match(stderr, sentence);
    assert.doesNotMatch(stderr, /lastEventId|aggregateId|UUID/);
  }
});

test('--since takes how long ago, a day and a time', async (t) => {
  const pod = await podWithTasks(t, 120);
  const { events } = JSON.parse(await client(pod)('events', 'list', '--all', '--json'));
  const at = events[60].timestamp;
  const expected = events.filter(({ timestamp }) => timestamp >= at).map(({ position }) => position);
  const since = async (when) => JSON.parse(await client(pod)('events', 'list', '--since', when, '--all', '--json')).events
    .map(({ position }) => position);
  assert.deepEqual(await since(at), expected);
  assert.equal((await since('2h')).length, events.length);
  assert.equal((await since('2020-01-31')).length, events.length);
  assert.equal((await since('99999999999d')).length, events.length);
  assert.equal((await since('99999999999999999999w')).length, events.length);
  assert.deepEqual(await since('2999-01-31T12:00:00Z'), []);
  // Until: a day counts whole, as it does for git.
  const until = async (...flags) => JSON.parse(await client(pod)('events', 'list', ...flags, '--all', '--json')).events.length;
  assert.equal(await until('--until', at), events.length - expected.length);
  assert.equal(await until('--until', new Date().toLocaleDateString('sv')), events.length);
  assert.equal(await until('--until', '2020-01-31'), 0);
  assert.equal(await until('--until', '1h'), 0);
  assert.equal(await until('--since', at, '--until', '2999-01-31'), expected.length);
  const never = await run(['events', 'list', '--until', 'tomorrow'], { env: pod.env });
  assert.equal(never.code, 2);
  assert.match(never.stderr, /--until must be as 90s, 15m, 2h/);
  for (const [command, flag] of [['runs', '--from'], ['runs', '--to']]) {
    const refused = await run([command, 'list', flag, 'x'], { env: pod.env });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, new RegExp(`${flag} must be as 90s`));
    await client(pod)(command, 'list', flag, '2026-01-31');
  }
  const wrong = await run(['events', 'list', '--since', 'yesterday'], { env: pod.env });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--since must be as 90s, 15m, 2h/);

  const tail = new Running(['events', 'tail', '--since', at, '--json'], { env: pod.env });
  t.after(() => tail.kill('SIGKILL'));
  assert.equal(JSON.parse(await tail.line()).position, expected[0]);
});

test('a pod that goes away is said to, and to be back, also while nothing happens', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const pod = await startPod(t, data);
  const tail = new Running(['events', 'tail', '--json'], { env: pod.env });
  t.after(() => tail.kill('SIGKILL'));
  await client(pod)('tasks', 'create', 'seen');
  await tail.line();
  pod.kill('SIGKILL');
  await pod.end();
  await tail.errorLine(/the pod does not answer any more; trying again/);
  await startPod(t, data, { listen: pod.address });
  await tail.errorLine(/the pod answers again/);
});

test('a type that there is not is warned of, and what was meant is said', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const listed = await run(['events', 'list', '--type', 'note.creaton.completed'], { env: pod.env });
  assert.equal(listed.code, 0);
  assert.equal(listed.stdout, '');
  assert.match(listed.stderr, /no event type "note\.creaton\.completed"[^\n]*did you mean "note\.creation\.completed"/);
  assert.match((await run(['events', 'list', '--type', 'nte.*'], { env: pod.env })).stderr, /no event type "nte\.\*"/);
  const tail = new Running(['events', 'tail', '--type', 'nope'], { env: pod.env });
  t.after(() => tail.kill('SIGKILL'));
  await tail.errorLine(/no event type "nope"/);

  const synap = client(pod);
  await synap('call', 'eventTypes.register', '{"name":"x.weight.recorded","schema":{"type":"object"}}');
  await synap('call', 'events.publish', '{"type":"x.weight.recorded","data":{"kg":80}}');
  assert.match(await synap('events', 'list', '--type', 'x.*'), /x\.weight\.recorded/);
  assert.match(await synap('events', 'list', '--type', 'x.weight.recorded'), /x\.weight\.recorded/);
});

test('in a terminal every row fits, with a heading, the local time and the ends of ids', async (t) => {
  const pod = await podWithTasks(t, 3);
  const [event] = JSON.parse(await client(pod)('events', 'list', '--limit', '1', '--json')).events;
  for (const columns of [80, 120]) {
    const { text } = await inTerminal(['events', 'list', '--limit', '1'],
      { env: { ...pod.env, TZ: 'Asia/Tokyo', NO_COLOR: '1' }, columns });
    const [heading, row] = text.split('\n').filter((line) => !line.startsWith('synap:'));
    assert.match(heading, /^POSITION +TIME +TYPE +ABOUT +REQUEST/);
    const local = new Date(Date.parse(event.timestamp) + 9 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
    assert.ok(row.includes(local), row);
    assert.ok(row.includes(`task ${event.aggregateId.slice(-8)}`), row);
    assert.ok(row.trimEnd().endsWith(event.requestId.slice(-8)), row);
    assert.ok(row.length <= columns, row);
  }
  // What is shown leads on: ends of ids, wherever one is asked for.
  const ends = { aggregate: event.aggregateId.slice(-8), request: event.requestId.slice(-8), id: event.id.slice(-8) };
  const synap = client(pod);
  const about = JSON.parse(await synap('events', 'list', '--aggregate', ends.aggregate, '--json')).events;
  assert.deepEqual([...new Set(about.map((one) => one.aggregateId))], [event.aggregateId]);
  assert.equal(JSON.parse(await synap('requests', 'get', ends.request, '--json')).requestId, event.requestId);
  assert.deepEqual(JSON.parse(await synap('events', 'get', ends.id)), event);
  assert.equal(JSON.parse(await synap('events', 'why', ends.aggregate, '--json')).entityId, event.aggregateId);
  const { code, stderr } = await run(['events', 'list', '--aggregate', 'fffffffffff0'], { env: pod.env });
  assert.equal(code, 3);
  assert.match(stderr, /No aggregateId ends with fffffffffff0 among the newest 500 events: give the whole id/);
  // The newest first, since a screen begins there.
  const { text } = await inTerminal(['events', 'list', '--limit', '2'], { env: { ...pod.env, NO_COLOR: '1' } });
  const positions = [...text.matchAll(/^ *(\d+) /gm)].map(([, position]) => Number(position));
  assert.deepEqual(positions, [event.position, event.position - 1]);
  // A position is what people see of an event.
  assert.deepEqual(JSON.parse(await client(pod)('events', 'get', `${event.position}`)), event);
  assert.equal((await run(['events', 'get', '999999'], { env: pod.env })).code, 3);
});
