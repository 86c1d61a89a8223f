// The types of events: those that the pod describes, those that the user has registered, and those that
// are only known because such events happened.
import { podDocument, type Schema } from './document.js';
import { log } from './log.js';
import { query } from './rpc.js';

export interface EventType {
  name: string;
  summary?: string;
  version?: number;
  schema?: Schema;
  writtenBy?: string[];
  readBy?: string[];
  from: 'pod' | 'yours' | 'seen';
}

export async function eventTypes(signal: AbortSignal): Promise<EventType[]> {
  const types = new Map<string, EventType>();
  for (const row of log.value?.rows ?? []) types.set(row.type, { name: row.type, from: 'seen' });
  const { types: registered } = await query<{ types: { name: string; version: number }[] }>(
    'eventTypes.list',
    undefined,
    signal,
  );
  for (const one of registered) types.set(one.name, { ...one, from: 'yours' });
  if (podDocument.value?.has('catalogue.eventTypes')) {
    const { types: described } = await query<{ types: Omit<EventType, 'from'>[] }>(
      'catalogue.eventTypes',
      undefined,
      signal,
    );
    for (const one of described) types.set(one.name, { ...one, from: 'pod' });
  }
  return [...types.values()].sort((a, b) => a.name.localeCompare(b.name));
}

export async function eventType(name: string, signal: AbortSignal): Promise<EventType | undefined> {
  const known = (await eventTypes(signal)).find((type) => type.name === name);
  if (known?.from !== 'yours') return known;
  const { schema } = await query<{ schema: Schema }>('eventTypes.get', { name }, signal);
  return { ...known, schema };
}
