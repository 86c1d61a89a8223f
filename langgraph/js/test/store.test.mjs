// The store of a pod beside LangGraph's own one: what is asked of both must be answered the same.
import { END, InMemoryStore, MessagesAnnotation, START, StateGraph } from '@langchain/langgraph';
import assert from 'node:assert/strict';

import { SynapStore } from '@synap/langgraph';

import { Pod } from './pod.mjs';

let pod;
let store;
beforeAll(async () => {
  pod = await Pod.start();
});
afterAll(() => pod.remove());
beforeEach(async () => {
  store = new SynapStore(await pod.user());
});

// In which order items come is each store's own affair: LangGraph's on PostgreSQL, as the pod, has
// those changed last before others, the one in memory the first before others.
function plain(answer) {
  if (!Array.isArray(answer)) return answer && itemOf(answer);
  if (answer.every(Array.isArray)) return answer;
  const name = ({ namespace, key }) => JSON.stringify([namespace, key]);
  return answer.map(itemOf).sort((a, b) => (name(a) < name(b) ? -1 : 1));
}
function itemOf({ namespace, key, value, createdAt, updatedAt }) {
  assert.ok(createdAt instanceof Date && updatedAt instanceof Date);
  assert.ok(Math.abs(Date.now() - updatedAt.getTime()) < 60_000);
  return { namespace, key, value };
}

const MEMORIES = ['memories', 'ann'];
const CALLS = [
  (s) => s.get(MEMORIES, 'tea'),
  (s) => s.put(MEMORIES, 'tea', { text: 'green', cups: 3, tags: ['a'], in: { deep: 1 } }),
  (s) => s.get(MEMORIES, 'tea'),
  (s) => s.put(MEMORIES, 'tea', { text: 'black', cups: 4 }),
  (s) => s.get(MEMORIES, 'tea'),
  (s) => s.get(['memories'], 'tea'),
  (s) => s.put(MEMORIES, 'dog', { text: 'Bolt', cups: 0, is: null }, false),
  (s) => s.put(['memories', 'bea'], 'tea', { text: 'black', cups: 9 }, ['text']),
  (s) => s.put(['notes'], 'é "quoted" \n', { text: 'ünï' }),
  (s) => s.get(['notes'], 'é "quoted" \n'),
  (s) => s.put(['memoriesOfBob'], '1', {}),
  (s) => s.search(['memories']),
  (s) => s.search([]),
  (s) => s.search(MEMORIES, { limit: 1, offset: 2 }),
  (s) => s.search(['memories'], { filter: { text: 'black' } }),
  (s) => s.search(['memories'], { filter: { text: 'black', cups: 4 } }),
  (s) => s.search(['memories'], { filter: { cups: { $gt: 0, $lt: 9 } } }),
  (s) => s.search(['memories'], { filter: { cups: { $gte: 4 } } }),
  (s) => s.search(['memories'], { filter: { cups: { $lte: 4 } } }),
  (s) => s.search(['memories'], { filter: { text: { $ne: 'black' } } }),
  (s) => s.search(['memories'], { filter: { text: { $eq: 'black' } } }),
  (s) => s.search(['memories'], { filter: { text: { $in: ['Bolt', 'x'] } } }),
  (s) => s.search(['memories'], { filter: { text: { $nin: ['Bolt', 'x'] } } }),
  (s) => s.search(['memories'], { filter: { is: null, cups: 0 } }),
  (s) => s.search(['none']),
  (s) => s.listNamespaces(),
  (s) => s.listNamespaces({ prefix: ['memories'] }),
  (s) => s.listNamespaces({ prefix: ['*', 'ann'] }),
  (s) => s.listNamespaces({ suffix: ['bea'] }),
  (s) => s.listNamespaces({ maxDepth: 1 }),
  (s) => s.listNamespaces({ limit: 1, offset: 1 }),
  (s) => s.delete(MEMORIES, 'dog'),
  (s) => s.delete(MEMORIES, 'dog'),
  (s) => s.get(MEMORIES, 'dog'),
  (s) =>
    s.batch([
      { namespace: MEMORIES, key: 'tea' },
      { namespace: MEMORIES, key: 'tea', value: { n: 1 } },
      { namespace: MEMORIES, key: 'tea', value: { n: 2 } },
      { namespace: ['notes'], key: 'é "quoted" \n', value: null },
      { namespacePrefix: MEMORIES },
      // What the one in memory gives for a get is its own item, which the put then changes.
    ]).then(([, , , , found]) => found),
  (s) => s.get(MEMORIES, 'tea'),
  (s) => s.search([], { limit: 100 }),
];
const REFUSED = [
  (s) => s.put([], 'k', {}),
  (s) => s.put(['a.b'], 'k', {}),
  (s) => s.put(['langgraph'], 'k', {}),
  (s) => s.put(['a', ''], 'k', {}),
];

test('it answers as the store in memory', async () => {
  const memory = new InMemoryStore();
  for (const call of CALLS) {
    const [ours, theirs] = [await call(store), await call(memory)];
    assert.deepEqual(plain(ours), plain(theirs), String(call));
  }
  for (const call of REFUSED) {
    await assert.rejects(call(memory), { name: 'InvalidNamespaceError' });
    await assert.rejects(call(store), { name: 'InvalidNamespaceError' }, String(call));
  }
});

test('reads of a batch see what was there before it', async () => {
  await store.put(['a'], 'k', { n: 1 });
  const [before, put, listed] = await store.batch([
    { namespace: ['a'], key: 'k' },
    { namespace: ['a'], key: 'k', value: { n: 2 } },
    { limit: 10, offset: 0 },
  ]);
  assert.deepEqual([before.value, put, listed], [{ n: 1 }, null, [['a']]]);
  assert.deepEqual((await store.get(['a'], 'k')).value, { n: 2 });
});

test('who has read a version writes on that one alone', async () => {
  assert.equal(await store.putIfVersion(['a'], 'k', { n: 1 }, 0), 1);
  assert.equal((await store.get(['a'], 'k')).version, 1);
  assert.equal(await store.putIfVersion(['a'], 'k', { n: 2 }, 1), 2);
  await assert.rejects(store.putIfVersion(['a'], 'k', { n: 3 }, 1), (error) => {
    assert.equal(error.data.code, 'CONFLICT');
    return true;
  });
  assert.deepEqual((await store.get(['a'], 'k')).value, { n: 2 });
});

test('more than a page is found, and a query finds what was put just now', async () => {
  await store.batch(
    Array.from({ length: 130 }, (_, i) => ({ namespace: ['many'], key: String(i), value: { i, text: `fact ${i}` } })),
  );
  const found = await store.search(['many'], { limit: 120, offset: 5 });
  assert.equal(new Set(found.map(({ key }) => key)).size, 120);
  // A query waits for the index, on a busy machine not long enough.
  const asked = () => store.search(['many'], { query: 'fact 77' });
  let [best, ...others] = await asked();
  for (const end = Date.now() + 60_000; best?.key !== '77' && Date.now() < end; ) [best, ...others] = await asked();
  assert.equal(best.key, '77');
  assert.ok(best.score > (others[0]?.score ?? 0));
  // Somebody's whole message, and more than the pod gives: what it can answer is the answer.
  const message = `fact 77 ${'😀'.repeat(1000)}`;
  assert.ok(Array.isArray(await store.search(['many'], { query: message })));
  assert.equal((await store.search(['many'], { limit: 20_000 })).length, 130);
  assert.deepEqual(await store.search(['many'], { offset: 10_001 }), []);
});

test('a graph that is compiled with it remembers from one thread to the next', async () => {
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('remember', async (_, { store: its }) => {
      const before = await its.get(MEMORIES, 'visits');
      await its.put(MEMORIES, 'visits', { count: (before?.value.count ?? 0) + 1 });
      return {};
    })
    .addEdge(START, 'remember')
    .addEdge('remember', END)
    .compile({ store });
  await graph.invoke({ messages: [] }, { configurable: { thread_id: '1' } });
  await graph.invoke({ messages: [] }, { configurable: { thread_id: '2' } });
  assert.deepEqual((await store.get(MEMORIES, 'visits')).value, { count: 2 });
});
