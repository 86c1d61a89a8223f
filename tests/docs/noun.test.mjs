// Runs the commands of docs/a-noun-in-ten-minutes.md and compares what they print with what it says.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { startPod, temporary } from '../cli/synap.mjs';

const page = readFileSync(new URL('../../docs/a-noun-in-ten-minutes.md', import.meta.url), 'utf8');

/** Each command of the page, with what it is to print. */
function commands() {
  const all = [];
  for (const [, block] of page.matchAll(/^```console\n(.*?)^```$/gms)) {
    for (const line of block.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) all.push({ command: line.slice(2), printed: [] });
      else all.at(-1).printed.push(line);
    }
  }
  return all;
}

const sh = (command, env) =>
  new Promise((resolve) => {
    execFile('sh', ['-c', command], { env, timeout: 20_000 }, (error, stdout, stderr) =>
      resolve(`${stdout}${stderr}`.trimEnd()),
    );
  });

test('what the page says is what happens', async (t) => {
  const folder = temporary(t);
  const pod = await startPod(t, path.join(folder, 'pod'));
  // The program is called synap there.
  const bin = path.join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(process.env.SYNAP_BIN, path.join(bin, 'synap'));
  const env = { ...process.env, ...pod.env, PATH: `${bin}:${process.env.PATH}` };
  const all = commands();
  assert.ok(all.length >= 8, `${all.length} commands`);
  for (const { command, printed } of all) {
    const told = await sh(command, env);
    env.BOOK ??= /"entityId":"([^"]+)"/.exec(told)?.[1];
    const wanted = printed.join('\n').split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    assert.match(told, new RegExp(`^${wanted.join('[^]*?')}$`), `${command}\nprinted\n${told}`);
  }
});
