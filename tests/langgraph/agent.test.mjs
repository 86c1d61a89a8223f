// examples/langgraph-agent and examples/langgraph-agent-python as they are: a task that is done begins their graph, which
// asks the pod's model (a scripted one), keeps a note by createEntity, and goes on at its checkpoint when its process was
// killed between two nodes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Running, startPod, temporary } from '../cli/synap.mjs';
import { freePort } from '../free_port.mjs';
import { entry, KEY, provider, toml } from '../models/harness.mjs';

const at = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const example = at('examples/langgraph-agent');
const LANGUAGES = {
  // Without the program tsx between: it would be killed alone.
  TypeScript: { app: 'agent', cwd: example, program: process.execPath, args: ['--import', 'tsx', 'src/agent.ts'] },
  Python: {
    app: 'python-agent', cwd: at('examples/langgraph-agent-python'), args: ['agent.py'],
    program: at('build/python-langgraph/bin/python'),
    env: { PYTHONPATH: at('langgraph/python'), PYTHONDONTWRITEBYTECODE: '1' },
  },
};

test("the tests' packages are those of the example", () => {
  const lock = readFileSync(at('langgraph/python/tests/requirements.txt'), 'utf8');
  const wanted = readFileSync(at('examples/langgraph-agent-python/requirements.txt'), 'utf8').trim().split('\n');
  assert.deepEqual(wanted.filter((line) => !lock.includes(`\n${line} \\\n`)), ['../../langgraph/python']);
});

// Linked, they would look for what they need in a clone whose own packages nobody has installed.
test('the example has the packages of the pod as copies', () => {
  for (const name of ['client', 'langgraph']) {
    assert.ok(!lstatSync(`${example}/node_modules/@synap/${name}`).isSymbolicLink(), name);
  }
});

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

async function agent(t, language, pod, port) {
  const { program, args, cwd, env } = LANGUAGES[language];
  const running = new Running(args, {
    program, cwd, env: { ...env, SYNAP_URL: pod.url, SYNAP_KEY: pod.key, PORT: String(port) },
  });
  t.after(() => running.kill('SIGKILL'));
  await until(() => running.stdout.includes('working for'), () => `it works: ${running.stdout}${running.stderr}`);
  return running;
}

async function finishTask(pod, title) {
  const { entityId } = await pod.call('tasks.create', { title });
  await pod.call('tasks.complete', { id: entityId });
}

const runsOf = async (pod, language) =>
  (await pod.call('runs.list', { function: `${LANGUAGES[language].app}-keep-what-was-learnt` })).runs;
const runOf = async (pod, language, status) => (await runsOf(pod, language)).find((run) => run.status === status);

for (const language of Object.keys(LANGUAGES)) {
  test(`a task that is done begins the graph, and createEntity keeps a note, in ${language}`, { timeout: 600_000 }, async (t) => {
    const mock = await provider(t, (m) => {
      m.on({ userMessage: 'tulips', hasToolResult: false }, CREATE);
      m.on({ userMessage: 'tulips', hasToolResult: true }, { content: 'One note was kept.' });
    });
    const pod = await start(t, mock);
    const running = await agent(t, language, pod, await freePort());
    await finishTask(pod, 'Plant the tulips');
    const run = await until(() => runOf(pod, language, 'completed'), () => running.stdout + running.stderr);
    assert.match(JSON.stringify(await pod.call('runs.get', { id: run.id })), /One note was kept\./);
    // The note is asked for in the graph, and made in a run of its own.
    const titles = async () => (await pod.call('notes.list')).notes.map(({ title }) => title);
    await until(async () => (await titles()).length > 0, () => 'the note');
    assert.deepEqual(await titles(), ['Tulips']);
    // What it made stands below the event that began it, and so does the thread.
    const { events } = await pod.call('events.list', { types: ['task.completion.completed', 'note.creation.requested', 'graph.thread.*'] });
    const [done, thread, note] = events;
    assert.equal(note.causationId, done.id);
    assert.deepEqual([thread.type, thread.data.threadId], ['graph.thread.created', done.id]);
    // Called again when all is over, as where its answer was lost, it answers and does nothing anew.
    const thought = running.stdout;
    await pod.call('runs.rerun', { id: run.id });
    const isCompleted = ({ status }) => status === 'completed';
    const again = async () => (await runsOf(pod, language)).filter(isCompleted).find(({ id }) => id !== run.id);
    const rerun = await until(again, () => running.stdout + running.stderr);
    assert.match(JSON.stringify(await pod.call('runs.get', { id: rerun.id })), /One note was kept\./);
    assert.equal(running.stdout, thought);
  });

  test(`killed between two nodes, it is called again and goes on at its checkpoint, in ${language}`, { timeout: 600_000 }, async (t) => {
    let isHeld = true;
    let isAsked = false;
    const mock = await provider(t, (m) => {
      m.on({ userMessage: 'tulips', hasToolResult: false }, CREATE);
      // The second question, after the note was made, has no answer until the process is gone.
      m.on({ userMessage: 'tulips', hasToolResult: true, predicate: () => (isAsked = isHeld) }, { content: 'too late' }, { latency: 5_000 });
      m.on({ userMessage: 'tulips', hasToolResult: true }, { content: 'One note was kept.' });
    });
    const pod = await start(t, mock);
    const port = await freePort();
    const first = await agent(t, language, pod, port);
    await finishTask(pod, 'Plant the tulips');
    // "think" has begun again behind "act": both nodes before it are in the thread.
    await until(() => first.stdout.split('thinks').length === 3, () => first.stdout + first.stderr);
    await until(() => isAsked, () => 'the second question');
    isHeld = false;
    first.kill('SIGKILL');
    await first.closed;
    const second = await agent(t, language, pod, port);
    const run = await until(() => runOf(pod, language, 'completed'), () => second.stdout + second.stderr);
    assert.match(JSON.stringify(await pod.call('runs.get', { id: run.id })), /One note was kept\./);
    assert.match(first.stdout, /thinks\nmade the note "Tulips"\nthinks\n/);
    // Of what was done nothing is done again.
    assert.match(second.stdout, /^[^]*working for [^\n]*\nthinks\n$/);
    await until(async () => (await pod.call('notes.list')).notes.length === 1, () => 'one note');
  });
}
