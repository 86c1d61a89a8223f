// The life of notes, as the official clients see it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { codeIs, connect, lanes, makeNote, Pod, settled, sha256, watch } from './harness.mjs';

for (const lane of lanes) {
  describe(`notes, @trpc/client ${lane.name}`, () => {
    let pod;
    let client;
    let close;
    before(async () => {
      pod = await Pod.start();
      ({ client, close } = connect(lane, pod));
    });
    after(async () => {
      await close?.();
      await pod?.remove();
    });

    for (const transport of ['websocket', 'sse']) {
      test(`is created, watched over ${transport}, changed and deleted`, async () => {
        const watcher = connect(lane, pod, { transport });
        // Over SSE "started" comes before the first look at the log: a position leaves no gap.
        const { nextAfter } = await client.events.list.query({ types: ['-'] });
        const watching = watch(watcher.client, { lastEventId: String(nextAfter) });
        await watching.started;

        const content = '# First line\n\nThe text.';
        const created = await client.notes.create.mutate({ content, tags: ['a', 'b', 'a'] });
        assert.equal(created.status, 'pending');
        const completed = await watching.event('note.creation.completed', created.requestId);
        assert.equal(completed.aggregateId, created.entityId);
        assert.equal(completed.aggregateVersion, 2);
        assert.deepEqual(completed.data, {
          entityId: created.entityId,
          title: 'First line',
          tags: ['a', 'b'],
          preview: content,
          file: {
            name: `${completed.userId}/note/${created.entityId}.md`,
            size: content.length,
            checksum: sha256(content),
          },
          version: 1,
          at: completed.data.at,
          source: 'api',
        });

        const note = await client.notes.get.query({ id: created.entityId });
        assert.deepEqual(note, await client.notes.getById.query({ id: created.entityId }));
        assert.equal(note.content, content);
        assert.equal(note.title, 'First line');
        assert.equal(note.preview, content);
        assert.deepEqual(note.tags, ['a', 'b']);
        assert.equal(note.version, 1);
        assert.equal(await readFile(join(pod.data, 'content', note.filePath), 'utf8'), content);
        const page = await client.notes.list.query({ limit: 1 });
        const { content: _, ...listed } = note;
        assert.deepEqual(page.notes, [listed]);

        const changed = await client.notes.update.mutate({
          id: created.entityId,
          content: 'other text',
          title: 'Other title',
          tags: ['c'],
          expectedVersion: 1,
        });
        await watching.event('note.update.completed', changed.requestId);
        const other = await client.notes.get.query({ id: created.entityId });
        assert.equal(other.content, 'other text');
        assert.equal(other.title, 'Other title');
        assert.deepEqual(other.tags, ['c']);
        assert.equal(other.version, 2);
        assert.equal(other.createdAt, note.createdAt);
        assert.ok(other.updatedAt > note.updatedAt);
        await assert.rejects(
          client.notes.update.mutate({ id: created.entityId, title: 'x', expectedVersion: 1 }),
          (error) => codeIs('CONFLICT')(error) && error.data.details.actualVersion === 2,
        );

        const { total } = await client.notes.list.query();
        const deleted = await client.notes.delete.mutate({ id: created.entityId });
        await watching.event('note.deletion.completed', deleted.requestId);
        await assert.rejects(client.notes.get.query({ id: created.entityId }), codeIs('NOT_FOUND'));
        await assert.rejects(client.notes.update.mutate({ id: created.entityId, title: 'x' }), codeIs('NOT_FOUND'));
        assert.equal((await client.notes.list.query()).total, total - 1);
        assert.equal((await client.notes.list.query({ tag: 'c' })).total, 0);

        const told = watching.items.map((item) => item.data);
        assert.deepEqual(told.map((event) => event.type), [
          'note.creation.requested',
          'note.creation.completed',
          'note.update.requested',
          'note.update.completed',
          'note.deletion.requested',
          'note.deletion.completed',
        ]);
        assert.deepEqual(watching.items.map((item) => item.id), told.map((event) => String(event.position)));
        const listedEvents = await client.events.list.query({ aggregateId: created.entityId });
        assert.deepEqual(listedEvents.events, told);
        watching.stop();
        await watcher.close();
      });
    }

    test('pages give every note once, the newest first, with the total', async () => {
      const made = await Promise.all(
        Array.from({ length: 7 }, (_, i) => makeNote(client, { content: `page ${i}`, tags: ['pages'] })),
      );
      const seen = [];
      let cursor;
      for (const length of [3, 3, 1]) {
        // As react-query's infinite queries ask: with `direction`, and null before the first page.
        const page = await client.notes.list.query({
          limit: 3,
          tag: 'pages',
          cursor: cursor ?? null,
          direction: 'forward',
        });
        assert.equal(page.total, 7);
        assert.equal(page.notes.length, length);
        seen.push(...page.notes.map((note) => note.id));
        cursor = page.nextCursor;
      }
      assert.equal(cursor, undefined);
      assert.deepEqual(seen, made.map((note) => note.entityId).sort().reverse());
    });

    test('titles and previews are made from the text', async () => {
      const get = async (input) => {
        const { entityId } = await makeNote(client, input);
        return client.notes.get.query({ id: entityId });
      };
      const long = await get({ content: `\n  \n## ${'ä'.repeat(150)}\n${'🙂'.repeat(600)}` });
      assert.equal(long.title, 'ä'.repeat(100));
      assert.equal([...long.preview].length, 500);
      assert.ok(long.content.startsWith(long.preview));
      assert.equal((await get({ content: '\n \n' })).title, 'Untitled');
      assert.equal((await get({ content: '# From the text', title: 'Given' })).title, 'Given');
    });

    test('any text comes back as it was', async () => {
      const content = 'NUL \u0000, tab \t, \r\n, quotes " \\ \u2028 \u2029, ümlaut, 漢字, 🏳️‍🌈, é\u0301, \u{10ffff}';
      const { entityId } = await makeNote(client, { content, title: '漢字 🙂', tags: ['größe', '🙂'] });
      const note = await client.notes.get.query({ id: entityId });
      assert.equal(note.content, content);
      assert.equal(note.title, '漢字 🙂');
      assert.equal(note.checksum, sha256(content));
      assert.equal((await client.notes.list.query({ tag: '🙂' })).notes[0].id, entityId);
    });

    for (const size of [200 * 1024, 2 * 1024 * 1024]) {
      test(`a note of ${size} bytes comes back whole`, async () => {
        const line = 'The quick brown fox, größer als 100 ßeiten.\n';
        let content = line.repeat(Math.floor(size / Buffer.byteLength(line)));
        content += 'x'.repeat(size - Buffer.byteLength(content));
        const { entityId, requestId } = await client.notes.create.mutate({ content });
        assert.equal((await settled(client, requestId)).status, 'completed');
        const note = await client.notes.get.query({ id: entityId });
        assert.equal(note.fileSize, size);
        assert.equal(note.checksum, sha256(content));
        assert.equal(sha256(note.content), note.checksum);
        assert.equal(sha256(await readFile(join(pod.data, 'content', note.filePath))), note.checksum);
      });
    }

    test('a batch of mutations is carried out and answered in its order', async () => {
      const names = Array.from({ length: 10 }, (_, i) => `batch ${i}`);
      const accepted = await Promise.all(names.map((content) => client.notes.create.mutate({ content })));
      for (const [i, { entityId, requestId }] of accepted.entries()) {
        assert.equal((await settled(client, requestId)).status, 'completed');
        assert.equal((await client.notes.get.query({ id: entityId })).content, names[i]);
      }
    });

    test('one bad call of a batch harms no other', async () => {
      const [good, bad, unknown] = await Promise.allSettled([
        client.notes.create.mutate({ content: 'good' }),
        client.notes.create.mutate({ content: '' }),
        client.notes.nope.mutate({}),
      ]);
      assert.equal(good.value.status, 'pending');
      codeIs('BAD_REQUEST')(bad.reason);
      codeIs('NOT_FOUND')(unknown.reason);
    });

    test('an input that does not fit is answered with zod\'s issues', async () => {
      await assert.rejects(client.notes.create.mutate({ content: 7, tags: 'a' }), (error) => {
        codeIs('BAD_REQUEST')(error);
        assert.equal(error.data.httpStatus, 400);
        assert.equal(error.data.path, 'notes.create');
        assert.deepEqual(error.data.zodError.formErrors, []);
        assert.deepEqual(error.data.zodError.fieldErrors, {
          content: ['Invalid input: expected string, received number'],
          tags: ['Invalid input: expected array, received string'],
        });
        const issues = JSON.parse(error.message);
        assert.deepEqual(issues.map((issue) => issue.path), [['content'], ['tags']]);
        return true;
      });
      await assert.rejects(client.notes.get.query({ id: 'x' }), (error) => {
        assert.deepEqual(Object.keys(error.data.zodError.fieldErrors), ['id']);
        return true;
      });
      const absent = '00000000-0000-7000-8000-000000000000';
      await assert.rejects(client.notes.get.query({ id: absent }), (error) => {
        codeIs('NOT_FOUND')(error);
        assert.equal(error.data.zodError, null);
        return true;
      });
    });
  });
}
