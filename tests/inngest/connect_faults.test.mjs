// Workers that are none, that lie, that say nothing, and several that share the work: by the
// protocol itself, written with the SDK's own encoders.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { delay, freePort, Pod, until } from './harness.mjs';
import * as wire from './node_modules/inngest/proto/src/components/connect/protobuf/connect.js';

const Kind = wire.GatewayMessageType;
const encode = (type, value) => type.encode(type.create(value)).finish();
const json = (value) => new TextEncoder().encode(JSON.stringify(value));

/** What an SDK would say of one function. */
const functionOf = (app, id, more = {}) => ({
  id: `${app}-${id}`,
  name: id,
  triggers: [{ event: `${app}/${id}` }],
  steps: { step: { id: 'step', name: 'step', runtime: { type: 'ws', url: `wss://connect?fnId=${app}-${id}&stepId=step` }, retries: { attempts: 0 } } },
  ...more,
});

class RawWorker {
  messages = [];
  closed = null;

  static async session(pod, headers = {}) {
    const answer = await fetch(`${pod.url}/v0/connect/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/protobuf', ...headers },
      body: encode(wire.StartRequest, { excludeGateways: [] }),
    });
    if (!answer.ok) return { status: answer.status };
    return { status: 200, ...wire.StartResponse.decode(new Uint8Array(await answer.arrayBuffer())) };
  }

  static async open(session) {
    const worker = new RawWorker();
    worker.socket = new WebSocket(session.gatewayEndpoint, ['v0.connect.inngest.com']);
    worker.socket.binaryType = 'arraybuffer';
    worker.socket.onmessage = ({ data }) => worker.messages.push(wire.ConnectMessage.decode(new Uint8Array(data)));
    worker.socket.onclose = ({ code, reason }) => (worker.closed = { code, reason });
    worker.socket.onerror = () => {};
    await worker.next(Kind.GATEWAY_HELLO);
    return worker;
  }

  /** Connected and ready. */
  static async start(pod, app, { headers, functions, ...more } = {}) {
    const session = await RawWorker.session(pod, headers);
    const worker = await RawWorker.open(session);
    worker.introduce(session, app, functions ?? [functionOf(app, 'job')], more);
    await worker.next(Kind.GATEWAY_CONNECTION_READY);
    worker.send(Kind.WORKER_READY);
    return worker;
  }

  introduce(session, app, functions, more = {}) {
    this.send(
      Kind.WORKER_CONNECT,
      encode(wire.WorkerConnectRequestData, {
        connectionId: session.connectionId,
        instanceId: 'raw',
        authData: { sessionToken: session.sessionToken, syncToken: session.syncToken },
        capabilities: json({}),
        apps: [{ appName: app, functions: functions instanceof Uint8Array ? functions : json(functions) }],
        workerManualReadinessAck: true,
        sdkVersion: 'v4.24.0',
        sdkLanguage: 'typescript',
        framework: 'connect',
        ...more,
      }),
    );
  }

  send(kind, payload) {
    this.socket.send(encode(wire.ConnectMessage, { kind, payload: payload ?? new Uint8Array() }));
  }

  async next(kind) {
    await until(() => this.closed || this.messages.some((each) => each.kind === kind), `a message ${kind}`);
    const at = this.messages.findIndex((each) => each.kind === kind);
    assert.ok(at >= 0, `the connection ended before ${kind}: ${JSON.stringify(this.closed)}`);
    return this.messages.splice(at, 1)[0];
  }

  async request() {
    return wire.GatewayExecutorRequestData.decode((await this.next(Kind.GATEWAY_EXECUTOR_REQUEST)).payload);
  }
  acknowledge(request) {
    this.send(Kind.WORKER_REQUEST_ACK, encode(wire.WorkerRequestAckData, request));
  }
  static replyTo(request, body, more = {}) {
    return encode(wire.SDKResponse, {
      requestId: request.requestId,
      status: wire.SDKResponseStatus.DONE,
      body: json(body),
      sdkVersion: 'inngest-js:v4.24.0',
      requestVersion: 2,
      ...more,
    });
  }
  reply(request, body, more) {
    this.send(Kind.WORKER_REPLY, RawWorker.replyTo(request, body, more));
  }
  async extend(request, leaseId = request.leaseId) {
    this.send(Kind.WORKER_REQUEST_EXTEND_LEASE, encode(wire.WorkerRequestExtendLeaseData, { ...request, leaseId }));
    return wire.WorkerRequestExtendLeaseAckData.decode((await this.next(Kind.WORKER_REQUEST_EXTEND_LEASE_ACK)).payload);
  }
  async ended(ms) {
    await until(() => this.closed, 'the connection ends', ms);
    return this.closed;
  }
  close() {
    this.socket.close();
  }
}

describe('by the protocol', () => {
  let pod;
  let bob;
  let silent;
  const workers = [];
  const start = async (...args) => {
    const worker = await RawWorker.start(pod, ...args);
    workers.push(worker);
    return worker;
  };
  before(async () => {
    pod = await Pod.start('--dev', '--dev-retry-interval', '50ms');
    bob = (await pod.call('users.create', { name: 'bob' })).key;
    silent = await start('silent');
  });
  after(async () => {
    for (const worker of workers) worker.close();
    await pod?.remove();
  });
  const send = (name, data = {}) => pod.route('POST', '/e/k', { name, data });
  const done = async (fn) => pod.outputOf(await pod.run(fn, 'completed'));
  const flush = (body, headers = {}) => fetch(`${pod.url}/v0/connect/flush`, { method: 'POST', headers, body });

  test('a request says what HTTP would, and its answer ends the run', async () => {
    const worker = await start('plain');
    await send('plain/job', { n: 7 });
    const request = await worker.request();
    assert.deepEqual([request.appName, request.functionSlug, request.stepId], ['plain', 'plain-job', 'step']);
    const body = JSON.parse(new TextDecoder().decode(request.requestPayload));
    assert.equal(body.event.data.n, 7);
    assert.equal(body.ctx.run_id, request.runId);
    assert.equal(body.ctx.qi_id, request.jobId);
    worker.acknowledge(request);
    worker.reply(request, { done: true });
    const ack = wire.WorkerReplyAckData.decode((await worker.next(Kind.WORKER_REPLY_ACK)).payload);
    assert.equal(ack.requestId, request.requestId);
    assert.deepEqual(await done('plain-job'), { done: true });
    worker.send(Kind.WORKER_HEARTBEAT);
    await worker.next(Kind.GATEWAY_HEARTBEAT);
  });

  test('work goes to whoever has most places free, and waits where none are', async () => {
    const one = await start('share', { maxWorkerConcurrency: 1 });
    const two = await start('share', { maxWorkerConcurrency: 2 });
    for (let n = 0; n < 4; ++n) await send('share/job', { n });
    const first = await one.request();
    const others = [await two.request(), await two.request()];
    for (const request of others) two.acknowledge(request);
    one.acknowledge(first);
    await delay(300);
    assert.equal(one.messages.length + two.messages.length, 0, 'the fourth waits');
    one.reply(first, 1);
    const fourth = await one.request();
    one.acknowledge(fourth);
    one.reply(fourth, 4);
    for (const request of others) two.reply(request, 2);
    await until(async () => (await pod.runsOf('share-job')).every((run) => run.status === 'completed'), 'all are done');
  });

  test('one that does not say that it has a request is passed by', async () => {
    const deaf = await start('deaf');
    await send('deaf/job');
    const lost = await deaf.request();
    const other = await start('deaf');
    const request = await other.request();
    assert.equal((await deaf.extend(lost)).newLeaseId, undefined, 'its lease is lost');
    other.acknowledge(request);
    // What it answers now is nothing that anybody waits for.
    deaf.reply(lost, 'late');
    await deaf.next(Kind.WORKER_REPLY_ACK);
    other.reply(request, 'in time');
    assert.equal(await done('deaf-job'), 'in time');
    // The next goes to the one that listens.
    await send('deaf/job');
    const next = await other.request();
    other.acknowledge(next);
    other.reply(next, 'heard');
    await until(async () => (await pod.runsOf('deaf-job')).filter((run) => run.status === 'completed').length === 2, 'both are done');
  });

  test('a worker that is back by another connection goes on, and an answer counts once', async () => {
    const before = await start('back');
    await send('back/job');
    const request = await before.request();
    before.acknowledge(request);
    await before.extend(request);
    before.close();
    await before.ended();
    const again = await start('back');
    assert.equal((await again.extend(request)).newLeaseId, request.leaseId);
    const reply = RawWorker.replyTo(request, 'flushed');
    const flushed = await flush(reply);
    assert.equal(flushed.status, 200);
    assert.equal(wire.FlushResponse.decode(new Uint8Array(await flushed.arrayBuffer())).requestId, request.requestId);
    assert.equal(await done('back-job'), 'flushed');
    assert.equal((await flush(reply)).status, 200);
    again.reply(request, 'again');
    await again.next(Kind.WORKER_REPLY_ACK);
    assert.equal(await done('back-job'), 'flushed');
  });

  test('one that pauses is sent nothing more', async () => {
    const worker = await start('pause');
    worker.send(Kind.WORKER_PAUSE);
    await delay(200);
    await send('pause/job');
    await delay(500);
    assert.equal(worker.messages.length, 0);
    worker.send(Kind.WORKER_READY);
    const request = await worker.request();
    worker.acknowledge(request);
    worker.reply(request, 'ready');
    assert.equal(await done('pause-job'), 'ready');
  });

  test('errors: to be retried, not to be, and as late as it says', async () => {
    const worker = await start('errs', { functions: [functionOf('errs', 'job', {})].map((fn) => ({ ...fn, steps: { step: { ...fn.steps.step, retries: { attempts: 1 } } } })) });
    const boom = { __serialized: true, name: 'Error', message: 'boom', stack: '' };
    const answer = async (body, more) => {
      const request = await worker.request();
      worker.acknowledge(request);
      worker.reply(request, body, more);
    };
    await send('errs/job');
    await answer(boom, { status: wire.SDKResponseStatus.ERROR });
    await answer('again');
    assert.equal(await done('errs-job'), 'again');
    await send('errs/job');
    // What npm's inngest makes of HTTP's 400.
    await answer(boom, { status: wire.SDKResponseStatus.DONE, noRetry: true });
    assert.match((await pod.run('errs-job', 'failed')).error.message, /boom/);
    assert.equal(worker.messages.filter((each) => each.kind === Kind.GATEWAY_EXECUTOR_REQUEST).length, 0);
  });

  test('an answer that is too large is given up', async () => {
    const worker = await start('large');
    await send('large/job');
    const request = await worker.request();
    worker.acknowledge(request);
    worker.reply(request, 'x'.repeat(9 << 20));
    assert.match((await pod.run('large-job', 'failed')).error.message, /more than 8 MiB/);
    // One that is no message at all any more.
    worker.socket.send(new Uint8Array(11 << 20));
    // Whoever is still writing may see the reset before the close frame.
    assert.ok([1006, 1009].includes((await worker.ended()).code));
  });

  test('what is no message ends the connection, and what is not known is passed over', async () => {
    const worker = await start('junk');
    worker.send(Kind.WORKER_STATUS, encode(wire.WorkerStatusData, { inFlightRequestIds: ['x'] }));
    worker.send(77, new Uint8Array([1, 2, 3]));
    worker.send(Kind.WORKER_CONNECT, new Uint8Array([255]));
    worker.send(Kind.WORKER_HEARTBEAT);
    await worker.next(Kind.GATEWAY_HEARTBEAT);
    for (const bytes of [[255, 255], [8], [10, 200, 1]]) {
      const liar = await start('junk');
      liar.socket.send(new Uint8Array(bytes));
      assert.deepEqual([(await liar.ended()).code, liar.closed.reason], [1008, 'connect_invalid_message']);
    }
    for (const kind of [Kind.WORKER_REPLY, Kind.WORKER_REQUEST_ACK, Kind.WORKER_REQUEST_EXTEND_LEASE]) {
      const liar = await start('junk');
      liar.send(kind, new Uint8Array([10, 200, 1, 65]));
      assert.equal((await liar.ended()).code, 1008);
    }
    const text = await start('junk');
    text.socket.send('{"kind":9}');
    assert.equal((await text.ended()).code, 1008);
  });

  test('who is not known is no worker', async () => {
    const session = await RawWorker.session(pod);
    const forged = await RawWorker.open(session);
    forged.introduce({ ...session, sessionToken: 'f'.repeat(64) }, 'forged', [functionOf('forged', 'job')]);
    assert.match((await forged.ended()).reason, /^connect_authentication_failed/);
    // A token is good for one try, and for its own connection.
    const late = await RawWorker.open(session);
    late.introduce(session, 'forged', [functionOf('forged', 'job')]);
    assert.match((await late.ended()).reason, /^connect_authentication_failed/);
    const mine = await RawWorker.session(pod);
    const other = await RawWorker.session(pod, { authorization: `Bearer ${bob}` });
    const mixed = await RawWorker.open(mine);
    mixed.introduce({ ...other, connectionId: mine.connectionId }, 'forged', [functionOf('forged', 'job')]);
    assert.match((await mixed.ended()).reason, /^connect_authentication_failed/);
    const hasty = await RawWorker.open(mine);
    hasty.send(Kind.WORKER_READY);
    assert.match((await hasty.ended()).reason, /WORKER_CONNECT is to come first/);
    const silent = await RawWorker.open(mine);
    assert.equal((await silent.ended()).code, 1008);
    assert.deepEqual((await pod.call('apps.list')).apps.filter(({ app }) => app === 'forged'), []);
  });

  test('requests of one user are nothing of another', async () => {
    const mine = await start('twin');
    const theirs = await start('twin', { headers: { authorization: `Bearer ${bob}` } });
    await send('twin/job');
    const request = await mine.request();
    mine.acknowledge(request);
    assert.equal(theirs.messages.length, 0);
    theirs.reply(request, 'forged');
    await theirs.next(Kind.WORKER_REPLY_ACK);
    assert.equal((await theirs.extend(request)).newLeaseId, undefined);
    assert.equal((await flush(RawWorker.replyTo(request, 'forged'), { authorization: `Bearer ${bob}` })).status, 200);
    assert.equal((await mine.extend(request)).newLeaseId, request.leaseId);
    mine.reply(request, 'mine');
    assert.equal(await done('twin-job'), 'mine');
  });

  test('a worker whose functions cannot be registered is told, and so is the log', async () => {
    for (const functions of [
      [functionOf('wrong', 'job', { triggers: [{ event: 'wrong/job', expression: 'event.data.n >' }] })],
      [{ ...functionOf('wrong', 'job'), steps: { step: { id: 'step', name: 'step', runtime: { type: 'http', url: 'http://127.0.0.1:1/' } } } }],
      json('no list'),
      new Uint8Array([255, 254]),
    ]) {
      const session = await RawWorker.session(pod);
      const worker = await RawWorker.open(session);
      worker.introduce(session, 'wrong', functions);
      const { error } = JSON.parse(new TextDecoder().decode((await worker.next(Kind.SYNC_FAILED)).payload));
      assert.ok(error.length > 10, error);
      assert.match((await worker.ended()).reason, /^connect_sync_failed/);
    }
    assert.match(pod.stderr, /a worker cannot be connected/);
    // And what connects cannot be registered by HTTP.
    const made = await pod.route('POST', '/fn/register', {
      url: 'http://127.0.0.1:1/api/inngest', appName: 'wrong', functions: [functionOf('wrong', 'job')],
    });
    assert.equal(made.status, 400);
    assert.match(made.body.error, /connects by its worker/);
  });

  test('the routes beside it: what is no protobuf, no key, and too many', async () => {
    const post = (path, body, headers = {}) => fetch(pod.url + path, { method: 'POST', headers, body });
    assert.equal((await post('/v0/connect/start', new Uint8Array([255]))).status, 400);
    assert.equal((await post('/v0/connect/flush', new Uint8Array([255]))).status, 400);
    assert.equal((await post('/v0/connect/flush', new Uint8Array())).status, 400);
    assert.equal((await post('/v0/connect/start', '', { authorization: 'Bearer signkey-x-00' })).status, 401);
    assert.equal((await post('/v0/connect/start', '', { origin: 'https://evil.example' })).status, 403);
    assert.equal((await fetch(`${pod.url}/v0/connect`)).status, 400);
    // 256 sessions that are begun, and are no connections.
    const carol = (await pod.call('users.create', { name: 'carol' })).key;
    const many = await Promise.all(
      Array.from({ length: 257 }, () => RawWorker.session(pod, { authorization: `Bearer ${carol}` })),
    );
    assert.equal(many.filter(({ status }) => status === 200).length, 256);
    assert.equal(many.filter(({ status }) => status === 429).length, 1);
  });

  test('one that sends no heartbeat for 30 s is cut off', async () => {
    assert.deepEqual(await silent.ended(45_000), { code: 1008, reason: 'connect_heartbeats_missed' });
  });

  test('a connection ends with its key', async () => {
    const made = await pod.call('keys.create', { name: 'worker' }, bob);
    const worker = await start('keyed', { headers: { authorization: `Bearer ${made.key}` } });
    await pod.call('keys.revoke', { keyId: made.keyId }, bob);
    assert.match((await worker.ended()).reason, /the key has ended/);
  });
});

describe('a port of its own', () => {
  test('has the gateway, for workers that are told where it is', async () => {
    const port = await freePort();
    const pod = await Pod.start('--dev', '--inngest-connect-port', `${port}`);
    try {
      const session = await RawWorker.session(pod);
      assert.equal(session.gatewayEndpoint, `ws://127.0.0.1:${pod.port}/v0/connect`, 'by which it was asked');
      const worker = await RawWorker.open({ ...session, gatewayEndpoint: `ws://127.0.0.1:${port}/v0/connect` });
      worker.introduce(session, 'port', [functionOf('port', 'job')]);
      await worker.next(Kind.GATEWAY_CONNECTION_READY);
      worker.close();
    } finally {
      await pod.remove();
    }
  });
});
