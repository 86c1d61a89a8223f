// A worker of Temporal's SDK: a workflow of three activities, each of them in the workflow's history
// before the next is asked for.
import { fileURLToPath } from 'node:url';

import { NativeConnection, Worker } from '@temporalio/worker';

import { noteBegin, noteEnd, ready } from './telling.mjs';

const [address, taskQueue] = process.argv.slice(2);
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue,
  workflowsPath: fileURLToPath(new URL('./temporal-workflow.mjs', import.meta.url)),
  activities: {
    first: async (askedAt) => {
      noteBegin(askedAt);
      return 1;
    },
    second: async (first) => first + 1,
    // The workflow's own end is behind it.
    third: async (second) => {
      noteEnd();
      return second + 1;
    },
  },
});
ready(0);
await worker.run();
