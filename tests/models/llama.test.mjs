// The program and a real model: a small one, served by llama.cpp. Nothing is said of its wording: it
// is asked for wire, order, tokens, JSON of a schema, an end at will, and errors.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';

import { freePort } from '../free_port.mjs';
import { calls, generate, pod, says } from './harness.mjs';

const FOLDER = process.env.LLAMA ?? path.resolve(import.meta.dirname, '../../build/llama');
const TOKENS = 24;

async function llama(t, ...more) {
  const port = await freePort();
  const child = spawn(path.join(FOLDER, 'llama-server'),
    ['-m', path.join(FOLDER, 'model.gguf'), '--host', '127.0.0.1', '--port', `${port}`, '-c', '1024', '-t', '2', ...more],
    { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 600; ++i) {
    assert.equal(child.exitCode, null, 'llama-server has ended');
    if ((await fetch(`${url}/health`).catch(() => undefined))?.ok) return url;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error('llama-server does not come');
}

const settings = (url, more = {}) => ({
  chat: [{ url: `${url}/v1`, model: 'small', tokens_max: TOKENS, retries: 0, ...more }],
});

test('a real model answers, and its tokens are those that it counted', async (t) => {
  const one = await pod(t, settings(await llama(t)));
  const answer = await generate(one, says('Say hello.'));
  assert.ok(answer.text.length > 0);
  assert.equal(answer.usage.estimated, false);
  assert.ok(answer.usage.input > 0);
  assert.ok(answer.usage.output > 0 && answer.usage.output <= TOKENS);
  assert.ok(['stop', 'length'].includes(answer.finish));
  const [event] = await calls(one);
  assert.equal(event.data.output, answer.usage.output);
});

test('a real model is stopped by the number of its tokens, and by a text', async (t) => {
  const one = await pod(t, settings(await llama(t)));
  const cut = await generate(one, { ...says('Count to a hundred, slowly.'), tokensMax: 3 });
  assert.equal(cut.finish, 'length');
  assert.equal(cut.usage.output, 3);
  const stopped = await generate(one, { ...says('Write three sentences about the sea.'), stop: [' '] });
  assert.ok(!stopped.text.includes(' '), stopped.text);
});

test('a real model gives JSON of a schema', async (t) => {
  const one = await pod(t, settings(await llama(t), { tokens_max: 100 }));
  const { output } = await generate(one, {
    ...says('Name a colour and a number.'),
    outputSchema: {
      type: 'object', additionalProperties: false, required: ['colour', 'n'],
      properties: { colour: { enum: ['red', 'green', 'blue'] }, n: { type: 'integer' } },
    },
  });
  assert.ok(['red', 'green', 'blue'].includes(output.colour));
  assert.ok(Number.isInteger(output.n));
});

test('what is longer than a real model takes is refused with its own words', async (t) => {
  const one = await pod(t, settings(await llama(t)));
  await assert.rejects(generate(one, says('word '.repeat(5000))), (error) => {
    assert.ok(['PAYLOAD_TOO_LARGE', 'UNPROCESSABLE_CONTENT'].includes(error.code), error.message);
    assert.match(error.message, /status 4\d\d: .*context/);
    return true;
  });
});
