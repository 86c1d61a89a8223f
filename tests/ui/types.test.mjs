// The screen of types of one's own: they are listed, read, defined, changed and removed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { checkAccessibility, checkWidths, NARROW, shoot, Site, until, WIDE } from './site.mjs';

const SCHEMA = {
  type: 'object',
  required: ['title'],
  properties: {
    title: { type: 'string' },
    status: { enum: ['open', 'read'], description: 'How far it is read.' },
    due: { type: 'string', format: 'date' },
  },
};

describe("types of one's own", () => {
  let site;
  before(async () => {
    site = await Site.open();
    await site.call('entityTypes.define', {
      name: 'x.book',
      icon: '📖',
      schema: SCHEMA,
      filters: ['status'],
      lists: [{ filter: 'status', sort: 'due' }],
    });
    await site.make('entities', { type: 'x.book', data: { title: 'Emma', status: 'open' } });
  });
  after(() => site?.close());

  const close = async (page) => {
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  };
  const refused = (page, status) => {
    for (const one of page.complaints.splice(0))
      assert.match(one, new RegExp(`^Failed to load resource: .* ${status} `));
  };
  const field = (page, name) => page.locator(`.thing-form [data-field="${name}"]`);
  const issueOf = (page, label) =>
    page.locator(`.thing-form .field:has(label:text("${label}")) .issue`).innerText();
  const row = (page, name) => page.locator(`.split-list li:has(code:text-is("${name}"))`);

  for (const [width, viewport, colorScheme] of [
    ['1280', WIDE, 'light'],
    ['390', NARROW, 'dark'],
  ]) {
    test(`are defined, with what the pod refuses said in its place, at ${width} px`, async () => {
      const name = `x.recipe${width}`;
      const page = await site.visit({ viewport, colorScheme });
      await site.signIn(page, { path: '/types' });
      await page.waitForSelector('.split-list >> text=/version 1 · 1 thing$/');
      assert.match(await row(page, 'x.book').innerText(), /📖\s+x\.book\s+version 1/);
      await checkAccessibility(page, `types at ${width} px`);
      await checkWidths(page, `types at ${width} px`);
      await shoot(page, `${width}-types`);

      await page.keyboard.press('c');
      await page.waitForURL('**/types/new');
      await page.waitForSelector('.thing-form :focus');
      await field(page, 'name').fill(name);
      await field(page, 'icon').fill('🍲');
      const wrong = {
        type: 'object',
        properties: { title: { type: 'text' }, minutes: { type: 'integer', minimum: 'none' } },
      };
      await field(page, 'schema').fill(JSON.stringify(wrong));
      await field(page, 'lists').fill('[');
      await page.keyboard.press('Control+Enter');
      await page.waitForSelector('.thing-form [role=alert]');
      await field(page, 'lists').fill('[{"filter": "minutes", "sort": "title"}]');
      await page.keyboard.press('Control+Enter');
      await page.waitForSelector('.thing-form .issue >> text=properties.title.type');
      // Both, each with its place.
      assert.match(await issueOf(page, 'Schema'), /properties\.title\.type: .*; properties\.minutes\.minimum: /);
      await checkAccessibility(page, `a type that is refused at ${width} px`);
      await checkWidths(page, `a type that is refused at ${width} px`);
      await shoot(page, `${width}-type-refused`);
      refused(page, 400);

      wrong.properties = { title: { type: 'string' }, minutes: { type: 'integer', minimum: 1 } };
      await field(page, 'schema').fill(JSON.stringify(wrong));
      await field(page, 'filters').fill('minutes, hours');
      await field(page, 'lists').fill('[{"filter": "minutes", "sort": "none"}]');
      await page.keyboard.press('Control+Enter');
      await page.waitForSelector('.thing-form .issue >> text="hours" is none of');
      assert.match(await issueOf(page, 'Lists'), /^0\.sort: "none" is none of the schema's properties$/);
      refused(page, 400);

      await field(page, 'filters').fill('minutes');
      await field(page, 'lists').fill('[{"filter": "minutes", "sort": "title"}]');
      await page.keyboard.press('Control+Enter');
      await page.waitForURL(`**/types/${name}`);
      await page.waitForSelector('.split-panel .schema >> text=minutes');
      assert.match(await page.innerText('.split-panel .facts'), /Version\s+1 · 0 things.*Lists\s+minutes\s+minutes by title/s);
      await checkAccessibility(page, `a type at ${width} px`);
      await checkWidths(page, `a type at ${width} px`);
      await shoot(page, `${width}-type`);

      await page.click('.split-panel >> text=Make one');
      await page.waitForURL(`**/entities/new?type=${name}`);
      await page.fill('[data-field="data.title"]', 'Soup');
      await page.keyboard.press('Control+Enter');
      await page.waitForSelector('.panel .tabs');
      await site.goto(page, `/types/${name}`);
      await page.waitForSelector('.facts >> text=/1 thing/');
      await page.click('text=Its things');
      await page.waitForURL(`**/entities?type=${name}`);
      await page.waitForSelector('.thing-row >> text=Soup');
      assert.equal(await page.locator('.thing-row').count(), 1);
      await close(page);
    });
  }

  test('are changed, and go on from what another has made of them meanwhile', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/types/x.book' });
    await page.click('.tabs >> text=Edit');
    await page.waitForURL('**/types/x.book/edit');
    assert.equal(await field(page, 'name').count(), 0, 'a type is called as it is');
    assert.equal(await field(page, 'filters').inputValue(), 'status');
    await field(page, 'sorts').fill('due');
    await site.call('entityTypes.define', { name: 'x.book', icon: '📖', schema: SCHEMA, filters: ['status', 'due'] });
    await page.waitForSelector('.split-list >> text=version 2');
    assert.equal(await field(page, 'sorts').inputValue(), 'due', 'what is written stays');
    await page.click('text=Save');
    await page.waitForSelector('.thing-form [role=alert] >> text=it is now version 2');
    await field(page, 'sorts').fill('');
    await page.waitForSelector('.thing-form button[type=submit][disabled]');
    await page.reload();
    await field(page, 'sorts').fill('due');
    await field(page, 'icon').fill('');
    await page.click('text=Save');
    await page.waitForURL('**/types/x.book');
    await page.waitForSelector('.facts >> text=by due');
    const { version, sorts, filters, icon } = await site.call('entityTypes.get', { name: 'x.book' });
    assert.deepEqual({ version, sorts, filters, icon }, { version: 3, sorts: ['due'], filters: ['status', 'due'], icon: undefined });
    // Until a run has filled it in.
    await until(async () => !(await page.innerText('.split')).includes('filled in'), 'its list is there');
    await close(page);
  });

  test('tell which of their lists are being filled in', async () => {
    const page = await site.visit();
    await page.route('**/trpc/entityTypes.get*', async (route) => {
      const answer = await route.fetch();
      const all = await answer.json();
      for (const one of all) if (one.result.data.name === 'x.book') one.result.data.filling = ['/due'];
      await route.fulfill({ response: answer, json: all });
    });
    await site.signIn(page, { path: '/types/x.book' });
    await page.waitForSelector('.chip >> text=by due: being filled in');
    assert.match(await row(page, 'x.book').innerText(), /1 of its lists being filled in/);
    await close(page);
  });

  test('are removed after a question, when there is nothing of them', async () => {
    const schema = { type: 'object', properties: {} };
    await site.call('entityTypes.define', { name: 'x.gone', schema });
    const id = await site.make('entities', { type: 'x.gone', data: {} });
    const page = await site.visit();
    await site.signIn(page, { path: '/types/x.gone' });
    await page.click('text="Remove"');
    await page.click('dialog >> text=Cancel');
    await page.click('text="Remove"');
    await page.click('dialog .danger');
    await page.waitForSelector('.split-panel .issue >> text=There are entities of x.gone');
    refused(page, 412);
    await site.call('entities.delete', { id });
    await page.waitForSelector('.facts >> text=/0 things/');
    await page.click('text="Remove"');
    await page.click('dialog .danger');
    await page.waitForURL('**/types');
    await row(page, 'x.gone').waitFor({ state: 'detached' });
    await site.goto(page, '/types/x.gone');
    await page.waitForSelector('text=There is no such type');
    await page.keyboard.press('Escape');
    await page.waitForURL('**/types');
    await close(page);
  });

  test('are gone through by keys', async () => {
    const page = await site.visit();
    await site.signIn(page);
    await page.keyboard.press('g');
    await page.keyboard.press('y');
    await page.waitForURL('**/types');
    await row(page, 'x.book').waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.split-panel .facts');
    assert.match(page.url(), /\/types\/x\.\w+$/);
    await close(page);
  });

  test('whoever may not see them is told so, and who has none can make one', async () => {
    const { key } = await site.call('keys.create', { name: 'notes', scopes: ['notes:read', 'keys:read', 'events:read'] });
    const page = await site.visit();
    await site.signIn(page, { key, path: '/types' });
    await page.waitForSelector('main [role=alert]');
    await page.context().close();

    const { key: ada } = await site.call('users.create', { name: 'Ada' });
    const hers = await site.visit();
    await site.signIn(hers, { key: ada, path: '/types' });
    await hers.waitForSelector('text=There is no type yet');
    await site.goto(hers, '/entities/new');
    await hers.click('text=Define one');
    await hers.waitForURL('**/types/new');
    await hers.waitForSelector('.thing-form');
    await close(hers);
  });
});
