// What became of a command, and commands that are sent twice.
import assert from 'node:assert/strict';
import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { createSynapClient } from '../../client/dist/index.js';

import { allEvents, codeIs, connect, lanes, makeNote, Pod, settled, until } from './harness.mjs';

// Puts a file where the folder of a user's notes is: then no text can be stored, until it is taken
// away. What was in the folder waits beside the content.
async function block(pod, name) {
  const folder = join(pod.data, 'content', dirname(name));
  const aside = join(pod.data, 'aside');
  await mkdir(aside);
  for (const file of await readdir(folder)) await rename(join(folder, file), join(aside, file));
  await rmdir(folder);
  await writeFile(folder, '');
  return async () => {
    await rm(folder);
    await rename(aside, folder);
  };
}

for (const lane of lanes) {
  describe(`requests, @trpc/client ${lane.name}`, () => {
    let pod;
    let client;
    before(async () => {
      pod = await Pod.start();
      ({ client } = connect(lane, pod));
    });
    after(() => pod?.remove());

    test('pending while the content cannot be stored, completed when it can', async () => {
      const { entityId: id, requestId: first } = await makeNote(client, { content: 'as it was' });
      const request = await client.requests.get.query({ requestId: first });
      assert.equal(request.type, 'note.creation.requested');
      assert.equal(request.entityId, id);
      assert.deepEqual(request.events.map((event) => event.type), [
        'note.creation.requested',
        'note.creation.completed',
      ]);
      assert.ok(request.events.every((event) => event.requestId === first));
      assert.equal(request.events[1].causationId, request.events[0].id);

      const unblock = await block(pod, request.events[1].data.file.name);
      const { requestId } = await client.notes.update.mutate({ id, content: 'as it is' });
      const isTried = async () => (await client.runs.list.query({ limit: 1 })).runs[0]?.attempts > 0;
      await until(isTried, 'the first attempt fails');
      const pending = await client.requests.get.query({ requestId });
      assert.equal(pending.status, 'pending');
      assert.equal(pending.entityId, id);
      assert.equal(pending.error, undefined);

      await unblock();
      assert.equal((await settled(client, requestId)).status, 'completed');
      assert.equal((await client.notes.get.query({ id })).content, 'as it is');
    });

    test('a request that is not there is NOT_FOUND', async () => {
      const requestId = '01890000-0000-7000-8000-000000000000';
      await assert.rejects(client.requests.get.query({ requestId }), codeIs('NOT_FOUND'));
    });

    test('a key of the input: a repeat is answered as the first, and another input refused', async () => {
      const input = { content: 'once', tags: ['once'], idempotencyKey: `input ${lane.name}` };
      const first = await client.notes.create.mutate(input);
      const repeats = await Promise.all([1, 2, 3].map(() => client.notes.create.mutate(input)));
      for (const repeat of repeats) assert.deepEqual(repeat, first);
      assert.equal((await settled(client, first.requestId)).status, 'completed');
      assert.deepEqual(await client.notes.create.mutate(input), first);
      assert.equal((await client.notes.list.query({ tag: 'once' })).total, 1);
      await assert.rejects(client.notes.create.mutate({ ...input, content: 'twice' }), codeIs('CONFLICT'));
      const events = await allEvents(client, { aggregateId: first.entityId });
      assert.equal(events.length, 2);
    });

    test('a key of the header: the same, and it is for one call, not for a batch', async () => {
      const headers = { 'idempotency-key': `header ${lane.name}` };
      const repeating = connect(lane, pod, { headers }).client;
      const first = await repeating.notes.create.mutate({ content: 'a' });
      assert.deepEqual(await repeating.notes.create.mutate({ content: 'a' }), first);
      await assert.rejects(repeating.notes.create.mutate({ content: 'b' }), codeIs('CONFLICT'));
      const batch = await Promise.allSettled(['a', 'b'].map((content) => repeating.notes.create.mutate({ content })));
      for (const { reason } of batch) assert.equal(reason?.data?.code, 'BAD_REQUEST');
    });

    test('a repeated change of a note that is gone by now is still answered as the first', async () => {
      const { entityId: id } = await makeNote(client, { content: 'short life' });
      const command = { id, title: 'new', idempotencyKey: `change ${lane.name}` };
      const first = await client.notes.update.mutate(command);
      await settled(client, first.requestId);
      const deletion = { id, idempotencyKey: `delete ${lane.name}` };
      const deleted = await client.notes.delete.mutate(deletion);
      await settled(client, deleted.requestId);
      assert.deepEqual(await client.notes.update.mutate(command), first);
      assert.deepEqual(await client.notes.delete.mutate(deletion), deleted);
    });
  });
}

describe('a command that is given up', () => {
  let pod;
  before(async () => {
    pod = await Pod.start();
  });
  after(() => pod?.remove());

  test('is failed, with the reason; and completed when its run is tried again', async () => {
    const { client } = connect(lanes[1], pod);
    const { requestId: first, entityId: id } = await makeNote(client, { content: 'as it was' });
    const { events } = await client.requests.get.query({ requestId: first });
    const unblock = await block(pod, events[1].data.file.name);
    const { requestId } = await client.notes.update.mutate({ id, content: 'as it is' });

    const failed = await settled(client, requestId);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.error.name, 'SERVICE_UNAVAILABLE');
    assert.deepEqual(failed.events.slice(-2).map(({ type }) => type), ['note.update.failed', 'function.failed']);
    const { runs } = await client.runs.list.query({ status: 'failed' });
    assert.equal(runs.length, 1);
    assert.equal(runs[0].attempts, 5);
    assert.equal(failed.events.at(-1).data.runId, runs[0].id);

    await unblock();
    await client.runs.retry.mutate({ id: runs[0].id });
    const isCompleted = async () =>
      (await client.requests.get.query({ requestId })).status === 'completed';
    await until(isCompleted, 'the retried run completes');
    assert.equal((await client.notes.get.query({ id })).content, 'as it is');
    assert.equal((await client.runs.list.query({ status: 'failed' })).runs.length, 0);
  });
});

describe('what is done because of an event', () => {
  let pod;
  let synap;
  before(async () => {
    pod = await Pod.start();
    synap = createSynapClient({ url: pod.url, key: pod.key });
  });
  after(async () => {
    await synap?.close();
    await pod?.remove();
  });
  const made = async (client, content) => {
    const { requestId } = await client.notes.create.mutate({ content });
    const { events } = await synap.waitFor(requestId);
    return { requestId, event: events.find(({ type }) => type === 'note.creation.completed') };
  };

  test('stands below it, and is found by its own request', async () => {
    const { event: cause } = await made(synap, 'the cause');
    const because = synap.causedBy(cause);
    const task = await because.tasks.create.mutate({ title: 'a task' });
    const { event: note, requestId } = await made(because, 'a note');
    const { events } = await synap.events.list.query({ correlationId: cause.correlationId });
    const below = events.filter(({ causationId }) => causationId === cause.id).map(({ type }) => type);
    assert.deepEqual(below, ['task.creation.requested', 'note.creation.requested']);
    assert.equal(events.length, 6);
    assert.equal(note.correlationId, cause.correlationId);
    assert.deepEqual((await synap.requests.get.query({ requestId: task.requestId })).events.map(({ type }) => type),
      ['task.creation.requested', 'task.creation.completed']);
    assert.equal((await synap.events.list.query({ requestId })).events.length, 2);
    // And of the first request nothing but its own.
    assert.equal((await synap.events.list.query({ requestId: cause.requestId })).events.length, 2);
    // Calls without a cause are roots as ever.
    const root = await synap.tasks.create.mutate({ title: 'another' });
    const [asked] = (await synap.requests.get.query({ requestId: root.requestId })).events;
    assert.deepEqual([asked.correlationId, asked.causationId], [root.requestId, undefined]);
  });

  test('an id as workers are told it is taken, and one that a sender has made up left out', async () => {
    const { event: cause } = await made(synap, 'the cause');
    const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    let bits = BigInt(`0x${cause.id.replaceAll('-', '')}`);
    let ulid = '';
    for (let i = 0; i < 26; ++i, bits /= 32n) ulid = digits[Number(bits % 32n)] + ulid;
    const causeOf = async (id) => {
      const task = await synap.causedBy({ id }).tasks.create.mutate({ title: 'x' });
      return (await synap.requests.get.query({ requestId: task.requestId })).events[0].causationId;
    };
    assert.equal(await causeOf(ulid), cause.id);
    assert.equal(await causeOf('order-7'), undefined);
  });

  test('an event that apps have sent under an id of their own is known by what the pod says of it', async () => {
    const { event: cause } = await made(synap, 'the cause');
    const event = { id: '01980000-0000-7000-8000-00000000c0de', synap: { id: cause.id } };
    const task = await synap.causedBy(event).tasks.create.mutate({ title: 'x' });
    assert.equal((await synap.requests.get.query({ requestId: task.requestId })).events[0].causationId, cause.id);
  });

  test('what follows from an event without a correlation has its id as that', async () => {
    await synap.eventTypes.register.mutate({ name: 'x.weight.recorded', schema: { type: 'object' } });
    const { eventId: cause } = await synap.events.publish.mutate({ type: 'x.weight.recorded', data: {} });
    const because = synap.causedBy({ id: cause });
    const task = await because.tasks.create.mutate({ title: 'x' });
    const { eventId } = await because.events.publish.mutate({ type: 'x.weight.recorded', data: {} });
    const { events } = await synap.events.list.query({ correlationId: cause });
    assert.deepEqual(events.map(({ type }) => type),
      ['task.creation.requested', 'task.creation.completed', 'x.weight.recorded']);
    assert.deepEqual([events[0].causationId, events[2].causationId], [cause, cause]);
    assert.equal(events[2].id, eventId);
    assert.equal((await synap.requests.get.query({ requestId: task.requestId })).status, 'completed');
  });

  test('a repeat is answered as the first call was, whatever its cause', async () => {
    const { event: first } = await made(synap, 'the first');
    const { event: second } = await made(synap, 'the second');
    const input = { title: 'once', idempotencyKey: 'because' };
    const answers = [];
    for (const client of [synap.causedBy(first), synap.causedBy(second), synap]) {
      answers.push(await client.tasks.create.mutate(input));
    }
    assert.deepEqual(answers.map(({ requestId }) => requestId), Array(3).fill(answers[0].requestId));
    assert.equal((await synap.requests.get.query({ requestId: answers[0].requestId })).events[0].causationId, first.id);
  });

  test('an event of somebody else is no cause, and a word is none', async () => {
    const { key } = await synap.users.create.mutate({ name: 'Bob' });
    const bob = createSynapClient({ url: pod.url, key });
    const { event } = await made(synap, 'not for Bob');
    await assert.rejects(bob.causedBy(event).tasks.create.mutate({ title: 'x' }),
      (error) => error.data.code === 'BAD_REQUEST' && /no such event of yours/.test(error.message));
    assert.equal((await bob.tasks.list.query()).total, 0);
    const answer = await fetch(`${pod.url}/api/tasks.create`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'synap-caused-by': 'x' },
      body: '{"title":"x"}',
    });
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /synap-caused-by.* is named by its id/);
    await bob.close();
  });
});
