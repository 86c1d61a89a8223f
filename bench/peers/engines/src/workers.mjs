// An app in a process of its own, and what it has told: how many runs it has ended, and how long
// each took to its first step.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

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
