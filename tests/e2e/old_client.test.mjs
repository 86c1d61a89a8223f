// The first client that there was, 0.1.0, against this pod: what was written for it goes on working.
// client-0.1.0.tgz is what `npm pack` made of it then, without sources, types and maps; the packages that
// it asks for are those of this folder, in the very versions that it names.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { codeIs, Pod, within } from './harness.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

describe('a client of an earlier version', () => {
  let pod;
  let old;
  let schemas;
  const folder = mkdtempSync(join(tmpdir(), 'synap-old-client-'));
  before(async () => {
    execFileSync('tar', ['xzf', join(here, 'client-0.1.0.tgz'), '-C', folder]);
    symlinkSync(join(here, 'node_modules'), join(folder, 'node_modules'));
    const { version, dependencies } = JSON.parse(await readFile(join(folder, 'package/package.json'), 'utf8'));
    assert.equal(version, '0.1.0');
    for (const [name, wanted] of Object.entries(dependencies)) {
      const its = JSON.parse(await readFile(join(here, 'node_modules', name, 'package.json'), 'utf8'));
      assert.equal(its.version, wanted, name);
    }
    old = await import(pathToFileURL(join(folder, 'package/dist/index.js')));
    schemas = await import(pathToFileURL(join(folder, 'package/dist/generated/schemas.js')));
    pod = await Pod.start();
  });
  after(async () => {
    await pod?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const transport of ['websocket', 'sse']) {
    test(`commands, watches, waits, and is told what is wrong, over ${transport}`, async () => {
      const client = old.createSynapClient({ url: pod.url, token: pod.key, transport });
      const events = client.watch({ types: ['note.creation.completed', 'note.update.completed'] });
      const iterator = events[Symbol.asyncIterator]();
      const next = (what) => within(iterator.next(), what);
      await within(events.ready, 'the watch begins');
      const input = schemas.inputSchemas['notes.create'].parse({ content: '# Old\n\nfriends', tags: ['first'] });
      const { requestId, entityId, status } = await client.notes.create.mutate(input);
      assert.equal(status, 'pending');
      const { value: event } = await next('its event');
      assert.ok(old.isEvent(event, 'note.creation.completed'));
      assert.equal(event.requestId, requestId);
      assert.equal(event.data.title, 'Old');
      assert.equal((await client.waitFor(requestId)).status, 'completed');
      const note = await client.notes.get.query({ id: entityId });
      assert.deepEqual([note.title, note.content, note.tags], ['Old', '# Old\n\nfriends', ['first']]);

      const update = await client.notes.update.mutate({ id: entityId, title: 'New', expectedVersion: 1 });
      await client.waitFor(update.requestId);
      const { value: updated } = await next('the event of the change');
      assert.equal(updated.data.title, 'New');
      const conflict = await client.notes.update.mutate({ id: entityId, title: 'X', expectedVersion: 1 }).catch((error) => error);
      assert.ok(old.isSynapError(conflict));
      assert.ok(codeIs('CONFLICT')(conflict));
      assert.equal(conflict.data.details.actualVersion, 2);
      const wrong = await client.notes.create.mutate({ content: 7 }).catch((error) => error);
      assert.equal(wrong.data.code, 'BAD_REQUEST');
      assert.deepEqual(Object.keys(wrong.data.zodError.fieldErrors), ['content']);
      for (const name of ['tasks.list', 'keys.list', 'users.list', 'events.list', 'runs.list', 'tags.list']) {
        const [group, verb] = name.split('.');
        if (client[group]?.[verb]) await client[group][verb].query();
      }

      // The pod goes and comes back: the watch goes on behind what it told last.
      await pod.kill();
      await pod.startAgain();
      const again = await client.notes.create.mutate({ content: '# Again' });
      const { value: behind } = await next('the event behind the restart');
      assert.equal(behind.requestId, again.requestId);
      await client.close();
    });
  }

  test('a key that is not valid is an error of its own shape', async () => {
    const client = old.createSynapClient({ url: pod.url, token: 'synap_no' });
    await assert.rejects(client.notes.list.query(), (error) => old.isSynapError(error) && error.data.code === 'UNAUTHORIZED');
    await client.close();
  });
});
