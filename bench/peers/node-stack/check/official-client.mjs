// Speaks to a running peer (URL, default http://127.0.0.1:4500) with the official @trpc/client:
// a query, a mutation, and the completion of that mutation's note over wsLink.
import assert from 'node:assert/strict';
import { createTRPCClient, createWSClient, httpBatchLink, splitLink, wsLink } from '@trpc/client';
import { WebSocket } from 'ws';

const url = process.env.URL ?? 'http://127.0.0.1:4500';
const socket = createWSClient({ url: `${url.replace('http', 'ws')}/trpc`, WebSocket });
const client = createTRPCClient({
  links: [
    splitLink({
      condition: (operation) => operation.type === 'subscription',
      true: wsLink({ client: socket }),
      false: httpBatchLink({ url: `${url}/trpc` }),
    }),
  ],
});

assert.deepEqual(await client.health.query(), { status: 'ok' });

const completed = [];
let heard;
const next = () => new Promise((resolve) => { heard = resolve; });
const started = new Promise((resolve, reject) => {
  client.events.watch.subscribe(
    { types: ['note.creation.completed'] },
    { onStarted: resolve, onError: reject, onData: (event) => { completed.push(event); heard?.(); } },
  );
});
await started;

const arrival = next();
const answer = await client.notes.create.mutate({ content: 'First line\nsecond line', tags: ['a'] });
assert.equal(answer.status, 'pending');
if (completed.length === 0) await arrival;
const [{ id, data: event }] = completed;
assert.equal(typeof id, 'string');
assert.equal(event.type, 'note.creation.completed');
assert.equal(event.requestId, answer.requestId);
assert.equal(event.aggregateId, answer.entityId);
assert.equal(event.data.fileSize, 22);

await assert.rejects(client.notes.create.mutate({ content: '' }), { name: 'TRPCClientError' });
socket.close();
console.log('the official client agrees');
