// The power is cut under the run engine, again and again: what a step has stored, and what was
// acknowledged, must be on the disk. The engine, its functions and the judge are engine_kills.cpp's.
//
//   KILLS=6 SEED=n node --test engine_power_cut.mjs       SYNAP_BIN: engine_kills
//
// Needs root and loop devices; without them it is skipped, and says so.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { CrashDisk, whyNoCrashDisk } from './crash_disk.mjs';
import { BIN, cleanUp, pause, random, within } from './pod.mjs';

const skip = whyNoCrashDisk();
const cuts = Number(process.env.KILLS ?? 6);
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));

test(`${cuts} power cuts under the run engine lose nothing and do nothing twice`, {
  skip, timeout: 120_000 + cuts * 10_000,
}, async (t) => {
  const { next, between } = random(seed);
  const disk = CrashDisk.make(t, { mb: 128 + 4 * cuts });
  const folder = path.join(disk.folder, 'engine');
  mkdirSync(folder);
  chmodSync(folder, 0o700);
  const begin = (round) => {
    const child = spawn(BIN, [folder, String(round)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => lines.push(`${text}`));
    const ended = once(child, 'exit');
    cleanUp(t, () => child.kill('SIGKILL'));
    return { child, pid: child.pid, lines, ended, kill: async () => { child.kill('SIGKILL'); await ended; } };
  };
  for (let round = 1; round <= cuts; ++round) {
    const pod = begin(round);
    await pause(next() < 0.2 ? between(1, 60) : between(60, 600));
    assert.equal(pod.child.exitCode, null, pod.lines.join(''));
    await disk.cut(pod);
    mkdirSync(folder, { recursive: true });  // the first cut may find none of it
  }
  for (const round of ['rest', 'judge']) {
    const pod = begin(round);
    const [code] = await within(90_000, pod.ended, `engine_kills ${round} ends`);
    assert.equal(code, 0, `seed ${seed}: ${pod.lines.join('')}`);
    if (round === 'judge') console.log(`engine_power_cut: seed ${seed}, ${pod.lines.join('').trim()}`);
  }
  assert.equal(disk.cuts, cuts);
});
