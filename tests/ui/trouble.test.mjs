// The page when something is in its way: answers that are slow or lost, a pod that is away, a key that may
// see little, a reader who leaves in the middle.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { NARROW, Site, until } from './site.mjs';

/** As a fault of the disk leaves the data of an event: by the rules of the database nobody may. */
function harm({ data }, id) {
  const script =
    'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); [d.execute(s) for s in sys.argv[2:]]; d.commit()';
  const row = `x'${id.replaceAll('-', '')}'`;
  execFileSync('python3', [
    '-c',
    script,
    join(data, 'synap.db'),
    'DROP TRIGGER events_are_not_updated',
    `UPDATE events SET data = '{"title":' WHERE id = ${row}`,
  ]);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the page in trouble', () => {
  let site;
  before(async () => (site = await Site.open()));
  after(() => site?.close());

  /** Loses the first answers of what matches: `sent` says whether the pod hears the question. */
  const lose = (page, pattern, times, { sent = false } = {}) =>
    page.route(
      pattern,
      async (route) => {
        if (sent) await route.fetch();
        await route.abort('connectionreset');
      },
      { times },
    );
  const slow = (page, pattern, ms) =>
    page.route(pattern, async (route) => {
      await pause(ms);
      await route.continue().catch(() => {});
    });
  const totalOf = async (plural) => (await site.call(`${plural}.list`, { limit: 1 })).total;

  test('what is typed behind / or in a new dialog stands in a field', async () => {
    const page = await site.visit();
    await site.signIn(page);
    await page.waitForSelector('h1');
    await page.keyboard.press('/');
    await page.waitForURL('**/search');
    await page.waitForFunction(() => document.activeElement?.matches('[data-search]'));
    await page.keyboard.type('plan');
    assert.equal(await page.inputValue('[data-search]'), 'plan');
    await page.goto(`${site.url}/users`);
    await page.click('text=Add a user');
    await page.waitForSelector('dialog[open] input');
    await page.keyboard.type('bob');
    assert.equal(await page.locator('dialog[open] input').first().inputValue(), 'bob');
    await page.close();
  });

  test('says that there is no such page, whatever the address is called', async () => {
    const page = await site.visit();
    await site.signIn(page);
    for (const path of ['/nowhere', '/constructor', '/__proto__', '/toString']) {
      await page.goto(site.url + path);
      await page.waitForSelector('text=There is no such page');
    }
    await page.close();
  });

  test('shows what can be read of an event that is damaged on disk', async (t) => {
    const site = await Site.open();
    t.after(() => site.close());
    await site.make('notes', { content: '# To be damaged' });
    const { events } = await site.call('events.list', { types: ['note.creation.completed'] });
    const { id } = events.at(-1);
    await site.pod.kill('SIGTERM');
    harm(site.pod, id);
    await site.pod.startAgain();
    const page = await site.visit();
    await site.signIn(page, { path: `/events/${id}` });
    await page.waitForSelector('.split-panel h2 >> text=note.creation.completed');
    assert.match(await page.textContent('.split-panel [role=alert]'), /is damaged on disk/);
    await page.waitForSelector('.cause-tree li:nth-child(2)');
    assert.match(await page.textContent('#data-title'), /\(damaged\)/);
    await page.close();
  });

  test('throws nothing that was written away without asking, by Back, by a link or by signing out', async () => {
    const id = await site.make('notes', { content: '# Kept' });
    const page = await site.visit();
    let asked = 0;
    let answer = 'dismiss';
    page.removeAllListeners('dialog');
    page.on('dialog', (dialog) => (++asked, dialog[answer]()));
    await site.signIn(page);
    await page.click('nav >> text=Notes');
    await page.click('.row >> text=Kept');
    await page.click('.tabs >> text=Edit');
    const field = page.locator('.thing-form textarea').first();
    await field.fill('# Kept\n\nand not saved');
    await page.goBack();
    await until(() => asked === 1, 'the page asks');
    await page.waitForURL(`**/notes/${id}/edit`);
    assert.equal(await field.inputValue(), '# Kept\n\nand not saved');
    await page.click('nav >> text=Runs');
    await until(() => asked === 2, 'the page asks again');
    await page.click('text=Sign out');
    await until(() => asked === 3, 'and once more');
    assert.equal(await field.inputValue(), '# Kept\n\nand not saved');
    // Back and forth stay in order after all that.
    answer = 'accept';
    await page.goBack();
    await until(() => asked === 4, 'it asks, and is told to leave');
    await page.waitForSelector('.reading');
    await page.goForward();
    await page.waitForURL(`**/notes/${id}/edit`);
    assert.equal(await field.inputValue(), '# Kept');
    await page.goBack();
    await page.goBack();
    await page.waitForURL('**/notes');
    assert.equal(asked, 4, 'where nothing is unsaved nothing is asked');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('keeps no draft of who signs out, however late the answer comes', async () => {
    const id = await site.make('notes', { content: '# Left behind' });
    const page = await site.visit();
    page.removeAllListeners('dialog');
    page.on('dialog', (dialog) => dialog.accept());
    await site.signIn(page, { path: `/notes/${id}/edit` });
    await page.locator('.thing-form textarea').first().fill('# Left behind, and changed');
    await page.route('**/session', async (route) => {
      if (route.request().method() !== 'DELETE') return route.continue();
      const response = await route.fetch();
      await pause(1500); // What is live has heard by then that the session is over.
      await route.fulfill({ response });
    });
    await page.click('text=Sign out');
    await page.waitForSelector('#key');
    assert.equal(await page.evaluate(() => sessionStorage.getItem('synap-drafts')), null);
    assert.equal(await page.locator('text=Your session has ended').count(), 0);
    await page.context().close();
  });

  test('moves a list along while more happens than can be asked for', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/tasks' });
    await slow(page, '**/trpc/tasks.list*', 250);
    // The one of the load may end after this began to count.
    const open = new Set();
    let most = 0;
    const ended = (request) => open.delete(request);
    page.on('request', (request) => {
      if (!request.url().includes('/trpc/tasks.list')) return;
      open.add(request);
      most = Math.max(most, open.size);
    });
    page.on('requestfinished', ended);
    page.on('requestfailed', ended);
    const shown = new Set();
    const end = Date.now() + 4_000;
    while (Date.now() < end) {
      await site.call('tasks.create', { title: 'one of many' });
      shown.add(await page.textContent('.bar-top .quiet'));
      await pause(40);
    }
    assert.ok(shown.size >= 5, `it showed ${[...shown].join(', ')}`);
    assert.equal(most, 1, 'one question at a time');
    const total = String(await totalOf('tasks'));
    await page.waitForFunction((wanted) => document.querySelector('.bar-top .quiet').textContent === wanted, total);
    await page.context().close();
  });

  test('says of half a date and of no number what they are, and sends nothing', async () => {
    const id = await site.make('tasks', { title: 'Due', dueDate: '2026-03-04' });
    const sent = [];
    const type = async (path, control, keys, action, said) => {
      const page = await site.visit();
      await site.signIn(page, { path });
      page.on('request', (request) => request.method() === 'POST' && sent.push(request.url()));
      await page.focus(control);
      for (const key of keys) await page.keyboard.press(key);
      await page.click(`text=${action}`);
      await page.waitForSelector(`.field .issue >> text=${said}`);
      assert.equal(await page.locator('.tried').count(), 0);
      await page.context().close();
    };
    // Only a part of the date is taken away.
    const date = '.thing-form input[type=date]';
    await type(`/tasks/${id}/edit`, date, ['Backspace'], 'Save', 'Due date: this is no date');
    await type('/catalogue/notes.create', 'input[type=datetime-local]', '0230', 'Call it', 'this is no time');
    for (const text of ['1e400', '5e']) {
      await type('/catalogue/events.list', '[data-field=limit]', text, 'Call it', 'Limit: this is no number');
    }
    assert.deepEqual(sent.filter((url) => /update|create/.test(url)), []);
    assert.equal((await site.call('tasks.get', { id })).dueDate, '2026-03-04');
  });

  test('says no longer that the pod is away than it is', async () => {
    const page = await site.visit();
    await site.signIn(page);
    await site.pod.kill('SIGTERM');
    await page.waitForSelector('[data-live=lost]');
    await lose(page, '**/trpc/notes.create*', 1);
    await page.fill('.quick-note textarea', '# Later');
    await page.click('text=Make the note');
    await page.waitForSelector('.quick-note .issue >> text=does not answer');
    await site.pod.startAgain();
    await page.waitForSelector('[data-live=live]');
    await page.waitForSelector('.quick-note .issue', { state: 'detached' });
    assert.equal(await page.inputValue('.quick-note textarea'), '# Later');
    await page.context().close();
  });

  test('says that a link is damaged, and asks for a key', async () => {
    const page = await site.visit();
    await page.goto(`${site.url}/#token=%E0%A4%A`);
    await page.waitForSelector('#key');
    await page.waitForSelector('#sign-in-notice >> text=The link is damaged');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('shows every user, the browsers that are signed in, and all keys, however many', async () => {
    const page = await site.visit();
    for (let at = 0; at < 110; ++at) await site.call('users.create', { name: `number ${at}` });
    const { userId } = await site.call('users.create', { name: 'The last' });
    await site.signIn(page, { path: `/users/${userId}` });
    await page.waitForSelector('h2 >> text=Keys of The last');
    await page.goto(`${site.url}/users`);
    await page.waitForSelector('[aria-label=Users] tbody tr:nth-child(100)');
    await page.click('[aria-label=Users] >> text=More');
    await page.waitForSelector('[aria-label=Users] >> text=The last');
    assert.equal(await page.locator('[aria-label=Users] >> text=More').count(), 0);
    // Sessions are given page by page, the oldest first: of another size here, for the time it takes.
    await page.route('**/trpc/keys.list*', (route) =>
      route.continue({ url: route.request().url().replace('%22limit%22%3A500', '%22limit%22%3A1') }),
    );
    for (const _ of [1, 2, 3]) {
      const headers = { authorization: `Bearer ${site.pod.key}`, 'synap-page': '1' };
      const answer = await fetch(`${site.pod.url}/session`, { method: 'POST', headers });
      assert.ok(answer.ok, await answer.text());
    }
    await page.goto(`${site.url}/users`);
    await page.waitForSelector('[aria-label=Browsers] tr:nth-child(3)');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('has the versions of a thing page by page, to compare and to go back to', async () => {
    const id = await site.make('notes', { content: 'one of many 1' });
    for (let at = 2; at <= 203; ++at) await site.call('notes.update', { id, content: `one of many ${at}` });
    const isAt = async (version) =>
      until(async () => (await site.call('notes.get', { id })).version === version, `version ${version}`);
    await isAt(203);
    const page = await site.visit();
    await site.signIn(page, { path: `/notes/${id}/history` });
    await page.waitForSelector('.versions li:nth-child(200)');
    await page.click('text=Older versions');
    await page.click('.versions >> text="version 2"');
    await page.waitForSelector('.diff .removed >> text=one of many 1');
    await page.click('.versions li:nth-child(202) >> text=Restore');
    await page.click('dialog button.danger');
    await isAt(204);
    assert.equal((await site.call('notes.get', { id })).content, 'one of many 2');
    await page.waitForSelector('.versions li:nth-child(204)');
    assert.equal(await page.locator('.versions >> text="now"').count(), 1);
    assert.equal(await page.locator('text=Older versions').count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('makes one note of one intent, whichever answer is lost', async () => {
    const page = await site.visit();
    await site.signIn(page);
    const before = await totalOf('notes');
    await lose(page, '**/trpc/requests.get*', 2);
    await page.fill('.quick-note textarea', '# Its end is asked for again');
    await page.click('text=Make the note');
    await page.waitForSelector('.sayings >> text=The note is stored');
    await lose(page, '**/trpc/notes.create*', 1, { sent: true });
    await page.fill('.quick-note textarea', '# Its answer is lost');
    await page.click('text=Make the note');
    await page.waitForSelector('.quick-note .issue >> text=whether this was done is not known');
    await page.click('text=Make the note');
    await page.waitForFunction(() => document.querySelector('.quick-note textarea').value === '');
    assert.equal(await totalOf('notes'), before + 2);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('makes one key of one intent, and says that the key was lost with its answer', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/users' });
    // A browser takes no Enter where the button of a form is not enabled yet.
    const enter = async () => {
      await page.waitForSelector('dialog [type=submit]:enabled');
      await page.press('dialog input', 'Enter');
    };
    await page.click('text=Make a key');
    await page.fill('dialog input', 'made once');
    await lose(page, '**/trpc/keys.create*', 1, { sent: true });
    await enter();
    await page.waitForSelector('dialog .issue >> text=does not answer');
    await enter();
    await page.waitForSelector('dialog .issue >> text=Revoke it, and make another');
    const { keys } = await site.call('keys.list', { limit: 500 });
    assert.equal(keys.filter(({ name }) => name === 'made once').length, 1);
    // Which is another, with a key of its own.
    await enter();
    assert.match(await page.textContent('.secret code'), /^synap_/);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('finds what is typed, however slowly the pod answers', async () => {
    for (const turn of [1, 2]) await site.make('tasks', { title: `zebra ${turn}` });
    await site.flood(700);
    const page = await site.visit();
    await slow(page, '**/trpc/events.list*', 400);
    await site.signIn(page, { path: '/events' });
    await page.waitForSelector('.virtual-list .row');
    await page.locator('[data-search]').pressSequentially('zebra', { delay: 60 });
    await page.waitForFunction(() => document.querySelector('.count').textContent === '4 found');
    await page.waitForSelector('text=No older ones pass');
    await page.context().close();
  });

  test('says of a filter that it means no time, and of a screen that it cannot be shown', async () => {
    const page = await site.visit();
    await site.signIn(page);
    for (const term of ['since:999999999d', 'until:%2B275760-09-13T00:00:00Z']) {
      await site.goto(page, `/events?q=${term}`);
      await page.waitForSelector('.issue >> text=give a time');
    }
    await site.goto(page, '/events?at=999999999d');
    await page.waitForSelector('.virtual-list .row');
    assert.deepEqual(page.complaints, []);
    await page.route('**/trpc/pod.doctor*', (route) => route.fulfill({ json: { result: { data: { checks: 7 } } } }));
    await site.goto(page, '/pod');
    await page.waitForSelector('main [role=alert] >> text=This cannot be shown');
    await page.click('nav >> text=Home');
    await page.waitForSelector('.health.good');
    assert.match(page.complaints.join(), /checks\.map|is not a function/);
    await page.context().close();
  });

  test('comes to life by itself if the pod was away when it was loaded', async () => {
    const page = await site.visit();
    await site.signIn(page);
    for (const pattern of ['**/trpc/events.list*', '**/openapi.json', '**/session']) {
      await lose(page, pattern, 1);
      await page.reload();
      await page.waitForSelector('[data-live=live]');
      await page.waitForSelector('nav >> text=Notes');
      await page.waitForSelector('.events-short');
      assert.equal(await page.locator('main > .problem').count(), 0, pattern);
    }
    // As long as it is not known who is here nobody is asked for a key.
    const hold = (route) => route.abort('connectionrefused');
    await page.route('**/session', hold);
    await page.reload();
    await page.waitForSelector('text=It is tried again by itself');
    assert.equal(await page.locator('#key').count(), 0);
    await page.unroute('**/session', hold);
    await page.waitForSelector('[data-live=live]');
    assert.deepEqual(page.complaints.filter((one) => !/ERR_/.test(one)), []);
    await page.context().close();
  });

  test('loads a screen once the pod is back, if it was away when that was asked for', async () => {
    for (const files of ['**/*.js', '**/*.css']) {
      const page = await site.visit();
      await site.signIn(page);
      await page.waitForSelector('nav >> text=Notes');
      await page.route(files, (route) => route.abort('connectionrefused'));
      await page.click('nav >> text=Runs');
      await page.waitForSelector('main [role=alert] >> text=did not load');
      await page.unroute(files);
      await page.waitForSelector('.bar-top h1 >> text=Runs');
      assert.deepEqual(page.complaints.filter((one) => !/ERR_/.test(one)), []);
      await page.context().close();
    }
  });

  test('keeps what is being written though the thing is deleted or the session is ended', async () => {
    const id = await site.make('notes', { content: '# Deleted elsewhere', tags: ['kept'] });
    const page = await site.visit();
    page.removeAllListeners('dialog');
    page.on('dialog', (dialog) => void dialog.accept());
    await site.signIn(page, { path: `/notes/${id}/edit` });
    const field = page.locator('.thing-form textarea').first();
    await field.fill('# My words');
    await site.call('notes.delete', { id });
    await page.waitForSelector('[role=alert] >> text=was deleted');
    assert.equal(await field.inputValue(), '# My words');
    await page.click('text=Make a new note');
    await page.waitForSelector('.reading >> text=My words');
    assert.ok(!page.url().includes(id));
    await page.waitForSelector('.facts >> text=kept');

    const endSession = async () => {
      const half = await page.evaluate(() => localStorage.getItem('synap-page') ?? '1');
      const headers = { 'synap-page': half, origin: site.url, 'sec-fetch-site': 'same-origin' };
      await page.context().request.delete(`${site.url}/session`, { headers });
      await page.waitForSelector('#sign-in-notice >> text=Your session has ended');
    };
    const signInAgain = async (key = site.pod.key) => {
      await page.fill('#key', key);
      await page.keyboard.press('Enter');
      await page.waitForSelector('[data-live=live]');
    };
    const edit = new URL(page.url()).pathname + '/edit';
    for (const [path, selector, isLoadedAgain] of [
      ['/notes/new', '.thing-form textarea', false],
      ['/notes/new', '.thing-form textarea', true],
      [edit, '.thing-form textarea', true],
      ['/', '.quick-note textarea', true],
      ['/catalogue/notes.create', '.fields textarea', true],
    ]) {
      await site.goto(page, path);
      await page.locator(selector).first().fill('# Not lost');
      await endSession();
      if (isLoadedAgain) await page.reload();
      await signInAgain();
      await page.waitForSelector(selector);
      assert.equal(await page.locator(selector).first().inputValue(), '# Not lost', path);
      await page.locator(selector).first().fill('');
    }
    // What was changed meanwhile is a conflict as before.
    await site.goto(page, edit);
    await page.locator('.thing-form textarea').first().fill('# Mine');
    await endSession();
    await site.call('notes.update', { id: edit.split('/')[2], content: '# Theirs' });
    await signInAgain();
    await page.click('text=Save');
    await page.waitForSelector('.thing-form .issue >> text=changed meanwhile');
    // And no other user sees the words.
    const { key } = await site.call('users.create', { name: 'Bob' });
    await site.goto(page, '/notes/new');
    await page.fill('.thing-form textarea', '# Mine alone');
    await endSession();
    await page.reload();
    await signInAgain(key);
    await page.waitForSelector('.thing-form textarea');
    assert.equal(await page.inputValue('.thing-form textarea'), '');
    // Nor do they stay behind one who signs out.
    await page.click('text=Sign out');
    await page.waitForSelector('#key');
    const kept = () => page.evaluate(() => JSON.stringify({ ...sessionStorage }));
    assert.match(await kept(), /Mine alone/, 'what is of somebody else waits on');
    await page.goto(site.url);
    await signInAgain();
    await page.click('text=Sign out');
    await page.waitForSelector('#key');
    assert.doesNotMatch(await kept(), /Mine alone/);
    await page.context().close();
  });

  test('asks before what was written to try a procedure is thrown away', async () => {
    const page = await site.visit();
    let asked = 0;
    page.removeAllListeners('dialog');
    page.on('dialog', (dialog) => (++asked, dialog.dismiss()));
    await site.signIn(page, { path: '/catalogue/notes.create' });
    await page.locator('.fields textarea').first().fill('tried');
    await page.click('nav >> text=Home');
    await until(() => asked === 1, 'the page asks');
    assert.equal(await page.locator('.fields textarea').first().inputValue(), 'tried');
    await page.click('text=Call it');
    await page.waitForSelector('.tried .json >> text=requestId');
    await page.click('nav >> text=Home');
    await page.waitForSelector('.events-short');
    assert.equal(asked, 1, 'what was sent is not lost');
    await page.context().close();
  });

  test('says how far titles were looked through, and where all of them are', async () => {
    const page = await site.visit();
    await page.route('**/trpc/tasks.list*', (route) => {
      const { cursor = '0' } = JSON.parse(new URL(route.request().url()).searchParams.get('input'));
      const tasks = Array.from({ length: 100 }, (_, index) => ({ id: `${cursor}-${index}`, title: 'one of many' }));
      return route.fulfill({ json: { result: { data: { tasks, total: 9_000, nextCursor: `${Number(cursor) + 1}` } } } });
    });
    await site.signIn(page, { path: '/tasks?find=Rare' });
    await page.waitForSelector('.list-footer >> text=The first 5,000 of the list were looked at');
    await page.click('.list-footer >> text=Search all of it');
    await page.waitForURL('**/search?q=Rare');
    await page.context().close();
  });

  test('notices by any answer that nobody is signed in any more', async () => {
    const page = await site.visit();
    await site.signIn(page);
    await page.waitForSelector('.events-short');
    await page.route('**/metrics?*', (route) => route.fulfill({ status: 401 }));
    await page.waitForSelector('#sign-in-notice >> text=Your session has ended');
    await page.context().close();
  });

  test('says where an address leads nowhere', async () => {
    const id = await site.make('notes', { content: '# Is here' });
    const page = await site.visit();
    await site.signIn(page, { path: `/notes/${id}/bogus` });
    await page.waitForSelector('.panel >> text=There is no such page');
    await site.goto(page, '/users/01a21f99-28c1-713b-92d4-d5a482b97d6a');
    await page.waitForSelector('text=There is no such user');
    await site.goto(page, '/events?at=99999999999999999999');
    await page.waitForSelector('.virtual-list .row');
    assert.match(await page.textContent('.count'), /^up to position [1-9]/);
    // Whatever another page of this origin has left there.
    await page.evaluate(() => localStorage.setItem('synap-page', 'ключ'));
    await page.reload();
    await page.waitForSelector('#key');
    await page.context().close();
  });

  test('leaves the ends of lines as they were', async () => {
    const id = await site.make('notes', { content: 'one\r\ntwo\r\n' });
    const page = await site.visit();
    await site.signIn(page, { path: `/notes/${id}/edit` });
    await page.fill('.thing-form textarea', 'one\ntwo\nthree\n');
    await page.click('text=Save');
    await page.waitForSelector('.reading >> text=three');
    assert.equal((await site.call('notes.get', { id })).content, 'one\r\ntwo\r\nthree\r\n');
    // Of several kinds each stays.
    const mixed = await site.make('notes', { content: 'one\r\ntwo\nthree\r\nfour' });
    await site.goto(page, `/notes/${mixed}/edit`);
    await page.fill('.thing-form textarea', 'one\nTWO\nthree\nfour\nfive');
    await page.click('text=Save');
    await page.waitForSelector('.reading >> text=five');
    assert.equal((await site.call('notes.get', { id: mixed })).content, 'one\r\nTWO\nthree\r\nfour\r\nfive');
    await page.context().close();
  });

  test('has a heading where a panel covers the list', async () => {
    const id = await site.make('notes', { content: '# On a small screen' });
    const page = await site.visit({ viewport: NARROW });
    await site.signIn(page, { path: `/notes/${id}` });
    const { events } = await site.call('events.list', { aggregateId: id });
    for (const path of [`/notes/${id}`, `/events/${events[0].id}`, '/catalogue/notes.create']) {
      await site.goto(page, path);
      await page.waitForSelector('.split-panel h2');
      const isRead = (one) => one.checkVisibility();
      assert.equal(await page.$eval('h1', isRead), true, path);
      assert.equal(await page.$eval('.split-list .toolbar', isRead), false, path);
    }
    await page.context().close();
  });

  test('shows a key of few scopes what it may see, and says what it may not', async () => {
    const { key } = await site.call('keys.create', { name: 'notes', scopes: ['notes:read', 'notes:write'] });
    const page = await site.visit();
    await page.goto(site.url);
    await page.fill('#key', key);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-live=refused] >> text=not live');
    await page.waitForSelector('.newest >> text=it needs the scope events:read');
    await page.waitForSelector('.health.good >> text=The pod is ready');
    await page.waitForSelector('text=with a key that has the scope metrics:read');
    assert.equal(await page.locator('main > .problem').count(), 0);
    assert.doesNotMatch(await page.textContent('main'), /out of date/i);
    await page.click('nav >> text=Events');
    await page.waitForSelector('text=It needs the scope events:read');
    // What it may do it does, and its list moves nevertheless.
    await page.click('nav >> text=Notes');
    await page.waitForSelector('.row');
    await page.click('text=New note');
    await page.fill('.thing-form textarea', '# By a small key');
    await page.click('text=Make the note');
    await page.waitForSelector('.sayings >> text=requests:read is needed');
    await page.waitForSelector('.reading >> text=By a small key');
    await page.waitForSelector('.row >> text=By a small key');
    await page.context().close();
  });

  test('goes through the hash chain though an answer is lost, and asks no more once it is left', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/pod' });
    await lose(page, '**/trpc/log.verify*', 1);
    await page.click('text=Verify the hash chain');
    await page.waitForSelector('text=events continue the chain');
    await page.waitForSelector('button:enabled >> text=Verify the hash chain');
    let asked = 0;
    await page.route('**/trpc/log.verify*', (route) => {
      ++asked;
      return route.fulfill({ json: { result: { data: { events: 1, ok: true, nextAfter: asked } } } });
    });
    await page.click('text=Verify the hash chain');
    await until(() => asked > 3, 'it goes on');
    await page.click('nav >> text=Home');
    await page.waitForSelector('.health.good');
    const then = asked;
    await pause(300);
    assert.ok(asked <= then + 1, `${asked - then} more`);
    await page.context().close();
  });

  test('ticks an import off for what was imported, and for nothing else', async () => {
    const page = await site.visit();
    for (let turn = 0; turn < 22; ++turn) await site.call('notes.create', { content: `# By hand ${turn}` });
    await until(async () => (await totalOf('notes')) > 21, 'they are there');
    await site.signIn(page);
    await page.waitForSelector('.first-steps li.done >> text=Make a note');
    assert.equal(await page.locator('.first-steps li.done >> text=Import').count(), 0);
    await site.make('notes', {
      content: '# From a file',
      origin: { path: '/notes/a.md', checksum: '0'.repeat(64) },
      batch: 'one',
    });
    await page.waitForSelector('.first-steps li.done >> text=Import');
    await page.reload();
    await page.waitForSelector('.first-steps li.done >> text=Import');
    await page.context().close();
    // The pod knows, so another browser does, though all notes are deleted since and none is a new one.
    const { notes } = await site.call('notes.list', { limit: 100 });
    for (const { id } of notes) await site.call('notes.delete', { id });
    await until(async () => (await totalOf('notes')) === 0, 'they are gone');
    const other = await site.visit();
    await site.signIn(other);
    await other.waitForSelector('.first-steps li.done >> text=Make a note');
    await other.waitForSelector('.first-steps li.done >> text=Import');
    assert.deepEqual(other.complaints, []);
    await other.context().close();
  });

  test('says where one has come to, has the focus there, and leaves single keys alone if asked to', async () => {
    const id = await site.make('notes', { content: '# The title of one' });
    const page = await site.visit();
    await site.signIn(page);
    await page.waitForSelector('nav >> text=Notes');
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.localName);
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await page.waitForURL('**/notes');
    await until(async () => (await focused()) === 'main', 'the focus is in the screen');
    await page.waitForSelector('[data-said] >> text=Notes');
    await page.click('nav >> text=Runs');
    await until(async () => (await focused()) === 'main', 'after a click, too');
    await site.goto(page, `/notes/${id}`);
    await page.waitForFunction(() => document.title === 'The title of one · Notes · Synap');
    // Nobody has come from elsewhere: the first Tab is on the way past the navigation.
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.title === 'Notes · Synap');
    await page.keyboard.press('?');
    await page.uncheck('dialog >> text=Letters and signs');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    for (const key of ['g', 'e', '?', 'c']) await page.keyboard.press(key);
    await pause(200);
    assert.equal(new URL(page.url()).pathname, '/notes');
    assert.equal(await page.locator('dialog').count(), 0);
    await page.reload();
    await page.waitForSelector('[data-live=live]');
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await pause(200);
    assert.equal(new URL(page.url()).pathname, '/notes', 'it is kept');
    await page.click('[aria-label="Keyboard help"]');
    await page.check('dialog >> text=Letters and signs');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForURL('**/events');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
});
