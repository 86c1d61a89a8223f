// Each object that a screen lists has an address: its link leads there, and a reload shows it again. And
// relations, which have no titles of their own, are shown by those of their ends.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { checkAccessibility, checkWidths, NARROW, Site, until, WIDE } from './site.mjs';

describe('addresses', () => {
  let site;
  let first;
  let second;
  let relation;
  before(async () => {
    site = await Site.open();
    first = await site.make('notes', { content: '# Alpha\n\nThe one.' });
    second = await site.make('tasks', { title: 'Beta' });
    relation = await site.make('relations', { fromId: first, toId: second, type: 'depends_on' });
    await site.call('eventTypes.register', {
      name: 'x.weight.recorded',
      schema: { type: 'object', properties: { kg: { type: 'number' } }, required: ['kg'] },
    });
    await site.call('users.create', { name: 'Ada' });
    await site.call('keys.create', { name: 'a laptop', scopes: ['notes:read'] });
    // A browser that is signed in at the pod itself.
    const headers = { authorization: `Bearer ${site.pod.key}`, 'synap-page': '1' };
    assert.ok((await fetch(`${site.pod.url}/session`, { method: 'POST', headers })).ok);
  });
  after(() => site?.close());

  const close = async (page) => {
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  };

  test('what is listed has an address that survives a reload', async () => {
    const { keys } = await site.call('keys.list', { kind: 'key' });
    const laptop = keys.find(({ name }) => name === 'a laptop');
    const { users } = await site.call('users.list');
    const ada = users.find(({ name }) => name === 'Ada');
    const page = await site.visit();
    await site.signIn(page);
    // The list, what is clicked in it, the address that this has, and what shows the object there.
    const kinds = [
      ['/notes', `a[href="/notes/${first}"]`, `/notes/${first}`, '.reading'],
      ['/tasks', `a[href="/tasks/${second}"]`, `/tasks/${second}`, '.split-panel >> text=Beta'],
      ['/relations', `a[href="/relations/${relation}"]`, `/relations/${relation}`, '.split-panel dl >> text=Alpha'],
      ['/events', '.virtual-list a.row, .virtual-list .row a', /^\/events\/[0-9a-f-]{36}$/, '.split-panel'],
      ['/runs', '.virtual-list a.row, .virtual-list .row a', /^\/runs\/\w+/, '.split-panel'],
      ['/functions', 'a[href^="/functions/notes.create"]', /^\/functions\/notes\.create/, '.facts'],
      ['/catalogue', 'a[href="/catalogue/notes.create"]', '/catalogue/notes.create', '#try-title'],
      ['/catalogue/types', 'a[href="/catalogue/types/x.weight.recorded"]', '/catalogue/types/x.weight.recorded', 'text=kg'],
      ['/users', `a[href="/users/${ada.id}"]`, `/users/${ada.id}`, 'h2 >> text=Keys of'],
      ['/users', 'a[href*="/keys/"] >> text=a laptop', `/users/${users[0].id}/keys/${laptop.id}`, 'tr.is-open >> text=a laptop'],
      ['/users', '[aria-label=Browsers] a', /^\/users\/[^/]+\/browsers\/[^/]+$/, '[aria-label=Browsers] tr.is-open'],
    ];
    for (const [list, link, address, shown] of kinds) {
      await page.goto(site.url + list);
      await page.locator(link).first().click();
      await page.waitForURL(({ pathname }) =>
        typeof address === 'string' ? pathname === address : address.test(pathname),
      );
      await page.waitForSelector(shown);
      await page.reload();
      await page.waitForSelector(shown);
    }
    await page.goto(`${site.url}/users/${users[0].id}/keys/${users[0].id}`);
    await page.waitForSelector('text=There is no such key');
    await page.goto(`${site.url}/users/${users[0].id}/browsers/${users[0].id}`);
    await page.waitForSelector('text=This browser is not signed in');
    await close(page);
  });

  test('what an address names is seen in its list, however far down it stands', async () => {
    const page = await site.visit();
    await site.signIn(page);
    for (const path of ['/catalogue/users.list', '/catalogue/types/user.creation.completed']) {
      await page.goto(site.url + path);
      await page.waitForSelector('[aria-current=true][data-in-list]');
      const { y } = await page.locator('[aria-current=true][data-in-list]').boundingBox();
      assert.ok(y > 0 && y < 800, `${path}: ${y}`);
    }
    await close(page);
  });

  test('events are chosen by every noun that has some', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/events?q=noun:weight' });
    await page.waitForFunction(() =>
      [...document.querySelector('select[aria-label=Noun]').options].some(({ text }) => text === 'proposal'),
    );
    const nouns = await page.locator('select[aria-label=Noun] option').allTextContents();
    for (const noun of ['agent', 'chat', 'store_item', 'note', 'weight'])
      assert.ok(nouns.includes(noun), `${noun} of ${nouns}`);
    assert.equal(await page.inputValue('select[aria-label=Noun]'), 'weight');
    await close(page);
  });

  test('relations are listed by the titles of their ends, asked for together', async () => {
    const many = [];
    for (let n = 0; n < 12; ++n) {
      const to = await site.make('notes', { content: `# Far ${n}` });
      many.push(await site.make('relations', { fromId: first, toId: to, type: 'part_of' }));
    }
    const gone = await site.make('notes', { content: '# Gone' });
    await site.make('relations', { fromId: gone, toId: first, type: 'part_of' });
    await site.call('notes.delete', { id: gone });
    const page = await site.visit();
    const asked = [];
    page.on('request', (request) => request.url().includes('relations.neighbours') && asked.push(request.url()));
    await site.signIn(page, { path: '/relations' });
    for (let n = 0; n < 12; ++n) await page.waitForSelector(`.thing-row >> text=/Alpha.*part of.*Far ${n}$/`);
    await page.waitForSelector('.thing-row >> text=/Alpha.*depends on.*Beta/');
    assert.ok(asked.length <= 2, `${asked.length} requests`);

    await page.click('.thing-row >> text=/Alpha.*depends on.*Beta/');
    await page.waitForURL(`**/relations/${relation}`);
    await page.click('.split-panel dl a >> text=Beta');
    await page.waitForURL(`**/tasks/${second}`);
    await page.waitForSelector('.split-panel h2 >> text=Beta');
    await close(page);
  });

  test('the ends of a new relation are chosen by their titles', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/relations/new' });
    const from = page.locator('.field.thing', { hasText: 'From' });
    const to = page.locator('.field.thing', { hasText: 'To' });
    await from.locator('input').fill('zzz');
    await from.locator('text=No title is found').waitFor();
    await from.locator('input').fill('alp');
    await from.locator('button >> text=Alpha').waitFor();
    await page.keyboard.press('ArrowDown');
    await from.locator('button:focus >> text=Alpha').waitFor();
    await page.keyboard.press('ArrowUp');
    await from.locator('input').dispatchEvent('keydown', { key: 'Enter', isComposing: true });
    assert.equal(await from.locator('input').inputValue(), 'alp', 'what ends a composition takes nothing');
    await page.keyboard.press('Enter');
    assert.equal(await from.locator('input').inputValue(), first, 'Enter takes the first, and sends nothing');
    await from.locator('input:focus').waitFor();
    await to.locator('input').fill(second);
    await to.locator('.choices >> text=Beta').waitFor();
    await page.fill('.field:has-text("Type") input', 'part_of');
    await checkAccessibility(page, 'a new relation');
    await page.setViewportSize(NARROW);
    await checkWidths(page, 'a new relation');
    await page.setViewportSize(WIDE);
    await page.click('.thing-form button.primary');
    await page.waitForSelector('.thing-row >> text=/Alpha.*part of.*Beta/');
    await close(page);
  });

  test('things of a type of one\'s own are filtered by what it declares', async () => {
    await site.call('entityTypes.define', {
      name: 'x.book',
      schema: { type: 'object', properties: { title: { type: 'string' }, pages: { type: 'integer' } }, additionalProperties: false },
      filters: ['pages'],
      title: 'title',
    });
    const make = (title, pages) => site.call('entities.create', { type: 'x.book', data: { title, pages } });
    await make('Emma', 400);
    await make('Persuasion', 200);
    const page = await site.visit();
    await site.signIn(page, { path: '/entities?type=x.book' });
    await page.waitForSelector('.thing-row >> text=Persuasion');
    await page.fill('.filters label:has-text("pages") input', '400');
    await page.keyboard.press('Tab');
    await page.waitForSelector('.thing-row >> text=Persuasion', { state: 'detached' });
    await page.waitForSelector('.thing-row >> text=Emma');
    await close(page);
  });

  test('an address of nothing, or of what another may see, says so', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/users/01a22313-0000-7000-8000-000000000000/nonsense' });
    await page.waitForSelector('text=There is no such page');
    const { key } = await site.call('users.create', { name: 'Mia' });
    const { users } = await site.call('users.list');
    const member = await site.visit();
    await site.signIn(member, { key, path: `/users/${users.find(({ name }) => name !== 'Mia').id}` });
    await member.waitForSelector('text=Only owners see the keys of others');
    await site.goto(member, `/users/${users.find(({ name }) => name === 'Mia').id}`);
    await member.waitForSelector('[aria-label=Browsers] a');
    await close(page);
    await close(member);
  });

  test('a key is made that expires, and its form says when', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/users' });
    await page.click('text=Make a key');
    await page.fill('dialog [data-field=name]', 'for a day');
    await page.fill('dialog [data-field=expiresAt]', '2040-05-06T07:08');
    await page.click('dialog button[type=submit]');
    await page.waitForSelector('.secret code');
    await page.click('text=I have it');
    await page.waitForSelector('tr:has-text("for a day") >> text=2040');
    const expiresAt = async () =>
      (await site.call('keys.list', { kind: 'key' })).keys.find(({ name }) => name === 'for a day')?.expiresAt;
    await until(async () => (await expiresAt())?.startsWith('2040-05-0'), 'it expires');
    await close(page);
  });

  test('what is half typed can be saved, which says what it is, and is not copied', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: `/tasks/${second}/edit` });
    const save = page.locator('.thing-form button.primary');
    assert.ok(await save.isDisabled());
    await page.focus('.thing-form input[type=date]');
    await page.keyboard.press('0');
    await page.keyboard.press('2');
    await save.click({ timeout: 5_000 });
    await page.waitForSelector('.field .issue >> text=this is no date');

    await page.goto(`${site.url}/catalogue/events.list`);
    await page.focus('[data-field=limit]');
    for (const key of '5e') await page.keyboard.press(key);
    for (const label of ['curl', 'TypeScript']) {
      await page.click(`.section-title button >> text=${label}`);
      await page.waitForSelector('text=Nothing is copied: look at what is said beside the fields');
      await page.waitForSelector('.field .issue >> text=Limit: this is no number');
    }
    await close(page);
  });
});

describe('ends of relations', () => {
  let site;
  let hub;
  before(async () => {
    process.env.SYNAP_BATCH_MAX = '4';
    site = await Site.open();
    delete process.env.SYNAP_BATCH_MAX;
    hub = await site.make('notes', { content: '# Hub' });
    for (let n = 0; n < 9; ++n) {
      const to = await site.make('notes', { content: `# Far ${n}` });
      await site.make('relations', { fromId: hub, toId: to, type: 'part_of' });
    }
  });
  after(() => site?.close());

  const shown = (page, title) =>
    Promise.all([...Array(9).keys()].map((n) => page.waitForSelector(`.thing-row >> text=/${title}.*part of.*Far ${n}$/`)));
  const asked = (page) => {
    const inputs = [];
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (!url.pathname.includes('relations.neighbours')) return;
      inputs.push(...Object.values(JSON.parse(url.searchParams.get('input'))).map(({ id }) => id));
    });
    return inputs;
  };

  test('have their titles also where a pod takes small batches only', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/relations' });
    await shown(page, 'Hub');
    await page.context().close(); // a browser tells of each refusal
  });

  test('follow a new title, which is asked for once', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/relations' });
    await shown(page, 'Hub');
    const inputs = asked(page);
    await site.call('notes.update', { id: hub, title: 'Centre' });
    await shown(page, 'Centre');
    // A note's update is two events, which may come so far apart that each is looked at.
    assert.ok(inputs.length <= 2 && inputs.every((id) => id === hub), inputs.join());
    await site.call('notes.update', { id: hub, title: 'Hub' });
    await shown(page, 'Hub');
    await page.context().close();
  });

  test('stand for the rest where the pod cannot answer for one', async () => {
    const broken = { error: { message: 'An internal error was logged', data: { code: 'INTERNAL_SERVER_ERROR', httpStatus: 500 } } };
    const page = await site.visit();
    let asked = 0;
    await page.route('**/relations.neighbours*', async (route) => {
      ++asked;
      const response = await route.fetch();
      const answers = await response.json();
      const isOf = (title) => (one) => JSON.stringify(one).includes(title);
      await route.fulfill({
        response,
        json: Array.isArray(answers) ? answers.map((one) => (isOf('Far 3')(one) ? broken : one)) : answers,
      });
    });
    await site.signIn(page, { path: '/relations' });
    await page.waitForSelector('.thing-row >> text=/Hub.*part of.*Far 2$/');
    const before = asked;
    await page.waitForTimeout(1_500);
    assert.equal(asked, before, 'and nothing is asked again');
    await page.context().close();
  });

  test('are asked for again where the pod had too much to do', async () => {
    const busy = { error: { message: 'Too many requests', data: { code: 'TOO_MANY_REQUESTS', httpStatus: 429 } } };
    for (const answer of [
      { status: 429, json: busy },
      { status: 503, body: 'of a proxy' },
      { status: 207, json: [busy] },
    ]) {
      const page = await site.visit();
      let refused = 0;
      await page.route('**/relations.neighbours*', (route) =>
        ++refused <= 2 ? route.fulfill(answer) : route.continue(),
      );
      await site.signIn(page, { path: '/relations' });
      await shown(page, 'Hub');
      assert.ok(refused > 2);
      await page.context().close();
    }
  });
});
