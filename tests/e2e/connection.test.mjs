// A connection that is lost: official clients miss nothing, also before their first event, and
// @synap/client says that it is lost.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { createSynapClient } from '../../client/dist/index.js';

import { connect, EventSource, lanes, makeNote, Pod, proxyOf, until, watch, watchStarted, within } from './harness.mjs';

const types = ['note.creation.completed'];

describe('a connection that is lost before the first event', { concurrency: true }, () => {
  let pod;
  before(async () => {
    pod = await Pod.start();
  });
  after(() => pod?.remove());

  for (const lane of lanes) {
    for (const transport of ['websocket', 'sse']) {
      test(`@trpc/client ${lane.name} over ${transport} is told what happened meanwhile`, async () => {
        const direct = connect(lane, pod);
        const proxy = await proxyOf(pod);
        const { client, close } = connect(lane, proxy, { transport });
        const watching = watch(client, { types });
        await watching.began;
        proxy.cut();
        const { requestId } = await makeNote(direct.client, { content: 'in the gap' });
        proxy.isOpen = true;
        await watching.event('note.creation.completed', requestId);
        watching.stop();
        await close();
        await direct.close();
        proxy.close();
      });
    }
  }

  test('a plain EventSource is told what happened meanwhile', async (t) => {
    const { client, close } = connect(lanes[0], pod);
    const proxy = await proxyOf(pod);
    const input = encodeURIComponent(JSON.stringify({ types }));
    const events = [];
    const source = new EventSource(`${proxy.url}/trpc/events.watch?input=${input}`, {
      fetch: (url, init) =>
        fetch(url, { ...init, headers: { ...init.headers, authorization: `Bearer ${pod.key}` } }),
    });
    t.after(async () => {
      source.close();
      await close();
      proxy.close();
    });
    source.onmessage = (message) => events.push([message.lastEventId, JSON.parse(message.data)]);
    await until(() => events.length > 0, 'the first item');
    const [id, started] = events[0];
    assert.equal(started.type, watchStarted);
    assert.equal(String(started.position), id);
    assert.deepEqual(started.data, {});
    proxy.cut();
    const { requestId } = await makeNote(client, { content: 'in the gap' });
    proxy.isOpen = true;
    const isTold = () => events.some(([, event]) => event.requestId === requestId);
    await until(isTold, 'the event of the gap');
    const found = events.filter(([, event]) => event.type === watchStarted);
    assert.equal(found.length, 1, 'it begins once');
  });
});

describe('@synap/client says that its pod is gone, and when it is back', { concurrency: true }, () => {
  for (const transport of ['websocket', 'sse']) {
    for (const signal of ['SIGTERM', 'SIGKILL']) {
      test(`over ${transport}, after ${signal}`, async () => {
        const pod = await Pod.start();
        const client = createSynapClient({ url: pod.url, key: pod.key, transport });
        const told = [];
        const events = [];
        const watching = client.watch(
          { types },
          {
            onEvent: (event) => events.push(event),
            onConnected: () => told.push('connected'),
            onInterrupted: (error) => told.push(error.name),
          },
        );
        await watching.ready;
        await pod.kill(signal);
        await until(() => watching.status === 'interrupted', 'it is interrupted', 5_000);
        await pod.startAgain();
        const { requestId } = await makeNote(client, { content: 'back again' });
        await until(() => events.length === 1, 'the event');
        assert.equal(events[0].requestId, requestId);
        assert.equal(watching.status, 'live');
        assert.deepEqual(told, ['connected', 'ConnectionLostError', 'connected']);
        await within(client.close(), 'it is closed', 5_000);
        await pod.remove();
      });
    }
  }
});
