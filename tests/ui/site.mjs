// The page of a pod, in a browser. Where the page comes from and how one signs in is said here only:
// from the pod if it serves the page, else from ui/dev.mjs in front of it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { serveForDevelopment } from '../../ui/dev.mjs';
import { Pod, until } from '../e2e/harness.mjs';

export { until };

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  throw new Error(
    `There is no browser at ${executablePath}: apt install chromium, or set CHROMIUM`,
  );
}
const shots = process.env.SYNAP_UI_SHOTS ?? fileURLToPath(new URL('shots', import.meta.url));
const axeSource = await readFile(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 390, height: 844 };

/** What a browser says by itself about answers that are expected. */
const EXPECTED = [
  /status of 401/,
  /ERR_CONNECTION_(REFUSED|RESET)/,
  /status of 502/,
  /WebSocket connection to/,
];

export class Site {
  /** A new pod (or the one that is given), its page, and a browser. */
  static async open({ pod } = {}) {
    const site = new Site();
    site.pod = pod ?? (await Pod.start());
    const answer = await fetch(`${site.pod.url}/`);
    site.isOfPod = answer.ok && (answer.headers.get('content-type') ?? '').startsWith('text/html');
    // To look at this tree's page before the program has it.
    if (process.env.SYNAP_UI_DEV) site.isOfPod = false;
    if (!site.isOfPod) {
      const folder = process.env.SYNAP_UI_PAGE;
      site.development = await serveForDevelopment({
        pod: site.pod.url,
        ...(folder ? { folder } : {}),
      });
    }
    site.url = site.isOfPod ? site.pod.url : site.development.url;
    site.browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    await mkdir(shots, { recursive: true });
    return site;
  }

  async close() {
    await this.browser?.close();
    this.development?.close();
    await this.pod?.remove();
  }

  /** A browser of its own. `page.complaints` has what went wrong in it, but for what is expected. */
  async visit({ viewport = WIDE, colorScheme = 'light', timezoneId } = {}) {
    const context = await this.browser.newContext({
      viewport,
      colorScheme,
      timezoneId,
      reducedMotion: 'reduce',
    });
    // An answer that a test is changing when its page is closed is nobody's any more.
    const close = context.close.bind(context);
    context.close = async () => {
      for (const one of context.pages()) await one.unrouteAll({ behavior: 'ignoreErrors' });
      await close();
    };
    const page = await context.newPage();
    page.complaints = [];
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      page.complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' && !EXPECTED.some((one) => one.test(text)))
        page.complaints.push(text);
    });
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith('http') && origin !== this.url)
        page.complaints.push(`asked ${request.url()}`);
    });
    page.setDefaultTimeout(120_000);
    return page;
  }

  async signIn(page, { key = this.pod.key, path = '/' } = {}) {
    await page.goto(this.url + path);
    await page.fill('#key', key);
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-live=live]');
  }

  /** Goes to a deep link as from a bookmark. */
  async goto(page, path) {
    await page.goto(this.url + path);
    await page.waitForSelector('[data-live=live]');
  }

  /** Calls a procedure as a program would. */
  async call(name, body, key = this.pod.key) {
    const isQuery = /\.(list|get|history)$/.test(name);
    const input = isQuery && body ? `?input=${encodeURIComponent(JSON.stringify(body))}` : '';
    const answer = await this.pod.http(name + input, {
      key,
      ...(isQuery ? {} : { body: body ?? {} }),
    });
    assert.ok(answer.body.result, `${name}: ${JSON.stringify(answer.body.error)}`);
    return answer.body.result.data;
  }

  /** Makes a thing and waits until it is there. */
  async make(plural, input) {
    const { entityId } = await this.call(`${plural}.create`, input);
    const isThere = async () =>
      (
        await this.pod.http(
          `${plural}.get?input=${encodeURIComponent(JSON.stringify({ id: entityId }))}`,
        )
      ).status === 200;
    await until(isThere, `${plural} ${entityId} is there`);
    return entityId;
  }

  /** Many tasks, quickly: two events for each. */
  async flood(count, lanes = 6) {
    let made = 0;
    const lane = async () => {
      while (made < count) {
        const size = Math.min(100, count - made);
        const first = made;
        made += size;
        const body = Object.fromEntries(
          Array.from({ length: size }, (_, index) => [index, { title: `task ${first + index}` }]),
        );
        const { status } = await this.pod.http(
          `${Array(size).fill('tasks.create').join(',')}?batch=1`,
          { body },
        );
        assert.equal(status, 200);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  /** The position of the newest event. */
  async end() {
    return (await this.call('events.list', { limit: 1, types: ['-'] })).nextAfter;
  }
}

export async function shoot(page, name) {
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** Fails if axe finds something serious on what is shown. */
export async function checkAccessibility(page, what) {
  // Over the debugger, so that the page's policy stays as it is.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations'] }),
  );
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map((node) => `${node.target} ${node.failureSummary}`)
          .join(' | ')}`,
    );
  assert.deepEqual(serious, [], `${what}: axe`);
}

/**
 * Fails if something on what is shown sticks out to the side: of the document, or of a container that
 * cuts it off or would have to be scrolled; or to the left of a rendered text. What ends in an ellipsis says that there is more, and long
 * lines of what people wrote (code, tables) scroll by themselves.
 */
export async function checkWidths(page, what) {
  const wide = await page.evaluate(() => {
    const nameOf = (element) =>
      `${element.localName}.${[...element.classList].join('.')} (${element.scrollWidth} in ${element.clientWidth} px)`;
    const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
    const clipped = [...document.querySelectorAll('body *')].filter((element) => {
      if (element.scrollWidth <= element.clientWidth + 1 || element.clientWidth === 0) return false;
      if (element.matches('input, svg *, .markdown pre, .markdown table')) return false;
      const { overflowX, textOverflow, clipPath } = getComputedStyle(element);
      if (clipPath !== 'none') return false; // For screen readers only.
      return overflowX !== 'visible' && textOverflow !== 'ellipsis' && isShown(element);
    });
    // To the left nothing scrolls, so nothing tells.
    const outdented = [...document.querySelectorAll('.markdown *')].filter(
      (element) =>
        isShown(element) &&
        element.getBoundingClientRect().left <
          element.closest('.markdown').getBoundingClientRect().left - 1,
    );
    const { scrollWidth, clientWidth } = document.documentElement;
    return [
      ...outdented.map((element) => `${nameOf(element)}, to the left`),
      ...(scrollWidth > clientWidth ? [`the document (${scrollWidth} in ${clientWidth} px)`] : []),
      ...clipped.map(nameOf),
    ];
  });
  assert.deepEqual(wide, [], `${what}: nothing sticks out`);
}

/** Keeps how long the page's own work held up everything else. */
export async function watchStalls(page) {
  await page.evaluate(() => {
    globalThis.stalls = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) globalThis.stalls.push(duration);
    }).observe({ entryTypes: ['longtask'] });
  });
}

export const longestStall = (page) => page.evaluate(() => Math.max(0, ...globalThis.stalls));

/** Bytes that the page's scripts hold, after collecting what they do not. */
export async function heapOf(page) {
  const debuggerOfPage = await page.context().newCDPSession(page);
  await debuggerOfPage.send('Performance.enable');
  await debuggerOfPage.send('HeapProfiler.collectGarbage');
  const { metrics } = await debuggerOfPage.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'JSHeapUsedSize').value;
}
