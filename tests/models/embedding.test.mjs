// Search by meaning with vectors of a provider.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DIMENSION, embeddings, settings } from './embeddings.mjs';
import { ask, pod, post } from './harness.mjs';

async function until(what, probe) {
  for (const end = performance.now() + 30_000; performance.now() < end;) {
    const found = await probe();
    if (found) return found;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  throw new Error(`not within 30 s: ${what}`);
}

const note = (running, content) => ask(running, 'notes.list', undefined).then(() =>
  fetch(`${running.url}/trpc/notes.create`, {
    method: 'POST',
    headers: { authorization: `Bearer ${running.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ content }),
  }));
/** For a moment behind its start a pod opens the indexes of search, and says so. */
const search = (running, procedure, input) => until('the indexes are open', () =>
  ask(running, procedure, input).catch((error) => {
    if (error.code !== 'SERVICE_UNAVAILABLE') throw error;
  }));
const meaning = async (running) => (await search(running, 'search.status')).meaning;
const isFilled = (running, count) => until('all is in the index of meanings', async () => {
  const status = await meaning(running);
  return status?.lag === 0 && status.passages >= count;
});
const query = (running, more) => search(running, 'search.query', { q: 'automobile', ...more });
/** On a machine that is busy a vector may come later than a query waits for it. */
const byMeaning = (running, more) => until('it is answered by meaning', async () => {
  const found = await query(running, { mode: 'semantic', ...more });
  return found.mode === 'semantic' && found;
});
const titles = ({ hits }) => hits.map((hit) => hit.title);

test('things are found by their meaning with the vectors of a provider', async (t) => {
  const provider = await embeddings(t);
  const running = await pod(t, settings(provider));
  for (const text of ['My old car', 'Sourdough and flour', 'The tax of May']) await note(running, text);
  await isFilled(running, 3);
  const found = await byMeaning(running);
  assert.equal(titles(found)[0], 'My old car');
  assert.match((await meaning(running)).model, /^any-vectors:8$/);

  // What was embedded is not sent again, by a start neither.
  const asked = provider.asked.filter((text) => text.includes('Sourdough')).length;
  assert.equal(asked, 1);
  const again = await running.again();
  await isFilled(again, 3);
  assert.equal(provider.asked.filter((text) => text.includes('Sourdough')).length, 1);
  const later = await byMeaning(again);
  assert.equal(titles(later)[0], 'My old car', JSON.stringify(later));
});

test('items of the store are found by their meaning, within their namespace', async (t) => {
  const provider = await embeddings(t);
  // Beside words a meaning counts where it is nearer than those of texts that have nothing in common.
  Object.assign(provider, { tellsApart: true, dimension: 64 });
  const [model] = settings(provider).embed;
  const running = await pod(t, { embed: [{ ...model, dimension: 64 }] });
  const put = (user, key, value, more) =>
    post(running, 'store.put', { namespace: ['memories', user], key, value, ...more });
  await put('ann', 'wheels', { text: 'My old car', place: 'garage' });
  await put('ann', 'loaf', { text: 'Sourdough and flour', place: 'kitchen' });
  await put('ann', 'hidden', { text: 'A vehicle', place: 'garage' }, { index: [] });
  await put('bob', 'other', { text: 'A new car', place: 'street' });
  await isFilled(running, 3);
  const find = async (more) => until('it is answered by meaning', async () => {
    const found = await ask(running, 'store.search', { namespacePrefix: ['memories', 'ann'], query: 'automobile', ...more });
    return found.mode !== 'text' && !found.modeReason && found;
  });
  // No word of the query is in any of them.
  const found = await find();
  assert.equal(found.items[0].key, 'wheels', JSON.stringify(found));
  assert.deepEqual(found.items[0].value, { text: 'My old car', place: 'garage' });
  assert.ok(found.items[0].score > (found.items[1]?.score ?? 0), JSON.stringify(found));
  assert.ok(found.items.every(({ key, namespace }) => key !== 'hidden' && namespace[1] === 'ann'), JSON.stringify(found));
  assert.ok(!provider.asked.some((text) => text.includes('A vehicle')), 'what is not searched is not embedded');
  assert.deepEqual((await find({ filter: { place: 'kitchen' } })).items.filter(({ key }) => key === 'wheels'), []);
  // Another value has another meaning, and what is deleted none.
  await put('ann', 'wheels', { text: 'The tax of May', place: 'garage' });
  await until('the new value is found', async () => (await find({ query: 'invoice' })).items[0]?.key === 'wheels');
  await post(running, 'store.delete', { namespace: ['memories', 'ann'], key: 'wheels' });
  assert.ok((await find({ query: 'invoice' })).items.every(({ key }) => key !== 'wheels'));
});

test('a message of a chat can be an order to search by meaning', async (t) => {
  const provider = await embeddings(t);
  const running = await pod(t, settings(provider));
  for (const text of ['My old car', 'Sourdough and flour']) await note(running, text);
  await isFilled(running, 2);
  const said = await post(running, 'chat.send', { text: 'What did I write on automobiles?' });
  const done = await until('it is answered by meaning', async () => {
    const answer = await post(running, 'chat.executeAction', {
      threadId: said.entityId, messageId: said.messageId, actionType: 'search.semantic', actionParams: { q: 'automobile' },
    });
    return answer.result.mode === 'semantic' && answer;
  });
  assert.equal(titles(done.result)[0], 'My old car', JSON.stringify(done));
  assert.deepEqual([done.status, done.success, done.procedure, done.eventType], ['completed', true, 'search.query', undefined]);
});

test('words answer while the provider is away, and say so', async (t) => {
  const provider = await embeddings(t);
  const running = await pod(t, settings(provider));
  await note(running, 'An automobile of words');
  await isFilled(running, 1);
  provider.isDown = true;
  const found = await until('its words are found', async () => {
    const answer = await query(running, { q: 'automobile words' });
    return answer.hits.length > 0 && answer;
  });
  assert.equal(found.mode, 'text');
  assert.ok(found.modeReason, JSON.stringify(found));
  assert.deepEqual(titles(found), ['An automobile of words']);
  // What is written meanwhile is found by its meaning when it is back.
  await note(running, 'Baking at home');
  provider.isDown = false;
  await isFilled(running, 2);
  assert.equal(titles(await byMeaning(running, { q: 'flour' }))[0], 'Baking at home');
});

test('vectors of another dimension are not taken', async (t) => {
  const provider = await embeddings(t);
  provider.dimension = DIMENSION - 1;
  const running = await pod(t, settings(provider));
  await note(running, 'My old car');
  const told = await until('the fault is told', async () => {
    const status = await meaning(running);
    return /dimension/.test(status?.error) && status.error;
  });
  assert.match(told, /dimension/);
  // The index of words is opened beside that, and follows.
  const found = await until('its words are found', async () => {
    const answer = await query(running, { q: 'car' });
    return answer.hits.length > 0 && answer;
  });
  assert.deepEqual([found.mode, titles(found)], ['text', ['My old car']]);
});

// One that was there before answers until all is made by the new one, whatever ends the process meanwhile.
test('a pod that is killed while its model is changed has all by the new one', async (t) => {
  const provider = await embeddings(t);
  let running = await pod(t, settings(provider));
  const subjects = ['car', 'flour', 'invoice'];
  const texts = Array.from({ length: 24 }, (_, i) => `About ${subjects[i % 3]} number ${i}`);
  for (const text of texts) await note(running, text);
  await isFilled(running, texts.length);
  const other = settings(provider, 'other-vectors', 'any-vectors');
  provider.delayMs = 40;
  // Killed with some of it made: under the new model, back under the old one, and under the new one again.
  for (const models of [other, other, settings(provider), other]) {
    const before = provider.asked.length;
    running = await running.again('SIGKILL', models);
    if (models === other) await until('some are made by it', () => provider.asked.length > before + 3);
    const answer = await byMeaning(running, { q: 'vehicle' });
    assert.match(titles(answer)[0], /^About car/, 'the model before answers');
  }
  provider.delayMs = 0;
  running = await running.again('SIGKILL', settings(provider, 'other-vectors'));
  const told = await until('the new model has all', async () => {
    const status = await meaning(running);
    return status?.model === 'other-vectors:8' && status.status === 'live' && status.lag === 0 && status;
  });
  assert.equal(told.passages, texts.length);
  for (const text of texts) {
    assert.ok(provider.askedOf['other-vectors'].some((asked) => asked.includes(text)), `${text} is made by it`);
  }
  for (const [word, subject] of [['automobile', 'car'], ['baking', 'flour'], ['tax', 'invoice']]) {
    const found = await byMeaning(running, { q: word, limit: 8 });
    assert.deepEqual(titles(found).map((title) => title.split(' ')[1]), new Array(8).fill(subject));
  }
});

test('another model behind the name is told by the doctor, and words answer', async (t) => {
  const provider = await embeddings(t);
  provider.answersAs = 'vectors-of-may';
  let running = await pod(t, settings(provider));
  await note(running, 'My old automobile');
  await isFilled(running, 1);
  assert.equal(titles(await byMeaning(running))[0], 'My old automobile');
  provider.answersAs = 'vectors-of-june';
  running = await running.again();
  const found = await until('words answer', async () => {
    const answer = await query(running, { q: 'automobile' });
    return answer.mode === 'text' && /vectors-of-june/.test(answer.modeReason) && answer;
  });
  assert.deepEqual(titles(found), ['My old automobile']);
  assert.match(found.modeReason, /were made by vectors-of-may, and now vectors-of-june answers/);
  assert.match((await meaning(running)).error, /vectors-of-may/);
  const doctor = (await ask(running, 'pod.doctor')).checks.find(({ name }) => name === 'search meaning');
  assert.equal(doctor.status, 'warn');
  assert.match(doctor.message, /vectors-of-may.*vectors-of-june/);
});
