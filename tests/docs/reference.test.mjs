// docs/reference says what the program says of itself, and what it shows can be typed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { commandsOf, openapi, pagesOf, proceduresOf } from '../../tools/reference.mjs';
import { BIN, client, startPod, temporary } from '../cli/synap.mjs';

const there = (name) => readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), 'utf8');

const sh = (script, env) =>
  new Promise((resolve) => {
    execFile('sh', ['-c', script], { env, timeout: 30_000 }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }));
  });

test('the reference is what the program says of itself', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { types } = JSON.parse(await client(pod)('call', 'catalogue.eventTypes'));
  for (const [name, now] of Object.entries(pagesOf(openapi(), types))) {
    const [old, made] = [there(name).split('\n'), now.split('\n')];
    const at = made.findIndex((line, i) => line !== old[i]);
    assert.ok(there(name) === now, `docs/reference/${name}:${at + 1} is stale; \`make reference\` writes it again:\n` +
      `there: ${old[at]}\nnow:   ${made[at]}`);
  }
});

test('each example is understood', async (t) => {
  const folder = temporary(t);
  const pod = await startPod(t, path.join(folder, 'pod'));
  mkdirSync(path.join(folder, 'bin'));
  symlinkSync(path.resolve(BIN), path.join(folder, 'bin/synap'));
  const env = { ...process.env, ...pod.env, PATH: `${path.join(folder, 'bin')}:${process.env.PATH}`,
    API: `${pod.url}/api`, AUTH: `authorization: Bearer ${pod.key}`, JSON: 'content-type: application/json' };
  const procedures = proceduresOf(openapi()).filter(({ item }) => !item); // a stream does not end
  assert.ok(procedures.length > 50, `${procedures.length} procedures`);
  for (const procedure of procedures) {
    const [call, curl] = commandsOf(procedure);
    // What it is about need not be there (3, 404), or has another version (5, 409).
    // Of language models none is set, which is found out last; and texts are in no bucket.
    const called = await sh(call, env);
    const isUnset = /No model is set|which has no URLs/.test(called.stderr);
    assert.ok(isUnset || [0, 3, 5].includes(called.code), `${call}\n${called.stderr}`);
    const asked = await sh(`${curl} -w '\\n%{http_code}'`, env);
    assert.match(asked.stdout, isUnset ? /\n412$/ : /\n(200|204|404|409)$/, `${curl}\n${asked.stdout}`);
  }
});
