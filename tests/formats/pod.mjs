// A pod on a data directory of its caller's, and its procedures, with nothing but node.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../free_port.mjs';

export class Pod {
  static async start(binary, data) {
    const pod = new Pod();
    pod.url = `http://127.0.0.1:${await freePort()}`;
    pod.child = spawn(binary, ['serve', '--data', data, '--listen', pod.url.slice('http://'.length)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    pod.ended = once(pod.child, 'exit');
    pod.said = '';
    pod.child.stderr.on('data', (chunk) => { pod.said += chunk; });
    for (;;) {
      if (pod.child.exitCode !== null) throw new Error(`the pod does not start:\n${pod.said}`);
      const ready = await fetch(`${pod.url}/ready`).catch(() => undefined);
      if (ready?.ok) break;
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
    pod.key = (await readFile(join(data, 'owner.key'), 'utf8')).trim();
    return pod;
  }

  async #send(path, init, key) {
    const answer = await fetch(`${this.url}/trpc/${path}`, {
      ...init, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${json.error.message}`);
    return json.result.data;
  }
  ask(procedure, input, key = this.key) {
    const tail = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
    return this.#send(`${procedure}${tail}`, {}, key);
  }
  tell(procedure, input, key = this.key) {
    return this.#send(procedure, { method: 'POST', body: JSON.stringify(input) }, key);
  }
  /** Tells, and waits until what was asked for is done. */
  async done(procedure, input, key = this.key) {
    const accepted = await this.tell(procedure, input, key);
    if (accepted.status === 'pending') await this.completion(accepted.requestId, key);
    return accepted.entityId;
  }
  async completion(requestId, key = this.key) {
    for (;;) {
      const { status } = await this.ask('requests.get', { requestId }, key);
      if (status === 'completed') return;
      if (status === 'failed') throw new Error(`request ${requestId} failed`);
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  }

  async end(signal) {
    this.child.kill(signal);
    await this.ended;
  }
}
