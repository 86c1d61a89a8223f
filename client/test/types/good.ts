// Calls that must compile. They are never run.
import { createTRPCClient, httpBatchLink, isTRPCClientError } from '@trpc/client';
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import type { z } from 'zod';

import {
  createSynapClient,
  isEvent,
  isSynapError,
  messageOf,
  type Accepted,
  type AppRouter,
  type CreateNote,
  type EventData,
  type EventType,
  type FullNote,
  type ListNotesInput,
  type SynapEvent,
  type Tracked,
  type WatchStatus,
} from '@synap/client';
import { eventSchemas, inputSchemas, SynapEvent as SynapEventSchema } from '@synap/client/schemas';

type In = inferRouterInputs<AppRouter>;
type Out = inferRouterOutputs<AppRouter>;
type Eq<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
const ok = <T extends true>() => {};

ok<Eq<In['notes']['create'], CreateNote>>();
ok<Same<In['notes']['list'], ListNotesInput | undefined | void>>();
ok<Eq<In['health'], void>>();
ok<Same<Out['notes']['create'], Accepted>>();
ok<Eq<Out['notes']['get'], FullNote>>();
type Watched = Out['events']['watch'] extends AsyncIterable<infer T> ? T : never;
ok<Same<Watched, Tracked<SynapEvent>>>();

// The schemas and the types say the same.
type Loose<T> = T extends object ? { [K in keyof T]: Loose<T[K]> | Extract<undefined, T[K]> } : T;
type DataOf<T extends EventType> = z.infer<(typeof eventSchemas)[T]>;
ok<Eq<keyof typeof eventSchemas, EventType>>();
ok<Same<Loose<DataOf<'note.creation.completed'>>, Loose<EventData['note.creation.completed']>>>();
ok<Same<DataOf<'note.creation.failed'>, EventData['note.creation.failed']>>();
ok<Same<Loose<DataOf<'user.creation.completed'>>, Loose<EventData['user.creation.completed']>>>();
ok<Same<z.input<(typeof inputSchemas)['users.create']>['name'], In['users']['create']['name']>>();
export const parsed = SynapEventSchema.parse({}).position.toFixed();

const client = createSynapClient({ url: 'http://localhost:4400', key: async () => 'synap_' });
createSynapClient({ url: new URL('http://localhost'), key: '', transport: 'sse', fetch, WebSocket, EventSource });
// A page of the pod itself; a proxy that wants more; a variable that may not be set.
createSynapClient({ url: '/' });
createSynapClient({ url: '', headers: { 'x-tenant': 'a' } });
createSynapClient({ url: '', headers: async () => ({ 'x-tenant': 'a' }) });
createSynapClient({ url: '', key: process.env['SYNAP_KEY'] });

export async function good(signal: AbortSignal) {
  await client.health.query();
  await client.notes.list.query();
  await client.notes.list.query({ tag: 'a', cursor: null });
  const page = await client.notes.list.query({ limit: 5 });
  await client.notes.list.query({ limit: 5, cursor: page.nextCursor });
  const run = await client.runs.get.query({ id: '' });
  run.steps[0]?.op satisfies 'StepRun' | 'StepError' | 'StepFailed' | 'Sleep' | 'WaitForEvent' | 'InvokeFunction' | 'WaitForSignal' | 'RunComplete' | undefined;
  const { requestId } = await client.notes.create.mutate({ content: 'x', tags: ['a'] }, { signal });
  const status: 'pending' | 'completed' | 'failed' = (await client.waitFor(requestId)).status;
  await client.waitFor(requestId, { timeoutMs: 1, signal });
  const note = await client.notes.get.query({ id: status });
  note.createdAt.slice(0, 10);
  client.events.watch.subscribe(undefined, { onData: ({ id, data }) => id + data.position });
  client.events.watch.subscribe({ lastEventId: '1' }, {});

  for await (const event of client.watch({}, { signal })) {
    if (isEvent(event, 'note.creation.completed')) event.data.file.name.slice();
    if (isEvent(event, 'note.creation.failed')) event.data.attempts.toFixed();
    event.position.toFixed();
  }
  // The type narrows the data, and one type needs no look at it.
  for await (const event of client.watch({ types: ['note.creation.completed', 'note.deletion.completed'] })) {
    switch (event.type) {
      case 'note.creation.completed':
        event.data.file.name.slice();
        break;
      case 'note.deletion.completed':
        event.data satisfies object;
        break;
      default:
        event satisfies never;
    }
    if (isEvent(event, 'note.creation.completed')) event.data.file.name.slice();
  }
  client.watch({ types: ['note.creation.completed'] }, { onEvent: (event) => event.data.file.name.slice() });
  const types: EventType[] = ['note.creation.completed', 'note.update.completed'];
  for await (const event of client.watch({ types, requestId })) event.type satisfies EventType;
  // Types of one's own: as any object, or declared once.
  for await (const event of client.watch({ types: ['x.weight.recorded'] })) event.data['kg'] satisfies unknown;
  interface Mine {
    'x.weight.recorded': { kg: number };
  }
  const mine = createSynapClient<Mine>({ url: '', key: '' });
  for await (const event of mine.watch({ types: ['x.weight.recorded', 'note.creation.completed'] })) {
    if (event.type === 'x.weight.recorded') event.data.kg.toFixed();
    else event.data.file.name.slice();
  }
  client.watch({}, { onStatus: (status, error) => (status === 'interrupted' ? messageOf(error) : '') }).status satisfies WatchStatus;
  const watch = client.watch({}, { onEvent: (event) => event.type, onError: () => {} }, { signal });
  await watch.ready;
  watch.stop();
  await client.close();
}

export function errors(error: unknown) {
  if (isSynapError(error)) return error.data?.zodError?.fieldErrors['content']?.[0];
  if (isTRPCClientError<AppRouter>(error)) return error.data?.details?.['actualVersion'];
  return undefined;
}

// The router is of use without our client.
export const plain = createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: '/trpc' })] });
