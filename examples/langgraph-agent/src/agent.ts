// An agent of LangGraph: when a task is done, it asks the pod's language model what is worth keeping, and makes notes of that.
import { createServer } from 'node:http';

import { tool } from '@langchain/core/tools';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { createSynapClient, type DataOf, type ModelMessageInput } from '@synap/client';
import { SynapSaver } from '@synap/langgraph';
import { eventType, Inngest, staticSchema } from 'inngest';
import { serve } from 'inngest/node';
import { z } from 'zod';

const url = process.env.SYNAP_URL ?? 'http://127.0.0.1:4400';
const port = Number(process.env.PORT ?? 3000);
const apiClient = createSynapClient({ url, key: process.env.SYNAP_KEY });
const inngest = new Inngest({ id: 'agent', baseUrl: url, isDev: process.env.INNGEST_SIGNING_KEY === undefined });

// The agent calls the same API as people do. A call that comes again after a crash is the same call, by its key.
const Entity = z.object({ title: z.string().describe('A few words.'), content: z.string().describe('Markdown.') });
const createEntityTool = tool(
  async (input, config) => {
    const { thread_id: eventId, callId } = config.configurable;
    const result = await apiClient.causedBy({ id: eventId }).notes.create.mutate({
      content: input.content,
      title: input.title,
      idempotencyKey: `${eventId}:${callId}`,
    });
    console.log('made the note', JSON.stringify(input.title));
    return JSON.stringify(result);
  },
  { name: 'createEntity', description: 'Keeps a note.', schema: Entity },
);

const State = Annotation.Root({
  messages: Annotation<ModelMessageInput[]>({ reducer: (before, more) => [...before, ...more], default: () => [] }),
});

// Which model that is, the pod's settings say.
async function think({ messages }: typeof State.State): Promise<typeof State.Update> {
  console.log('thinks');
  const { text, toolCalls } = await apiClient.models.generate.mutate({
    messages,
    tools: [{
      name: createEntityTool.name,
      description: createEntityTool.description,
      parameters: z.toJSONSchema(Entity) as Record<string, unknown>,
    }],
  });
  return { messages: [{ role: 'assistant', text, toolCalls }] };
}

async function act({ messages }: typeof State.State, config: { configurable?: { thread_id?: string } }) {
  const answers: ModelMessageInput[] = [];
  for (const { id, input } of messages.at(-1)?.toolCalls ?? []) {
    const configurable = { thread_id: config.configurable?.thread_id, callId: id };
    const text = await createEntityTool.invoke(input as z.infer<typeof Entity>, { configurable })
      .catch((error: Error) => error.message); // for the model, which may do better
    answers.push({ role: 'tool', toolCallId: id, text });
  }
  return { messages: answers };
}

const graph = new StateGraph(State)
  .addNode('think', think)
  .addNode('act', act)
  .addEdge(START, 'think')
  .addConditionalEdges('think', ({ messages }) => (messages.at(-1)?.toolCalls?.length ? 'act' : END))
  .addEdge('act', 'think')
  .compile({ checkpointer: new SynapSaver(apiClient) });

const taskDone = eventType('task.completion.completed', {
  schema: staticSchema<DataOf<'task.completion.completed'>>(),
});

const agent = inngest.createFunction({ id: 'keep-what-was-learnt', triggers: [taskDone] }, async ({ event }) => {
  // The event names the thread. Where this process died, the pod calls again, and the graph goes on at its checkpoint.
  const config = { configurable: { thread_id: event.id! }, durability: 'sync' as const, recursionLimit: 20 };
  const { createdAt, next, values } = await graph.getState(config);
  const question = `The task "${event.data.title}" is done. Keep what is worth keeping in notes.`;
  const input = createdAt === undefined ? { messages: [{ role: 'user' as const, text: question }] } : null;
  // Where all is over, that alone was not told.
  const isOver = createdAt !== undefined && next.length === 0;
  const { messages }: typeof State.State = isOver ? values : await graph.invoke(input, config);
  return { answer: messages.at(-1)?.text };
});

createServer(serve({ client: inngest, functions: [agent] })).listen(port, '127.0.0.1', async () => {
  const { isRegistered, problem } = await apiClient.apps.sync.mutate({ url: `http://127.0.0.1:${port}/api/inngest` });
  console.log(isRegistered ? `working for ${url}` : `not registered: ${problem}`);
});
