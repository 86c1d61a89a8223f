// Does what docs/guide.md says, in one shell, and compares what is printed with what it says.
//
// ```sh: typed. ```ts FILE: the file is written. ```console: each `$ ` line is typed and prints what follows it.
// ```console stays: goes on running, and has printed this. ```text: the last of these prints that, too. Another
// block fails here.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { blocksOf, patternOf, Process, readersMachine, root } from './page.mjs';

const blocks = blocksOf('docs/guide.md');

// An editor would judge the files so.
async function check(app) {
  const tsc = path.join(root, 'client/node_modules/.bin/tsc');
  symlinkSync(path.join(root, 'client/node_modules/@types'), path.join(app, 'node_modules/@types'));
  const files = blocks.filter(({ kind }) => kind === 'ts').map(({ name }) => name);
  const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
  await promisify(execFile)(tsc, [...options, ...files], { cwd: app }).catch((error) => assert.fail(error.stdout));
}

test('the guide is what happens', async (t) => {
  const { folder, clone, env, here } = await readersMachine(t);
  const app = path.join(folder, 'first-app');
  // The second terminal has the PATH of the first.
  env.PATH = `${path.join(clone, 'build/release/bin')}:${env.PATH}`;
  const shell = new Process(t, undefined, { cwd: clone, env });
  let stays;
  let count = 0;

  async function type(command, printed) {
    const { told, code } = await shell.type(command);
    assert.match(told, new RegExp(`^${patternOf(printed)}\\n?$`), `${command}\nprinted\n${told}`);
    assert.equal(code, 0, `${command}\n${told}`);
    count += 1;
    if (command.startsWith('export SYNAP_KEY=')) env.SYNAP_KEY = (await shell.type('echo "$SYNAP_KEY"')).told.trim();
  }
  const does = {
    sh: async ({ text }) => {
      for (const line of text.trimEnd().split('\n')) await type(line, ['']);
    },
    ts: ({ name, text }) => writeFileSync(path.join(app, name), here(text)),
    text: ({ text }) => stays.until(new RegExp(patternOf(here(text).trimEnd().split('\n'))), text),
    console: async ({ name, text }) => {
      for (const each of `\n${here(text)}`.split('\n$ ').slice(1)) {
        const [command, ...printed] = each.trimEnd().split('\n');
        if (name !== 'stays') {
          await type(command, printed);
          continue;
        }
        stays = new Process(t, `exec ${command}`, { cwd: app, env });
        await stays.until(new RegExp(patternOf(printed)), command);
      }
    },
  };
  for (const block of blocks) {
    assert.ok(does[block.kind], `nobody says what is done with a block of the kind "${block.kind}":\n${block.text}`);
    await does[block.kind](block);
  }
  assert.ok(count >= 6, `${count} commands`);
  await check(app);
});
