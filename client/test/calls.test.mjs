// Where calls go and how.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';

import { createSynapClient } from '@synap/client';
import { eventSchemas, inputSchemas } from '@synap/client/schemas';

import { FakePod } from './fake-pod.mjs';

describe('calls', () => {
  let pod;
  beforeEach(async () => {
    pod = await FakePod.start();
  });
  afterEach(() => pod.stop());

  test('the URL may be the pod or its endpoint, with or without a slash', async () => {
    for (const tail of ['', '/', '/trpc', '/trpc/']) {
      const client = createSynapClient({ url: pod.url + tail, token: 'key' });
      assert.deepEqual(await client.notes.get.query({ id: 'a' }), { id: 'a' }, tail);
      await client.close();
    }
  });

  test('calls of one moment are one request, of at most a hundred', async () => {
    const client = createSynapClient({ url: pod.url, token: 'key' });
    const calls = Array.from({ length: 150 }, (_, i) => client.notes.create.mutate({ content: `${i}` }));
    const answers = await Promise.all(calls);
    assert.deepEqual(answers.map((answer) => answer.requestId), answers.map((_, i) => `${i}`));
    assert.equal(pod.httpRequests, 2);
    await client.close();
  });

  test('long texts go alone, so that a batch never outgrows what the pod takes', async () => {
    const client = createSynapClient({ url: pod.url, token: 'key' });
    const content = 'x'.repeat(40_000);
    await Promise.all([content, content, 'a', 'b'].map((content) => client.notes.create.mutate({ content })));
    assert.equal(pod.httpRequests, 3);
    await client.close();
  });

  test('fetch and WebSocket can be given', async () => {
    const used = [];
    const { WebSocket } = await import('ws');
    class MyWebSocket extends WebSocket {
      constructor(url) {
        used.push(new URL(url).pathname);
        super(url);
      }
    }
    const myFetch = (url, init) => {
      used.push(new URL(url).pathname);
      return fetch(url, init);
    };
    const client = createSynapClient({ url: pod.url, token: 'key', fetch: myFetch, WebSocket: MyWebSocket });
    await client.watch().ready;
    assert.deepEqual(used, ['/trpc/events.list', '/trpc']);
    await client.close();
  });

  test('the client can be awaited and looked at like any object', async () => {
    const client = createSynapClient({ url: pod.url, token: 'key' });
    assert.equal(await Promise.resolve(client), client);
    await client.close();
  });

  test('the schemas validate inputs and events', () => {
    assert.equal(inputSchemas['notes.create'].safeParse({ content: '' }).success, false);
    assert.deepEqual(inputSchemas['users.create'].parse({ name: 'a' }), { name: 'a', role: 'member' });
    assert.equal(inputSchemas['notes.list'].parse(undefined), undefined);
    assert.equal(eventSchemas['note.creation.completed'].safeParse({}).success, false);
  });
});
