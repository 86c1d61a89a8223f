// Each screen, wide and narrow, light and dark: it is there, nothing goes wrong in it, nothing sticks
// out of it, axe finds nothing serious. A screenshot of each is kept in the build directory.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { checkAccessibility, checkWidths, NARROW, shoot, Site, WIDE } from './site.mjs';

// All that Markdown has, for the eye.
const MARKDOWN = [
  '# A trip to the sea',
  'Words that are **strong**, *soft*, ~~gone~~ or `code`, and a [link](https://example.org/a/long/path).',
  '## What to take',
  '- [x] towels\n- [ ] a book\n  1. first\n  2. second',
  '> It was quiet.\n>\n> > And then it was not.',
  '| Day | Place | Kilometres |\n|---|:-:|---:|\n| Monday | Lübeck | 67.5 |\n| Tuesday | Travemünde | 20 |',
  '```js\nconst far = kilometres => kilometres > 100; // a line that is much longer than a telephone is wide, to be scrolled\n```',
  '---',
  'https://example.org/an/address/that/does/not/fit/on/one/line/of/a/telephone/because/it/goes/on/and/on',
  '### Smaller\n\nThe end.',
].join('\n\n');

describe('every screen', () => {
  let site;
  let screens;
  before(async () => {
    site = await Site.open();
    const project = await site.make('projects', {
      title: 'Garden',
      description: 'What grows **where**.',
    });
    await site.make('tasks', {
      title: 'Buy seeds',
      priority: 'high',
      dueDate: '2030-03-01',
      projectId: project,
    });
    const task = await site.make('tasks', { title: 'Dig', description: '- deep\n- wide' });
    await site.call('tasks.complete', { id: task });
    const note = await site.make('notes', {
      content: '# Groceries\n\n- milk\n- bread',
      tags: ['home', 'garden'],
    });
    await site.call('notes.update', {
      id: note,
      content: '# Groceries\n\n- oat milk\n- bread\n- seeds',
    });
    const rich = await site.make('notes', { content: MARKDOWN });
    await site.call('eventTypes.register', {
      name: 'x.weight.recorded',
      schema: {
        type: 'object',
        properties: { kg: { type: 'number', description: 'In kilograms.' } },
        required: ['kg'],
      },
    });
    await site.call('events.publish', { type: 'x.weight.recorded', data: { kg: 80.5 } });
    const relation = await site.make('relations', { fromId: task, toId: project, type: 'part_of' });
    await site.call('entityTypes.define', {
      name: 'x.book',
      schema: { type: 'object', properties: { title: { type: 'string' }, pages: { type: 'integer' } } },
      title: 'title',
    });
    const book = await site.make('entities', { type: 'x.book', data: { title: 'Emma', pages: 400 } });
    await site.call('keys.create', { name: 'a laptop', scopes: ['notes:read'], expiresInDays: 90 });
    await site.call('users.create', { name: 'Ada' });
    const { events } = await site.call('events.list', { types: ['note.creation.completed'] });
    const { runs } = await site.call('runs.list');
    screens = [
      ['home', '/', '.events-short li'],
      ['search', '/search?q=oat seeds', '.hit mark'],
      ['search-nothing', '/search?q=zebra', '.empty'],
      ['events', '/events', '.virtual-list .row'],
      ['event', `/events/${events[0].id}`, '.cause-tree li:nth-child(3)'],
      ['runs', '/runs', '.virtual-list .row'],
      ['run', `/runs/${runs[0].id}`, '.steps li'],
      ['functions', '/functions', '.virtual-list .row'],
      ['function-of-pod', '/functions/notes.create', '.facts'],
      ['dead-letters', '/dead-letters', '.empty'],
      ['notes', '/notes', '.virtual-list .row'],
      ['note', `/notes/${note}`, '.reading'],
      ['note-rich', `/notes/${rich}`, '.reading table'],
      ['note-edit', `/notes/${note}/edit`, 'textarea'],
      ['note-history', `/notes/${note}/history`, '.versions li'],
      ['note-links', `/notes/${note}/links`, '.neighbourhood p'],
      ['relations', '/relations', '.virtual-list .row'],
      ['relation', `/relations/${relation}`, '.facts a'],
      ['entities', '/entities', '.virtual-list .row'],
      ['entity', `/entities/${book}`, '.facts'],
      ['entity-edit', `/entities/${book}/edit`, '.thing-form input'],
      ['entity-new', '/entities/new?type=x.book', '.thing-form input'],
      ['types', '/types', '.group li'],
      ['type', '/types/x.book', '.schema li'],
      ['type-edit', '/types/x.book/edit', '.thing-form input'],
      ['proposals', '/proposals', '.empty'],
      ['chat', '/chat', '.chat-composer'],
      ['tags', '/tags', 'tbody tr'],
      ['search-indexes', '/search', '.checks li:nth-child(2)'],
      ['tasks', '/tasks', '.virtual-list .row'],
      ['task-new', '/tasks/new', '.thing-form'],
      ['projects', '/projects', '.virtual-list .row'],
      ['catalogue', '/catalogue', '.group li'],
      ['procedure', '/catalogue/notes.create', '.fields textarea'],
      ['event-types', '/catalogue/types', '.group li'],
      ['event-type', '/catalogue/types/x.weight.recorded', '.schema li'],
      ['event-type-of-pod', '/catalogue/types/note.creation.completed', '.schema li'],
      ['users', '/users', 'tbody tr'],
      ['pod', '/pod', '.checks li'],
      ['nowhere', '/nowhere', '.empty'],
    ];
  });
  after(() => site?.close());

  for (const [width, viewport, colorScheme] of [
    ['1280', WIDE, 'light'],
    ['390', NARROW, 'dark'],
  ]) {
    test(`is there at ${width} px, ${colorScheme}`, async () => {
      const page = await site.visit({ viewport, colorScheme });
      await page.goto(site.url);
      await page.waitForSelector('#key');
      await checkAccessibility(page, 'sign-in');
      await shoot(page, `${width}-sign-in`);
      await site.signIn(page);
      for (const [name, path, selector] of screens) {
        await site.goto(page, path);
        await page.waitForSelector(selector);
        const fold = page.locator('button.fold');
        if (await fold.isVisible()) await fold.click();
        await checkWidths(page, `${name} at ${width} px`);
        await checkAccessibility(page, `${name} at ${width} px`);
        await shoot(page, `${width}-${name}`);
        assert.deepEqual(page.complaints, [], name);
      }
      await page.context().close();
    });
  }
});
