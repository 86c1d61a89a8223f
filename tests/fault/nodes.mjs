// Three nodes on one database, under load on all of them, while they are killed and stopped at random:
// nothing that was acknowledged is lost, nothing is done twice inside the pod, whoever leads is
// followed by another, and who watches on any of them sees the whole log in order.
//
//   SEED=n CLIENTS=6 SECONDS=20 node --test nodes.mjs
import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeWatched, kLedMsMax, Nodes, Ordeal } from './many_nodes.mjs';
import { Caller, pause, random, until } from './pod.mjs';
import { Server } from './postgres_server.mjs';
import { begin, completedBy, judge as judgeRuns, register, tell, WaitingApp } from './shared_runs.mjs';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const clientCount = Number(process.env.CLIENTS ?? 6);
const seconds = Number(process.env.SECONDS ?? 8);

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
  const ordeal = new Ordeal(t, nodes, { seed, choices, clientCount });
  const told = [];
  const end = performance.now() + seconds * 1_000;
  await pause(1_000);
  told.push(await nodes.halt(nodes.named(await nodes.leader())));
  told.push(await nodes.kill(nodes.named(await nodes.leader())));
  while (performance.now() < end) {
    const harm = choices.chance(0.6) ? 'kill' : 'halt';
    told.push(await nodes[harm](choices.pick(nodes.all)));
    await pause(choices.below(1_500));
  }
  console.log(`nodes: ${JSON.stringify(told)}`);
  const { problems, events } = await ordeal.end();
  const { counts, slowestMs } = ordeal.load;
  console.log(`nodes: ${JSON.stringify({ ...counts, slowestMs: Math.round(slowestMs), events })}`);
  assert.deepEqual(problems.slice(0, 20), [], `${problems.length} problems, seed ${seed}`);
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
    await register(nodes, app);
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
  await register(nodes, app);
  await begin(nodes.named('two'), kRuns);
  const runs = (status) => server.sql(`SELECT count(*) FROM runs_data WHERE status = '${status}'`);
  await until(30_000, async () => await runs('sleeping') === String(kRuns), 'all wait');
  // Whoever was asked by the node that follows was asked again by the one that leads.
  assert.ok(app.asked > kRuns && app.asked <= 2 * kRuns, `${app.asked} calls`);
  await tell(nodes.named('two'), 'shared/go');
  await until(30_000, async () => await runs('completed') === String(kRuns), 'all go on');
});
