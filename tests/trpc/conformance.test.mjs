// Synap's tRPC server is @trpc/server 11.25.2 to whoever speaks to it: the same bytes are sent to
// both, and what comes back must be the same.
import { after, before } from 'node:test';
import { servers, stopServers } from './harness.mjs';

before(() => servers());
after(stopServers);

await import('./http.mjs');
await import('./streams.mjs');
await import('./websocket.mjs');
await import('./clients.mjs');
