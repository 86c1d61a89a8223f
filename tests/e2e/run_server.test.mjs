// What `make run-server` starts: two nodes on PostgreSQL and S3, behind a proxy.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { freePort } from '../free_port.mjs';
import { until, within } from './harness.mjs';

const script = fileURLToPath(new URL('../../tools/run_server.mjs', import.meta.url));

class Server {
  said = '';
  constructor(directory, port) {
    const args = [script, '--dir', directory, '--port', String(port), '--synap', process.env.SYNAP_BIN];
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (bytes) => (this.said += bytes));
  }
  says(text) {
    return until(() => this.said.includes(text), `it says "${text}":\n${this.said}`);
  }
  async stop() {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    const [code] = await within(exited, 'it ends');
    assert.equal(code, 0, this.said);
  }
}

test('a note that was acknowledged is there when the pod that took it is killed, and after a stop', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'synap-rs-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const port = await freePort();
  let server = new Server(directory, port);
  t.after(() => server.child.exitCode === null && server.stop());
  await server.says('look at it:');
  const key = (await readFile(join(directory, 'pod-1/owner.key'), 'utf8')).trim();
  const ask = async (procedure, body) => {
    const answer = await fetch(`http://127.0.0.1:${port}/trpc/${procedure}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', connection: 'close' },
      body: body && JSON.stringify(body),
    });
    return (await answer.json()).result.data;
  };
  const { nodes } = await ask('nodes.list');
  assert.deepEqual(nodes.map(({ name }) => name).sort(), ['pod-1', 'pod-2']);
  const { entityId } = await ask('notes.create', { content: 'kept by two' });
  const pid = Number(/kill -9 (\d+) and go on/.exec(server.said)[1]);
  process.kill(pid, 'SIGKILL');
  const text = async () => {
    const input = encodeURIComponent(JSON.stringify({ id: entityId }));
    return ask(`notes.get?input=${input}`).then((note) => note.content === 'kept by two', () => false);
  };
  await until(text, 'the other pod has the note and its text');
  await server.stop();
  server = new Server(directory, port);
  await server.says('look at it:');
  await until(text, 'the note is there after a stop');
  await server.stop();
});
