// examples/langgraph-agent as it is: a task that is done begins its graph, which asks the pod's model (a scripted
// one), keeps a note by createEntity, and goes on at its checkpoint when its process was killed between two nodes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Running, startPod, temporary } from '../cli/synap.mjs';
import { freePort } from '../free_port.mjs';
import { entry, KEY, provider, toml } from '../models/harness.mjs';

const example = fileURLToPath(new URL('../../examples/langgraph-agent', import.meta.url));

test('the example is well typed', async () => {
  await promisify(execFile)(`${example}/node_modules/.bin/tsc`, [], { cwd: example }).catch((error) =>
    assert.fail(error.stdout),
  );
});

const CREATE = { toolCalls: [{ name: 'createEntity', arguments: '{"title":"Tulips","content":"Plant them in November."}' }] };

async function until(probe, what) {
  const end = Date.now() + 240_000;
  for (;;) {
    const found = await probe();
    if (found) return found;
    assert.ok(Date.now() < end, `not in time: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A pod that calls apps, with a model. */
async function start(t, mock) {
  const directory = temporary(t);
  const config = path.join(directory, 'synap.toml');
  writeFileSync(config, `models = ${toml({ chat: [entry(mock)] })}\n`);
  const pod = await startPod(t, path.join(directory, 'data'), {
    args: ['--config', config, '--dev', '--dev-retry-interval', '100ms'], env: { TEST_MODEL_KEY: KEY },
  });
  pod.call = async (procedure, input = {}) => {
    const response = await fetch(`${pod.url}/api/${procedure}`, {
      method: 'POST', body: JSON.stringify(input),
      headers: { authorization: `Bearer ${pod.key}`, 'content-type': 'application/json' },
    });
    const answer = await response.json();
    assert.ok(response.ok, `${procedure}: ${JSON.stringify(answer)}`);
    return answer;
  };
  return pod;
}

// Without the program tsx between: it would be killed alone.
async function agent(t, pod, port) {
  const running = new Running(['--import', 'tsx', 'src/agent.ts'], {
    program: process.execPath, cwd: example, env: { SYNAP_URL: pod.url, SYNAP_KEY: pod.key, PORT: String(port) },
  });
  t.after(() => running.kill('SIGKILL'));
  await until(() => running.stdout.includes('working for'), () => `it works: ${running.stdout}${running.stderr}`);
  return running;
}

async function finishTask(pod, title) {
  const { entityId } = await pod.call('tasks.create', { title });
  await pod.call('tasks.complete', { id: entityId });
}

const runOf = async (pod, status) =>
  (await pod.call('runs.list', { function: 'agent-keep-what-was-learnt' })).runs.find((run) => run.status === status);

test('a task that is done begins the graph, and createEntity keeps a note', { timeout: 600_000 }, async (t) => {
  const mock = await provider(t, (m) => {
    m.on({ userMessage: 'tulips', hasToolResult: false }, CREATE);
    m.on({ userMessage: 'tulips', hasToolResult: true }, { content: 'One note was kept.' });
  });
  const pod = await start(t, mock);
  const running = await agent(t, pod, await freePort());
  await finishTask(pod, 'Plant the tulips');
  const run = await until(() => runOf(pod, 'completed'), () => running.stdout + running.stderr);
  assert.match(JSON.stringify(await pod.call('runs.get', { id: run.id })), /One note was kept\./);
  const { notes } = await pod.call('notes.list');
  assert.deepEqual(notes.map(({ title }) => title), ['Tulips']);
  // What it made stands below the event that began it, and so does the thread.
  const { events } = await pod.call('events.list', { types: ['task.completion.completed', 'note.creation.requested', 'graph.thread.*'] });
  const [done, thread, note] = events;
  assert.equal(note.causationId, done.id);
  assert.deepEqual([thread.type, thread.data.threadId], ['graph.thread.created', done.id]);
});

test('killed between two nodes, it is called again and goes on at its checkpoint', { timeout: 600_000 }, async (t) => {
  let isHeld = true;
  let isAsked = false;
  const mock = await provider(t, (m) => {
    m.on({ userMessage: 'tulips', hasToolResult: false }, CREATE);
    // The second question, after the note was made, has no answer until the process is gone.
    m.on({ userMessage: 'tulips', hasToolResult: true, predicate: () => (isAsked = isHeld) }, { content: 'too late' }, { latency: 30_000 });
    m.on({ userMessage: 'tulips', hasToolResult: true }, { content: 'One note was kept.' });
  });
  const pod = await start(t, mock);
  const port = await freePort();
  const first = await agent(t, pod, port);
  await finishTask(pod, 'Plant the tulips');
  // "think" has begun again behind "act": both nodes before it are in the thread.
  await until(() => first.stdout.split('thinks').length === 3, () => first.stdout + first.stderr);
  await until(() => isAsked, () => 'the second question');
  isHeld = false;
  first.kill('SIGKILL');
  await first.closed;
  const second = await agent(t, pod, port);
  const run = await until(() => runOf(pod, 'completed'), () => second.stdout + second.stderr);
  assert.match(JSON.stringify(await pod.call('runs.get', { id: run.id })), /One note was kept\./);
  assert.match(first.stdout, /thinks\nmade the note "Tulips"\nthinks\n/);
  // Of what was done nothing is done again.
  assert.match(second.stdout, /^[^]*working for [^\n]*\nthinks\n$/);
  assert.equal((await pod.call('notes.list')).notes.length, 1);
});
