// The official server with the router that fixture_router.cpp has in C++: what the conformance
// suite takes as right. Both say "listening <port>" when they serve, and what their handlers see
// of cancellation on standard error.
//
//   node official-fixture.mjs [port]     0 is any free port
//
// Switches are environment variables: FMT, OVERRIDE, NOBATCH, MAXBATCH, MAXBODY, PING, INACT,
// MAXDUR, JPING, KA, KAPING. SIGUSR2 asks WebSocket clients to reconnect.
import { initTRPC, tracked, TRPCError } from '@trpc/server';
import { createHTTPServer } from '@trpc/server/adapters/standalone';
import { applyWSSHandler } from '@trpc/server/adapters/ws';
import { octetInputParser } from '@trpc/server/http';
import { observable } from '@trpc/server/observable';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import { z, ZodError } from 'zod';

const env = process.env;
const isOn = (name) => env[name] === '1';
const log = (line) => console.error(line);

// ---- router

const flattenValidation = ({ shape, error }) => ({
  ...shape,
  data: {
    ...shape.data,
    zodError:
      error.code === 'BAD_REQUEST' && error.cause instanceof ZodError
        ? z.flattenError(error.cause)
        : null,
  },
});

const t = initTRPC.context().create({
  isDev: false,
  ...(isOn('FMT') && { errorFormatter: flattenValidation }),
  sse: {
    ...(env.MAXDUR && { maxDurationMs: Number(env.MAXDUR) }),
    ...(env.PING && { ping: { enabled: true, intervalMs: Number(env.PING) } }),
    ...(env.INACT && { client: { reconnectAfterInactivityMs: Number(env.INACT) } }),
  },
  ...(env.JPING && { jsonl: { pingMs: Number(env.JPING) } }),
});
const procedure = t.procedure;

const errorCodes = [
  'PARSE_ERROR', 'BAD_REQUEST', 'UNAUTHORIZED', 'PAYMENT_REQUIRED', 'FORBIDDEN', 'NOT_FOUND',
  'METHOD_NOT_SUPPORTED', 'TIMEOUT', 'CONFLICT', 'PRECONDITION_FAILED', 'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE', 'UNPROCESSABLE_CONTENT', 'PRECONDITION_REQUIRED', 'TOO_MANY_REQUESTS',
  'CLIENT_CLOSED_REQUEST', 'INTERNAL_SERVER_ERROR', 'NOT_IMPLEMENTED', 'BAD_GATEWAY',
  'SERVICE_UNAVAILABLE', 'GATEWAY_TIMEOUT',
];
const withCode = procedure.input(z.object({ code: z.enum(errorCodes) }));
const throwAsAsked = ({ input }) => {
  throw new TRPCError({ code: input.code, message: `msg ${input.code}` });
};

const withAnything = procedure.input(z.any());
const tellKind = ({ input }) => ({ input, kind: input === null ? 'null' : typeof input });

const onAbort = (signal, line) => signal?.addEventListener('abort', () => log(line));

const values = {
  noInput: procedure.query(() => ({ ok: true })),
  undef: procedure.query(() => undefined),
  nul: procedure.query(() => null),
  zero: procedure.query(() => 0),
  empty: procedure.query(() => ''),
  date: procedure.query(() => ({ d: new Date('2024-01-02T03:04:05.678Z'), big: 12n })),
  dateJson: procedure.query(() => ({
    d: new Date('2024-01-02T03:04:05.678Z'),
    u: undefined,
    m: new Map([['a', 1]]),
    nan: NaN,
    arr: [undefined, 1],
  })),
  unicode: procedure.query(() => 'héllo — 日本語 🎉 \u2028'),
  crash: procedure.query(() => {
    throw new Error('boom');
  }),
  crashStr: procedure.query(() => {
    throw 'a string';
  }),
  badOut: procedure.output(z.object({ a: z.string() })).query(() => ({ a: 1 })),
  whoami: procedure.query(({ ctx }) => ctx),
};

const queries = {
  hello: procedure
    .input(z.object({ name: z.string() }).optional())
    .query(({ input }) => `hello ${input?.name ?? 'world'}`),
  greet: procedure
    .input(z.object({ name: z.string().min(2), age: z.number().int().optional() }))
    .query(({ input }) => ({ greeting: `hi ${input.name}`, age: input.age })),
  echo: withAnything.query(tellKind),
  dateIn: procedure
    .input(z.object({ when: z.any() }))
    .query(({ input }) => ({ isDate: input.when instanceof Date, v: input.when })),
  fail: withCode.query(throwAsAsked),
  slow: procedure.input(z.object({ ms: z.number() })).query(async ({ input, signal }) => {
    onAbort(signal, 'ABORTED slow');
    await sleep(input.ms);
    log(`slow done aborted=${signal?.aborted ?? false}`);
    return { slept: input.ms };
  }),
  stream: procedure.query(async function* () {
    yield { n: 1 };
    await sleep(50);
    yield { n: 2 };
    await sleep(50);
    yield 3;
    return 'done';
  }),
  streamErr: procedure.query(async function* () {
    yield 1;
    await sleep(20);
    throw new TRPCError({ code: 'CONFLICT', message: 'mid-stream' });
  }),
};

const describeEntry = async ([name, value]) =>
  typeof value === 'string'
    ? [name, value]
    : [name, { file: value.name, type: value.type, size: value.size, text: await value.text() }];

const mutations = {
  echoMut: withAnything.mutation(tellKind),
  undefMut: procedure.mutation(() => {}),
  failMut: withCode.mutation(throwAsAsked),
  upload: procedure
    .input(z.instanceof(FormData))
    .mutation(({ input }) => Promise.all([...input.entries()].map(describeEntry))),
  octet: procedure.input(octetInputParser).mutation(async ({ input }) => {
    const bytes = new Uint8Array(await new Response(input).arrayBuffer());
    return { bytes: bytes.length, first: [...bytes.slice(0, 4)] };
  }),
};

const post = t.router({
  byId: procedure
    .input(z.object({ id: z.number() }))
    .query(({ input }) => ({ id: input.id, title: `Post ${input.id}` })),
  create: procedure
    .input(z.object({ title: z.string() }))
    .mutation(({ input }) => ({ id: 1, ...input })),
  admin: t.router({ del: procedure.input(z.number()).mutation(({ input }) => input) }),
});

const sub = t.router({
  count: procedure
    .input(
      z.object({
        to: z.number(),
        ms: z.number().optional(),
        lastEventId: z.string().nullish(),
      }),
    )
    .subscription(async function* ({ input, signal }) {
      log(`count start lastEventId=${input.lastEventId ?? ''}`);
      onAbort(signal, 'count ABORT');
      for (let i = Number(input.lastEventId ?? 0); i < input.to; ) {
        i++;
        yield tracked(String(i), { n: i });
        await sleep(input.ms ?? 10);
      }
      log('count end');
    }),
  plain: procedure
    .input(z.object({ to: z.number(), ms: z.number().optional() }))
    .subscription(async function* ({ input }) {
      for (let i = 1; i <= input.to; i++) {
        yield { n: i };
        await sleep(input.ms ?? 10);
      }
      return 'ret';
    }),
  mixed: withAnything.subscription(async function* () {
    yield 'a';
    yield tracked('1', 'b');
    yield 'c';
    yield tracked('2', 'd');
    yield null;
    yield 'multi\nline';
  }),
  undef: procedure.subscription(async function* () {
    yield undefined;
    yield tracked('u', undefined);
  }),
  noinput: procedure.subscription(async function* ({ input }) {
    yield { input: input ?? 'none' };
  }),
  fail: withCode.subscription(async function* ({ input }) {
    yield 'first';
    await sleep(10);
    throw new TRPCError({ code: input.code, message: `sub ${input.code}` });
  }),
  failNow: withCode.subscription(({ input }) => {
    throw new TRPCError({ code: input.code, message: `subnow ${input.code}` });
  }),
  forever: procedure.subscription(async function* ({ signal }) {
    onAbort(signal, 'forever ABORT');
    try {
      for (let i = 1; !signal?.aborted; i++) {
        yield tracked(String(i), i);
        await sleep(30);
      }
    } finally {
      log('forever finally');
    }
  }),
  idle: procedure.subscription(async function* ({ signal }) {
    yield 'start';
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }),
  obs: procedure.subscription(() =>
    observable((emit) => {
      emit.next(1);
      emit.next(2);
      const timer = setTimeout(() => emit.complete(), 20);
      return () => clearTimeout(timer);
    }),
  ),
  date: procedure.subscription(async function* () {
    yield tracked('x', { d: new Date(0) });
  }),
  notiter: procedure.subscription(() => 'nope'),
});

const router = t.router({ ...values, ...queries, ...mutations, post, sub });

// ---- server

const createContext = async ({ req, info }) => {
  const connectionParams = info?.connectionParams ?? null;
  if (connectionParams?.token === 'bad') {
    throw new TRPCError({ code: 'UNAUTHORIZED', message: 'bad token' });
  }
  if (req?.headers?.['x-fail-ctx']) {
    throw new TRPCError({ code: 'UNAUTHORIZED', message: 'ctx fail' });
  }
  return {
    connectionParams,
    auth: req?.headers?.authorization ?? null,
    calls: info?.calls?.map((call) => call.path),
    isBatch: info?.isBatchCall,
    type: info?.type,
    accept: info?.accept,
  };
};

const common = {
  router,
  createContext,
  onError: () => {},
  ...(isOn('OVERRIDE') && { allowMethodOverride: true }),
  ...(isOn('NOBATCH') && { allowBatching: false }),
  ...(env.MAXBATCH && { maxBatchSize: Number(env.MAXBATCH) }),
};

const server = createHTTPServer({
  ...common,
  basePath: '/trpc/',
  ...(env.MAXBODY && { maxBodySize: Number(env.MAXBODY) }),
});
const sockets = applyWSSHandler({
  ...common,
  wss: new WebSocketServer({ server }),
  ...(isOn('KA') && {
    keepAlive: { enabled: true, pingMs: Number(env.KAPING ?? 200), pongWaitMs: 100 },
  }),
});
process.on('SIGUSR2', () => sockets.broadcastReconnectNotification());
process.on('SIGTERM', () => process.exit(0));
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () =>
  console.log(`listening ${server.address().port}`),
);
