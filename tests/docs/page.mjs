// What tests of pages with commands share: the blocks of a page, what a block says is printed, and a shell
// that is typed into.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';

import { BIN, temporary, within } from '../cli/synap.mjs';

export const root = path.resolve(import.meta.dirname, '../..');

/** The blocks of a page as {kind, name, text}: "```kind name". One of no kind is a mistake of the page. */
export function blocksOf(file) {
  const page = readFileSync(path.join(root, file), 'utf8');
  const blocks = [...page.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)];
  const fences = page.match(/^\s*(```|~~~)/gm)?.length ?? 0;
  assert.equal(fences, 2 * blocks.length, `${file}: each block begins with its kind, at the start of its line`);
  return blocks.map(([, kind, name, text]) => ({ kind, name, text }));
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The lines as one pattern: `…` is anything within a line, or, alone, whole lines. */
export function patternOf(lines) {
  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return lines.map((line) => (line === '…' ? '[^]*?' : line.split('…').map(escaped).join('.*'))).join('\\n(?:.*\\n)*?');
}

/** A shell, or a command that goes on: what it prints, and a wait for it. */
export class Process {
  text = '';
  #waiting = [];
  #marks = 0;
  constructor(t, script, options) {
    // A group of its own, so that what it started ends with it.
    this.child = spawn('bash', script === undefined ? ['--norc'] : ['-c', script], { ...options, detached: true });
    t.after(() => {
      try {
        process.kill(-this.child.pid, 'SIGKILL');
      } catch {} // it has ended
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.text += text;
        this.#waiting = this.#waiting.filter((wake) => !wake());
      });
    }
  }

  /** The match, once all that was printed has one. */
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

  /** Types the command into the shell, and gives what it prints and its exit code. */
  async type(command, ms = 120_000) {
    const mark = `ended-${(this.#marks += 1)}`;
    this.text = '';
    // The mark may share a line with what has no end of line.
    this.child.stdin.write(`${command}\necho "${mark}=$?"\n`);
    const [, told, code] = await this.until(new RegExp(`^([^]*)${mark}=(\\d+)\\n`), command, ms);
    return { told, code: Number(code) };
  }
}

/**
 * A directory with a clone in which `make build` has run, and the environment of a reader who has not got a pod yet. The
 * port 4400 may be somebody's: `here` puts another one into a text.
 */
export async function readersMachine(t) {
  const folder = temporary(t);
  const clone = path.join(folder, 'clone');
  mkdirSync(path.join(clone, 'build/release/bin'), { recursive: true });
  symlinkSync(path.resolve(BIN), path.join(clone, 'build/release/bin/synap'));
  const port = await freePort();
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('SYNAP_'));
  const env = {
    ...Object.fromEntries(own),
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    npm_config_cache: process.env.npm_config_cache ?? path.join(process.env.HOME ?? folder, '.npm'),
    npm_config_prefer_offline: 'true',
    npm_config_update_notifier: 'false',
    SYNAP_LISTEN: `127.0.0.1:${port}`,
    SYNAP_URL: `http://127.0.0.1:${port}`,
  };
  return { folder, clone, env, here: (text) => text.replaceAll('4400', `${port}`) };
}
