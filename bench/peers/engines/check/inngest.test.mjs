// What measures a server of Inngest's SDKs must see what is done and what is not: with the official
// SDK as app, against the stub, and against one that takes events and loses them.
//
//   npm test
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const source = (name) => fileURLToPath(new URL(`../src/${name}.mjs`, import.meta.url));
const measure = async (url, options) => {
  const flags = Object.entries({ url, warm: 2, count: 5, ...options }).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const { stdout } = await promisify(execFile)(process.execPath, [source('inngest'), ...flags], { timeout: 30_000 });
  return JSON.parse(stdout.trim().split('\n').at(-1));
};

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

let stub;
let url;
before(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  stub = spawn(process.execPath, [source('inngest-stub'), '--port', `${port}`], { stdio: 'inherit' });
  while (!(await fetch(url).then(() => true, () => false))) await delay(20);
});
after(() => stub.kill());

for (const checkpoints of ['yes', 'no']) {
  test(`an app has its runs done by the stub, checkpoints: ${checkpoints}`, async () => {
    const told = await measure(url, { checkpoints, pid: stub.pid });
    assert.equal(told.runs, 5);
    assert.ok(told.runs_per_s > 0);
    const paced = await measure(url, { checkpoints, mode: 'paced', seconds: 1, persecond: 5 });
    assert.equal(paced.runs, 5);
    assert.ok(paced.p50_ms > 0 && paced.p50_ms <= paced.max_ms, JSON.stringify(paced));
  });
}

test('how late a run is that was scheduled is told, and not how long it has waited', async () => {
  // The stub calls at once whatever is to come: as early as it was asked for ahead.
  const told = await measure(url, { mode: 'due', function: 'nothing', seconds: 1, persecond: 5, ahead: 4000 });
  assert.ok(told.p50_ms > -4000 && told.p50_ms < -3000, JSON.stringify(told));
});

test('a server that loses runs has no figure', async () => {
  const server = createServer((asked, answer) => {
    asked.resume();
    asked.on('end', () => answer.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true,"ids":[]}'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const lost = measure(`http://127.0.0.1:${server.address().port}`, { patience: 500 });
  await assert.rejects(lost, /0 of 2 runs ended/);
  server.closeAllConnections();
  server.close();
});
