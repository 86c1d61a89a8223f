// Things of types that a user defines: by commands made from the table, and over a crash.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { Running, client, run, startPod, temporary } from './synap.mjs';

const book = {
  name: 'x.book',
  schema: {
    type: 'object',
    properties: { title: { type: 'string' }, status: { enum: ['open', 'read'] }, pages: { type: 'integer' } },
    required: ['title'],
  },
  filters: ['status'],
};

/** Asks over REST, which costs no process each. */
const ask = async (pod, procedure, input) => {
  const answer = await fetch(`${pod.url}/api/${procedure}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${pod.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(input),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
};

test('a type is defined, and its things are kept, listed and found', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  await synap('entity-types', 'define', 'x.book', '--schema', JSON.stringify(book.schema), '--filter', 'status', '--icon', 'book');
  assert.match(await synap('entity-types', 'list'), /^x\.book\t1\tbook\t/);
  const made = JSON.parse(await synap('entities', 'create', 'x.book', '--input-data', '{"title":"Emma","status":"open"}', '--json'));
  await synap('entities', 'update', made.entityId, '--input-data', '{"pages":474}');
  const listed = await synap('entities', 'list', '--type', 'x.book', '--filter', '{"status":"open"}');
  assert.match(listed, /\tEmma\t\{"title":"Emma","status":"open","pages":474\}$/m);
  const refused = await run(['entities', 'list', '--type', 'x.book', '--sort', 'pages'], { env: pod.env });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /x\.book declares no sort "pages"; its sorts are: createdAt\b(?!,)/);
  const mixed = await run(['entities', 'update', made.entityId, '--data', '{"pages":1}'], { env: pod.env });
  assert.notEqual(mixed.code, 0);
  assert.match(mixed.stderr, /--data is the directory of a pod, and no JSON; a field of that name is --input-data/);
  const wrong = await run(['entities', 'create', 'x.book', '--input-data', '{"pages":"many"}'], { env: pod.env });
  assert.match(wrong.stderr, /data\.title.*data\.pages/s);
  assert.match(await synap('projections', 'verify', 'entities'), /^ok +entities/);
  await synap('entities', 'delete', made.entityId);
  await synap('entity-types', 'remove', 'x.book');
  assert.equal(await synap('entity-types', 'list'), '');
});

test('a list that is new is filled in over a kill of the pod', async (t) => {
  const data = path.join(temporary(t), 'pod');
  let pod = await startPod(t, data);
  await ask(pod, 'entityTypes.define', book);
  const count = 3000;
  for (let i = 0; i < count; i += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, k) =>
      ask(pod, 'entities.create', { type: 'x.book', data: { title: `t${i + k}`, pages: (i + k) % 10 } })));
  }
  const watch = new Running(['events', 'tail', '--json', '--after', '0', '--type', 'entity.indexing.completed'], { env: pod.env });
  t.after(() => watch.kill('SIGKILL'));
  const { filling } = await ask(pod, 'entityTypes.define', { ...book, lists: [{ filter: 'status', sort: 'pages' }], sorts: ['pages'] });
  assert.deepEqual(filling, ['/pages', 'status/pages']);
  await watch.line('the first entity that is filled in');
  pod.kill('SIGKILL');
  await pod.end();
  pod = await startPod(t, data, { listen: pod.address });
  const events = async () => (await client(pod)('events', 'list', '--type', 'entity_type.backfill.completed', '--json')).trim();
  while (!(await events()).includes('entity_type.backfill.completed')) await new Promise((done) => setTimeout(done, 50));
  assert.deepEqual((await ask(pod, 'entityTypes.get', { name: 'x.book' })).filling, []);
  const titles = [];
  for (let cursor; ; ) {
    const page = await ask(pod, 'entities.list', { type: 'x.book', sort: 'pages', limit: 100, cursor });
    assert.equal(page.total, count);
    titles.push(...page.entities.map((one) => one.data.pages));
    if (!(cursor = page.nextCursor)) break;
  }
  assert.equal(titles.length, count);
  assert.deepEqual(titles, titles.toSorted((a, b) => a - b));
  assert.match(await client(pod)('projections', 'verify', 'entities'), /^ok +entities/);
});
