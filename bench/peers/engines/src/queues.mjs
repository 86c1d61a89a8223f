// Queues of jobs: `count` jobs that do nothing, added one by one with so many in flight through the
// system's own client and worked meanwhile, in one process; then as many again that wait, drained.
import { now, optionsFrom, inFlight, tell } from './measuring.mjs';

const options = optionsFrom({
  kind: '', nats: 0, redis: 0, postgres: '', count: 5000, inflight: 64, concurrency: 64, batch: 64, warm: 300,
});
let done = 0;
let waiting;
const work = () => {
  if (++done === waiting?.count) waiting.resolve();
};
const until = (count) =>
  done >= count ? undefined : new Promise((resolve) => (waiting = { count, resolve }));

const kinds = {
  // Jobs that are done are removed, as its own benchmarks have it.
  async bullmq() {
    const { Queue, Worker } = await import('bullmq');
    const connection = { host: '127.0.0.1', port: options.redis };
    const queue = new Queue('work', { connection });
    let worker;
    return {
      add: (i) => queue.add('work', { i }, { removeOnComplete: true }),
      async start() {
        worker = new Worker('work', async () => work(), { connection, concurrency: options.concurrency });
        await worker.waitUntilReady();
      },
      stop: () => worker.close(),
    };
  },
  // A stream from which a message goes when it is acknowledged.
  async nats() {
    const { connect } = await import('@nats-io/transport-node');
    const { AckPolicy, jetstream, jetstreamManager, RetentionPolicy } = await import('@nats-io/jetstream');
    const connection = await connect({ servers: `127.0.0.1:${options.nats}` });
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'work', subjects: ['work'], retention: RetentionPolicy.Workqueue });
    await manager.consumers.add('work', { durable_name: 'workers', ack_policy: AckPolicy.Explicit });
    const stream = jetstream(connection);
    const consumer = await stream.consumers.get('work', 'workers');
    let messages;
    return {
      add: (i) => stream.publish('work', JSON.stringify({ i })),
      async start() {
        messages = await consumer.consume({ max_messages: options.concurrency });
        (async () => {
          for await (const message of messages) {
            message.ack();
            work();
          }
        })();
      },
      stop: () => messages.close(),
    };
  },
  async pgboss() {
    const { PgBoss } = await import('pg-boss');
    const boss = new PgBoss({ connectionString: options.postgres, max: 20 });
    boss.on('error', (error) => console.error('pg-boss:', error.message));
    await boss.start();
    await boss.createQueue('work');
    return {
      add: (i) => boss.send('work', { i }),
      start: () =>
        boss.work(
          'work',
          { batchSize: options.batch, localConcurrency: 4, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
          async (jobs) => jobs.forEach(work),
        ),
      stop: () => boss.offWork('work'),
    };
  },
  async graphile() {
    const { makeWorkerUtils, run } = await import('graphile-worker');
    const { Pool } = (await import('pg')).default;
    const pool = new Pool({ connectionString: options.postgres, max: 20 });
    const utils = await makeWorkerUtils({ pgPool: pool });
    await utils.migrate();
    const { Logger } = await import('graphile-worker');
    const logger = new Logger(() => () => {});
    let runner;
    return {
      add: (i) => utils.addJob('work', { i }),
      async start() {
        runner = await run({ pgPool: pool, concurrency: 20, pollInterval: 500, logger, noHandleSignals: true,
          taskList: { work: async () => work() } });
      },
      stop: () => runner.stop(),
    };
  },
};

const queue = await kinds[options.kind]();
const add = () => inFlight(options.count, options.inflight, (i) => queue.add(i));
await queue.start();
await inFlight(options.warm, options.inflight, (i) => queue.add(i));
await until(options.warm);
done = 0;
let begin = now();
await add();
const added = now() - begin;
await until(options.count);
const both = now() - begin;
await queue.stop();
done = 0;
await add();
begin = now();
await queue.start();
await until(options.count);
const drained = now() - begin;
const rate = (ms) => (options.count * 1000) / ms;
tell({ jobs: options.count, jobs_per_s: rate(both), added_per_s: rate(added), drained_per_s: rate(drained) });
process.exit(0);
