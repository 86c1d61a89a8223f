// Many nodes that are done harm to, under load on all of them; and what is wrong with what is left in the end.
import { gather, judge, Ledger } from './ledger.mjs';
import { allTasks, Load, readiness } from './load.mjs';
import { Caller, cleanUp, pause, random, until, within } from './pod.mjs';
import { Nodes as SharingNodes } from './shared_runs.mjs';
import { Watcher } from './watcher.mjs';

export const kLeaseMs = 4_000;
// Who leads is gone for its lease at most, and others look once a second; then it takes over.
export const kLedMsMax = kLeaseMs + 8_000;
const kReadyMsMax = 30_000;
const kHangMs = 12_000;

/** What is wrong with what was seen by who has watched: `own` are the ids of all events, in order. */
export function judgeWatched(name, seen, own) {
  const at = own.findIndex((id, i) => seen[i]?.id !== id || seen[i].position !== i + 1);
  if (at >= 0) return [`the watcher of ${name} saw ${seen[at]?.position} where ${at + 1} was due`];
  return seen.length > own.length ? [`the watcher of ${name} saw ${seen.length} of ${own.length} events`] : [];
}

export const ready = (pod, ms = kReadyMsMax) => until(ms, async () => await readiness(pod) === 200, `${pod.name} is ready`);

export class Nodes extends SharingNodes {
  constructor(server, args = [], databaseOf) { super(server, ['--node-lease-ms', String(kLeaseMs), ...args], databaseOf); }

  async another(than) {
    const begin = performance.now();
    const leader = await until(kLedMsMax, async () => {
      const name = await this.leader();
      return name && name !== than && name;
    }, `another leads than ${than}`);
    return { leader, ms: Math.round(performance.now() - begin) };
  }

  /** kill -9, and it is started again; who leads then, if it led. */
  async kill(pod) {
    const led = await this.leader() === pod.name;
    await pod.kill();
    const next = led && await this.another(pod.name);
    pod.spawn();
    if (await pod.ready(kReadyMsMax) === false) throw new Error(`${pod.name} ended:\n${pod.lines.slice(-10).join('\n')}`);
    return { killed: pod.name, ...(next && { next: next.leader, afterMs: next.ms }) };
  }

  /** Past its lease: the others go on without it, and what it would still write is refused. */
  async halt(pod) {
    const led = await this.leader() === pod.name;
    const number = await this.server.sql(`SELECT number FROM pod_nodes WHERE name = '${pod.name}'`);
    process.kill(pod.pid, 'SIGSTOP');
    const next = led && await this.another(pod.name);
    await until(kLedMsMax, async () => !(await this.server.sql(`SELECT 1 FROM pod_nodes WHERE number = ${number}`)), `${pod.name} is removed`);
    process.kill(pod.pid, 'SIGCONT');
    await until(kReadyMsMax, async () => this.server.sql(`SELECT 1 FROM pod_nodes WHERE name = '${pod.name}'`), `${pod.name} is back`);
    await ready(pod);
    return { stopped: pod.name, ...(next && { next: next.leader, afterMs: next.ms }) };
  }
}

/** Clients of all nodes, and who watches each of them. */
export class Ordeal {
  constructor(t, nodes, { seed, choices, clientCount }) {
    this.nodes = nodes;
    this.token = nodes.all[0].ownerKey;
    this.owner = new Caller(nodes.all[0], this.token);
    this.load = new Load(nodes.all, this.token, { seed, hangMs: kHangMs });
    this.watchers = nodes.all.map((pod) => new Watcher(pod, this.token));
    this.watching = this.watchers.map((watcher) => watcher.run());
    cleanUp(t, () => {
      this.load.isOver = this.load.hasGivenUp = true;
      for (const watcher of this.watchers) watcher.stop();
    });
    this.loading = Array.from({ length: clientCount }, () => this.load.client(random(choices.below(2 ** 31))));
  }

  /** Ends the load, and each node after another; {problems, events}. The first is left. */
  async end({ settleMs = 60_000 } = {}) {
    const { nodes, load, watchers } = this;
    const [first] = nodes.all;
    load.isOver = true;
    await within(60_000, Promise.all(this.loading), 'the clients end');
    const { owner } = this;
    await within(settleMs, (async () => {
      while ((await owner.ask('runs.list', { status: 'active', limit: 1 })).runs.length) await pause(50);
    })(), 'no run is active');
    for (const requestId of load.ledger.acks.keys()) await owner.settled(requestId);
    const { position } = await owner.ask('events.head', undefined);
    const problems = [];
    for (const watcher of watchers) {
      await watcher.reaches(position).catch((error) => problems.push(error.message));
      watcher.stop();
    }
    await Promise.all(this.watching);
    const { nodes: listed } = await owner.ask('nodes.list', undefined);
    const names = (list) => list.map(({ name }) => name).sort().join();
    if (names(listed) !== names(nodes.all)) problems.push(`nodes.list has ${names(listed)}`);
    if (listed.filter(({ leads }) => leads).length !== 1) problems.push('not one node leads');
    if (listed.find(({ isThis }) => isThis).name !== first.name) problems.push('the node is another than it says');

    // One after another goes: the last is left with all, and compares its read models with the log.
    for (const pod of nodes.all.slice(1)) {
      const { code, signal } = await pod.stop();
      if (code !== 0 || signal !== null) problems.push(`${pod.name} stopped with ${code ?? signal}`);
    }
    await until(kLedMsMax, async () => await nodes.leader() === first.name, 'the last node leads');
    const facts = await gather(first, load.ledger, { owner }, {});
    problems.push(...judge(load.ledger, facts), ...load.wrong, ...load.judgeTasks(await allTasks(owner)));
    const own = facts.events.map(({ id }) => id);
    watchers.forEach((watcher, i) => {
      problems.push(...judgeWatched(nodes.all[i].name, watcher.seen, own));
      problems.push(...watcher.errors.filter((text) => !/answered 503|SERVICE_UNAVAILABLE/.test(text)));
    });
    if (!(load.counts.acks > 0 && load.ledger instanceof Ledger)) problems.push('nothing was done');
    return { problems, events: own.length };
  }
}
