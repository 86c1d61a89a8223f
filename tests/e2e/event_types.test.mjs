// Event types of one's own: registered, published, read, watched, and there after a restart and a
// rebuild.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';

import { eventSchemas, synapEventSchema } from '../../client/dist/generated/schemas.js';
import { codeIs, connect, lanes, Pod, watch } from './harness.mjs';

const run = promisify(execFile);
const type = 'x.weight.recorded';
const schema = {
  type: 'object',
  properties: { kg: { type: 'number', exclusiveMinimum: 0 }, at: { type: 'string', format: 'date' } },
  required: ['kg'],
  additionalProperties: false,
};

let pod;
let client;
let close;
before(async () => {
  pod = await Pod.start();
  ({ client, close } = connect(lanes.at(-1), pod));
});
after(async () => {
  await close?.();
  await pod?.remove();
});

const synap = async (...args) => {
  const env = { ...process.env, SYNAP_URL: pod.url, SYNAP_KEY: pod.key };
  const { stdout } = await run(process.env.SYNAP_BIN ?? 'build/dev/bin/synap', args, { env, timeout: 20_000 });
  return stdout;
};

test('a type is registered, published, watched and read, and outlives a restart and a rebuild', async () => {
  assert.deepEqual(await client.eventTypes.register.mutate({ name: type, schema }), {
    name: type,
    version: 1,
    isNew: true,
  });
  const watcher = watch(client, { types: [type] });
  await watcher.started;
  const aggregateId = randomUUID();
  const first = await client.events.publish.mutate({ type, data: { kg: 80.5 }, aggregateId, expectedVersion: 0 });
  assert.equal(first.aggregateVersion, 1);
  await assert.rejects(client.events.publish.mutate({ type, data: { kg: 0 } }), codeIs('BAD_REQUEST'));
  await assert.rejects(
    client.events.publish.mutate({ type, data: { kg: 1 }, aggregateId, expectedVersion: 0 }),
    codeIs('CONFLICT'),
  );
  await watcher.until(() => watcher.items.length === 1, 'the event is told');
  assert.deepEqual(watcher.items[0].data.data, { kg: 80.5 });
  watcher.stop();

  await pod.kill('SIGTERM');
  await pod.startAgain();
  await client.events.publish.mutate({ type, data: { kg: 80, at: '2026-02-28' }, aggregateId });
  const { events } = await client.events.readStream.query({ aggregateId });
  assert.deepEqual(events.map((event) => event.data.kg), [80.5, 80]);
  assert.deepEqual(events.map((event) => event.aggregateVersion), [1, 2]);

  assert.match(await synap('log', 'verify'), /./);
  await synap('projections', 'rebuild', 'event_types');
  await synap('projections', 'verify', 'event_types');
  assert.deepEqual((await client.eventTypes.get.query({ name: type })).schema, schema);
});

test('the exported zod schemas read every event of a pod', async () => {
  await client.tasks.create.mutate({ title: 'a' });
  const { events } = await client.events.list.query({ limit: 1000 });
  assert.ok(events.length >= 6);
  for (const event of events) {
    assert.deepEqual(synapEventSchema.strict().parse(event), event);
    if (event.type.startsWith('x.')) continue;
    assert.deepEqual(eventSchemas[event.type].strict().parse(event.data), event.data, event.type);
  }
});
