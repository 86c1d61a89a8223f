// A pod whose settings name providers of this machine, and the mock that stands for them.
import { LLMock } from '@copilotkit/aimock';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

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

/** Starts a pod with these settings; `again` starts it anew on the same data. */
export async function pod(t, models, more = {}) {
  // Before its directory goes: a pod that is alive would write into it.
  let current;
  t.after(async () => {
    current?.kill('SIGKILL');
    await current?.closed;
  });
  const directory = temporary(t);
  const config = path.join(directory, 'synap.toml');
  writeFileSync(config, Object.entries({ models, ...more }).map(([name, value]) => `${name} = ${toml(value)}\n`).join(''));
  const start = async () => {
    const started = await startPod(t, path.join(directory, 'data'),
      { args: ['--config', config], env: { TEST_MODEL_KEY: KEY } });
    current = started;
    started.again = async (signal = 'SIGTERM') => {
      started.kill(signal);
      await started.closed;
      return start();
    };
    return started;
  };
  return start();
}

async function send(pod, procedure, init) {
  const answer = await fetch(`${pod.url}/trpc/${procedure}`, {
    ...init, headers: { authorization: `Bearer ${pod.key}`, 'content-type': 'application/json' },
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
export function generate(pod, input) {
  return send(pod, 'models.generate', { method: 'POST', body: JSON.stringify(input) });
}
export const says = (text) => ({ messages: [{ role: 'user', text }] });

/** The events model.called so far. */
export async function calls(pod) {
  const { events } = await ask(pod, 'events.list', { types: ['model.called'], limit: 1000 });
  return events;
}
