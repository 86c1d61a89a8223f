// `synap search`: what one has, by its words.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { client, inTerminal, run, startPod, temporary } from './synap.mjs';

// The index follows within milliseconds: it is asked how far it is.
async function indexed(synap) {
  for (;;) {
    const { lag } = JSON.parse(await synap('search', 'status', '--json'));
    if (lag === 0) return;
  }
}

test('things are found by their words, from arguments, for people and for programs', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  const env = { ...pod.env, NO_COLOR: '1' };
  await indexed(synap); // what a pod begins with
  assert.equal((await inTerminal(['search', 'oak'], { env })).text.trim(), 'no hits');
  assert.equal(await synap('search', 'oak'), '');
  await synap('notes', 'create', '--title', 'Garden', 'We were running past the old oak.', '--wait');
  await synap('tasks', 'create', 'Water the oak', '--description', 'every day');
  await indexed(synap);
  const lines = (await synap('search', 'run', 'oak')).trimEnd().split('\n').map((line) => line.split('\t'));
  assert.deepEqual(lines.map(([, ...rest]) => rest), [
    ['note', 'Garden', 'We were running past the old oak.'], ['task', 'Water the oak', 'every day']]);
  const hit = JSON.parse(await synap('search', '"old oak"', '--json'));
  assert.equal(hit.entityId, lines[0][0]);
  assert.deepEqual(hit.snippet.filter((part) => part.match).map((part) => part.text), ['old', 'oak']);
  assert.match(await synap('search', 'oak -garden', '--type', 'task', '--status', 'open'), /^\S+\ttask\tWater the oak\t[^\n]*\n$/);
  assert.match((await inTerminal(['search', 'oak'], { env })).text, /TITLE +TYPE +ID +WHERE[^]*Water the oak +task/);
});

test('what is of a type of one\'s own is called so, and filters that nothing passes are told', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  await synap('call', 'entityTypes.define', JSON.stringify({ name: 'x.book', icon: 'book',
    schema: { type: 'object', properties: { title: { type: 'string' } } } }));
  await synap('entities', 'create', 'x.book', '--input-data', '{"title":"Emma"}');
  await indexed(synap);
  assert.match(await synap('search', 'emma'), /^\S+\tx\.book\tEmma\t/);
  assert.equal((await run(['search', 'title'], { env: pod.env })).stdout, '', 'names of properties are no words');
  const { stdout, stderr, code } = await run(['search', 'emma', '--tag', 'novel'], { env: pod.env });
  assert.deepEqual([stdout, stderr, code], ['', 'synap: Nothing of yours has the tag "novel"\n', 0]);
});

test('a query that is wrong says where, and made commands go before words', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const wrong = await run(['search', 'oak "elm'], { env: pod.env });
  assert.deepEqual([wrong.code, wrong.stderr],
    [2, 'synap: this quotation mark has no other that closes it\n  oak "elm\n      ^\n']);
  const typed = await run(['search', 'oak', 'type:nothing'], { env: pod.env });
  assert.equal(typed.code, 2);
  assert.match(typed.stderr, /^synap: "nothing" is none that is searched; these are [^\n]*note[^\n]*\n  oak type:nothing\n      \^\n$/);
  assert.match((await run(['search', 'oak "elm', '--json'], { env: pod.env })).stderr, /"position":4/);
  assert.match((await run(['search', 'oak', '--status', 'finished'], { env: pod.env })).stderr,
    /^synap: filters\.status: "finished" is none that is searched; these are /);
  assert.equal((await run(['search'], { env: pod.env })).code, 2);
  assert.match(await client(pod)('search', 'status'), /^status +live\n/);
  assert.match((await run(['search', 'status', '--help'], { env: pod.env })).stdout, /Usage: synap search status/);
  assert.match((await run(['search', '--help'], { env: pod.env })).stdout, /Usage: synap search WORDS/);
});
