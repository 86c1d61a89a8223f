// The zod schemas of events, against what every version of the pod has written.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { eventSchemas, synapEventSchema } from '@synap/client/schemas';

const folder = new URL('../../tests/formats/events/', import.meta.url);

// The newest file of each type: "note.creation.completed.1.json", "inngest/http.request.1.json".
function fixtures() {
  const newest = new Map();
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!file.endsWith('.json')) continue;
    const [, type, version] = /^(.+)\.(\d+)\.json$/.exec(file);
    if ((newest.get(type)?.version ?? 0) < Number(version)) newest.set(type, { file, version: Number(version) });
  }
  return newest;
}

// A member that came later has its default, and was not written then.
function writtenOf(read, written) {
  if (Array.isArray(written)) return Array.isArray(read) ? read.map((one, i) => writtenOf(one, written[i])) : read;
  if (written === null || typeof written !== 'object') return read;
  return Object.fromEntries(Object.keys(written).map((name) => [name, writtenOf(read?.[name], written[name])]));
}

test('every type of the pod has a schema, which reads what was written', () => {
  const newest = fixtures();
  assert.deepEqual([...newest.keys()].sort(), Object.keys(eventSchemas).sort());
  for (const [type, { file }] of newest) {
    const data = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
    const read = eventSchemas[type].strict().safeParse(data);
    assert.ok(read.success, `${file}: ${read.error?.message}`);
    assert.deepEqual(writtenOf(read.data, data), data, file);
  }
});

test('a schema refuses what its type does not say', () => {
  const read = eventSchemas['note.creation.completed'].safeParse({ entityId: 'x' });
  assert.ok(!read.success);
  assert.deepEqual(read.error.issues[0].path, ['entityId']);
  assert.ok(!synapEventSchema.safeParse({ type: 'note.creation.completed' }).success);
});
