// schemathesis makes inputs of the document, right and wrong ones, and judges the answers of a pod:
// no 5xx, statuses and content types as they are documented, bodies as their schemas say, what is
// wrong refused, what is right taken, no call without a key, 405 with Allow for other methods.
// The seed is fixed, so that a finding comes again. One worker: Python 3.11 can fail to read its own
// source on two threads at a time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { client, makeNote, startPod, temporary, within } from '../cli/synap.mjs';

const config = path.join(path.dirname(fileURLToPath(import.meta.url)), 'schemathesis.toml');

/** The id of an event of whoever has this key. */
async function eventOf(pod, key) {
  const answer = await fetch(`${pod.url}/api/events.list?limit=1`, { headers: { authorization: `Bearer ${key}` } });
  const { events } = await answer.json();
  return events[0].id;
}

async function fuzz(t, pod, memberKey) {
  const child = spawn(
    process.env.SCHEMATHESIS,
    [
      '--config-file', config, 'run', `${pod.url}/openapi.json`,
      '--header', `Authorization: Bearer ${pod.key}`,
      '--seed', process.env.SEED ?? '1', '--max-examples', process.env.EXAMPLES ?? '8',
      '--request-timeout', '10', '--no-shrink', '--no-color', '--warnings', 'off',
      '--generation-database', 'none',
    ],
    // It leaves files where it runs.
    { cwd: temporary(t), env: {
      ...process.env,
      SCHEMATHESIS_HOOKS: 'kept_numbers',
      PYTHONPATH: path.dirname(config),
      MEMBER_KEY: memberKey,
      MEMBER_CAUSE: await eventOf(pod, memberKey),
      CAUSE: await eventOf(pod, pod.key),
    }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  }
  const [code] = await within(once(child, 'close'), 'schemathesis', 500_000);
  return { code, said };
}

test('a pod answers as its document says, whatever it is sent', async (t) => {
  const pod = await startPod(t, temporary(t));
  const synap = client(pod);
  await makeNote(pod, '# To be found');
  await synap('call', 'tasks.create', '{"title":"To be found"}');
  const { key } = JSON.parse(await synap('call', 'users.create', '{"name":"ann"}'));

  await fetch(`${pod.url}/api/tasks.create`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"title":"hers"}',
  });

  const { code, said } = await fuzz(t, pod, key);
  assert.equal(code, 0, said);
  // Who checks nothing finds nothing.
  const [, cases] = said.match(/(\d+) generated/) ?? [0, 0];
  assert.ok(Number(cases) > 1000, said);
  // It is still there, and its key still good.
  assert.match(await synap('call', 'health'), /ok/);
  await synap('call', 'notes.list');
});
