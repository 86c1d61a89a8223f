// How fast the log appends on a PostgreSQL server, beside the server's own single-row inserts: `pgbench -c 64` with a
// prepared statement into a table like the log's, one node with 64 and with 1,000 in flight, and three nodes with 64
// each. In turns in one run, on a server of its own that syncs, all on this machine. What counts are the ratios.
//
//   APPEND_BENCH=build/release/bin/append_bench node bench/append/postgres.mjs [--seconds 5] [--rounds 3]
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Server } from '../../tests/fault/postgres_server.mjs';

const run = promisify(execFile);
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' }, rounds: { type: 'string', default: '3' } } });
const seconds = Number(values.seconds);
const appendBench = process.env.APPEND_BENCH ?? 'build/release/bin/append_bench';
const kTargets = { 'one node, 64 in flight': 2, 'one node, 1,000 in flight': 3 };

// As a server is delivered: the tests' own sync nothing.
process.env.SYNAP_TEST_POSTGRES_OPTIONS = '-c fsync=on -c full_page_writes=on';
const ends = [];
const server = await Server.make({ after: (end) => ends.push(end) });

// What the log's own row has, from a client that makes nothing but this: 1 KiB of data, the ids, two hashes.
const kInsert = `INSERT INTO equal(position, type, data_version, user_id, aggregate, aggregate_type, aggregate_version, source,
  timestamp, id, correlation, content_hash, link, salt, data)
  VALUES (nextval('equal_position'), 'bench.measurement.completed', 1, 'bench', uuid_send(gen_random_uuid()), 'measurement', 1, 1,
  :time, uuid_send(gen_random_uuid()), uuid_send(gen_random_uuid()), decode(repeat('5a', 32), 'hex'), decode(repeat('a5', 32), 'hex'),
  decode(repeat('3c', 16), 'hex'), '{"text":"${'x'.repeat(1000)}"}');`;

async function insertsOf(clients) {
  await server.sql('DROP TABLE IF EXISTS equal; DROP SEQUENCE IF EXISTS equal_position');
  await server.sql('CREATE TABLE equal (LIKE events INCLUDING ALL)');
  await server.sql('CREATE SEQUENCE equal_position');
  const script = path.join(server.directory, 'insert.sql');
  writeFileSync(script, `\\set time random(1, 2000000000)\n${kInsert.replaceAll('\n', ' ')}\n`);
  const { stdout } = await run('pgbench', ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds), '-f', script,
    '-h', server.directory, '-U', 'synap', 'pod']);
  return Number(/tps = ([\d.]+) \(without/.exec(stdout)[1]);
}

async function appends(node, inFlight) {
  const url = `postgres://pod@/pod?host=${server.directory}`;
  const { stdout } = await run(appendBench, ['--in-flight', String(inFlight), '--seconds', String(seconds), '--database', url, '--node', node]);
  return JSON.parse(stdout).appends_per_s;
}

const threeNodes = async () => (await Promise.all(['one', 'two', 'three'].map((node) => appends(node, 64)))).reduce((sum, one) => sum + one, 0);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

try {
  await appends('one', 64);  // makes the tables
  const seen = {};
  for (let round = 1; round <= Number(values.rounds); ++round) {
    for (const [what, measure] of Object.entries({
      'pgbench -c 64': () => insertsOf(64),
      'one node, 64 in flight': () => appends('one', 64),
      'one node, 1,000 in flight': () => appends('one', 1_000),
      'three nodes, 64 in flight each': threeNodes,
    })) (seen[what] ??= []).push(await measure());
    console.log(`${round}: ${Object.entries(seen).map(([what, all]) => `${what} ${all.at(-1).toFixed(0)} /s`).join(', ')}`);
  }
  const of = Object.fromEntries(Object.entries(seen).map(([what, all]) => [what, median(all)]));
  for (const [what, target] of Object.entries(kTargets)) {
    const ratio = of[what] / of['pgbench -c 64'];
    console.log(`${what}: ${ratio.toFixed(2)} times pgbench -c 64 (target ${target}${ratio >= target ? ', met' : ', MISSED'})`);
  }
  const together = of['three nodes, 64 in flight each'] / of['one node, 64 in flight'];
  console.log(`three nodes: ${together.toFixed(2)} times one (target 1${together >= 1 ? ', met' : ', MISSED'})`);
} finally {
  for (const end of ends.reverse()) await end();
}
