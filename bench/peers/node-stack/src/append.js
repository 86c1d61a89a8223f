// The bare append: CONCURRENCY inserts in flight, one event of 1 KiB each, for SECONDS; one JSON line.
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { config } from './config.js';
import { createSchema, pool } from './database.js';
import { createEvent, eventParameters, insertEventSql, noteCreationRequested } from './events.js';

const concurrency = Number(process.env.CONCURRENCY ?? 64);
const seconds = Number(process.env.SECONDS ?? 5);
const warmupSeconds = 1;
const content = 'x'.repeat(1024);
const statement = insertEventSql(1);

await createSchema();
await pool.end();
// As many connections as inserts in flight, unless told otherwise.
const connections = new pg.Pool({
  connectionString: config.databaseUrl,
  max: Number(process.env.POOL_SIZE ?? concurrency),
});

const started = performance.now();
const measureFrom = started + warmupSeconds * 1000;
const stopAt = measureFrom + seconds * 1000;
const durations = [];

async function appendUntilStopped() {
  while (performance.now() < stopAt) {
    const event = createEvent({
      type: noteCreationRequested,
      aggregateId: randomUUID(),
      data: { content },
      source: 'api',
    });
    const begun = performance.now();
    await connections.query({ name: 'append', text: statement, values: eventParameters(event) });
    const ended = performance.now();
    if (ended >= measureFrom && ended < stopAt) durations.push(ended - begun);
  }
}

await Promise.all(Array.from({ length: concurrency }, appendUntilStopped));
await connections.end();
durations.sort((a, b) => a - b);
const percentile = (fraction) => durations[Math.ceil(durations.length * fraction) - 1];
console.log(JSON.stringify({
  mode: 'append',
  concurrency,
  appends_per_s: Math.round(durations.length / seconds),
  p50_ms: Number(percentile(0.5).toFixed(3)),
  p99_ms: Number(percentile(0.99).toFixed(3)),
}));
