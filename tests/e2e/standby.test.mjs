// A pod that waits for another one's database, and takes over.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { freePort } from '../free_port.mjs';
import { Database, until, within } from './harness.mjs';

class Node {
  said = '';
  constructor(database, data, port, how = ['--standby']) {
    Object.assign(this, { data, port, url: `http://127.0.0.1:${port}` });
    this.child = spawn(process.env.SYNAP_BIN, ['serve', ...how, '--data', data, '--listen', `127.0.0.1:${port}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, SYNAP_DATABASE: database.url },
    });
    this.child.stderr.on('data', (bytes) => (this.said += bytes));
  }
  static async start(database, how) {
    return new Node(database, await mkdtemp(join(tmpdir(), 'synap-standby-')), await freePort(), how);
  }
  again(database) {
    return new Node(database, this.data, this.port);
  }
  says(text) {
    return until(() => this.said.includes(text), `it says "${text}":\n${this.said}`, 20_000);
  }
  serves() {
    return until(
      () => fetch(`${this.url}/ready`).then((answer) => answer.status === 200, () => false),
      `it serves:\n${this.said}`,
    );
  }
  async end(signal) {
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    return (await within(exited, `it ends on ${signal}`, 20_000))[0];
  }
  async ask(procedure, key, body) {
    const answer = await fetch(`${this.url}/trpc/${procedure}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    return (await answer.json()).result.data;
  }
}

describe('two pods on one database', () => {
  let database;
  let first;
  let second;
  let key;
  const tasks = async (node) => (await node.ask('tasks.list', key)).total;
  before(async () => {
    database = Database.create();
    first = await Node.start(database);
    await first.serves();
    key = (await readFile(join(first.data, 'owner.key'), 'utf8')).trim();
    second = await Node.start(database);
    await second.says('standing by: Another pod has the database');
  });
  after(async () => {
    for (const node of [first, second]) {
      if (node?.child.exitCode === null) node.child.kill('SIGKILL');
      if (node) await rm(node.data, { recursive: true, force: true });
    }
    database?.drop();
  });

  test('the one that waits has all that the other had acknowledged when it was killed', async () => {
    for (let i = 0; i < 20; ++i) await first.ask('tasks.create', key, { title: `task ${i}` });
    await first.end('SIGKILL');
    await second.serves();
    assert.equal(await tasks(second), 20);
  });

  test('one that has lost the database to another stops by itself, and waits again', async () => {
    first = first.again(database);
    await first.says('standing by');
    // As where a server or a network gives up a connection, with it the lock.
    // Of this database alone: others' tests have locks on the same server.
    database.run(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
    await first.serves();
    await second.says('another pod has the database: this one stops, and waits for it');
    await second.says('standing by');
    assert.equal(await tasks(first), 20);
  });

  test('one that is told to stop gives way at once, and one that waits can be stopped', async () => {
    assert.equal(await first.end('SIGTERM'), 0);
    await second.serves();
    assert.equal(await tasks(second), 20);
    first = first.again(database);
    await first.says('standing by');
    assert.equal(await first.end('SIGTERM'), 0);
  });
});

test('one whose database another has taken serves nothing more, and keeps it from nobody', async (t) => {
  const database = Database.create();
  t.after(() => database.drop());
  // As behind a pooler: nobody holds a lock.
  const how = ['--database-pooler', 'transaction'];
  const first = await Node.start(database, how);
  await first.serves();
  // It says that its texts are the first one's.
  const data = await mkdtemp(join(tmpdir(), 'synap-standby-'));
  await cp(first.data, data, { recursive: true, filter: (name) => !name.endsWith('.lock') });
  const taker = new Node(database, data, await freePort(), how);
  t.after(async () => {
    for (const node of [first, taker]) {
      if (node.child.exitCode === null) node.child.kill('SIGKILL');
      await rm(node.data, { recursive: true, force: true });
    }
  });
  await taker.serves();
  await first.says('another pod has had the database: this one serves nothing more');
  await until(() => fetch(`${first.url}/health`).then(() => false, () => true), 'nobody is answered there');
  await taker.serves();
  assert.equal(await first.end('SIGTERM'), 1);
});
