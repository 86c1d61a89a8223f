// A pod of a few lines on the official server: it does what a test tells it to, also what a real pod
// does only when something is wrong.
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';

import { initTRPC, tracked, TRPCError } from '@trpc/server';
import { createHTTPHandler } from '@trpc/server/adapters/standalone';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { WebSocketServer } from 'ws';
import { z } from 'zod';

/** Fails with `what` if `promise` takes longer than `ms`. No wait of the tests is unbounded. */
export function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Until `probe()` is true. For what nobody tells. */
export async function until(probe) {
  while (!probe()) await new Promise((resolve) => setTimeout(resolve, 5));
}

export class FakePod {
  log = [];
  requests = new Map();
  /** What was asked, oldest first: { path, input, token, headers }. */
  calls = [];
  httpRequests = 0;
  /** Subscriptions that are open. */
  streams = 0;
  /** path -> the error the next call of it ends with; or, for events.watch, 'complete'. */
  next = new Map();
  #changes = new EventEmitter().setMaxListeners(0);

  /** `sse`: of tRPC, as after how long without a word a client comes back. */
  static async start(port = 0, sse = {}) {
    const pod = new FakePod();
    const t = initTRPC.context().create({ sse });
    const procedure = t.procedure.use(({ ctx, path, getRawInput, next }) =>
      getRawInput().then((input) => {
        pod.calls.push({ path, input, token: ctx.token, headers: ctx.headers });
        pod.#changes.emit('call');
        if (ctx.token === 'revoked') throw new TRPCError({ code: 'UNAUTHORIZED', message: 'no' });
        const fault = pod.next.get(path);
        if (fault instanceof Error) {
          pod.next.delete(path);
          throw fault;
        }
        return next();
      }),
    );
    const any = procedure.input(z.any());
    const router = t.router({
      events: t.router({
        list: any.query(() => ({ events: [], nextAfter: pod.log.length })),
        watch: any.subscription(async function* ({ input, signal }) {
          let at = Number(input?.lastEventId ?? pod.log.length);
          ++pod.streams;
          signal.addEventListener('abort', () => {
            --pod.streams;
            pod.#changes.emit('call');
          });
          for (;;) {
            if (pod.next.get('events.watch') === 'complete') {
              pod.next.delete('events.watch');
              return;
            }
            const changed = once(pod.#changes, 'log', { signal });
            changed.catch(() => {});
            while (at < pod.log.length) {
              const event = pod.log[at++];
              if (input?.requestId && event.requestId !== input.requestId) continue;
              yield tracked(String(event.position), event);
              if (event.isSentTwice) yield tracked(String(event.position), event);
            }
            await changed;
          }
        }),
      }),
      notes: t.router({
        create: any.mutation(({ input }) => ({ requestId: input.content.slice(0, 10) })),
        get: any.query(({ input }) => input),
      }),
      requests: t.router({
        get: any.query(({ input }) => {
          const request = pod.requests.get(input.requestId);
          if (!request) throw new TRPCError({ code: 'NOT_FOUND', message: 'There is no such request' });
          return request;
        }),
      }),
    });
    const createContext = ({ req, info }) => ({
      token: req.headers.authorization?.replace('Bearer ', '') ?? info.connectionParams?.token,
      headers: req.headers,
    });
    const handler = createHTTPHandler({ router, createContext, basePath: '/trpc/' });
    pod.server = createServer((request, response) => {
      ++pod.httpRequests;
      pod.lastUrl = request.url;
      handler(request, response);
    });
    pod.sockets = new WebSocketServer({ server: pod.server });
    applyWSSHandler({ wss: pod.sockets, router, createContext });
    pod.server.listen(port, '127.0.0.1');
    await once(pod.server, 'listening');
    pod.url = `http://127.0.0.1:${pod.server.address().port}`;
    return pod;
  }

  push(event = {}) {
    const position = this.log.length + 1;
    this.log.push({ type: 'note.creation.completed', data: {}, ...event, position });
    this.#changes.emit('log');
    return position;
  }

  /** Ends the streams that are open, as a pod that stops. */
  complete() {
    this.next.set('events.watch', 'complete');
    this.#changes.emit('log');
  }

  /** Cuts every connection, as a pod that was killed. */
  cut() {
    for (const socket of this.sockets.clients) socket.terminate();
    this.server.closeAllConnections();
  }

  /** Until `path` was called `times` times in all. */
  async called(path, times = 1) {
    await this.#until(() => this.count(path) >= times, `${times} calls of ${path}`);
  }

  /** Until no subscription is open. */
  async isQuiet() {
    await this.#until(() => this.streams === 0, 'every subscription ends');
  }

  async #until(has, what) {
    const heard = async () => {
      while (!has()) await once(this.#changes, 'call');
    };
    await within(5_000, heard(), what);
  }

  count(path) {
    return this.calls.filter((call) => call.path === path).length;
  }

  async stop() {
    this.cut();
    this.sockets.close();
    this.server.close();
    await once(this.server, 'close');
  }
}
