// Inputs of which each is within the pod's limits, and which do not fit together, or into a URL.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { createSynapClient, messageOf } from '../../client/dist/index.js';

import { codeIs, Pod } from './harness.mjs';

describe('large inputs', () => {
  let pod;
  let client;
  before(async () => {
    pod = await Pod.start();
    client = createSynapClient({ url: pod.url, key: pod.key });
  });
  after(async () => {
    await client?.close();
    await pod?.remove();
  });

  const inputs = {
    'tasks with long descriptions': ['tasks', () => ({ title: 'a', description: '漢'.repeat(50_000) })],
    'notes with properties': [
      'notes',
      () => ({ content: '漢'.repeat(32 * 1024), properties: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`p${i}`, 'x'.repeat(2_000)])) }),
    ],
    'notes that JSON escapes': ['notes', () => ({ content: '\u0001'.repeat(32 * 1024) })],
  };
  for (const [what, [noun, inputOf]] of Object.entries(inputs)) {
    test(`a hundred ${what} of one moment are all taken`, async () => {
      const calls = Array.from({ length: 100 }, () => client[noun].create.mutate(inputOf()));
      const answers = await Promise.allSettled(calls);
      const refused = answers.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.message);
      assert.deepEqual([...new Set(refused)], []);
    });
  }

  const of = (transport, more = {}) => createSynapClient({ url: pod.url, key: pod.key, transport, ...more });
  for (const transport of ['websocket', 'sse']) {
    test(`queries that no URL has room for are answered, with transport ${transport}`, async () => {
      const asks = of(transport);
      const { html } = await asks.markdown.render.query({ text: 'a b '.repeat(1_250) });
      assert.ok(html.startsWith('<p>a b a b'), html.slice(0, 20));
      const paths = Array.from({ length: 200 }, (_, i) => `a folder/of files/${i}.md`);
      const long = asks.notes.findOrigins.query({ paths });
      const short = asks.notes.findOrigins.query({ paths: paths.slice(0, 1) });
      assert.deepEqual(Object.keys(await long), Object.keys(await short));
      await asks.close();
    });
  }

  test('whatever the length of an input, it is asked', async () => {
    for (const letter of ['a', ' ', '漢', '"', '\u0001']) {
      const encoded = encodeURIComponent(JSON.stringify(letter).slice(1, -1)).length;
      const about = Math.floor(7_800 / encoded);
      // 300 characters of a URL: they begin with inputs that fit, and end with those that do not.
      const lengths = Array.from({ length: 60 }, (_, i) => about + Math.ceil((i * 5) / encoded));
      const texts = [...new Set(lengths)].map((length) => letter.repeat(length));
      await Promise.all(texts.map((text) => client.markdown.render.query({ text })));
    }
  });

  test('a long query is refused in the same shape as a short one', async () => {
    const shapeOf = (q, more) => client.search.query.query({ q, ...more }).then(
      () => assert.fail('it is refused'),
      ({ shape, meta }) => ({ shape, status: meta.response.status }),
    );
    const short = await shapeOf('x'.repeat(1_100), { mode: 'odd' });
    assert.equal(short.shape.data.code, 'BAD_REQUEST');
    assert.deepEqual(await shapeOf('x'.repeat(12_000), { mode: 'odd' }), short);
    const stranger = createSynapClient({ url: pod.url, key: 'synap_no' });
    const refusalOf = (text) => stranger.markdown.render.query({ text }).catch(({ shape }) => shape);
    const refusal = await refusalOf('a');
    assert.equal(refusal.data.code, 'UNAUTHORIZED');
    assert.deepEqual(await refusalOf('a'.repeat(10_000)), refusal);
    await stranger.close();
  });

  test('what is too large for the pod is said to be, though it stops reading', async () => {
    for (const bytes of [11e6, 17e6, 11e6, 17e6, 30e6]) {
      const error = await client.notes.create.mutate({ content: 'x'.repeat(bytes) }).catch((error) => error);
      assert.match(messageOf(error), /body of a request may have at most 10485760 bytes/, `${bytes}`);
    }
  });

  test('what the pod has not is said to be of a newer one, at any length', async () => {
    for (const text of ['a', 'a'.repeat(10_000)]) {
      const error = await client.notes.pin.query({ text }).catch((error) => error);
      assert.equal(error.data.code, 'NOT_FOUND');
      assert.match(messageOf(error), /^This pod has no "notes.pin": it is older than this client/);
    }
  });

  test('a long query says what it does not know, is aborted, and goes by the given fetch', async () => {
    const input = { text: 'a'.repeat(10_000), txet: 1 };
    const told = [];
    const used = [];
    const telling = of('websocket', {
      unknownKeys: (...what) => told.push(what),
      fetch: (url, init) => (used.push(new URL(url).pathname), fetch(url, init)),
    });
    await telling.markdown.render.query(input);
    assert.deepEqual(told, [['markdown.render', ['txet']]]);
    assert.deepEqual(used, ['/api/markdown.render']);
    const aborted = telling.markdown.render.query(input, { signal: AbortSignal.abort(new Error('enough')) });
    await assert.rejects(aborted, /enough/);
    await telling.close();
    const refusing = of('websocket', { unknownKeys: 'refuse' });
    await assert.rejects(refusing.markdown.render.query(input), codeIs('BAD_REQUEST'));
    await refusing.close();
  });
});
