// A worker: when a note is made, each of its open items ("- [ ] buy milk") becomes a task.
import { createServer } from 'node:http';

import { createSynapClient, type DataOf } from '@synap/client';
import { eventType, Inngest, staticSchema } from 'inngest';
import { serve } from 'inngest/node';

const url = process.env.SYNAP_URL ?? 'http://127.0.0.1:4400';
const port = Number(process.env.PORT ?? 3000);

const synap = createSynapClient({ url, key: process.env.SYNAP_KEY });
// In development the pod asks for no keys; otherwise INNGEST_SIGNING_KEY and INNGEST_EVENT_KEY say whose this is.
const inngest = new Inngest({ id: 'worker', baseUrl: url, isDev: process.env.INNGEST_SIGNING_KEY === undefined });

const noteMade = eventType('note.creation.completed', {
  schema: staticSchema<DataOf<'note.creation.completed'>>(),
});

const makeTasks = inngest.createFunction(
  { id: 'make-tasks', triggers: [noteMade] },
  async ({ event, step }) => {
    const items = await step.run('read the note', async () => {
      const { content } = await synap.notes.get.query({ id: event.data.entityId });
      return [...content.matchAll(/^- \[ \] (.+)$/gm)].map((match) => match[1] ?? '');
    });
    // Each is a step of its own: what was made is not made again, whatever happens.
    for (const [index, title] of items.entries()) {
      await step.run(`make task ${index}`, async () => {
        const idempotencyKey = `make-tasks:${event.id}:${index}`;
        await synap.causedBy(event).tasks.create.mutate({ title, idempotencyKey });
        console.log('made the task', JSON.stringify(title));
      });
    }
    return { made: items.length };
  },
);

createServer(serve({ client: inngest, functions: [makeTasks] })).listen(port, '127.0.0.1', async () => {
  // The pod asks a worker to register, not the other way round: so we ask the pod to.
  const { isRegistered, problem } = await synap.apps.sync.mutate({ url: `http://127.0.0.1:${port}/api/inngest` });
  console.log(isRegistered ? `working for ${url}` : `not registered: ${problem}`);
});
