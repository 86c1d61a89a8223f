// A pod for tests, with users of their own: whoever lists all threads sees those of nobody else.
import { createSynapClient } from '@synap/client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startPod } from '../../../tests/cli/synap.mjs';

export class Pod {
  static async start() {
    const pod = new Pod();
    pod.directory = mkdtempSync(path.join(tmpdir(), 'synap-langgraph-'));
    pod.running = await startPod({ after: () => {} }, path.join(pod.directory, 'data'));
    pod.owner = createSynapClient({ url: pod.running.url, key: pod.running.key });
    return pod;
  }
  /** The client of a new user, who has nothing. */
  async user(options = {}) {
    const { key } = await this.owner.users.create.mutate({ name: `user ${++this.users}` });
    return this.clientOf(key, options);
  }
  clientOf(key, options = {}) {
    return createSynapClient({ url: this.running.url, key, ...options });
  }
  async remove() {
    this.running.kill('SIGTERM');
    await this.running.closed;
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20 });
  }
  users = 0;
}
