// A worker process: an app with the official SDK that connects to a pod, as `connect()` has it.
//   node connect_worker.mjs BASE_URL NAME [OPTIONS as JSON]
// It tells on its stdout, a line of JSON each, that it is ready and what its steps do.
import { connect } from 'inngest/connect';
import { Inngest } from 'inngest';

const [baseUrl, name, options = '{}'] = process.argv.slice(2);
const tell = (what) => process.stdout.write(`${JSON.stringify({ name, ...what })}\n`);
const quiet = { info() {}, warn() {}, error() {}, debug() {} };

const client = new Inngest({ id: 'fleet', isDev: true, baseUrl, logger: quiet });
const functions = [
  client.createFunction({ id: 'long', retries: 0, triggers: [{ event: 'fleet/long' }] }, async ({ event, step }) => {
    const first = await step.run('first', () => (tell({ did: 'first' }), name));
    const slow = await step.run('slow', async () => {
      tell({ did: 'slow' });
      await new Promise((resolve) => setTimeout(resolve, event.data.ms[name] ?? 0));
      return name;
    });
    return { first, slow, last: await step.run('last', () => (tell({ did: 'last' }), name)) };
  }),
];
const worker = await connect({ apps: [{ client, functions }], instanceId: name, ...JSON.parse(options) });
tell({ did: 'connect' });
await worker.closed;
tell({ did: 'close' });
