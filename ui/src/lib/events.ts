// Events as the pod tells them, and the short form of them that the page keeps of each.
import { nameOfFunction } from './function-names.js';
import { plainText } from './plain-text.js';

export interface SynapEvent {
  id: string;
  type: string;
  aggregateId?: string;
  aggregateType?: string;
  dataVersion: number;
  data: Record<string, unknown>;
  erased?: boolean;
  /** What is stored of it is not what was recorded: its data are empty. */
  damaged?: boolean;
  metadata?: Record<string, unknown>;
  userId: string;
  source: string;
  actor?: Record<string, string>;
  timestamp: string;
  correlationId?: string;
  causationId?: string;
  requestId?: string;
  position: number;
  aggregateVersion?: number;
}

/** What events.list can be asked for beside a part of the log. */
export interface EventQuestion {
  types?: string[];
  source?: string;
  actor?: string;
  aggregateId?: string;
  requestId?: string;
  userId?: string;
  from?: string;
  to?: string;
}

export type Outcome = 'requested' | 'completed' | 'failed' | 'other';

/** What a list shows of an event: a few hundred bytes, so that hundreds of thousands fit into a page. */
export interface Row {
  position: number;
  id: string;
  type: string;
  noun: string;
  outcome: Outcome;
  aggregateId: string;
  at: number;
  source: string;
  actor: string;
  user: string;
  request: string;
  title: string;
  /** It is of an import, which names itself in what it makes. */
  isImport: boolean;
}

const TITLE_LENGTH_MAX = 120;

export function outcomeOf(type: string): Outcome {
  const last = type.slice(type.lastIndexOf('.') + 1);
  return last === 'requested' || last === 'completed' || last === 'failed' ? last : 'other';
}

/** The noun of a type: `note` of note.creation.completed, `weight` of x.weight.recorded. */
export function nounOfType(type: string): string {
  const parts = type.split('.');
  return (parts[0] === 'x' ? parts[1] : parts[0]) ?? type;
}

function firstLineOf(text: string): string {
  const [line = ''] = text
    .slice(0, TITLE_LENGTH_MAX)
    .replace(/^#+\s+/, '')
    .split('\n', 1);
  return line;
}

/** A few words that tell one event from others of its type. */
export function titleOf(data: Record<string, unknown>): string {
  const error = data['error'] as { message?: unknown } | undefined;
  const { function: id, message } = data;
  // Of runs and functions: which, and what went wrong.
  if (typeof id === 'string') {
    const words = [nameOfFunction(id), ...(typeof message === 'string' ? [message] : [])];
    return words.join(': ').slice(0, TITLE_LENGTH_MAX);
  }
  for (const value of [
    error?.message,
    data['title'],
    data['name'],
    data['message'],
  ]) {
    if (typeof value === 'string' && value !== '') return firstLineOf(value);
  }
  const preview = data['preview'];
  return typeof preview === 'string' ? plainText(preview).slice(0, TITLE_LENGTH_MAX) : '';
}

// Types, sources and users repeat: one string for each keeps the rows small.
const interned = new Map<string, string>();
function intern(text: string): string {
  const known = interned.get(text);
  if (known !== undefined) return known;
  interned.set(text, text);
  return text;
}

function actorOf(event: SynapEvent): string {
  const [kind, id] = Object.entries(event.actor ?? {})[0] ?? [];
  return kind ? `${kind}:${id}` : 'pod';
}

export function rowOf(event: SynapEvent): Row {
  return {
    position: event.position,
    id: event.id,
    type: intern(event.type),
    noun: intern(nounOfType(event.type)),
    outcome: outcomeOf(event.type),
    aggregateId: event.aggregateId ?? '',
    at: Date.parse(event.timestamp),
    source: intern(event.source),
    actor: intern(actorOf(event)),
    user: intern(event.userId),
    request: event.requestId ?? '',
    title: event.damaged ? 'damaged on disk' : titleOf(event.data),
    isImport: event.metadata?.['batch'] !== undefined,
  };
}
