// Agents of a pod that is many nodes: each node carries some runs out, and what one had that is killed the
// others do, as a pod that is alone does after a crash. And the vectors of all, which one of them makes.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'node:test';

import { environment } from '../fault/pod.mjs';
import { Server } from '../fault/postgres_server.mjs';
import { Nodes } from '../fault/shared_runs.mjs';
import { embeddings, settings } from './embeddings.mjs';
import { ask, calls, entry, KEY, post, provider, toml } from './harness.mjs';

const kLeaseMs = 3_000;

async function until(what, look, ms = 120_000) {
  for (const end = Date.now() + ms; ;) {
    const found = await look().catch(() => null);
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await sleep(50);
  }
}

/** Nodes with these models. */
async function nodesOf(t, models, names) {
  const folder = mkdtempSync(path.join(tmpdir(), 'synap-nodes-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'synap.toml');
  writeFileSync(config, `models = ${toml(models)}\n`);
  environment.TEST_MODEL_KEY = KEY;
  const server = await Server.make(t);
  const nodes = new Nodes(server, ['--node-lease-ms', String(kLeaseMs), '--config', config]);
  for (const name of names) await nodes.add(t, name);
  const { ownerKey } = nodes.all[0];
  return { server, nodes, at: (pod) => ({ url: `http://127.0.0.1:${pod.port}`, key: ownerKey }) };
}

/** Asks each of the nodes in turn until one answers: with one key a command is carried out once. */
async function command(all, procedure, input, key) {
  for (const end = Date.now() + 120_000; ;) {
    for (const { url, key: token } of all) {
      const answer = await fetch(`${url}/trpc/${procedure}`, {
        method: 'POST', body: JSON.stringify(input),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': key },
      }).catch(() => null);
      if (answer?.ok) return (await answer.json()).result.data;
    }
    if (Date.now() > end) throw new Error(`${procedure} was not done`);
    await sleep(50);
  }
}

const answers = (mock) => {
  mock.on({ userMessage: /question/, hasToolResult: false },
    { toolCalls: [{ name: 'notes_create', arguments: '{"content":"of an answer"}' }] }, { latency: 100 });
  mock.on({ userMessage: /question/, hasToolResult: true }, { content: 'Here you are.' }, { latency: 20 });
};

/** What is wrong with the chats that were `sent`, as they stand in the end. */
async function judge(one, sent) {
  for (const { entityId, runId } of sent) {
    const run = await until(`the end of ${runId}`, async () => {
      const found = await ask(one, 'agents.get', { id: runId });
      return ['completed', 'failed'].includes(found.status) && found;
    });
    assert.equal(run.status, 'completed', JSON.stringify(run.error));
    const { messages } = await ask(one, 'chat.get', { id: entityId });
    assert.deepEqual(messages.map((message) => message.role), ['user', 'assistant']);
    assert.equal(messages[1].text, 'Here you are.');
  }
  const { events: ends } = await ask(one, 'events.list', { types: ['agent.run.completed'], limit: 1000 });
  assert.equal(ends.length, sent.length);
  assert.equal(new Set(ends.map((event) => event.aggregateId)).size, sent.length);
  const { total } = await ask(one, 'notes.list', { limit: 1 });
  assert.equal(total, sent.length, 'each tool was called once');
  const finished = (await calls(one)).filter((event) => ['stop', 'tools'].includes(event.data.finish));
  assert.equal(finished.length, 2 * sent.length, 'no call of a model that has ended is made again');
}

test('nodes share the runs of agents', { timeout: 280_000 }, async (t) => {
  const mock = await provider(t, answers);
  const { server, nodes, at } = await nodesOf(t, { chat: [entry(mock)] }, ['one', 'two']);
  const [one, two] = nodes.all.map(at);
  const sent = await Promise.all(Array.from({ length: 24 }, (_, i) =>
    command([i % 2 ? one : two], 'chat.send', { text: `question ${i}` }, `shared-${i}`)));
  await judge(two, sent);
  const rows = await server.sql("SELECT node, count(*) FROM runs_data WHERE function = 'agents.run' GROUP BY node ORDER BY node");
  const by = Object.fromEntries(rows.split('\n').map((row) => row.split('|')).map(([name, count]) => [name, Number(count)]));
  assert.equal(by.one + by.two, sent.length, rows);
  assert.ok(by.one >= 4 && by.two >= 4, `each does some: ${rows}`);
});

test('what a node had of agents that is killed the others do, and nothing twice', { timeout: 280_000 }, async (t) => {
  const mock = await provider(t, answers);
  const { nodes, at } = await nodesOf(t, { chat: [entry(mock)] }, ['one', 'two', 'three']);
  const all = nodes.all.map(at);
  const sent = [];
  const rounds = Number(process.env.KILLS ?? 4);
  for (let round = 0; round < rounds; ++round) {
    const open = Array.from({ length: 8 }, (_, i) =>
      command(all, 'chat.send', { text: `question ${round} ${i}` }, `${round}-${i}`));
    await sleep(20 + Math.random() * 400);
    const killed = nodes.all[round % nodes.all.length];
    await killed.kill();
    sent.push(...await Promise.all(open));
    await killed.start();
  }
  await judge(all[0], sent);
});

test('one node makes the vectors of all, and another goes on where it was killed', { timeout: 280_000 }, async (t) => {
  const vectors = await embeddings(t);
  const { server, nodes, at } = await nodesOf(t, settings(vectors), ['one', 'two']);
  const [one, two] = nodes.all.map(at);
  const found = async (node, q) => {
    const { mode, hits } = await ask(node, 'search.query', { q, mode: 'semantic', limit: 1 });
    return mode === 'semantic' && hits[0]?.title;
  };
  const isFound = (node, q, title) => until(`${title} is found at ${node.url}`, async () => (await found(node, q)) === title);
  await command([two], 'notes.create', { content: 'My old car' }, 'first');
  await isFound(one, 'automobile', 'My old car');
  await isFound(two, 'automobile', 'My old car');
  assert.equal(vectors.asked.filter((text) => text.includes('My old car')).length, 1, 'one node made it');
  // Whoever leads is killed, in the midst of a text of some slices of passages.
  vectors.delayMs = 30;
  const parts = Array.from({ length: 60 }, (_, i) => `## Part ${i}\n\n${`This is part ${i} of a text. `.repeat(30)}`);
  await command([two], 'notes.create', { content: `# Long\n\n${parts.join('\n\n')}\n\n## End\n\nSourdough.` }, 'long');
  const made = () => vectors.asked.filter((text) => text.includes('of a text')).length;
  await until('some of it is made', async () => made() > 30);
  await nodes.all[0].kill();
  const before = made();
  vectors.delayMs = 0;
  await command([two], 'notes.create', { content: 'Baking at home' }, 'last');
  await isFound(two, 'flour', 'Baking at home');
  const again = vectors.asked.filter((text) => text.includes('of a text'));
  const twice = again.length - new Set(again).size;
  assert.ok(before > 30 && twice <= 17, `${twice} of ${before} were made again: a slice at most, and the one under way`);
  await nodes.all[0].start();
  await isFound(at(nodes.all[0]), 'flour', 'Baking at home');
  const tables = await server.sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'passages\\_meaning\\_1\\_%' AND relkind = 'r'");
  assert.equal(tables.trim(), '1');
});

const runsOf = async (one, agent) => (await ask(one, 'agents.runs', { agent })).runs;

test('an agent that is switched at one node is so at all', { timeout: 280_000 }, async (t) => {
  const mock = await provider(t, answers);
  const { server, nodes, at } = await nodesOf(t, { chat: [entry(mock)] }, ['one', 'two']);
  const [, two] = nodes.all.map(at);
  assert.equal(await nodes.leader(), 'one');
  const enable = (schedule) => post(two, 'agents.enable', { agent: 'digest', schedule });
  const ended = async () => (await runsOf(two, 'digest')).filter(({ status }) => status === 'completed').length;
  await enable('@every 1s');
  await until('a digest', async () => await ended() > 0);
  await enable('0 0 1 1 *');
  await until('the other schedule', async () =>
    await server.sql("SELECT cron FROM cron_ticks WHERE function LIKE 'agents.digest:%'") === '0 0 1 1 *');
  const before = await ended();
  await enable('@every 1s');
  await until('another digest', async () => await ended() > before);
  await post(two, 'agents.disable', { agent: 'digest' });
  await sleep(2_000);  // one may have been begun
  const { length } = await runsOf(two, 'digest');
  await sleep(3_000);
  assert.equal((await runsOf(two, 'digest')).length, length, 'it begins no more');
});

test('an agent that begins by itself does where the node is killed that was told so', { timeout: 280_000 }, async (t) => {
  const mock = await provider(t, answers);
  const { nodes, at } = await nodesOf(t, { chat: [entry(mock)] }, ['one', 'two']);
  const [one, two] = nodes.all.map(at);
  assert.equal(await nodes.leader(), 'one');
  await post(one, 'agents.enable', { agent: 'enrich' });
  await nodes.all[0].kill();
  await until('the other leads', async () => await nodes.leader() === 'two');
  const { entityId } = await command([two], 'notes.create', { content: '# Tulips\n\nPlant them.' }, 'noted');
  const [run] = await until('its run', async () => (await runsOf(two, 'enrich')).length > 0 && runsOf(two, 'enrich'));
  assert.deepEqual(run.input, { noteId: entityId });
  await post(two, 'agents.disable', { agent: 'enrich' });
  // And off is off for who comes back.
  await nodes.all[0].start();
  await command([at(nodes.all[0])], 'notes.create', { content: '# Roses\n\nPrune them.' }, 'noted-later');
  await sleep(2_000);
  assert.equal((await runsOf(two, 'enrich')).length, 1);
});
