// Does what docs/guide.md says, in one shell, and compares what is printed with what it says.
//
// ```sh: typed. ```ts FILE: the file is written. ```console: each `$ ` line is typed and prints what follows it.
// ```console stays: goes on running, and has printed this. ```text: the last of these prints that, too.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { BIN, temporary, within } from '../cli/synap.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const page = readFileSync(path.join(root, 'docs/guide.md'), 'utf8');

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The lines as one pattern: `…` is anything within a line, or, alone, whole lines. */
function patternOf(lines) {
  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return lines.map((line) => (line === '…' ? '[^]*?' : line.split('…').map(escaped).join('.*'))).join('\\n(?:.*\\n)*?');
}

/** A shell, or a command that goes on: what it prints, and a wait for it. */
class Process {
  text = '';
  #waiting = [];
  constructor(t, script, options) {
    // A group of its own, so that what it started ends with it.
    this.child = spawn('sh', script === undefined ? [] : ['-c', script], { ...options, detached: true });
    t.after(() => process.kill(-this.child.pid, 'SIGKILL'));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.text += text;
        this.#waiting = this.#waiting.filter((wake) => !wake());
      });
    }
  }
  async until(pattern, what, ms = 30_000) {
    const found = new Promise((resolve) => {
      const wake = () => {
        const match = pattern.exec(this.text);
        if (match) resolve(match);
        return match !== null;
      };
      if (!wake()) this.#waiting.push(wake);
    });
    return within(found, what, ms).catch((error) => assert.fail(`${error.message}; printed:\n${this.text}`));
  }
}

function blocks() {
  return [...page.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)].map(([, kind, name, text]) => ({ kind, name, text }));
}

test('the guide is what happens', async (t) => {
  const folder = temporary(t);
  const app = path.join(folder, 'first-app');
  const clone = path.join(folder, 'clone'); // with what `make build` makes
  mkdirSync(path.join(clone, 'build/release/bin'), { recursive: true });
  symlinkSync(path.resolve(BIN), path.join(clone, 'build/release/bin/synap'));
  const port = await freePort();
  const env = {
    ...process.env,
    PATH: `${path.join(clone, 'build/release/bin')}:${process.env.PATH}`,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    npm_config_cache: process.env.npm_config_cache ?? path.join(process.env.HOME ?? folder, '.npm'),
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    // The pod's own port may be somebody's.
    SYNAP_LISTEN: `127.0.0.1:${port}`,
    SYNAP_URL: `http://127.0.0.1:${port}`,
  };
  const here = (text) => text.replaceAll('4400', `${port}`);
  const shell = new Process(t, undefined, { cwd: clone, env });
  let stays;
  let count = 0;
  for (const { kind, name, text } of blocks()) {
    if (kind === 'sh') {
      shell.child.stdin.write(`${text}echo ready\n`);
      await shell.until(/^ready$/m, text);
    } else if (kind === 'ts') {
      writeFileSync(path.join(app, name), here(text));
    } else if (kind === 'text') {
      await stays.until(new RegExp(patternOf(here(text).trimEnd().split('\n'))), text);
    } else if (kind === 'console') {
      for (const each of `\n${here(text)}`.split('\n$ ').slice(1)) {
        const [command, ...printed] = each.trimEnd().split('\n');
        if (name === 'stays') {
          stays = new Process(t, `exec ${command}`, { cwd: app, env });
          await stays.until(new RegExp(patternOf(printed)), command);
        } else {
          const mark = `ended-${(count += 1)}`;
          shell.text = '';
          // The mark may share a line with what has no end of line.
          shell.child.stdin.write(`${command}\necho "${mark}=$?"\n`);
          const [, told, code] = await shell.until(new RegExp(`^([^]*)${mark}=(\\d+)\\n`), command, 120_000);
          assert.match(told, new RegExp(`^${patternOf(printed)}\\n?$`), `${command}\nprinted\n${told}`);
          assert.equal(code, '0', `${command}\n${told}`);
          if (command.startsWith('export SYNAP_KEY=')) {
            shell.child.stdin.write('echo "$SYNAP_KEY"\n');
            [env.SYNAP_KEY] = await shell.until(/^synap_\S+$/m, 'the key');
          }
        }
      }
    }
  }
  assert.ok(count >= 6, `${count} commands`);
  // As an editor would judge it.
  const tsc = path.join(root, 'client/node_modules/.bin/tsc');
  symlinkSync(path.join(root, 'client/node_modules/@types'), path.join(app, 'node_modules/@types'));
  const files = blocks().filter(({ kind }) => kind === 'ts').map(({ name }) => name);
  const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
  await promisify(execFile)(tsc, [...options, ...files], { cwd: app }).catch((error) => assert.fail(error.stdout));
});
