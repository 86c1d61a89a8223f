// A pod whose settings name providers of this machine, and the mock that stands for them.
import { LLMock } from '@copilotkit/aimock';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startPod, temporary } from '../cli/synap.mjs';

export const KEY = 'sk-test-0123456789abcdef';
export const WIRES = ['chat-completions', 'responses', 'messages'];

/** The mock, with `set` to say what it answers. It goes when the test ends. */
export async function provider(t, set = () => {}) {
  const mock = new LLMock({ port: 0 });
  set(mock);
  await mock.start();
  t.after(() => mock.stop());
  return mock;
}

export function toml(value) {
  if (Array.isArray(value)) return `[${value.map(toml).join(', ')}]`;
  if (value !== null && typeof value === 'object') {
    return `{ ${Object.entries(value).map(([key, inner]) => `${key} = ${toml(inner)}`).join(', ')} }`;
  }
  return JSON.stringify(value);
}

/** A table of a provider: that of `mock`, by `wire`, with the key in a file. */
export function entry(mock, wire = 'chat-completions', more = {}) {
  return { wire, url: `${mock.url}/v1`, model: 'any-model', key_variable: 'TEST_MODEL_KEY', retries: 0, ...more };
}

/** Starts a pod with these settings; `again` starts it anew on the same data, with other models if told. */
export async function pod(t, models, more = {}) {
  // Before its directory goes: a pod that is alive would write into it.
  let current;
  t.after(async () => {
    current?.kill('SIGKILL');
    await current?.closed;
  });
  const directory = temporary(t);
  const config = path.join(directory, 'synap.toml');
  const write = (its) => writeFileSync(config,
    Object.entries({ models: its, ...more }).map(([name, value]) => `${name} = ${toml(value)}\n`).join(''));
  write(models);
  const start = async () => {
    const started = await startPod(t, path.join(directory, 'data'),
      { args: ['--config', config], env: { TEST_MODEL_KEY: KEY } });
    current = started;
    started.again = async (signal = 'SIGTERM', others = undefined) => {
      started.kill(signal);
      await started.closed;
      if (others) write(others);
      return start();
    };
    return started;
  };
  return start();
}

async function send(pod, procedure, init) {
  const answer = await fetch(`${pod.url}/trpc/${procedure}`, {
    ...init, headers: { authorization: `Bearer ${pod.key}`, 'content-type': 'application/json', ...init.headers },
  });
  const json = await answer.json();
  if (!answer.ok) {
    throw Object.assign(new Error(json.error.message), json.error.data, json.error.data.details);
  }
  return json.result.data;
}
export function ask(pod, procedure, input) {
  const tail = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
  return send(pod, `${procedure}${tail}`, {});
}
export function post(pod, procedure, input, headers) {
  return send(pod, procedure, { method: 'POST', body: JSON.stringify(input), headers });
}
export const generate = (pod, input) => post(pod, 'models.generate', input);
export const says = (text) => ({ messages: [{ role: 'user', text }] });

/** All events of these types so far. */
export async function happened(pod, ...types) {
  const all = [];
  for (let after = 0; ;) {
    const page = await ask(pod, 'events.list', { types, after, limit: 1000 });
    all.push(...page.events);
    if (page.atEnd) return all;
    after = page.nextAfter;
  }
}
/** The events model.called so far. */
export const calls = (pod) => happened(pod, 'model.called');

export async function until(what, look, ms = 90_000) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await sleep(30);
  }
}
/** A run of an agent that has come to its end. */
export function ended(one, id) {
  return until(`the end of the run ${id}`, async () => {
    const run = await ask(one, 'agents.get', { id });
    return ['completed', 'failed'].includes(run.status) && run;
  });
}
