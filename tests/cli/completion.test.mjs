// What the Tab key does, in the shells themselves: each is given a line with Tabs in it, and runs in the place of synap a
// function that says what it was called with.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { inTerminal, run, temporary } from './synap.mjs';

const script = async (shell) => (await run(['completion', shell])).stdout;

// What is typed, and what the shell makes of it: a noun, its verb, a flag behind a flag, a procedure, what a flag can be, and
// what a word can.
const EVERYWHERE = [
  ['synap note\t li\t', 'notes list'],
  ['synap events ta\t', 'events tail'],
  ['synap --json tasks create --prio\t', '--json tasks create --priority'],
  ['synap call notes.cr\t', 'call notes.create'],
  ['synap tasks list --status in_\t', 'tasks list --status in_progress'],
  ['synap completion zs\t', 'completion zsh'],
];

async function typed(program, args, env, keys = (line) => `${line}\r`, lines = EVERYWHERE) {
  const input = `${lines.map(([line]) => keys(line)).join('')}exit\r`;
  const { text } = await inTerminal(args, { program, env, input, columns: 200, lines: 50 });
  const called = [...text.matchAll(/^<([^>\n]*)>\s*$/gm)].map(([, words]) => words.trim().replaceAll(/ +/g, ' '));
  assert.deepEqual(called, lines.map(([, words]) => words), text);
}

test('bash completes nouns, verbs, flags and procedures', async (t) => {
  const directory = temporary(t);
  writeFileSync(path.join(directory, 'synap.bash'), await script('bash'));
  const rc = path.join(directory, 'rc');
  writeFileSync(rc, `source ${directory}/synap.bash\nsynap() { echo; echo "<$*>"; }\nPS1='$ '\nbind 'set enable-bracketed-paste off'\n`);
  await typed('/bin/bash', ['--noprofile', '--rcfile', rc, '-i'], {}, undefined,
    [...EVERYWHERE, ['synap tasks list --status=in_\t', 'tasks list --status=in_progress']]);
});

test('zsh does, from the first Tab on, by the file that it loads itself', async (t) => {
  const directory = temporary(t);
  mkdirSync(path.join(directory, 'functions'));
  writeFileSync(path.join(directory, 'functions', '_synap'), await script('zsh'));
  writeFileSync(path.join(directory, '.zshrc'), `fpath=(${directory}/functions $fpath)
autoload -Uz compinit && compinit -u -D
synap() { print; print -r -- "<$*>" }
PS1='$ '
`);
  await typed('/usr/bin/zsh', ['-d', '-i'], { ZDOTDIR: directory });
});

test('zsh takes the same text by source', async (t) => {
  const directory = temporary(t);
  writeFileSync(path.join(directory, 'synap.zsh'), await script('zsh'));
  writeFileSync(path.join(directory, '.zshrc'), `autoload -Uz compinit && compinit -u -D
source ${directory}/synap.zsh
synap() { print; print -r -- "<$*>" }
PS1='$ '
`);
  await typed('/usr/bin/zsh', ['-d', '-i'], { ZDOTDIR: directory });
});

test('fish does', async (t) => {
  const file = path.join(temporary(t), 'synap.fish');
  writeFileSync(file, await script('fish'));
  // fish says what it would complete, without a terminal.
  const completed = (line) => execFileSync('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`],
    { stdio: 'pipe', env: { ...process.env, HOME: path.dirname(file) } }).toString().trimEnd().split('\n');
  assert.deepEqual(completed('synap ev').toSorted(), ['event-types', 'events']);
  assert.deepEqual(completed('synap events t'), ['tail']);
  assert.deepEqual(completed('synap events list --si'), ['--since']);
  assert.deepEqual(completed('synap --json tasks create --prio'), ['--priority']);
  assert.deepEqual(completed('synap call notes.cr'), ['notes.create', 'notes.createUploaded']);
  const noise = execFileSync('fish', ['--no-config', '-c', `source ${file}; complete -C 'synap call n' 2>&1 >/dev/null`],
    { env: { ...process.env, HOME: path.dirname(file) } }).toString();
  assert.equal(noise, '');
});

test('other shells are refused', async () => {
  const { code, stderr } = await run(['completion', 'tcsh']);
  assert.equal(code, 2);
  assert.match(stderr, /must be one of bash, zsh, fish/);
});
