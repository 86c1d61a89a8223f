// The log as its user sees it, past and present.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { allEvents, codeIs, connect, lanes, makeNote, Pod, watch, within } from './harness.mjs';

for (const lane of lanes) {
  describe(`events, @trpc/client ${lane.name}`, () => {
    let pod;
    let client;
    let made;
    const open = [];
    before(async () => {
      pod = await Pod.start();
      const connection = connect(lane, pod);
      open.push(connection);
      client = connection.client;
      made = [];
      for (let i = 0; i < 5; ++i) made.push(await makeNote(client, { content: `note ${i}` }));
    });
    after(async () => {
      for (const connection of open) await connection.close();
      await pod?.remove();
    });

    test('a list is ascending, dense, and complete page by page', async () => {
      const all = await allEvents(client);
      assert.deepEqual(all.map((event) => event.position), all.map((_, i) => i + 1));
      for (const limit of [1, 2, 7]) {
        const paged = [];
        for (let page, after = 0; ; after = page.nextAfter) {
          page = await client.events.list.query({ after, limit });
          assert.ok(page.events.length <= limit);
          paged.push(...page.events);
          if (page.events.length === 0) break;
        }
        assert.deepEqual(paged, all, `limit ${limit}`);
      }
    });

    test('filters by type, aggregate and correlation', async () => {
      const [, note] = made;
      const all = await allEvents(client);
      const list = async (filter) => (await client.events.list.query(filter)).events;
      assert.deepEqual(
        await list({ types: ['note.creation.completed', 'never.was'] }),
        all.filter((event) => event.type === 'note.creation.completed'),
      );
      assert.deepEqual(await list({ types: ['never.was'] }), []);
      const ofNote = all.filter((event) => event.aggregateId === note.entityId);
      assert.equal(ofNote.length, 2);
      assert.deepEqual(ofNote.map((event) => event.aggregateVersion), [1, 2]);
      assert.deepEqual(await list({ aggregateId: note.entityId }), ofNote);
      assert.deepEqual(await list({ correlationId: note.requestId }), ofNote);
      assert.deepEqual(await list({ aggregateId: note.entityId, after: ofNote[0].position }), [ofNote[1]]);
      assert.deepEqual(
        await list({ aggregateId: note.entityId, types: ['note.creation.requested'] }),
        [ofNote[0]],
      );
      assert.deepEqual(await client.events.get.query({ id: ofNote[0].id }), ofNote[0]);
    });

    test('the newest come first, page by page, to the beginning', async () => {
      const all = (await allEvents(client)).reverse();
      for (const limit of [1, 3, 100]) {
        const paged = [];
        for (let page, before; !page?.atEnd; before = page.nextBefore) {
          page = await client.events.list.query({ order: 'desc', before, limit });
          paged.push(...page.events);
        }
        assert.deepEqual(paged, all, `limit ${limit}`);
      }
      const newest = await client.events.list.query({ order: 'desc', limit: 1 });
      assert.equal(newest.nextAfter, all[0].position);
      assert.equal((await client.events.list.query({ limit: 1 })).nextBefore, undefined);
    });

    test('filters by beginnings of types, source, actor and time', async () => {
      const all = await allEvents(client);
      const list = async (filter) => (await client.events.list.query(filter)).events;
      const notes = all.filter((event) => event.type.startsWith('note.'));
      assert.deepEqual(await list({ types: ['note.*'] }), notes);
      assert.deepEqual(await list({ types: ['no.*'] }), []);
      assert.deepEqual(await list({ types: ['*'] }), all);
      const bySystem = all.filter((event) => event.source === 'system');
      assert.ok(bySystem.length > 0 && bySystem.length < all.length);
      assert.deepEqual(await list({ source: 'system' }), bySystem);
      const { key } = notes[0].actor;
      const byKey = all.filter((event) => event.actor?.key === key);
      assert.deepEqual(await list({ actor: key }), byKey);
      const { timestamp } = notes[4];
      assert.deepEqual(await list({ from: timestamp }), all.filter((event) => event.timestamp >= timestamp));
      assert.deepEqual(await list({ to: timestamp }), all.filter((event) => event.timestamp < timestamp));
    });

    test('an event has the shape of SynapEvent v1', async () => {
      const [requested, completed] = await allEvents(client, { aggregateId: made[0].entityId });
      assert.deepEqual(Object.keys(requested).sort(), [
        'actor', 'aggregateId', 'aggregateType', 'aggregateVersion', 'correlationId', 'data',
        'dataVersion', 'id', 'position', 'requestId', 'source', 'timestamp', 'type', 'userId',
        'version',
      ]);
      assert.deepEqual(Object.keys(requested.actor), ['key']);
      assert.deepEqual(Object.keys(completed.actor), ['run']);
      assert.equal(requested.dataVersion, 1);
      assert.equal(requested.version, 'v1');
      assert.equal(requested.source, 'api');
      assert.equal(requested.aggregateType, 'note');
      assert.equal(requested.correlationId, made[0].requestId);
      assert.equal(completed.source, 'system');
      assert.equal(completed.causationId, requested.id);
      assert.equal(completed.requestId, made[0].requestId);
      assert.equal(new Date(completed.timestamp).toISOString(), completed.timestamp);
    });

    test('bad bounds are refused with the field that is wrong', async () => {
      for (const input of [{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { after: -1 }, { types: [''] }, { types: ['no*'] }, { types: ['*.x'] }, { aggregateId: 'x' }, { before: 0 }, { order: 'up' }, { source: 'x' }, { from: 'today' }]) {
        await assert.rejects(client.events.list.query(input), (error) => {
          codeIs('BAD_REQUEST')(error);
          assert.deepEqual(Object.keys(error.data.zodError.fieldErrors), Object.keys(input));
          return true;
        });
      }
    });

    test('hundreds of watches of one socket go on when it reconnects', async () => {
      const connection = connect(lane, pod);
      open.push(connection);
      const { nextAfter } = await client.events.list.query({ types: ['-'] });
      const watches = Array.from({ length: 300 }, () =>
        watch(connection.client, { lastEventId: String(nextAfter) }),
      );
      await Promise.all(watches.map((watching) => watching.started));
      await pod.kill();
      await pod.startAgain();
      const { requestId } = await makeNote(client, { content: 'for all' });
      for (const watching of watches) {
        const all = watching.event('note.creation.completed', requestId);
        await Promise.race([all, watching.ended]);
        assert.equal(watching.items.length, 2);
        watching.stop();
      }
    });

    for (const transport of ['websocket', 'sse']) {
      test(`a watch over ${transport} goes on behind any position, and follows`, async () => {
        const connection = connect(lane, pod, { transport });
        open.push(connection);
        const all = await allEvents(client);
        for (const from of [0, 3, all.length]) {
          const watching = watch(connection.client, { lastEventId: String(from) });
          await watching.started;
          const { requestId } = await client.notes.create.mutate({ content: `behind ${from}` });
          await watching.event('note.creation.completed', requestId);
          watching.stop();
          const now = await allEvents(client);
          const positions = watching.items.map((item) => Number(item.id));
          assert.deepEqual(positions, now.slice(from).map((event) => event.position));
        }
      });

      test(`a watch over ${transport} tells only what was asked for`, async () => {
        const connection = connect(lane, pod, { transport });
        open.push(connection);
        const types = ['note.creation.completed'];
        const byType = watch(connection.client, { types, lastEventId: '0' });
        const byRequest = watch(connection.client, { requestId: made[2].requestId, lastEventId: '0' });
        const bySystem = watch(connection.client, { source: 'system', types: ['note.creation.*'], lastEventId: '0' });
        const last = await makeNote(client, { content: 'last' });
        await byType.event('note.creation.completed', last.requestId);
        await byRequest.event('note.creation.completed', made[2].requestId);
        await bySystem.event('note.creation.completed', last.requestId);
        const told = (watching) => watching.items.map((item) => item.data);
        const all = await allEvents(client);
        assert.deepEqual(told(byType), all.filter((event) => types.includes(event.type)));
        const isBySystem = (event) => event.source === 'system' && event.type.startsWith('note.creation.');
        assert.deepEqual(told(bySystem), all.filter(isBySystem));
        assert.deepEqual(told(byRequest), all.filter((event) => event.requestId === made[2].requestId));
        byType.stop();
        byRequest.stop();
        bySystem.stop();
      });

      test(`a watch over ${transport} refuses a position that never was`, async () => {
        const connection = connect(lane, pod, { transport });
        open.push(connection);
        for (const lastEventId of ['x', '-1', '1.5', '99999999', '']) {
          const watching = watch(connection.client, { lastEventId });
          await assert.rejects(within(watching.ended, 'it ends'), codeIs('BAD_REQUEST'), lastEventId);
        }
      });

      test(`a watch over ${transport} is not over when the pod is stopped in good order`, async () => {
        const connection = connect(lane, pod, { transport });
        open.push(connection);
        const watching = watch(connection.client, { lastEventId: '0' });
        await watching.started;
        let isOver = false;
        watching.ended.finally(() => (isOver = true)).catch(() => {});
        const before = await makeNote(client, { content: 'before' });
        await watching.event('note.creation.completed', before.requestId);
        await pod.kill('SIGTERM');
        await pod.startAgain();
        const behind = await makeNote(client, { content: 'behind' });
        await Promise.race([
          watching.event('note.creation.completed', behind.requestId),
          watching.ended.then(() => assert.fail('the subscription was completed by the restart')),
        ]);
        assert.equal(isOver, false);
        const positions = watching.items.map((item) => Number(item.id));
        assert.deepEqual(positions, (await allEvents(client)).map((event) => event.position));
        watching.stop();
      });
    }
  });
}
