// A browser, and a page of another origin than the pod's that has the client in it, bundled as pages do it.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!existsSync(executablePath)) {
  throw new Error(`There is no browser at ${executablePath}: apt install chromium, or set CHROMIUM`);
}
const entry = fileURLToPath(new URL('../../client/dist/index.js', import.meta.url));
if (!existsSync(entry)) throw new Error('The client is not built: npm run build --prefix client');

export const launchBrowser = () =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });

/** The client as one module. */
export async function bundleClient() {
  const bundle = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  });
  return bundle.outputFiles[0].text;
}

/** An empty page on this machine, with the client at /client.js. */
export async function servePage() {
  const files = {
    '/': ['text/html', '<!doctype html><meta charset="utf-8"><title>Synap</title>'],
    '/client.js': ['text/javascript', await bundleClient()],
    '/favicon.ico': ['image/x-icon', ''],
  };
  const server = createServer((request, response) => {
    const [type, text] = files[request.url] ?? ['text/plain', 'nothing here'];
    response.writeHead(files[request.url] ? 200 : 404, { 'content-type': type }).end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.url = `http://127.0.0.1:${server.address().port}/`;
  return server;
}
