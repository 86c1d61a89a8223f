// The filter of the events, as one writes it: words and name:value pairs, all of which must hold.
//   note                     a word in the type or the title, or an id
//   type:note.creation.*     a type, with * for anything; noun:task; is:failed
//   source:api  actor:key:0198…  user:0197…  about:ID  request:ID
//   since:2h  until:2026-01-31T12:00
import type { EventQuestion, Row } from './events.js';

export interface Filter {
  text: string;
  /** What all rows pass. */
  isEmpty: boolean;
  /** What the pod is asked for: at least every event that passes. */
  asked: EventQuestion;
  /** What is written but means nothing. */
  issues: string[];
  passes(row: Row): boolean;
}

type Test = (row: Row) => boolean;

export const SOURCES = [
  'api',
  'agent',
  'automation',
  'sync',
  'migration',
  'system',
  'intelligence',
];
const UNITS: Record<string, number> = { s: 1e3, m: 6e4, min: 6e4, h: 36e5, d: 864e5 };
const FILTER_NAMES = [
  'type',
  'noun',
  'is',
  'source',
  'actor',
  'user',
  'about',
  'request',
  'since',
  'until',
];

function wildcard(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  return new RegExp(`^${escaped}$`);
}

// What a date can be of which the pod reads the text: the years 1 to 9999.
const TIME_MIN = Date.parse('0001-01-01T00:00:00Z');
const TIME_MAX = Date.parse('9999-12-31T23:59:59Z');

const DAY = /^\d{4}(-\d\d){0,2}$/;

/** The last moment of what `until` means: of a day, a month or a year its end. */
export function endOf(text: string): number | undefined {
  const at = timeOf(text);
  if (at === undefined || !DAY.test(text)) return at;
  const end = new Date(at);
  if (text.length === 4) end.setFullYear(end.getFullYear() + 1);
  else if (text.length === 7) end.setMonth(end.getMonth() + 1);
  else end.setDate(end.getDate() + 1);
  return Math.min(end.getTime() - 1, TIME_MAX);
}

/** "2h" before now, or a time; undefined if it is neither, or no time that a date can be of. */
export function timeOf(text: string): number | undefined {
  const span = /^(\d+)(s|m|min|h|d)$/.exec(text);
  // Without a time a date is a day of the reader, as with one; by itself Date takes it for one of UTC.
  const isDay = DAY.test(text);
  const at = span
    ? Date.now() - Number(span[1]) * UNITS[span[2]!]!
    : Date.parse(isDay ? `${text}${'-01-01'.slice(text.length - 4)}T00:00` : text);
  return at >= TIME_MIN && at <= TIME_MAX ? at : undefined;
}

function testOf(name: string, value: string): Test | undefined {
  const starts = (text: string) => text.startsWith(value);
  switch (name) {
    case 'type': {
      const pattern = wildcard(value);
      return (row) => pattern.test(row.type);
    }
    case 'noun':
      return (row) => row.noun === value;
    case 'is':
      return (row) => row.outcome === value;
    case 'source':
      return (row) => row.source === value;
    case 'actor':
      return (row) => starts(row.actor) || starts(row.actor.slice(row.actor.indexOf(':') + 1));
    case 'user':
      return (row) => starts(row.user);
    case 'about':
    case 'aggregate':
      return (row) => starts(row.aggregateId);
    case 'request':
      return (row) => starts(row.request);
    default:
      return undefined;
  }
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What the pod knows of a term; it takes whole ids, and of a type its beginning. */
function questionOf(name: string, value: string): EventQuestion {
  const id = value.slice(value.indexOf(':') + 1);
  switch (name) {
    case 'type':
      return /^[^*]*$|^[^*]+\.\*$/.test(value) ? { types: [value] } : {};
    case 'noun':
      return { types: [`${value}.*`, `x.${value}.*`] };
    case 'source':
      return SOURCES.includes(value) ? { source: value } : {};
    case 'actor':
      return ID.test(id) ? { actor: id } : {};
    case 'about':
    case 'aggregate':
      return ID.test(value) ? { aggregateId: value } : {};
    case 'request':
      return ID.test(value) ? { requestId: value } : {};
    case 'user':
      return ID.test(value) ? { userId: value } : {};
    default:
      return {};
  }
}

function wordTest(word: string): Test {
  const lower = word.toLowerCase();
  const isIdStart = /^[0-9a-f]{8}/.test(lower);
  return (row) =>
    row.type.includes(lower) ||
    row.title.toLowerCase().includes(lower) ||
    (isIdStart && [row.id, row.aggregateId, row.request].some((id) => id.startsWith(lower)));
}

export function parseFilter(text: string): Filter {
  const tests: Test[] = [];
  const issues: string[] = [];
  const asked: EventQuestion = {};
  for (const term of text.trim().split(/\s+/).filter(Boolean)) {
    const [, name, value] = /^([a-z]+):(.*)$/.exec(term) ?? [];
    if (name === undefined || value === undefined) {
      tests.push(wordTest(term));
    } else if (name === 'since' || name === 'until') {
      const at = name === 'since' ? timeOf(value) : endOf(value);
      if (at === undefined) issues.push(`${name}: give a time, or as 2h, 30min, 7d`);
      else if (name === 'since') {
        tests.push((row) => row.at >= at);
        asked.from = new Date(at).toISOString();
      } else {
        tests.push((row) => row.at <= at);
        asked.to = new Date(at + 1).toISOString();
      }
    } else if (value !== '') {
      const test = testOf(name, value);
      // Of two terms of a name the pod is asked for the first; both must hold.
      if (test) Object.assign(asked, { ...questionOf(name, value), ...asked });
      if (test) tests.push(test);
      else if (FILTER_NAMES.some((known) => known.startsWith(name)))
        issues.push(`${name}: is not complete`);
      else {
        tests.push(wordTest(term));
        // An address is no name and value.
        if (!value.startsWith('//'))
          issues.push(`${name}: is looked for as a word; names are ${FILTER_NAMES.join(', ')}`);
      }
    }
  }
  return {
    text,
    asked,
    issues,
    isEmpty: tests.length === 0,
    passes: (row) => tests.every((test) => test(row)),
  };
}

/** The filter's text with the terms of `name` replaced by one, or taken away. */
export function withTerm(text: string, name: string, value: string): string {
  const rest = text.split(/\s+/).filter((term) => term && !term.startsWith(`${name}:`));
  return [...rest, ...(value ? [`${name}:${value}`] : [])].join(' ');
}

export function termOf(text: string, name: string): string {
  return (
    text
      .split(/\s+/)
      .find((term) => term.startsWith(`${name}:`))
      ?.slice(name.length + 1) ?? ''
  );
}
