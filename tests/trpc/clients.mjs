// The official clients, of two versions, through every link: what an application sees of our
// server is what it sees of the official one.
import assert from 'node:assert/strict';
import test from 'node:test';
import { EventSource } from 'eventsource';
import WebSocket from 'ws';
import * as newest from '@trpc/client';
import * as lane19 from 'synap-trpc-lane-11.19';
import { withoutParserTexts } from './compare.mjs';
import { servers, within } from './harness.mjs';

const lanes = { '11.25.2': newest, '11.19.0': lane19 };

/** A failure as an application sees it. */
const seenError = (cause) => ({
  name: cause?.name,
  message: cause?.message,
  shape: cause?.shape,
  data: cause?.data,
  status: cause?.meta?.response?.status,
});
const attempt = (promise) => promise.then((value) => ({ value }), (cause) => ({ error: seenError(cause) }));

/** The calls that every link can make, and what came of them. */
async function script(client) {
  return withoutParserTexts({
    hello: await attempt(client.hello.query({ name: 'client' })),
    noInput: await attempt(client.noInput.query()),
    undef: await attempt(client.undef.query()),
    nul: await attempt(client.nul.query()),
    unicode: await attempt(client.unicode.query()),
    nested: await attempt(client.post.byId.query({ id: 7 })),
    mutation: await attempt(client.post.create.mutate({ title: 't' })),
    void: await attempt(client.undefMut.mutate()),
    invalid: await attempt(client.greet.query({ name: 'x' })),
    unknown: await attempt(client.nope.query()),
    thrown: await attempt(client.fail.query({ code: 'NOT_FOUND' })),
    thrownByMutation: await attempt(client.failMut.mutate({ code: 'TOO_MANY_REQUESTS' })),
    crash: await attempt(client.crash.query()),
    wrongKind: await attempt(client.hello.mutate({ name: 'x' })),
    together: await Promise.all([
      attempt(client.echo.query(1)),
      attempt(client.echo.query()),
      attempt(client.echo.query(null)),
      attempt(client.fail.query({ code: 'CONFLICT' })),
    ]),
  });
}

/** Runs `scenario(server)` against both servers; what it yields must be the same. Yields ours. */
async function sameFor(scenario, switches) {
  const { both } = await servers(switches);
  const [theirs, mine] = await Promise.all(both.map((server) => scenario(server)));
  assert.deepEqual(mine, theirs);
  return mine;
}

/** A subscription from its start to its end: what its callbacks were told. */
function follow(procedure, given, { until = () => false, onData = () => {} } = {}) {
  const seen = { data: [], started: 0 };
  const ended = new Promise((resolve) => {
    const end = (how) => {
      seen.end = how;
      subscription?.unsubscribe();
      resolve(seen);
    };
    let subscription;
    subscription = procedure.subscribe(given, {
      onStarted: () => seen.started++,
      onData: (item) => {
        seen.data.push(item);
        onData(item, seen);
        if (until(seen)) end('enough');
      },
      onError: (cause) => {
        const { name, message, shape } = seenError(cause);
        end({ name, message, shape });
      },
      onComplete: () => end('complete'),
    });
  });
  return within(9000, ended, `a subscription ends; so far ${JSON.stringify(seen)}`);
}

const upTo = (count) => Array.from({ length: count }, (_, i) => ({ id: String(i + 1), data: { n: i + 1 } }));

for (const [version, trpc] of Object.entries(lanes)) {
  const httpLinks = {
    httpLink: (server) => trpc.httpLink({ url: server.url }),
    httpBatchLink: (server) => trpc.httpBatchLink({ url: server.url }),
    httpBatchStreamLink: (server) => trpc.httpBatchStreamLink({ url: server.url }),
    'httpBatchLink behind a query': (server) => trpc.httpBatchLink({ url: `${server.url}/?k=v` }),
  };
  for (const [name, link] of Object.entries(httpLinks)) {
    test(`61 client ${version} ${name}: values, errors and statuses are the official server's`, async () => {
      const seen = await sameFor((server) => script(trpc.createTRPCClient({ links: [link(server)] })));
      assert.equal(seen.hello.value, 'hello client');
      assert.equal(seen.thrown.error.data.code, 'NOT_FOUND');
    });
  }

  test(`61 client ${version} httpBatchStreamLink reads a generator as it goes`, async () => {
    const seen = await sameFor(async (server) => {
      const client = trpc.createTRPCClient({ links: [trpc.httpBatchStreamLink({ url: server.url })] });
      const [iterable, hello] = await Promise.all([client.stream.query(), client.hello.query()]);
      const items = [hello];
      for await (const item of iterable) items.push(item);
      const failing = await client.streamErr.query();
      const error = await (async () => {
        for await (const item of failing) items.push(item);
      })().catch((cause) => ({ message: cause.message, code: cause.data?.code }));
      return { items, error };
    });
    assert.deepEqual(seen.items, ['hello world', { n: 1 }, { n: 2 }, 3, 1]);
  });

  test(`61 client ${version} httpLink uploads forms and bytes`, () =>
    sameFor(async (server) => {
      const client = trpc.createTRPCClient({ links: [trpc.httpLink({ url: server.url })] });
      const form = new FormData();
      form.append('a', '1');
      form.append('f', new File(['inhalt é'], 'naïve "quoted"\n.txt', { type: 'text/plain' }));
      form.append('a', 'zwei\r\nzeilen');
      return {
        form: await attempt(client.upload.mutate(form)),
        bytes: await attempt(client.octet.mutate(new Uint8Array([1, 2, 3, 255]))),
        blob: await attempt(client.octet.mutate(new Blob(['abc']))),
      };
    }));

  const sse = (server, more = {}) =>
    trpc.createTRPCClient({
      links: [trpc.httpSubscriptionLink({ url: server.url, EventSource, ...more })],
    });

  test(`61 client ${version} httpSubscriptionLink: data, ids, ends and errors`, async () => {
    const seen = await sameFor(async (server) => {
      const client = sse(server);
      return {
        plain: await follow(client.sub.plain, { to: 2 }),
        tracked: await follow(client.sub.count, { to: 3 }),
        resumed: await follow(client.sub.count, { to: 3, lastEventId: '1' }),
        failing: await follow(client.sub.fail, { code: 'CONFLICT' }),
        refused: await follow(client.sub.failNow, { code: 'FORBIDDEN' }),
        invalid: await follow(client.sub.count, {}),
        authorized: await follow(sse(server, { connectionParams: { token: 'x' } }).sub.plain, { to: 1 }),
        unauthorized: await follow(sse(server, { connectionParams: { token: 'bad' } }).sub.plain, { to: 1 }),
      };
    });
    assert.deepEqual(seen.tracked.data, upTo(3));
    assert.equal(seen.plain.end, 'complete');
    assert.equal(seen.plain.started, 1);
  });

  test(`67 client ${version} httpSubscriptionLink resumes when its time is up, without a gap`, async () => {
    const { ours } = await servers({ MAXDUR: '200' });
    const from = ours.lines.length;
    const seen = await follow(sse(ours).sub.count, { to: 9, ms: 30 }, { until: ({ data }) => data.length >= 9 });
    assert.deepEqual(seen.data, upTo(9));
    assert.ok(ours.count('count start', from) >= 2, 'it was not interrupted at all');
  });

  test(`66 client ${version} httpSubscriptionLink stays on one connection while it is pinged`, async () => {
    const { ours } = await servers({ PING: '50', INACT: '100' });
    const from = ours.lines.length;
    const seen = await follow(sse(ours).sub.count, { to: 3, ms: 250 }, { until: ({ data }) => data.length >= 3 });
    assert.deepEqual(seen.data, upTo(3));
    assert.equal(ours.count('count start', from), 1);
  });

  const withSocket = async (server, use, more = {}) => {
    const wsClient = trpc.createWSClient({ url: server.ws, WebSocket, retryDelayMs: () => 0, ...more });
    try {
      return await use(trpc.createTRPCClient({ links: [trpc.wsLink({ client: wsClient })] }), wsClient);
    } finally {
      await wsClient.close();
    }
  };

  test(`61 client ${version} wsLink: values, errors and subscriptions are the official server's`, async () => {
    const seen = await sameFor((server) =>
      withSocket(server, async (client) => ({
        calls: await script(client),
        plain: await follow(client.sub.plain, { to: 2 }),
        tracked: await follow(client.sub.count, { to: 3 }),
        failing: await follow(client.sub.fail, { code: 'CONFLICT' }),
        refused: await follow(client.sub.failNow, { code: 'FORBIDDEN' }),
      })),
    );
    assert.deepEqual(seen.tracked.data, upTo(3));
  });

  test(`60 client ${version} wsLink sends connectionParams before everything else`, () =>
    sameFor((server) =>
      withSocket(server, (client) => client.whoami.query(), {
        connectionParams: async () => ({ token: 'x' }),
      }),
    ));

  test(`62 client ${version} wsLink resumes after its connection broke, without gap or repeat`, async () => {
    const { ours } = await servers();
    const from = ours.lines.length;
    await withSocket(ours, async (client, wsClient) => {
      const seen = await follow(client.sub.count, { to: 12, ms: 30 }, {
        until: ({ data }) => data.length >= 12,
        onData: ({ data }) => data.n === 4 && wsClient.connection.ws.terminate(),
      });
      assert.deepEqual(seen.data, upTo(12));
    });
    assert.ok(ours.count('count start', from) >= 2, 'it was not interrupted at all');
  });

  test(`64 client ${version} wsLink moves to a new connection when asked, without gap or repeat`, async () => {
    const { ours } = await servers({ KAPING: '3' });
    const from = ours.lines.length;
    await withSocket(ours, async (client) => {
      const seen = await follow(client.sub.count, { to: 12, ms: 30 }, {
        until: ({ data }) => data.length >= 12,
        onData: ({ data }) => data.n === 4 && ours.child.kill('SIGUSR2'),
      });
      assert.deepEqual(seen.data, upTo(12));
    });
    assert.ok(ours.count('count start', from) >= 2, 'it was not moved at all');
    // The subscription on the old connection was stopped, not left behind.
    await ours.said('count ABORT', { from });
  });

  test(`client ${version} wsLink keeps its connection with PING`, async () => {
    const { ours } = await servers();
    let opened = 0;
    await withSocket(ours, (client) => client.slow.query({ ms: 400 }), {
      keepAlive: { enabled: true, intervalMs: 50, pongTimeoutMs: 100 },
      onOpen: () => opened++,
    });
    assert.equal(opened, 1);
  });

  test(`68 client ${version} an aborted query stops its handler`, async () => {
    const { both } = await servers();
    for (const server of both) {
      const client = trpc.createTRPCClient({ links: [trpc.httpBatchLink({ url: server.url })] });
      const controller = new AbortController();
      const from = server.lines.length;
      setTimeout(() => controller.abort(), 60);
      await assert.rejects(client.slow.query({ ms: 800 }, { signal: controller.signal }));
      await server.said('ABORTED slow', { from });
    }
  });
}

test('client 11.25.2 POSTs queries and subscriptions where the server allows it', () =>
  sameFor(
    async (server) => {
      const client = newest.createTRPCClient({
        links: [newest.httpBatchLink({ url: server.url, methodOverride: 'POST' })],
      });
      return script(client);
    },
    { OVERRIDE: '1' },
  ));

test('73 an input may have the keys that infinite queries and resuming add', () =>
  sameFor(async (server) => {
    const client = newest.createTRPCClient({ links: [newest.httpBatchLink({ url: server.url })] });
    return client.post.byId.query({ id: 1, direction: 'forward', cursor: null, lastEventId: 'x' });
  }));
