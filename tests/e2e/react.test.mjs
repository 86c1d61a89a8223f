// The React example, compiled and built as its users do, in a real browser.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { build } from 'esbuild';
import { chromium } from 'playwright-core';

import { connect, lanes, makeNote, Pod } from './harness.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = join(root, 'examples/react');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

async function servePage() {
  const bundle = await build({
    entryPoints: [join(example, 'src/main.tsx')],
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    minify: true,
  });
  const files = {
    '/': ['text/html', await readFile(join(example, 'public/index.html'))],
    '/main.js': ['text/javascript', bundle.outputFiles[0].contents],
  };
  const server = createServer((request, response) => {
    const [type, bytes] = files[request.url.split('?')[0]] ?? ['text/plain', ''];
    response.writeHead(200, { 'content-type': type }).end(bytes);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.url = `http://127.0.0.1:${server.address().port}/`;
  return server;
}

describe('the React example', () => {
  let pod;
  let site;
  let browser;
  let page;
  let other;
  const complaints = [];
  before(async () => {
    // npm has copied the client when the packages were installed: here it is the one of this tree.
    const installed = join(example, 'node_modules/@synap/client');
    await rm(installed, { recursive: true, force: true });
    for (const part of ['dist', 'package.json']) {
      await cp(join(root, 'client', part), join(installed, part), { recursive: true });
    }
    [pod, site] = await Promise.all([Pod.start(), servePage()]);
    other = connect(lanes.at(-1), pod);
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
    });
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => message.type() === 'warning' && complaints.push(message.text()));
    page.setDefaultTimeout(15_000);
    await page.goto(`${site.url}?pod=${encodeURIComponent(pod.url)}`);
  });
  after(async () => {
    await browser?.close();
    site?.closeAllConnections();
    site?.close();
    await other?.close();
    await pod?.remove();
  });

  const note = (title) => page.getByRole('listitem').filter({ hasText: title });

  test('it compiles', async () => {
    const compiled = promisify(execFile)(join(example, 'node_modules/.bin/tsc'), { cwd: example, timeout: 60_000 });
    await compiled.catch((error) => assert.fail(error.stdout || error.message));
  });

  const signIn = async (key) => {
    await page.getByLabel('API key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };

  test('of a wrong key it says so, and asks for another one', async () => {
    await signIn('synap_wrong');
    await page.getByText('This API key is not valid').first().waitFor();
    await signIn(pod.key);
    await page.getByRole('heading', { name: 'Notes' }).waitFor();
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });

  test('of what is no key, and of a pod that is no address, it says so', async () => {
    const fresh = await browser.newPage();
    await fresh.goto(`${site.url}?pod=${encodeURIComponent(pod.url)}`);
    await fresh.getByLabel('API key').fill('synap_…');
    await fresh.getByRole('button', { name: 'Sign in' }).click();
    await fresh.getByText('This is no key: its character 7 is "…"').waitFor();
    await fresh.goto(`${site.url}?pod=127.0.0.1:4400`);
    await fresh.getByText('?pod= must be an address').waitFor();
    await fresh.close();
  });

  test('a key that may too little can be changed for another one', async () => {
    const { key } = await other.client.keys.create.mutate({ name: 'few', scopes: ['tasks:read'] });
    await page.getByRole('button', { name: 'Use another key' }).click();
    await signIn(key);
    await page.getByText('scope').first().waitFor();
    await page.getByRole('button', { name: 'Use another key' }).click();
    await signIn(pod.key);
    await page.getByRole('heading', { name: 'Notes' }).waitFor();
  });

  test("the form says what the pod's schema wants, before anything is sent", async () => {
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').waitFor();
    assert.match(await page.getByRole('alert').innerText(), /Too small/);
    assert.equal((await other.client.notes.list.query()).total, 0);
  });

  test('a note that is made here is there, and so is one that somebody else makes', async () => {
    await page.getByLabel('Text, Markdown').fill('# Mine\nHello.');
    await page.getByLabel('Tags, separated by commas').fill('one, two');
    await page.getByRole('button', { name: 'Save' }).click();
    await note('Mine').waitFor();
    const { notes } = await other.client.notes.list.query();
    assert.deepEqual(notes.map(({ tags }) => tags), [['one', 'two']]);
    await makeNote(other.client, { content: '# Theirs' });
    await note('Theirs').waitFor();
  });

  test('it says that the pod is away, and is current when it is back', async () => {
    await pod.kill();
    await page.getByRole('status').waitFor();
    assert.match(await page.getByRole('status').innerText(), /^The pod is away/);
    await pod.startAgain();
    await makeNote(other.client, { content: '# Behind' });
    await note('Behind').waitFor();
    await page.getByRole('status').waitFor({ state: 'detached' });
    assert.equal(await note('Mine').count(), 1);
  });

  test('a key that is revoked ends at the form, which says so, also after a reload', async () => {
    const { key, keyId } = await other.client.keys.create.mutate({ name: 'revoked', scopes: ['*'] });
    await page.getByRole('button', { name: 'Use another key' }).click();
    await signIn(key);
    await note('Mine').waitFor();
    await other.client.keys.revoke.mutate({ keyId });
    await page.getByText('This API key is not valid').waitFor();
    await page.reload();
    await signIn(pod.key);
    await note('Mine').waitFor();
  });

  test('it goes on with the notes behind the first page', async () => {
    await Promise.all(Array.from({ length: 25 }, (_, i) => makeNote(other.client, { content: `# Many ${i}` })));
    await note('Many 24').waitFor();
    await page.getByRole('button', { name: 'More' }).click();
    await note('Mine').waitFor();
  });

  test('the page had no error and no warning', () => assert.deepEqual(complaints, []));
});
