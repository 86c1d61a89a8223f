// The example of the client's README does what it says.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Pod } from './harness.mjs';

const example = fileURLToPath(new URL('../../client/examples/quickstart.mjs', import.meta.url));
const readme = fileURLToPath(new URL('../../client/README.md', import.meta.url));

test('the quick start runs, over both transports', async () => {
  const pod = await Pod.start();
  try {
    for (const transport of ['websocket', 'sse']) {
      const { stdout } = await promisify(execFile)(process.execPath, [example], {
        env: { ...process.env, SYNAP_URL: pod.url, SYNAP_KEY: pod.key, SYNAP_TRANSPORT: transport },
        timeout: 30_000,
      });
      const lines = stdout.trim().split('\n');
      assert.match(lines[0], /^asked for note [0-9a-f-]{36}$/);
      assert.match(lines[1], /^stored as .*\/note\/.*\.md$/);
      assert.equal(lines[2], 'the request is completed');
      assert.equal(lines[3], '"Hello": "# Hello\\n\\nThis is my first note."');
    }
  } finally {
    await pod.remove();
  }
});

test("the README's example is that file", async () => {
  const code = (await readFile(example, 'utf8')).replace(/^(\/\/.*\n)+/, '').trim();
  assert.ok((await readFile(readme, 'utf8')).includes(code), 'README.md and quickstart.mjs differ');
});
