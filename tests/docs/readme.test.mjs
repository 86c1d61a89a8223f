// Does what README.md says, block after block, as somebody would who pastes them: every command must succeed, and
// print what is said here. A block that nobody knows here fails, and so does one known here that is gone.
import assert from 'node:assert/strict';
import { writeFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { blocksOf, Process, readersMachine } from './page.mjs';

/**
 * What is done with each block, in the order of the page; `first` is the first word or words of it.
 *   prints   all that must be among what its lines print
 *   in       the directory in which it is pasted, if that is not the pod's
 *   stays    the block goes on: it is started beside the shell
 *   instead  of lines of it which a test cannot run as they are: what is run, and why
 *   codes    of lines whose exit code is not 0, and why
 */
const blocks = [
  {
    first: 'make run',
    kind: 'sh',
    stays: /serving http:\/\/127\.0\.0\.1:\d+ from/,
    instead: [
      // Takes minutes; then it is this (Makefile). tests/docs/build.test.mjs runs the target itself.
      [/^make run .*/, 'build/release/bin/synap serve'],
      // This is run by it.
      [/^make test .*/, ''],
    ],
  },
  {
    first: 'export PATH',
    kind: 'sh',
    prints: [
      /^status +completed$/m,
      /\tHello\t.*first/,
      /"title":"Hello"/,
      /note\.creation\.requested[^]*note\.creation\.completed/,
      /^\S+ +completed .*notes\.create/m,
      /^synap-data\/content\/[0-9a-f-]{36}\/note\/[0-9a-f-]{36}\.md$/m,
    ],
  },
  { first: 'synap events tail', kind: 'sh', stays: /note\.creation\.completed/ },
  { first: 'synap import markdown', kind: 'sh', prints: [/^failed +0$/m, /^imported +\d+$/m, /^ok +pod /m] },
  { first: "import { createSynapClient", kind: 'ts', file: 'hello.mjs' },
  {
    first: 'npm install',
    kind: 'sh',
    in: 'empty',
    prints: [/^stored: Hello$/m],
    // `…` stands for the rest of the key, which is another one each time.
    instead: [[/^export SYNAP_KEY=synap_….*/, ({ key }) => `export SYNAP_KEY=${key}`]],
  },
  {
    first: 'KEY=$(cat',
    kind: 'sh',
    prints: [/"status":"pending"/, /"notes":\[\{/, /event: connected|id: \d+|data: /],
    instead: [[/--max-time 10/, '--max-time 1']], // nothing more comes in ten seconds than in one
    codes: [[/--max-time/, 28]], // what curl says of every end by --max-time
  },
  { first: 'curl -s "http://127.0.0.1:4400/api', kind: 'sh', prints: [/"notes":\[.*"title":"Hello"/] },
];

/** The commands of a block: a line each, with those that are continued and without comments. */
function commandsOf(text) {
  return text.replaceAll('\\\n', ' ').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('the README is what happens', async (t) => {
  const machine = await readersMachine(t);
  const { folder, clone, env, here } = machine;
  mkdirSync(path.join(folder, 'empty'));
  const shell = new Process(t, undefined, { cwd: clone, env });
  const page = blocksOf('README.md');

  for (const [i, block] of page.entries()) {
    const rule = blocks[i];
    assert.ok(rule?.kind === block.kind && block.text.startsWith(rule.first), `no rule for this block, here:\n${block.text}`);
    if (block.kind === 'ts') {
      writeFileSync(path.join(folder, 'empty', rule.file), here(block.text));
      continue;
    }
    let printed = '';
    await shell.type(`cd ${rule.in ? path.join(folder, rule.in) : clone}`);
    for (let command of commandsOf(block.text)) {
      const expected = rule.codes?.find(([pattern]) => pattern.test(command))?.[1] ?? 0;
      for (const [pattern, text] of rule.instead ?? []) {
        const key = () => readFileSync(path.join(clone, 'synap-data/owner.key'), 'utf8').trim();
        command = command.replace(pattern, typeof text === 'string' ? text : text({ key: key() }));
      }
      if (command === '') continue;
      if (rule.stays) {
        const PATH = (await shell.type('echo "$PATH"')).told.trim();
        await new Process(t, `exec ${here(command)}`, { cwd: clone, env: { ...env, PATH } }).until(rule.stays, command);
        continue;
      }
      const { told, code } = await shell.type(here(command));
      assert.equal(code, expected, `${command}\nprinted\n${told}`);
      printed += told;
    }
    for (const pattern of rule.prints ?? []) assert.match(printed, pattern, `${block.text}\nprinted\n${printed}`);
  }
  assert.equal(page.length, blocks.length, 'a block is gone; take its rule away');
});
