// A pod on a PostgreSQL server, one of many or alone, in a process and a directory of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../free_port.mjs';
import { until, within } from './harness.mjs';

/** What makes it one of many. */
export const many = ['--nodes', 'many'];

export class Node {
  said = '';
  static async make(database, { flags = [], shares } = {}) {
    const node = new Node();
    node.data = await mkdtemp(join(tmpdir(), 'synap-nodes-'));
    node.port = await freePort();
    Object.assign(node, { database, flags, url: `http://127.0.0.1:${node.port}` });
    if (shares) {
      await cp(join(shares.data, 'pod.id'), join(node.data, 'pod.id'));
      await mkdir(join(shares.data, 'content'), { recursive: true });
      await symlink(join(shares.data, 'content'), join(node.data, 'content'));
    }
    return node;
  }
  start() {
    const args = ['serve', '--data', this.data, '--listen', `127.0.0.1:${this.port}`, ...this.flags];
    this.child = spawn(process.env.SYNAP_BIN, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, SYNAP_DATABASE: this.database.url },
    });
    this.child.stderr.on('data', (bytes) => (this.said += bytes));
    return this;
  }
  ready() {
    return fetch(`${this.url}/ready`).then((answer) => answer.status, () => 0);
  }
  async serves() {
    await until(async () => (await this.ready()) === 200, 'it serves').catch((error) => {
      throw new Error(`${error.message}:\n${this.said}`);
    });
    return this;
  }
  async ended() {
    if (this.child.exitCode === null) await within(once(this.child, 'exit'), `it ends:\n${this.said}`);
    return this.child.exitCode;
  }
  end(signal) {
    this.child.kill(signal);
    return this.ended();
  }
  async call(procedure, key, body) {
    const answer = await fetch(`${this.url}/trpc/${procedure}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, ...(await answer.json()) };
  }
  async ask(procedure, key, body) {
    const { result, error } = await this.call(procedure, key, body);
    assert.ok(result, JSON.stringify(error));
    return result.data;
  }
}
