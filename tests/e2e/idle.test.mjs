// What a pod asks of its PostgreSQL server while nobody asks anything of the pod.
import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { CountedServer } from './counted_server.mjs';
import { Database, delay, until } from './harness.mjs';
import { many, Node } from './node.mjs';

const kIdleMs = 8_000;
// One a second, and one for where the seconds begin.
const kTransactionsMax = kIdleMs / 1_000 + 1;
// A look there, and one here; twice that for a crowded machine.
const kFoundMsMax = 4_000;

describe('a pod that is idle', () => {
  let database;
  let servers = [];
  let nodes = [];
  beforeEach(() => (database = Database.create()));
  afterEach(async () => {
    for (const node of nodes) {
      if (node.child.exitCode === null) await node.end('SIGKILL');
      await rm(node.data, { recursive: true, force: true });
    }
    for (const server of servers) await server.close();
    database.drop();
    servers = [];
    nodes = [];
  });
  const start = async (options) => {
    const server = await CountedServer.before(database.url);
    servers.push(server);
    const node = await Node.make({ url: server.url }, options);
    nodes.push(node);
    return node.start().serves();
  };
  /** It comes to rest, and stays so: what is done once at a start goes on for a while. */
  const rests = async (server, what) => {
    let all;
    await until(async () => {
      server.take();
      await delay(kIdleMs);
      all = server.take();
      return all.length <= kTransactionsMax;
    }, `${what} asks once a second`, 40_000).catch((error) => {
      throw new Error(`${error.message}\n${all.map(({ of, asked }) => `${of}: ${asked.join('; ')}`).join('\n')}`);
    });
    assert.ok(all.length > 0, `${what} shows that it is there`);
  };

  test('asks its server once a second, alone', async () => {
    await start({});
    await rests(servers[0], 'a pod that is alone');
  });

  test('asks its server once a second, as each of two nodes', async () => {
    const first = await start({ flags: many });
    const second = await start({ flags: many, shares: first });
    await Promise.all(servers.map((server, i) => rests(server, `node ${i + 1}`)));
    // What nobody is told of is found by that look: what another has added, and that it is done.
    for (const server of servers) server.tells = false;
    const key = (await readFile(join(first.data, 'owner.key'), 'utf8')).trim();
    const { requestId } = await second.ask('notes.create', key, { content: 'A note' });
    const input = encodeURIComponent(JSON.stringify({ requestId }));
    await until(async () => (await second.ask(`requests.get?input=${input}`, key)).status === 'completed', 'it is made', kFoundMsMax);
    await Promise.all(servers.map((server, i) => rests(server, `node ${i + 1}`)));
  });
});
