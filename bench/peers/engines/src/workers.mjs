// An app in a process of its own, and what it has told: how many runs it has ended, and how long
// each took to its first step.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { inFlight, now, paced, processorSeconds, spreadOf, tell } from './measuring.mjs';

export class App {
  ended = 0;
  delays = [];
  #waiting = [];

  static async start(script, ...args) {
    const app = new App();
    app.child = fork(fileURLToPath(new URL(script, import.meta.url)), args);
    app.child.on('message', (told) => {
      if (told.ended) app.ended = told.ended;
      if (told.delays) app.delays.push(...told.delays);
      app.#waiting = app.#waiting.filter(({ count, done }) => {
        if (app.ended < count) return true;
        done();
        return false;
      });
    });
    const [{ port }] = await once(app.child, 'message');
    app.port = port;
    return app;
  }

  /** Until so many runs have ended since the app began. */
  async ends(count, ms = 300_000) {
    if (this.ended >= count) return;
    await new Promise((done, reject) => {
      const late = setTimeout(() => reject(new Error(`${this.ended} of ${count} runs ended`)), ms);
      this.#waiting.push({ count, done: () => (clearTimeout(late), done()) });
    });
  }

  /** Its last answers are on their way when its last run has told of its end. */
  async stop() {
    await delay(300);
    this.child.kill('SIGKILL');
  }
}

/** What a server does of `app`'s runs, which send() asks for: flooded or paced, behind some that warm it. */
export async function measure(app, options, send) {
  await inFlight(options.warm, options.inflight, send);
  await app.ends(options.warm);
  app.delays.length = 0;
  const processor = [processorSeconds(options.pid), processorSeconds(app.child.pid)];
  const begin = now();
  let count = options.count;
  if (options.mode === 'flood') {
    await inFlight(count, options.inflight, send);
  } else {
    count = options.persecond * options.seconds;
    await paced(options.persecond, options.seconds, send);
  }
  await app.ends(options.warm + count);
  const seconds = (now() - begin) / 1000;
  tell({
    runs: count,
    runs_per_s: count / seconds,
    ...(options.mode === 'paced' ? spreadOf(app.delays) : {}),
    server_cpu_us_per_run: ((processorSeconds(options.pid) - processor[0]) * 1e6) / count,
    app_cpu_us_per_run: ((processorSeconds(app.child.pid) - processor[1]) * 1e6) / count,
  });
  await app.stop();
  process.exit(0);
}
