// The document of a running pod: two packaged validators, and a program that is compiled against
// types made of it and then run.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Validator } from '@seriousme/openapi-schema-validator';

import { BIN, startPod, temporary } from '../cli/synap.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const bin = (name) => path.join(here, 'node_modules/.bin', name);
// Below node_modules, where what is generated finds the packages it imports.
const generated = path.join(here, 'node_modules/.generated');

let text;
before(() => {
  text = execFileSync(BIN, ['openapi'], { encoding: 'utf8' });
  rmSync(generated, { recursive: true, force: true });
  mkdirSync(generated);
  writeFileSync(path.join(generated, 'openapi.json'), text);
});

/** What a program says, and its exit code. */
function execute(program, args) {
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  try {
    return { code: 0, said: execFileSync(program, args, { cwd: generated, env, encoding: 'utf8', stdio: 'pipe' }) };
  } catch (error) {
    return { code: error.status, said: `${error.stdout}${error.stderr}` };
  }
}

const validate = (document) => new Validator().validate(document);
function lint(document) {
  const file = path.join(generated, 'linted.json');
  writeFileSync(file, JSON.stringify(document, null, 1));
  return execute(bin('redocly'), ['lint', file, '--config', path.join(here, 'redocly.yaml')]);
}

test('is a document of OpenAPI 3.1', async () => {
  const document = JSON.parse(text);
  const { valid, errors } = await validate(document);
  assert.ok(valid, JSON.stringify(errors, null, 1));
  const { code, said } = lint(document);
  assert.equal(code, 0, said);
});

test('is found wrong where it is', async () => {
  const broken = JSON.parse(text);
  broken.paths['/api/notes.list'].get.parameters[0].in = 'nowhere';
  assert.equal((await validate(broken)).valid, false);
  const dangling = JSON.parse(text);
  delete dangling.components.schemas.Problem;
  assert.notEqual(lint(dangling).code, 0);
});

test('is what a pod serves, once to whoever keeps it', async (t) => {
  const pod = await startPod(t, temporary(t));
  const answer = await fetch(`${pod.url}/openapi.json`);
  assert.deepEqual(await answer.json(), JSON.parse(text));
  const etag = answer.headers.get('etag');
  const again = await fetch(`${pod.url}/openapi.json`, { headers: { 'if-none-match': etag } });
  assert.equal(again.status, 304);
});

test('the answers over REST are those over tRPC', async (t) => {
  const pod = await startPod(t, temporary(t));
  const ask = async (way) => {
    const answer = await fetch(`${pod.url}${way}`, { headers: { authorization: `Bearer ${pod.key}` } });
    return { status: answer.status, body: await answer.json() };
  };
  for (const [name, input] of [['notes.list', { limit: 5 }], ['events.list', {}], ['keys.list']]) {
    const query = new URLSearchParams(input ?? {});
    // When a key was used last is another time at each use of it.
    const timeless = (body) => JSON.parse(JSON.stringify(body), (member, value) => (member === 'lastUsedAt' ? undefined : value));
    const trpc = await ask(`/trpc/${name}${input ? `?input=${encodeURIComponent(JSON.stringify(input))}` : ''}`);
    const rest = await ask(`/api/${name}?${query}`);
    assert.deepEqual(timeless(rest.body), timeless(trpc.body.result.data), name);
  }
  const id = '01a2158f-73c7-73c5-bb06-34a5034b8324';
  const trpc = await ask(`/trpc/notes.get?input=${encodeURIComponent(JSON.stringify({ id }))}`);
  const rest = await ask(`/api/notes.get?id=${id}`);
  assert.equal(rest.status, trpc.status);
  assert.equal(rest.body.code, trpc.body.error.data.code);
  assert.equal(rest.body.detail, trpc.body.error.message);
});

test('a program against types made of it compiles and works', async (t) => {
  const types = execute(bin('openapi-typescript'), ['openapi.json', '--output', 'schema.ts']);
  assert.equal(types.code, 0, types.said);
  writeFileSync(path.join(generated, 'package.json'), '{"type":"module"}');
  copyFileSync(path.join(here, 'program.ts'), path.join(generated, 'program.ts'));
  const compiled = execute(bin('tsc'), [
    'program.ts', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable',
  ]);
  assert.equal(compiled.code, 0, compiled.said);

  const pod = await startPod(t, temporary(t));
  const { keepANote } = await import(path.join(generated, 'program.js'));
  const { requestId, again, types: seen, problem, health } = await keepANote(pod.url, pod.key);
  assert.match(requestId, /^[0-9a-f-]{36}$/);
  assert.equal(again, requestId, 'the repeat is the same command');
  assert.ok(seen.includes('note.creation.requested'), seen);
  assert.equal(problem.code, 'BAD_REQUEST');
  assert.equal(problem.issues[0].path[0], 'limit');
  assert.equal(health, 'ok');
});
