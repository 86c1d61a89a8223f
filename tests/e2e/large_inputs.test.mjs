// Inputs of which each is within the pod's limits, and which do not fit together, or into a URL.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { createSynapClient } from '../../client/dist/index.js';

import { Pod } from './harness.mjs';

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
});
