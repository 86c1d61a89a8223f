// The log as it moves: through a crash of the pod, and when it is long.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { checkAccessibility, heapOf, longestStall, shoot, Site, until, watchStalls } from './site.mjs';

describe('the live log', () => {
  let site;
  before(async () => (site = await Site.open()));
  after(() => site?.close());

  test('says that the pod is gone, and misses nothing when it is back', async () => {
    await site.flood(20);
    const page = await site.visit();
    await site.signIn(page, { path: '/events?q=noun:task' });
    const found = async () => Number((await page.textContent('.count')).replace(/\D/g, ''));
    await until(async () => (await found()) === 40, 'what was there is shown');
    for (const signal of ['SIGKILL', 'SIGTERM']) {
      const before = await found();
      const flooding = site.flood(200).catch(() => {});
      await site.pod.kill(signal);
      await flooding;
      await page.waitForSelector('[data-live=lost] >> text=connection lost');
      await shoot(page, `1280-connection-lost-${signal.toLowerCase()}`);
      await site.pod.startAgain();
      await site.flood(30);
      await page.waitForSelector('[data-live=live]');
      const { total } = await site.call('tasks.list', { limit: 1 });
      await until(
        async () => (await found()) === total * 2,
        `all ${total * 2} events after ${signal}, not ${await found()}`,
      );
      assert.ok((await found()) >= before + 60);
    }
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('tells that the numbers of Home are out of date while the pod is gone', async () => {
    const page = await site.visit();
    await site.signIn(page);
    const numbers = page.getByRole('region', { name: 'Numbers', exact: true });
    const outdated = page.getByRole('region', { name: 'Numbers, out of date', exact: true });
    const figure = page.locator('.numbers .figure-value').first();
    const colour = () => figure.evaluate((one) => getComputedStyle(one).color);
    await numbers.waitFor();
    await page.waitForFunction(() =>
      /\d/.test(document.querySelector('.numbers .figure-value').textContent),
    );
    const live = await colour();
    await site.pod.kill();
    await outdated.waitFor();
    assert.match(await outdated.getByRole('status').textContent(), /^Out of date: .* \d\d:\d\d:\d\d,/);
    assert.notEqual(await colour(), live);
    assert.match(await page.locator('.numbers li').first().textContent(), /\(out of date\)/);
    await checkAccessibility(page, 'Home without its pod');
    await shoot(page, '1280-home-without-pod');
    await site.pod.startAgain();
    await numbers.waitFor();
    assert.equal(await colour(), live);
    assert.equal(await numbers.getByRole('status').textContent(), '');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('is counted on Home as it moves, whenever the other numbers are read', async () => {
    const page = await site.visit();
    await site.signIn(page);
    const figure = page.locator('.numbers .figure-value').first();
    await until(async () => /\d/.test(await figure.textContent()), 'the numbers are read');
    await page.route('**/metrics?*', () => {}); // From now on they are not.
    await site.make('tasks', { title: 'Counted at once' });
    // In one frame, so that the list and its number are of the same moment.
    await page.waitForFunction(
      (wanted) =>
        document.querySelector('.events-short').textContent.includes('Counted at once') &&
        Number(document.querySelector('.figure-value').textContent.replace(/\D/g, '')) >= wanted,
      await site.end(),
    );
    await page.context().close();
  });

  test('is paused and goes on', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/events?q=paused' });
    await page.waitForSelector('text=No event passes this filter'); // what there was is there
    await page.keyboard.press('p');
    await page.waitForSelector('text=Go on');
    await site.make('tasks', { title: 'paused' });
    await page.waitForSelector('text=Go on (2 new)');
    assert.equal(await page.locator('.virtual-list .row').count(), 0);
    await page.keyboard.press('p');
    await page.waitForSelector('.virtual-list .row:nth-child(2)');
    await page.context().close();
  });

  test('tells its first event, whatever else of the page is not answered yet', async () => {
    const page = await site.visit();
    await site.signIn(page);
    // Who it is and where the log ends are asked once, and answered. Nothing else is.
    const needed = new Set(['/session', '/trpc/events.list']);
    const unanswered = new Set();
    await page.route('**/*', (route) => {
      const path = new URL(route.request().url()).pathname;
      if (route.request().resourceType() !== 'fetch' || needed.delete(path)) return route.continue();
      unanswered.add(path);
    });
    await page.reload();
    await page.waitForSelector('[data-live=live]');
    await site.call('tasks.create', { title: 'The first of all' });
    await page.waitForSelector('.events-short >> text=The first of all');
    assert.deepEqual([...needed], []);
    assert.ok(unanswered.size >= 2, `of ${[...unanswered]}`);
    await page.context().close();
  });

  test('leaves what is being read where it is, while rows come above it', async () => {
    await site.flood(100);
    const page = await site.visit();
    await site.signIn(page, { path: '/events' });
    await page.waitForSelector('.virtual-list .row');
    const seen = () =>
      page.evaluate(() => {
        const list = document.querySelector('.virtual-list');
        const { left, top } = list.getBoundingClientRect();
        return document.elementFromPoint(left + 200, top + 100).closest('a').dataset.key;
      });
    await page.evaluate(() => (document.querySelector('.virtual-list').scrollTop = 1_600));
    await page.waitForFunction(() => document.querySelectorAll('.row a').length > 20);
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
    const before = await seen();
    await site.flood(40);
    const end = String(await site.end());
    await page.waitForFunction(
      (wanted) => document.querySelector('.count').textContent.replace(/\D/g, '') === wanted,
      end,
    );
    assert.equal(await seen(), before);
    await page.context().close();
  });

  test('of 100,000 events is scrolled without a stall', async (t) => {
    await site.flood(47_000, 8);
    const page = await site.visit();
    await site.signIn(page, { path: '/events' });
    await page.waitForSelector('.virtual-list .row');
    await watchStalls(page);

    // While it moves quickly.
    await site.flood(3_500);
    const end = String(await site.end());
    assert.ok(Number(end) > 100_000);
    await page.waitForFunction(
      (wanted) => document.querySelector('.count').textContent.replace(/\D/g, '') === wanted,
      end,
    );

    // To its begin, in steps, as far as the page has loaded.
    const steps = await page.evaluate(async () => {
      const list = document.querySelector('.virtual-list');
      const begin = performance.now();
      let count = 0;
      while (
        !list.textContent.includes('This is where the log begins') &&
        performance.now() - begin < 60_000
      ) {
        list.scrollTop = list.scrollHeight;
        await new Promise((resolve) => requestAnimationFrame(resolve));
        ++count;
      }
      return { count, ms: performance.now() - begin, height: list.scrollHeight };
    });
    assert.ok(steps.height > 100_000 * 32, `all rows are in the list: ${steps.height} px`);
    // And through all of it.
    const frames = await page.evaluate(async () => {
      const list = document.querySelector('.virtual-list');
      const gaps = [];
      let last = performance.now();
      for (let step = 0; step < 120; ++step) {
        list.scrollTop = (list.scrollHeight / 120) * step;
        await new Promise((resolve) => requestAnimationFrame(resolve));
        gaps.push(performance.now() - last);
        last = performance.now();
      }
      return gaps.sort((a, b) => a - b);
    });
    const stall = await longestStall(page);
    const heap = await heapOf(page);
    const rows = await page.locator('.virtual-list .row').count();
    t.diagnostic(
      `to the begin in ${Math.round(steps.ms)} ms; frames p50 ${Math.round(frames[60])}, longest ${Math.round(frames[119])} ms; longest stall ${Math.round(stall)} ms; heap ${Math.round(heap / 1e6)} MB; ${rows} rows in the page`,
    );
    assert.ok(stall < 1_000, `a stall of ${stall} ms`);
    assert.ok(heap < 150_000_000, `${heap} bytes`);
    assert.ok(rows < 100, `${rows} rows in the page`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('is searched for a request of long ago by the pod, and not by the page', async () => {
    assert.ok((await site.end()) > 100_000);
    const { events } = await site.call('events.list', { types: ['task.creation.*'], limit: 1 });
    const [{ requestId, userId }] = events;
    const page = await site.visit();
    const questions = [];
    page.on('request', (request) => request.url().includes('events.list') && questions.push(request.url()));
    await site.signIn(page, { path: `/events?q=request:${requestId}` });
    await page.waitForSelector('.virtual-list .row:nth-child(2)');
    await page.waitForSelector('text=No older ones pass');
    assert.equal(await page.locator('.virtual-list .row').count(), 2);
    assert.equal(questions.length, 2, 'the newest of all, and these');
    await page.fill('[data-search]', `user:${userId.replace(/^.{8}/, '01234567')}`);
    await page.waitForSelector('text=No event passes this filter');
    assert.equal(questions.length, 3);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
});
