// The filter of the runs, as one writes it: words are looked for in the event's data, and
//   function:notes.create  type:note.*  event:ID  since:2h  until:2026-01-31T12:00
// The pod does all of the looking.
import { endOf, timeOf } from './filter.js';

export interface RunFilter {
  asked: Record<string, string>;
  /** What is written but means nothing. */
  issues: string[];
}

const MEMBERS: Record<string, string> = {
  function: 'function',
  type: 'eventType',
  event: 'eventId',
  since: 'from',
  until: 'to',
};
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function valueOf(name: string, value: string): { value: string } | { issue: string } {
  if (name === 'since' || name === 'until') {
    const at = name === 'since' ? timeOf(value) : endOf(value);
    if (at === undefined) return { issue: `${name}: give a time, or as 2h, 30min, 7d` };
    // "until" takes its own moment in; the pod's `to` does not.
    return { value: new Date(name === 'until' ? at + 1 : at).toISOString() };
  }
  if (name === 'event' && !ID.test(value)) return { issue: 'event: give the whole id' };
  if (name === 'type' && !/^[^*]*$|^[^*]+\.\*$/.test(value))
    return { issue: 'type: a * may only stand behind a dot, at the end' };
  return { value };
}

export function parseRunFilter(text: string): RunFilter {
  const asked: Record<string, string> = {};
  const issues: string[] = [];
  const words: string[] = [];
  for (const term of text.trim().split(/\s+/).filter(Boolean)) {
    const [, name = '', value = ''] = /^([a-z]+):(.*)$/.exec(term) ?? [];
    const member = MEMBERS[name];
    if (!member) {
      words.push(term);
    } else if (value === '') {
      issues.push(`${name}: is not complete`);
    } else {
      const known = valueOf(name, value);
      if ('issue' in known) issues.push(known.issue);
      else asked[member] = known.value;
    }
  }
  if (words.length) asked['text'] = words.join(' ');
  return { asked, issues };
}
