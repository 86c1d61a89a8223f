// Data directories of every released format are read by today's pod, as they were left: with a
// write-ahead log, and work that was acknowledged and not done.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { Pod } from './pod.mjs';

const binary = process.env.SYNAP_BIN;
const kept = join(dirname(fileURLToPath(import.meta.url)), 'data');

/** Everything that was answered then is answered now; there may be more. */
function assertHolds(now, then, path) {
  if (Array.isArray(then)) {
    assert.equal(now.length, then.length, `${path} has another length`);
    then.forEach((item, i) => assertHolds(now[i], item, `${path}[${i}]`));
  } else if (then !== null && typeof then === 'object') {
    for (const [key, value] of Object.entries(then)) assertHolds(now?.[key], value, `${path}.${key}`);
  } else {
    assert.equal(now, then, path);
  }
}

const versions = (await readdir(kept)).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
assert.ok(versions.length > 0, 'there is no data directory to read');

for (const version of versions) {
  test(`a data directory of ${version} is read, with all that it held`, async (t) => {
    const work = await mkdtemp(join(tmpdir(), 'synap-formats-'));
    t.after(() => rm(work, { recursive: true }));
    assert.equal(spawnSync('tar', ['-xzf', join(kept, `${version}.tar.gz`), '-C', work]).status, 0);
    const then = JSON.parse(await readFile(join(kept, `${version}.json`), 'utf8'));
    const pod = await Pod.start(binary, join(work, version));
    t.after(() => pod.end('SIGKILL'));

    // What was acknowledged before the kill is done now.
    await pod.completion(then.last.requestId);
    assert.equal((await pod.ask('notes.get', { id: then.last.entityId })).content, 'acknowledged, and then the pod ended');
    await pod.done('notes.delete', { id: then.last.entityId });

    for (const { user, procedure, input, answer } of then.ask) {
      const asked = procedure === 'events.list' ? { ...input, limit: answer.events.length } : input;
      const now = await pod.ask(procedure, asked, then.keys[user]);
      assertHolds(now, answer, `${procedure} ${JSON.stringify(input)}`);
    }
    const chain = await pod.ask('log.verify', { after: 0 });
    assert.equal(chain.ok, true, JSON.stringify(chain));
    const { projections } = await pod.ask('projections.list');
    for (const { name } of projections) {
      const { ok, firstDifference } = await pod.tell('projections.verify', { name });
      assert.ok(ok, `${name}: ${firstDifference}`);
    }
    await pod.end('SIGTERM');
    const doctor = spawnSync(binary, ['doctor', '--deep', '--data', join(work, version)], { encoding: 'utf8' });
    assert.equal(doctor.status, 0, doctor.stdout + doctor.stderr);
  });
}
