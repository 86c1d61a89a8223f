// @synap/client as an application gets it: from an empty directory, by each of the documented ways, with
// the oldest and the newest tRPC that it says it takes, and beside React Query. Needs the npm registry.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { transform } from 'esbuild';

import { Pod } from './harness.mjs';

const run = promisify(execFile);
const client = fileURLToPath(new URL('../../client', import.meta.url));
const tsc = join(client, 'node_modules/.bin/tsc');
const manifest = JSON.parse(await readFile(join(client, 'package.json'), 'utf8'));

// What every application does. It is compiled as it would be there, and run.
const application = `
import { createTRPCClient, httpLink } from '@trpc/client';
import type { inferRouterOutputs } from '@trpc/server';
import { createSynapClient, isSynapError, type AppRouter } from '@synap/client';

const url = process.argv[2]!;
const key = process.argv[3]!;
const synap = createSynapClient({ url, key });
const events = synap.watch({ types: ['note.creation.completed', 'note.creation.failed'] });
await events.ready;
const { requestId, entityId } = await synap.notes.create.mutate({ content: '# Hello' });
for await (const event of events) {
  if (event.requestId !== requestId) continue;
  if (event.type === 'note.creation.completed') console.log(event.data.title satisfies string);
  break;
}
await synap.waitFor(requestId);
const note: inferRouterOutputs<AppRouter>['notes']['get'] = await synap.notes.get.query({ id: entityId });
console.log(note.content);
const plain = createTRPCClient<AppRouter>({ links: [httpLink({ url: url + '/trpc', headers: { authorization: 'Bearer ' + key } })] });
const error: unknown = await plain.notes.get.query({ id: note.id.replace(/.$/, '0') + 'x' }).catch((error: unknown) => error);
if (isSynapError(error)) console.log(error.data?.code);
await synap.close();
`;

const reactQuery = `
import { QueryClient } from '@tanstack/react-query';
import { createTRPCContext, createTRPCOptionsProxy } from '@trpc/tanstack-react-query';
import { createSynapClient, isSynapError, messageOf, type AppRouter } from '@synap/client';

const synap = createSynapClient({ url: process.argv[2]!, key: process.argv[3]! });
const queryClient = new QueryClient({ defaultOptions: { queries: { retry: false } } });
const trpc = createTRPCOptionsProxy<AppRouter>({ client: synap, queryClient });
const { TRPCProvider } = createTRPCContext<AppRouter>();
export const props: Partial<Parameters<typeof TRPCProvider>[0]> = { trpcClient: synap, queryClient };
const page = await queryClient.fetchQuery(trpc.notes.list.queryOptions({ limit: 5 }));
console.log(Array.isArray(page.notes satisfies object[]));
trpc.notes.list.infiniteQueryOptions({ limit: 5 }, { getNextPageParam: (last) => last.nextCursor });
trpc.events.watch.subscriptionOptions({}, { onData: ({ data }) => console.log(data.position) });
const error: unknown = await queryClient.fetchQuery(trpc.notes.get.queryOptions({ id: 'x' })).catch((error: unknown) => error);
console.log(isSynapError(error), isSynapError(error) && error.data?.code, messageOf(error));
await synap.close();
`;

describe('@synap/client, installed in an empty directory', { concurrency: true }, () => {
  let pod;
  before(async () => {
    pod = await Pod.start();
  });
  after(() => pod?.remove());

  async function emptyDirectory(t) {
    const directory = await mkdtemp(join(tmpdir(), 'synap-install-'));
    t.after(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  const npm = (directory, ...args) =>
    run('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], { cwd: directory, timeout: 300_000 });

  /** Runs `source` as it stands in `directory`: what it prints. With `types`, compiles it strictly before. */
  async function used(directory, source, { types = 'unchecked' } = {}) {
    await writeFile(join(directory, 'app.mts'), source);
    if (types !== 'unchecked') {
      const options = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noEmit'];
      options.push('--target', 'es2022', '--module', 'nodenext');
      options.push('--types', 'node', '--typeRoots', join(client, 'node_modules/@types'));
      if (types === 'application') options.push('--skipLibCheck');
      const compiled = run(tsc, [...options, 'app.mts'], { cwd: directory, timeout: 300_000 });
      await compiled.catch((error) => assert.fail(error.stdout || error.message));
    }
    const { code } = await transform(source, { loader: 'ts', format: 'esm' });
    await writeFile(join(directory, 'app.mjs'), code);
    const node = run(process.execPath, ['app.mjs', pod.url, pod.key], { cwd: directory, timeout: 120_000 });
    return (await node).stdout.trim().split('\n');
  }

  /** The versions of a package in a tree, however deep. */
  async function copies(directory, name) {
    const found = [];
    for (const path of await readdir(directory, { recursive: true })) {
      if (!path.endsWith(`node_modules/${name}/package.json`)) continue;
      found.push(JSON.parse(await readFile(join(directory, path), 'utf8')).version);
    }
    return found;
  }

  const works = ['Hello', '# Hello', 'BAD_REQUEST'];

  test('from the folder, with --install-links', async (t) => {
    const directory = await emptyDirectory(t);
    await npm(directory, 'install', '--install-links', client);
    assert.deepEqual(await used(directory, application), works);
  });

  test('from the package that npm pack makes', async (t) => {
    const directory = await emptyDirectory(t);
    const { stdout } = await npm(directory, 'pack', client);
    assert.equal(stdout.trim(), `synap-client-${manifest.version}.tgz`);
    await npm(directory, 'install', `./${stdout.trim()}`);
    assert.deepEqual(await used(directory, application), works);
  });

  test('from the pod, which has the client of its own version', async (t) => {
    const directory = await emptyDirectory(t);
    await npm(directory, 'install', `${pod.url}/synap-client.tgz`);
    const installed = join(directory, 'node_modules/@synap/client');
    for (const file of ['package.json', 'README.md', 'dist/index.js', 'dist/index.d.ts', 'dist/generated/schemas.js']) {
      assert.equal(await readFile(join(installed, file), 'utf8'), await readFile(join(client, file), 'utf8'), file);
    }
    const document = await (await fetch(`${pod.url}/openapi.json`)).json();
    assert.equal(document.info.version, manifest.version);
    assert.deepEqual(await used(directory, application, { types: 'all' }), works);
  });

  test('the pod sends its package once, and needs no key for it', async () => {
    const first = await fetch(`${pod.url}/synap-client.tgz`);
    assert.equal(first.status, 200);
    assert.equal(first.headers.get('content-type'), 'application/gzip');
    const headers = { 'if-none-match': first.headers.get('etag') };
    assert.equal((await fetch(`${pod.url}/synap-client.tgz`, { headers })).status, 304);
  });

  for (const [version, types] of [['11.10.0', 'application'], ['11.25.2', 'unchecked']]) {
    test(`with tRPC ${version}, an end of what it takes`, async (t) => {
      const directory = await emptyDirectory(t);
      const peers = [`@trpc/client@${version}`, `@trpc/server@${version}`];
      await npm(directory, 'install', '--install-links', client, ...peers);
      assert.deepEqual(await copies(directory, '@trpc/client'), [version]);
      assert.deepEqual(await used(directory, application, { types }), works);
    });
  }

  test('an older tRPC is refused by npm', async (t) => {
    const directory = await emptyDirectory(t);
    const peers = ['@trpc/client@11.9.0', '@trpc/server@11.9.0'];
    await assert.rejects(npm(directory, 'install', '--install-links', client, ...peers), /ERESOLVE/);
  });

  test('beside React Query, also where that comes later: one copy of each', async (t) => {
    const directory = await emptyDirectory(t);
    // Without it npm makes a link of the copy when anything else is installed.
    await writeFile(join(directory, '.npmrc'), 'install-links=true\n');
    await npm(directory, 'install', client);
    await npm(directory, 'install', '@trpc/tanstack-react-query', '@tanstack/react-query', 'react', '@types/react');
    for (const name of ['@trpc/client', '@trpc/server']) {
      assert.equal((await copies(directory, name)).length, 1, name);
    }
    assert.deepEqual(await used(directory, reactQuery, { types: 'application' }), [
      'true',
      'true BAD_REQUEST id: it must be an id, as 01980000-0000-7000-8000-000000000000',
    ]);
  });
});
