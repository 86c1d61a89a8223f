// Three nodes on one database, under load on all of them, while they are killed and stopped at random:
// nothing that was acknowledged is lost, nothing is done twice inside the pod, whoever leads is
// followed by another, and who watches on any of them sees the whole log in order.
//
//   SEED=n CLIENTS=6 SECONDS=20 node --test nodes.mjs
import assert from 'node:assert/strict';
import test from 'node:test';
import { gather, judge, Ledger } from './ledger.mjs';
import { allTasks, Load, readiness } from './load.mjs';
import { Caller, cleanUp, pause, random, until, within } from './pod.mjs';
import { Server } from './postgres_server.mjs';
import { begin, completedBy, judge as judgeRuns, Nodes as SharingNodes, register, tell, WaitingApp } from './shared_runs.mjs';
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

class Nodes extends SharingNodes {
  constructor(server, args = []) { super(server, ['--node-lease-ms', String(kLeaseMs), ...args]); }

  async another(than) {
    const begin = performance.now();
    const leader = await until(kLedMsMax, async () => {
      const name = await this.leader();
      return name && name !== than && name;
    }, `another leads than ${than}`);
    return { leader, ms: Math.round(performance.now() - begin) };
  }
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

// What ends a node, and what it was assigned is done by others: who has no lease any more, or another leads.
const ends = {
  'one that follows is killed': async (nodes) => {
    await nodes.named('two').kill();
    return ['one', 'three'];
  },
  'one that follows stands still past its lease': async (nodes) => {
    const two = nodes.named('two');
    process.kill(two.pid, 'SIGSTOP');
    await until(kLedMsMax, async () => !(await nodes.server.sql("SELECT 1 FROM pod_nodes WHERE name = 'two'")), 'two is removed');
    process.kill(two.pid, 'SIGCONT');
    return ['one', 'three', 'two'];
  },
  'the one that leads is killed': async (nodes) => {
    await nodes.named('one').kill();
    await nodes.another('one');
    return ['three', 'two'];
  },
};

for (const [what, end] of Object.entries(ends)) {
  test(`nodes share runs, and ${what}`, { timeout: 120_000 }, async (t) => {
    const kRuns = 300;
    const kLimit = 12;  // of runs at a time, of all nodes together
    const server = await Server.make(t);
    const app = await WaitingApp.listen(t, { stepMs: 150, limit: kLimit });
    const nodes = new Nodes(server, ['--dev', '--worker-concurrency', '8']);
    for (const name of ['one', 'two', 'three']) await nodes.add(t, name);
    await register(nodes.all[0], app);
    await pause(2_500);  // the others hear of it
    await begin(nodes.named('three'), kRuns);
    await until(20_000, async () => Object.keys(await completedBy(server)).length === 3, 'all nodes have done some');
    const owner = new Caller(nodes.named('three'), nodes.all[0].ownerKey);
    const { nodes: told } = await until(10_000, async () => {
      const list = await owner.ask('nodes.list');
      return list.nodes.some(({ leads, jobs }) => !leads && jobs > 0) && list;
    }, 'some are under way elsewhere');
    assert.deepEqual(told.map(({ slots }) => slots), [8, 8, 8]);
    const left = await end(nodes);
    const total = async () => Object.values(await completedBy(server)).reduce((sum, n) => sum + n, 0);
    await until(60_000, async () => await total() === kRuns, 'all is done').catch(() => {});
    assert.deepEqual(await judgeRuns(server, app, kRuns), []);
    const { runs } = await owner.ask('runs.list', { limit: 100 });
    assert.ok(runs.every(({ node }) => ['one', 'two', 'three'].includes(node)), 'each tells who has done it');
    const by = await completedBy(server);
    console.log(`nodes: ${JSON.stringify({ by, most: app.most, again: [...app.steps.values()].filter((n) => n > 1).length })}`);
    assert.ok(left.every((name) => by[name] > 0));
    assert.ok(app.most <= kLimit && app.most > 8, `${app.most} at a time`);
  });
}

test('runs that begin on any node wait for what the one that leads hears of', { timeout: 120_000 }, async (t) => {
  const kRuns = 60;
  const server = await Server.make(t);
  const app = await WaitingApp.listen(t, { stepMs: 50, awaits: 'shared/go' });
  const nodes = new Nodes(server, ['--dev', '--worker-concurrency', '8']);
  for (const name of ['one', 'two']) await nodes.add(t, name);
  await register(nodes.all[0], app);
  await pause(2_500);  // the other hears of it
  await begin(nodes.named('two'), kRuns);
  const runs = (status) => server.sql(`SELECT count(*) FROM runs_data WHERE status = '${status}'`);
  await until(30_000, async () => await runs('sleeping') === String(kRuns), 'all wait');
  // Whoever was asked by the node that follows was asked again by the one that leads.
  assert.ok(app.asked > kRuns && app.asked <= 2 * kRuns, `${app.asked} calls`);
  await tell(nodes.named('two'), 'shared/go');
  await until(30_000, async () => await runs('completed') === String(kRuns), 'all go on');
});
