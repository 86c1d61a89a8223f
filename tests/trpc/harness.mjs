// Starts the official server and ours, and keeps them for the tests that want the same switches.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const fixture = process.env.TRPC_FIXTURE;
if (!fixture) throw new Error('TRPC_FIXTURE must name the program trpc_fixture');
const official = fileURLToPath(new URL('official-fixture.mjs', import.meta.url));

/** Fails with `what` if `promise` takes longer than `ms`. No wait of the suite is unbounded. */
export function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

class Server {
  /** What handlers said on standard error. */
  lines = [];
  #waiting = [];

  constructor(name, child) {
    this.name = name;
    this.child = child;
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.lines.push(line);
      if (process.env.VERBOSE) console.error(`${name}: ${line}`);
      this.#waiting = this.#waiting.filter((wake) => !wake());
    });
  }

  async ready() {
    const output = createInterface({ input: this.child.stdout });
    const exited = once(this.child, 'exit').then(([code, signal]) => {
      throw new Error(`${this.name} ended before it served: ${code ?? signal}\n${this.lines.join('\n')}`);
    });
    const [line] = await within(10_000, Promise.race([once(output, 'line'), exited]), `${this.name} serves`);
    exited.catch(() => {});
    this.port = Number(line.split(' ')[1]);
    this.url = `http://127.0.0.1:${this.port}/trpc`;
    this.ws = `ws://127.0.0.1:${this.port}/trpc`;
    return this;
  }

  /** Until handlers have said `line` `times` times since `from` (an earlier lines.length). */
  said(line, { times = 1, from = 0 } = {}) {
    const has = () => this.lines.slice(from).filter((said) => said === line).length >= times;
    const heard = new Promise((resolve) => {
      const wake = () => has() && (resolve(), true);
      if (!wake()) this.#waiting.push(wake);
    });
    return within(5000, heard, `${this.name} says "${line}"`);
  }

  count(prefix, from = 0) {
    return this.lines.slice(from).filter((line) => line.startsWith(prefix)).length;
  }
}

const running = new Map();

/** Both servers with these switches: { official, ours }. */
export function servers(switches = {}) {
  const key = JSON.stringify(switches);
  if (!running.has(key)) {
    const start = (name, command, args) =>
      new Server(
        name,
        spawn(command, args, {
          env: { ...process.env, ...switches },
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      );
    const pair = [
      start('official', process.execPath, [official, '0']),
      start('ours', fixture, ['--port', '0']),
    ];
    running.set(
      key,
      Promise.all(pair.map((server) => server.ready())).then(([theirs, ours]) => ({
        official: theirs,
        ours,
        both: [theirs, ours],
      })),
    );
  }
  return running.get(key);
}

/** Ends all servers; ours must end well: a sanitizer's finding is an exit code. */
export async function stopServers() {
  for (const pair of running.values()) {
    const { official: theirs, ours } = await pair;
    theirs.child.kill('SIGKILL');
    if (ours.child.exitCode === null && ours.child.signalCode === null) {
      const exited = once(ours.child, 'exit');
      ours.child.kill('SIGTERM');
      await within(8000, exited, 'ours ends when asked');
    }
    if (ours.child.exitCode !== 0) {
      throw new Error(
        `ours ended with ${ours.child.exitCode ?? ours.child.signalCode}:\n${ours.lines.slice(-60).join('\n')}`,
      );
    }
  }
}
