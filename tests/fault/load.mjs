// Load on a pod, or on the nodes of one: notes and tasks, with a ledger of what was acknowledged.
import { gather, judge, Ledger, sha256 } from './ledger.mjs';
import { Caller, pause, within } from './pod.mjs';

const kHangMs = 60_000;
const kProbeMs = 6_000;  // who asks whether a pod is ready waits no longer

export class Load {
  ledger = new Ledger();
  tasks = new Map();  // title -> whether it was acknowledged
  wrong = [];
  counts = { acks: 0, refused: 0, cut: 0, repeats: 0 };
  isOver = false;
  slowestMs = 0;
  #number = 0;

  /** `pods`: the nodes, each of which is sent something, as by a proxy that stands before them.
   *  `pauseMs`: how long each client waits between two calls, at least and at most. */
  constructor(pods, token, { seed, hangMs = kHangMs, pauseMs = [80, 250] }) {
    Object.assign(this, { pods, token, seed, hangMs, pauseMs });
  }

  async client(choices) {
    const callers = this.pods.map((pod) => new Caller(pod, this.token, { connections: 1 }));
    const by = (ask) => () => ask(choices.pick(callers));
    while (!this.isOver) {
      const title = `t${++this.#number}`;
      const key = choices.chance(0.6) ? `k-${this.seed}-${title}` : undefined;
      if (choices.chance(0.6)) await this.#note(by, title, key, choices);
      else await this.#task(by, title, key);
      if (choices.chance(0.2)) await this.#send(by((caller) => caller.query('notes.list', { limit: 5 })), 'notes.list', false);
      await pause(choices.between(...this.pauseMs));
    }
    for (const caller of callers) caller.agent.destroy();
  }

  // The data; null: nobody knows. What is sure of its key is sent until it is answered.
  async #send(ask, what, isSure) {
    for (;;) {
      const begin = performance.now();
      let answer;
      try {
        answer = await ask();
      } catch (error) {
        this.counts.cut += 1;
        if (this.hangMs === kHangMs && /no answer in/.test(error.message)) this.wrong.push(error.message);
      }
      this.slowestMs = Math.max(this.slowestMs, performance.now() - begin);
      if (answer?.status === 200) {
        this.counts.acks += 1;
        return answer.json.result.data;
      }
      if (answer) {
        this.counts.refused += 1;
        // A read that takes too long is refused; where the database is far away, or the machine busy, some do.
        if (answer.status === 408 && what === 'notes.list') return null;
        if (answer.status !== 503) this.wrong.push(`${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
        else if (!answer.headers['retry-after']) this.wrong.push(`${what}: a 503 without Retry-After`);
      }
      if (!isSure) return null;
      if (this.isOver && this.hasGivenUp) return null;
      await pause(50);
    }
  }

  async #note(by, title, key, choices) {
    const content = `# ${title}\n${'x'.repeat(choices.below(1500))}`;
    const checksum = sha256(content);
    const send = () => this.#send(by((caller) => caller.mutate('notes.create', { title, content }, { key, timeout: this.hangMs })), 'notes.create', !!key);
    const answer = await send();
    if (answer === null) return this.ledger.unanswered.push({ user: 'owner', title, checksum });
    this.ledger.created('owner', { title, checksum }, answer, key);
    if (!key || !choices.chance(0.2)) return;
    const again = await send();
    this.counts.repeats += 1;
    if (again) this.ledger.acknowledged('owner', 'note.creation', again, key);
  }

  async #task(by, title, key) {
    this.tasks.set(title, false);
    const answer = await this.#send(by((caller) => caller.mutate('tasks.create', { title }, { key, timeout: this.hangMs })), 'tasks.create', !!key);
    if (answer === null) return;
    this.tasks.set(title, true);
    this.ledger.acknowledged('owner', 'task.creation', answer, key);
  }

  /** What is wrong with the tasks that there are. */
  judgeTasks(there) {
    const problems = [];
    const counts = new Map();
    for (const { title } of there) counts.set(title, (counts.get(title) ?? 0) + 1);
    for (const [title, count] of counts) {
      if (count > 1) problems.push(`there are ${count} tasks ${title}`);
      if (!this.tasks.has(title)) problems.push(`nobody asked for task ${title}`);
    }
    for (const [title, isSure] of this.tasks) {
      if (isSure && !counts.has(title)) problems.push(`the acknowledged task ${title} is lost`);
    }
    return problems;
  }
}

export async function allTasks(caller) {
  const tasks = [];
  for (let cursor; ;) {
    const page = await caller.ask('tasks.list', { limit: 100, ...(cursor && { cursor }) });
    tasks.push(...page.tasks);
    if (!page.nextCursor) return tasks;
    cursor = page.nextCursor;
  }
}

/** All that `owner`'s pod came to when `load` is over, as sentences about what is wrong; and what was seen.
 *  `isKnown`: of a problem that the test itself makes. */
export async function endOf(load, clients, { pod, owner, watcher, drainMsMax = 30_000, isKnown = () => false }) {
  load.isOver = true;
  await within(30_000, Promise.all(clients), 'the clients end');
  await within(drainMsMax, (async () => {
    while ((await owner.ask('runs.list', { status: 'active', limit: 1 })).runs.length) await pause(20);
  })(), 'no run is active');
  for (const requestId of load.ledger.acks.keys()) await owner.settled(requestId);
  const facts = await gather(pod, load.ledger, { owner }, {});
  const problems = judge(load.ledger, facts).filter((problem) => !isKnown(problem));
  problems.push(...load.wrong, ...load.judgeTasks(await allTasks(owner)));
  await watcher.reaches(facts.events.at(-1).position).catch((error) => problems.push(error.message));
  const own = facts.events.map(({ id }) => id);
  watcher.seen.forEach(({ id, position }, i) => { if (own[i] !== id) problems.push(`the watcher saw ${position} where ${i + 1} was due`); });
  return { problems, seen: { ...load.counts, events: facts.events.length, watched: watcher.seen.length, rss: Math.round(pod.rss) } };
}

export const readiness = async (pod) => {
  const asker = new Caller(pod, '', { connections: 1 });
  try {
    return (await asker.request('GET', '/ready', { timeout: kProbeMs })).status;
  } catch {
    return 0;
  } finally {
    asker.agent.destroy();
    pod.callers.delete(asker);
  }
};
