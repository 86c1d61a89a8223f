// The outside ledger: what the pod has acknowledged, kept only here, and the judgement of a pod by
// it. judge() is pure, so that a test can show that it sees each kind of fault (`faults`, below).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

export class Ledger {
  notes = new Map();    // entityId -> note, see created()
  acks = new Map();     // requestId -> {user, type, entityId}
  unanswered = [];      // creations without a key of which nobody knows whether they were heard
  answers = new Map();  // idempotency key -> [requestId of each answer]

  acknowledged(user, type, answer, key) {
    this.acks.set(answer.requestId, { user, type, entityId: answer.entityId });
    if (key) this.answers.set(key, [...(this.answers.get(key) ?? []), answer.requestId]);
  }

  created(user, { title, checksum }, answer, key) {
    this.acknowledged(user, 'note.creation', answer, key);
    if (!this.notes.has(answer.entityId)) {
      this.notes.set(answer.entityId, {
        user, title, entityId: answer.entityId,
        checksum,         // of the last acknowledged text
        maybe: [],        // of texts sent since then without an answer
        deleted: 'no',    // yes, or maybe
        updates: 0, updatesMaybe: 0,
      });
    }
    return this.notes.get(answer.entityId);
  }

  updated(note, checksum, answer, key) {
    this.acknowledged(note.user, 'note.update', answer, key);
    note.checksum = checksum;
    note.maybe = [];
    note.updates += 1;
  }

  deleted(note, answer, key) {
    this.acknowledged(note.user, 'note.deletion', answer, key);
    note.deleted = 'yes';
  }
}

/** Every read model compared with what follows from the log, and the log's chain, as the owner asks. */
export async function proofs(owner) {
  const found = { projections: [], chain: { ok: true, events: 0 } };
  const list = async () => (await owner.ask('projections.list', undefined)).projections;
  // A rebuild that an end has interrupted goes on first.
  const until = Date.now() + 600_000;
  while ((await list()).some(({ status }) => status === 'rebuilding')) {
    if (Date.now() > until) throw new Error('a rebuild does not end');
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  // Of the whole log each, all at once: after 200 ends that is minutes of an unoptimised program.
  found.projections = await Promise.all((await list()).map(
    ({ name }) => owner.tell('projections.verify', { name }, { timeout: 600_000 }),
  ));
  found.head = await owner.ask('events.head', undefined);
  for (let after = 0; after !== undefined;) {
    const part = await owner.ask('log.verify', { after });
    found.chain.events += part.events;
    if (!part.ok) found.chain = { ...found.chain, ok: false, broken: part.broken };
    after = part.nextAfter;
  }
  return found;
}

export function judgeProofs({ projections, chain, head }, wrong) {
  for (const { name, ok, liveDigest, rebuiltDigest, firstDifference } of projections) {
    if (!ok || liveDigest !== rebuiltDigest) wrong(`the projection ${name} is not what follows from the log: ${firstDifference}`);
  }
  if (!chain.ok) wrong(`the chain is broken at ${chain.broken?.position}: ${chain.broken?.what}`);
  if (chain.events < head.position) wrong(`the chain has ${chain.events} of ${head.position} events`);
}

/** All that the pod says and has on disk, for judge(). `callers`: user -> Caller. */
export async function gather(pod, ledger, callers, watchers) {
  const facts = { events: [], notes: new Map(), files: new Map(), requests: new Map(), watched: {} };
  for (const [user, caller] of Object.entries(callers)) {
    for (const event of await caller.allEvents()) facts.events.push({ ...event, data: undefined, user });
    for (const note of await caller.allNotes()) {
      const rows = facts.notes.get(note.id) ?? [];
      rows.push({ id: note.id, user, title: note.title, checksum: note.checksum, filePath: note.filePath, version: note.version });
      facts.notes.set(note.id, rows);
      try {
        facts.files.set(note.filePath, sha256(readFileSync(pod.file(note.filePath))));
      } catch (error) {
        facts.files.set(note.filePath, error.code);
      }
    }
  }
  facts.events.sort((a, b) => a.position - b.position);
  const open = [...ledger.acks];
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let next; (next = open.pop());) {
      const [requestId, { user }] = next;
      const answer = await callers[user].query('requests.get', { requestId });
      facts.requests.set(requestId, answer.json?.result?.data.status ?? `${answer.status} ${answer.text}`);
    }
  }));
  facts.proofs = await proofs(callers.owner);
  for (const [user, watcher] of Object.entries(watchers)) {
    facts.watched[user] = watcher.seen.map(({ position, id }) => ({ position, id }));
  }
  return facts;
}

/** What is wrong with the pod: sentences; none if all is well. */
export function judge(ledger, facts) {
  const problems = [];
  const wrong = (sentence) => problems.push(sentence);
  judgeLog(facts, wrong);
  judgeProofs(facts.proofs, wrong);
  const byAggregate = Map.groupBy?.(facts.events, (event) => event.aggregateId)
    ?? group(facts.events, (event) => event.aggregateId);
  const byRequest = group(facts.events, (event) => event.requestId);
  for (const [requestId, { type, entityId }] of ledger.acks) {
    const status = facts.requests.get(requestId);
    if (status !== 'completed') wrong(`acknowledged request ${requestId} (${type}) is ${status}`);
    const events = byRequest.get(requestId) ?? [];
    const ends = events.filter((event) => event.type === `${type}.completed`);
    if (ends.length !== 1) wrong(`request ${requestId} (${type}) has ${ends.length} completions`);
    if (events.some((event) => event.aggregateId !== entityId)) wrong(`request ${requestId} touched another entity`);
  }
  const creations = facts.events.filter((event) => event.type === 'note.creation.requested');
  for (const { aggregateId } of creations) {
    const ends = byAggregate.get(aggregateId).filter((event) => event.type === 'note.creation.completed');
    if (ends.length !== 1) wrong(`note ${aggregateId} has ${ends.length} note.creation.completed`);
  }
  for (const [key, requestIds] of ledger.answers) {
    if (new Set(requestIds).size !== 1) wrong(`key ${key} was answered with ${requestIds}`);
  }
  for (const note of ledger.notes.values()) judgeNote(note, facts, byAggregate, wrong);
  judgeStrangers(ledger, facts, wrong);
  for (const [user, seen] of Object.entries(facts.watched)) {
    const own = facts.events.filter((event) => event.user === user);
    // The id too: a position whose event was lost after it had been shown is given to another one.
    const at = own.findIndex(({ position, id }, i) => seen[i]?.position !== position || seen[i].id !== id);
    if (at >= 0) wrong(`the watcher of ${user} saw position ${seen[at]?.position} (${seen[at]?.id}) where ${own[at].position} (${own[at].id}) was due`);
    if (seen.length > own.length) wrong(`the watcher of ${user} saw ${seen.length} of ${own.length} events`);
  }
  return problems;
}

function judgeLog({ events }, wrong) {
  const ids = new Set();
  const versions = new Map();
  events.forEach((event, i) => {
    if (event.position !== i + 1) wrong(`position ${event.position} where ${i + 1} was due`);
    if (ids.has(event.id)) wrong(`event ${event.id} is in the log twice`);
    ids.add(event.id);
    if (event.type.endsWith('.failed')) wrong(`${event.type} at ${event.position}`);
    if (!event.aggregateId) return;
    const due = (versions.get(event.aggregateId) ?? 0) + 1;
    if (event.aggregateVersion !== due) wrong(`aggregateVersion ${event.aggregateVersion} of ${event.aggregateId} where ${due} was due`);
    versions.set(event.aggregateId, due);
  });
}

function judgeNote(note, facts, byAggregate, wrong) {
  const rows = facts.notes.get(note.entityId) ?? [];
  const least = note.deleted === 'no' ? 1 : 0;
  const most = note.deleted === 'yes' ? 0 : 1;
  if (rows.length < least || rows.length > most) {
    wrong(`note ${note.entityId} (deleted: ${note.deleted}) is listed ${rows.length} times`);
  }
  if (rows.length !== 1) return;
  const [row] = rows;
  if (row.title !== note.title) wrong(`note ${note.entityId} has the title of ${row.title}`);
  if (row.user !== note.user) wrong(`note ${note.entityId} of ${note.user} is listed for ${row.user}`);
  if (row.checksum !== note.checksum && !note.maybe.includes(row.checksum)) {
    wrong(`note ${note.entityId} is not what was acknowledged last`);
  }
  judgeFile(row, facts, wrong);
  const updates = (byAggregate.get(note.entityId) ?? []).filter((event) => event.type === 'note.update.completed').length;
  if (updates < note.updates || updates > note.updates + note.updatesMaybe) {
    wrong(`note ${note.entityId} was updated ${updates} times, acknowledged ${note.updates}`);
  }
  if (row.version !== updates + 1) wrong(`note ${note.entityId} has version ${row.version} after ${updates} updates`);
}

function judgeFile(row, facts, wrong) {
  const onDisk = facts.files.get(row.filePath);
  if (onDisk !== row.checksum) wrong(`the file of note ${row.id} has ${onDisk}, the row ${row.checksum}`);
}

// Notes that nobody has acknowledged: each must be one that was asked for, whole, and there once.
function judgeStrangers(ledger, facts, wrong) {
  const askedFor = new Map(ledger.unanswered.map((creation) => [creation.title, creation]));
  const titles = new Set();
  for (const [id, [row]] of facts.notes) {
    if (titles.has(row.title)) wrong(`two notes have the title ${row.title}`);
    titles.add(row.title);
    if (ledger.notes.has(id)) continue;
    const creation = askedFor.get(row.title);
    if (!creation) wrong(`nobody asked for note ${id} (${row.title})`);
    else if (row.checksum !== creation.checksum) wrong(`note ${id} was not acknowledged and is not whole`);
    judgeFile(row, facts, wrong);
  }
  const known = new Set([...facts.notes.keys(), ...ledger.notes.keys()]);
  for (const event of facts.events) {
    if (event.type === 'note.creation.completed' && !known.has(event.aggregateId)) {
      wrong(`note ${event.aggregateId} was completed and is not listed`);
    }
  }
}

function group(list, keyOf) {
  const groups = new Map();
  for (const item of list) {
    const key = keyOf(item);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(item);
  }
  return groups;
}

const living = (ledger, facts) => [...ledger.notes.values()].find((note) => facts.notes.has(note.entityId));
const completionAt = (facts) => facts.events.findIndex((event) => event.type === 'note.creation.completed');

/** Faults, each done to a copy of ledger and facts, with what judge() must then say. */
export const faults = {
  'an acknowledged request that the pod has lost': [/acknowledged request/, (ledger) => {
    ledger.acks.set('00000000-0000-7000-8000-000000000000', { user: 'owner', type: 'note.creation', entityId: '' });
  }],
  'a request that is still pending': [/is pending/, (ledger, facts) => {
    facts.requests.set([...ledger.acks.keys()][0], 'pending');
  }],
  'an event that is missing': [/position \d+ where/, (_, facts) => { facts.events.splice(completionAt(facts), 1); }],
  'a second completion': [/has 2 note.creation.completed/, (_, facts) => {
    facts.events.push({ ...facts.events[completionAt(facts)], id: 'x', position: facts.events.length + 1 });
  }],
  'an event that is in the log twice': [/in the log twice/, (_, facts) => { facts.events.push({ ...facts.events.at(-1) }); }],
  'a version that is left out': [/aggregateVersion/, (_, facts) => { facts.events[completionAt(facts)].aggregateVersion += 1; }],
  'a dead letter': [/\.failed at/, (_, facts) => { facts.events.at(-1).type = 'note.creation.failed'; }],
  'a row that does not follow from the log': [/is not what follows/, (_, facts) => {
    facts.proofs.projections[1].firstDifference = 'x';
    facts.proofs.projections[1].ok = false;
  }],
  'a digest that differs': [/is not what follows/, (_, facts) => { facts.proofs.projections[0].liveDigest = 'x'; }],
  'a chain that is broken': [/the chain is broken at 3/, (_, facts) => {
    facts.proofs.chain = { ok: false, broken: { position: 3, what: 'x' } };
  }],
  'a chain that is short': [/the chain has/, (_, facts) => { facts.proofs.chain.events -= 1; }],
  'other bytes on disk': [/the file of note/, (ledger, facts) => {
    facts.files.set(facts.notes.get(living(ledger, facts).entityId)[0].filePath, sha256('other'));
  }],
  'a file that is missing': [/ENOENT/, (ledger, facts) => {
    facts.files.set(facts.notes.get(living(ledger, facts).entityId)[0].filePath, 'ENOENT');
  }],
  'a wrong ledger entry: another text': [/not what was acknowledged last/, (ledger, facts) => {
    Object.assign(living(ledger, facts), { checksum: sha256('wrong'), maybe: [] });
  }],
  'an update that is lost': [/was updated \d+ times/, (ledger, facts) => { living(ledger, facts).updates += 7; }],
  'a version that does not count updates': [/has version/, (ledger, facts) => {
    facts.notes.get(living(ledger, facts).entityId)[0].version += 1;
  }],
  'a note that is not listed': [/is listed 0 times/, (ledger, facts) => {
    const note = living(ledger, facts);
    note.deleted = 'no';
    facts.notes.delete(note.entityId);
  }],
  'a note that is listed twice': [/is listed 2 times/, (ledger, facts) => {
    const rows = facts.notes.get(living(ledger, facts).entityId);
    rows.push(rows[0]);
  }],
  'a deleted note that is back': [/deleted: yes/, (ledger, facts) => { living(ledger, facts).deleted = 'yes'; }],
  'a key that made a second note': [/was answered with/, (ledger) => { ledger.answers.set('twice', ['a', 'b']); }],
  'a note that nobody asked for': [/nobody asked for/, (ledger, facts) => {
    ledger.notes.delete(living(ledger, facts).entityId);
  }],
  'a note of another user': [/is listed for/, (ledger, facts) => { living(ledger, facts).user = 'nobody'; }],
  'an event that was shown and is another now': [/the watcher of/, (_, facts) => {
    Object.values(facts.watched)[0][3].id = 'other';
  }],
  'a watcher that skips': [/the watcher of/, (_, facts) => { Object.values(facts.watched)[0].splice(3, 1); }],
  'a watcher that repeats': [/the watcher of/, (_, facts) => {
    const seen = Object.values(facts.watched)[0];
    seen.push(seen.at(-1));
  }],
};

/** Names of the faults that judge() does not see. */
export function blindSpots(ledger, facts) {
  const copyOf = (thing) => structuredClone({ ...thing });
  return Object.entries(faults).filter(([, [sentence, harm]]) => {
    const harmed = [copyOf(ledger), copyOf(facts)];
    harm(...harmed);
    return !judge(...harmed).some((problem) => sentence.test(problem));
  }).map(([name]) => name);
}
