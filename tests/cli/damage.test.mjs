// Damage to rows of the database: the reader is told which they are, and reads on behind them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { once } from 'node:events';
import path from 'node:path';
import test from 'node:test';
import { makeNote, run, startPod, temporary, within } from './synap.mjs';

// As a fault of the disk or another program leaves it: by the rules of the database nobody may.
function harm(pod, ...statements) {
  const script = 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); [d.execute(s) for s in sys.argv[2:]]; d.commit()';
  const trigger = 'DROP TRIGGER IF EXISTS events_are_not_updated';
  execFileSync('python3', ['-c', script, path.join(pod.data, 'synap.db'), trigger, ...statements]);
}

async function harmedPod(t, statements) {
  const data = path.join(temporary(t), 'pod');
  const first = await startPod(t, data);
  const notes = [];
  for (const text of ['# one', '# two', '# three']) notes.push((await makeNote(first, text)).id);
  first.kill('SIGTERM');
  await first.end();
  harm(first, ...statements(notes.map((id) => `x'${id.replaceAll('-', '')}'`)));
  const pod = await startPod(t, data);
  return { pod, notes };
}

const json = async (pod, args, expected = 0) => {
  const { code, stdout, stderr } = await run([...args, '--json'], { env: pod.env });
  assert.equal(code, expected, stderr);
  return JSON.parse(expected === 0 ? stdout : stderr);
};

// The position of an event, of the two that each note has.
const SECOND = "(SELECT position FROM events JOIN names ON number = type WHERE name = 'note.creation.completed' ORDER BY position LIMIT 1 OFFSET 1)";

test('a damaged event is shown as that, named where it is asked for, and stops nobody', async (t) => {
  for (const damage of [`data = '{"title":'`, `data = '{"title":"other"}'`, "data = CAST(x'7b22ff227d' AS TEXT)", "metadata = '{'"]) {
    const { pod } = await harmedPod(t, () => [`UPDATE events SET ${damage} WHERE position = ${SECOND}`]);
    const { events } = await json(pod, ['events', 'list', '--all']);
    assert.deepEqual(events.map(({ position }) => position), events.map((_, i) => i + 1), damage);
    const damaged = events.filter((event) => event.damaged);
    assert.equal(damaged.length, 1, damage);
    const [{ id, position, type, data }] = damaged;
    assert.equal(type, 'note.creation.completed');
    assert.deepEqual(data, {});
    assert.match((await run(['events', 'list', '--all'], { env: pod.env })).stdout, /note\.creation\.completed .*damaged on disk\n/);

    const { error } = await json(pod, ['events', 'get', id], 1);
    assert.equal(error.reason, 'EVENT_DAMAGED');
    assert.deepEqual([error.position, error.id, error.code], [position, id, 'INTERNAL_SERVER_ERROR']);
    assert.match(error.message, new RegExp(`at position ${position} \\(${id}\\) is damaged`));

    // Live, by both transports, from the beginning.
    const headers = { authorization: `Bearer ${pod.key}` };
    const input = encodeURIComponent(JSON.stringify({ lastEventId: '0' }));
    const stream = await fetch(`${pod.url}/trpc/events.watch?input=${input}`, { headers });
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const seen = [];
    const read = async () => {
      let text = '';
      for await (const bytes of stream.body) {
        text += decoder.decode(bytes, { stream: true });
        seen.splice(0, seen.length, ...[...text.matchAll(/^data: (\{.*\})$/gm)].map(([, one]) => JSON.parse(one)).filter((one) => one.position));
        if (seen.length >= events.length) return;
      }
    };
    await within(read(), `all ${events.length} events, of which ${seen.length} came`);
    assert.deepEqual(seen.map((event) => Boolean(event.damaged)), events.map((event) => Boolean(event.damaged)));

    // Whoever needs its data stops there and says so.
    const rebuilt = await run(['projections', 'rebuild', 'notes'], { env: pod.env });
    assert.notEqual(rebuilt.code, 0);
    assert.match(rebuilt.stderr + rebuilt.stdout, new RegExp(`The event at position ${position}`));

    pod.kill('SIGTERM');
    const stopped = await pod.end();
    assert.match(stopped.stderr, new RegExp(`event ${id} at position ${position} is damaged`));
    const doctor = JSON.parse((await run(['doctor', '--deep', '--json'], { env: pod.env })).stdout);
    const told = doctor.checks.find(({ name }) => name === 'events');
    assert.equal(told.status, 'fail');
    assert.match(told.message, new RegExp(`the data of 1 is damaged \\(position ${position}, id ${id}\\)`));
  }
});

test('a run for a damaged event is given up, and says why', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const first = await startPod(t, data);
  const headers = { authorization: `Bearer ${first.key}`, 'content-type': 'application/json' };
  const ask = async (pod, name, input) => {
    const answer = await fetch(`${pod.url}/trpc/${name}`, { method: 'POST', headers, body: JSON.stringify(input) });
    assert.equal(answer.status, 200, await answer.text());
  };
  // Paused, so that the run is there when the pod is killed, however fast this machine is.
  await ask(first, 'functions.pause', { id: 'notes.create' });
  await ask(first, 'notes.create', { content: 'x'.repeat(10_000) });
  const runs = async () => JSON.parse((await run(['runs', 'list', '--json'], { env: first.env })).stdout.split('\n')[0] || '{}');
  const made = async () => {
    while (!((await runs()).runs ?? [await runs()])[0]?.id) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await within(made(), 'its run');
  first.kill('SIGKILL');
  await first.end();
  harm(first, `UPDATE events SET data = '{"content":' WHERE position = (SELECT max(event_position) FROM runs_data WHERE status = 'active')`);
  const pod = await startPod(t, data);
  await ask(pod, 'functions.resume', { id: 'notes.create' });
  const failed = async () => {
    for (;;) {
      const { stdout } = await run(['runs', 'list', '--status', 'failed', '--json'], { env: pod.env });
      const [found] = stdout.trim().split('\n').filter(Boolean).flatMap((line) => JSON.parse(line).runs ?? JSON.parse(line));
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const { error, eventPosition, attempts } = await within(failed(), 'the run to be given up');
  const { events } = await json(pod, ['events', 'list', '--all']);
  assert.deepEqual(events.filter((event) => event.damaged).map(({ position }) => position), [eventPosition]);
  assert.match(error.message, new RegExp(`The event at position ${eventPosition} .* is damaged`));
  assert.equal(attempts, 1, 'it is tried once');
});

test('a run whose event is gone is shown without it, and the others with theirs', async (t) => {
  const { pod, notes } = await harmedPod(t, (ids) => [
    'DROP TRIGGER events_are_not_deleted',
    `DELETE FROM events WHERE position = (SELECT min(position) FROM events WHERE aggregate = ${ids[1]})`,
  ]);
  const list = async (...args) => (await json(pod, ['runs', 'list', ...args])).runs;
  const { events } = await json(pod, ['events', 'list', '--all']);
  const runs = await list();
  const missing = runs.filter(({ eventType }) => eventType === 'missing');
  assert.ok(missing.length >= 1 && runs.length > missing.length, JSON.stringify(runs));
  for (const { eventId, eventType, eventPosition } of runs) {
    const event = events.find(({ position }) => position === eventPosition);
    assert.deepEqual([eventId, eventType], [event?.id ?? '00000000-0000-0000-0000-000000000000', event?.type ?? 'missing']);
  }
  assert.equal((await list('--event-type', 'note.*')).length, runs.length - missing.length, 'it is of no type');
  assert.equal((await json(pod, ['call', 'runs.get', JSON.stringify({ id: missing[0].id })])).eventType, 'missing');
  assert.equal((await json(pod, ['notes', 'get', notes[1]])).title, 'two');
});

test('a damaged row of a note is marked in lists, refused where its fields are needed, and made again', async (t) => {
  for (const damage of [`data = '{"title":'`, "data = '5'", "data = '{}'", `data = '{"title":5}'`]) {
    const { pod, notes } = await harmedPod(t, (ids) => [`UPDATE notes_data SET ${damage} WHERE id = ${ids[1]}`]);
    const { stdout } = await run(['notes', 'list', '--json'], { env: pod.env });
    const shown = stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
    assert.equal(shown.length, 3, damage);
    assert.deepEqual(shown.filter((note) => note.damaged).map(({ id }) => id), [notes[1]]);
    assert.equal(typeof shown.find((note) => note.damaged).title, 'string');
    const lines = (await run(['notes', 'list'], { env: pod.env })).stdout.trimEnd().split('\n');
    assert.deepEqual(lines.map((line) => line.endsWith('\ttrue')), shown.map((note) => note.damaged === true));
    const { error } = await json(pod, ['notes', 'get', notes[1]], 1);
    assert.deepEqual([error.reason, error.projection, error.id], ['ROW_DAMAGED', 'notes', notes[1]]);
    // What is not known must not become a fact of the log.
    const changed = await run(['notes', 'update', notes[1], '--tags', 'x', '--wait'], { env: pod.env });
    assert.notEqual(changed.code, 0);
    assert.match(changed.stderr, /The row of note .* is damaged/);

    const doctor = JSON.parse((await run(['doctor', '--deep', '--json'], { env: pod.env })).stdout);
    const told = doctor.checks.find(({ name }) => name === 'rows');
    if (!damage.includes('title":5') && !damage.includes("'{}'")) {
      assert.equal(told.status, 'fail', JSON.stringify(told));
      assert.match(told.message, new RegExp(`data of notes_data ${notes[1]}`));
    }
    const rebuilt = await run(['projections', 'rebuild', 'notes'], { env: pod.env });
    assert.equal(rebuilt.code, 0, rebuilt.stderr);
    assert.equal((await json(pod, ['notes', 'get', notes[1]])).title, 'two');
    pod.kill('SIGKILL');
  }
});

test('--deep names a note whose state is none', async (t) => {
  const { pod, notes } = await harmedPod(t, (ids) => [`UPDATE notes_data SET state = 'liv' WHERE id = ${ids[2]}`]);
  const doctor = JSON.parse((await run(['doctor', '--deep', '--json'], { env: pod.env })).stdout);
  assert.match(doctor.checks.find(({ name }) => name === 'rows').message, new RegExp(`state of notes_data ${notes[2]}`));
});

test('texts that are no UTF-8 do not make an answer unreadable', async (t) => {
  const { pod } = await harmedPod(t, (ids) => [
    `UPDATE notes_data SET preview = CAST(x'ff41' AS TEXT), source = CAST(x'fe' AS TEXT) WHERE id = ${ids[0]}`,
    "UPDATE runs_data SET error = '{\"name\":', origin = '{'",
  ]);
  const headers = { authorization: `Bearer ${pod.key}` };
  const strict = new TextDecoder('utf-8', { fatal: true });
  const ask = async (procedure, input = {}) => {
    const answer = await fetch(`${pod.url}/trpc/${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`, { headers });
    const text = strict.decode(await answer.arrayBuffer());
    assert.equal(answer.status, 200, text);
    return JSON.parse(text).result.data;
  };
  assert.ok((await ask('notes.list')).notes.some(({ preview }) => preview === '\ufffdA'));
  const { runs } = await ask('runs.list');
  assert.deepEqual(runs[0].error, { damaged: true });
  assert.deepEqual((await ask('runs.get', { id: runs[0].id })).error, { damaged: true });
});

// What answers and is no pod, although it speaks JSON.
async function other(t, answer) {
  const keys = [];
  const server = http.createServer((request, response) => {
    if (request.method === 'POST') keys.push(request.headers['idempotency-key']);
    request.resume().on('end', () => answer(request, response, keys.length));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  return { keys, env: { SYNAP_URL: `http://127.0.0.1:${server.address().port}`, SYNAP_KEY: 'synap_x' } };
}

test('JSON of another shape is no empty success', async (t) => {
  for (const data of [{}, { items: [] }, [], 'hello', null, 5]) {
    const pod = await other(t, (_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ result: { data } }));
    });
    for (const args of [['notes', 'list'], ['events', 'list'], ['logs'], ['keys', 'list'], ['runs', 'list'],
      ['projections', 'list'], ['dlq', 'list'], ['call', 'notes.list', '{}'], ['notes', 'create', '# x'],
      ['events', 'list', '--all'], ['users', 'list']]) {
      const { code, stdout, stderr } = await run(args, pod);
      assert.equal(code, 1, `${args.join(' ')}: ${JSON.stringify(data)}: ${stdout}${stderr}`);
      assert.match(stderr, /this is not a Synap pod's answer to [\w.]+: /, args.join(' '));
    }
  }
});

test('a mutation whose answer is lost is sent once more, by the same key', async (t) => {
  const requestId = '01980000-0000-7000-8000-000000000001';
  const pod = await other(t, (request, response, count) => {
    if (count === 1) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
      response.write('{"result":');
      return setTimeout(() => request.socket.destroy(), 50);
    }
    return response.end(JSON.stringify({ result: { data: { requestId, entityId: requestId, status: 'pending' } } }));
  });
  const { code, stderr } = await run(['notes', 'create', '# x'], pod);
  assert.equal(code, 0, stderr);
  assert.equal(pod.keys.length, 2);
  assert.equal(pod.keys[0], pod.keys[1]);
  assert.match(pod.keys[0], /^[0-9a-f-]{36}$/);
  await run(['notes', 'create', '# x'], pod);
  assert.notEqual(pod.keys[2], pod.keys[0], 'another command has another key');

  const lost = await other(t, (request) => request.socket.destroy());
  assert.notEqual((await run(['notes', 'create', '# x'], lost)).code, 0);
  assert.equal(lost.keys.length, 2, 'once more, and no more');
});
