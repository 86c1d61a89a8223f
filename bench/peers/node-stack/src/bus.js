// pg-boss, in the two ways it can hand out work.
import { PgBoss } from 'pg-boss';
import { config } from './config.js';
import { pool } from './database.js';
import { eventParameters, insertEventSql, noteCreationRequested } from './events.js';

const wakesByNotify = config.bus === 'notify';

const boss = new PgBoss({
  connectionString: config.databaseUrl,
  max: config.workers * 2 + 2,
  useListenNotify: wakesByNotify,
});
boss.on('error', (error) => console.error('pg-boss:', error.message));

export async function startBus() {
  await boss.start();
  await boss.createQueue(noteCreationRequested, { notify: wakesByNotify });
}

export async function stopBus() {
  await boss.stop({ graceful: true, timeout: 5000 });
}

// Appends the event and sends its job in one statement: one round trip, one commit, and the event can
// not be stored without its job. pg-boss gives us its SQL; ours goes in front of it as one more CTE.
export async function appendAndPublish(event) {
  await boss.send(event.type, event, {
    db: {
      executeSql(sql, parameters) {
        return pool.query({
          name: 'append_and_publish',
          text: withEventInsert(sql, parameters.length + 1),
          values: [...parameters, ...eventParameters(event)],
        });
      },
    },
  });
}

const combined = new Map();

function withEventInsert(sql, firstParameter) {
  let text = combined.get(sql);
  if (text === undefined) {
    const appended = `WITH appended AS (${insertEventSql(firstParameter)})`;
    const body = sql.trimStart();
    text = /^WITH\s/i.test(body)
      ? `${appended}, ${body.replace(/^WITH\s/i, '')}`
      : `${appended} ${body}`;
    combined.set(sql, text);
  }
  return text;
}

// Calls handle(events) with up to batchSize events at a time.
export async function subscribe(type, handle) {
  const options = {
    batchSize: config.batchSize,
    localConcurrency: config.workers,
    pollingIntervalSeconds: 0.5,
    burstWhenBatchFull: true,
  };
  await boss.work(type, options, (jobs) => handle(jobs.map((job) => job.data)));
}
