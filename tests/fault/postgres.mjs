// The database is on a server, and that is away, slow, refuses, or stands still, under load: nothing
// that was acknowledged is lost, nothing is done twice, nobody waits for long, and the pod goes on
// by itself.
//
// Networks that lose what is sent are a proxy of ours, which needs no rights: it cuts, swallows, delays, and loses answers.
//
//   SEED=n CLIENTS=4 node --test postgres.mjs       POOLER=1: through PgBouncer, which lends connections for a transaction
import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeProofs, proofs } from './ledger.mjs';
import { endOf, Load, readiness } from './load.mjs';
import { cleanUp, pause, Pod, random, until, within } from './pod.mjs';
import { Pooler, Proxy, Server } from './postgres_server.mjs';
import { Watcher } from './watcher.mjs';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const isPooled = Boolean(process.env.POOLER);
const clientCount = Number(process.env.CLIENTS ?? 4);
// The pod waits 10 s for an answer of the server and 5 s for a connection; and so much a machine that does other
// things besides may take for its own part.
const kBusyMs = 5_000;
const kAnswerMsMax = 15_000 + kBusyMs;
const kBackMsMax = 15_000 + kBusyMs;
const kStopMsMax = 11_000 + kBusyMs;

/** What is done to the server, and how it is made good: [name, {harm, heal, isSeen}]. */
const faultsOf = (server, proxy) => Object.entries({
  'a restart': { harm: () => server.do('restart') },
  'kill -9': { harm: () => server.do('kill'), heal: () => server.do('again'), isSeen: true },
  'connections that are ended again and again': {
    harm: async () => {
      for (let i = 0; i < 15; ++i) {
        await server.terminateAll();
        await pause(100);
      }
    },
  },
  'answers that are lost': {
    harm: async () => {
      for (let i = 0; i < 12; ++i) {
        await proxy.loseAnswers(60);
        await pause(150);
      }
    },
  },
  'a cut of 2 s': { harm: () => proxy.cut(), ms: 2_000, heal: () => proxy.pass(), isSeen: true },
  'delays of 100 ms': { harm: () => { proxy.delayMs = 100; }, ms: 1_500, heal: () => proxy.pass() },
  'a stop of 2 s': { harm: () => server.halt(), ms: 2_000, heal: () => server.go() },
  'a stop of 18 s': { harm: () => server.halt(), ms: 18_000, heal: () => server.go(), isSeen: true },
  'a network that swallows all': { harm: () => proxy.swallow(), ms: 8_000, heal: () => proxy.pass(), isSeen: true },
  'no connection left': {
    harm: async () => {
      await server.sql('ALTER ROLE pod CONNECTION LIMIT 0');
      await server.terminateAll();
    },
    heal: () => server.sql('ALTER ROLE pod CONNECTION LIMIT -1'),
    isSeen: true,
  },
  'a server that takes no writes': {
    harm: () => server.sql('ALTER SYSTEM SET default_transaction_read_only = on').then(() => server.sql('SELECT pg_reload_conf()')),
    heal: () => server.sql('ALTER SYSTEM RESET default_transaction_read_only').then(() => server.sql('SELECT pg_reload_conf()')),
    isSeen: true,
  },
});

// A server whose disk is full refuses what makes a table larger, and ends where its log of changes has no room.
test('a pod outlives that the disk of its server is full', { timeout: 240_000 }, async (t) => {
  if (process.getuid() !== 0) return console.log('# only root can mount a small disk: the disk of the server was not filled');
  console.log(`postgres: seed ${seed}`);
  const server = await Server.make(t);
  const disk = await server.moveToSmallDisk(t, 256);
  const pod = await Pod.make(t, { args: ['--database', `postgres://pod@/pod?host=${server.directory}`] });
  await pod.start();
  const owner = pod.owner();
  const watcher = new Watcher(pod, owner.token);
  const watching = watcher.run();
  const load = new Load([pod], owner.token, { seed, pauseMs: [5, 20] });
  cleanUp(t, () => {
    load.isOver = load.hasGivenUp = true;
    watcher.stop();
  });
  const loading = Array.from({ length: clientCount }, (_, i) => load.client(random(seed + i)));
  for (const ended of [false, true]) {
    await pause(500);
    await disk.fill();
    // Those of load are looked at for Retry-After, and for any other answer.
    const begin = performance.now();
    const seen = await until(60_000, async () => {
      const answer = await owner.mutate('notes.create', { content: `in vain ${performance.now()} ${'x'.repeat(8_000)}` }, { key: `full ${performance.now()}` });
      return answer.status === 503 && answer;
    }, 'a note is refused');
    const seenMs = Math.round(performance.now() - begin);
    assert.ok(seen.headers['retry-after'], seen.text);
    assert.match(seen.json.error.message, /^The (disk is full|database cannot be reached)/);
    assert.doesNotMatch(seen.text, /postgres|ENOSPC|53100/i);
    const list = await owner.query('notes.list', { limit: 1 });
    assert.ok([200, 503].includes(list.status), list.text);
    await pause(3_000);
    if (ended) await server.do('kill');
    disk.free();
    await server.revive();
    owner.renew();
    const freed = performance.now();
    await until(kBackMsMax, async () => await readiness(pod) === 200, 'the pod is ready again');
    const made = await owner.tell('notes.create', { content: `in vain no more ${freed}` });
    await until(kBackMsMax, async () => (await owner.ask('requests.get', { requestId: made.requestId })).status === 'completed', 'a note is made');
    console.log(`postgres: its disk full: ${JSON.stringify({ seenMs, sentence: seen.json.error.message, backMs: Math.round(performance.now() - freed) })}`);
    assert.deepEqual(load.wrong.slice(0, 10), []);
  }
  const { problems, seen } = await endOf(load, loading, {
    pod, owner, watcher, isKnown: (problem) => /(nobody asked for note|two notes have the title) .*in vain /.test(problem),
  });
  console.log(`postgres: ${JSON.stringify(seen)}`);
  assert.deepEqual(problems.slice(0, 20), [], `${problems.length} problems, seed ${seed}`);
  watcher.stop();
  await watching;
});

test('a pod outlives what happens to the server of its database', { timeout: 300_000 }, async (t) => {
  console.log(`postgres: seed ${seed}`);
  const choices = random(seed);
  const server = await Server.make(t);
  const proxy = await Proxy.make(t, isPooled ? await Pooler.make(t, server) : server);
  const pod = await Pod.make(t, {
    args: ['--database', `postgres://pod@127.0.0.1:${proxy.port}/pod`, ...(isPooled ? ['--database-pooler', 'transaction'] : [])],
  });
  await pod.start();
  const owner = pod.owner();
  const watcher = new Watcher(pod, owner.token);
  const watching = watcher.run();
  const load = new Load([pod], owner.token, { seed });
  cleanUp(t, () => {
    load.isOver = load.hasGivenUp = true;
    watcher.stop();
  });
  const loading = Array.from({ length: clientCount }, () => load.client(random(choices.below(2 ** 31))));
  const told = {};
  let proofCount = 0;
  const isBack = async (name) => {
    const begin = performance.now();
    // A ready of before the fault may still be said.
    const created = await until(kBackMsMax, async () => {
      if (await readiness(pod) !== 200) return null;
      const answer = await owner.mutate('notes.create', { content: `after ${name}` }, { key: `after ${name} ${begin}` });
      return answer.status === 200 && answer.json.result.data;
    }, `the pod is ready after ${name}`);
    const backMs = performance.now() - begin;
    watcher.poke();
    await until(kBackMsMax, async () => {
      const answer = await owner.query('requests.get', { requestId: created.requestId });
      return answer.json?.result?.data.status === 'completed';
    }, `a note is made after ${name}`);
    if (process.env.VERBOSE) console.log(`${name}: made after ${Math.round(performance.now() - begin)} ms`);
    // All of them take longest, and are made again at the end.
    if (++proofCount % 4 === 1) judgeProofs(await proofs(owner), (sentence) => load.wrong.push(`after ${name}: ${sentence}`));
    if (process.env.VERBOSE) console.log(`${name}: proved after ${Math.round(performance.now() - begin)} ms`);
    return backMs;
  };

  const only = process.env.ONLY && new RegExp(process.env.ONLY);
  for (const [name, { harm, ms = 0, heal, isSeen }] of faultsOf(server, proxy)) {
    if (only && !only.test(name)) continue;
    load.slowestMs = 0;
    await harm();
    const healed = pause(ms);
    let seenMs;
    if (isSeen) {
      const begin = performance.now();
      await until(kAnswerMsMax, async () => await readiness(pod) !== 200, `/ready says no: ${name}`);
      seenMs = Math.round(performance.now() - begin);
    }
    await healed;
    await heal?.();
    const backMs = Math.round(await isBack(name));
    told[name] = { seenMs, backMs, slowestMs: Math.round(load.slowestMs) };
    console.log(`postgres: ${name}: ${JSON.stringify(told[name])}, rss ${Math.round(pod.rss)} MB`);
    assert.ok(pod.rss < 200, `memory does not grow: ${name}`);
    assert.ok(load.slowestMs < kAnswerMsMax, `nobody waits for long: ${name}`);
    assert.deepEqual(load.wrong.slice(0, 10), [], name);
  }

  if (!only || only.test('the pod')) {
    for (let i = 0; i < 2; ++i) {
      await pod.kill();
      const took = await pod.start();
      told[`killed pod ${i}`] = Math.round(took);
      owner.renew();
      await isBack('kill -9 of the pod');
    }
    console.log(`postgres: the pod killed: ${JSON.stringify(told)}`);
  }

  const { problems, seen } = await endOf(load, loading, {
    pod, owner, watcher,
    // The notes of isBack() nobody remembers.
    isKnown: (problem) => /nobody asked for note .* \(after /.test(problem) || /two notes have the title after /.test(problem),
  });
  console.log(`postgres: ${JSON.stringify(seen)}`);
  assert.deepEqual(problems.slice(0, 20), [], `${problems.length} problems, seed ${seed}`);
  watcher.stop();
  await watching;

  // It ends in time while the server stands still, and is not there.
  server.halt();
  owner.renew();
  const asked = owner.mutate('notes.create', { content: 'in vain' }).catch(() => null);
  await pause(500);
  const stopped = await pod.stop(30_000);
  server.go();
  await asked;
  console.log(`postgres: stopped in ${Math.round(stopped.ms)} ms`);
  assert.deepEqual([stopped.code, stopped.signal], [0, null]);
  assert.ok(stopped.ms < kStopMsMax, `stopped in ${stopped.ms} ms`);
  await pod.start();
  proxy.cut();
  const away = await pod.stop(30_000);
  console.log(`postgres: stopped in ${Math.round(away.ms)} ms without a server`);
  assert.deepEqual([away.code, away.signal], [0, null]);
  assert.ok(away.ms < kStopMsMax, `stopped in ${away.ms} ms`);
  // It says so, and does not begin.
  pod.spawn();
  const refused = await within(20_000, pod.exited, 'a start without the server ends');
  console.log(`postgres: ${JSON.stringify({ code: refused.code, said: pod.lines.slice(-2) })}`);
  assert.notEqual(refused.code, 0);
  proxy.pass();
  await pod.start();
});
