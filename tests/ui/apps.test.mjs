// Runs, functions and dead letters of an app with the official SDK, as the page shows them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { App, lanes, Pod } from '../inngest/harness.mjs';
import { checkAccessibility, checkWidths, NARROW, shoot, Site, until, WIDE } from './site.mjs';

const big = 'x'.repeat(40_000);

/** The app's own state: what its functions do is said by the test. */
const said = { isPickyGood: false };

const make = (inngest) => [
  inngest.createFunction({ id: 'sum', retries: 2, triggers: [{ event: 'shop/sum' }] }, async ({ step, attempt }) => {
    await step.run('flaky', () => {
      if (attempt === 0) throw new TypeError('the first time fails');
      return 'fine';
    });
    await step.sleep('a nap', '2s');
    const sum = await step.run('add', (...args) => args.reduce((a, b) => a + b), 1, 2);
    return step.run('big', () => `${big} ${sum}`);
  }),
  inngest.createFunction({ id: 'wait', triggers: [{ event: 'shop/wait' }] }, async ({ step }) => {
    await step.run('before', () => 1);
    return step.waitForEvent('paid', { event: 'shop/paid', timeout: '1h' });
  }),
  inngest.createFunction({ id: 'picky', retries: 0, triggers: [{ event: 'shop/picky' }] }, ({ event }) => {
    if (!said.isPickyGood && !event.data.good) throw new TypeError(`not <b>${event.data.n}</b>`);
    return `took ${event.data.n ?? event.data.good}`;
  }),
];

describe('an app', () => {
  let pod;
  let app;
  let site;
  before(async () => {
    pod = await Pod.start('--dev', '--dev-retry-interval', '300ms');
    app = await App.ofSdk(lanes.at(-1).sdk, { isDev: true, baseUrl: pod.url }, make);
    assert.equal((await app.sync()).status, 200);
    site = await Site.open({ pod });
  });
  after(async () => {
    await site?.close();
    await app?.close();
  });
  const send = (event) => app.client.send(event);
  const get = (id) => pod.call('runs.get', { id });
  const textOf = async (locator) => (await locator.innerText()).replace(/\s+/g, ' ');

  test('has its run drawn over time, and done again from a step with another input', async () => {
    await send({ name: 'shop/sum', data: {} });
    const { id } = await pod.run('shop-sum', 'completed');
    for (const viewport of [WIDE, NARROW]) {
      const page = await site.visit({ viewport });
      await site.signIn(page, { path: `/runs/${id}` });
      const row = (name) => page.locator('.steps > li', { hasText: name });
      await row('big').waitFor();
      const names = await page.locator('.steps .step-name').allInnerTexts();
      assert.deepEqual(names.slice(0, 5), ['queued', 'flaky', 'a nap', 'add', 'big']);
      assert.match(await textOf(row('flaky')), /^done flaky 1 attempt failed /);
      assert.equal(await row('flaky').locator('.track i.failed').count(), 1);
      assert.equal(await row('flaky').locator('.track i.done').count(), 1);
      assert.equal(await row('a nap').locator('.track i.sleep').count(), 1);
      // Two seconds in which nothing was done are drawn short, with their length.
      assert.match(await textOf(page.locator('.folds')), /(1\.9\d|2\.\d+) s/);
      const widths = await page.locator('.folds span').evaluateAll((all) => all.map((one) => parseFloat(one.style.width)));
      assert.ok(widths.every((width) => width <= 10), String(widths));

      await page.locator('.folds').scrollIntoViewIfNeeded();
      await shoot(page, `${viewport.width}-waterfall`);

      // By the keyboard: from row to row, and open.
      await row('queued').locator('button.step').focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.waitForSelector('.failures >> text=the first time fails');
      await row('big').locator('button.step').click();
      await row('big').getByText('Show the whole').click();
      await row('big').locator('.json').waitFor();

      await page.locator('.waterfall-table summary').click();
      const table = (await page.locator('.waterfall-table tbody tr').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
      assert.ok(table.some((line) => /flaky failed attempt \d+ ms/.test(line)), table.join('\n'));
      assert.ok(table.some((line) => /a nap slept /.test(line)), table.join('\n'));
      assert.ok(table.some((line) => /– nothing was done (1\.|2\.)\d+ s/.test(line)), table.join('\n'));
      await checkAccessibility(page, 'a waterfall');
      await checkWidths(page, 'a waterfall');
      await shoot(page, `${viewport.width}-waterfall-open`);

      if (viewport === WIDE) {
        await row('add').locator('button.step').click();
        await row('add').getByText('With another input').click();
        const field = row('add').locator('textarea');
        await field.fill('[10, ');
        await row('add').getByText('Rerun with these').click();
        await row('add').locator('.issue').waitFor();
        await field.fill('[10, 5]');
        await row('add').getByText('Rerun with these').click();
        await page.waitForURL((url) => !url.pathname.endsWith(id));
        await page.waitForSelector('.panel header >> text=completed');
        assert.match(await textOf(page.locator('.facts')), /It is a rerun of this run from add, with another input/);
        const again = new URL(page.url()).pathname.split('/').at(-1);
        assert.equal((await get(again)).steps.find((step) => step.name === 'add').result.data, 15);
      }
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    }
  });

  test('has a run that waits drawn with an open end, cancelled, and rerun', async () => {
    await send({ name: 'shop/wait', data: {} });
    const { id } = await pod.run('shop-wait', 'sleeping');
    const page = await site.visit();
    await site.signIn(page, { path: `/runs/${id}` });
    const pending = page.locator('.pending-step');
    await pending.locator('.track i.wait.is-open').waitFor();
    assert.match(await textOf(pending), /^waiting paid waits for an event, until /);
    await pending.locator('button.step').click();
    await pending.locator('text=shop/paid').waitFor();
    await page.click('.panel .actions >> text=Cancel');
    await page.waitForSelector('.panel header >> text=cancelled');
    await page.click('.panel .actions >> text=Rerun');
    await page.waitForURL((url) => !url.pathname.endsWith(id));
    await page.waitForSelector('.pending-step');
    const again = new URL(page.url()).pathname.split('/').at(-1);
    await send({ name: 'shop/paid', data: {} });
    await page.waitForSelector('.panel header >> text=completed');
    assert.equal((await get(again)).origin.runId, id);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('has its runs found by function, status, type, time and text', async () => {
    said.isPickyGood = true;
    for (const n of ['one', 'two', 'three']) await send({ name: 'shop/picky', data: { n: `number ${n}`, note: 'seen' } });
    said.isPickyGood = await until(async () => (await pod.runsOf('shop-picky')).filter((run) => run.endedAt).length === 3, 'three ended') && false;
    const [{ function: picky }] = await pod.runsOf('shop-picky');
    const all = (await pod.call('runs.list', {})).runs.length;
    for (const viewport of [WIDE, NARROW]) {
      const page = await site.visit({ viewport });
      await site.signIn(page, { path: '/runs' });
      const rows = page.locator('.virtual-list .row');
      const shows = (count, what) => until(async () => (await rows.count()) === count, `${count} rows: ${what}`);
      await shows(all, 'all');
      await page.selectOption('[aria-label=Function]', picky);
      await shows(3, 'of the function');
      await page.keyboard.press('Escape');
      await page.fill('[data-search]', `function:${picky} NUMBER two`);
      await shows(1, 'with the words');
      assert.equal(new URL(page.url()).searchParams.get('q'), `function:${picky} NUMBER two`);
      await page.fill('[data-search]', 'type:shop/picky until:2020-01-01');
      await page.waitForSelector('text=No run is found');
      await page.click('text=Take the filter away');
      await shows(all, 'all again');
      await page.click('.run-tabs >> text=cancelled');
      await shows(1, 'cancelled');
      await page.fill('[data-search]', 'since:soon');
      await page.waitForSelector('.issue >> text=since: give a time');
      await checkAccessibility(page, 'runs with a filter');
      await checkWidths(page, 'runs with a filter');
      await shoot(page, `${viewport.width}-runs-filtered`);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    }
  });

  // So much to look at takes long to make: the pod's answer is cut by hand.
  test('says that a page of runs was cut short, and goes on when it is told to', async () => {
    const page = await site.visit();
    let asked = 0;
    await page.route(/\/trpc\/runs\.list\b/, async (route) => {
      const input = JSON.parse(new URL(route.request().url()).searchParams.get('input'));
      if (!input.text) return route.continue();
      asked += 1;
      const answer = await route.fetch();
      const body = await answer.json();
      const { data } = body.result;
      if (!input.cursor) Object.assign(data, { runs: [], nextCursor: data.runs[0].id, isCut: true, lookedTo: '2026-01-31T12:00:00.000Z' });
      return route.fulfill({ response: answer, json: body });
    });
    await site.signIn(page, { path: '/runs?q=number' });
    await page.waitForSelector('.list-footer >> text=were looked at');
    assert.match(await textOf(page.locator('.list-footer')), /All runs queued since .*Jan.* were looked at\. Look further back/);
    await page.waitForTimeout(400);
    assert.equal(asked, 1, 'nobody told it to go on');
    await page.click('text=Look further back');
    await page.waitForSelector('.virtual-list .row:nth-child(2)');
    assert.equal(await page.locator('.list-footer').count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('has its functions shown, paused, resumed, invoked, tried with an event and replayed', async () => {
    said.isPickyGood = false;
    const [{ function: picky }] = await pod.runsOf('shop-picky');
    const countOf = async () => (await pod.runsOf('shop-picky')).length;
    const page = await site.visit();
    await site.signIn(page);
    await page.click('nav >> text=Functions');
    await page.waitForSelector('.app-item >> text=shop');
    assert.match(await textOf(page.locator('.app-item')), /^ok shop 3 functions, js:v4.24.0.*registered .*, asked just now.* Sync$/);
    await page.click('[aria-label="Sync shop"]');
    await page.waitForSelector('.sayings >> text=shop has registered');
    await page.click('.virtual-list .row >> text=shop-picky');
    await page.waitForSelector('.facts >> text=shop/picky');

    await page.click('.panel .actions >> text=Pause');
    await page.waitForSelector('.panel .problem >> text=Paused by you since');
    await page.waitForSelector('.virtual-list .row >> text=paused');
    const before = await countOf();
    await page.click('text=Send a test event');
    const form = page.locator('.doing', { hasText: 'Send a test event' });
    await form.locator('textarea').fill('{"good": "from the page"}');
    let asked = 0;
    page.removeAllListeners('dialog');
    page.on('dialog', (dialog) => (++asked, dialog.dismiss()));
    await page.click('nav >> text=Runs');
    await until(() => asked === 1, 'the page asks before it throws away what was written');
    assert.equal(await form.locator('textarea').inputValue(), '{"good": "from the page"}');
    await form.locator('button[type=submit]').click();
    await page.waitForSelector('.sayings >> text=shop/picky is sent');
    await until(async () => (await countOf()) === before + 1, 'it has a run');
    await page.waitForSelector('.facts >> text=1 waiting, 0 running');
    await checkAccessibility(page, 'a function');
    await checkWidths(page, 'a function');
    await shoot(page, '1280-function');
    await page.click('.panel .actions >> text=Resume');
    await until(async () => (await pod.runsOf('shop-picky'))[0].status === 'completed', 'it goes on');
    await page.waitForSelector('.panel .problem', { state: 'detached' });

    await page.click('text=Replay it for events of the past');
    const replay = page.locator('.doing', { hasText: 'Replay it' });
    await replay.getByLabel('Filter').fill('event.data.n == "number one" ||');
    await replay.locator('button[type=submit]').click();
    await page.waitForSelector('.sayings .bad');
    assert.match(page.complaints.splice(0).join(), /^Failed to load resource: .* 400 \(Bad Request\)$/);
    await replay.getByLabel('Filter').fill('event.data.n == "number one"');
    await replay.getByLabel('Also for events').check();
    const runsBefore = await countOf();
    await replay.locator('button[type=submit]').click();
    await page.waitForSelector('.replay >> text=completed');
    assert.match(await textOf(page.locator('.replay')), /1 runs, \d+ events passed over/);
    assert.equal(await page.locator('.replay progress').evaluate((bar) => bar.value), 1);
    assert.equal(await countOf(), runsBefore + 1);
    await checkAccessibility(page, 'replays');

    await page.click('text=Invoke it');
    const invoke = page.locator('.doing', { hasText: 'Invoke it' });
    await invoke.locator('textarea').fill('{"good": "invoked"}');
    await invoke.locator('button[type=submit]').click();
    await page.waitForURL('**/runs/*');
    await page.waitForSelector('.panel header >> text=completed');
    await page.waitForSelector('.panel >> text=took invoked');
    assert.deepEqual(page.complaints, []);
    await page.context().close();

    const narrow = await site.visit({ viewport: NARROW, colorScheme: 'dark' });
    await site.signIn(narrow, { path: '/functions' });
    await narrow.waitForSelector('.virtual-list .row');
    for (const name of ['functions', 'function']) {
      if (name === 'function') await site.goto(narrow, `/functions/${encodeURIComponent(picky)}`);
      await narrow.waitForSelector(name === 'function' ? '.facts' : '.app-item');
      for (const doing of await narrow.locator('.doing summary').all()) await doing.click();
      await checkAccessibility(narrow, `${name}, narrow`);
      await checkWidths(narrow, `${name}, narrow`);
      await shoot(narrow, `390-app-${name}`);
    }
    assert.deepEqual(narrow.complaints, []);
    await narrow.context().close();
  });

  test('has its dead letters grouped, tried again one by one and together, edited, and put away', async () => {
    said.isPickyGood = false;
    await pod.call('deadLetters.discard', { all: true });
    for (const n of [1, 1, 1, 2, 3, 4]) await send({ name: 'shop/picky', data: { n } });
    const failed = async () => (await pod.call('runs.list', { status: 'failed' })).runs;
    await until(async () => (await failed()).length === 6, 'six fail');
    const page = await site.visit();
    await site.signIn(page);
    await page.keyboard.press('g');
    await page.keyboard.press('d');
    await page.waitForURL('**/dead-letters');
    const rows = page.locator('.virtual-list .row');
    await page.waitForSelector('.virtual-list .row:nth-child(4)');
    // What the error says is text, not markup.
    assert.match(await textOf(rows.first()), /^3 shop-picky TypeError: not <b>1<\/b> /);
    const open = (n) => page.click(`.virtual-list .row >> text=not <b>${n}</b>`);
    const letters = page.locator('.letter');

    await open(1);
    await page.waitForSelector('.letter:nth-child(3)');
    await checkAccessibility(page, 'dead letters');
    await checkWidths(page, 'dead letters');
    await shoot(page, '1280-dead-letters');
    // One, still in vain: it comes back.
    await letters.first().getByText('Retry', { exact: true }).click();
    await page.waitForSelector('.sayings >> text=It is tried again');
    await until(async () => (await failed()).length === 6, 'it failed again');
    // Then all of the kind, and none of another.
    said.isPickyGood = true;
    await page.click('text=Retry all 3');
    await page.waitForSelector('.sayings >> text=3 tried again');
    await page.waitForSelector('text=There are no dead letters of this kind any more');
    // They are over before the function is bad again: a run that is late would be a dead letter once more.
    const going = async () => (await pod.runsOf('shop-picky')).filter((run) => !run.endedAt).length;
    await until(async () => (await going()) === 0, 'all three are done');
    assert.deepEqual((await failed()).map((run) => run.error.message).sort(), [2, 3, 4].map((n) => `not <b>${n}</b>`));
    said.isPickyGood = false;

    await page.click('text=Show the others');
    await open(2);
    await letters.first().getByText('Edit and replay').click();
    const field = letters.first().locator('textarea');
    assert.equal(JSON.parse(await field.inputValue()).n, 2);
    await field.fill('{"good": "edited"}');
    await page.click('text=Replay with these');
    await page.waitForURL('**/runs/*');
    await page.waitForSelector('.panel >> text=took edited');

    await site.goto(page, '/dead-letters');
    await open(3);
    await letters.first().getByText('Put away', { exact: true }).click();
    await page.waitForSelector('.sayings >> text=It is put away');
    assert.equal((await failed()).length, 1);
    await page.keyboard.press('Escape');
    await open(4);
    await page.click('text=Put it away');
    await page.waitForSelector('dialog');
    assert.equal((await failed()).length, 1, 'it is asked about first');
    await page.click('dialog >> button.danger');
    await page.waitForSelector('text=There are no dead letters');
    assert.equal((await failed()).length, 0);
    assert.equal((await pod.runsOf('shop-picky')).filter((run) => run.status === 'discarded').length >= 3, true);
    assert.deepEqual(page.complaints, []);
    await page.context().close();

    await send({ name: 'shop/picky', data: { n: 5 } });
    await until(async () => (await failed()).length === 1, 'one more fails');
    const narrow = await site.visit({ viewport: NARROW, colorScheme: 'dark' });
    await site.signIn(narrow, { path: '/dead-letters' });
    await narrow.click('.virtual-list .row');
    await narrow.waitForSelector('.letter');
    await checkAccessibility(narrow, 'dead letters, narrow');
    await checkWidths(narrow, 'dead letters, narrow');
    await shoot(narrow, '390-dead-letters');
    assert.deepEqual(narrow.complaints, []);
    await narrow.context().close();
  });

  test('is told to be away once it does not answer', async () => {
    await app.close();
    app = undefined;
    const page = await site.visit();
    await site.signIn(page, { path: '/functions' });
    await page.click('[aria-label="Sync shop"]');
    await page.waitForSelector('.app-item .issue');
    assert.match(await textOf(page.locator('.app-item')), /^fail shop /);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
});
