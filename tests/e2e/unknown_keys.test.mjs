// Keys of an input that the pod does not know: told with every answer, or refused.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { createSynapClient, messageOf } from '../../client/dist/index.js';

import { codeIs, connect, lanes, Pod, withResolvers } from './harness.mjs';

describe('unknown keys', () => {
  let pod;
  before(async () => {
    pod = await Pod.start();
  });
  after(() => pod?.remove());

  for (const lane of lanes) {
    test(`@trpc/client ${lane.name} reads what it is told besides as it always did`, async () => {
      const { client } = connect(lane, pod);
      const made = await client.tasks.create.mutate({ title: 'a', proirity: 'high' });
      assert.deepEqual(Object.keys(made).sort(), ['entityId', 'requestId', 'status', 'version']);
      const [page, task] = await Promise.all([
        client.tasks.list.query({ limit: 1, colour: 'red' }),
        client.tasks.get.query({ id: made.entityId }),
      ]);
      assert.equal(page.tasks.length, 1);
      assert.equal(task.priority, 'normal');
      await assert.rejects(client.tasks.create.mutate({ titel: 'b' }), (error) => {
        assert.deepEqual(error.data.unknownKeys, ['titel']);
        return codeIs('BAD_REQUEST')(error);
      });
    });
  }

  for (const transport of ['websocket', 'sse']) {
    test(`@synap/client tells them, and can have them refused (${transport})`, async () => {
      const told = [];
      const { promise, resolve } = withResolvers();
      const client = createSynapClient({
        url: pod.url,
        key: pod.key,
        transport,
        unknownKeys: (path, keys) => {
          told.push([path, ...keys]);
          if (path === 'events.watch') resolve();
        },
      });
      await Promise.all([
        client.tasks.create.mutate({ title: 'a', 'odd key': 1 }),
        client.tasks.list.query({ limit: 1, first: 1, second: 2 }),
        client.tasks.list.query({ limit: 1 }),
      ]);
      assert.deepEqual(told.sort(), [
        ['tasks.create', '["odd key"]'],
        ['tasks.list', 'first', 'second'],
      ]);
      if (transport === 'websocket') {
        const subscription = client.events.watch.subscribe({ tpyes: [] }, { onData() {} });
        await promise;
        assert.deepEqual(told.at(-1), ['events.watch', 'tpyes']);
        subscription.unsubscribe();
      }
      await client.close();

      const strict = createSynapClient({ url: pod.url, key: pod.key, transport, unknownKeys: 'refuse' });
      await assert.rejects(strict.tasks.list.query({ limit: 1, first: 1 }), codeIs('BAD_REQUEST'));
      const refused = withResolvers();
      strict.events.watch.subscribe({ tpyes: [] }, { onError: refused.resolve });
      assert.match((await refused.promise).message, /Unrecognized key: .*tpyes/);
      await strict.close();
    });
  }

  for (const transport of ['websocket', 'sse']) {
    test(`a client that is newer than its pod says so, of fields and of procedures (${transport})`, async (t) => {
      const said = [];
      t.mock.method(console, 'warn', (text) => said.push(text));
      const client = createSynapClient({ url: pod.url, key: pod.key, transport });
      await client.tasks.create.mutate({ title: 'a', colour: 'red' });
      assert.deepEqual(said, [
        'synap: tasks.create does not know, and did without: colour. The pod is older than this client, or the name is wrong',
      ]);
      const subscribe = () =>
        new Promise((_, reject) => client.tasks.list.subscribe({}, { onError: reject }));
      // An EventSource tells no more of an answer than its status.
      const asks = [() => client.tasks.pin.query({}), () => client.tasks.pin.mutate({})];
      if (transport === 'websocket') asks.push(subscribe); // of which there is a query
      const older = /^This pod has no ("tasks\.pin"|subscription "tasks\.list"): it is older than this client, or the name is wrong$/;
      for (const ask of asks) assert.match(messageOf(await ask().catch((error) => error)), older);
      await client.close();
    });
  }
});
