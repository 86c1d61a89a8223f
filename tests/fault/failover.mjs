// The server of the database is lost for good under load, and its standby is promoted: what was
// acknowledged is there, once each, and the pod goes on by itself. Commits are under way when it ends,
// and nobody has told the pod of them; the standby has them, or not.
//
//   SEED=n CLIENTS=8 FAILOVERS=4 node --test failover.mjs
import assert from 'node:assert/strict';
import test from 'node:test';
import { endOf, Load, readiness } from './load.mjs';
import { cleanUp, pause, Pod, random, until } from './pod.mjs';
import { Server } from './postgres_server.mjs';
import { Watcher } from './watcher.mjs';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const clientCount = Number(process.env.CLIENTS ?? 8);
const failoverCount = Number(process.env.FAILOVERS ?? 4);
const kBackMsMax = 20_000;
const kDrainMsMax = 60_000 + failoverCount * 15_000;  // what was acknowledged while the machine was busy

/** How the server ends, in turn: [name, what is done to it, and when its standby writes]. */
const kEnds = [
  ['all at once', (server) => server.do('kill')],
  // The others find it out when they wait the next time.
  ['its first process', (server) => server.do('behead')],
  // The commit whose answer the pod waits for is looked up at once.
  ['it stands still', (server) => server.halt(), (server) => server.do('kill')],
];

test('a pod goes on with the promoted standby, with all that was acknowledged, once each', { timeout: 120_000 + failoverCount * 45_000 }, async (t) => {
  console.log(`failover: seed ${seed}`);
  const choices = random(seed);
  let primary = await Server.make(t, 'a');
  let standby = await Server.standbyOf(t, primary, 'b');
  const hosts = [primary.directory, standby.directory].join(',');
  const pod = await Pod.make(t, {
    args: ['--database', `postgres://pod@/pod?host=${hosts}&target_session_attrs=read-write`],
  });
  await pod.start();
  const owner = pod.owner();
  const watcher = new Watcher(pod, owner.token);
  const watching = watcher.run();
  const load = new Load([pod], owner.token, { seed, pauseMs: [10, 60] });
  cleanUp(t, () => {
    load.isOver = load.hasGivenUp = true;
    watcher.stop();
  });
  const loading = Array.from({ length: clientCount }, () => load.client(random(choices.below(2 ** 31))));
  for (let i = 0; i < failoverCount; ++i) {
    await pause(choices.between(1_000, 1_800));
    const [how, end, bury] = kEnds[(seed + i) % kEnds.length];
    await end(primary);
    await pause(choices.pick([0, 300, 2_000]));
    const begin = performance.now();
    await standby.do('promote');
    const promoted = performance.now() - begin;
    await bury?.(primary);
    const { acks } = load.counts;
    await until(kBackMsMax, async () => await readiness(pod) === 200 && load.counts.acks > acks + clientCount, 'the pod goes on');
    console.log(`failover: ${i + 1}: ${how}: promoted in ${Math.round(promoted)} ms, ${load.counts.acks - acks} acknowledged ${Math.round(performance.now() - begin)} ms behind it`);
    [primary, standby] = [standby, primary];
    await standby.become(primary);
    watcher.poke();
  }
  const { problems, seen } = await endOf(load, loading, { pod, owner, watcher, drainMsMax: kDrainMsMax });
  console.log(`failover: ${JSON.stringify(seen)}`);
  assert.deepEqual(problems.slice(0, 20), [], `${problems.length} problems, seed ${seed}`);
  watcher.stop();
  await watching;
});
