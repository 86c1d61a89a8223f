import { randomUUID } from 'node:crypto';
import { on } from 'node:events';
import { initTRPC, tracked } from '@trpc/server';
import { z } from 'zod';
import { appendAndPublish } from './bus.js';
import { createEvent, noteCreationRequested } from './events.js';
import { completions } from './worker.js';

const t = initTRPC.create();

const createNote = z.object({
  content: z.string().min(1),
  title: z.string().max(200).optional(),
  tags: z.array(z.string()).max(100).optional(),
});

const watchEvents = z.object({ types: z.array(z.string()).optional() }).optional();

export const appRouter = t.router({
  health: t.procedure.query(() => ({ status: 'ok' })),

  notes: t.router({
    create: t.procedure.input(createNote).mutation(async ({ input }) => {
      const requestId = randomUUID();
      const entityId = randomUUID();
      await appendAndPublish(
        createEvent({
          type: noteCreationRequested,
          aggregateId: entityId,
          data: input,
          source: 'api',
          correlationId: requestId,
          requestId,
        }),
      );
      return { status: 'pending', requestId, entityId };
    }),
  }),

  events: t.router({
    watch: t.procedure.input(watchEvents).subscription(({ input, signal }) => {
      // Listens from here on, not from the first pull: what happens in between must not be lost.
      const heard = on(completions, 'event', { signal });
      return watch(heard, input?.types && new Set(input.types));
    }),
  }),
});

async function* watch(heard, types) {
  for await (const [event] of heard)
    if (types === undefined || types.has(event.type)) yield tracked(event.id, event);
}
