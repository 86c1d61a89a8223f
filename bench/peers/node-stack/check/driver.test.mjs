// Does the load driver notice what it is there to notice?  SYNAP_LOAD=path npm test
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const driver = process.env.SYNAP_LOAD ?? fileURLToPath(new URL('../../../../build/bench/bin/synap_load', import.meta.url));
const fakePod = fileURLToPath(new URL('./fake-pod.mjs', import.meta.url));
let port = 45800;

async function drive(fault, ...options) {
  port += 1;
  const url = `http://127.0.0.1:${port}`;
  const pod = spawn('node', [fakePod, '--listen', `127.0.0.1:${port}`], {
    env: { ...process.env, FAULT: fault },
    stdio: 'inherit',
  });
  try {
    while (!(await fetch(`${url}/ready`).then((answer) => answer.ok, () => false)))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const load = spawn(driver, [...options, '--url', url, '--token', 'synap_fake', '--json']);
    let output = '';
    load.stdout.on('data', (text) => { output += text; });
    const [code] = await once(load, 'close');
    return { code, report: JSON.parse(output) };
  } finally {
    pod.kill();
  }
}

test('a flood of an honest pod is complete, though completions come before answers', async () => {
  const { code, report } = await drive('none', 'flood', '--notes', '500');
  assert.equal(code, 0);
  assert.equal(report.completed, 500);
  assert.equal(report.foreign, 0);
});

test('a note that never completes fails the flood', async () => {
  const { code, report } = await drive('missing', 'flood', '--notes', '100', '--timeout', '1');
  assert.equal(code, 1);
  assert.equal(report.missing, 1);
});

test('a note that completes twice fails the flood', async () => {
  const { code, report } = await drive('twice', 'flood', '--notes', '100');
  assert.equal(code, 1);
  assert.equal(report.duplicates, 1);
});

test('answers other than 200 are errors, not requests', async () => {
  const { code, report } = await drive('refuse', 'create', '--duration', '0.5', '--warmup', '0');
  assert.equal(code, 1);
  assert.ok(Math.abs(report.errors - report.requests / 9) < 20, JSON.stringify(report));
});

test('a create run in which no request is answered fails', async () => {
  assert.equal((await drive('silent', 'create', '--duration', '0.3', '--warmup', '0')).code, 1);
});

test('a create run posts what another server takes to where it takes it', async () => {
  const body = '{"title":"A note","content":"{text}"}';
  const run = ['create', '--duration', '0.5', '--warmup', '0'];
  assert.equal((await drive('none', ...run, '--path', '/records', '--body', body)).code, 0);
  assert.equal((await drive('none', ...run, '--path', '/records')).code, 1);
  assert.equal((await drive('none', ...run, '--path', '/elsewhere')).code, 1);
});

test('a stall is charged to the notes that were due meanwhile', async () => {
  const { code, report } = await drive('late', 'paced', '--rate', '100', '--duration', '1',
    '--warmup', '0', '--connections', '1', '--timeout', '10');
  assert.equal(code, 0);
  // One connection and 20 answers of 300 ms each: the last notes were due seconds before.
  assert.ok(report.p99_ms > 4000, JSON.stringify(report));
});
