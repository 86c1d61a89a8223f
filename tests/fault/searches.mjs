// What search finds of the notes of a ledger, each by a word that no other note has: its title.
import { until } from './pod.mjs';

const kWordsAtOnce = 40;
const kLateMs = 60_000;

// Nothing while the index is being opened, which takes a moment behind a start.
async function statusOf(caller) {
  const { status, json, text } = await caller.query('search.status', undefined);
  if (status === 200) return json.result.data;
  if (status === 503) return undefined;
  throw new Error(`search.status answered ${status}: ${text.slice(0, 500)}`);
}

/** Until the index of words has what was in the log when this began. */
export async function untilIndexed(caller) {
  let end;
  await until(kLateMs, async () => {
    const told = await statusOf(caller);
    end ??= told?.end;
    return told?.status === 'live' && told.position >= end;
  }, 'the index of words follows the log');
}

/** The ids of the notes that are found by these words. */
async function foundBy(caller, words) {
  const ids = new Set();
  for (let at = 0; at < words.length; at += kWordsAtOnce) {
    const q = words.slice(at, at + kWordsAtOnce).join(' ');
    const { hits } = await caller.ask('search.query', { q, mode: 'text', limit: 100 });
    for (const { entityId } of hits) ids.add(entityId);
  }
  return ids;
}

/** Until search finds the note, if nobody has deleted it meanwhile. */
export function untilFound(caller, note) {
  return until(kLateMs, async () => note.deleted !== 'no'
    || (await foundBy(caller, [note.title])).has(note.entityId), `search finds ${note.title}`);
}

/** For judgeSearches(): how far the index is, and what each user finds, when nobody writes any more. */
export async function searches(ledger, callers) {
  const facts = { lag: {}, found: {} };
  for (const [user, caller] of Object.entries(callers)) {
    await untilIndexed(caller);
    facts.lag[user] = (await statusOf(caller)).lag;
    facts.found[user] = await foundBy(caller, [...ledger.notes.values()].map(({ title }) => title));
  }
  return facts;
}

/** What is wrong with search: sentences; none if all is well. */
export function judgeSearches(ledger, { lag, found }) {
  const problems = [];
  for (const [user, events] of Object.entries(lag)) {
    if (events !== 0) problems.push(`the index of words lacks ${events} events, as ${user} is told`);
  }
  for (const { entityId, title, user, deleted } of ledger.notes.values()) {
    for (const [who, ids] of Object.entries(found)) {
      const isFound = ids.has(entityId);
      if (isFound && who !== user) problems.push(`${who} finds the note ${title} of ${user}`);
      if (isFound && deleted === 'yes') problems.push(`the deleted note ${title} is found`);
      if (!isFound && who === user && deleted === 'no') problems.push(`the note ${title} is not found by its word`);
    }
  }
  return problems;
}

/** Faults, each done to copies, with what judgeSearches() must then say. */
const faults = {
  'a note that is not found': [/is not found/, ({ found }, note) => { found[note.user].delete(note.entityId); }],
  'a deleted note that is found': [/the deleted note/, (_, note) => { note.deleted = 'yes'; }],
  'a note of another user': [/finds the note/, ({ found }, note) => {
    for (const ids of Object.values(found)) ids.add(note.entityId);
  }],
  'an index that is behind': [/lacks 3 events/, (facts) => { facts.lag.owner = 3; }],
};

/** Names of the faults that judgeSearches() does not see. */
export function blindSpotsOfSearches(ledger, facts) {
  return Object.entries(faults).filter(([, [sentence, harm]]) => {
    const copy = structuredClone({ notes: ledger.notes, facts });
    harm(copy.facts, [...copy.notes.values()].find(({ deleted }) => deleted === 'no'));
    return !judgeSearches(copy, copy.facts).some((problem) => sentence.test(problem));
  }).map(([name]) => name);
}
