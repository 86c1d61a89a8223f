// docs/running.md: stop, copy the directory, start.
import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { run, startPod, temporary } from './synap.mjs';

test('a copy of a stopped pod is a pod, with all that it held', async (t) => {
  const directory = temporary(t);
  const first = await startPod(t, path.join(directory, 'pod'));
  const made = await run(['notes', 'create', '# Kept', '--wait', '--json', '--url', first.url, '--key', first.key]);
  assert.equal(made.code, 0, made.stderr);
  first.kill('SIGTERM');
  await first.end();
  await cp(path.join(directory, 'pod'), path.join(directory, 'copy'), { recursive: true, preserveTimestamps: true });
  const copy = await startPod(t, path.join(directory, 'copy'));
  const listed = await run(['call', 'notes.list', '--url', copy.url, '--key', first.key]);
  assert.equal(listed.code, 0, listed.stderr);
  assert.equal(JSON.parse(listed.stdout).notes[0].title, 'Kept');
  const proof = await run(['log', 'verify', '--json', '--url', copy.url, '--key', first.key]);
  assert.equal(JSON.parse(proof.stdout).ok, true);
});
