// What `make run` and tools/setup.sh say before they do something, on machines that this one is not: the
// programs they ask are stand-ins.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { temporary } from '../cli/synap.mjs';

const root = path.resolve(import.meta.dirname, '../..');

/** A copy of what is tested, and a PATH on which only `programs` are found, beside plain tools. */
function machine(t, programs) {
  const folder = temporary(t);
  mkdirSync(path.join(folder, 'bin'));
  mkdirSync(path.join(folder, 'tools'));
  cpSync(path.join(root, 'tools/setup.sh'), path.join(folder, 'tools/setup.sh'));
  cpSync(path.join(root, 'Makefile'), path.join(folder, 'Makefile'));
  for (const name of ['sh', 'sed', 'grep', 'dirname', 'env', 'make', 'nproc', 'test', 'mkdir']) {
    symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim().replace(/^(?!\/)/, '/usr/bin/'),
      path.join(folder, 'bin', name));
  }
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(path.join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(folder, 'bin', name), 0o755);
  }
  return folder;
}

const run = (folder, ...command) =>
  new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: path.join(folder, 'bin') }, timeout: 20_000 };
    const child = execFile(command[0], command.slice(1), options, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr, did: () => readFileSync(path.join(folder, 'did'), 'utf8') }));
    child.stdin.end();
  });

// Everything is there but mold.
const machineWithout = {
  'dpkg-query': 'for last; do :; done; [ "$last" = mold ] || echo "install ok installed"',
  node: 'echo v22.0.0',
  npm: ':',
};
const line = '  apt-get update && apt-get install -y --no-install-recommends mold\n';

test('who may not install gets the line to give to somebody who may', async (t) => {
  const cases = {
    'there is no sudo': { id: 'echo 1000', 'apt-get': 'echo "$@" >>did' },
    'sudo wants a password here': { id: 'echo 1000', 'apt-get': 'echo "$@" >>did', sudo: 'exit 1' },
    'apt-get could not install them': { id: 'echo 0', 'apt-get': 'exit 100' },
    'this is no Debian 12': { id: 'echo 0' },
  };
  for (const [why, programs] of Object.entries(cases)) {
    const told = await run(machine(t, { ...machineWithout, ...programs }), 'sh', 'tools/setup.sh', 'build');
    assert.equal(told.code, 1, why);
    assert.match(told.stderr, new RegExp(`these packages are missing, and .*${why}.*: mold`), why);
    assert.ok(told.stderr.endsWith(line), told.stderr);
    assert.throws(told.did, /ENOENT/, why);
  }
});

test('who may install need not be asked', async (t) => {
  const folder = machine(t, { ...machineWithout, id: 'echo 1000', sudo: '[ "$1" = -n ] || exec "$@"', 'apt-get': 'echo "$DEBIAN_FRONTEND $@" >>did' });
  const told = await run(folder, 'sh', 'tools/setup.sh', 'build');
  assert.equal(told.code, 0, told.stderr);
  assert.equal(told.did(), ' update -qq\nnoninteractive install -y -qq --no-install-recommends mold\n');
});

test('a first build says how long it takes, and builds the program alone', async (t) => {
  const folder = machine(t, { ...machineWithout, 'dpkg-query': 'echo "install ok installed"', cmake: 'echo "cmake $@"' });
  const first = await run(folder, 'make', 'build', 'JOBS=2');
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /building the release, this once: about \d+ minutes on 2 processors\n/);
  assert.match(first.stdout, /^cmake --build --preset release -j 2 --target synap$/m);
  mkdirSync(path.join(folder, 'build/release/bin'), { recursive: true });
  cpSync(path.join(folder, 'bin/npm'), path.join(folder, 'build/release/bin/synap'));
  const again = await run(folder, 'make', 'build', 'JOBS=2');
  assert.doesNotMatch(again.stdout, /this once/);
});
