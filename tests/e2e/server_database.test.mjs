// Commands of the machine on a pod whose database is on a PostgreSQL server.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';

import { connect, lanes, makeNote, Pod } from './harness.mjs';

describe('a pod whose database is on a server', () => {
  let pod;
  const synap = (args, env = { SYNAP_DATABASE: pod.database.url }) =>
    spawnSync(process.env.SYNAP_BIN, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  const doctor = (...args) => {
    const asked = synap(['doctor', '--json', '--data', pod.data, '--url', pod.url, ...args]);
    return Object.fromEntries(JSON.parse(asked.stdout).checks.map((check) => [check.name, check]));
  };
  const notes = async () => (await pod.http('notes.list')).body.result.data.total;
  before(async () => {
    pod = await Pod.start();
    const { client, close } = connect(lanes[0], pod);
    await makeNote(client, { content: 'kept' });
    await close();
  });
  after(() => pod?.remove());

  test('is examined by the doctor, while it runs and while it does not', async () => {
    for (const runs of [true, false]) {
      if (!runs) await pod.kill('SIGTERM');
      const found = doctor('--deep');
      assert.match(found.database.message, /^PostgreSQL \d+.*UTF8.*; parts of the log: 1/);
      assert.equal(found.schema.message, 'of this version');
      assert.match(found.content.message, /^1 files of notes are there, with their checksums/);
      assert.match(found.events.message, /^\d+ events, the data of each is what was recorded/);
      assert.match(found.rows.message, /^\d+ values of read models can be read/);
      for (const name of ['schema', 'content', 'events', 'rows']) assert.equal(found[name].status, 'ok');
      assert.equal('pod' in found, runs);
    }
  });

  test('is said to be out of reach', () => {
    const asked = synap(['doctor', '--data', pod.data], { SYNAP_DATABASE: 'postgres://127.0.0.1:1/none' });
    assert.equal(asked.status, 1);
    assert.match(asked.stdout, /^fail +database +it cannot be opened: connection to server/m);
  });

  test('is moved into its directory, and back, by a command', async () => {
    const { url } = pod.database;
    // What the server has is left: the way back needs a database that is empty.
    const moved = synap(['migrate-engine', '--from', url, '--to', pod.data, '--json']);
    assert.equal(moved.status, 0, moved.stderr);
    const { events, different, projections } = JSON.parse(moved.stdout);
    assert.ok(events >= 4 && projections > 5);
    assert.deepEqual(different, []);
    assert.equal(doctor('--deep').database.message, 'integrity_check finds nothing wrong');
    const refused = synap(['migrate-engine', '--from', pod.data, '--to', url]);
    assert.equal(refused.status, 5);
    assert.match(refused.stderr, /There is a pod in the database on the server already, or one that left it/);
    pod.database.run("DELETE FROM engine_move");
    const again = synap(['migrate-engine', '--from', url, '--to', pod.data]);
    assert.match(again.stderr, /has a pod with a database of its own/);
  });

  test('is told by the doctor that its log will have no room', async () => {
    const other = await Pod.start();
    try {
      await other.kill('SIGTERM');
      const asked = () => synap(['doctor', '--data', other.data], { SYNAP_DATABASE: other.database.url });
      assert.match(asked().stdout, /^ok +database +PostgreSQL/m);
      other.database.run('UPDATE log_head SET parts_until = position + 300001');
      assert.match(asked().stdout, /^warn +database +.*next part cannot be made, and there is room for 300000 events/m);
    } finally {
      await other.remove();
    }
  });

  test('is told by the doctor what is damaged', async () => {
    const other = await Pod.start();
    try {
      await other.kill('SIGTERM');
      other.database.run(`ALTER TABLE events DISABLE TRIGGER ALL;
        UPDATE events SET data = '{"x":1}' WHERE position = 2`);
      const asked = synap(['doctor', '--deep', '--data', other.data, '--url', other.url], {
        SYNAP_DATABASE: other.database.url,
      });
      assert.equal(asked.status, 1);
      assert.match(asked.stdout, /^fail +events +of 2 events, the data of 1 is damaged \(position 2, id /m);
    } finally {
      await other.remove();
    }
  });
});

test('both places have to be named', () => {
  for (const [from, to] of [['a', 'b'], ['postgres://a/b', 'postgresql://a/c']]) {
    const asked = spawnSync(process.env.SYNAP_BIN, ['migrate-engine', '--from', from, '--to', to], { encoding: 'utf8' });
    assert.equal(asked.status, 2);
    assert.match(asked.stderr, /One of --from and --to is the pod's directory/);
  }
});
