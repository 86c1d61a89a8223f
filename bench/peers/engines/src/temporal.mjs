// Temporal's development server, which the caller has started, with a worker of its TypeScript SDK.
import { randomUUID } from 'node:crypto';

import { Client, Connection } from '@temporalio/client';

import { App, measure } from './workers.mjs';
import { now, optionsFrom } from './measuring.mjs';

const options = optionsFrom({
  address: '', pid: 0, mode: 'flood', count: 1000, inflight: 64, seconds: 20, persecond: 20, warm: 100,
});
const taskQueue = 'work';
const client = new Client({ connection: await Connection.connect({ address: options.address }) });
const app = await App.start('./temporal-app.mjs', options.address, taskQueue);
await measure(app, options, () =>
  client.workflow.start('three', { taskQueue, workflowId: randomUUID(), args: [now()] }));
