// Damage to what lies on disk: it is named where it is asked for, its neighbours stay readable.
import assert from 'node:assert/strict';
import { readFileSync, statSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { gather, judge, Ledger, sha256 } from './ledger.mjs';
import { Pod, random } from './pod.mjs';

async function podWithNotes(t, count, textOf = (i) => `# note ${i}\n${'z'.repeat(100 * i)}`) {
  const pod = await Pod.make(t);
  await pod.start();
  const owner = pod.owner();
  const ledger = new Ledger();
  for (let i = 0; i < count; ++i) await createOne(owner, ledger, `note ${i}`, textOf(i));
  for (const requestId of ledger.acks.keys()) {
    assert.equal((await owner.settled(requestId)).status, 'completed');
  }
  return { pod, owner, ledger, notes: await owner.allNotes() };
}

async function createOne(owner, ledger, title, content) {
  const answer = await owner.tell('notes.create', { title, content });
  ledger.created('owner', { title, checksum: sha256(content) }, answer);
  return answer;
}

function checkDamaged(answer, what) {
  assert.equal(answer.status, 500, answer.text);
  assert.match(answer.json.error.message, what === 'a missing file' ? /missing/ : /damaged|missing/);
  assert.equal(typeof answer.json.error.code, 'number');
  assert.doesNotMatch(answer.text, /\.md|\/content/, 'no path is told');
}

test('a damaged note says so, the others are as before', { timeout: 60_000 }, async (t) => {
  const { pod, owner, notes } = await podWithNotes(t, 12);
  const harm = {
    'a flipped bit': (file) => {
      const bytes = readFileSync(file);
      bytes[bytes.length >> 1] ^= 0x10;
      writeFileSync(file, bytes);
    },
    'a missing file': unlinkSync,
    'a file cut short': (file) => truncateSync(file, statSync(file).size - 1),
    'an empty file': (file) => truncateSync(file, 0),
    'a file that is too long': (file) => writeFileSync(file, 'more', { flag: 'a' }),
  };
  const harmed = new Set();
  for (const [i, [what, act]] of Object.entries(harm).entries()) {
    const note = notes[i];
    act(pod.file(note.filePath));
    harmed.add(note.id);
    for (const procedure of ['notes.get', 'notes.getById']) {
      checkDamaged(await owner.query(procedure, { id: note.id }), what);
    }
  }
  const look = async () => {
    assert.equal((await owner.ask('notes.list', { limit: 100 })).total, notes.length);
    for (const { id, checksum } of notes) {
      const answer = await owner.query('notes.get', { id });
      if (harmed.has(id)) checkDamaged(answer);
      else assert.equal(sha256(answer.json.result.data.content), checksum);
    }
  };
  await look();
  await pod.kill();
  await pod.start();
  owner.renew();
  await look();
  assert.ok(pod.lines.some((line) => line.includes('is damaged')), 'the log names it');
  // New text is in a file of its own.
  const [id] = harmed;
  const { requestId } = await owner.tell('notes.update', { id, content: 'whole again' });
  assert.equal((await owner.settled(requestId)).status, 'completed');
  assert.equal((await owner.ask('notes.get', { id })).content, 'whole again');
  console.log(`damage: ${JSON.stringify({ kinds: Object.keys(harm).length, notes: notes.length })}`);
});

/** Where its frames end: behind the one with the last byte that is none of the zeros which make the file longer. */
const endOf = (bytes) => {
  const [head, frame] = [32, 4096 + 24];
  return head + Math.ceil((bytes.findLastIndex((byte) => byte !== 0) + 1 - head) / frame) * frame;
};

// A power cut can leave the end of the write-ahead log half-written: whatever is cut off there was
// not acknowledged. The harm is done to bytes behind the last acknowledged commit.
test('a torn end of synap.db-wal loses nothing that was committed before', { timeout: 90_000 }, async (t) => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  const choices = random(seed);
  const { pod, owner, ledger } = await podWithNotes(t, 10);
  const wal = path.join(pod.data, 'synap.db-wal');
  let cut = 0;
  for (let round = 0; round < 12; ++round) {
    // Everything in the ledger is settled: nothing is written until this end moves again.
    const settledBytes = readFileSync(wal);
    const settled = endOf(settledBytes);
    const { requestId } = await owner.tell('notes.create', { title: `torn ${round}`, content: 'q'.repeat(9_000) });
    await owner.settled(requestId);
    await pod.kill();
    const whole = readFileSync(wal);
    const size = endOf(whole);
    assert.ok(settledBytes.subarray(0, settled).equals(whole.subarray(0, settled)), 'the log only grew');
    const at = choices.between(settled, size);
    const kind = choices.pick(['truncated', 'zeros', 'noise']);
    if (kind === 'truncated') {
      truncateSync(wal, at);
    } else {
      for (let i = at; i < size; ++i) whole[i] = kind === 'zeros' ? 0 : choices.below(256);
      writeFileSync(wal, whole);
    }
    cut += size - at;
    await pod.start();
    owner.renew();
    // What was behind the cut is there as far as it was whole; the rest of the pod must agree.
    const request = await owner.query('requests.get', { requestId });
    if (request.status === 200) {
      const { status, entityId } = await owner.settled(requestId);
      assert.equal(status, 'completed');
      ledger.created('owner', { title: `torn ${round}`, checksum: sha256('q'.repeat(9_000)) }, { requestId, entityId });
    } else {
      assert.equal(request.status, 404);
    }
    await createOne(owner, ledger, `after ${round}`, `after ${round}`);
    for (const id of [...ledger.acks.keys()].slice(-2)) await owner.settled(id);
    assert.deepEqual(judge(ledger, await gather(pod, ledger, { owner }, {})).slice(0, 5), [], `round ${round}: ${kind} at ${at} of ${size}, seed ${seed}`);
    // The same again: a second start of what was repaired.
    await pod.stop();
    await pod.start();
    owner.renew();
    await createOne(owner, ledger, `again ${round}`, `again ${round}`);
    for (const id of [...ledger.acks.keys()].slice(-1)) await owner.settled(id);
  }
  console.log(`damage: ${JSON.stringify({ seed, tornTails: 12, bytesCut: cut, acknowledged: ledger.acks.size })}`);
});
