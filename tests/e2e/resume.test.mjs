// The pod is killed in the middle of a stream of notes, again and again. Whoever watches misses
// nothing and is told nothing twice, and what was accepted is there, once.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { createSynapClient } from '../../client/dist/index.js';

import { allEvents, connect, lanes, Pod, settled, watch } from './harness.mjs';

// An EventSource waits for three seconds before it comes back.
const killsOver = (transport) => (transport === 'sse' ? 2 : 3);
const EVENTS_BETWEEN = 60;

/** Makes notes, eight at a time, until stopped; gives what was accepted. */
function writing(client) {
  const accepted = [];
  let isStopped = false;
  let count = 0;
  const writer = async () => {
    while (!isStopped) {
      const number = ++count;
      const content = `note ${number}`;
      for (;;) {
        try {
          accepted.push(await client.notes.create.mutate({ content, idempotencyKey: content }));
          break;
        } catch (error) {
          // Refused would be a mistake; without an answer, the same command again under its key.
          assert.equal(error.data, undefined, error.message);
        }
      }
    }
  };
  const writers = Array.from({ length: 8 }, writer);
  return async () => {
    isStopped = true;
    await Promise.all(writers);
    return { accepted, count };
  };
}

async function check(client, { accepted, count }) {
  assert.equal(new Set(accepted.map((one) => one.entityId)).size, count);
  for (const { requestId } of accepted) {
    assert.equal((await settled(client, requestId)).status, 'completed');
  }
  const completed = await allEvents(client, { types: ['note.creation.completed'] });
  assert.deepEqual(
    completed.map((event) => event.aggregateId).sort(),
    accepted.map((one) => one.entityId).sort(),
  );
  assert.equal((await client.notes.list.query()).total, count);
}

const last = (items) => Number(items.at(-1)?.id ?? 0);

for (const lane of lanes) {
  for (const transport of ['websocket', 'sse']) {
    describe(`kill -9 while @trpc/client ${lane.name} watches over ${transport}`, () => {
      let pod;
      before(async () => {
        pod = await Pod.start();
      });
      after(() => pod?.remove());

      test('the same subscription goes on behind its last id', async () => {
        const writer = connect(lane, pod);
        const watcher = connect(lane, pod, { transport });
        const watching = watch(watcher.client, { lastEventId: '0' });
        await watching.started;
        const stopWriting = writing(writer.client);
        for (let kills = 0; kills < killsOver(transport); ++kills) {
          const count = watching.items.length + EVENTS_BETWEEN;
          await watching.until(() => watching.items.length >= count, `${count} events`);
          await pod.kill();
          await pod.startAgain();
        }
        const written = await stopWriting();
        await check(writer.client, written);
        const all = await allEvents(writer.client);
        await watching.until(() => last(watching.items) >= all.at(-1).position, 'the last event');
        assert.deepEqual(watching.items.map((item) => item.data), all);
        watching.stop();
        await watcher.close();
      });

      test('another subscription goes on where one was left', async () => {
        const writer = connect(lane, pod);
        const stopWriting = writing(writer.client);
        const from = (await allEvents(writer.client)).length;
        const told = [];
        const next = () => (told.length === 0 ? from : last(told));
        for (let kills = 0; kills < killsOver(transport); ++kills) {
          const watcher = connect(lane, pod, { transport });
          const watching = watch(watcher.client, { lastEventId: String(next()) });
          await watching.until(() => watching.items.length >= EVENTS_BETWEEN, 'events');
          await pod.kill();
          watching.stop();
          told.push(...watching.items);
          await watcher.close();
          await pod.startAgain();
        }
        const { accepted } = await stopWriting();
        for (const { requestId } of accepted) await settled(writer.client, requestId);
        const all = await allEvents(writer.client);
        const watcher = connect(lane, pod, { transport });
        const watching = watch(watcher.client, { lastEventId: String(next()) });
        if (last(told) < all.at(-1).position) {
          await watching.until(() => last(watching.items) >= all.at(-1).position, 'the last event');
        }
        told.push(...watching.items);
        assert.deepEqual(told.map((item) => item.data), all.slice(from));
        watching.stop();
        await watcher.close();
      });
    });
  }
}

for (const transport of ['websocket', 'sse']) {
  describe(`kill -9 while @synap/client watches over ${transport}`, () => {
    let pod;
    before(async () => {
      pod = await Pod.start();
    });
    after(() => pod?.remove());

    test('for await goes on behind its last event; waitFor ends', { timeout: 60_000 }, async () => {
      const client = createSynapClient({ url: pod.url, key: pod.key, transport });
      const begin = (await allEvents(client)).length;
      const stream = client.watch();
      await stream.ready;
      const stopWriting = writing(client);
      const told = [];
      let isWriting = true;
      let all = [];
      for await (const event of stream) {
        told.push(event);
        if (isWriting && told.length % EVENTS_BETWEEN === 0) {
          await pod.kill();
          await pod.startAgain();
        }
        if (told.length === killsOver(transport) * EVENTS_BETWEEN) {
          isWriting = false;
          const written = await stopWriting();
          const waited = await Promise.all(written.accepted.map((one) => client.waitFor(one.requestId)));
          assert.ok(waited.every((request) => request.status === 'completed'));
          await check(client, written);
          all = (await allEvents(client)).slice(begin);
        }
        if (all.length > 0 && event.position === all.at(-1).position) break;
      }
      assert.deepEqual(told, all);
      await client.close();
    });
  });
}
