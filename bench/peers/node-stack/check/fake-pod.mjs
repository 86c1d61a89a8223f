// A pod without a database: answers the few calls that synap_load makes, and lies when told to.
// FAULT: none, missing (one note never completes), twice (one completes twice), refuse (every tenth
// note is a 503), late (the 20 first notes are answered 300 ms late, as if the server had stalled),
// silent (no note is answered).
// /records is what another server than a pod may have: its notes need the title 'A note'.
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
const port = Number(argument('--listen').split(':')[1]);
const fault = process.env.FAULT ?? 'none';
const token = 'synap_fake';
if (process.argv.includes('--data')) {
  mkdirSync(argument('--data'), { recursive: true });
  writeFileSync(`${argument('--data')}/owner.key`, `${token}\n`);
}

const watchers = new Set();
let notes = 0;

const server = createServer((request, response) => {
  const answer = (status, value) => {
    const body = JSON.stringify(value);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  };
  if (request.url === '/ready') return answer(200, {});
  if (request.headers.authorization !== `Bearer ${token}`) return answer(401, { error: 'no key' });
  if (request.url.startsWith('/trpc/notes.list')) return answer(200, { result: { data: { notes: [] } } });
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { title, content } = JSON.parse(Buffer.concat(chunks).toString());
    const expected = { '/trpc/notes.create': undefined, '/records': 'A note' };
    if (!(request.url in expected)) return answer(404, { error: request.url });
    if (title !== expected[request.url]) return answer(400, { error: `title ${title}` });
    if (content.length !== 1024) return answer(400, { error: `content of ${content.length}` });
    if (fault === 'silent') return undefined;
    const note = notes++;
    if (fault === 'refuse' && note % 10 === 9) return answer(503, { error: 'busy' });
    const requestId = randomUUID();
    const entityId = randomUUID();
    const times = note !== 7 ? 1 : fault === 'missing' ? 0 : fault === 'twice' ? 2 : 1;
    for (let i = 0; i < times; ++i) tell(note, requestId, entityId);  // Before the answer, on purpose.
    const accept = () => answer(200, { result: { data: { status: 'pending', requestId, entityId } } });
    if (fault === 'late' && note < 20) setTimeout(accept, 300);
    else accept();
  });
});

function tell(position, requestId, entityId) {
  const data = { type: 'note.creation.completed', aggregateId: entityId, requestId };
  const result = { type: 'data', data: { id: String(position), data }, id: String(position) };
  for (const watcher of watchers) watcher.send(JSON.stringify({ id: 1, result }));
}

new WebSocketServer({ server, path: '/trpc' }).on('connection', (socket, request) => {
  let isKnown = false;
  socket.send('PING');
  socket.on('message', (text) => {
    if (String(text) === 'PONG') return;
    const message = JSON.parse(text);
    if (message.method === 'connectionParams') isKnown = message.data.token === token;
    else if (!isKnown || !request.url.includes('connectionParams=1')) socket.close();
    else {
      socket.send(JSON.stringify({ id: message.id, result: { type: 'started' } }));
      watchers.add(socket);
    }
  });
  socket.on('close', () => watchers.delete(socket));
});

server.listen(port, '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
