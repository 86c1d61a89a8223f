// Three nodes on one database, under load on all of them, while they are killed and stopped at random:
// nothing that was acknowledged is lost, nothing is done twice inside the pod, whoever leads is
// followed by another, and who watches on any of them sees the whole log in order.
//
//   SEED=n CLIENTS=6 SECONDS=20 node --test nodes.mjs
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { gather, judge, Ledger } from './ledger.mjs';
import { allTasks, Load, readiness } from './load.mjs';
import { Caller, cleanUp, pause, Pod, random, until, within } from './pod.mjs';
import { Server } from './postgres_server.mjs';
import { Watcher } from './watcher.mjs';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const clientCount = Number(process.env.CLIENTS ?? 6);
const seconds = Number(process.env.SECONDS ?? 8);
const kLeaseMs = 4_000;
// Who leads is gone for its lease at most, and others look once a second; then it takes over.
const kLedMsMax = kLeaseMs + 8_000;
const kReadyMsMax = 30_000;
const kHangMs = 12_000;

/** What is wrong with what was seen by who has watched: `own` are the ids of all events, in order. */
export function judgeWatched(name, seen, own) {
  const at = own.findIndex((id, i) => seen[i]?.id !== id || seen[i].position !== i + 1);
  if (at >= 0) return [`the watcher of ${name} saw ${seen[at]?.position} where ${at + 1} was due`];
  return seen.length > own.length ? [`the watcher of ${name} saw ${seen.length} of ${own.length} events`] : [];
}

class Nodes {
  all = [];
  constructor(server) { this.server = server; }

  async add(t, name) {
    const pod = await Pod.make(t, {
      args: ['--nodes', 'many', '--node-name', name, '--node-lease-ms', String(kLeaseMs),
        '--database', `postgres://pod@/pod?host=${this.server.directory}`],
    });
    pod.name = name;
    const [first] = this.all;
    if (first) {
      // Its texts are where those of the first node are, and its directory says so.
      mkdirSync(pod.data, { mode: 0o700 });
      cpSync(path.join(first.data, 'pod.id'), path.join(pod.data, 'pod.id'));
      symlinkSync(path.join(first.data, 'content'), path.join(pod.data, 'content'));
    }
    cleanUp(t, () => { if (pod.child) process.kill(pod.pid, 'SIGCONT'); });
    this.all.push(pod);
    await pod.start();
    return pod;
  }

  /** The name of who leads; empty: nobody. */
  leader() { return this.server.sql('SELECT name FROM pod_nodes WHERE leads'); }
  async another(than) {
    const begin = performance.now();
    const leader = await until(kLedMsMax, async () => {
      const name = await this.leader();
      return name && name !== than && name;
    }, `another leads than ${than}`);
    return { leader, ms: Math.round(performance.now() - begin) };
  }
  named(name) { return this.all.find((pod) => pod.name === name); }
}

const ready = (pod) => until(kReadyMsMax, async () => await readiness(pod) === 200, `${pod.name} is ready`);

test('what was seen out of order, twice, or not at all is found', () => {
  const own = ['a', 'b', 'c'];
  const seen = (ids) => ids.map((id, i) => ({ id, position: i + 1 }));
  assert.deepEqual(judgeWatched('n', seen(own), own), []);
  for (const wrong of [['a', 'c', 'b'], ['a', 'b'], ['a', 'b', 'c', 'c']]) {
    assert.equal(judgeWatched('n', seen(wrong), own).length, 1, wrong.join());
  }
});

test('three nodes outlive each other', { timeout: 120_000 + seconds * 3_000 }, async (t) => {
  console.log(`nodes: seed ${seed}`);
  const choices = random(seed);
  const server = await Server.make(t);
  const nodes = new Nodes(server);
  for (const name of ['one', 'two', 'three']) await nodes.add(t, name);
  const [first] = nodes.all;
  const token = first.ownerKey;
  const load = new Load(nodes.all, token, { seed, hangMs: kHangMs });
  const watchers = nodes.all.map((pod) => new Watcher(pod, token));
  const watching = watchers.map((watcher) => watcher.run());
  cleanUp(t, () => {
    load.isOver = load.hasGivenUp = true;
    for (const watcher of watchers) watcher.stop();
  });
  const loading = Array.from({ length: clientCount }, () => load.client(random(choices.below(2 ** 31))));
  const told = [];

  const kill = async (pod) => {
    const led = await nodes.leader() === pod.name;
    await pod.kill();
    const next = led && await nodes.another(pod.name);
    pod.spawn();
    if (await pod.ready(kReadyMsMax) === false) throw new Error(`${pod.name} ended:\n${pod.lines.slice(-10).join('\n')}`);
    told.push({ killed: pod.name, ...(next && { next: next.leader, afterMs: next.ms }) });
  };
  // Past its lease: the others go on without it, and what it would still write is refused.
  const halt = async (pod) => {
    const led = await nodes.leader() === pod.name;
    const number = await server.sql(`SELECT number FROM pod_nodes WHERE name = '${pod.name}'`);
    process.kill(pod.pid, 'SIGSTOP');
    const next = led && await nodes.another(pod.name);
    await until(kLedMsMax, async () => !(await server.sql(`SELECT 1 FROM pod_nodes WHERE number = ${number}`)), `${pod.name} is removed`);
    process.kill(pod.pid, 'SIGCONT');
    await until(kReadyMsMax, async () => server.sql(`SELECT 1 FROM pod_nodes WHERE name = '${pod.name}'`), `${pod.name} is back`);
    await ready(pod);
    told.push({ stopped: pod.name, ...(next && { next: next.leader, afterMs: next.ms }) });
  };

  const end = performance.now() + seconds * 1_000;
  await pause(1_000);
  await halt(nodes.named(await nodes.leader()));
  await kill(nodes.named(await nodes.leader()));
  while (performance.now() < end) {
    await (choices.chance(0.6) ? kill : halt)(choices.pick(nodes.all));
    await pause(choices.below(1_500));
  }
  console.log(`nodes: ${JSON.stringify(told)}`);

  load.isOver = true;
  await within(60_000, Promise.all(loading), 'the clients end');
  const owner = new Caller(first, token);
  await within(60_000, (async () => {
    while ((await owner.ask('runs.list', { status: 'active', limit: 1 })).runs.length) await pause(50);
  })(), 'no run is active');
  for (const requestId of load.ledger.acks.keys()) await owner.settled(requestId);
  const { position } = await owner.ask('events.head', undefined);
  const problems = [];
  for (const watcher of watchers) {
    await watcher.reaches(position).catch((error) => problems.push(error.message));
    watcher.stop();
  }
  await Promise.all(watching);
  const { nodes: listed } = await owner.ask('nodes.list', undefined);
  assert.deepEqual(listed.map(({ name }) => name).sort(), ['one', 'three', 'two']);
  assert.equal(listed.filter(({ leads }) => leads).length, 1);
  assert.equal(listed.find(({ isThis }) => isThis).name, 'one');

  // One after another goes: the last is left with all, and compares its read models with the log.
  for (const pod of nodes.all.slice(1)) {
    const stopped = await pod.stop();
    assert.deepEqual([stopped.code, stopped.signal], [0, null]);
  }
  await until(kLedMsMax, async () => await nodes.leader() === 'one', 'the last node leads');
  const facts = await gather(first, load.ledger, { owner }, {});
  problems.push(...judge(load.ledger, facts), ...load.wrong, ...load.judgeTasks(await allTasks(owner)));
  const own = facts.events.map(({ id }) => id);
  watchers.forEach((watcher, i) => {
    problems.push(...judgeWatched(nodes.all[i].name, watcher.seen, own));
    problems.push(...watcher.errors.filter((text) => !/answered 503/.test(text)));
  });
  console.log(`nodes: ${JSON.stringify({ ...load.counts, slowestMs: Math.round(load.slowestMs), events: own.length })}`);
  assert.deepEqual(problems.slice(0, 20), [], `${problems.length} problems, seed ${seed}`);
  assert.ok(load.counts.acks > 0 && load.ledger instanceof Ledger);
});
