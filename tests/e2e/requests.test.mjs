// What became of a command, and commands that are sent twice.
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { allEvents, codeIs, connect, lanes, makeNote, Pod, settled, until } from './harness.mjs';

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
      const { entityId: _, ...first } = await makeNote(client, { content: 'makes the folder' });
      const request = await client.requests.get.query({ requestId: first.requestId });
      assert.equal(request.type, 'note.creation.requested');
      assert.deepEqual(request.events.map((event) => event.type), [
        'note.creation.requested',
        'note.creation.completed',
      ]);
      assert.ok(request.events.every((event) => event.requestId === first.requestId));
      assert.equal(request.events[1].causationId, request.events[0].id);

      const folder = join(pod.data, 'content', request.events[0].userId, 'note');
      await rm(folder, { recursive: true });
      await writeFile(folder, 'in the way');
      const { requestId, entityId } = await client.notes.create.mutate({ content: 'waits' });
      const isTried = async () => (await client.runs.list.query({ limit: 1 })).runs[0]?.attempts > 0;
      await until(10_000, isTried, 'the first attempt fails');
      const pending = await client.requests.get.query({ requestId });
      assert.equal(pending.status, 'pending');
      assert.equal(pending.entityId, entityId);
      assert.equal(pending.error, undefined);
      await assert.rejects(client.notes.get.query({ id: entityId }), codeIs('NOT_FOUND'));

      await rm(folder);
      await mkdir(folder);
      assert.equal((await settled(client, requestId)).status, 'completed');
      assert.equal((await client.notes.get.query({ id: entityId })).content, 'waits');
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

    test('a key of the header: the same, and in a batch each call has its own', async () => {
      const headers = { 'idempotency-key': `header ${lane.name}` };
      const repeating = connect(lane, pod, { headers }).client;
      const first = await repeating.notes.create.mutate({ content: 'a' });
      assert.deepEqual(await repeating.notes.create.mutate({ content: 'a' }), first);
      await assert.rejects(repeating.notes.create.mutate({ content: 'b' }), codeIs('CONFLICT'));
      const batch = () => Promise.all(['a', 'b'].map((content) => repeating.notes.create.mutate({ content })));
      const [one, two] = await batch();
      assert.notEqual(one.requestId, two.requestId);
      assert.deepEqual(await batch(), [one, two]);
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
    const { requestId: first } = await makeNote(client, { content: 'makes the folder' });
    const { events } = await client.requests.get.query({ requestId: first });
    const folder = join(pod.data, 'content', events[0].userId, 'note');
    await rm(folder, { recursive: true });
    await writeFile(folder, 'in the way');
    const { requestId, entityId } = await client.notes.create.mutate({ content: 'has to wait' });

    const failed = await settled(client, requestId, 60_000);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.error.name, 'SERVICE_UNAVAILABLE');
    assert.equal(failed.events.at(-1).type, 'note.creation.failed');
    const { runs } = await client.runs.list.query({ status: 'failed' });
    assert.equal(runs.length, 1);
    assert.equal(runs[0].attempts, 5);
    assert.equal(failed.events.at(-1).data.runId, runs[0].id);

    await rm(folder);
    await mkdir(folder);
    await client.runs.retry.mutate({ id: runs[0].id });
    const isCompleted = async () =>
      (await client.requests.get.query({ requestId })).status === 'completed';
    await until(20_000, isCompleted, 'the retried run completes');
    assert.equal((await client.notes.get.query({ id: entityId })).content, 'has to wait');
    assert.equal((await client.runs.list.query({ status: 'failed' })).runs.length, 0);
  });
});
