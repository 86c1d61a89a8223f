// An app of Inngest's SDK, unmodified: a function of three steps, and one that does nothing. `yes`:
// it goes on from step to step within one call (checkpoints); `no`: it answers after each.
import { createServer } from 'node:http';

import { Inngest } from 'inngest';
import { serve } from 'inngest/node';

import { noteBegin, noteEnd, ready } from './telling.mjs';

const quiet = { info() {}, warn() {}, error() {}, debug() {} };
const client = new Inngest({ id: 'bench', logger: quiet, checkpointing: process.argv[2] === 'yes' });

const three = client.createFunction({ id: 'three', triggers: [{ event: 'work/three' }] }, async ({ event, step }) => {
  const first = await step.run('first', () => {
    noteBegin(event.data.askedAt);
    return 1;
  });
  const second = await step.run('second', () => first + 1);
  const third = await step.run('third', () => second + 1);
  noteEnd();
  return third;
});
const nothing = client.createFunction({ id: 'nothing', triggers: [{ event: 'work/nothing' }] }, ({ event }) => {
  noteBegin(event.data.askedAt);
  noteEnd();
});

const server = createServer(serve({ client, functions: [three, nothing] }));
// A server of many runs has as many calls open, and asks again and again.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => ready(server.address().port));
