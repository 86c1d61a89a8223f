// The peer: tRPC over HTTP and WebSocket, and the worker, in one process.
import { createServer } from 'node:http';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocketServer } from 'ws';
import { startBus, stopBus } from './bus.js';
import { config } from './config.js';
import { createDirectories } from './content.js';
import { createSchema, pool } from './database.js';
import { appRouter } from './router.js';
import { startWorker } from './worker.js';

await createDirectories();
await createSchema();
await startBus();
await startWorker();

const handleTrpc = createHTTPHandler({ router: appRouter, basePath: '/trpc/' });
const server = createServer((request, response) => {
  if (request.url === '/ready') return response.end('{"status":"ready"}');
  return handleTrpc(request, response);
});
server.keepAliveTimeout = 60_000;

const sockets = new WebSocketServer({ server, path: '/trpc' });
applyWSSHandler({ wss: sockets, router: appRouter });

server.listen(config.port, '127.0.0.1', () => {
  console.error(`peer: http://127.0.0.1:${config.port}/trpc, bus ${config.bus}`);
});

async function stop() {
  server.close();
  server.closeAllConnections();
  for (const socket of sockets.clients) socket.terminate();
  await stopBus();
  await pool.end();
  process.exit(0);
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
