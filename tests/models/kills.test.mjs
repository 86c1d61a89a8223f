// A pod that is killed at random moments while graphs run, again and again: those of a model and a tool that
// writes (chat), and those that file a thought by rules (capture).
//
//   KILLS=6 SEED=n node --test kills.test.mjs
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'node:test';

import { random } from '../fault/pod.mjs';
import { ask, calls, ended, entry, happened, pod, post, provider } from './harness.mjs';

const kills = Number(process.env.KILLS ?? 6);
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const kChats = 6; // begun before each kill
const kThoughts = 2;

test('kill -9 at random: every run ends once, no finished call is made again, no message comes twice', async (t) => {
  const choices = random(seed);
  const mock = await provider(t, (m) => {
    m.on({ userMessage: /question/, hasToolResult: false },
      { toolCalls: [{ name: 'notes_create', arguments: '{"content":"of an answer"}' }] }, { latency: 20 });
    m.on({ userMessage: /question/, hasToolResult: true }, { content: 'Here you are.' }, { latency: 5 });
  });
  let one = await pod(t, { chat: [entry(mock)] });
  const chats = [];
  const thoughts = [];
  let hit = 0;
  for (let kill = 0; kill < kills; ++kill) {
    const asked = [
      ...Array.from({ length: kChats }, (_, i) => ['chat.send', { text: `question ${kill} ${i}` }]),
      // Nothing that is found by a question: what was read taints, and is answered with a proposal.
      ...Array.from({ length: kThoughts }, () => ['capture.thought', { text: 'buy milk' }]),
    ].map(([procedure, input], i) => ({ procedure, input, key: { 'idempotency-key': `${kill}-${i}` } }));
    const open = asked.map(({ procedure, input, key }) => post(one, procedure, input, key).catch(() => null));
    await sleep(choices.between(20, 420));
    const [again, ...answers] = await Promise.all([one.again('SIGKILL'), ...open]);
    one = again;
    const { runs } = await ask(one, 'agents.runs', { limit: kChats + kThoughts });
    hit += runs.filter(({ status }) => status === 'running').length;
    // Whoever has had no answer asks again with the same key.
    for (const [i, { procedure, input, key }] of asked.entries()) {
      (i < kChats ? chats : thoughts).push(answers[i] ?? await post(one, procedure, input, key));
    }
  }
  // What the kills have left is done now: as long as runs end, however long that takes.
  const runs = [...chats.map(({ runId }) => runId), ...thoughts.map(({ entityId }) => entityId)].sort();
  let ends = [];
  for (let last = Date.now(); ends.length < runs.length;) {
    await sleep(500);
    const now = await happened(one, 'agent.run.completed', 'agent.run.failed');
    if (now.length > ends.length) last = Date.now();
    ends = now;
    assert.ok(Date.now() - last < 60_000, `${runs.length - ends.length} runs do not end`);
  }
  for (const { entityId, runId } of chats) {
    const run = await ended(one, runId);
    assert.equal(run.status, 'completed', JSON.stringify(run.error));
    const { messages } = await ask(one, 'chat.get', { id: entityId });
    assert.deepEqual(messages.map((message) => message.role), ['user', 'assistant']);
    assert.equal(messages[1].text, 'Here you are.', JSON.stringify(messages[1]));
  }
  for (const { entityId } of thoughts) {
    const run = await ended(one, entityId);
    assert.equal(run.status, 'completed', JSON.stringify(run.error));
    assert.equal(run.output.kind, 'task');
  }
  ends = await happened(one, 'agent.run.completed', 'agent.run.failed');
  assert.deepEqual(ends.map((event) => event.aggregateId).sort(), runs, 'every run ends once');
  // Each has used its tool once, of which what was asked for is told at once, and what came of it later.
  assert.equal((await happened(one, 'note.creation.requested')).length, chats.length);
  assert.equal((await happened(one, 'task.creation.completed')).length, thoughts.length);
  const said = await happened(one, 'chat.message.created');
  assert.equal(said.length, 2 * chats.length, 'no message comes twice');
  // Of each chat two calls have come to their end; those that were cut short are told apart.
  const all = await calls(one);
  const finished = all.filter((event) => ['stop', 'tools'].includes(event.data.finish));
  assert.equal(finished.length, 2 * chats.length);
  t.diagnostic(`${kills} kills (SEED=${seed}) in ${runs.length} runs: ${hit} were under way, `
    + `${all.length - finished.length} calls of models were cut short`);
  if (kills >= 50) assert.ok(hit >= kills, `kills hit runs that are under way: ${hit}`);
});
