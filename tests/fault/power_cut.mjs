// The power is cut, again and again: what was acknowledged must be on the disk, not in its cache.
//
//   KILLS=8 SEED=n CLIENTS=12 node --test power_cut.mjs
//
// kill -9 leaves the kernel's page cache, so it cannot tell a write from a sync; this can. Needs
// root and loop devices; without them it is skipped, and says so.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { CrashDisk, whyNoCrashDisk } from './crash_disk.mjs';
import { choicesOfOrdeal, ordeal } from './ordeal.mjs';
import { cleanUp, pause, Pod, random } from './pod.mjs';

const skip = whyNoCrashDisk();
const choices = choicesOfOrdeal({ ends: 8 });

test(`${choices.ends} power cuts under load lose nothing and do nothing twice`, {
  skip, timeout: 60_000 + choices.ends * 20_000,
}, async (t) => {
  // The load writes some 5 MB between two cuts.
  const disk = CrashDisk.make(t, { mb: 256 + 16 * choices.ends });
  await ordeal(t, {
    name: 'power_cut', ...choices, folder: disk.folder, end: (pod) => disk.cut(pod),
  });
  assert.equal(disk.cuts, choices.ends);
});

// Its owner must be able to come in with what is found afterwards: the key that was printed, or,
// if none was printed, a new one.
test('a power cut during the first start leaves a pod that starts', {
  skip, timeout: 60_000 + choices.ends * 20_000,
}, async (t) => {
  const { next, between } = random(choices.seed);
  let printed = 0;
  for (let i = 0; i < Math.max(6, choices.ends); ++i) {
    const disk = CrashDisk.make(t);
    const pod = await Pod.make(t, { folder: disk.folder });
    pod.spawn();
    await pause(next() < 0.5 ? between(1, 40) : between(40, 150));
    await disk.cut(pod);
    const shown = pod.lines.join('\n').match(/synap_[\w-]+/)?.[0];
    if (shown) {
      printed += 1;
      assert.ok(existsSync(path.join(pod.data, 'owner.key')), 'the printed key is in its file');
      assert.equal(pod.ownerKey, shown);
    }
    await pod.start();
    assert.equal((await pod.owner().query('notes.list', {})).status, 200);
    await pod.kill();
  }
  console.log(`power_cut: ${JSON.stringify({ seed: choices.seed, firstStartsWithKey: printed })}`);
});

// The disk can tell a write from a sync: without this, the tests above could not fail.
test('a crash disk loses what was not synced and keeps what was', { skip, timeout: 30_000 }, async (t) => {
  const disk = CrashDisk.make(t);
  const folder = openSync(disk.folder, 'r');
  const synced = path.join(disk.folder, 'synced');
  writeFileSync(synced, 'synced');
  const file = openSync(synced, 'r+');
  for (const each of [file, folder]) {
    fsyncSync(each);
    closeSync(each);
  }
  writeFileSync(path.join(disk.folder, 'written'), 'written');
  const child = spawn('sleep', ['60']);
  cleanUp(t, () => child.kill('SIGKILL'));
  await disk.cut({ child, pid: child.pid, kill: async () => child.kill('SIGKILL') });
  assert.equal(readFileSync(synced, 'utf8'), 'synced');
  assert.equal(existsSync(path.join(disk.folder, 'written')), false);
});
