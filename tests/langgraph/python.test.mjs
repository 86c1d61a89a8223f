// The package for Python, against a pod: each program says what it has seen, and ends with 0.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Running, startPod, temporary } from '../cli/synap.mjs';
import { Database } from '../e2e/harness.mjs';

const at = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const python = at('../../build/python-langgraph/bin/python');
const folder = at('../../langgraph/python');

async function run(t, program) {
  const database = Database.create();
  t.after(() => database?.drop());
  const pod = await startPod(t, path.join(temporary(t), 'data'), database && { env: { SYNAP_DATABASE: database.url } });
  const running = new Running([path.join(folder, 'tests', program), pod.url, pod.key], {
    program: python, env: { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
  });
  t.after(() => running.kill('SIGKILL'));
  const { code } = await running.closed;
  assert.equal(code, 0, `${running.stdout}\n${running.stderr}`);
  return running.stdout;
}

test('the official suite passes whole, all eight capabilities', { timeout: 300_000 }, async (t) => {
  const shown = await run(t, 'conformance.py');
  assert.match(shown, /FULL \(8\/8\)/);
  assert.match(shown, /passed: 81 tests of 8 capabilities/);
});

test('its store answers as the one in memory', { timeout: 300_000 }, async (t) => {
  assert.match(await run(t, 'store.py'), /all was as it should be/);
});

test("the official SDK calls the Agent Protocol's store", { timeout: 300_000 }, async (t) => {
  assert.match(await run(t, 'agent_protocol.py'), /all was as it should be/);
});

test("the official SDK calls the Agent Protocol's threads", { timeout: 300_000 }, async (t) => {
  assert.match(await run(t, 'threads.py'), /all was as it should be/);
});

test('procedures are tools', { timeout: 300_000 }, async (t) => {
  assert.match(await run(t, 'tools.py'), /all was as it should be/);
});

test('graphs go on where they were', { timeout: 300_000 }, async (t) => {
  assert.match(await run(t, 'graphs.py'), /all was as it should be/);
});
