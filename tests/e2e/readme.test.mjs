// Every TypeScript block of the two READMEs compiles under strict TypeScript and runs against a pod.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { transform } from 'esbuild';

import { Pod } from './harness.mjs';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const client = join(root, 'client');

/** What the blocks print, in their order; a RegExp is of what they complain. */
const expected = {
  'README.md': ['stored: Hello'],
  'client/README.md': ['the request is completed', '', /id: it must be an id, as 0198/, 'made Hello', '', 'connected', 'a task because of the note: 0', '', 'ok'],
};

async function blocksOf(file) {
  const text = await readFile(join(root, file), 'utf8');
  assert.ok(!/^```(js|javascript|typescript|tsx)$/m.test(text), `${file}: TypeScript is marked "ts"`);
  return [...text.matchAll(/^```ts\n([^]*?)^```/gm)].map(([, code], i) => ({
    name: `${file.replace('/', '-').replace('.md', '')}-${i + 1}`,
    code,
    expected: expected[file][i],
  }));
}

const blocks = (await Promise.all(Object.keys(expected).map(blocksOf))).flat();

let pod;
let directory;
before(async () => {
  pod = await Pod.start();
  directory = await mkdtemp(join(tmpdir(), 'synap-readme-'));
  await mkdir(join(directory, 'node_modules/@synap'), { recursive: true });
  await symlink(client, join(directory, 'node_modules/@synap/client'));
  for (const name of ['@trpc', '@types', 'zod']) {
    await symlink(join(client, 'node_modules', name), join(directory, 'node_modules', name));
  }
  for (const { name, code } of blocks) {
    await writeFile(join(directory, `${name}.mts`), code);
    const { code: script } = await transform(code, { loader: 'ts', format: 'esm' });
    await writeFile(join(directory, `${name}.mjs`), script.replaceAll('http://127.0.0.1:4400', pod.url));
  }
});
after(async () => {
  await pod?.remove();
  if (directory) await rm(directory, { recursive: true, force: true });
});

test('each of them is looked at', () => {
  assert.equal(blocks.length, Object.values(expected).flat().length);
});

test('they compile under the strictest TypeScript', async () => {
  const tsc = join(client, 'node_modules/.bin/tsc');
  const options = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noEmit'];
  options.push('--target', 'es2022', '--module', 'nodenext', '--types', 'node');
  const files = blocks.map(({ name }) => `${name}.mts`);
  const compiled = run(tsc, [...options, ...files], { cwd: directory, timeout: 60_000 });
  await compiled.catch((error) => assert.fail(error.stdout || error.message));
});

test('they run', async () => {
  // The first makes the note that a later one finds.
  for (const part of [blocks.slice(0, 1), blocks.slice(1)]) {
    await Promise.all(
      part.map(async ({ name, expected }) => {
        const env = { ...process.env, SYNAP_URL: pod.url, SYNAP_KEY: pod.key };
        const { stdout, stderr } = await run(process.execPath, [`${name}.mjs`], { cwd: directory, env, timeout: 30_000 });
        if (expected instanceof RegExp) return assert.match(stderr, expected, name);
        assert.equal(stderr, '', name);
        assert.ok(stdout.includes(expected), `${name} prints:\n${stdout}`);
      }),
    );
  }
});
