// A provider of vectors that knows a few words.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

import { KEY } from './harness.mjs';

export const DIMENSION = 8;
// What means the same has one place; a text's vector says which of them are in it.
const PLACES = [['car', 'automobile', 'vehicle'], ['bread', 'baking', 'flour'], ['tax', 'invoice', 'money']];

/** Small, and of the text alone: texts of which nothing is known are no nearer to each other than by chance. */
function ownVector(text, dimension) {
  const bytes = createHash('sha512').update(text).digest();
  return Array.from({ length: dimension }, (_, i) => (bytes[i % bytes.length] - 127.5) / 1000);
}

/** A provider as the wire has it, which knows these words alone. It goes when the test ends. */
export async function embeddings(t) {
  const provider = { asked: [], askedOf: {}, isDown: false, answersAs: undefined, dimension: DIMENSION, delayMs: 0, tellsApart: false };
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
      (provider.askedOf[model] ??= []).push(...texts);
      // What one model makes of a word says nothing to another.
      const first = model === 'other-vectors' ? PLACES.length : 0;
      const data = texts.map((text, index) => {
        const embedding = provider.tellsApart ? ownVector(text, provider.dimension) : new Array(provider.dimension).fill(0.01);
        PLACES.forEach((words, place) => {
          if (words.some((word) => text.toLowerCase().includes(word))) embedding[first + place] = 1;
        });
        return { object: 'embedding', index, embedding };
      });
      response.setHeader('content-type', 'application/json');
      const answer = JSON.stringify({
        object: 'list', model: provider.answersAs ?? model, data, usage: { prompt_tokens: 1, total_tokens: 1 },
      });
      setTimeout(() => response.end(answer), provider.delayMs);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  provider.url = `http://127.0.0.1:${server.address().port}/v1`;
  return provider;
}

export const settings = (provider, ...models) => ({
  embed: (models.length ? models : ['any-vectors']).map((model) => ({
    name: model, url: provider.url, model, dimension: DIMENSION, key_variable: 'TEST_MODEL_KEY', retries: 0,
  })),
});
