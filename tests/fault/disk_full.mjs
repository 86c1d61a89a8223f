// The disk is full: writes are refused with a sentence, reads go on, the process lives, and when
// there is room again everything that was acknowledged completes.
//
// The pod lives on a small tmpfs. Without root, run.sh makes a user namespace in which one can be
// mounted; where not even that is allowed the test fails, since nothing would have been shown.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { gather, judge, Ledger, sha256 } from './ledger.mjs';
import { cleanUp, pause, Pod, random, temporaryDirectory, until } from './pod.mjs';
import { Watcher } from './watcher.mjs';

const kDiskMb = 24;
// So long that a run which counts failures of the disk as attempts would be given up.
const fullSeconds = Number(process.env.FULL_SECONDS ?? 20);

/** A place with little room: fill() leaves `leave` bytes, free() gives all back. */
function smallDisk(t, folder) {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kDiskMb}m,mode=0700`, 'tmpfs', folder]);
  cleanUp(t, () => execFileSync('umount', ['-l', folder]));
  const ballast = path.join(folder, 'ballast');
  return {
    fill(leave) {
      const file = openSync(ballast, 'a');
      const zeros = Buffer.alloc(4096);
      try {
        for (;;) {
          const { bavail, bsize } = statfsSync(folder);
          if (bavail * bsize <= leave) break;
          writeSync(file, zeros);
        }
      } catch (error) {
        assert.equal(error.code, 'ENOSPC');
      } finally {
        closeSync(file);
      }
    },
    free() { rmSync(ballast, { force: true }); },
  };
}

function checkRefusal(answer) {
  assert.equal(answer.status, 503, answer.text);
  assert.match(answer.headers['content-type'], /^application\/json/);
  assert.equal(typeof answer.json.error.code, 'number');
  assert.equal(answer.json.error.data.code, 'SERVICE_UNAVAILABLE');
  assert.equal(answer.json.error.data.httpStatus, 503);
  assert.doesNotMatch(answer.text, /sqlite|ENOSPC|errno|\.cpp/i);
}

test('a full disk refuses writes in a sentence and loses nothing', { timeout: 300_000 }, async (t) => {
  const folder = temporaryDirectory(t);
  const disk = smallDisk(t, folder);
  // The disk has less than a pod wants by default.
  const pod = await Pod.make(t, { folder, args: ['--disk-free-bytes-min', String(512 * 1024)] });
  await pod.start();
  const owner = pod.owner({ connections: 8 });
  const watcher = new Watcher(pod, owner.token);
  const watching = watcher.run();
  cleanUp(t, () => watcher.stop());
  const ledger = new Ledger();
  const choices = random(7);
  const refusals = { texts: new Map(), withoutRetryAfter: 0 };
  let made = 0;

  // Large ones go into the content store first, small ones into the log at once.
  const create = async (bytes) => {
    const title = `d${++made}`;
    const content = `# ${title}\n${choices.below(256).toString(16)}${'x'.repeat(bytes)}`;
    const checksum = sha256(content);
    const answer = await owner.mutate('notes.create', { title, content });
    if (answer.status === 200) {
      ledger.created('owner', { title, checksum }, answer.json.result.data);
      return true;
    }
    checkRefusal(answer);
    const { message } = answer.json.error;
    refusals.texts.set(message, (refusals.texts.get(message) ?? 0) + 1);
    if (!/^[1-9]\d*$/.test(answer.headers['retry-after'] ?? '')) refusals.withoutRetryAfter += 1;
    return false;
  };

  for (let i = 0; i < 20; ++i) assert.ok(await create(2_000));
  const first = [...ledger.notes.values()][0];
  await watcher.completion([...ledger.acks.keys()][19]);
  // Counted too, before nothing can be written any more: counts are kept behind the log.
  for (const requestId of ledger.acks.keys()) await owner.settled(requestId);
  assert.ok((await owner.ask('notes.list', { limit: 5 })).total >= 20);

  // The last bytes are taken by notes, so that it becomes full in the middle of commits and files.
  disk.fill(2 * 1024 * 1024);
  let refused = 0;
  for (let i = 0; refused < 40 && i < 4_000; i += 8) {
    const done = await Promise.all(Array.from({ length: 8 }, (_, k) => create(k === 0 ? 150_000 : k * 3_000)));
    refused += done.filter((ok) => !ok).length;
  }
  assert.ok(refused >= 40, 'the disk becomes full');
  const beforeFull = ledger.acks.size;

  // Full: only now and then is something small accepted, perhaps; reads go on all the while.
  disk.fill(0);
  const end = performance.now() + fullSeconds * 1000;
  let reads = 0;
  let accepted = 0;
  while (performance.now() < end) {
    if (await create(choices.pick([100, 5_000, 200_000]))) accepted += 1;
    assert.equal((await owner.ask('notes.get', { id: first.entityId })).checksum, first.checksum);
    assert.ok((await owner.ask('notes.list', { limit: 5 })).total >= 20);
    assert.ok((await owner.ask('events.list', { limit: 5 })).events.length === 5);
    assert.equal((await owner.request('GET', '/health')).status, 200);
    reads += 4;
    await pause(100);
  }
  assert.ok(pod.isRunning, 'the process lives');
  disk.fill(0);
  await pause(1_100);  // an answer is given again for a second
  const ready = await owner.request('GET', '/ready');
  assert.equal(ready.status, 503, `a full disk is not ready: ${ready.text}`);
  assert.match(ready.json.reason, /disk/i);
  assert.match(ready.headers['retry-after'], /^[1-9]\d*$/);

  // Room again: no restart.
  disk.free();
  const freedAt = performance.now();
  await until(10_000, () => create(100), 'writes work again');
  const writesAfter = performance.now() - freedAt;
  await until(10_000, async () => (await owner.request('GET', '/ready')).status === 200, 'ready again');
  for (let i = 0; i < 10; ++i) assert.ok(await create(i % 2 ? 100_000 : 100), 'writes work again, all of them');
  let allDone = true;
  for (const requestId of ledger.acks.keys()) {
    const request = await owner.settled(requestId, 120_000);
    allDone &&= request.status === 'completed';
  }
  const drained = performance.now() - freedAt;
  await watcher.reaches((await owner.allEvents()).at(-1).position);

  const facts = await gather(pod, ledger, { owner }, { owner: watcher });
  const problems = judge(ledger, facts);
  console.log('disk_full: ' + JSON.stringify({
    diskMb: kDiskMb, fullSeconds, acknowledged: ledger.acks.size,
    whileFull: accepted, beforeFull, refusals: Object.fromEntries(refusals.texts),
    withoutRetryAfter: refusals.withoutRetryAfter, reads, readyWhileFull: ready.status,
    writesAfterMs: Math.round(writesAfter), drainedAfterMs: Math.round(drained), rssMb: Math.round(pod.rss),
  }));
  watcher.stop();
  await watching;
  await pod.kill();
  await pod.start();
  owner.renew();
  const after = await gather(pod, ledger, { owner }, {});
  assert.deepEqual(problems.slice(0, 10), [], `${problems.length} problems`);
  assert.deepEqual(judge(ledger, after).slice(0, 10), [], 'after a restart');
  assert.equal(refusals.withoutRetryAfter, 0, 'every 503 says Retry-After');
});

test('a start on a full disk says that it needs room, and leaves all as it is', { timeout: 60_000 }, async (t) => {
  const folder = temporaryDirectory(t);
  const disk = smallDisk(t, folder);
  const pod = await Pod.make(t, { folder, args: ['--disk-free-bytes-min', '0'] });
  await pod.start();
  const made = await pod.owner().mutate('notes.create', { title: 'a', content: 'b' });
  assert.equal(made.status, 200, made.text);
  await pod.stop();
  disk.fill(0);
  await assert.rejects(pod.start(), /The disk is full.*A start needs some room, too: make a few MiB of it/s);
  disk.free();
  await pod.start();
  // It may have been stopped before the note was made, and before it was counted.
  await until(10_000, async () => (await pod.owner().ask('notes.list', { limit: 5 })).total === 1, 'the note is there');
});

// The same without a disk of its own: `ulimit -f`, a unit's LimitFSIZE=. The kernel sends SIGXFSZ,
// which ends a process that does not ignore it, and answers EFBIG.
test('files that may not grow end no pod and lose nothing', { timeout: 60_000 }, async (t) => {
  const pod = await Pod.make(t);
  await pod.start();
  const owner = pod.owner();
  const ledger = new Ledger();
  const create = async (title, content) => {
    const answer = await owner.mutate('notes.create', { title, content });
    if (answer.status === 200) ledger.created('owner', { title, checksum: sha256(content) }, answer.json.result.data);
    else checkRefusal(answer);
    return answer.status === 200;
  };
  for (let i = 0; i < 10; ++i) assert.ok(await create(`small ${i}`, `text ${i}`));
  for (const requestId of ledger.acks.keys()) await owner.settled(requestId);
  // Counted too, before nothing can be written any more: counts are kept behind the log.
  assert.equal((await owner.ask('notes.list', { limit: 1 })).total, 10);
  execFileSync('prlimit', [`--pid=${pod.pid}`, '--fsize=4096:unlimited']);
  let refused = 0;
  for (let i = 0; i < 10; ++i) refused += !await create(`large ${i}`, 'x'.repeat(20_000 + i * 20_000));
  assert.ok(refused > 0, 'writes are refused');
  assert.ok(pod.isRunning, 'the process lives');
  assert.equal((await owner.ask('notes.list', { limit: 1 })).total, 10, 'reads go on');
  execFileSync('prlimit', [`--pid=${pod.pid}`, '--fsize=unlimited:unlimited']);
  assert.ok(await create('after', 'after'), 'writes work again without a restart');
  await pod.kill();
  await pod.start();
  owner.renew();
  assert.ok(await create('after a restart', 'after'));
  for (const requestId of ledger.acks.keys()) await owner.settled(requestId);
  console.log(`disk_full: ${JSON.stringify({ limit: 'RLIMIT_FSIZE', refused })}`);
  assert.deepEqual(judge(ledger, await gather(pod, ledger, { owner }, {})), []);
});
