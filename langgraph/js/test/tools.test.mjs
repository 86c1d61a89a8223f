// Procedures of a pod as tools of a graph.
import { AIMessage, HumanMessage } from '@langchain/core/messages';
import { MessagesAnnotation, START, END, StateGraph } from '@langchain/langgraph';
import { ToolNode } from '@langchain/langgraph/prebuilt';
import assert from 'node:assert/strict';

import { SynapSaver, tools } from '@synap/langgraph';

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
const toolsOf = (...names) => tools({ client, url: pod.running.url, names });

test('a tool says what its procedure says, and asks the model for no key', async () => {
  const [create, list] = await toolsOf('tasks.create', 'tasks.list');
  assert.equal(create.name, 'tasks_create');
  assert.ok(create.description.length > 10, create.description);
  assert.deepEqual(create.metadata, { procedure: 'tasks.create', scope: 'tasks:write', effects: 'appends' });
  assert.deepEqual(create.schema.required, ['title']);
  assert.ok('dueDate' in create.schema.properties && !('idempotencyKey' in create.schema.properties));
  assert.doesNotMatch(JSON.stringify(create.schema), /\$ref/);
  assert.equal(JSON.parse(await create.invoke({ title: 'one' })).status, 'completed');
  assert.deepEqual(JSON.parse(await list.invoke({})).tasks.map(({ title }) => title), ['one']);
});

test('what a model gets wrong, and what the pod refuses, is told in sentences', async () => {
  const [create, get] = await toolsOf('tasks.create', 'tasks.get');
  await assert.rejects(create.invoke({ name: 'x' }), /schema|title/);
  await assert.rejects(get.invoke({ id: '01890a5d-ac96-774b-bcce-b302099a8057' }), /no such task/i);
  await assert.rejects(toolsOf('tasks.shred'), /no procedure tasks\.shred/);
  await assert.rejects(toolsOf('events.watch'), /is a stream/);
});

test('a call that comes again is done once', async () => {
  const node = new ToolNode(await toolsOf('tasks.create'));
  const asked = new AIMessage({
    content: '', tool_calls: [{ id: 'call-1', name: 'tasks_create', args: { title: 'once' }, type: 'tool_call' }],
  });
  const graph = new StateGraph(MessagesAnnotation)
    .addNode('ask', () => ({ messages: [asked] }))
    .addNode('act', node)
    .addEdge(START, 'ask').addEdge('ask', 'act').addEdge('act', END)
    .compile({ checkpointer: new SynapSaver(client) });
  const config = { configurable: { thread_id: 't' } };
  await graph.invoke({ messages: [new HumanMessage('go')] }, config);
  // From the checkpoint before the node, as after a crash within it.
  for await (const state of graph.getStateHistory(config)) {
    if (state.next[0] === 'act') await graph.invoke(null, state.config);
  }
  assert.deepEqual((await client.tasks.list.query()).tasks.map(({ title }) => title), ['once']);
  const again = await graph.invoke({ messages: [new HumanMessage('go')] }, { configurable: { thread_id: 'u' } });
  assert.equal(JSON.parse(again.messages.at(-1).content).status, 'completed');
  assert.equal((await client.tasks.list.query()).tasks.length, 2);
});
