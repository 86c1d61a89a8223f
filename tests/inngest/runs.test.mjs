// What people do with the runs of an app's functions, by procedures and by commands.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { App, delay, lanes, Pod, until } from './harness.mjs';

const binary = process.env.SYNAP_BIN;

for (const { name, sdk } of lanes) {
  describe(`inngest ${name}`, () => {
    let pod;
    let app;
    const seen = [];

    const make = (inngest) => [
      inngest.createFunction({ id: 'sum', retries: 1, triggers: [{ event: 'shop/sum' }] }, async ({ step }) => {
        const first = await step.run('first', () => seen.push('first') && 'kept');
        const sum = await step.run('add', (...args) => JSON.stringify(args), 1, 2);
        return step.run('last', () => `${first} ${sum}`);
      }),
      inngest.createFunction({ id: 'picky', retries: 1, triggers: [{ event: 'shop/picky' }] }, ({ event, step }) =>
        step.run('pick', () => {
          if (!event.data.good) throw new TypeError(`not ${event.data.n}`);
          return 'good';
        }),
      ),
      inngest.createFunction({ id: 'late', triggers: [{ event: 'shop/late' }] }, ({ event }) => event.data.n),
    ];

    before(async () => {
      pod = await Pod.start('--dev', '--dev-retry-interval', '50ms');
      app = await App.ofSdk(sdk, { isDev: true, baseUrl: pod.url }, make);
      assert.equal((await app.sync()).status, 200);
    });
    after(async () => {
      await app?.close();
      await pod?.remove();
    });
    const send = (event) => app.client.send(event);
    const get = (id) => pod.call('runs.get', { id });
    const ended = (id, status) =>
      until(async () => {
        const run = await get(id);
        return run.status === status && run;
      }, `${id} is ${status}`);
    const synap = async (...args) =>
      (await promisify(execFile)(binary, args, { env: { ...process.env, SYNAP_URL: pod.url, SYNAP_KEY: pod.key } })).stdout;

    test('a run tells its times, and is done again from a step with another input', async () => {
      await send({ name: 'shop/sum', data: {} });
      const { id } = await pod.run('shop-sum', 'completed');
      const run = await get(id);
      assert.equal(run.output, 'kept [1,2]');
      assert.ok(run.queueDelayMs >= 0);
      for (const step of run.steps) {
        assert.ok(step.startedAt >= run.startedAt && step.startedAt <= step.endedAt, JSON.stringify(step));
        assert.ok(step.endedAt <= step.storedAt && step.storedAt <= run.endedAt, JSON.stringify(step));
      }
      const add = run.steps.find((step) => step.name === 'add');
      const again = await pod.call('runs.rerun', { id, fromStep: add.hash, input: [10, 5] });
      const rerun = await ended(again.runId, 'completed');
      assert.equal(rerun.output, 'kept [10,5]');
      assert.deepEqual(rerun.origin, { kind: 'rerun', runId: id, fromStep: 'add', edited: true });
      assert.deepEqual(rerun.steps.find((step) => step.name === 'add').input, [10, 5]);
      assert.deepEqual(seen, ['first']);
    });

    test('dead letters are grouped, and replayed with other data', async () => {
      for (const n of [1, 1, 2]) await send({ name: 'shop/picky', data: { n } });
      await until(async () => (await pod.call('runs.list', { status: 'failed' })).runs.length === 3, 'three fail');
      const { groups } = await pod.call('deadLetters.groups');
      assert.deepEqual(groups.map(({ count, message }) => [count, message]), [[2, 'not 1'], [1, 'not 2']]);
      assert.match(await synap('dlq', 'groups'), /^ +2 .*shop-picky@.* not 1\n +1 .* not 2\n$/);
      const { runs } = await pod.call('runs.list', { status: 'failed' });
      const failed = await get(runs[0].id);
      const attempts = failed.failedAttempts.filter((each) => each.name === 'pick');
      assert.ok(attempts.length >= 1 && attempts[0].error.message.includes('not 2'), JSON.stringify(failed.failedAttempts));
      const { runId } = await pod.call('deadLetters.replay', { id: runs[0].id, data: { good: true } });
      const edited = await ended(runId, 'completed');
      assert.equal(edited.output, 'good');
      assert.equal(edited.origin.edited, true);
      assert.equal((await get(runs[0].id)).status, 'discarded');
      assert.equal(await synap('dlq', 'discard', '--message', 'not 1'), '2 are put away\n');
      assert.deepEqual((await pod.call('deadLetters.groups')).groups, []);
    });

    test('a function is paused, resumed and invoked by its user alone', async () => {
      const { functions } = await pod.call('functions.list', { app: 'shop' });
      assert.deepEqual(functions.map((each) => each.id.split('@')[0]), ['shop-late', 'shop-picky', 'shop-sum']);
      const { id } = functions[0];
      const other = await pod.call('users.create', { name: 'bob' });
      const bob = (path, input) =>
        fetch(`${pod.url}/api/${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${other.key}`, 'content-type': 'application/json' },
          body: JSON.stringify(input),
        }).then((answer) => answer.status);
      assert.equal(await bob('functions.pause', { id }), 404);
      assert.equal(await bob('functions.invoke', { id }), 404);
      assert.equal(await bob('functions.replay', { id }), 404);
      assert.equal(await bob('functions.pause', { id: 'notes.create' }), 403);
      await synap('functions', 'pause', id);
      await send({ name: 'shop/late', data: { n: 1 } });
      await delay(300);
      assert.equal((await pod.runsOf('shop-late'))[0].status, 'active');
      await pod.kill();
      await pod.startAgain();
      assert.equal((await pod.call('functions.get', { id })).pause.by, 'person');
      await app.sync();
      await delay(300);
      assert.equal((await pod.runsOf('shop-late'))[0].status, 'active');
      await synap('functions', 'resume', id);
      await pod.run('shop-late', 'completed');
      const { runId } = await pod.call('functions.invoke', { id, data: { n: 7 } });
      assert.equal((await ended(runId, 'completed')).output, 7);
    });

    test('a new function is replayed events of the past', async () => {
      for (const n of [1, 2, 3]) await send({ name: 'shop/past', data: { n } });
      const later = await App.ofSdk(sdk, { id: 'later', isDev: true, baseUrl: pod.url }, (inngest) => [
        inngest.createFunction({ id: 'past', triggers: [{ event: 'shop/past' }] }, ({ event }) => event.data.n),
        inngest.createFunction({ id: 'typo', triggers: [{ event: 'note.creation.complete' }] }, () => 'never'),
      ]);
      try {
        await later.sync();
        const { functions } = await pod.call('functions.list', { app: 'later' });
        const [[past], [typo]] = functions.map((each) => each.triggers);
        assert.deepEqual(past, { event: 'shop/past' });
        assert.match(typo.problem, /^No event of the pod has the type "note.creation.complete"; did you mean "note.creation.completed"/);
        assert.ok(pod.stderr.includes(typo.problem), pod.stderr);
        const begun = await pod.call('functions.replay', { id: functions[0].id, filter: 'event.data.n >= 2' });
        const replay = await until(async () => {
          const { replays } = await pod.call('functions.replays', {});
          return replays.find((each) => each.id === begun.id && each.status === 'completed');
        }, 'it is completed');
        assert.equal(replay.made, 2);
        const runs = await until(async () => {
          const all = await pod.runsOf('later-past');
          return all.every((run) => run.status === 'completed') && all;
        }, 'they are done');
        assert.deepEqual(runs.map((run) => run.origin), Array(2).fill({ kind: 'replay', replayId: begun.id }));
      } finally {
        await later.close();
      }
    });
  });
}
