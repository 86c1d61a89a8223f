// A note whose writer means harm: nothing of it runs, nothing of it deceives, nothing of it stalls.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { longestStall, shoot, Site, watchStalls } from './site.mjs';

const HARM = [
  '<script>globalThis.harmed = 1</script>',
  '<img src=x onerror="globalThis.harmed = 2">',
  '<svg onload="globalThis.harmed = 3"></svg>',
  '[click me](javascript:globalThis.harmed=4)',
  '<a href="javascript:globalThis.harmed=5">or me</a>',
  '![](https://elsewhere.example/pixel.png)',
  '<iframe src="https://elsewhere.example/"></iframe>',
  '<style>body { display: none }</style>',
  '<form action="https://elsewhere.example/"><input name=key></form>',
  'user\u202egpj.exe and \u2066isolated',
  '[label\u202e](https://elsewhere.example/ "title\u202e") `code\u202e` ![alt\u202e](x.png "title\u202e")',
  '[label &#x202e;](nowhere "title\u202e")',
  '| a\u202e |\n|---|\n| cell\u202e |',
  '```\nblock\u202e\n```',
].join('\n\n');

/** Where a direction override is: in the title, in a text, in what an attribute says. */
const deceits = (page) =>
  page.evaluate(() => {
    const isRaw = (text) => /[\u202a-\u202e\u2066-\u2069]/.test(text ?? '');
    const found = isRaw(document.title) ? ['the title'] : [];
    const texts = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
    while (texts.nextNode())
      if (isRaw(texts.currentNode.data)) found.push(texts.currentNode.parentElement.outerHTML.slice(0, 200));
    for (const name of ['title', 'aria-label', 'alt', 'placeholder'])
      for (const one of document.querySelectorAll(`[${name}]`))
        if (isRaw(one.getAttribute(name))) found.push(`${name} of ${one.outerHTML.slice(0, 200)}`);
    return found;
  });

describe('a hostile note', () => {
  let site;
  before(async () => (site = await Site.open()));
  after(() => site?.close());

  test('is shown and does nothing', async () => {
    const id = await site.make('notes', {
      title: `<b onclick=x>bold\u202edeceit`,
      content: HARM,
      tags: ['<script>', 'a\u202eb'],
    });
    await site.make('tasks', { title: '"><script>globalThis.harmed=6</script>' });
    const projectId = await site.make('projects', { title: 'project\u202eone' });
    await site.call('keys.create', { name: 'key\u202eone' });
    const page = await site.visit();
    page.on('popup', (popup) => void popup.close());
    await site.signIn(page);
    const { events } = await site.call('events.list', { aggregateId: id });
    const places = [
      ['/', '.events-short li'],
      ['/notes', '.virtual-list .row'],
      [`/notes/${id}`, '.reading .markdown table'],
      [`/notes/${id}/edit`, '.thing-form'],
      [`/notes/${id}/history`, '.versions li'],
      ['/events', '.virtual-list .row'],
      [`/events/${events[1].id}`, '.json'],
      ['/tasks', '.virtual-list .row'],
      ['/search?q=harmed', '.hit:nth-child(2)'],
      [`/tasks?projectId=${projectId}&status=open`, '.filters option:has-text("one")'],
      ['/tasks/new', '.thing-form option:has-text("one")'],
      ['/notes?tag=a%E2%80%AEb', '.virtual-list .row'],
      ['/nowhere%E2%80%AE', '.empty'],
      ['/catalogue/nowhere%E2%80%AE', '.panel'],
      ['/catalogue/types/nowhere%E2%80%AE', '.panel .empty'],
    ];
    for (const [path, selector] of places) {
      await site.goto(page, path);
      await page.waitForSelector(selector, { state: 'attached' });
      for (const link of await page.$$('.markdown a'))
        await link.click({ timeout: 1_000, noWaitAfter: true }).catch(() => {});
      assert.equal(await page.evaluate(() => globalThis.harmed), undefined, path);
      assert.equal(
        await page.evaluate(
          () =>
            document.querySelectorAll(
              'main script, main iframe, main style, main object, main [onclick], main [onerror]',
            ).length,
        ),
        0,
        path,
      );
      assert.equal(
        await page.evaluate(() => getComputedStyle(document.body).display),
        'block',
        path,
      );
      assert.deepEqual(await deceits(page), [], path);
    }
    for (const [path, button] of [
      [`/notes/${id}`, '.panel .actions >> text=Delete'],
      ['/users', `[aria-label^="Revoke key"]`],
    ]) {
      await site.goto(page, path);
      await page.click(button);
      await page.waitForSelector('dialog[open] .danger');
      assert.deepEqual(await deceits(page), [], `${path}: the question`);
    }
    await site.goto(page, `/notes/${id}`);
    await shoot(page, '1280-hostile-note');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('is drawn as far as it may be, or stands as it is written, with a word why', async () => {
    // A line ends at 65,536 bytes; and more in one another than is drawn.
    const line = `${'a'.repeat(1_023)}\n`;
    const long = await site.make('notes', { title: 'bound', content: line.repeat(70) });
    const deep = await site.make('notes', { title: 'deep', content: `${'> '.repeat(5_000)}x` });
    const page = await site.visit();
    await site.signIn(page, { path: `/notes/${long}` });
    await page.waitForSelector('.reading .markdown');
    await page.waitForSelector('.reading >> text=too long to be drawn');
    assert.deepEqual(page.complaints, []);
    await site.goto(page, `/notes/${deep}`);
    await page.waitForSelector('.reading >> text=/It stands as it is written: .+/');
    await page.waitForSelector('.reading pre >> text=> > >');
    await page.context().close(); // a browser tells of the refusal
  });

  test('of one line of a megabyte does not stall the page', async (t) => {
    const id = await site.make('notes', { title: 'long', content: 'a'.repeat(1_000_000) });
    const page = await site.visit();
    await site.signIn(page);
    await page.waitForSelector('.events-short li');
    await watchStalls(page);
    await page.keyboard.press('g');
    await page.keyboard.press('n');
    await page.waitForSelector('.virtual-list .row');
    await page.click(`[data-key="${id}"]`);
    await page.waitForSelector('.reading >> text=Show');
    const stalls = [await longestStall(page)];
    const { events } = await site.call('events.list', { aggregateId: id });
    await page.goto(`${site.url}/events/${events[0].id}`);
    await page.waitForSelector('.json');
    await page.goto(`${site.url}/notes/${id}`);
    await page.waitForSelector('.reading >> text=Show');
    await watchStalls(page);
    await page.click('.tabs >> text=Edit');
    await page.waitForSelector('.thing-form');
    await page.click('.tabs >> text=History');
    await page.waitForSelector('.versions');
    const stall = Math.max(...stalls, await longestStall(page));
    t.diagnostic(`the longest stall was ${Math.round(stall)} ms`);
    assert.ok(stall < 1_500, `a stall of ${stall} ms`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
});
