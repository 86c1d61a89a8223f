// Chat on the page, with a scripted model: answers as they are written, the tools that are called, what is
// cited, how a run went, and what is said where there is no answer.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { Pod } from '../e2e/harness.mjs';
import { entry, KEY, provider, toml } from '../models/harness.mjs';
import { checkAccessibility, checkWidths, NARROW, shoot, Site, until, WIDE } from './site.mjs';

const HOSTILE = '<img src=x onerror=alert(1)> [here](javascript:alert(2)) <script>alert(3)</script>';
/** An answer that is kept, and so is not under way. */
const STOPPED = 'article[aria-label=Answer]:not([aria-busy])';

describe('chat', () => {
  const closers = [];
  let site;
  let note;
  let answers = 0;
  before(async () => {
    const mock = await provider({ after: (close) => closers.push(close) }, (one) => {
      one.on({ userMessage: /tulips/, hasToolResult: false },
        { toolCalls: [{ name: 'tasks_create', arguments: '{"title":"Order bulbs"}' }] });
      one.on({ userMessage: /tulips/, hasToolResult: true },
        { content: 'Tulips go into the ground in **autumn** [1], and a task says so.' });
      one.on({ userMessage: /slowly/ }, { content: 'so slowly '.repeat(1_200) }, { latency: 60 });
      one.on({ userMessage: /restart/ }, { content: `${'word '.repeat(400)}the end` }, { latency: 60 });
      one.on({ userMessage: /numbered (\w+)/ }, () => ({ content: `Answer number ${++answers}.` }));
      one.on({ userMessage: /refused/ }, { error: { message: 'no', type: 'invalid_request_error' }, status: 400 });
      one.on({ userMessage: /hostile/ }, { content: HOSTILE });
    });
    const folder = await mkdtemp(join(tmpdir(), 'synap-chat-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const config = join(folder, 'synap.toml');
    await writeFile(config, `models = ${toml({ chat: [entry(mock)] })}\n`);
    process.env.TEST_MODEL_KEY = KEY;
    site = await Site.open({ pod: await Pod.start({ args: ['--config', config] }) });
    note = await site.make('notes', { content: '# Tulips\n\nThe tulips go into the ground in autumn.' });
    const q = encodeURIComponent(JSON.stringify({ q: 'tulips' }));
    await until(
      async () => (await site.pod.http(`search.query?input=${q}`)).body.result?.data.hits.length > 0,
      'the index',
    );
  });
  after(async () => {
    await site?.close();
    for (const close of closers.reverse()) await close();
  });

  const send = async (page, text) => {
    await page.fill('.chat-composer textarea', text);
    await page.click('text="Send"');
  };

  for (const [width, viewport, colorScheme] of [
    ['1280', WIDE, 'light'],
    ['390', NARROW, 'dark'],
  ]) {
    test(`answers, cites, calls tools and shows how it went, at ${width} px`, async () => {
      const page = await site.visit({ viewport, colorScheme });
      await site.signIn(page, { path: '/chat' });
      await page.waitForSelector('.chat-composer :focus');
      await checkAccessibility(page, `threads at ${width} px`);
      // By the keyboard.
      await page.keyboard.type('When do I plant tulips?');
      await page.keyboard.press('Control+Enter');
      await page.waitForURL('**/chat/*-*');
      await page.waitForSelector('article .markdown strong >> text=autumn');
      assert.equal(await page.textContent('.chat-user'), 'When do I plant tulips?');
      const tool = page.locator('.chat-tools li');
      assert.match(await tool.locator('summary').textContent(), /proposed\s*tasks\.create/);
      assert.equal(await tool.locator('pre').first().isVisible(), false, 'it is folded');
      await tool.locator('summary').click();
      assert.match(await tool.textContent(), /"title":"Order bulbs".*"status"/s);
      await checkWidths(page, `a thread at ${width} px`);
      await checkAccessibility(page, `a thread at ${width} px`);
      await shoot(page, `${width}-chat`);
      await page.click('text=How it went');
      await page.waitForSelector('.split-panel .steps li');
      assert.match(await page.textContent('.split-panel .steps'), /model/);
      await until(
        () => page.evaluate(() => document.querySelector('.split-panel').getBoundingClientRect().top < innerHeight - 100),
        'it is brought into view',
      );
      await checkWidths(page, `a thread and a run at ${width} px`);
      await checkAccessibility(page, `a thread and a run at ${width} px`);
      await shoot(page, `${width}-chat-run`);
      const [log, run] = await page.evaluate(() =>
        ['.chat-log', '.split-panel'].map((one) => document.querySelector(one).getBoundingClientRect().toJSON()));
      if (width === '1280') assert.ok(run.left >= log.right - 1, 'beside');
      else assert.ok(run.top >= log.bottom - 1 && run.left === 0, 'below');
      // The deep link, and back.
      await page.reload();
      await page.waitForSelector('.split-panel .steps li');
      // Out of the field, and then to close the run.
      for (const key of ['Escape', 'Escape']) await page.keyboard.press(key);
      await page.waitForFunction(() => location.pathname.split('/').length === 3);
      await page.click('.chat-sources a');
      await page.waitForURL(`**/notes/${note}`);
      await page.waitForSelector('.reading >> text=into the ground');
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    });
  }

  test('shows an answer while it is written, and stops it', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/chat' });
    await send(page, 'Tell me slowly');
    await page.waitForSelector('[aria-busy=true] >> text=so slowly so slowly');
    const length = () => page.evaluate(() => document.querySelector('[aria-busy=true]').textContent.length);
    const then = await length();
    await until(async () => (await length()) > then + 20, 'more of it');
    await shoot(page, '1280-chat-answering');
    // After a reload it is told again.
    await page.reload();
    await page.waitForSelector('[aria-busy=true] >> text=so slowly so slowly');
    await page.click('text="Stop"');
    await page.waitForSelector(`${STOPPED} .issue >> text=was stopped`);
    assert.equal(await page.locator('text="Stop"').count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('tells an answer to its end though the pod is started again meanwhile', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/chat' });
    await send(page, 'Survive a restart');
    await page.waitForSelector('[aria-busy=true] >> text=word word');
    await site.pod.kill();
    await page.waitForSelector('article .issue');
    await site.pod.startAgain();
    await page.waitForSelector('article .markdown >> text=the end');
    assert.equal(await page.locator('article .issue').count(), 0);
    assert.equal(await page.locator('article[aria-label=Answer]').count(), 1);
    await page.context().close();
  });

  test('says why there is no answer, and shows nothing of a hostile one but its text', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/chat' });
    await send(page, 'This is refused');
    await page.waitForSelector('article .issue');
    await send(page, `hostile ${HOSTILE}`);
    await page.waitForSelector('article:last-child >> text=How it went');
    assert.equal(await page.textContent('.chat-user >> nth=1'), `hostile ${HOSTILE}`);
    await page.waitForSelector('article:last-child .markdown');
    const unsafe = '.chat-log :is(script, [onerror], a[href^="javascript"])';
    assert.equal(await page.locator(unsafe).count(), 0);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('shows the newest of a long thread, and earlier ones when asked', async () => {
    const { entityId: id } = await site.call('chat.send', { text: 'refused: the first' });
    for (let at = 2; at <= 18; ++at) await site.call('chat.send', { threadId: id, text: `refused: number ${at}` });
    await until(async () => (await site.call('chat.get', { id })).messages.length === 36, 'all answers');
    const page = await site.visit();
    await site.signIn(page, { path: `/chat/${id}` });
    await page.waitForSelector('text=refused: number 18');
    const articles = page.locator('.chat-log article');
    assert.equal(await articles.count(), 30);
    const { top, end } = await page.evaluate(() => {
      const { scrollTop, scrollHeight, clientHeight } = document.querySelector('.scrolls');
      return { top: scrollTop, end: scrollHeight - clientHeight };
    });
    assert.ok(top > 0 && top >= end - 2, 'at its end');
    await page.click('text=Earlier messages');
    await page.waitForSelector('text=refused: the first');
    assert.equal(await page.locator('text=Earlier messages').count(), 0);
    // What is said now takes nothing out of the middle.
    await send(page, 'refused: the last');
    await page.waitForFunction(() => document.querySelectorAll('.chat-log article').length === 38);
    await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
    assert.equal(await page.locator('.chat-user').count(), 19);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  for (const [width, viewport] of [['1280', WIDE], ['390', NARROW]]) {
    test(`edits a message, has one answered again, and goes through the branches, at ${width} px`, async () => {
      answers = 0;
      const page = await site.visit({ viewport });
      await site.signIn(page, { path: '/chat' });
      const asked = (count) => page.waitForFunction((n) => document.querySelectorAll('.chat-user').length === n, count);
      const texts = () => page.$$eval('.chat-log article', (all) =>
        all.map((one) => (one.matches('.chat-user') ? one.textContent : /Answer number (\d+)/.exec(one.textContent)?.[1])).join(' | '));
      const shown = async (wanted) => {
        let last;
        const isStill = async () => (await page.locator('[aria-busy=true]').count()) === 0;
        // What is said while an answer is written stands before it.
        await until(async () => (last = await texts()) === wanted && isStill(), wanted, 20_000).catch(() => assert.equal(last, wanted));
      };
      await send(page, 'numbered one');
      await shown('numbered one | 1');
      await send(page, 'numbered two');
      await shown('numbered one | 1 | numbered two | 2');
      assert.equal(await page.locator('[aria-label="Others in its place"]').count(), 0);
      // In other words: another branch begins, and the first stays.
      await page.click('.chat-beside >> nth=0 >> text=Edit');
      const form = page.locator('.chat-log form');
      assert.equal(await form.locator('textarea').inputValue(), 'numbered one');
      await checkAccessibility(page, `an edited message at ${width} px`);
      await form.locator('textarea').fill('numbered first');
      await page.keyboard.press('Control+Enter');
      await shown('numbered first | 3');
      assert.match(page.url(), /through=/);
      await page.waitForSelector('.chat-beside >> text=2 of 2');
      await send(page, 'numbered next');
      await shown('numbered first | 3 | numbered next | 4');
      await page.click('[aria-label="The one before"]');
      await shown('numbered one | 1 | numbered two | 2');
      // Another answer to the same.
      await page.click('article >> text=Answer again >> nth=0');
      await shown('numbered one | 5');
      const others = page.locator('article[aria-label=Answer] [aria-label="Others in its place"]');
      assert.match(await others.textContent(), /2 of 2/);
      await checkWidths(page, `branches at ${width} px`);
      await checkAccessibility(page, `branches at ${width} px`);
      await shoot(page, `${width}-chat-branches`);
      // What is said now follows what is shown, though the newest of all is elsewhere.
      await others.locator('[aria-label="The one before"]').click();
      await shown('numbered one | 1 | numbered two | 2');
      await send(page, 'numbered three');
      await shown('numbered one | 1 | numbered two | 2 | numbered three | 6');
      await page.reload();
      await shown('numbered one | 1 | numbered two | 2 | numbered three | 6');
      await asked(3);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    });
  }

  test('shows each answer that is under way, and stops each', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/chat' });
    await send(page, 'Tell me slowly');
    await page.waitForSelector('[aria-busy=true] >> text=so slowly so slowly');
    await send(page, 'And this slowly');
    const busy = page.locator('[aria-busy=true]');
    await until(async () => (await busy.count()) === 2, 'both are written');
    await page.reload();
    await until(async () => (await busy.count()) === 2, 'both are written, also after a reload');
    await busy.first().locator('text="Stop"').click();
    await until(async () => (await busy.count()) === 1, 'one is stopped');
    assert.match(await page.textContent('.chat-log'), /Tell me slowly.*And this slowly/s);
    await busy.first().locator('text="Stop"').click();
    await until(async () => (await busy.count()) === 0, 'the other, too');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('goes on behind an answer that was stopped, on a branch that is not the newest', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/chat' });
    await send(page, 'Tell me slowly');
    await page.waitForSelector('[aria-busy=true] >> text=so slowly so slowly');
    await page.click('text="Stop"');
    await page.waitForSelector(`${STOPPED} .issue`);
    await page.click('.chat-beside >> nth=0 >> text=Edit');
    await page.locator('.chat-log form textarea').fill('numbered instead');
    await page.keyboard.press('Control+Enter');
    await page.waitForSelector('.chat-log >> text=Answer number');
    await page.click('[aria-label="The one before"]');
    await page.waitForSelector('.chat-user >> text=Tell me slowly');
    await page.waitForSelector('article .issue >> text=was stopped');
    await send(page, 'numbered behind');
    await page.waitForSelector('.chat-user >> text=numbered behind');
    await page.waitForSelector('.chat-log >> text=Answer number');
    assert.match(await page.textContent('.chat-log'), /Tell me slowly.*numbered behind.*Answer number/s);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('answers again what was stopped', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/chat' });
    await send(page, 'Tell me slowly');
    await page.waitForSelector('[aria-busy=true] >> text=so slowly so slowly');
    assert.equal(await page.locator('[aria-busy=true] >> text=How it goes').count(), 1);
    assert.equal(await page.locator('text=Answer again').count(), 0);
    await page.click('text="Stop"');
    const stopped = page.locator(STOPPED);
    await stopped.locator('text=How it went').waitFor();
    const thread = new URL(page.url()).pathname;
    await stopped.locator('text=Answer again').click();
    await page.waitForSelector('[aria-busy=true] >> text=so slowly so slowly');
    assert.equal(new URL(page.url()).pathname, thread);
    assert.equal(await page.locator('.chat-user').count(), 1, 'the same message');
    await page.locator('[aria-busy=true] >> text="Stop"').click();
    // Of two answers to one message the newer one is shown, and leads to the other.
    await stopped.locator('[aria-label="Others in its place"] >> text=2 of 2').waitFor();
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('keeps what an answer that was stopped had written', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/chat' });
    await send(page, 'Tell me slowly');
    await page.waitForSelector('[aria-busy=true] >> text=so slowly so slowly');
    await page.click('text="Stop"');
    await page.waitForSelector(`${STOPPED} >> text=so slowly so slowly`);
    await send(page, 'numbered on');
    await page.waitForSelector('.chat-log >> text=Answer number');
    await checkAccessibility(page, 'an answer that was stopped');
    await page.reload();
    await page.waitForSelector('.chat-log >> text=Answer number');
    await page.waitForSelector(`${STOPPED} >> text=so slowly so slowly`);
    await page.waitForSelector('article .issue >> text=was stopped');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('goes back from what was edited to what it was edited in', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/chat' });
    // All of them are answered: the newest branch is that of the newest message, and answers are such.
    const shows = async (...texts) => {
      await page.waitForSelector(`.chat-user pre:text-is("${texts.at(-1)}")`);
      await page.waitForFunction((count) => {
        const of = (what) => document.querySelectorAll(`.chat-log ${what}`).length;
        return of('.chat-user') === count && of('[aria-label=Answer] .markdown') === count && of('[aria-busy=true]') === 0;
      }, texts.length);
      assert.deepEqual(await page.locator('.chat-user').allInnerTexts(), texts);
    };
    const edit = async (at, text) => {
      await page.click(`.chat-beside >> nth=${at} >> text=Edit`);
      await page.locator('.chat-log form textarea').fill(text);
      await page.keyboard.press('Control+Enter');
    };
    await send(page, 'numbered a');
    await shows('numbered a');
    await send(page, 'numbered b');
    await shows('numbered a', 'numbered b');
    await edit(1, 'numbered c');
    await shows('numbered a', 'numbered c');
    await edit(0, 'numbered d');
    await shows('numbered d');
    await page.goBack();
    await shows('numbered a', 'numbered c');
    await page.goBack();
    await shows('numbered a', 'numbered b');
    await page.goForward();
    await shows('numbered a', 'numbered c');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('keeps what is written while a message is sent', async () => {
    const page = await site.visit();
    let letGo;
    await page.route('**/trpc/chat.send', async (route) => {
      const answer = await route.fetch();
      await new Promise((resolve) => (letGo = resolve));
      await route.fulfill({ response: answer });
    });
    await site.signIn(page, { path: '/chat' });
    for (const text of ['numbered x', 'numbered y']) {
      letGo = undefined;
      await send(page, text);
      await until(() => letGo !== undefined, 'it is on its way');
      await page.click('.chat-composer textarea');
      await page.keyboard.press('End');
      await page.keyboard.type(' and more');
      letGo();
      await page.waitForSelector(`.chat-user pre:text-is("${text}")`);
      assert.equal(await page.inputValue('.chat-composer textarea'), ' and more');
    }
    await page.fill('.chat-composer textarea', 'x'.repeat(20_003));
    assert.equal(await page.innerText('.chat-composer .issue'), 'Too long by 3: at most 20,000 characters');
    await page.fill('.chat-composer textarea', '');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  // No agent that is shipped asks: what the pod tells of a run that does is put in the place of its answers.
  for (const [width, viewport] of [['1280', WIDE], ['390', NARROW]]) {
    test(`has what a run asks answered, in the chat and where the run is shown, at ${width} px`, async () => {
      const page = await site.visit({ viewport });
      const questions = [
        { id: 'which', question: 'Which of the two gardens?' },
        { id: 'sure', question: { text: 'Are you sure?', choices: [true, false] } },
      ];
      const asking = (run) => ({ ...run, status: 'interrupted', questions });
      const given = [];
      const json = (route, data) => route.fulfill({ contentType: 'application/json', body: JSON.stringify({ result: { data } }) });
      const answerIt = () => page.route('**/trpc/agents.resume', (route) => {
        given.push(route.request().postDataJSON());
        return json(route, { status: 'accepted' });
      });
      await page.route('**/trpc/agents.watch*', async (route) => {
        if (given.length === 2) return route.fallback();
        const body = `data: ${JSON.stringify({ type: 'run', run: asking({}) })}\n\n`;
        return route.fulfill({ contentType: 'text/event-stream', body });
      });
      await site.signIn(page, { path: '/chat' });
      await send(page, 'Tell me slowly');
      const first = page.locator('form[aria-label="A question"]').first();
      await first.waitFor();
      assert.match(await first.textContent(), /Which of the two gardens/);
      await page.waitForSelector('article .status >> text=interrupted');
      await checkAccessibility(page, `questions at ${width} px`);
      await checkWidths(page, `questions at ${width} px`);
      await shoot(page, `${width}-chat-questions`);
      // The pod itself knows of no question, and says so beside it.
      await first.locator('textarea').fill('The one by the sea');
      await first.locator('text="Answer"').click();
      await first.locator('.issue').waitFor();
      assert.match(page.complaints.splice(0).join(), /409/);
      await answerIt();
      await first.locator('text="Answer"').click();
      await page.waitForFunction(() => document.querySelectorAll('form[aria-label="A question"]').length === 1);
      await first.locator('textarea').fill('{"sure": ');
      await first.locator('text="As JSON"').click();
      await first.locator('text="Answer"').click();
      await first.locator('.issue >> text=JSON').waitFor();
      await first.locator('textarea').fill('{"sure": true}');
      await first.locator('text="Answer"').click();
      await page.waitForSelector('[aria-busy=true] >> text=so slowly so slowly');
      const id = given[0].id;
      assert.deepEqual(given, [
        { id, questionId: 'which', answer: 'The one by the sea' },
        { id, questionId: 'sure', answer: { sure: true } },
      ]);

      const { runId, ...run } = await site.call('agents.get', { id });
      await page.route('**/trpc/agents.get?*', (route) => json(route, asking(run)));
      await site.goto(page, `/runs/${runId}`);
      const there = page.locator('section:has(#questions-title) form').first();
      await there.locator('textarea').fill('Again');
      await checkAccessibility(page, `a run that asks at ${width} px`);
      await checkWidths(page, `a run that asks at ${width} px`);
      await there.locator('text="Answer"').click();
      await until(() => given.length === 3, 'it is answered there, too');
      assert.deepEqual(given[2], { id, questionId: 'which', answer: 'Again' });
      await page.click('text="Cancel"');
      await page.waitForFunction(() => !document.querySelector('#questions-title'));
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    });
  }

  for (const [width, viewport] of [['1280', WIDE], ['390', NARROW]]) {
    test(`shows a thread that is trusted, and gives and takes back trust, at ${width} px`, async () => {
      const page = await site.visit({ viewport });
      await site.signIn(page, { path: '/chat' });
      await send(page, 'numbered trust');
      await page.waitForSelector('.chat-log >> text=Answer number');
      const id = new URL(page.url()).pathname.split('/')[2];
      const isTrusted = async () => (await site.call('chat.get', { id })).thread.trusted;
      const sentence = page.locator('.bar-top >> text=/^Trusted. What the model asks for is done at once/');
      assert.equal(await sentence.count(), 0);
      // Nothing is given without a yes.
      await page.click('.bar-top >> text="Trust"');
      await page.waitForSelector('dialog >> text=/done at once, and is no proposal/');
      await checkAccessibility(page, `a question of trust at ${width} px`);
      await page.click('dialog >> text="Cancel"');
      assert.equal(await isTrusted(), false);
      await page.click('.bar-top >> text="Trust"');
      await page.click('dialog >> text="Trust"');
      await sentence.waitFor();
      assert.equal(await isTrusted(), true);
      await checkWidths(page, `a trusted thread at ${width} px`);
      await checkAccessibility(page, `a trusted thread at ${width} px`);
      await shoot(page, `${width}-chat-trusted`);
      await page.click('text=All threads');
      const row = page.locator(`.row:has([data-key="${id}"])`);
      await row.locator('text=trusted, 2 messages').waitFor();
      await page.goBack();
      await page.click('text="Trust no more"');
      await page.waitForSelector('.bar-top >> text="Trust"');
      assert.equal(await sentence.count(), 0);
      assert.equal(await isTrusted(), false);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    });
  }

  test('has no trust where the pod has none', async () => {
    const page = await site.visit();
    await page.route('**/openapi.json', async (route) => {
      const answer = await route.fetch();
      const { paths, ...rest } = await answer.json();
      const others = Object.entries(paths).filter(([path]) => !path.includes('chat.trust'));
      return route.fulfill({ json: { ...rest, paths: Object.fromEntries(others) } });
    });
    const { entityId } = await site.call('chat.send', { text: 'numbered nothing' });
    await site.signIn(page, { path: `/chat/${entityId}` });
    await page.waitForSelector('.bar-top >> text="Delete"');
    await page.waitForSelector('.chat-log >> text=Answer number');
    assert.equal(await page.locator('.bar-top >> text="Trust"').count(), 0);
    await page.context().close();
  });

  test('deletes a thread, after a question', async () => {
    const page = await site.visit();
    await site.signIn(page, { path: '/chat' });
    await send(page, 'refused: to be deleted');
    await page.waitForSelector('article .issue');
    await page.click('text=All threads');
    await page.click('.row >> text=to be deleted');
    await page.click('text="Delete"');
    await page.click('dialog .danger');
    await page.waitForURL('**/chat');
    await page.waitForSelector('.row');
    await page.waitForFunction(() => !document.body.textContent.includes('to be deleted'));
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });

  test('leads to the proposal that a tool has made of its call', async () => {
    const scopes = ['propose', 'chat:write', '*:read'];
    const { key } = await site.call('keys.create', { name: 'asks first', scopes });
    const page = await site.visit();
    await site.signIn(page, { key, path: '/chat' });
    await send(page, 'And when the white tulips?');
    await page.waitForSelector('text=It is a proposal now');
    const told = page.locator('.chat-tools .status');
    assert.deepEqual(await told.evaluateAll((all) => all.map((one) => [one.className, one.textContent])), [['status warn', 'proposed']]);
    await page.click('text=It is a proposal now');
    await page.waitForURL('**/proposals/*');
    await page.waitForSelector('.change >> text=Order bulbs');
    await page.context().close();
  });

  test('says what to do where no model is set', async () => {
    const other = await Site.open();
    try {
      const page = await other.visit();
      await other.signIn(page, { path: '/chat' });
      await page.waitForSelector('text=No language model is set');
      await send(page, 'Hello?');
      await page.waitForSelector('article .issue >> text=No model is set for "chat"');
      await checkAccessibility(page, 'chat without a model');
      assert.deepEqual(page.complaints, []);
    } finally {
      await other.close();
    }
  });
});
