// LangGraph with its SqliteSaver: runs of one graph that goes round five times, each round with a
// model that is a script in this process, one call of a tool, and a state of 4 KiB. Prints one line
// of JSON; the exit code is 1 if a checkpoint is not as it should be.
//
//   node runs.mjs --count N --in-flight N --warm N --durability sync|async|exit --file FILE
//
// It is written to win: the model is a function and no chat model of LangChain's, statements of
// SQLite are the saver's own, and its checkpoints are read by one query a run.
import { tool } from '@langchain/core/tools';
import { Annotation, END, START, StateGraph } from '@langchain/langgraph';
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite';
import { parseArgs } from 'node:util';
import { z } from 'zod';

const rounds = 5;
const stateBytes = 4096;

const textOf = (round) =>
  `what the model has said in round ${round}, `.repeat(stateBytes / 30).slice(0, stateBytes);
const foundIn = (round) => JSON.stringify({ text: `what was found for ${round}` });

const model = (round) => ({
  text: textOf(round),
  toolCalls: [{ id: `call-${round}`, name: 'numbers_look', args: { number: round } }],
});

let toolCalls = 0;
const look = tool(
  ({ number }) => {
    ++toolCalls;
    return foundIn(number);
  },
  { name: 'numbers_look', description: 'Looks for a number.', schema: z.object({ number: z.int() }) },
);

const State = Annotation.Root({ round: Annotation(), text: Annotation(), found: Annotation() });

async function work(state) {
  const answer = model(state.round + 1);
  const found = await look.invoke(answer.toolCalls[0].args);
  return { round: state.round + 1, text: answer.text, found };
}

/** A saver whose every put is on disk when it is answered: `setup` makes the journal a WAL, and at
 * synchronous=FULL SQLite syncs that with each commit. better-sqlite3 is built with NORMAL, which
 * syncs at checkpoints of the WAL only. */
export function syncedSaver(file) {
  const saver = SqliteSaver.fromConnString(file);
  saver.setup();
  saver.db.pragma('synchronous = FULL');
  const durable = [saver.db.pragma('journal_mode', { simple: true }), saver.db.pragma('synchronous', { simple: true })];
  if (durable.join() !== 'wal,2') throw new Error(`journal_mode, synchronous: ${durable}`);
  return saver;
}

/** Whether a run's checkpoints, newest first, are all there: the input, the state before the first
 * round, and one behind each. Of durability `exit` only the last is kept. */
export function areWhole(states, durability) {
  const expected = Array.from({ length: rounds + 1 }, (_, i) => rounds - i);
  const wanted = durability === 'exit' ? expected.slice(0, 1) : expected;
  // The oldest is the input itself, which has no state yet.
  const found = durability === 'exit' ? states : states.slice(0, -1);
  return (
    found.length === wanted.length &&
    found.every(
      (state, i) =>
        state.round === wanted[i] && state.text === textOf(wanted[i]) && state.found === foundIn(wanted[i]),
    )
  );
}

export async function measure({ count, inFlight, warm, durability, file, open = syncedSaver }) {
  const saver = open(file);
  const graph = new StateGraph(State)
    .addNode('work', work)
    .addEdge(START, 'work')
    .addConditionalEdges('work', (state) => (state.round < rounds ? 'work' : END), ['work', END])
    .compile({ checkpointer: saver });
  let begun = 0;
  let wrong = 0;
  const calledBefore = toolCalls;
  const runOne = async () => {
    const configurable = { thread_id: `run-${begun++}` };
    await graph.invoke({ round: 0, text: textOf(0), found: foundIn(0) }, { configurable, durability });
    const states = [];
    for await (const kept of saver.list({ configurable })) states.push(kept.checkpoint.channel_values);
    if (!areWhole(states, durability)) ++wrong;
  };
  const run = async (most) => {
    let left = most;
    const worker = async () => {
      while (left-- > 0) await runOne();
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
  };
  await run(warm);
  const processor = process.cpuUsage();
  const begin = process.hrtime.bigint();
  await run(count);
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  const { user, system } = process.cpuUsage(processor);
  saver.db.close();
  wrong += Math.abs(toolCalls - calledBefore - (warm + count) * rounds);
  return { runs_per_s: count / seconds, cpu_us_per_run: (user + system) / count, runs: count, wrong };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '500' },
      'in-flight': { type: 'string', default: '64' },
      warm: { type: 'string', default: '100' },
      durability: { type: 'string', default: 'sync' },
      file: { type: 'string' },
    },
  });
  const result = await measure({
    count: Number(values.count),
    inFlight: Number(values['in-flight']),
    warm: Number(values.warm),
    durability: values.durability,
    file: values.file,
  });
  console.log(JSON.stringify(result));
  process.exit(result.wrong === 0 ? 0 : 1);
}
