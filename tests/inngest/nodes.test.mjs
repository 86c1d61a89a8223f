// Apps of the official SDK, unmodified, at two nodes of a pod behind a proxy: what belongs to calls goes to
// the node that leads.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { connect } from 'inngest/connect';
import { channel, getSubscriptionToken, subscribe } from 'inngest/realtime';

import { NodeProxy } from '../../tools/node_proxy.mjs';
import { Database } from '../e2e/harness.mjs';
import { App, Calls, lanes, Pod, until } from './harness.mjs';

const { sdk } = lanes.at(-1);
const quiet = { info() {}, warn() {}, error() {}, debug() {} };

describe('two nodes behind a proxy', () => {
  let database;
  let nodes = [];
  let proxy;
  let watching;
  let url;
  let app;
  let worker;
  let subscription;
  const calls = new Calls();
  const answered = []; // what the proxy has passed on
  const said = channel({ name: 'said', topics: { word: {} } });

  const three = (client, id) =>
    client.createFunction({ id, triggers: [{ event: `shop/${id}` }] }, async ({ event, step }) => {
      const a = await step.run('a', () => calls.note(`${id} a`, event.data.n));
      const b = await step.run('b', () => calls.note(`${id} b`, a + 1));
      await client.realtime.publish(said.word, { n: b });
      return step.run('c', () => calls.note(`${id} c`, b + 1));
    });
  const says = (node, path) => fetch(node.url + path).then((answer) => answer.status === 200, () => false);
  const look = async () => {
    for (const node of nodes) [node.isReady, node.leads] = [await says(node, '/ready'), await says(node, '/ready/leader')];
  };
  const completed = (id, count) =>
    until(async () => {
      const node = nodes.find(({ isReady }) => isReady);
      const runs = node ? await node.runsOf(`shop-${id}`).catch(() => []) : [];
      return runs.filter((run) => run.status === 'completed').length === count;
    }, `${count} runs of ${id} complete`);

  before(async () => {
    database = Database.create();
    process.env.SYNAP_DATABASE = database.url;
    nodes.push(await Pod.start('--dev', '--nodes', 'many', '--dev-retry-interval', '50ms'));
    nodes.push(await Pod.beside(nodes[0]));
    await look();
    watching = setInterval(look, 100);
    proxy = new NodeProxy(() => nodes);
    proxy.server.prependListener('request', ({ url: path }, answer) => answer.on('finish', () => answered.push([path, answer.statusCode])));
    url = `http://127.0.0.1:${await proxy.listen(0)}`;
    app = await App.ofSdk(sdk, { isDev: true, baseUrl: url }, (client) => [three(client, 'served')]);
    assert.equal((await app.sync()).status, 200);
    const client = new sdk.Inngest({ id: 'shop-connected', logger: quiet, isDev: true, baseUrl: url });
    worker = await connect({ apps: [{ client, functions: [three(client, 'connected')] }], isolateExecution: false, handleShutdownSignals: [] });
    // The SDK says that it is ready and waits for no answer.
    const takesCalls = async () => (await nodes[0].call('apps.list')).apps.some(({ workers }) => workers > 0);
    await until(takesCalls, 'the worker takes calls');
  });
  after(async () => {
    await subscription?.close();
    await worker?.close();
    await app?.close();
    clearInterval(watching);
    proxy?.close();
    for (const node of nodes) await node.remove();
    database?.drop();
  });

  test('one of them leads', () => {
    assert.deepEqual(nodes.map(({ isReady }) => isReady), [true, true]);
    assert.equal(nodes.filter(({ leads }) => leads).length, 1);
  });

  test('steps, checkpoints, workers that connect and realtime are as at one', async () => {
    const heard = [];
    const token = await getSubscriptionToken(app.client, { channel: said, topics: ['word'] });
    subscription = await subscribe({ ...token, app: app.client, onMessage: ({ data }) => heard.push(data.n) });
    for (let n = 1; n <= 6; n += 1) {
      await app.client.send([{ name: 'shop/served', data: { n } }, { name: 'shop/connected', data: { n: 100 * n } }]);
    }
    await completed('served', 6);
    await until(async () => calls.of('connected c').length === 6, 'the worker has done its six');
    for (const step of ['a', 'b', 'c']) assert.deepEqual(calls.of(`served ${step}`).sort(), [...new Set(calls.of(`served ${step}`))].sort(), 'each once');
    // Outside of steps: each call of the function publishes it.
    await until(() => new Set(heard).size === 12, () => `all that was published is heard: ${heard}`);
    const checkpoints = answered.filter(([path]) => path.startsWith('/v1/checkpoint/'));
    assert.ok(checkpoints.length > 0, 'the node that leads asks for checkpoints');
    assert.deepEqual(answered.filter(([, status]) => status >= 500), []);
  });

  test('when the leader is killed the other goes on with all of it', async () => {
    const leader = nodes.find(({ leads }) => leads);
    await leader.kill();
    await until(() => nodes.some((node) => node !== leader && node.leads), 'the other leads');
    // A worker connects anew by itself.
    await until(async () => {
      await app.client.send([{ name: 'shop/served', data: { n: 7 } }, { name: 'shop/connected', data: { n: 700 } }]).catch(() => {});
      return calls.of('served c').includes(9) && calls.of('connected c').includes(702);
    }, 'both are called again');
  });
});
