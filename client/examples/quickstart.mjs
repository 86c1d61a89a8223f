// Makes a note, waits until it is stored, and reads it back. With a pod running:
//
//   SYNAP_KEY=$(cat synap-data/owner.key) node examples/quickstart.mjs
import { createSynapClient } from '@synap/client';

const client = createSynapClient({
  url: process.env.SYNAP_URL ?? 'http://127.0.0.1:4400',
  key: process.env.SYNAP_KEY,
  transport: process.env.SYNAP_TRANSPORT === 'sse' ? 'sse' : 'websocket',
});

const events = client.watch({ types: ['note.creation.completed'] });
await events.ready; // what happens from here on is told

const { requestId, entityId } = await client.notes.create.mutate({
  content: '# Hello\n\nThis is my first note.',
  tags: ['first'],
});
console.log('asked for note', entityId);

for await (const event of events) {
  if (event.requestId !== requestId) continue;
  console.log('stored as', event.data.file.name);
  break;
}

const request = await client.waitFor(requestId);
console.log('the request is', request.status);

const note = await client.notes.get.query({ id: entityId });
console.log(`"${note.title}":`, JSON.stringify(note.content));

await client.close();
