// A run that fails: the page says why, draws it among the causes, and tries it again.
import assert from 'node:assert/strict';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { shoot, Site, until } from './site.mjs';

describe('a run that fails', () => {
  let site;
  before(async () => (site = await Site.open()));
  after(() => site?.close());

  test('is shown with its error, and tried again when somebody says so', async () => {
    await site.make('notes', { content: '# Before' });
    const content = join(site.pod.data, 'content');
    const user = (await readdir(content)).find((name) => !name.startsWith('.'));
    const notes = join(content, user, 'note');
    // A file where the notes' directory should be, as if a disk were away.
    await site.pod.kill('SIGTERM');
    await rename(notes, `${notes}.away`);
    await writeFile(notes, '');
    await site.pod.startAgain();

    const page = await site.visit();
    await site.signIn(page, { path: '/runs' });
    const { requestId } = await site.call('notes.create', { content: '# Cannot be stored' });
    await page.click('.virtual-list .row >> text=Content cannot be reached');
    await page.waitForSelector('.panel .problem >> text=SERVICE_UNAVAILABLE');
    await shoot(page, '1280-run-failing');
    const { events } = await site.call('events.list', { correlationId: requestId });
    await page.click('.facts a >> text=note.creation.requested');
    await page.waitForURL(`**/events/${events[0].id}`);
    await page.waitForSelector('.cause-tree >> text=notes.create');
    await page.goBack();

    // Far from the next attempt of its own, so that what is seen is the one that was asked for.
    const attempts = async () => (await site.call('runs.list', { correlationId: requestId })).runs[0].attempts;
    await until(60_000, async () => (await attempts()) >= 4, 'the pod waits for longer');
    await rm(notes);
    await rename(`${notes}.away`, notes);
    await page.click('text=Try it now');
    await page.waitForSelector('.panel header >> text=completed');
    await page.waitForSelector('.steps li:nth-child(2)');
    assert.equal(await page.locator('.panel .problem').count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
});
