// A pod under load that is ended at random moments, again and again, with a ledger outside of it.
//
// Clients create, update and delete notes; the pod ends under load, as soon as it is ready, and
// during its start. After each restart what was acknowledged before must complete; at the end
// everything is judged by the ledger (ledger.mjs), and search has to find it (searches.mjs).
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { blindSpots, gather, judge, judgeProofs, Ledger, proofs, sha256 } from './ledger.mjs';
import { Caller, cleanUp, pause, Pod, random, within } from './pod.mjs';
import { blindSpotsOfSearches, judgeSearches, searches, untilFound, untilIndexed } from './searches.mjs';
import { Watcher } from './watcher.mjs';

const kLargeText = 64 * 1024 + 1;  // goes into the content store before its event is appended
const kRetriesMax = 100;
// From one end to the next so many commands are sent as fast as they are answered; after them each
// client takes its time. The proofs read the whole log while everybody writes: without this, each
// would make the next one longer by a part of itself.
const kQuickCommands = 300;
const kSlowPauseMs = 100;

/** What tests of this kind are told by environment variables. */
export function choicesOfOrdeal({ ends }) {
  return {
    ends: Number(process.env.KILLS ?? ends),
    clients: Number(process.env.CLIENTS ?? 12),
    seed: Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31)),
  };
}

class Load {
  ledger = new Ledger();
  counts = { acks: 0, unanswered: 0, retriedByKey: 0, repeats: 0, refused: {} };
  wrong = [];
  #gate = new EventEmitter().setMaxListeners(0);
  #isUp = false;
  #isOver = false;
  #quickCommands = 0;
  #texts = 0;
  #keys = 0;

  constructor(pod, watchers, seed) { Object.assign(this, { pod, watchers, seed }); }

  up() {
    this.#isUp = true;
    this.#quickCommands = kQuickCommands;
    this.#gate.emit('up');
  }
  down() {
    this.#isUp = false;
    this.#gate.emit('down');
  }
  over() {
    this.#isOver = true;
    this.up();
  }

  async client(user, token, choices) {
    const caller = new Caller(this.pod, token, { connections: 1 });
    const own = [];  // living notes
    while (!this.#isOver) {
      if (!this.#isUp) {
        await once(this.#gate, 'up');
        caller.renew();
        continue;
      }
      if (--this.#quickCommands < 0) await Promise.race([once(this.#gate, 'down'), pause(kSlowPauseMs)]);
      const at = choices.next();
      if (own.length < 3 || at < 0.55) await this.#create(caller, user, own, choices);
      else if (at < 0.9) await this.#update(caller, choices.pick(own), own, choices);
      else await this.#delete(caller, own.splice(choices.below(own.length), 1)[0], choices);
    }
    caller.agent.destroy();
  }

  // The answer, or null if the connection ended without one. With a key, a command is repeated
  // until it is answered: over as many crashes as it takes.
  async #send(caller, procedure, input, key) {
    for (let attempt = 0; attempt < kRetriesMax; ++attempt) {
      if (!this.#isUp) {
        await once(this.#gate, 'up');
        caller.renew();
      }
      let answer;
      try {
        answer = await caller.mutate(procedure, input, { key });
      } catch (error) {
        this.counts.unanswered += 1;
        if (this.#isUp) await Promise.race([once(this.#gate, 'down'), pause(100)]);
        if (!key) return null;
        this.counts.retriedByKey += 1;
        continue;
      }
      if (answer.status === 200) {
        this.counts.acks += 1;
        return answer.json.result.data;
      }
      const said = `${answer.status} ${procedure}`;
      this.counts.refused[said] = (this.counts.refused[said] ?? 0) + 1;
      // Two commands of one note that meet (409) are refused whole; nothing else may be.
      if (answer.status !== 409) this.wrong.push(`${said}: ${answer.text.slice(0, 300)}`);
      return { isRefused: true };
    }
    this.wrong.push(`${procedure} with key ${key} was never answered`);
    return null;
  }

  #text(choices) {
    const title = `t${++this.#texts}`;
    const isLarge = choices.chance(0.06);
    const filler = choices.below(256).toString(16).repeat(isLarge ? kLargeText + choices.below(60_000) : choices.below(1500));
    const content = `# ${title}\n${filler}`;
    return { title, content, checksum: sha256(content) };
  }

  // Counted, not drawn: of 50,000 draws of 32 bits two are the same in every third ordeal.
  #key(choices) { return choices.chance(0.4) ? `k-${this.seed}-${++this.#keys}` : undefined; }

  async #create(caller, user, own, choices) {
    const text = this.#text(choices);
    const key = this.#key(choices);
    const input = { title: text.title, content: text.content, tags: ['kill', user] };
    const answer = await this.#send(caller, 'notes.create', input, key);
    if (answer === null) {
      this.ledger.unanswered.push({ user, title: text.title, checksum: text.checksum });
      return;
    }
    if (answer.isRefused) return;
    own.push(this.ledger.created(user, text, answer, key));
    if (own.length > 40) own.shift();
    if (key && choices.chance(0.3)) {  // once more, though it was answered
      const again = await this.#send(caller, 'notes.create', input, key);
      this.counts.repeats += 1;
      if (again) this.ledger.acknowledged(user, 'note.creation', again, key);
    }
    // Now and then wait for the end, so that the workers keep up with the commands.
    if (choices.chance(0.5)) {
      await Promise.race([this.watchers[user].completion(answer.requestId), once(this.#gate, 'down')]);
    }
  }

  async #update(caller, note, own, choices) {
    const text = this.#text(choices);
    const key = this.#key(choices);
    const answer = await this.#send(caller, 'notes.update', { id: note.entityId, content: text.content }, key);
    if (answer === null) {
      note.maybe.push(text.checksum);
      note.updatesMaybe += 1;
    } else if (!answer.isRefused) {
      this.ledger.updated(note, text.checksum, answer, key);
    }
  }

  async #delete(caller, note, choices) {
    const key = this.#key(choices);
    const answer = await this.#send(caller, 'notes.delete', { id: note.entityId }, key);
    if (answer === null) note.deleted = 'maybe';
    else if (!answer.isRefused) this.ledger.deleted(note, answer, key);
  }
}

/**
 * Puts a pod under load, ends it `ends` times with `end(pod)`, and judges it. `folder`: where it
 * keeps its data, a directory of its own if absent.
 */
export async function ordeal(t, { name, ends, clients, seed, folder, end }) {
  console.log(`${name}: seed ${seed}, ${ends} ends, ${clients} clients`);
  const choices = random(seed);
  const pod = await Pod.make(t, { folder });
  const startUps = [await pod.start()];
  const owner = pod.owner();
  const { key: memberKey } = await owner.tell('users.create', { name: 'member' });
  const callers = { owner, member: new Caller(pod, memberKey) };
  const watchers = {};
  for (const [user, caller] of Object.entries(callers)) watchers[user] = new Watcher(pod, caller.token);
  const watching = Object.values(watchers).map((watcher) => watcher.run());
  const load = new Load(pod, watchers, seed);
  cleanUp(t, () => {
    load.over();
    for (const watcher of Object.values(watchers)) watcher.stop();
  });
  const loading = Array.from({ length: clients }, (_, i) => {
    const user = i % 4 === 3 ? 'member' : 'owner';
    return load.client(user, callers[user].token, random(choices.below(2 ** 31)));
  });
  const renew = () => {
    for (const caller of Object.values(callers)) caller.renew();
    for (const watcher of Object.values(watchers)) watcher.poke();
  };
  // Everything that was acknowledged until now completes, as the watchers see it.
  let due = [];
  const checkDue = async () => {
    for (const [requestId, { user }] of due) {
      await watchers[user].completion(requestId, 60_000).catch((error) => {
        throw new Error(`${error.message}; the pod's last lines:\n${pod.lines.slice(-5).join('\n')}`);
      });
    }
    for (const [requestId, { user }] of due.slice(-20)) {
      const { status } = await callers[user].ask('requests.get', { requestId });
      assert.equal(status, 'completed', `request ${requestId}`);
    }
    due = [];
  };

  let counted = 0;
  const moments = { underLoad: 0, whenReady: 0, duringStart: 0 };
  load.up();
  await pause(choices.between(200, 500));
  for (let i = 0; i < ends; ++i) {
    load.down();
    await end(pod);
    due.push(...[...load.ledger.acks].slice(counted));
    counted = load.ledger.acks.size;
    pod.spawn();
    const moment = choices.next();
    if (moment < 0.2 && i + 1 < ends) {
      moments.duringStart += 1;
      await Promise.race([pause(choices.between(1, 120)), pod.exited]);
      if (!pod.isRunning) assert.fail(`the pod ended by itself:\n${pod.lines.slice(-5).join('\n')}`);
      continue;
    }
    const took = await pod.ready();
    assert.ok(took, `the pod ended by itself:\n${pod.lines.slice(-5).join('\n')}`);
    startUps.push(took);
    renew();
    const newest = [...load.ledger.notes.values()].findLast(({ deleted }) => deleted === 'no');
    load.up();
    if (moment < 0.4) {
      moments.whenReady += 1;
      await pause(choices.between(0, 30));
      continue;
    }
    moments.underLoad += 1;
    await checkDue();
    await untilIndexed(callers.owner);
    if (newest) await untilFound(callers[newest.user], newest);
    // While everybody writes; and the next end comes in the middle of a rebuild, sooner or later.
    judgeProofs(await proofs(callers.owner), (sentence) => load.wrong.push(sentence));
    const { projections } = await callers.owner.ask('projections.list', undefined);
    if (projections.every(({ status }) => status === 'live')) await callers.owner.tell('projections.rebuild', { name: i % 2 ? 'notes' : 'tags' });
    await pause(choices.between(0, 400));
  }
  load.over();
  await within(60_000, Promise.all(loading), 'the clients end');
  due.push(...[...load.ledger.acks].slice(counted));
  await checkDue();

  // What nobody waits for may still be under way.
  let last;
  const isQuiet = async () => {
    for (const caller of Object.values(callers)) {
      const { runs } = await caller.ask('runs.list', { status: 'active', limit: 1 });
      if (runs.length) return false;
    }
    return true;
  };
  await within(60_000, (async () => { while (!await isQuiet()) await pause(20); })(), 'no run is active');
  for (const [user, caller] of Object.entries(callers)) {
    last = (await caller.allEvents()).at(-1).position;
    await watchers[user].reaches(last);
  }
  const facts = await gather(pod, load.ledger, callers, watchers);
  const sought = await searches(load.ledger, callers);
  const problems = [...load.wrong, ...judge(load.ledger, facts), ...judgeSearches(load.ledger, sought)];
  for (const [user, watcher] of Object.entries(watchers)) {
    problems.push(...watcher.errors.map((error) => `watcher of ${user}: ${error}`));
    watcher.stop();
  }
  await Promise.all(watching);
  // An index that is made again would find all, too: it is to be whole as it was left.
  problems.push(...pod.lines.filter((line) => /given up|failed|internal error|disk|is made again/.test(line)));

  const sorted = startUps.toSorted?.((a, b) => a - b) ?? [...startUps].sort((a, b) => a - b);
  console.log(`${name}: ` + JSON.stringify({
    seed, ends, ...moments,
    acknowledged: load.ledger.acks.size, ...load.counts,
    notes: load.ledger.notes.size, listed: facts.notes.size, found: sought.found.owner.size + sought.found.member.size, events: facts.events.length,
    watched: watchers.owner.seen.length + watchers.member.seen.length,
    reconnects: watchers.owner.connections,
    recoverMsMedian: Math.round(sorted[sorted.length >> 1]), recoverMsMax: Math.round(sorted.at(-1)),
    rssMb: Math.round(pod.rss),
  }));
  assert.deepEqual(problems.slice(0, 20), [], `${problems.length} problems, seed ${seed}`);
  assert.deepEqual(blindSpots(load.ledger, facts), [], 'judge() sees every kind of fault');
  assert.deepEqual(blindSpotsOfSearches(load.ledger, sought), [], 'judgeSearches() sees every kind of fault');
  const stopped = await pod.stop();
  assert.deepEqual([stopped.code, stopped.signal], [0, null]);
}
