// As little of a server of Inngest's SDKs as an app can work with, to see what the app itself
// reaches: it takes registrations and events, calls functions one run after another, so many at a
// time, and keeps what a run has done only until its next call. No queue, no disk, no signature, no
// failure: what is not as expected ends the process.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { optionsFrom, poster } from './measuring.mjs';

const options = optionsFrom({ port: 0, calls: 64 });
const functions = new Map(); // by the event that triggers them
const waiting = [];
let running = 0;
let count = 0;

const post = poster(options.calls);

async function run({ fn, event }) {
  const runId = `01J${String(++count).padStart(23, '0')}`;
  const steps = {};
  const stack = [];
  for (let version = -1; ; ) {
    const answer = await post(fn.url, {
      ctx: {
        fn_id: fn.uuid, run_id: runId, env: '', step_id: 'step', attempt: 0, max_attempts: 5,
        stack: { stack, current: stack.length }, qi_id: runId, disable_immediate_execution: false, use_api: false,
      },
      event, events: [event], steps, version, use_api: false,
    });
    version = Number(answer.headers['x-inngest-req-version'] ?? version);
    if (answer.status === 200) return;
    for (const op of JSON.parse(answer.text)) {
      if (op.op === 'RunComplete') return;
      if (op.op !== 'StepRun' && op.op !== 'Step') throw new Error(`unexpected: ${answer.text}`);
      steps[op.id] = { data: op.data };
      stack.push(op.id);
    }
  }
}

function begin() {
  while (running < options.calls && waiting.length > 0) {
    ++running;
    run(waiting.shift()).then(
      () => {
        --running;
        begin();
      },
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  }
}

function take(url, body) {
  if (url.startsWith('/fn/register')) {
    for (const one of body.functions) {
      const fn = { uuid: randomUUID(), url: one.steps.step.runtime.url };
      for (const trigger of one.triggers) functions.set(trigger.event, fn);
    }
    return { ok: true, modified: true };
  }
  if (url.startsWith('/e/')) {
    const ids = [];
    for (const event of [body].flat()) {
      const id = randomUUID();
      ids.push(id);
      waiting.push({ fn: functions.get(event.name), event: { id, ts: Date.now(), ...event } });
    }
    begin();
    return { ids, status: 200 };
  }
  return {}; // a checkpoint
}

const server = createServer((asked, answer) => {
  const parts = [];
  asked.on('data', (part) => parts.push(part));
  asked.on('end', () => {
    const text = parts.length > 0 ? Buffer.concat(parts).toString() : '{}';
    const told = JSON.stringify(take(asked.url, text === '' ? {} : JSON.parse(text)));
    answer.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(told) });
    answer.end(told);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(options.port, '127.0.0.1');
