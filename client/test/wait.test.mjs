// waitFor(): whatever comes first, the answer is what requests.get says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { TRPCError } from '@trpc/server';

import { createSynapClient, isSynapError } from '@synap/client';

import { FakePod, within } from './fake-pod.mjs';

describe('waitFor', () => {
  const requestId = 'r1';
  const request = (status, more) => ({ requestId, status, type: 'note.creation.requested', events: [], ...more });
  let pod;
  let client;
  beforeEach(async () => {
    pod = await FakePod.start();
    client = createSynapClient({ url: pod.url, key: 'key' });
    pod.requests.set(requestId, request('pending'));
  });
  afterEach(async () => {
    await client.close();
    await pod.stop();
  });

  test('resolves for a command that has completed before', async () => {
    pod.requests.set(requestId, request('completed'));
    assert.equal((await within(5_000, client.waitFor(requestId), 'it resolves')).status, 'completed');
  });

  test('asks only after it watches, and again with each event', async () => {
    const waiting = client.waitFor(requestId);
    await pod.called('requests.get');
    assert.deepEqual(pod.calls.map((call) => call.path), ['events.list', 'events.watch', 'requests.get']);
    pod.push({ requestId }); // the command's own event: it is pending still
    await pod.called('requests.get', 2);
    pod.requests.set(requestId, request('completed'));
    pod.push({ requestId });
    assert.equal((await within(5_000, waiting, 'it resolves')).status, 'completed');
  });

  test('many who wait share one subscription, which ends with them', async () => {
    const ids = Array.from({ length: 200 }, (_, i) => `many ${i}`);
    for (const id of ids) pod.requests.set(id, request('pending'));
    const waiting = Promise.all(ids.map((id) => client.waitFor(id)));
    await pod.called('requests.get', ids.length);
    for (const id of ids) {
      pod.requests.set(id, request('completed'));
      pod.push({ requestId: id });
    }
    assert.equal((await within(10_000, waiting, 'all resolve')).length, ids.length);
    assert.equal(pod.count('events.watch'), 1);
    await pod.isQuiet();
    const late = client.waitFor(requestId);
    await pod.called('requests.get', 2 * ids.length + 1);
    pod.requests.set(requestId, request('completed'));
    pod.push({ requestId });
    await within(5_000, late, 'the late one resolves');
    const [, again] = pod.calls.filter((call) => call.path === 'events.watch');
    assert.equal(again.input.lastEventId, String(ids.length), 'it does not begin at the old place');
  });

  test('rejects with the request when it has failed', async () => {
    const waiting = client.waitFor(requestId);
    await pod.called('requests.get');
    pod.requests.set(requestId, request('failed', { error: { name: 'X', message: 'the disk is full' } }));
    pod.push({ requestId });
    await assert.rejects(within(5_000, waiting, 'it rejects'), (error) => {
      assert.equal(error.name, 'RequestFailedError');
      assert.match(error.message, /the disk is full/);
      assert.equal(error.request.error.name, 'X');
      return true;
    });
  });

  test('notices what happened while the connection was lost', async () => {
    const waiting = client.waitFor(requestId);
    await pod.called('requests.get');
    pod.requests.set(requestId, request('completed'));
    pod.cut();
    assert.equal((await within(8_000, waiting, 'it resolves')).status, 'completed');
  });

  test('asks again when asking fails', async () => {
    pod.requests.set(requestId, request('completed'));
    pod.next.set('requests.get', new TRPCError({ code: 'INTERNAL_SERVER_ERROR' }));
    assert.equal((await within(8_000, client.waitFor(requestId), 'it resolves')).status, 'completed');
  });

  test('rejects when there is no such request', async () => {
    await assert.rejects(client.waitFor('unknown'), (error) => error.data.code === 'NOT_FOUND');
  });

  test('does not say of a pod that has said nothing that the command has not ended', async () => {
    const sockets = [];
    const server = net.createServer((socket) => sockets.push(socket.on('error', () => {})));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const silent = createSynapClient({ url: `http://127.0.0.1:${server.address().port}`, key: 'key' });
    try {
      await assert.rejects(silent.waitFor(requestId, { timeoutMs: 300 }), {
        name: 'WaitTimeoutError',
        message: /^It is not known whether request r1 has ended: .*it has said nothing yet/,
      });
    } finally {
      const closed = silent.close();
      for (const socket of sockets) socket.destroy();
      server.close();
      await closed;
    }
  });

  test('says that no pod was there, where it is not known what became of the command', async () => {
    await pod.stop();
    await assert.rejects(client.waitFor(requestId, { timeoutMs: 300 }), (error) => {
      assert.equal(error.name, 'WaitTimeoutError');
      assert.match(error.message, /^It is not known whether request r1 has ended: .*ECONNREFUSED/);
      assert.ok(isSynapError(error.cause));
      return true;
    });
    pod = await FakePod.start();
  });

  test('takes every time, and nothing that is none', async () => {
    for (const timeoutMs of [-1, NaN, '5']) {
      await assert.rejects(client.waitFor(requestId, { timeoutMs }), {
        name: 'RangeError',
        message: `timeoutMs is 0 or more, or Infinity; it is ${timeoutMs}`,
      });
    }
    for (const timeoutMs of [2 ** 31, 1e300, Infinity]) {
      const wait = client.waitFor(requestId, { timeoutMs });
      const soon = new Promise((resolve) => setTimeout(resolve, 100, 'it waits'));
      assert.equal(await Promise.race([wait, soon]), 'it waits');
      const closed = assert.rejects(wait, { name: 'ClientClosedError' });
      await client.close();
      await closed;
      client = createSynapClient({ url: pod.url, key: 'key' });
    }
  });

  test('rejects when it takes too long, is aborted, or the client is closed', async () => {
    await assert.rejects(client.waitFor(requestId, { timeoutMs: 1_000 }), {
      name: 'WaitTimeoutError',
      message: 'Request r1 has not ended within 1000 ms',
    });
    const abort = new AbortController();
    const aborted = client.waitFor(requestId, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(aborted, { message: 'enough' });
    const closed = client.waitFor(requestId);
    const check = assert.rejects(closed, { name: 'ClientClosedError' });
    await pod.called('requests.get');
    await client.close();
    await check;
  });
});
