// What people do with the page: come in, make a note and see it move, change it, go back to what it was.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { checkWidths, NARROW, Site, until } from './site.mjs';

const binary =
  process.env.SYNAP_BIN ?? fileURLToPath(new URL('../../build/dev/bin/synap', import.meta.url));

describe('the page', () => {
  let site;
  before(async () => (site = await Site.open()));
  after(() => site?.close());

  test('refuses a wrong key with a sentence, and lets a right one in', async () => {
    const page = await site.visit();
    await page.goto(site.url);
    await page.fill('#key', 'synap_wrong');
    await page.click('button[type=submit]');
    await page.waitForFunction(
      () => document.querySelector('#sign-in-notice').textContent.length > 10,
    );
    await site.signIn(page);
    assert.equal(
      await page.evaluate(() =>
        JSON.stringify({ ...localStorage, ...sessionStorage }).includes('synap_'),
      ),
      false,
    );
    assert.equal(await page.evaluate(() => document.cookie), '', 'scripts cannot read the session');
    await page.click('text=Sign out');
    await page.waitForSelector('#key');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('shows below an event what programs did because of it', async () => {
    const schema = { type: 'object' };
    await site.call('eventTypes.register', { name: 'x.weight.recorded', schema });
    const { eventId: id } = await site.call('events.publish', { type: 'x.weight.recorded', data: {} });
    await site.pod.http('tasks.create', {
      body: { title: 'Eat less' },
      headers: { 'synap-caused-by': id },
    });
    const page = await site.visit();
    await site.signIn(page, { path: `/events/${id}` });
    const treeOf = async () => {
      await page.waitForSelector('.cause-tree li:nth-child(3)');
      return page.$$eval('.cause-tree li', (rows) => rows.map((row) => row.querySelector('b').textContent));
    };
    const tree = ['x.weight.recorded', 'task.creation.requested', 'task.creation.completed'];
    assert.deepEqual(await treeOf(), tree);
    await page.click('.cause-tree li:nth-child(3) a');
    await page.waitForSelector('.cause-tree li.open:nth-child(3)');
    assert.deepEqual(await treeOf(), tree);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('copies the event that it shows, as curl and as TypeScript alike', async () => {
    const id = await site.make('tasks', { title: 'Copied' });
    const { events } = await site.call('events.list', { aggregateId: id });
    const page = await site.visit();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await site.signIn(page, { path: `/events/${events[0].id}` });
    for (const label of ['curl', 'TypeScript']) {
      await page.click(`.section-title button >> text=${label}`);
      await page.waitForSelector(`text=Copied: ${label}`);
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(copied, /events\.get/);
      assert.ok(copied.includes(events[0].id), copied);
    }
    await page.context().close();
  });

  test('makes a note and shows it moving, without being asked', async (t) => {
    const page = await site.visit();
    await site.signIn(page);
    await page.fill('.quick-note textarea', '# Seen at once\n\nfrom Home');
    await page.click('text=Make the note');
    await page.waitForSelector('.events-short >> text=Seen at once');
    await page.waitForSelector('.events-short .event-row.completed >> text=Seen at once');
    await page.waitForSelector('.first-steps li.done >> text=Make a note');
    await page.reload();
    await page.waitForSelector('[data-live=live]');
    const ms = await page.evaluate(
      () => performance.now() - performance.getEntriesByType('navigation')[0].loadEventEnd,
    );
    t.diagnostic(`live ${Math.round(ms)} ms after load`);
    // Somebody else's doing is shown, too.
    await site.make('tasks', { title: 'From a program' });
    await page.waitForSelector('.events-short >> text=From a program');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('ticks "connect a client" off for a program with a key of its own, and for nobody else', async () => {
    const page = await site.visit();
    await site.signIn(page);
    const step = page.locator('.first-steps li', { hasText: 'Connect a client' });
    const isDone = async () => (await step.textContent()).includes('(done)');
    const madeBy = async (key, title) => {
      await site.call('tasks.create', { title }, key);
      await page.waitForSelector(`.events-short >> text=${title}`);
    };
    await step.waitFor();
    // The command line calls with the key that the pod made for its owner.
    await madeBy(site.pod.key, 'by the command line');
    assert.equal(await isDone(), false);
    const { key } = await site.call('keys.create', { name: 'a reporter' });
    await page.waitForSelector('.first-steps li.done >> text=Make a key');
    // A browser acts by its session, also where such a key signed it in.
    const other = await site.visit();
    await site.signIn(other, { key });
    await other.fill('.quick-note textarea', 'by a browser');
    await other.click('text=Make the note');
    await page.waitForSelector('.events-short >> text=by a browser');
    assert.equal(await isDone(), false);
    await madeBy(key, 'by a program');
    await page.waitForSelector('.first-steps li.done >> text=Connect a client');
    await page.reload();
    await page.waitForSelector('.first-steps li.done >> text=Connect a client');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
    await other.context().close();
  });

  test('"/" waits for a screen that is still on its way', async () => {
    const page = await site.visit();
    await site.signIn(page);
    let go;
    const held = new Promise((resolve) => (go = resolve));
    await page.route('**/*.js', async (route) => {
      await held;
      await route.continue();
    });
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForURL('**/events');
    await page.waitForSelector('main >> text=Loading');
    await page.keyboard.press('/');
    go();
    await page.waitForSelector('[data-search]:focus');
    assert.equal(new URL(page.url()).pathname, '/events');
    await page.context().close();
  });

  test('"/" for a screen that was left before it came leads nowhere', async () => {
    const page = await site.visit();
    await site.signIn(page);
    await page.route('**/*.js', () => {}); // never
    for (const key of ['g', 'p']) await page.keyboard.press(key);
    await page.waitForSelector('main >> text=Loading');
    await page.keyboard.press('/');
    await page.click('nav >> text=Home');
    await page.waitForSelector('.events-short');
    await page.waitForTimeout(300);
    assert.equal(new URL(page.url()).pathname, '/');
    await page.context().close();
  });

  test('changes a note, compares versions, restores one, deletes it', async () => {
    const page = await site.visit();
    const id = await site.make('notes', { content: '# Plan\n\none\ntwo' });
    await site.signIn(page, { path: `/notes/${id}` });
    await page.click('.tabs >> text=Edit');
    await page.fill('.text-field textarea', '# Plan\n\none\nthree');
    await page.click('text=Save');
    await page.waitForSelector('.reading >> text=three');
    await page.click('.tabs >> text=History');
    await page.waitForSelector('.diff .removed >> text=two');
    await page.waitForSelector('.diff .added >> text=three');
    await page.waitForSelector('.why >> text=Why there is version 2');
    assert.match(await page.locator('.why ol').innerText(), /^note\.update\.completed .*\nwritten by a run of notes\.update .*\nnote\.update\.requested .*\nbegun by a key [-0-9a-f]{36}\s*$/);
    await page.click('.versions >> text=Restore');
    await page.click('dialog button.danger');
    await page.waitForSelector('.versions li:nth-child(3)');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Restore', 'who uses a keyboard is where he was');
    await page.click('.tabs >> text=Read');
    await page.waitForSelector('.reading >> text=two');
    await site.goto(page, `/notes/${id}?find=plan`);
    await page.waitForSelector('.bar-top >> text=/^\\d+ found$/');
    await page.click('.panel button >> text=Delete');
    await page.click('dialog button.danger');
    await page.waitForURL('**/notes?find=plan');
    await page.goto(`${site.url}/notes/${id}`);
    await page.waitForSelector('text=There is no such note');
    assert.deepEqual(
      page.complaints.filter((one) => !one.includes('status of 404')),
      [],
    );
    await page.context().close();
  });

  test('has one search for titles, which finds what is far down in the list', async () => {
    await site.make('projects', { title: 'Needle under the haystack' });
    for (let index = 0; index < 210; ++index)
      await site.call('projects.create', { title: `Hay ${index}` });
    const page = await site.visit();
    await site.signIn(page, { path: '/projects' });
    await page.waitForSelector('.virtual-list .row');
    assert.equal(await page.locator('.toolbar input:not([type=date])').count(), 1);
    await page.keyboard.press('/');
    await page.keyboard.type('needle');
    await page.waitForSelector('.row >> text=Needle under the haystack');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('shows in lists the words of Markdown, and keeps its marks', async () => {
    const content = '# **Plain** words\n\nWith a [link](https://example.org) and `code`.';
    const id = await site.make('notes', { content });
    const page = await site.visit();
    await site.signIn(page, { path: '/notes' });
    const row = page.locator(`.row a[data-key="${id}"]`);
    assert.equal(await row.locator('b').textContent(), 'Plain words');
    assert.equal(await row.locator('.thing-preview').textContent(), 'With a link and code.');
    assert.equal((await site.call('notes.get', { id })).preview, content);
    await page.context().close();
  });

  test('leaves out of the text in a list what is its title, and nothing else', async () => {
    const long = 'All that is known of beds. '.repeat(8).trim();
    const expected = new Map();
    for (const [title, content, preview] of [
      ['Plan', 'Planting begins in spring.'],
      ['Dig the beds', 'Dig the beds before the frost comes.'],
      ['Beds', '\n---\n\n## Beds\n\nDig them.', 'Dig them.'],
      [undefined, `${long}\nDig them.`, `${long} Dig them.`.slice(100).trim()],
    ])
      expected.set(await site.make('notes', { title, content }), preview ?? content);
    const page = await site.visit();
    await site.signIn(page, { path: '/notes' });
    for (const [id, preview] of expected)
      assert.equal(await page.locator(`.row a[data-key="${id}"] .thing-preview`).textContent(), preview);
    await page.context().close();
  });

  test('offers what would change a thing, and nothing else', async () => {
    const id = await site.make('tasks', { title: 'To do' });
    const page = await site.visit();
    await site.signIn(page, { path: `/tasks/${id}` });
    const actions = page.locator('.panel .actions');
    await actions.locator('text=Complete').click();
    await actions.locator('text=Reopen').waitFor();
    assert.equal(await actions.locator('text=Complete').count(), 0);
    await actions.locator('text=Reopen').click();
    await actions.locator('text=Complete').waitFor();
    assert.equal(await actions.locator('text=Reopen').count(), 0);
    await page.context().close();
  });

  test('draws as much of a long note as can be, and shows the rest', async () => {
    const content = `# Long\n\n${'**bold** words\n'.repeat(8_000)}the end`;
    const id = await site.make('notes', { content });
    const page = await site.visit();
    await site.signIn(page, { path: `/notes/${id}` });
    await page.waitForSelector('.reading strong');
    await page.waitForSelector('.reading >> text=From here on the text is too long to be drawn');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('says that somebody else was quicker, and keeps what was written', async () => {
    const page = await site.visit();
    const id = await site.make('tasks', { title: 'Shared' });
    await site.signIn(page, { path: `/tasks/${id}/edit` });
    await page.fill('.thing-form input', 'Mine');
    await site.call('tasks.update', { id, title: 'Theirs' });
    await page.click('text=Save');
    await page.waitForSelector('.thing-form .issue >> text=changed meanwhile');
    assert.equal(await page.inputValue('.thing-form input'), 'Mine');
    await page.context().close();
  });

  test('shows a due time in the zone of the reader, and takes it so', async () => {
    const dueDate = '2026-02-03T23:30:00.000Z';
    const id = await site.make('tasks', { title: 'Due in Tokyo', dueDate });
    const page = await site.visit({ timezoneId: 'Asia/Tokyo' });
    await site.signIn(page, { path: `/tasks/${id}` });
    for (const part of [`[data-key="${id}"] .thing-values`, '.facts']) {
      const time = page.locator(`${part} time[datetime="${dueDate}"]`);
      assert.match(await time.textContent(), /4.*08:30/);
      assert.match(await time.getAttribute('title'), /2026-02-03 23:30.* UTC/);
    }
    await page.click('.tabs >> text=Edit');
    const field = page.locator('.thing-form input[type=datetime-local]');
    assert.equal(await field.inputValue(), '2026-02-04T08:30');
    await field.fill('2026-02-05T09:00');
    await page.click('text=Save');
    await page.waitForSelector('.facts time[datetime="2026-02-05T00:00:00.000Z"]');
    await site.goto(page, '/pod');
    const clock = page.locator('.checks li:has-text("clock")');
    await clock.locator('time').waitFor();
    assert.doesNotMatch(await clock.textContent(), /\dZ/);
    await page.context().close();
  });

  test('keeps the filter of the list, by the keyboard as by the mouse', async () => {
    const id = await site.make('tasks', { title: 'Of a filter' });
    const page = await site.visit();
    await site.signIn(page, { path: `/tasks/${id}?status=open` });
    await page.waitForSelector('.facts');
    for (const [key, path] of [
      ['v', `/tasks/${id}/history`],
      ['e', `/tasks/${id}/edit`],
      ['Escape', '/tasks'],
      ['c', '/tasks/new'],
      ['Escape', '/tasks'],
    ]) {
      await page.evaluate(() => document.activeElement.blur());
      await page.keyboard.press(key);
      await page.waitForURL(`**${path}?status=open`);
      // A form takes the focus once it is drawn.
      if (/edit|new/.test(path))
        await page.waitForFunction(() => document.activeElement.matches('.thing-form *'));
    }
    await page.click('text=New task');
    await page.waitForURL('**/tasks/new?status=open');
    await page.fill('.thing-form input', 'Another of it');
    await page.click('text=Make the task');
    await page.waitForURL(/tasks\/[0-9a-f-]{36}\?status=open$/);
    await page.click('.panel .actions >> text=Delete');
    await page.click('dialog .danger');
    await page.waitForURL('**/tasks?status=open');
    await page.context().close();
  });

  test('says of a field that is needed that it is, once and in words', async () => {
    const id = await site.make('tasks', { title: 'Has a title' });
    const page = await site.visit();
    page.removeAllListeners('dialog');
    page.on('dialog', (dialog) => void dialog.accept());
    await site.signIn(page, { path: '/tasks/new' });
    await page.fill('.thing-form textarea', 'without a title');
    await page.click('text=Make the task');
    await page.waitForSelector('.field .issue >> text=This is needed');
    await page.waitForSelector('[role=alert] >> text=beside the fields');
    assert.doesNotMatch(await page.textContent('.thing-form'), /Invalid|undefined/);
    await page.click('text=Cancel');
    await site.goto(page, `/tasks/${id}/edit`);
    await page.fill('.thing-form input', '');
    await page.click('text=Save');
    await page.waitForSelector('.field .issue >> text=This cannot be left empty');
    assert.doesNotMatch(await page.textContent('.thing-form'), /Too small/);
    await page.context().close();
  });

  test('has room for a long tag on a small screen', async () => {
    const id = await site.make('notes', { content: '# Tagged', tags: ['w'.repeat(90)] });
    const page = await site.visit({ viewport: NARROW });
    await site.signIn(page, { path: `/notes/${id}` });
    await page.waitForSelector('.facts .chip');
    await checkWidths(page, 'a long tag');
    await page.context().close();
  });

  test('tells what is wrong beside the field', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/catalogue/notes.create' });
    await page.fill('.fields textarea', '');
    await page.click('text=Call it');
    await page.waitForSelector('.field .issue');
    await page.fill('.fields textarea', 'tried');
    await page.click('text=Call it');
    await page.waitForSelector('.tried .json >> text=requestId');
    // Each, before anything is sent.
    await site.goto(page, '/catalogue/entityTypes.define');
    await page.fill('[data-field=schema]', '{');
    await page.fill('[data-field=lists]', '[');
    await page.click('text=Call it');
    await page.waitForSelector('.field .issue');
    assert.equal(await page.locator('.field .issue').count(), 2);
    assert.equal(await page.locator('.tried').count(), 0);
    await page.fill('[data-field=schema]', '{}');
    for (const name of ['lists', 'filters']) await page.fill(`[data-field=${name}]`, '');
    await page.click('text=Call it');
    await page.waitForSelector('.tried .json >> text=version');
    assert.equal(await page.locator('.field .issue').count(), 0);
    assert.deepEqual(
      page.complaints.filter((one) => !one.includes('status of 400')),
      [],
    );
    await page.context().close();
  });

  test('shows a new key once, and revokes it', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/users' });
    await page.click('text=Make a key');
    await page.fill('dialog input', 'a program');
    await page.keyboard.press('Enter');
    const key = await page.textContent('.secret code');
    assert.match(key, /^synap_/);
    await page.click('text=I have it');
    const isLive = async () => (await site.pod.http('notes.list', { key })).status === 200;
    assert.ok(await isLive());
    await page.click('tr:has-text("a program") >> text=Revoke');
    await page.click('dialog button.danger');
    await page.waitForSelector('tr.is-over:has-text("a program")');
    assert.equal(await isLive(), false);
    await page.context().close();
  });

  test('shows the browsers that are signed in, and signs one out', async () => {
    const [page, other] = [await site.visit(), await site.visit()];
    await site.signIn(page, { path: '/users' });
    await page.waitForSelector('[aria-label=Browsers] tr');
    const before = await page.locator('[aria-label=Browsers] tr').count();
    await site.signIn(other);
    await page.waitForFunction(
      (count) => document.querySelectorAll('[aria-label=Browsers] tr').length === count,
      before + 1,
    );
    assert.equal(await page.locator('[aria-label=Browsers] >> text=this one').count(), 1);
    // The newest first.
    await page.locator('[aria-label=Browsers] tr:not(:has-text("this one")) button').first().click();
    await other.waitForSelector('#sign-in-notice >> text=Your session has ended');
    await page.waitForFunction(
      (count) => document.querySelectorAll('[aria-label=Browsers] tr').length === count,
      before,
    );
    await page.context().close();
    await other.context().close();
  });

  test('shows the sign-in again, and why, when the session is ended elsewhere', async () => {
    const page = await site.visit();
    await site.signIn(page);
    await page.waitForSelector('.events-short');
    const half = await page.evaluate(() => localStorage.getItem('synap-page') ?? '1');
    const headers = { 'synap-page': half, origin: site.url, 'sec-fetch-site': 'same-origin' };
    const answer = await page.context().request.delete(`${site.url}/session`, { headers });
    assert.ok(answer.ok(), `${answer.status()}`);
    await page.waitForSelector('#sign-in-notice >> text=Your session has ended');
    await page.waitForSelector('#key');
    await page.context().close();
  });

  test('takes the token of a one-time link out of the address at once', async () => {
    const page = await site.visit();
    await page.goto(`${site.url}/#token=not-one`);
    await page.waitForFunction(
      () => document.querySelector('#sign-in-notice')?.textContent.length > 10,
    );
    assert.equal(page.url(), `${site.url}/`);
    assert.equal(await page.evaluate(() => history.length), 2, 'nothing to go back to has it');
    await page.context().close();
  });

  test('follows a link in a tab that shows the page, and asks before it changes who is here', async () => {
    const { key } = await site.call('users.create', { name: 'Mallory' });
    const link = async (options) => (await site.call('sessions.createLink', undefined, options.key)).path;
    const page = await site.visit();
    await site.signIn(page);
    await page.waitForSelector('.events-short');
    let asked = '';
    page.removeAllListeners('dialog');
    page.on('dialog', (dialog) => ((asked = dialog.message()), dialog.dismiss()));
    await page.evaluate((path) => (location.hash = path.slice(1)), await link({ key }));
    await page.waitForFunction(() => location.hash === '');
    await until(() => asked !== '', 'the page asks');
    assert.match(asked, /signed in as owner/);
    await page.reload();
    await page.waitForSelector('nav >> text=Pod');
    await page.context().close();
  });

  test('says the same words and units on Home, on Pod and in synap doctor', async () => {
    const page = await site.visit();
    await site.signIn(page);
    const home = page.locator('.numbers');
    await until(async () => /free\d/.test(await home.textContent()), 'the numbers are read');
    await page.waitForSelector('.numbers >> text=Log of changes');
    const shownOnHome = await home.textContent();
    await page.click('nav >> text=Pod');
    await page.waitForSelector('.checks li');
    await page.waitForSelector('.curve >> text=Log of changes');
    const shownOnPod = await page.textContent('.sheet');
    const command = ['doctor', '--data', site.pod.data, '--url', site.pod.url];
    const said = await new Promise((resolve) =>
      execFile(binary, command, (_, stdout) => resolve(stdout)),
    );
    for (const text of [shownOnHome, shownOnPod, said]) {
      assert.match(text, /disk/i);
      assert.match(text, /\d (MiB|GiB|TiB)/);
      assert.doesNotMatch(text, /\bWAL\b|\d [KMGT]B\b/);
    }
    await page.context().close();
  });

  test('begins its curves with the hour that the pod has kept', async () => {
    const page = await site.visit();
    // As a pod answers that has run for an hour.
    const { result } = (await site.pod.http('pod.samples')).body;
    const { at } = result.data;
    const samples = Array.from({ length: 360 }, (_, index) => ({
      at: at - (360 - index) * 10_000,
      eventsPerSecond: index === 100 ? 4_321 : 1,
      callsPerSecond: 2,
      residentBytes: 50 * 2 ** 20,
      logOfChangesBytes: 0,
      connections: 3,
      queuedJobs: 4,
      lagEvents: 5,
    }));
    await page.route('**/trpc/pod.samples*', (route) =>
      route.fulfill({ json: { result: { data: { samples, at } } } }),
    );
    await site.signIn(page, { path: '/pod' });
    await page.waitForSelector('svg[aria-label^="Events: now"][aria-label$="at most 4,321 /s in 1 h"]');
    const path = await page.getAttribute('svg[aria-label^="Lag:"] .line', 'd');
    assert.ok(path.split('L').length > 300, `${path.length} characters`);
    // And live behind it.
    await until(
      async () => !(await page.textContent('.curve:nth-child(1) b')).startsWith('1.0'),
      'the page goes on by itself',
    );
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('shows a member what is theirs', async () => {
    const { key } = await site.call('users.create', { name: 'Ada' });
    const page = await site.visit();
    await site.signIn(page, { key });
    await page.waitForSelector('.health.good');
    assert.equal(await page.locator('nav >> text=Pod').count(), 0);
    // The key that an owner has made for them is none that they have made.
    await page.waitForSelector('.first-steps li >> text=Make a key');
    assert.equal(await page.locator('.first-steps li.done >> text=Make a key').count(), 0);
    await page.click('nav >> text=Keys');
    await page.waitForSelector('tbody tr');
    assert.equal(await page.locator('text=Add a user').count(), 0);
    await site.goto(page, '/pod');
    await page.waitForSelector('text=is shown to its owners');
    assert.equal(await page.locator('main [role=alert]').count(), 0);
    await page.goto(`${site.url}/notes`);
    await page.waitForSelector('text=There is no note yet');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('begins at a position or a time, and goes back to live', async () => {
    await site.make('tasks', { title: 'before' });
    const position = await site.end();
    await site.make('tasks', { title: 'after' });
    const page = await site.visit();
    await site.signIn(page, { path: '/events' });
    await page.waitForSelector('.row >> text=after');
    await page.fill('.position input', String(position));
    await page.keyboard.press('Enter');
    await page.waitForSelector('.row >> text=before');
    assert.equal(await page.locator('.row >> text=after').count(), 0);
    assert.match(await page.textContent('.count'), new RegExp(`up to position ${position}`));
    await page.click('text=Back to live');
    await page.waitForSelector('.row >> text=after');
    await page.goto(`${site.url}/events/${position}`);
    await page.waitForSelector('.panel .facts >> text=Position');
    assert.match(await page.textContent('.panel .facts'), new RegExp(`Position${position}\\D`));
    await page.goto(`${site.url}/events/999999`);
    await page.waitForSelector('text=There is no event of yours at position 999999');
    await page.goto(`${site.url}/events`);
    await page.waitForSelector('.row >> text=after');
    await page.fill('.position input', '2020-01-01');
    await page.keyboard.press('Enter');
    await page.waitForSelector('text=Nothing has happened yet');
    await page.fill('.position input', '2040-01-01');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.row >> text=after');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('can be used with the keyboard alone', async () => {
    const page = await site.visit();
    const { keyboard } = page;
    await page.goto(site.url);
    await page.waitForSelector('#key');
    await keyboard.type(site.pod.key);
    await keyboard.press('Enter');
    await page.waitForSelector('[data-live=live]');
    await page.waitForSelector('nav >> text=Notes');
    await keyboard.press('j');
    await page.waitForSelector('.events-short a:focus');
    await keyboard.press('?');
    await page.waitForSelector('dialog[open] >> text=Go to Events');
    await keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await keyboard.press('g');
    await keyboard.press('n');
    await page.waitForURL('**/notes');
    await page.waitForSelector('text=New note');
    await keyboard.press('c');
    await page.waitForSelector('.thing-form textarea:focus');
    await keyboard.type('# By hand');
    await keyboard.press('Control+Enter');
    await page.waitForSelector('.reading >> text=By hand');
    await keyboard.press('e');
    await page.waitForSelector('.thing-form textarea:focus');
    await keyboard.press('Control+End');
    await keyboard.type('\n\nand more');
    await keyboard.press('Control+Enter');
    await page.waitForSelector('.reading >> text=and more');
    await keyboard.press('v');
    await page.waitForSelector('.diff .added >> text=and more');
    await keyboard.press('Escape');
    await page.waitForURL('**/notes');
    await keyboard.press('g');
    await keyboard.press('e');
    await page.waitForSelector('.virtual-list .row');
    await keyboard.press('/');
    await keyboard.type('noun:note is:completed');
    await page.waitForFunction(() => {
      const types = [...document.querySelectorAll('.row .event-type')];
      return types.length > 0 && types.every((one) => one.textContent.includes('completed'));
    });
    await keyboard.press('Escape');
    await keyboard.press('j');
    await page.waitForSelector('.row a:focus');
    const first = await page.evaluate(() => document.activeElement.dataset.key);
    await keyboard.press('j');
    await page.waitForFunction((before) => document.activeElement.dataset.key !== before, first);
    await keyboard.press('Enter');
    await page.waitForSelector('.cause-tree li');
    await keyboard.press('Escape');
    await page.waitForSelector('.split-panel', { state: 'detached' });
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('leads from a row past the others to what is open beside the list, and deletes it, by keys', async () => {
    for (const title of ['First', 'Second', 'Third', 'Fourth']) await site.make('tasks', { title });
    const page = await site.visit();
    const { keyboard } = page;
    await site.signIn(page, { path: '/tasks' });
    await page.waitForSelector('.row >> text=First');
    await keyboard.press('j');
    await keyboard.press('j');
    await page.waitForSelector('.row a:focus >> text=Third');
    await keyboard.press('Enter');
    await page.waitForSelector('.split-panel h2 >> text=Third');
    await page.waitForSelector('.row a:focus >> text=Third');
    await keyboard.press('Tab');
    await page.waitForSelector('.split-panel .panel-close:focus');
    await keyboard.press('Shift+Tab');
    await page.waitForSelector('.row a:focus >> text=Third');
    await keyboard.press('j');
    await page.waitForSelector('.row a:focus >> text=Second');
    await keyboard.press('Delete');
    await keyboard.press('?');
    await page.waitForSelector('dialog >> text=Delete it');
    assert.equal(await page.locator('dialog').count(), 1, 'what has the focus is not what is open');
    await keyboard.press('Escape');
    await keyboard.press('Enter');
    await page.waitForSelector('.split-panel h2 >> text=Second');
    await page.goBack();
    await page.waitForSelector('.split-panel h2 >> text=Third');
    await page.waitForSelector('.row a[tabindex="0"] >> text=Third');
    await page.locator('.row a', { hasText: 'Third' }).focus();
    await keyboard.press('Delete');
    await page.waitForSelector('dialog >> text=Delete this task?');
    await keyboard.press('Tab');
    await page.locator('dialog button', { hasText: 'Delete' }).focus();
    await keyboard.press('Enter');
    await page.waitForSelector('.row >> text=Third', { state: 'detached' });
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
});
