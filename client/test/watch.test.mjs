// watch(), over both transports, against a pod that misbehaves on demand.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { TRPCError } from '@trpc/server';

import { createSynapClient, isSynapError, messageOf } from '@synap/client';

import { FakePod, until, within } from './fake-pod.mjs';

for (const transport of ['websocket', 'sse']) {
  describe(`watch over ${transport}`, () => {
    let pod;
    let client;
    beforeEach(async () => {
      pod = await FakePod.start();
      client = createSynapClient({ url: pod.url, key: 'key', transport });
    });
    afterEach(async () => {
      await client.close();
      await pod.stop();
    });

    const take = async (stream, count) => {
      const positions = [];
      const iterator = stream[Symbol.asyncIterator]();
      while (positions.length < count) {
        const { value, done } = await within(8_000, iterator.next(), `event ${positions.length + 1}`);
        if (done) break;
        positions.push(value.position);
      }
      return positions;
    };

    test('begins with what happens after it is ready', async () => {
      pod.push();
      const stream = client.watch();
      await stream.ready;
      pod.push();
      pod.push();
      assert.deepEqual(await take(stream, 2), [2, 3]);
      assert.equal(stream.lastEventId, '3');
    });

    test('begins behind lastEventId', async () => {
      for (let i = 0; i < 3; ++i) pod.push();
      assert.deepEqual(await take(client.watch({ lastEventId: '1' }), 2), [2, 3]);
      assert.equal(pod.count('events.list'), 0);
    });

    test('ends when the signal aborts, also one that has aborted before', async () => {
      const abort = new AbortController();
      const stream = client.watch({}, { signal: abort.signal });
      await stream.ready;
      pod.push();
      const seen = [];
      const loop = (async () => {
        for await (const event of stream) {
          seen.push(event.position);
          abort.abort();
        }
      })();
      await within(5_000, loop, 'the loop ends');
      assert.deepEqual(seen, [1]);
      assert.deepEqual(await take(client.watch({}, { signal: AbortSignal.abort() }), 1), []);
    });

    test('break ends it', async () => {
      const stream = client.watch();
      await stream.ready;
      pod.push();
      for await (const _ of stream) break;
      assert.deepEqual(await take(stream, 1), []);
    });

    test('says once that the connection is lost, and when it goes on', async () => {
      const told = [];
      const again = withResolvers();
      const watch = client.watch(
        {},
        {
          onEvent: again.resolve,
          onConnected: () => told.push('connected'),
          onInterrupted: (error) => {
            told.push(error.name);
            assert.equal(watch.status, 'interrupted');
            assert.equal(watch.error, error);
            assert.match(error.message, /^There is no connection to the pod/);
          },
        },
        { onStatus: (status, error) => told.push(`${status} ${error?.name ?? ''}`.trim()) },
      );
      assert.equal(watch.status, 'connecting');
      await watch.ready;
      assert.equal(watch.status, 'live');
      pod.cut();
      pod.push();
      await within(8_000, again.promise, 'the event');
      assert.equal(watch.status, 'live');
      assert.equal(watch.error, undefined);
      watch.stop();
      assert.equal(watch.status, 'ended');
      assert.deepEqual(told, [
        'live', 'connected',
        'interrupted ConnectionLostError', 'ConnectionLostError',
        'live', 'connected',
        'ended',
      ]);
    });

    test('says that no pod is there, until one is', async () => {
      const { port } = pod.server.address();
      await pod.stop();
      const told = [];
      const stream = client.watch({}, { onStatus: (status, error) => told.push([status, error]) });
      await within(5_000, until(() => stream.status === 'interrupted'), 'it is interrupted');
      assert.match(messageOf(stream.error), /ECONNREFUSED/);
      pod = await FakePod.start(port);
      await within(8_000, stream.ready, 'it is ready');
      assert.deepEqual(told.map(([status]) => status), ['interrupted', 'live']);
    });

    test('ready rejects with what happened: a timeout, an abort, a stop, a close', async () => {
      const { port } = pod.server.address();
      await pod.stop();
      const late = client.watch({}, { signal: AbortSignal.timeout(50) });
      await assert.rejects(late.ready, { name: 'TimeoutError' });
      assert.deepEqual(await take(late, 1), []);
      const abort = new AbortController();
      const aborted = client.watch({}, { signal: abort.signal });
      abort.abort(new Error('enough'));
      await assert.rejects(aborted.ready, { message: 'enough' });
      await assert.rejects(client.watch({}, { signal: abort.signal }).ready, { message: 'enough' });
      const stopped = client.watch();
      stopped.stop();
      await assert.rejects(stopped.ready, { name: 'WatchStoppedError' });
      const left = client.watch();
      await client.close();
      await assert.rejects(left.ready, { name: 'ClientClosedError' });
      pod = await FakePod.start(port);
    });

    test('misses nothing when the connection is cut before the first event', async () => {
      const stream = client.watch();
      await stream.ready;
      pod.cut();
      pod.push();
      assert.deepEqual(await take(stream, 1), [1]);
    });

    test('misses nothing and tells nothing twice when the connection is cut again and again', async () => {
      const stream = client.watch();
      await stream.ready;
      const seen = [];
      for (let round = 0; round < 3; ++round) {
        pod.push();
        seen.push(...(await take(stream, 1)));
        pod.cut();
        pod.push();
      }
      seen.push(...(await take(stream, 1)));
      assert.deepEqual(seen, [1, 2, 3, 4]);
      assert.deepEqual(await take(stream, 2), [5, 6]);
    });

    test('goes on when the pod ends the stream', async () => {
      const stream = client.watch();
      await stream.ready;
      pod.push();
      assert.deepEqual(await take(stream, 1), [1]);
      pod.complete();
      await pod.called('events.watch', 2);
      pod.push();
      assert.deepEqual(await take(stream, 1), [2]);
    });

    test('an event that is sent twice is told once', async () => {
      const stream = client.watch();
      await stream.ready;
      pod.push({ isSentTwice: true });
      pod.push();
      assert.deepEqual(await take(stream, 2), [1, 2]);
    });

    test('is begun again after an error that can pass', async () => {
      pod.next.set('events.list', new TRPCError({ code: 'SERVICE_UNAVAILABLE' }));
      pod.next.set('events.watch', new TRPCError({ code: 'TOO_MANY_REQUESTS' }));
      const interruptions = [];
      const told = withResolvers();
      const watch = client.watch(
        {},
        { onEvent: told.resolve, onInterrupted: (error) => interruptions.push(error.data?.code) },
      );
      await within(8_000, watch.ready, 'it is ready');
      pod.push();
      await within(8_000, told.promise, 'an event');
      // Over SSE a stream has begun before it is refused: so it is interrupted twice.
      const expected = ['SERVICE_UNAVAILABLE', ...(transport === 'sse' ? ['TOO_MANY_REQUESTS'] : [])];
      assert.deepEqual(interruptions, expected);
    });

    test('a refusal ends it: the loop throws, ready rejects', async () => {
      const refused = createSynapClient({ url: pod.url, key: 'revoked', transport });
      const stream = refused.watch();
      const isUnauthorized = (error) => isSynapError(error) && error.data.code === 'UNAUTHORIZED';
      await assert.rejects(within(5_000, stream.ready, 'it is refused'), isUnauthorized);
      await assert.rejects(take(stream, 1), isUnauthorized);
      assert.deepEqual(await take(stream, 1), []);
      await refused.close();
    });

    test('a refusal in the stream is told to onError, once', async () => {
      pod.next.set('events.watch', new TRPCError({ code: 'FORBIDDEN' }));
      const told = withResolvers();
      const errors = [];
      const onError = (error) => told.resolve(errors.push(error));
      client.watch({}, { onEvent: () => {}, onError });
      await within(8_000, told.promise, 'onError');
      assert.deepEqual(errors.map((error) => error.data.code), ['FORBIDDEN']);
      assert.equal(pod.count('events.watch'), 1);
    });

    test('what onEvent throws ends it and is told to onError', async () => {
      const told = withResolvers();
      const watch = client.watch(
        {},
        {
          onEvent: () => {
            throw new Error('mine');
          },
          onError: told.resolve,
        },
      );
      await watch.ready;
      pod.push();
      assert.equal((await within(5_000, told.promise, 'onError')).message, 'mine');
    });

    test('a reader that is slow is given everything, and no more than a thousand wait', async () => {
      const told = [];
      const stream = client.watch({}, { onStatus: (status) => told.push(status) });
      await stream.ready;
      for (let i = 0; i < 2_500; ++i) pod.push();
      await pod.isQuiet();
      const all = await take(stream, 2_500);
      assert.deepEqual(all, Array.from({ length: 2_500 }, (_, i) => i + 1));
      assert.ok(pod.count('events.watch') > 1, 'it was paused and begun again');
      assert.deepEqual(told, ['live'], 'to wait for the reader is no interruption');
    });

    test('the key is asked for each time, and never in the URL', async () => {
      let asked = 0;
      const mine = createSynapClient({ url: pod.url, key: () => `key${++asked}`, transport });
      await mine.watch().ready;
      await mine.notes.get.query({ id: 'a' });
      const tokens = pod.calls.map((call) => call.token);
      assert.deepEqual(tokens, ['key1', 'key2', 'key3']);
      assert.ok(!pod.lastUrl.includes('key'));
      await mine.close();
    });

    test('close() ends every watch', async () => {
      const stream = client.watch();
      await stream.ready;
      const next = take(stream, 1);
      await client.close();
      assert.deepEqual(await next, []);
      assert.throws(() => client.watch(), { name: 'ClientClosedError' });
    });
  });
}

test('over sse a network that is gone without a word is noticed', async () => {
  const pod = await FakePod.start(0, { client: { reconnectAfterInactivityMs: 200 } });
  const client = createSynapClient({ url: pod.url, key: 'key', transport: 'sse' });
  const told = [];
  const again = withResolvers();
  const watch = client.watch(
    {},
    { onEvent: again.resolve },
    { onStatus: (status, error) => told.push([status, error?.message]) },
  );
  await watch.ready;
  await within(5_000, until(() => told.length >= 3), 'it is interrupted, and goes on');
  assert.equal(told[1][0], 'interrupted');
  assert.match(told[1][1], /Timeout of 200ms/);
  assert.equal(told[2][0], 'live');
  pod.push();
  assert.equal((await within(5_000, again.promise, 'the event')).position, 1);
  await client.close();
  await pod.stop();
});

function withResolvers() {
  let resolve;
  let reject;
  const promise = new Promise((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
