// Forms for things of types of one's own, made from what the type's JSON Schema says.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { checkAccessibility, checkWidths, NARROW, Site, until, WIDE } from './site.mjs';

const SCHEMA = {
  type: 'object',
  required: ['title', 'rating', 'lent'],
  additionalProperties: false,
  properties: {
    title: { type: 'string', title: 'What it is called', description: 'As on its cover.', minLength: 2 },
    rating: { enum: [1, 2, 3] },
    lent: { type: ['string', 'null'], title: 'To whom it is lent' },
    pages: { type: 'integer' },
    price: { type: 'number' },
    isSigned: { type: 'boolean' },
    due: { type: 'string', format: 'date' },
    boughtAt: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] },
    tags: { type: 'array', items: { type: 'string' } },
    notes: { type: 'string' },
    author: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    place: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    copy: { $ref: '#/$defs/copy' },
    constructor: { type: 'string', maxLength: 20 },
    aVeryLongNameOfAMemberThatSomebodyHasThoughtOf: { type: 'string', maxLength: 20 },
  },
  $defs: { copy: { type: 'string', maxLength: 5 } },
};

describe("things of a type of one's own", () => {
  let site;
  before(async () => {
    site = await Site.open();
    await site.call('entityTypes.define', { name: 'x.book', schema: SCHEMA, title: 'title' });
    await site.call('entityTypes.define', { name: 'x.any', schema: { type: 'object' } });
  });
  after(() => site?.close());

  const close = async (page) => {
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  };
  const refused = (page) => {
    for (const one of page.complaints.splice(0))
      assert.match(one, /^Failed to load resource: .* 400 \(Bad Request\)$/);
  };
  const controlOf = (page, name) => page.locator(`.thing-form [data-field="data.${name}"]`);
  const fieldOf = (page, label) => page.locator(`.thing-form .field:has(label:text-is("${label}"))`);
  const dataOf = async (id) => (await site.call('entities.get', { id })).data;

  for (const [width, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
    test(`are made by a form from its schema, ${width}`, async () => {
      const page = await site.visit({ viewport, timezoneId: 'Europe/Berlin' });
      await site.signIn(page, { path: '/entities/new' });
      await page.selectOption('.panel select[aria-label=Type]', 'x.book');
      await controlOf(page, 'title').waitFor();
      assert.match(page.url(), /\/entities\/new\?type=x\.book$/);
      await checkAccessibility(page, 'a form of a type');
      await checkWidths(page, 'a form of a type');
      assert.match(await page.innerText('.thing-form'), /What it is called \(needed\)\s+As on its cover\./);

      await controlOf(page, 'title').fill('E');
      await controlOf(page, 'tags').fill('novel, "Austen, Jane"');
      await controlOf(page, 'author').fill('{"name": 5}');
      await page.click('.thing-form button.primary');
      await page.waitForSelector('.thing-form [role=alert] >> text=look at what is said beside');
      const said = (label) => page.innerText(`.field:has(label:text("${label}")) .issue`);
      assert.match(await said('What it is called'), /Too small/);
      assert.match(await said('Rating'), /needed/);
      assert.match(await said('Author'), /expected string/);
      refused(page);

      await controlOf(page, 'title').fill('Emma');
      await page.locator('.field:has(label:text("Rating")) select').selectOption('3');
      await controlOf(page, 'pages').fill('400');
      await controlOf(page, 'price').fill('9.5');
      await controlOf(page, 'isSigned').selectOption('false');
      await controlOf(page, 'due').fill('2026-01-31');
      await controlOf(page, 'boughtAt').fill('2026-01-31T13:00');
      await controlOf(page, 'notes').fill('One line,\nand another.');
      await controlOf(page, 'author').fill('{"name": "Jane Austen"}');
      await controlOf(page, 'place').fill('7');
      await controlOf(page, 'copy').fill('"2nd"');
      await controlOf(page, 'constructor').fill('Penguin');
      await page.click('.thing-form button.primary');
      await page.waitForSelector('.panel .tabs');
      const id = new URL(page.url()).pathname.split('/')[2];
      assert.deepEqual(await dataOf(id), {
        title: 'Emma', rating: 3, lent: null, pages: 400, price: 9.5, isSigned: false, due: '2026-01-31',
        boughtAt: '2026-01-31T12:00:00.000Z', tags: ['novel', 'Austen, Jane'], notes: 'One line,\nand another.',
        author: { name: 'Jane Austen' }, place: 7, copy: '2nd', constructor: 'Penguin',
      });
      await page.waitForSelector('.facts dt >> text=Is signed');
      assert.match(await page.innerText('.facts'), /Pages\s+400\s+Price\s+9\.5\s+Is signed\s+no/);
      await checkWidths(page, 'a thing of a type');
      await close(page);
    });
  }

  test('are changed member by member, and lose what is emptied', async () => {
    const { entityId: id } = await site.call('entities.create', {
      type: 'x.book',
      data: { title: 'Emma', rating: 2, lent: null, pages: 400, tags: ['a'], isSigned: true, place: 'here' },
    });
    const page = await site.visit();
    await site.signIn(page, { path: `/entities/${id}/edit` });
    assert.equal(await controlOf(page, 'title').inputValue(), 'Emma');
    await controlOf(page, 'pages').fill('');
    await controlOf(page, 'tags').fill('');
    await page.locator('.field:has(label:text("Rating")) select').selectOption('1');
    await page.click('text=Save');
    await page.waitForSelector('.panel .tabs [aria-current] >> text=Read');
    assert.deepEqual(await dataOf(id), { title: 'Emma', rating: 1, lent: null, isSigned: true, place: 'here' });
    await site.goto(page, `/entities/${id}/edit`);
    await controlOf(page, 'title').fill('');
    await page.click('text=Save');
    await page.waitForSelector('.field:has(label:text("What it is called")) .issue >> text=needed');
    refused(page);
    await close(page);
  });

  test('keep what their type does not know, and what a control cannot show', async () => {
    const { entityId: id } = await site.call('entities.create', {
      type: 'x.any',
      data: { title: 'Old', pages: 'many', mood: { is: ['good'] }, due: '5', gone: 1 },
    });
    const page = await site.visit();
    await site.signIn(page, { path: `/entities/${id}/edit` });
    // A schema that names no member: all of it is JSON, as one field.
    const whole = page.locator('.thing-form textarea');
    await whole.waitFor();
    assert.equal(await whole.count(), 1);
    for (const text of ['["Emma"]', '5', '"Emma"', 'null']) {
      await whole.fill(text);
      await page.click('text=Save');
      await page.waitForSelector('.thing-form [role=alert]');
      assert.equal((await site.call('entities.get', { id })).version, 1, text);
      refused(page);
    }
    await close(page);

    const properties = { title: { type: 'string' }, pages: { type: 'integer' }, due: { type: 'string', format: 'date' } };
    await site.call('entityTypes.define', { name: 'x.any', schema: { type: 'object', properties } });
    const next = await site.visit();
    await site.signIn(next, { path: `/entities/${id}/edit` });
    assert.equal(await controlOf(next, 'pages').inputValue(), '"many"');
    assert.equal(await controlOf(next, 'due').inputValue(), '"5"', 'a date to a script, and none to the control');
    const rest = fieldOf(next, 'Other members').locator('textarea');
    assert.deepEqual(JSON.parse(await rest.inputValue()), { mood: { is: ['good'] }, gone: 1 });
    await rest.fill('{"title": "twice"}');
    await next.click('text=Save');
    await next.waitForSelector('.thing-form .field .issue >> text="title" has a field of its own');
    await rest.fill('{"mood": {"is": ["better"]}}');
    await controlOf(next, 'pages').fill('12');
    await controlOf(next, 'due').fill('');
    await next.click('text=Save');
    await next.waitForSelector('.panel .tabs [aria-current] >> text=Read');
    assert.deepEqual(await dataOf(id), { title: 'Old', pages: 12, mood: { is: ['better'] } });
    await close(next);
  });

  test('are told all that is wrong at once, and how much of a text is too much', async () => {
    const properties = {
      title: { type: 'string', maxLength: 8 },
      mood: { enum: ['', 'good_one', 'bad'] },
      place: { type: 'object' },
      size: { type: 'object' },
      pages: { type: 'integer' },
    };
    await site.call('entityTypes.define', { name: 'x.wrong', schema: { type: 'object', properties, additionalProperties: false } });
    const page = await site.visit();
    await site.signIn(page, { path: '/entities/new?type=x.wrong' });
    // Whole, as it was pasted.
    await controlOf(page, 'title').fill('Persuasion 😀');
    const issueOf = (label) => fieldOf(page, label).locator('.issue').innerText();
    assert.equal(await issueOf('Title'), 'Too long by 4: at most 8 characters');
    assert.equal(await controlOf(page, 'title').inputValue(), 'Persuasion 😀');
    await checkAccessibility(page, 'too long a text');
    await controlOf(page, 'place').fill('{');
    await controlOf(page, 'size').fill('{"n": 9007199254740993}');
    await controlOf(page, 'pages').fill('1.5');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('.thing-form [role=alert] >> text=beside the fields');
    assert.match(await issueOf('Place'), /JSON/);
    assert.match(await issueOf('Size'), /cannot be kept/);
    await controlOf(page, 'place').fill('{"is": 1}');
    await controlOf(page, 'size').fill('5');
    await page.keyboard.press('Control+Enter');
    await fieldOf(page, 'Pages').locator('.issue').waitFor();
    assert.match(await issueOf('Size'), /expected object/);
    assert.match(await issueOf('Title'), /Too long by 4/);
    refused(page);

    await controlOf(page, 'title').fill('Emma');
    await controlOf(page, 'size').fill('');
    await controlOf(page, 'pages').fill('12');
    // An empty text is one of its values, and not none.
    const mood = fieldOf(page, 'Mood').locator('select');
    assert.deepEqual(await mood.locator('option').allTextContents(), ['–', 'empty', 'good one', 'bad']);
    await mood.selectOption({ label: 'empty' });
    await page.keyboard.press('Control+Enter');
    await page.click('.panel .tabs >> text=Edit');
    const id = new URL(page.url()).pathname.split('/')[2];
    assert.deepEqual(await dataOf(id), { title: 'Emma', mood: '', place: { is: 1 }, pages: 12 });
    await mood.waitFor();
    assert.equal(await mood.evaluate((select) => select.selectedOptions[0].text), 'empty');
    await mood.selectOption({ label: '–' });
    await page.click('text=Save');
    await page.waitForSelector('.panel .tabs [aria-current] >> text=Read');
    assert.deepEqual(await dataOf(id), { title: 'Emma', place: { is: 1 }, pages: 12 });
    await close(page);
  });

  test('lead to what the pod has refused', async () => {
    const names = ['title', 'mood', 'maker', 'binding', 'pages', 'year', 'place', 'owner', 'shelf', 'worth'];
    const properties = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
    Object.assign(properties, { pages: { type: 'integer', multipleOf: 2 }, year: { type: 'integer', multipleOf: 5 } });
    await site.call('entityTypes.define', { name: 'x.refused', schema: { type: 'object', properties } });
    const page = await site.visit({ viewport: NARROW });
    await site.signIn(page, { path: '/entities/new?type=x.refused' });
    await controlOf(page, 'pages').fill('7');
    await controlOf(page, 'year').fill('1999');
    const at = () => page.evaluate(() => {
      const { top, bottom } = document.activeElement.getBoundingClientRect();
      return { field: document.activeElement.dataset.field, isSeen: top > 0 && bottom < innerHeight };
    });
    for (const submit of [() => page.click('.thing-form button.primary'), () => page.keyboard.press('Control+Enter')]) {
      await submit();
      await page.waitForSelector('[data-field="data.pages"]:focus');
      await fieldOf(page, 'Year').locator('.issue').waitFor();
      assert.deepEqual(await at(), { field: 'data.pages', isSeen: true });
      await controlOf(page, 'shelf').focus();
    }
    refused(page);
    // Whoever has gone on writing is not led away.
    let letGo;
    await page.route('**/trpc/entities.create', async (route) => {
      await new Promise((resolve) => (letGo = resolve));
      await route.continue();
    });
    await controlOf(page, 'pages').fill('8');
    await page.keyboard.press('Control+Enter');
    await until(() => letGo, 'it is on its way');
    await controlOf(page, 'owner').fill('me');
    letGo();
    await page.waitForFunction(() => document.querySelectorAll('.field .issue').length === 1);
    await until(async () => (await page.locator('.thing-form button.primary').isEnabled()), 'it is refused');
    assert.equal((await at()).field, 'data.owner');
    // What is about no field leaves the focus at the button.
    await page.unroute('**/trpc/entities.create');
    await page.route('**/trpc/entities.create', (route) => route.fulfill({ status: 500, body: '{}' }));
    await page.click('.thing-form button.primary');
    await page.waitForSelector('.thing-form button.primary:focus:enabled');
    page.complaints.length = 0;
    await page.context().close();
  });

  test('keep what is written while they are stored', async () => {
    const page = await site.visit();
    let letGo;
    const hold = async (route) => {
      const answer = await route.fetch();
      await new Promise((resolve) => (letGo = resolve));
      await route.fulfill({ response: answer });
    };
    await page.route('**/trpc/entities.{create,update}', hold);
    const held = () => until(() => letGo !== undefined, 'it is on its way');
    const go = () => (letGo(), (letGo = undefined));
    await site.signIn(page, { path: '/entities/new?type=x.any' });
    await controlOf(page, 'title').fill('Emma');
    await page.keyboard.press('Control+Enter');
    await held();
    await page.keyboard.type(' Woodhouse');
    go();
    await page.waitForSelector('.thing-form >> text=Save');
    assert.equal(await controlOf(page, 'title').inputValue(), 'Emma Woodhouse');
    await page.waitForSelector('[data-field="data.title"]:focus');
    await page.keyboard.press('Control+Enter');
    await held();
    await controlOf(page, 'pages').fill('5');
    go();
    await until(async () => (await page.locator('.thing-form button.primary').innerText()) === 'Save', 'it is stored');
    await page.keyboard.press('Control+Enter');
    await held();
    go();
    await page.waitForSelector('.panel .tabs');
    const id = new URL(page.url()).pathname.split('/')[2];
    assert.deepEqual(await dataOf(id), { title: 'Emma Woodhouse', pages: 5 });

    await page.click('.panel .tabs >> text=Edit');
    await controlOf(page, 'pages').fill('6');
    await page.keyboard.press('Control+Enter');
    await held();
    await page.keyboard.type('7');
    go();
    await until(async () => (await page.locator('.thing-form button.primary').innerText()) === 'Save', 'it is stored');
    assert.equal(await controlOf(page, 'pages').inputValue(), '67');
    await page.keyboard.press('Control+Enter');
    await held();
    go();
    await page.waitForSelector('.panel .tabs [aria-current] >> text=Read');
    assert.deepEqual(await dataOf(id), { title: 'Emma Woodhouse', pages: 67 });
    await close(page);
  });

  test('have a history by their fields', async () => {
    const { entityId: id } = await site.call('entities.create', {
      type: 'x.book',
      data: { title: 'Emma', rating: 2, lent: null, tags: ['a'], isSigned: true, author: { name: 'Jane' } },
    });
    const data = { rating: 3, tags: ['a', 'b, c'], isSigned: false, pages: 400 };
    await site.call('entities.update', { id, data });
    const page = await site.visit();
    await site.signIn(page, { path: `/entities/${id}/history` });
    await page.waitForSelector('.thing-diff section');
    const told = async () =>
      (await page.locator('.thing-diff section').allInnerTexts()).map((one) => one.replace(/\s+/g, ' '));
    assert.deepEqual(await told(), [
      'Rating 2 → 3',
      'Pages nothing → 400',
      'Is signed yes → no',
      'Tags a → a, b, c',
    ]);
    await page.locator('.compare select').first().selectOption('0');
    await page.waitForSelector('.thing-diff >> text=What it is called');
    assert.ok((await told()).includes('Author nothing → {"name":"Jane"}'), String(await told()));
    await checkAccessibility(page, 'a history of a type');
    await page.setViewportSize(NARROW);
    await checkWidths(page, 'a history of a type');
    await close(page);
  });

  for (const [width, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
    test(`are filtered and sorted by controls of what their type declares, ${width}`, async () => {
      const name = `x.film_${width}`;
      await site.call('entityTypes.define', {
        name,
        schema: {
          type: 'object',
          properties: {
            title: { type: 'string' },
            kind: { enum: ['', 'short_film', 'film'], title: 'Kind of it' },
            isSeen: { type: 'boolean' },
            minutes: { type: 'integer' },
            seen: { type: 'string', format: 'date' },
          },
        },
        filters: ['isSeen', 'minutes', 'seen', 'title'],
        sorts: ['minutes'],
        lists: [{ filter: 'kind', sort: 'seen' }, { filter: 'isSeen', sort: 'minutes' }],
      });
      const make = (data) => site.call('entities.create', { type: name, data });
      await make({ title: 'One', kind: 'film', isSeen: true, minutes: 90, seen: '2026-01-02' });
      await make({ title: 'Two', kind: 'film', isSeen: false, minutes: 80, seen: '2026-01-01' });
      await make({ title: 'Three', kind: '', minutes: 70 });
      const page = await site.visit({ viewport });
      await site.signIn(page, { path: '/entities' });
      if (width === 'narrow') await page.click('text="Filters"');
      await page.selectOption('select[aria-label=Type]', name);
      const shows = async (...titles) => {
        let last;
        const read = async () => (last = await page.locator('.thing-row b').allInnerTexts());
        await until(async () => String(await read()) === String(titles), `${titles}`, 10_000).catch(() => assert.deepEqual(last, titles));
      };
      await shows('Three', 'Two', 'One');
      await checkAccessibility(page, `filters of a type, ${width}`);
      await checkWidths(page, `filters of a type, ${width}`);
      const orders = () => page.locator('select[aria-label=Order] option').allInnerTexts();
      assert.deepEqual(await orders(), ['newest first', 'oldest first', 'minutes, up', 'minutes, down']);
      await page.selectOption('select[aria-label=Order]', 'minutes');
      await shows('Three', 'Two', 'One');
      await page.selectOption('select[aria-label=Order]', '-minutes');
      await shows('One', 'Two', 'Three');
      // A pair: the order that it declares, and not the one that it does not.
      await page.selectOption('select[aria-label="Kind of it"]', 'film');
      await shows('Two', 'One');
      assert.deepEqual(await orders(), ['seen, up', 'seen, down']);
      await page.selectOption('select[aria-label="Kind of it"]', { label: 'empty' });
      await shows('Three');
      await page.selectOption('select[aria-label="Is seen"]', { label: 'no' });
      await shows('Two');
      assert.deepEqual(await orders(), ['newest first', 'oldest first', 'minutes, up', 'minutes, down']);
      assert.equal(await page.inputValue('select[aria-label="Kind of it"]'), '', 'a list has one filter');
      const input = (label) => page.locator(`.filters label:has-text("${label}") input`);
      await input('minutes').fill('90');
      await input('minutes').press('Tab');
      await shows('One');
      await input('seen').first().fill('2026-01-01');
      await input('seen').first().press('Tab');
      await shows('Two');
      assert.equal(new URL(page.url()).searchParams.get('filter'), '{"seen":"2026-01-01"}');
      await page.selectOption('select[aria-label=Without]', { label: 'without seen' });
      await shows('Three');
      await page.reload();
      if (width === 'narrow') await page.waitForSelector('#noun-filters.is-open');
      await shows('Three');
      await page.selectOption('select[aria-label=Without]', '');
      await shows('Three', 'Two', 'One');
      await close(page);
    });
  }

  test('are written as JSON by whoever may not see types, and have none where there is none', async () => {
    const { key } = await site.call('keys.create', {
      name: 'writes',
      scopes: ['entities:read', 'entities:write', 'keys:read', 'events:read'],
    });
    const page = await site.visit();
    await site.signIn(page, { key, path: '/entities/new?type=x.book' });
    await site.goto(page, '/entities?type=x.book');
    await page.waitForSelector('.filters label:has-text("filter") input');
    page.complaints.splice(0); // What it may not ask for is refused.
    await close(page);

    const { key: ada } = await site.call('users.create', { name: 'Ada' });
    const hers = await site.visit();
    await site.signIn(hers, { key: ada, path: '/entities/new' });
    await hers.waitForSelector('text=There is no type yet');
    await close(hers);
  });
});
