// Three nodes over a PostgreSQL server, each by a way of its own, and FAULTS of all kinds, one after another, under
// load: commands, runs that nodes share, watchers. In the end nothing that was acknowledged is lost, nothing was
// done twice, and the proofs hold. What was done, and how long each took to be good again, is kept in LOG.
//
//   SEED=n FAULTS=300 CUT_MAX=60 ONLY=regex LOG=file node --test ordeal_server.mjs
//   CUT_MAX: seconds that a cut lasts at most; ONLY: faults whose names match
import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { Nodes, Ordeal, ready } from './many_nodes.mjs';
import { pause, random, until } from './pod.mjs';
import { Proxy, Server } from './postgres_server.mjs';
import { begin, completedBy, judge as judgeRuns, register, WaitingApp } from './shared_runs.mjs';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const faultCount = Number(process.env.FAULTS ?? 12);
const cutMaxS = Number(process.env.CUT_MAX ?? 60);
const clientCount = Number(process.env.CLIENTS ?? 4);
const log = process.env.LOG;
const kRunsAFault = 20;
const kBackMsMax = 60_000;

/** By name: done to `pod`, one of the nodes, or to what all of them need. */
const faults = {
  'kill -9 of a node': ({ nodes, pod }) => nodes.kill(pod),
  'a node that stands still past its lease': ({ nodes, pod }) => nodes.halt(pod),
  'a node that is stopped and started': async ({ pod }) => {
    const { code, signal } = await pod.stop(30_000);
    assert.deepEqual([code, signal], [0, null], `${pod.name} stops`);
    await pod.start();
  },
  'a node that is cut off': async ({ proxy, ms }) => {
    proxy.cut();
    await pause(ms);
    proxy.pass();
    return { ms };
  },
  'a node whose network swallows all': async ({ proxy, ms }) => {
    proxy.swallow();
    await pause(ms);
    proxy.pass();
    return { ms };
  },
  'a node that is far away': async ({ proxy, ms }) => {
    proxy.delayMs = 100;
    await pause(ms / 4);
    proxy.pass();
    return { ms: ms / 4 };
  },
  'answers to a node that are lost': async ({ proxy }) => {
    for (let i = 0; i < 8; ++i) {
      await proxy.loseAnswers(60);
      await pause(200);
    }
  },
  'all are cut off': async ({ proxies, ms }) => {
    for (const proxy of proxies) proxy.cut();
    await pause(ms / 2);
    for (const proxy of proxies) proxy.pass();
    return { ms: ms / 2 };
  },
  'a restart of the server': ({ server }) => server.do('restart'),
  'kill -9 of the server': async ({ server }) => {
    await server.do('kill');
    await pause(500);
    await server.do('again');
  },
  'a server that stands still': async ({ server, ms }) => {
    server.halt();
    await pause(ms / 3);
    server.go();
    return { ms: ms / 3 };
  },
  'all connections are ended': ({ server }) => server.terminateAll(),
  'no connection left': async ({ server }) => {
    await server.sql('ALTER ROLE pod CONNECTION LIMIT 0');
    await server.terminateAll();
    await pause(4_000);
    await server.sql('ALTER ROLE pod CONNECTION LIMIT -1');
  },
  'a server that takes no writes': async ({ server }) => {
    await server.sql('ALTER SYSTEM SET default_transaction_read_only = on');
    await server.sql('SELECT pg_reload_conf()');
    await pause(4_000);
    await server.sql('ALTER SYSTEM RESET default_transaction_read_only');
    await server.sql('SELECT pg_reload_conf()');
  },
};

function tell(sentence) {
  console.log(`ordeal: ${sentence}`);
  if (log) appendFileSync(log, `${sentence}\n`);
}

test(`${faultCount} faults lose nothing and double nothing`, { timeout: 300_000 + faultCount * (cutMaxS + 60) * 1_000 }, async (t) => {
  if (log) writeFileSync(log, '');
  tell(`seed ${seed}, ${faultCount} faults, cuts of ${cutMaxS} s at most`);
  const choices = random(seed);
  const server = await Server.make(t);
  const proxies = {};
  for (const name of ['one', 'two', 'three']) proxies[name] = await Proxy.make(t, server);
  const nodes = new Nodes(server, ['--dev', '--worker-concurrency', '8'], (name) => `postgres://pod@127.0.0.1:${proxies[name].port}/pod`);
  for (const name of Object.keys(proxies)) await nodes.add(t, name);
  const app = await WaitingApp.listen(t, { stepMs: 100 });
  await register(nodes, app);
  const ordeal = new Ordeal(t, nodes, { seed, choices, clientCount });
  const { load } = ordeal;

  let runs = 0;
  const names = Object.keys(faults).filter((name) => new RegExp(process.env.ONLY ?? '').test(name));
  for (let i = 0; i < faultCount; ++i) {
    const name = choices.pick(names);
    const pod = choices.pick(nodes.all);
    const ms = 5_000 + choices.below(Math.max(1, cutMaxS - 5) * 1_000);
    const taker = await until(kBackMsMax, async () => {
      const one = choices.pick(nodes.all);
      return begin(one, kRunsAFault, runs).then(() => one.name, () => null);
    }, 'runs begin');
    runs += kRunsAFault;
    load.slowestMs = 0;
    const led = await nodes.leader() === pod.name;
    const told = await faults[name]({ nodes, pod, server, proxy: proxies[pod.name], proxies: Object.values(proxies), ms });
    const healed = performance.now();
    for (const one of nodes.all) await ready(one, kBackMsMax);
    for (const watcher of ordeal.watchers) watcher.poke();
    const back = Math.round(performance.now() - healed);
    const { position } = await ordeal.owner.ask('events.head', undefined);
    const late = await Promise.all(ordeal.watchers.map((watcher) => watcher.reaches(position).then(() => null, ({ message }) => `${watcher.pod.name}: ${message}`)));
    assert.deepEqual(late.filter(Boolean), [], `whoever watches has all after ${name}, seed ${seed}`);
    tell(`${i + 1}. ${name}: ${JSON.stringify({ taker, node: pod.name, led, ...told, backMs: back, slowestMs: Math.round(load.slowestMs), acks: load.counts.acks })}`);
    assert.deepEqual(load.wrong.slice(0, 10), [], `${name}, seed ${seed}`);
  }
  const done = async () => Object.values(await completedBy(server)).reduce((sum, n) => sum + n, 0);
  await until(180_000, async () => await done() === runs, 'all runs end').catch(() => {});
  const wrong = await judgeRuns(server, app, runs);
  const by = await completedBy(server);
  const { problems, events } = await ordeal.end({ settleMs: 180_000 });
  tell(JSON.stringify({ ...load.counts, events, runs, by, twice: [...app.steps.values()].filter((n) => n > 1).length }));
  assert.deepEqual([...wrong, ...problems].slice(0, 20), [], `${wrong.length + problems.length} problems, seed ${seed}`);
});
