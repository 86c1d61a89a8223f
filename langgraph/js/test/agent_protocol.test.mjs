// The Agent Protocol's store, called by the official @langchain/langgraph-sdk.
import { Client } from '@langchain/langgraph-sdk';
import assert from 'node:assert/strict';

import { Pod } from './pod.mjs';

let pod;
let store;
beforeAll(async () => {
  pod = await Pod.start();
  store = new Client({ apiUrl: pod.running.url, apiKey: pod.running.key, callerOptions: { maxRetries: 0 } }).store;
});
afterAll(() => pod.remove());

const MEMORIES = ['memories', 'ann'];

test('items are put, read, found and deleted', async () => {
  assert.equal(await store.getItem(MEMORIES, 'tea'), null);
  await store.putItem(MEMORIES, 'tea', { text: 'green', cups: 3 });
  await store.putItem(['memories', 'bea'], 'a key & more', { cups: 9 }, { index: false });
  const item = await store.getItem(MEMORIES, 'tea');
  assert.deepEqual([item.namespace, item.key, item.value], [MEMORIES, 'tea', { text: 'green', cups: 3 }]);
  assert.equal(item.createdAt, item.updatedAt);
  const { items } = await store.searchItems(['memories'], { filter: { cups: { $gte: 4 } } });
  assert.deepEqual(items.map(({ key, value }) => [key, value]), [['a key & more', { cups: 9 }]]);
  assert.deepEqual(await store.listNamespaces({ prefix: ['memories'], maxDepth: 1 }), { namespaces: [['memories']] });
  await store.deleteItem(MEMORIES, 'tea');
  assert.equal(await store.getItem(MEMORIES, 'tea'), null);
});

test('what is refused says why', async () => {
  const put = store.putItem(MEMORIES, 'tea', {}, { ttl: 5 });
  await assert.rejects(put, (error) => error.status === 400 && error.message.includes('ttl: nothing ends by itself'));
  const stranger = new Client({ apiUrl: pod.running.url, apiKey: 'synap_none', callerOptions: { maxRetries: 0 } }).store;
  await assert.rejects(stranger.getItem(MEMORIES, 'tea'), (error) => error.status === 401);
});
