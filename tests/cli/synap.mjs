// Runs the program: commands to their end, pods until they are stopped. Every wait is for an event,
// with a bound.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

export const BIN = process.env.SYNAP_BIN ?? path.resolve('build/dev/bin/synap');
const WAIT_MS = 120_000;

// Nothing of the caller's own environment may reach the program's settings.
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SYNAP_'))),
  XDG_CONFIG_HOME: path.join(tmpdir(), 'synap-cli-has-no-configuration'),
};

/** A directory that goes when the test ends, behind the pods in it: one that writes while it is removed keeps it. */
export function temporary(t) {
  const directory = mkdtempSync(path.join(tmpdir(), 'synap-cli-'));
  t.after(async () => {
    const inside = [...children].filter(({ spawnargs }) => spawnargs.some((one) => one.startsWith(directory)));
    for (const child of inside) child.kill('SIGKILL');
    await Promise.all(inside.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
    rmSync(directory, { recursive: true, force: true, maxRetries: 20 });
  });
  return directory;
}

export function within(promise, what, ms = WAIT_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// A test that is timed out by its runner must not leave a pod behind.
const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));
process.on('SIGTERM', () => process.exit(1));

/** A process under way: its lines as they come, its text so far, its end. */
export class Running {
  constructor(args, { env = {}, cwd, stdio, uid, program = BIN } = {}) {
    this.stdout = '';
    this.stderr = '';
    this.child = spawn(program, args, { env: { ...environment, ...env }, cwd, stdio, uid });
    children.add(this.child);
    this.child.on('close', () => children.delete(this.child));
    this.child.stdout?.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.child.stdin?.on('error', () => {}); // it may end without reading
    if (this.child.stdout) {
      this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    }
    if (this.child.stderr) {
      this.errors = readline.createInterface({ input: this.child.stderr })[Symbol.asyncIterator]();
    }
    this.closed = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  async line(what = 'a line') {
    const { value, done } = await within(this.lines.next(), `${what}; stderr: ${this.stderr}`);
    if (done) throw new Error(`ended without ${what}: ${this.stderr}`);
    return value;
  }

  async errorLine(pattern) {
    for (;;) {
      const { value, done } = await within(this.errors.next(), `${pattern} on stderr`);
      if (done) throw new Error(`ended without ${pattern}: ${this.stderr}`);
      if (pattern.test(value)) return value;
    }
  }

  async end() {
    const { code, signal } = await within(this.closed, 'the end of the process', 240_000);
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }

  kill(signal) {
    this.child.kill(signal);
  }
}

/** Runs a command to its end. */
export async function run(args, { input, ...options } = {}) {
  const running = new Running(args, options);
  running.child.stdin.end(input ?? '');
  return running.end();
}

/**
 * Runs a command in a terminal of its own; needs python3. `input` is typed when it has shown something. Gives its exit code
 * and what it shows.
 */
export async function inTerminal(args, { env = {}, columns = 80, lines = 24, input = '', program = BIN } = {}) {
  const script = path.join(import.meta.dirname, 'terminal.py');
  const child = spawn('python3', [script, `${columns}`, `${lines}`, program, ...args],
    { env: { ...environment, COLUMNS: undefined, LINES: undefined, TERM: 'xterm', ...env } });
  children.add(child);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (shown) => (text += shown));
  child.stdin.end(input);
  const [code] = await within(once(child, 'close'), 'the end of the terminal', 240_000);
  children.delete(child);
  return { code, text: text.replaceAll('\r\n', '\n') };
}

/** Starts a pod and waits until it is ready. */
export async function startPod(t, data, { args = [], listen = '127.0.0.1:0', env } = {}) {
  const pod = new Running(['serve', '--json', '--data', data, '--listen', listen, ...args], { env });
  t.after(() => pod.kill('SIGKILL'));
  const ready = JSON.parse(await pod.line('the line that says that the pod is ready'));
  pod.url = ready.url;
  pod.address = ready.url.slice('http://'.length);
  pod.data = ready.data;
  pod.key = readFileSync(path.join(data, 'owner.key'), 'utf8').trim();
  pod.env = { SYNAP_URL: ready.url, SYNAP_DATA: data };
  return pod;
}

/** Calls of one pod, by the program; they must succeed and leave stderr alone. */
export function client(pod) {
  return async (...args) => {
    const { code, stdout, stderr } = await run(args, { env: pod.env });
    if (code !== 0 || stderr !== '') throw new Error(`${args.join(' ')}: ${code} ${stderr}`);
    return stdout;
  };
}

/** Makes a note and waits until it is done. Gives its id. */
export async function makeNote(pod, content) {
  const synap = client(pod);
  const before = JSON.parse(await synap('events', 'list', '--json')).nextAfter;
  const watch = new Running(
    ['events', 'tail', '--json', '--after', `${before}`, '--type', 'note.creation.completed'],
    { env: pod.env },
  );
  try {
    const made = JSON.parse(await synap('call', 'notes.create', JSON.stringify({ content })));
    for (;;) {
      const event = JSON.parse(await watch.line('the completed note'));
      if (event.requestId === made.requestId) return { ...made, id: made.entityId };
    }
  } finally {
    watch.kill('SIGKILL');
  }
}
