// Search from anywhere: what is typed is found, shown as text, and left and come back to.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { checkAccessibility, checkWidths, NARROW, shoot, Site, until } from './site.mjs';

describe('search', () => {
  let site;
  before(async () => (site = await Site.open()));
  after(() => site?.close());

  const ask = (input) =>
    site.pod.http(`search.query?input=${encodeURIComponent(JSON.stringify(input))}`);
  /** Makes a thing and waits until it can be found by `q`. */
  const makeFound = async (plural, input, q) => {
    const id = await site.make(plural, input);
    await until(
      async () => (await ask({ q, limit: 100 })).body.result?.data.hits.some((hit) => hit.entityId === id),
      `${q} is found`,
    );
    return id;
  };
  const saidIs = (page, words) =>
    page.waitForFunction((one) => document.querySelector('[data-found][role=status]')?.textContent.includes(one), words);
  const hasFocus = (page, selector) =>
    page.waitForFunction((one) => document.activeElement?.matches(one), selector);
  const close = async (page, expected = []) => {
    assert.deepEqual(page.complaints.filter((one) => !expected.some((words) => one.includes(words))), []);
    await page.context().close();
  };

  test('finds a note that was just made, from anywhere, with the keyboard alone', async () => {
    const id = await makeFound('notes', { content: '# Orchard\n\nThe old oak stands behind the quince.' }, 'quince');
    const other = await makeFound('notes', { content: '# Kitchen\n\nQuinces want sugar.' }, 'sugar');
    const page = await site.visit();
    const { keyboard } = page;
    await site.signIn(page, { path: '/users' });
    await page.waitForSelector('tbody tr');
    await keyboard.press('/');
    await page.waitForURL('**/search');
    await hasFocus(page, '[data-search]');
    await keyboard.type('quince');
    await saidIs(page, '2 found');
    await page.waitForURL('**/search?q=quince');
    assert.deepEqual(await page.$$eval('.hit mark', (marks) => marks.map((mark) => mark.textContent)), ['Quinces', 'quince']);
    await keyboard.press('ArrowDown');
    await hasFocus(page, `[data-key="${other}"]`);
    await keyboard.press('ArrowUp');
    await hasFocus(page, '[data-search]');
    await keyboard.press('Enter');
    await hasFocus(page, `[data-key="${other}"]`);
    await keyboard.press('ArrowDown');
    await hasFocus(page, `[data-key="${id}"]`);
    await keyboard.press('?');
    await page.waitForSelector('dialog[open] >> text=Search or filter');
    await page.waitForSelector('dialog[open] >> text=Next hit');
    await keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.focus(`[data-key="${id}"]`);
    await keyboard.press('Enter');
    await page.waitForURL(`**/notes/${id}`);
    await page.waitForSelector('.reading >> text=behind the quince');
    // Back is the question, its answer, and the hit from which one left; Escape is where one was before.
    await page.goBack();
    await saidIs(page, '2 found');
    assert.equal(await page.inputValue('[data-search]'), 'quince');
    await hasFocus(page, `[data-key="${id}"]`);
    await page.goForward();
    await page.waitForSelector('.reading');
    await page.goBack();
    await saidIs(page, '2 found');
    await keyboard.press('Escape');
    await page.waitForURL('**/users');
    await close(page);
  });

  test('goes home from a deep link by Escape, and leaves lists their own filter', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/search?q=tag%3Anone%20%22a%20b%22' });
    await page.waitForSelector('.empty >> text=Nothing is found');
    assert.equal(await page.inputValue('[data-search]'), 'tag:none "a b"');
    await hasFocus(page, '[data-search]');
    await page.keyboard.press('Escape');
    await page.waitForURL(`${site.url}/`);
    await page.click('nav >> text=Runs');
    await page.waitForSelector('[aria-label="Filter the runs"]');
    await page.keyboard.press('/');
    await hasFocus(page, '[aria-label="Filter the runs"]');
    await close(page);
  });

  test('shows what people mean harm with as text', async () => {
    const harm = '<img src=x onerror="globalThis.harmed=1">';
    const rtl = 'user\u202egpj.exe';
    await makeFound('notes', { title: `${harm} ${rtl} badger`, content: `before ${harm} ${rtl} badger <b>after</b>` }, 'badger');
    await makeFound('tasks', { title: 'שלום badger', description: 'זה badger כאן' }, 'שלום');
    const page = await site.visit({ viewport: NARROW, colorScheme: 'dark' });
    await site.signIn(page, { path: '/search?q=badger onerror' });
    await saidIs(page, '2 found');
    const hit = page.locator('.hit', { hasText: 'before' });
    assert.ok((await hit.textContent()).includes(harm), await hit.textContent());
    assert.ok((await hit.locator('p').textContent()).includes('‹U+202E›'));
    assert.equal(await page.locator('.hit :is(img, [onerror], p b)').count(), 0);
    assert.deepEqual(await hit.locator('mark').allTextContents(), ['onerror', 'badger']);
    const isHebrew = page.locator('.hit', { hasText: 'שלום' }).locator('p');
    assert.equal(await isHebrew.evaluate((one) => getComputedStyle(one).direction), 'rtl');
    assert.equal(await page.evaluate(() => globalThis.harmed), undefined);
    await checkWidths(page, 'hostile hits');
    await checkAccessibility(page, 'hostile hits');
    await shoot(page, '390-search-hostile');
    await close(page);
  });

  test('tells where a query is wrong, keeps what was found, and takes it back once it is right', async () => {
    await makeFound('tasks', { title: 'Water the fig' }, 'fig');
    const page = await site.visit({ viewport: NARROW });
    await site.signIn(page, { path: '/search?q=fig' });
    await saidIs(page, '1 found');
    const field = page.locator('[data-search]');
    await field.fill('𝒳 fig "water the');
    await page.waitForSelector('#search-issue >> text=At character 7: this quotation mark has no other that closes it.');
    assert.equal(await page.textContent('#search-issue mark'), '"water the');
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    assert.equal(await page.locator('[role=alert]').count(), 0);
    await page.waitForSelector('.scrolls .help >> text=Until then, what is found for fig:');
    assert.equal(await page.locator('.hit').count(), 1);
    await saidIs(page, 'this quotation mark');
    await checkWidths(page, 'a wrong query');
    await checkAccessibility(page, 'a wrong query');
    await shoot(page, '390-search-wrong');
    await field.fill('fig "water the"');
    await saidIs(page, '1 found');
    assert.equal(await page.locator('#search-issue').count(), 0);
    assert.equal(await field.getAttribute('aria-invalid'), 'false');
    await close(page, ['status of 400']);
  });

  test('asks while one types, and an older answer never takes the place of a newer one', async () => {
    await makeFound('tasks', { title: 'Otter' }, 'otter');
    await makeFound('tasks', { title: 'Ox' }, 'ox');
    const page = await site.visit();
    const held = [];
    await page.route('**/trpc/search.query*', (route) => {
      const { q } = JSON.parse(new URL(route.request().url()).searchParams.get('input'));
      if (q === 'ox') return void held.push(route);
      return route.continue();
    });
    await site.signIn(page, { path: '/search' });
    const field = page.locator('[data-search]');
    await field.pressSequentially('ox');
    await until(() => held.length === 1, 'it is asked');
    await field.fill('otter');
    await page.waitForSelector('.hit >> text=Otter');
    // The page has given the older question up, or takes no notice of its answer.
    await held[0].continue().catch(() => {});
    await field.fill('otter -zebra');
    await saidIs(page, 'for otter -zebra');
    assert.deepEqual(await page.locator('.hit b').allTextContents(), ['Otter']);
    // A key that is pressed just when the address takes what was typed before is not lost.
    await page.evaluate(() => {
      const { replaceState } = history;
      history.replaceState = (...args) => {
        delete history.replaceState;
        replaceState.apply(history, args);
        const field = document.querySelector('[data-search]');
        field.value += 'r';
        field.dispatchEvent(new Event('input', { bubbles: true }));
      };
    });
    await field.fill('otte');
    await page.waitForURL('**/search?q=otter');
    await saidIs(page, 'for otter');
    assert.equal(await field.inputValue(), 'otter');
    await close(page);
  });

  test('goes on behind the first page, and comes back to a hit of the second', async () => {
    for (let index = 0; index < 25; ++index) await site.call('tasks.create', { title: `Heron ${index}` });
    await until(async () => (await ask({ q: 'heron' })).body.result?.data.total === 25, 'all are found');
    const page = await site.visit();
    const { keyboard } = page;
    await site.signIn(page, { path: '/search?q=heron' });
    await saidIs(page, '25 found');
    assert.equal(await page.locator('.hit').count(), 20);
    await page.focus('.hit:nth-child(20) a');
    await keyboard.press('ArrowDown');
    await hasFocus(page, '.hits-more');
    await keyboard.press('Enter');
    await hasFocus(page, '.hit:nth-child(21) a');
    assert.equal(await page.locator('.hit').count(), 25);
    assert.equal(new Set(await page.locator('.hit b').allTextContents()).size, 25);
    assert.equal(await page.locator('.hits-more').count(), 0);
    const key = await page.getAttribute('.hit:nth-child(25) a', 'data-key');
    await page.click('.hit:nth-child(25)');
    await page.waitForURL(`**/tasks/${key}`);
    await page.waitForSelector('.panel');
    await page.goBack();
    await hasFocus(page, `[data-key="${key}"]`);
    await close(page);
  });

  test("names things of types of one's own by these, filters by them, and says what nothing passes", async () => {
    await site.call('entityTypes.define', { name: 'x.tree', icon: '🌳', title: 'name',
      schema: { type: 'object', properties: { name: { type: 'string' } } } });
    await site.call('entities.create', { type: 'x.tree', data: { name: 'Hornbeam' } });
    await makeFound('notes', { content: 'Hornbeam' }, 'hornbeam');
    const page = await site.visit();
    await site.signIn(page, { path: '/search?q=hornbeam' });
    await saidIs(page, '2 found');
    await page.waitForSelector('.hit .noun >> text=🌳 x.tree');
    const types = await page.locator('select[aria-label=Type] option').evaluateAll((all) => all.map(({ value }) => value));
    assert.ok(types.includes('x.tree') && types.includes('note'), String(types));
    assert.ok(!types.includes('relation'), String(types));
    await page.selectOption('select[aria-label=Type]', 'x.tree');
    await saidIs(page, '1 found');
    await page.fill('[data-search]', 'hornbeam tag:forest');
    await page.waitForSelector('[data-notice] >> text=Nothing of yours has the tag "forest"');
    await close(page);
  });

  test('says what is not in the index yet, of which part it looked at, and that it cannot be read', async () => {
    await makeFound('tasks', { title: 'Lynx' }, 'lynx');
    const page = await site.visit();
    let change = { lag: 1_200, partial: true, total: undefined, building: { position: 300, end: 1_500 } };
    await page.route('**/trpc/search.query*', async (route) => {
      if (change === 'away') {
        const error = { message: 'The search index is being opened; try again in a moment', data: { code: 'SERVICE_UNAVAILABLE' } };
        return route.fulfill({ status: 503, json: { error } });
      }
      const { result } = await (await route.fetch()).json();
      return route.fulfill({ json: { result: { data: { ...result.data, ...change } } } });
    });
    await page.route('**/trpc/search.status*', (route) =>
      route.fulfill({ json: { result: { data: { status: 'failing', documents: 1, position: 0, end: 1_200, lag: 1_200, error: 'no room' } } } }),
    );
    await site.signIn(page, { path: '/search?q=lynx' });
    await page.waitForSelector('[data-behind] >> text=The index is being made: 20 % is done.');
    assert.equal(await page.locator('[data-partial]').count(), 0);
    change = { lag: 1_200, partial: true, total: undefined };
    await page.waitForSelector('[data-behind] >> text=The last 1,200 events are not in the index yet. Nothing is written into it now: no room.');
    await page.waitForSelector('[data-partial] >> text=not all were looked at');
    await saidIs(page, '1 shown, of more');
    // It is looked after until it is there.
    change = {};
    await page.waitForSelector('[data-behind]', { state: 'detached' });
    await saidIs(page, '1 found');
    change = 'away';
    await page.fill('[data-search]', 'lynx*');
    await page.waitForSelector('.problem >> text=is being opened');
    await page.waitForSelector('.problem >> text=It is asked again by itself.');
    change = {};
    await page.waitForSelector('.problem', { state: 'detached' });
    await saidIs(page, '1 found');
    await close(page, ['status of 503']);
  });
});
