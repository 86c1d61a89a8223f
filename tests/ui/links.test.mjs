// What belongs together: where a note is mentioned, what a thing is connected with, tags, and how and by
// what a search looks.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { checkAccessibility, checkWidths, NARROW, shoot, Site, until } from './site.mjs';

/** Of each dot that is shown, its contrast (WCAG) with the dialog that it is in. Runs in the page. */
function contrastsOfDots() {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const luminanceOf = (colour) => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((value) =>
      value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = luminanceOf(getComputedStyle(document.querySelector('dialog[open]')).backgroundColor);
  const dots = [...document.querySelectorAll('dialog[open] [data-colour]')];
  return Object.fromEntries(dots.map((dot) => {
    const own = luminanceOf(getComputedStyle(dot).backgroundColor);
    return [dot.dataset.colour, (Math.max(own, behind) + 0.05) / (Math.min(own, behind) + 0.05)];
  }));
}

describe('links', () => {
  let site;
  before(async () => (site = await Site.open()));
  after(() => site?.close());

  const asked = async (name, input) =>
    (await site.pod.http(`${name}?input=${encodeURIComponent(JSON.stringify(input))}`)).body.result?.data;
  const close = async (page) => {
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  };

  test('a note shows where it is mentioned, and is drawn with all that it is connected with', async () => {
    const hub = await site.make('notes', { content: '# Hub\n\nEverything leads here.' });
    const harm = '<b>Spoke</b> \u202egpj';
    const spokes = [];
    for (const title of ['First', 'Second', harm])
      spokes.push(await site.make('notes', { title, content: `Here it is said that [[Hub]] is ${title}.` }));
    const far = await site.make('notes', { content: '# Far\n\nSee [[First]].' });
    await until(
      async () => (await asked('relations.neighbours', { id: hub, depth: 2 }))?.things.length === 5,
      'the links are relations',
    );
    const page = await site.visit();
    await site.signIn(page, { path: `/notes/${hub}` });
    const mentions = page.locator('.backlinks li');
    await mentions.nth(2).waitFor();
    assert.equal(await mentions.count(), 3);
    const words = await page.locator('.backlinks').textContent();
    assert.ok(words.includes('Here it is said that'), words);
    assert.ok(words.includes('<b>Spoke</b> ‹U+202E›gpj'), words);
    // It is there as soon as somebody writes the link.
    await site.make('notes', { title: 'Third', content: 'And [[Hub]] once more.' });
    await mentions.nth(3).waitFor();
    await page.click('.backlinks >> text=First');
    await page.waitForURL(`**/notes/${spokes[0]}`);
    await page.waitForSelector('.backlinks >> text=Far');

    // The graph, by the keyboard alone.
    await page.goto(`${site.url}/notes/${hub}`);
    await page.waitForSelector('.reading');
    await page.keyboard.press('l');
    await page.waitForURL(`**/notes/${hub}/links`);
    await page.waitForSelector('.graph li:nth-child(5)');
    assert.equal(await page.locator('.graph li').count(), 5);
    assert.equal(await page.locator('.graph path').count(), 4);
    assert.equal(await page.locator('.graph .is-middle').textContent(), 'Hubnote');
    await page.selectOption('.neighbourhood select', '2');
    await page.waitForURL('**/links?depth=2');
    await page.waitForSelector('.graph >> text=Far');
    await shoot(page, '1280-links');
    await checkWidths(page, 'links');
    await checkAccessibility(page, 'links');
    const first = page.locator('.graph a', { hasText: 'First' });
    await first.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/notes/${spokes[0]}/links?depth=2`);
    await page.waitForSelector('.graph .is-middle >> text=First');
    // No two things lie over one another.
    const boxes = await page.$$eval('.graph a', (all) => all.map((one) => one.getBoundingClientRect().toJSON()));
    for (const [index, a] of boxes.entries())
      for (const b of boxes.slice(index + 1))
        assert.ok(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top);
    await page.setViewportSize(NARROW);
    await checkWidths(page, 'links');
    await checkAccessibility(page, 'links');
    await shoot(page, '390-links');
    await page.goto(`${site.url}/notes/${far}/links?depth=9`);
    await page.waitForSelector('.graph li:nth-child(2)');
    const alone = await site.make('tasks', { title: 'Alone' });
    await page.goto(`${site.url}/tasks/${alone}/links`);
    await page.waitForSelector('text=no relation leads from it');
    await close(page);
  });

  test('what is written as a link is one, where it leads to something', async () => {
    const wheel = await site.make('notes', { content: '# Wheel', properties: { aliases: ['Round'] } });
    await site.make('notes', { content: '# Rim' });
    const reader = await site.make('notes', { content: 'A [[Wheel|disc]], [[Rim#x]], [[Nowhere]] and `[[Wheel]]`, [[wheel]], [[round]].' });
    const page = await site.visit();
    await site.signIn(page, { path: `/notes/${reader}` });
    const links = page.locator('.markdown a');
    await links.nth(1).waitFor();
    assert.equal(await page.locator('.markdown').textContent(), 'A disc, Rim#x, [[Nowhere]] and [[Wheel]], wheel, round.\n');
    assert.equal(await links.count(), 4);
    await site.make('notes', { title: 'Nowhere', content: 'It is somewhere now.' });
    await links.nth(4).waitFor();
    await links.nth(2).click();
    await page.waitForSelector('.markdown >> text=somewhere now');
    await page.goBack();
    await links.nth(0).click();
    await page.waitForURL(`**/notes/${wheel}`);
    await close(page);
  });

  test('a title that was given comes from the text again where it is left empty', async () => {
    const id = await site.make('notes', { content: '# Of the text', title: 'Given' });
    const page = await site.visit();
    await site.signIn(page, { path: `/notes/${id}/edit` });
    await page.waitForSelector('.thing-form .help >> text=Left empty: it follows from the text again');
    await page.fill('.thing-form input[type=text] >> nth=0', '');
    await page.click('text=Save');
    await page.waitForSelector('h2 >> text=Of the text');
    await close(page);
  });

  test('the tags that a text has are shown, and stay out of the form', async () => {
    const id = await site.make('notes', { title: 'Beds', content: 'Dig the #garden.', tags: ['house'] });
    await site.call('notes.update', { id, content: 'Dig the #yard.' });
    await until(async () => (await asked('notes.get', { id })).version === 2, 'it is changed');
    const page = await site.visit();
    const sent = [];
    await page.route(/trpc.notes\.(create|update)/, (route) => {
      sent.push(route.request().postDataJSON());
      return route.fulfill({ status: 400, contentType: 'application/json', body: '{}' });
    });
    await site.signIn(page, { path: `/notes/${id}` });
    const chips = page.locator('.panel .chips .chip');
    await chips.nth(1).waitFor();
    assert.deepEqual(await chips.allInnerTexts(), ['house', 'yard']);
    assert.deepEqual(await chips.evaluateAll((all) => all.map(({ title }) => title)), ['', 'in the text']);
    await page.click('.tabs >> text=History');
    await page.waitForSelector('.change >> text=house, yard');
    assert.equal(await page.innerText('.change del'), 'house, garden');
    await page.click('.tabs >> text=Edit');
    const field = page.locator('[data-field=tags]');
    assert.equal(await field.inputValue(), 'house');
    await field.fill('house, yard');
    await page.click('text="Save"');
    await page.waitForSelector('.thing-form .issue');
    assert.deepEqual(sent.pop(), { id, expectedVersion: 2, ownTags: ['house', 'yard'] });
    // What was deleted meanwhile is made anew, as it would be.
    await site.call('notes.delete', { id });
    await page.click('text="Make a new note"');
    await until(() => sent.length > 0, 'it is asked for');
    assert.deepEqual(sent, [{ title: 'Beds', content: 'Dig the #yard.', tags: ['house', 'yard'] }]);
    await page.context().close();
  });

  test('the history shows a due time in the reader\'s zone, and a number that would change is refused', async () => {
    const id = await site.make('tasks', { title: 'Due', dueDate: '2026-01-31T20:00:00.000Z' });
    await site.call('tasks.update', { id, dueDate: '2026-02-01T03:30:00.000Z' });
    const page = await site.visit({ timezoneId: 'Asia/Tokyo' });
    await site.signIn(page, { path: `/tasks/${id}/history` });
    await page.waitForSelector('.change del time');
    const words = await page.textContent('.thing-diff');
    assert.ok(words.includes('Feb 1, 2026') && words.includes('05:00') && words.includes('12:30'), words);
    assert.ok(!/\dT\d/.test(words), words);
    assert.equal(await page.getAttribute('.change del time', 'title'), '2026-01-31 20:00:00.000 UTC');
    const note = await site.make('notes', { content: 'numbers' });
    await page.goto(`${site.url}/notes/${note}/edit`);
    await page.fill('.thing-form textarea.mono', '{"n": 9007199254740993}');
    await page.click('text=Save');
    await page.waitForSelector('.issue >> text=9007199254740993 cannot be kept');
    assert.deepEqual((await site.call('notes.get', { id: note })).properties, {});
    await close(page);
  });

  test('tags are renamed, merged and taken away', async () => {
    for (const [content, tags] of [['a', ['hme', 'x']], ['b', ['hme']], ['c', ['home']]])
      await site.make('notes', { content, tags });
    const page = await site.visit();
    await site.signIn(page, { path: '/tags' });
    const rows = () => page.$$eval('tbody tr', (all) => all.map((row) => [...row.cells].slice(0, 2).map((cell) => cell.textContent.trim()).join(' ')));
    const become = async (...wanted) => {
      await until(async () => (await rows()).join() === wanted.join(), `${wanted}; there are ${await rows()}`);
    };
    await become('hme 2', 'home 1', 'x 1');
    await checkAccessibility(page, 'tags');
    await shoot(page, '1280-tags');
    await page.click('[aria-label="Colour hme"]');
    await page.waitForSelector('dialog [data-colour]');
    await checkAccessibility(page, 'colours of a tag');
    await shoot(page, '1280-tag-colours');
    for (const theme of ['light', 'dark']) {
      await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
      const contrasts = await page.evaluate(contrastsOfDots);
      assert.equal(Object.keys(contrasts).length, 10);
      for (const [colour, contrast] of Object.entries(contrasts))
        assert.ok(contrast >= 3, `${colour} on ${theme}: ${contrast}`);
    }
    await page.evaluate(() => (document.documentElement.dataset.theme = 'light'));
    await page.click('dialog button:has([data-colour=teal])');
    await page.waitForSelector('tr:has-text("hme") [data-colour=teal]');
    await page.click('[aria-label="Colour hme"]');
    await page.waitForSelector('dialog [aria-pressed=true] [data-colour=teal]');
    await page.keyboard.press('Escape');
    await page.click('[aria-label="Rename or merge x"]');
    await page.waitForSelector('dialog[open]');
    await page.fill('#tag-name', ' garden ');
    assert.equal(await page.textContent('dialog .primary'), 'Rename');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog', { state: 'detached' });
    await become('garden 1', 'hme 2', 'home 1');
    await page.click('[aria-label="Rename or merge hme"]');
    await page.fill('#tag-name', 'home');
    await page.waitForSelector('dialog >> text=the two will be one');
    await shoot(page, '1280-tags-merge');
    await checkAccessibility(page, 'merging tags');
    await page.click('dialog .primary >> text=Merge');
    await become('garden 1', 'home 3');
    await page.click('[aria-label="Remove garden"]');
    await page.click('dialog .danger');
    await become('home 3');
    await page.setViewportSize(NARROW);
    await checkWidths(page, 'tags');
    await shoot(page, '390-tags');
    await page.click('tbody a');
    await page.waitForURL('**/notes?tag=home');
    // Merged with a tag that had none, it has kept its colour.
    await until(async () => (await page.locator('.thing-row [data-colour=teal]').count()) === 3, 'a dot in each row');
    await page.click('.row a');
    await page.waitForSelector('.facts [data-colour=teal]');
    await checkWidths(page, 'a note with a coloured tag');
    await site.call('tags.colour', { tag: 'home', colour: null });
    await page.waitForSelector('.facts [data-colour]', { state: 'detached' });
    await close(page);
  });

  test('a search is bound by type, tag, day and way, and says what answered and how far its indexes are', async () => {
    await site.make('notes', { content: '# Plum tree', tags: ['orchard'] });
    await site.make('tasks', { title: 'Water the plum' });
    await until(async () => (await asked('search.query', { q: 'plum' }))?.hits.length === 2, 'both are found');
    const page = await site.visit();
    await site.signIn(page, { path: '/search' });
    await page.waitForSelector('text=Indexes of search');
    await page.waitForSelector('.checks >> text=can be found');
    await page.waitForSelector('.checks >> text=no sentence model');
    const found = (words) => page.waitForFunction((one) => document.querySelector('[data-found]')?.textContent.includes(one), words);
    await page.fill('[data-search]', 'plum');
    await found('2 found');
    await page.selectOption('[aria-label="Type"]', 'note');
    await page.waitForURL('**/search?q=plum&type=note');
    await found('1 found');
    await page.selectOption('[aria-label="Type"]', '');
    await page.selectOption('[aria-label="Tag"]', 'orchard');
    await found('1 found');
    await page.selectOption('[aria-label="Tag"]', '');
    await page.selectOption('[aria-label="Status"]', 'done');
    await found('Nothing is found');
    await page.selectOption('[aria-label="Status"]', 'open');
    await found('1 found');
    await page.click('text=Take the filters away');
    await page.waitForURL('**/search?q=plum');
    await found('2 found');
    await page.fill('.filters input[type=date] >> nth=1', '2020-01-01');
    await found('Nothing is found');
    await page.click('text=Take the filters away');
    await found('2 found');
    // There is no model here: words answer, and it is said why.
    await page.selectOption('[aria-label="What is looked for"]', 'semantic');
    await page.waitForSelector('[data-mode-reason] >> text=no sentence model');
    await checkWidths(page, 'search with filters');
    await checkAccessibility(page, 'search with filters');
    await shoot(page, '1280-search-filters');
    // As with a model: the parts of each score are told.
    await page.route('**/trpc/search.query*', async (route) => {
      const answer = await (await route.fetch()).json();
      const { data } = answer.result;
      data.mode = 'hybrid';
      delete data.modeReason;
      data.hits.forEach((hit, index) => (hit.scores = index ? { text: 0.25 } : { text: 0.67, semantic: 0.4 }));
      await route.fulfill({ json: answer });
    });
    await page.selectOption('[aria-label="What is looked for"]', 'hybrid');
    await page.waitForSelector('.scores');
    assert.deepEqual(
      (await page.locator('.hit .scores').allTextContents()).map((text) => text.replace(/\s+/g, ' ').trim()),
      ['words 67 % meaning 40 % '.trim(), 'words 25 %'],
    );
    assert.equal(await page.locator('[data-mode-reason]').count(), 0);
    await checkAccessibility(page, 'scores');
    await page.setViewportSize(NARROW);
    await checkWidths(page, 'scores');
    await shoot(page, '390-search-scores');
    await page.click('button.fold');
    await page.waitForSelector('.filters.is-open input[type=date]');
    await checkWidths(page, 'filters');
    await checkAccessibility(page, 'filters');
    await shoot(page, '390-search-filters');
    await close(page);
  });

  test('an index that is not complete says how far it is', async () => {
    const page = await site.visit();
    const status = {
      status: 'rebuilding', documents: 7, position: 900, end: 1_000, lag: 100, filledTo: 250,
      meaning: {
        status: 'filling', model: 'mini-lm', models: ['mini-lm'], dimension: 384, passages: 40, position: 500,
        lag: 500, passagesPerSecond: 12.4, etaSeconds: 90, memoryBytes: 1_048_576, memoryBytesMax: 268_435_456,
      },
    };
    await page.route('**/trpc/search.status*', (route) => route.fulfill({ json: { result: { data: status } } }));
    await site.signIn(page, { path: '/pod' });
    const card = page.locator('section', { hasText: 'Indexes of search' }).last();
    await card.locator('progress').nth(1).waitFor();
    const words = await card.textContent();
    for (const part of ['250 of 1,000 events', '500 of 1,000 events, some 2 min left', 'mini-lm', '40 passages', '12 a second', '1.0 MiB of 256 MiB'])
      assert.ok(words.includes(part), `${part}: ${words}`);
    await page.setViewportSize(NARROW);
    await checkWidths(page, 'state of the index');
    await close(page);
  });
});
