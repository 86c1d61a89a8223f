// A run that fails: the page says why, draws it among the causes, and tries it again.
import assert from 'node:assert/strict';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { checkAccessibility, checkWidths, NARROW, shoot, Site, until, WIDE } from './site.mjs';

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
    await page.waitForSelector('.panel .problem >> text=What it needs was not there:');
    // The step that failed, with its error, beside those that are done.
    await page.waitForSelector('.pending-step >> text=Content cannot be reached');
    await shoot(page, '1280-run-failing');
    const { events } = await site.call('events.list', { correlationId: requestId });
    await page.click('.facts a >> text=note.creation.requested');
    await page.waitForURL(`**/events/${events[0].id}`);
    await page.waitForSelector('.cause-tree >> text=notes.create');
    await page.goBack();

    // Far from the next attempt of its own, so that what is seen is the one that was asked for.
    const attempts = async () => (await site.call('runs.list', { correlationId: requestId })).runs[0].attempts;
    await until(async () => (await attempts()) >= 4, 'the pod waits for longer');
    await rm(notes);
    await rename(`${notes}.away`, notes);
    await page.click('text=Try it now');
    await page.waitForSelector('.panel header >> text=completed');
    await page.waitForSelector('.steps li:nth-child(2)');
    assert.equal(await page.locator('.panel .problem').count(), 0);
    assert.equal(await page.locator('.pending-step').count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  // No function of the pod sleeps or waits by itself: what it says of such a run is put into its answer.
  test('says of each step that is not done what it waits for, and until when', async () => {
    await site.make('notes', { content: '# One more' });
    const [{ id }] = (await site.call('runs.list', { limit: 1 })).runs;
    for (const viewport of [WIDE, NARROW]) {
      const page = await site.visit({ viewport });
      await page.route(/\/trpc\/runs\.get\b/, async (route) => {
        const answer = await route.fetch();
        const body = await answer.json();
        const { data } = (Array.isArray(body) ? body[0] : body).result;
        data.status = 'sleeping';
        delete data.endedAt;
        data.pendingSteps = [
          { name: 'charge', op: 'StepError', attempts: 2, dueAt: '2031-02-03T04:05:06.000Z',
            error: { name: 'BAD_GATEWAY', message: 'The bank <b>is</b> closed' } },
          { name: 'a day', op: 'Sleep', attempts: 0, dueAt: '2031-02-04T04:05:06.000Z' },
          { name: 'paid', op: 'WaitForEvent', attempts: 0 },
          { name: 'approved', op: 'WaitForSignal', attempts: 0, dueAt: '2031-02-05T04:05:06.000Z' },
          { name: 'invoice', op: 'InvokeFunction', attempts: 0 },
        ];
        await route.fulfill({ response: answer, json: body });
      });
      await site.signIn(page, { path: `/runs/${id}` });
      await page.waitForSelector('.pending-step');
      const told = (await page.locator('.pending-step').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
      assert.match(told[0], /^again charge is tried again at .*2031.* 2 failed: The bank <b>is<\/b> closed$/);
      assert.match(told[1], /^sleeping a day sleeps until .*2031/);
      assert.match(told[2], /^waiting paid waits for an event$/);
      assert.match(told[3], /^waiting approved waits for a signal, until .*2031/);
      assert.match(told[4], /^waiting invoice waits for another function$/);
      await checkAccessibility(page, 'a run that waits');
      await checkWidths(page, 'a run that waits');
      await shoot(page, `${viewport.width}-run-pending`);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    }
  });
});
