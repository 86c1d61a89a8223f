// Functions of the official SDK are typed by the pod's events. Never run: it must compile, and each
// line behind @ts-expect-error must not.
import { createSynapClient, type DataOf } from '@synap/client';
import { eventType, Inngest, staticSchema } from 'inngest';

const inngest = new Inngest({ id: 'typed' });
const synap = createSynapClient({ url: 'http://127.0.0.1:4400' });
const noteMade = eventType('note.creation.completed', { schema: staticSchema<DataOf<'note.creation.completed'>>() });
const taskDone = eventType('task.creation.completed', { schema: staticSchema<DataOf<'task.creation.completed'>>() });

export const known = inngest.createFunction({ id: 'known', triggers: [noteMade] }, async ({ event, step }) => {
  const id: string = event.data.entityId;
  const note = await step.run('read', () => synap.notes.get.query({ id }));
  const content: string = note.content;
  const task = await step.waitForEvent('task', { event: taskDone, timeout: '1h' });
  const title: string | undefined = task?.data.title;
  return { content, title };
});

export const unknown = inngest.createFunction({ id: 'unknown', triggers: [noteMade] }, async ({ event, step }) => {
  // @ts-expect-error: a note has no price
  const price = event.data.price;
  // @ts-expect-error: it is no number
  const id: number = event.data.entityId;
  const task = await step.waitForEvent('task', { event: taskDone, timeout: '1h' });
  // @ts-expect-error: it may not have come
  const title: string = task.data.title;
  return { price, id, title };
});

// @ts-expect-error: the pod has no such event
export type None = DataOf<'note.none.completed'>;
