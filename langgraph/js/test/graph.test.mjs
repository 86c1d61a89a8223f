// Graphs of LangGraph whose threads are in a pod.
import { Annotation, Command, END, interrupt, START, StateGraph } from '@langchain/langgraph';
import assert from 'node:assert/strict';

import { SynapSaver } from '@synap/langgraph';

import { Pod } from './pod.mjs';

let pod;
let client;
beforeAll(async () => {
  pod = await Pod.start();
});
afterAll(() => pod.remove());
beforeEach(async () => {
  client = await pod.user();
});

const State = Annotation.Root({
  large: Annotation(),
  log: Annotation({ reducer: (left, right) => left.concat(right), default: () => [] }),
});

const config = (thread_id, more = {}) => ({ configurable: { thread_id, ...more } });

/** Two nodes, of which the second asks a person. */
function asking(calls = []) {
  return new StateGraph(State)
    .addNode('first', () => {
      calls.push('first');
      return { log: ['first'] };
    })
    .addNode('second', () => {
      calls.push('second');
      return { log: [interrupt('May I?')] };
    })
    .addEdge(START, 'first')
    .addEdge('first', 'second')
    .addEdge('second', END)
    .compile({ checkpointer: new SynapSaver(client) });
}

async function threadEvents() {
  const { events } = await client.events.list.query({ types: ['graph.thread.*'] });
  return events.map(({ type, data }) => `${type.slice('graph.thread.'.length)} ${data.threadId}`);
}

test('a graph that asks goes on with its answer in another process, and the log tells of it', async () => {
  const calls = [];
  const asked = await asking(calls).invoke({ log: ['input'] }, config('t'));
  assert.equal(asked.__interrupt__[0].value, 'May I?');
  assert.deepEqual(await threadEvents(), ['created t', 'interrupted t']);
  // Nothing but the pod knows of the thread.
  const answered = await asking(calls).invoke(new Command({ resume: 'yes' }), config('t'));
  assert.deepEqual(answered.log, ['input', 'first', 'yes']);
  assert.deepEqual(calls, ['first', 'second', 'second']);
  assert.deepEqual(await threadEvents(), ['created t', 'interrupted t', 'resumed t']);
  await new SynapSaver(client).deleteThread('t');
  assert.equal(await new SynapSaver(client).getTuple(config('t')), undefined);
  assert.deepEqual(await threadEvents(), ['created t', 'interrupted t', 'resumed t', 'deleted t']);
});

test('an interrupted graph that gets another input begins anew, and waits again', async () => {
  const graph = asking();
  await graph.invoke({ log: ['one'] }, config('t'));
  await graph.invoke({ log: ['two'] }, config('t'));
  assert.deepEqual(await threadEvents(), ['created t', 'interrupted t', 'resumed t', 'interrupted t']);
});

test('two branches of one thread have states of their own', async () => {
  const graph = new StateGraph(State)
    .addNode('add', ({ log }) => ({ log: [`after ${log.at(-1)}`] }))
    .addEdge(START, 'add')
    .addEdge('add', END)
    .compile({ checkpointer: new SynapSaver(client) });
  await graph.invoke({ log: ['one'] }, config('t'));
  const fork = (await graph.getState(config('t'))).config;
  await graph.invoke({ log: ['left'] }, config('t'));
  const left = (await graph.getState(config('t'))).config;
  await graph.invoke({ log: ['right'] }, fork);
  const right = (await graph.getState(config('t'))).config;
  const logOf = async (at) => (await graph.getState(at)).values.log;
  assert.deepEqual(await logOf(left), ['one', 'after one', 'left', 'after left']);
  assert.deepEqual(await logOf(right), ['one', 'after one', 'right', 'after right']);
  // Two forks of one checkpoint, which has both children.
  await graph.updateState(fork, { log: ['edited'] });
  assert.deepEqual(await logOf(config('t')), ['one', 'after one', 'edited']);
  const history = [];
  for await (const state of graph.getStateHistory(config('t'))) history.push(state);
  assert.equal(history.length, 10);
});

test('a step costs what it changes: a large value is sent and kept once', async () => {
  let sent = 0;
  const counting = await pod.user({ fetch: (url, init) => {
    sent += init?.body?.length ?? 0;
    return fetch(url, init);
  } });
  let builder = new StateGraph(State);
  for (let i = 0; i < 10; ++i) {
    builder = builder.addNode(`n${i}`, () => ({ log: [i] })).addEdge(i === 0 ? START : `n${i - 1}`, `n${i}`);
  }
  const graph = builder.addEdge('n9', END).compile({ checkpointer: new SynapSaver(counting) });
  const large = 'x'.repeat(300_000);
  await graph.invoke({ large, log: [] }, config('t'));
  const state = await graph.getState(config('t'));
  assert.equal(state.values.large.length, large.length);
  assert.deepEqual(state.values.log, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  // As the input (__start__), its write, and the channel.
  assert.ok(sent > large.length && sent < 5 * large.length, `${sent} bytes were sent`);
});

test('subgraphs, copies, runs and pruning', async () => {
  const inner = new StateGraph(State)
    .addNode('ask', () => ({ log: [interrupt('inner?')] }))
    .addEdge(START, 'ask')
    .addEdge('ask', END)
    .compile();
  const saver = new SynapSaver(client);
  const graph = new StateGraph(State)
    .addNode('before', () => ({ log: ['before'] }))
    .addNode('inner', inner)
    .addEdge(START, 'before')
    .addEdge('before', 'inner')
    .addEdge('inner', END)
    .compile({ checkpointer: saver });
  await graph.invoke({ log: ['input'] }, config('t', { run_id: 'r1' }));
  assert.deepEqual(await threadEvents(), ['created t', 'interrupted t']);
  await saver.copyThread('t', 'copy');
  await saver.prune(['t']);
  for (const thread of ['t', 'copy']) {
    const answered = await graph.invoke(new Command({ resume: 'yes' }), config(thread, { run_id: 'r2' }));
    assert.deepEqual(answered.log.filter((one) => one !== 'input' && one !== 'before').at(-1), 'yes', thread);
  }
  const idsOf = async (thread) => {
    const ids = [];
    for await (const tuple of saver.list(config(thread))) ids.push(tuple.config.configurable.checkpoint_id);
    return ids;
  };
  const before = await idsOf('copy');
  await saver.deleteForRuns(['r1']);
  const after = await idsOf('copy');
  assert.ok(after.length > 0 && after.length < before.length, `${after.length} of ${before.length}`);
  await saver.prune(['copy'], 'delete');
  assert.deepEqual(await idsOf('copy'), []);
});


test('what the pod refuses is said in its words', async () => {
  const saver = new SynapSaver(client);
  await assert.rejects(saver.copyThread('none', 'other'), /You have no such thread/);
  await assert.rejects(saver.put({}, { id: 'x', channel_values: {} }, {}, {}), /"thread_id"/);
});
