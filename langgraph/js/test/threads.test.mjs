// The Agent Protocol's threads, called by the official @langchain/langgraph-sdk, beside a graph whose threads are in the pod.
import { AIMessage, HumanMessage } from '@langchain/core/messages';
import { Annotation, Command, END, interrupt, MessagesAnnotation, Send, START, StateGraph } from '@langchain/langgraph';
import { Client } from '@langchain/langgraph-sdk';
import assert from 'node:assert/strict';

import { SynapSaver } from '@synap/langgraph';

import { Pod } from './pod.mjs';

let pod;
let client;
let threads;
beforeAll(async () => {
  pod = await Pod.start();
});
afterAll(() => pod.remove());

const sdk = (apiKey) => new Client({ apiUrl: pod.running.url, apiKey, callerOptions: { maxRetries: 0 } });
beforeEach(async () => {
  const { key } = await pod.owner.users.create.mutate({ name: `threads ${++pod.users}` });
  client = pod.clientOf(key);
  threads = sdk(key).threads;
});

const State = Annotation.Root({
  ...MessagesAnnotation.spec,
  log: Annotation({ reducer: (left, right) => left.concat(right), default: () => [] }),
  rest: Annotation(),
});
const at = (thread_id) => ({ configurable: { thread_id } });

/** Two nodes, of which the second asks a person. */
const asking = () =>
  new StateGraph(State)
    .addNode('first', () => ({ log: ['first'], messages: [new AIMessage({ content: 'Hello', id: 'm2' })] }))
    .addNode('second', () => ({ log: [interrupt({ question: 'May I?' })] }))
    .addEdge(START, 'first')
    .addEdge('first', 'second')
    .addEdge('second', END)
    .compile({ checkpointer: new SynapSaver(client) });

/** What the SDK shows is what the graph itself says of the state. */
function same(shown, state) {
  assert.deepEqual([...shown.next].sort(), [...state.next].sort());
  assert.equal(shown.checkpoint.checkpoint_id, state.config.configurable.checkpoint_id);
  assert.equal(shown.parent_checkpoint?.checkpoint_id, state.parentConfig?.configurable.checkpoint_id);
  assert.equal(shown.created_at, state.createdAt);
  const task = ({ name, interrupts }) => JSON.stringify([name, interrupts.map(({ id }) => id)]);
  assert.deepEqual(shown.tasks.map(task).sort(), state.tasks.map(task).sort());
}

async function statesOf(graph, thread) {
  const states = [];
  for await (const state of graph.getStateHistory(at(thread))) states.push(state);
  return states;
}

test('a thread that was made here is interrupted and resumed by its graph', async () => {
  const graph = asking();
  const made = await threads.create({ threadId: 't', metadata: { who: 'ann' }, graphId: 'asking' });
  assert.deepEqual([made.status, made.metadata, made.values], ['idle', { who: 'ann', graph_id: 'asking' }, {}]);
  await graph.invoke({ log: ['input'], messages: [new HumanMessage({ content: 'Hi', id: 'm1' })] }, at('t'));
  const asked = await threads.get('t');
  assert.equal(asked.status, 'interrupted');
  assert.deepEqual(Object.values(asked.interrupts).flat().map(({ value }) => value), [{ question: 'May I?' }]);
  assert.deepEqual(asked.values.log, ['input', 'first']);
  assert.deepEqual(
    asked.values.messages.map(({ type, content, id }) => [type, content, id]),
    [['human', 'Hi', 'm1'], ['ai', 'Hello', 'm2']],
  );
  same(await threads.getState('t'), await graph.getState(at('t')));

  const copied = await threads.copy('t');
  assert.equal(copied.status, 'interrupted');
  await graph.invoke(new Command({ resume: 'yes' }), at('t'));
  const answered = await threads.get('t');
  assert.deepEqual([answered.status, answered.values.log], ['idle', ['input', 'first', 'yes']]);
  await graph.invoke(new Command({ resume: 'other' }), at(copied.thread_id));
  assert.deepEqual((await threads.get(copied.thread_id)).values.log, ['input', 'first', 'other']);

  const states = await statesOf(graph, 't');
  const history = await threads.getHistory('t');
  assert.equal(history.length, 4);
  history.forEach((shown, i) => same(shown, states[i]));
  const { checkpoint } = history[2];
  assert.deepEqual(await threads.getState('t', checkpoint.checkpoint_id), history[2]);
  assert.deepEqual(await threads.getState('t', checkpoint), history[2]);
  assert.deepEqual(await threads.getHistory('t', { before: { configurable: checkpoint } }), history.slice(3));
  assert.deepEqual(await threads.getState('t', undefined, { select: ['values.log'] }), { values: { log: ['input', 'first', 'yes'] } });
});

test('what is to be done is what the graph says', async () => {
  const names = (name) => () => ({ log: [name] });
  const graph = new StateGraph(State)
    .addNode('a', names('a'))
    .addNode('b', names('b'))
    .addNode('join', names('join'))
    .addNode('sent', (given) => ({ log: [interrupt(given)] }))
    .addEdge(START, 'a')
    .addEdge(START, 'b')
    .addEdge(['a', 'b'], 'join')
    .addConditionalEdges('join', () => ['b', new Send('sent', { x: 1 }), new Send('sent', { x: 2 })])
    .compile({ checkpointer: new SynapSaver(client) });
  await graph.invoke({ log: ['input'] }, at('many'));
  const states = await statesOf(graph, 'many');
  const history = await threads.getHistory('many');
  assert.equal(history.length, states.length);
  history.forEach((shown, i) => same(shown, states[i]));
  same(await threads.getState('many'), await graph.getState(at('many')));
  assert.equal((await threads.get('many')).status, 'interrupted');

  const failing = new StateGraph(State)
    .addNode('bad', () => {
      throw new TypeError('it cannot be');
    })
    .addEdge(START, 'bad')
    .compile({ checkpointer: new SynapSaver(client) });
  await assert.rejects(failing.invoke({ log: [] }, at('failed')));
  assert.equal((await threads.get('failed')).status, 'error');
  const [task] = (await threads.getState('failed')).tasks;
  assert.equal(task.name, 'bad');
  assert.match(task.error, /it cannot be/);
});

test('values are shown as they are', async () => {
  const rest = { set: new Set(['a']), n: 1.5, list: [null, true], map: new Map([['k', 1]]) };
  const graph = new StateGraph(State)
    .addNode('one', () => ({ rest }))
    .addEdge(START, 'one')
    .compile({ checkpointer: new SynapSaver(client) });
  await graph.invoke({ log: [] }, at('values'));
  const shown = (await threads.get('values')).values.rest;
  assert.deepEqual([shown.set, shown.n, shown.list, shown.map.id], [['a'], 1.5, [null, true], ['Map']]);
});

test('threads are found, changed and deleted', async () => {
  for (const threadId of ['a/b', 'search', 'é ?&']) await threads.create({ threadId, metadata: { tags: [threadId] } });
  const found = (query) => threads.search(query).then((list) => list.map(({ thread_id }) => thread_id));
  assert.deepEqual(await found({ sortBy: 'thread_id', sortOrder: 'asc' }), ['a/b', 'search', 'é ?&']);
  assert.deepEqual(await found({ metadata: { tags: ['search'] } }), ['search']);
  assert.deepEqual(await found({ ids: ['a/b'] }), ['a/b']);
  assert.equal(await threads.count({ status: 'idle' }), 3);
  const changed = await threads.update('a/b', { metadata: { more: 1 } });
  assert.deepEqual(changed.metadata, { tags: ['a/b'], more: 1 });
  await threads.delete('a/b');
  assert.deepEqual(await threads.prune(['search', 'none']), { pruned_count: 1 });
  assert.deepEqual(await found(), ['é ?&']);
});

test('what is refused says why', async () => {
  const refuses = (promise, status, text) =>
    assert.rejects(promise, (error) => error.status === status && error.message.includes(text));
  await threads.create({ threadId: 't' });
  await refuses(threads.create({ threadId: 't' }), 409, 'There is such a thread');
  assert.equal((await threads.create({ threadId: 't', ifExists: 'do_nothing' })).thread_id, 't');
  await refuses(threads.create({ ttl: 5 }), 400, 'ttl');
  await refuses(threads.get('none'), 404, 'no such thread');
  await refuses(threads.getState('t', 'none'), 404, 'no such checkpoint');
  await refuses(threads.updateState('t', { values: {} }), 501, 'update_state');
  await refuses(sdk(pod.running.key).runs.create('t', 'agent'), 501, 'SynapSaver');
  await refuses(sdk('synap_none').threads.get('t'), 401, 'key');
  await refuses(sdk(pod.running.key).threads.get('t'), 404, 'no such thread');
});
