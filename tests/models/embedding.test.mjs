// Search by meaning with vectors of a provider.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';

import { KEY, ask, pod } from './harness.mjs';

const DIMENSION = 8;
// What means the same has one place; a text's vector says which of them are in it.
const PLACES = [['car', 'automobile', 'vehicle'], ['bread', 'baking', 'flour'], ['tax', 'invoice', 'money']];

/** A provider as the wire has it, which knows these words alone. It goes when the test ends. */
async function embeddings(t) {
  const provider = { asked: [], isDown: false, dimension: DIMENSION };
  const server = http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      if (provider.isDown) {
        response.writeHead(503).end('{"error":{"message":"no"}}');
        return;
      }
      assert.equal(request.url, '/v1/embeddings');
      assert.equal(request.headers.authorization, `Bearer ${KEY}`);
      const { input, model } = JSON.parse(Buffer.concat(pieces));
      const texts = [input].flat();
      provider.asked.push(...texts);
      const data = texts.map((text, index) => {
        const embedding = new Array(provider.dimension).fill(0.01);
        PLACES.forEach((words, place) => {
          if (words.some((word) => text.toLowerCase().includes(word))) embedding[place] = 1;
        });
        return { object: 'embedding', index, embedding };
      });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ object: 'list', model, data, usage: { prompt_tokens: 1, total_tokens: 1 } }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  provider.url = `http://127.0.0.1:${server.address().port}/v1`;
  return provider;
}

const settings = (provider) => ({
  embed: [{ url: provider.url, model: 'any-vectors', dimension: DIMENSION, key_variable: 'TEST_MODEL_KEY', retries: 0 }],
});

async function until(what, probe) {
  for (const end = performance.now() + 30_000; performance.now() < end;) {
    const found = await probe();
    if (found) return found;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  throw new Error(`not within 30 s: ${what}`);
}

const note = (running, content) => ask(running, 'notes.list', undefined).then(() =>
  fetch(`${running.url}/trpc/notes.create`, {
    method: 'POST',
    headers: { authorization: `Bearer ${running.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ content }),
  }));
/** For a moment behind its start a pod opens the indexes of search, and says so. */
const search = (running, procedure, input) => until('the indexes are open', () =>
  ask(running, procedure, input).catch((error) => {
    if (error.code !== 'SERVICE_UNAVAILABLE') throw error;
  }));
const meaning = async (running) => (await search(running, 'search.status')).meaning;
const isFilled = (running, count) => until('all is in the index of meanings', async () => {
  const status = await meaning(running);
  return status?.lag === 0 && status.passages >= count;
});
const query = (running, more) => search(running, 'search.query', { q: 'automobile', ...more });
/** On a machine that is busy a vector may come later than a query waits for it. */
const byMeaning = (running, more) => until('it is answered by meaning', async () => {
  const found = await query(running, { mode: 'semantic', ...more });
  return found.mode === 'semantic' && found;
});
const titles = ({ hits }) => hits.map((hit) => hit.title);

test('things are found by their meaning with the vectors of a provider', async (t) => {
  const provider = await embeddings(t);
  const running = await pod(t, settings(provider));
  for (const text of ['My old car', 'Sourdough and flour', 'The tax of May']) await note(running, text);
  await isFilled(running, 3);
  const found = await byMeaning(running);
  assert.equal(titles(found)[0], 'My old car');
  assert.match((await meaning(running)).model, /^any-vectors:8$/);

  // What was embedded is not sent again, by a start neither.
  const asked = provider.asked.filter((text) => text.includes('Sourdough')).length;
  assert.equal(asked, 1);
  const again = await running.again();
  await isFilled(again, 3);
  assert.equal(provider.asked.filter((text) => text.includes('Sourdough')).length, 1);
  const later = await byMeaning(again);
  assert.equal(titles(later)[0], 'My old car', JSON.stringify(later));
});

test('words answer while the provider is away, and say so', async (t) => {
  const provider = await embeddings(t);
  const running = await pod(t, settings(provider));
  await note(running, 'An automobile of words');
  await isFilled(running, 1);
  provider.isDown = true;
  const found = await until('its words are found', async () => {
    const answer = await query(running, { q: 'automobile words' });
    return answer.hits.length > 0 && answer;
  });
  assert.equal(found.mode, 'text');
  assert.ok(found.modeReason, JSON.stringify(found));
  assert.deepEqual(titles(found), ['An automobile of words']);
  // What is written meanwhile is found by its meaning when it is back.
  await note(running, 'Baking at home');
  provider.isDown = false;
  await isFilled(running, 2);
  assert.equal(titles(await byMeaning(running, { q: 'flour' }))[0], 'Baking at home');
});

test('vectors of another dimension are not taken', async (t) => {
  const provider = await embeddings(t);
  provider.dimension = DIMENSION - 1;
  const running = await pod(t, settings(provider));
  await note(running, 'My old car');
  const told = await until('the fault is told', async () => {
    const status = await meaning(running);
    return /dimension/.test(status?.error) && status.error;
  });
  assert.match(told, /dimension/);
  // The index of words is opened beside that, and follows.
  const found = await until('its words are found', async () => {
    const answer = await query(running, { q: 'car' });
    return answer.hits.length > 0 && answer;
  });
  assert.deepEqual([found.mode, titles(found)], ['text', ['My old car']]);
});
