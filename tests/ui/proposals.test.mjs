// Proposals on the page: what a key that may only propose has called is looked at, accepted, edited,
// rejected and withdrawn; and whoever may only propose is told so, with a way to what became of it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { checkAccessibility, checkWidths, NARROW, shoot, Site, until, WIDE } from './site.mjs';

describe('proposals', () => {
  let site;
  let robot; // a key that may propose and read
  before(async () => {
    site = await Site.open();
    const scopes = ['propose', '*:read'];
    robot = (await site.call('keys.create', { name: 'robot', scopes })).key;
  });
  after(() => site?.close());

  const propose = async (name, input, reason = 'Because of the test') => {
    const { body } = await site.pod.http(name, {
      key: robot,
      body: input,
      headers: { 'synap-reason': encodeURIComponent(reason) },
    });
    assert.equal(body.result?.data.status, 'proposed', JSON.stringify(body));
    return body.result.data.proposalId;
  };
  const statusOf = async (id) => (await site.call('proposals.get', { id })).status;
  const titles = async () => (await site.call('tasks.list')).tasks.map(({ title }) => title);

  test('are listed with who, why and until when, the open ones first', async () => {
    const id = await propose('tasks.create', { title: 'Buy milk' }, 'The last one is empty');
    await propose('tasks.create', { title: 'Withdrawn' });
    const other = await propose('tasks.create', { title: 'Refused' });
    await site.call('proposals.reject', { id: other, reason: 'No' });
    const page = await site.visit();
    await site.signIn(page);
    await page.waitForSelector('nav#places a:has-text("Proposals") .count');
    assert.match(await page.textContent('nav#places .count'), /^2 /);
    for (const key of 'gw') await page.keyboard.press(key);
    await page.waitForSelector('.virtual-list .row:nth-child(2)');
    assert.equal(await page.locator('.virtual-list .row').count(), 2);
    const row = page.locator('.row', { hasText: 'The last one is empty' });
    assert.match(await row.textContent(), /open.*tasks\.create.*by key robot, expires in 7 d/s);
    // What is proposed meanwhile is there by itself, in the list and in the number.
    await propose('tasks.create', { title: 'Meanwhile' }, 'Made while you look');
    await page.waitForSelector('.row >> text=Made while you look');
    await page.waitForFunction(() => document.querySelector('.count')?.textContent.startsWith('3'));
    await page.click('.tabs >> text=rejected');
    await page.waitForSelector('.row .status:has-text("rejected")');
    assert.equal(await page.locator('.virtual-list .row').count(), 1);
    // A deep link shows one of any status.
    await site.goto(page, `/proposals/${other}`);
    await page.waitForSelector('.split-panel .status:has-text("rejected")');
    assert.match(await page.textContent('.split-panel .facts'), /Because\s*No/);
    await site.goto(page, `/proposals/${id}`);
    await page.waitForSelector('.change >> text=Buy milk');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  for (const [width, viewport, colorScheme] of [
    ['1280', WIDE, 'light'],
    ['390', NARROW, 'dark'],
  ]) {
    test(`are accepted, and what came of it is told, at ${width} px`, async () => {
      const task = await site.make('tasks', { title: `Sow at ${width}`, description: 'one\ntwo\nthree' });
      const change = { id: task, title: `Reap at ${width}`, description: 'one\n2\nthree' };
      const id = await propose('tasks.update', change, 'It is autumn');
      const page = await site.visit({ viewport, colorScheme });
      await site.signIn(page, { path: '/proposals' });
      await page.waitForSelector('.virtual-list .row');
      await checkWidths(page, `proposals at ${width} px`);
      await checkAccessibility(page, `proposals at ${width} px`);
      await shoot(page, `${width}-proposals`);
      await site.goto(page, `/proposals/${id}`);
      const panel = page.locator('.split-panel');
      await panel.locator('.diff .added').waitFor();
      assert.match(await panel.locator('.change').textContent(), /Sow at \d+ → Reap at/);
      assert.equal(await panel.locator('.diff .added').textContent(), '+added: 2');
      assert.match(await panel.locator('.facts').first().textContent(), /It is autumn.*key robot.*task Sow at/s);
      await checkWidths(page, `a proposal at ${width} px`);
      await checkAccessibility(page, `a proposal at ${width} px`);
      await shoot(page, `${width}-proposal`);
      await page.click('text="Accept"');
      await panel.locator('.status:has-text("accepted")').waitFor();
      await panel.locator('text=What came of it').waitFor();
      assert.equal((await site.call('tasks.get', { id: task })).title, `Reap at ${width}`);
      assert.equal(await panel.locator('text="Accept"').count(), 0, 'it is decided');
      await checkAccessibility(page, `an accepted proposal at ${width} px`);
      await shoot(page, `${width}-proposal-accepted`);
      // To the request, and to the thing.
      await panel.locator('dt:has-text("Request") + dd a').click();
      await page.waitForSelector('.row >> text=update.completed');
      await page.goBack();
      await panel.locator('dt:has-text("Thing") + dd a').click();
      await page.waitForSelector(`.split-panel h2:has-text("Reap at ${width}")`);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    });
  }

  test('are edited and accepted, by the keyboard alone', async () => {
    const id = await propose('tasks.create', { title: 'Byu bread' });
    const page = await site.visit();
    const { keyboard } = page;
    await site.signIn(page, { path: `/proposals/${id}` });
    await page.waitForSelector('text=Edit and accept');
    await keyboard.press('o');
    for (let at = 0; at < 9; ++at) {
      if ((await page.evaluate(() => document.activeElement.textContent)) === 'Edit and accept') break;
      await keyboard.press('Tab');
    }
    await keyboard.press('Enter');
    await page.waitForSelector('.thing-form :focus');
    assert.equal(await page.inputValue('.thing-form :focus'), 'Byu bread');
    await keyboard.press('ControlOrMeta+a');
    await keyboard.type('Buy bread');
    await keyboard.press('Control+Enter');
    await page.waitForSelector('.split-panel .status:has-text("accepted")');
    await until(async () => (await titles()).includes('Buy bread'), 'the task');
    assert.ok(!(await titles()).includes('Byu bread'));
    await page.waitForSelector('text=With which it was accepted instead');
    await keyboard.press('Escape');
    await keyboard.press('Escape');
    await page.waitForURL('**/proposals');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('are rejected with a reason, and withdrawn by whoever proposed them', async () => {
    const id = await propose('tasks.create', { title: 'Never made' });
    const page = await site.visit();
    await site.signIn(page, { path: `/proposals/${id}` });
    await page.click('text="Withdraw"');
    // The pod says who may.
    await page.waitForSelector('.split-panel .issue >> text=Only whoever proposed it takes it back');
    await page.click('text="Reject"');
    await page.waitForSelector('textarea:focus');
    await page.keyboard.type('We have enough');
    await page.click('text="Reject it"');
    await page.waitForSelector('.split-panel .status:has-text("rejected")');
    await page.waitForSelector('.facts >> text=We have enough');
    assert.equal((await site.call('proposals.get', { id })).decisionReason, 'We have enough');
    assert.ok(!(await titles()).includes('Never made'));
    await page.context().close();

    const own = await propose('tasks.create', { title: 'Taken back' });
    const theirs = await site.visit();
    await site.signIn(theirs, { key: robot, path: `/proposals/${own}` });
    await theirs.click('text="Accept"');
    await theirs.waitForSelector('.split-panel .issue');
    assert.equal(await statusOf(own), 'open', 'nobody accepts his own');
    await theirs.click('text="Withdraw"');
    await theirs.waitForSelector('.split-panel .status:has-text("withdrawn")');
    assert.equal(await statusOf(own), 'withdrawn');
    await theirs.context().close();
  });

  test('say that they are in conflict, and what refused them', async () => {
    const task = await site.make('tasks', { title: 'First' });
    const id = await propose('tasks.update', { id: task, title: 'Second' });
    const page = await site.visit();
    await site.signIn(page, { path: `/proposals/${id}` });
    await page.waitForSelector('.change >> text=Second');
    assert.equal(await page.locator('.split-panel .issue').count(), 0);
    // By itself, when the thing changes.
    await site.call('tasks.update', { id: task, title: 'Another' });
    await page.waitForSelector('.issue >> text=it was version 1, and is 2 now');
    await page.click('text="Accept"');
    await page.waitForSelector('.split-panel .status:has-text("failed")');
    await page.waitForSelector('.problem >> text=It was accepted, and refused');
    assert.equal((await site.call('tasks.get', { id: task })).title, 'Another');
    await page.context().close();
  });

  test('show the beginning of what is very long, and say so', async () => {
    const id = await propose('notes.create', { content: 'word '.repeat(20_000) });
    const page = await site.visit();
    await site.signIn(page, { path: `/proposals/${id}` });
    await page.waitForSelector('.cut >> text=Only the beginning is shown of what is over 64 KiB: content');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('are where the page leads to whose command became one', async () => {
    const page = await site.visit();
    await site.signIn(page, { key: robot });
    await page.fill('.quick-note textarea', 'Only proposed');
    await page.click('text=Make the note');
    await page.click('.quick-note .issue a');
    await page.waitForURL('**/proposals/*');
    await page.waitForSelector('.diff >> text=Only proposed');
    // So with a form, which has no word to lose any more.
    await site.goto(page, '/tasks/new');
    await page.fill('.thing-form input', 'Proposed in a form');
    await page.keyboard.press('Control+Enter');
    await page.click('.thing-form .issue a');
    await page.waitForSelector('.change >> text=Proposed in a form');
    // Where the page only says it in passing, too.
    const task = await site.make('tasks', { title: 'To be done' });
    await site.goto(page, `/tasks/${task}`);
    await page.click('text="Complete"');
    await page.click('.sayings a');
    await page.waitForSelector('.split-panel .change >> text=done');
    await page.context().close();
  });
});
