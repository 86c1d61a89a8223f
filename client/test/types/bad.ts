// Calls that must not compile: each expects an error, and one that is not there is an error itself.
import { createTRPCClient, httpBatchLink } from '@trpc/client';

import { createSynapClient, isEvent, type AppRouter, type EventData, type SynapEvent } from '@synap/client';

// @ts-expect-error a client needs a pod
createSynapClient({ key: '' });
// @ts-expect-error a key is text
createSynapClient({ url: '', key: 5 });
// @ts-expect-error a transport that does not exist
createSynapClient({ url: '', key: '', transport: 'carrier-pigeon' });
const client = createSynapClient({ url: '', key: '' });

// @ts-expect-error no such procedure
client.nope.query();
// @ts-expect-error no such procedure of notes
client.notes.nope.query();
// @ts-expect-error a router is not a procedure
client.notes.query();
// @ts-expect-error an input is needed
client.notes.create.mutate();
// @ts-expect-error content is needed
client.notes.create.mutate({ title: 'x' });
// @ts-expect-error content is text
client.notes.create.mutate({ content: 1 });
// @ts-expect-error tags are texts
client.notes.create.mutate({ content: 'x', tags: [1] });
// @ts-expect-error no such field
client.notes.create.mutate({ content: 'x', colour: 'red' });
// @ts-expect-error a mutation
client.notes.create.query({ content: 'x' });
// @ts-expect-error a query
client.notes.list.mutate({});
// @ts-expect-error a subscription
client.events.watch.query({});
// @ts-expect-error health takes nothing
client.health.query({ a: 1 });
// @ts-expect-error not a status of runs
client.runs.list.query({ status: 'lost' });
// @ts-expect-error not a role
client.users.create.mutate({ name: 'a', role: 'king' });
// @ts-expect-error a tracked item has the event under data
client.events.watch.subscribe(undefined, { onData: (item) => item.position });
// @ts-expect-error times are texts on the wire
client.notes.get.query({ id: '' }).then((note) => note.createdAt.getTime());
// @ts-expect-error a note in a list has no content
client.notes.list.query().then((page) => page.notes[0]?.content);
// @ts-expect-error the last page has none
client.notes.list.query().then((page) => page.nextCursor.length);
// @ts-expect-error handlers without onEvent
client.watch({}, { onError: () => {} });
// @ts-expect-error types is a list
client.watch({ types: 'note.creation.completed' });
// @ts-expect-error a misspelt type would be waited for for ever
client.watch({ types: ['note.creation.complete'] });
// @ts-expect-error nor does it compile with handlers
client.watch({ types: ['note.creation.complete'] }, { onEvent: () => {} });
// @ts-expect-error a deletion has no file
client.watch({ types: ['note.deletion.completed'] }, { onEvent: (event) => event.data.file });
// @ts-expect-error two types: which of them is to be looked at first
(async () => { for await (const event of client.watch({ types: ['note.deletion.completed', 'note.creation.completed'] })) event.data.file; })();
// @ts-expect-error the position is text where one resumes
client.watch({ lastEventId: 5 });
// @ts-expect-error a watch gives events, not tracked items
(async () => { for await (const event of client.watch()) event.data.position.toFixed(); })();
// @ts-expect-error milliseconds are a number
client.waitFor('', { timeoutMs: '1s' });

declare const event: SynapEvent;
// @ts-expect-error not a type of event
isEvent(event, 'note.created');
// @ts-expect-error the data of an event that was not looked at are unknown
event.data['title'].length;
// @ts-expect-error a failure has no file
if (isEvent(event, 'note.creation.failed')) event.data.file.length;
// @ts-expect-error no such type
export type Nothing = EventData['note.created'];
// @ts-expect-error plain JSON: a transformer would not be understood
createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: '', transformer: { serialize: String, deserialize: String } })] });
