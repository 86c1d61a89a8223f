// A port for a pod that a test starts, and may start again.
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Nobody listens there now. It is not one of those that the system gives to outgoing connections and to
 * whoever wants any: somebody might get it before it is used, or while the pod is away.
 */
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
