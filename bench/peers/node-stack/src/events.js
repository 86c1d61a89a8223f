// SynapEvent v1 and the statements that append it.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { userId } from './config.js';

export const noteCreationRequested = 'note.creation.requested';
export const noteCreationCompleted = 'note.creation.completed';

export const synapEvent = z.object({
  id: z.uuid(),
  version: z.literal('v1'),
  type: z.string().min(1).max(128),
  aggregateId: z.uuid(),
  aggregateType: z.string(),
  data: z.record(z.string(), z.unknown()),
  userId: z.string().min(1),
  source: z.enum(['api', 'automation', 'sync', 'migration', 'system']),
  timestamp: z.iso.datetime(),
  correlationId: z.uuid().optional(),
  causationId: z.uuid().optional(),
  requestId: z.uuid().optional(),
});

export function createEvent(fields) {
  return synapEvent.parse({
    id: randomUUID(),
    version: 'v1',
    aggregateType: 'entity',
    userId,
    timestamp: new Date().toISOString(),
    ...fields,
  });
}

const columns = `id, timestamp, aggregate_id, aggregate_type, event_type, user_id, data, metadata,
  version, causation_id, correlation_id, source`;

// One event as the parameters $first .. $first+11.
export function insertEventSql(first) {
  const types = ['uuid', 'timestamptz', 'uuid', 'text', 'text', 'text', 'jsonb', 'jsonb', 'int',
    'uuid', 'uuid', 'text'];
  const values = types.map((type, i) => `$${first + i}::${type}`).join(', ');
  return `INSERT INTO events_v2 (${columns}) VALUES (${values})`;
}

export function eventParameters(event) {
  return [
    event.id,
    event.timestamp,
    event.aggregateId,
    event.aggregateType,
    event.type,
    event.userId,
    JSON.stringify(event.data),
    JSON.stringify({ version: event.version, requestId: event.requestId }),
    1,
    event.causationId ?? null,
    event.correlationId ?? null,
    event.source,
  ];
}
