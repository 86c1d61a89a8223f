// Things of any noun, as lists and panels show them.
import type { Noun, PodDocument } from './document.js';
import { type Field, fieldOf } from './fields.js';

export type Thing = { id: string; version: number; createdAt: string; updatedAt: string } & Record<
  string,
  unknown
>;

/** The fields of a noun, as it is made with. */
export function fieldsOfNoun(document: PodDocument, noun: Noun): Field[] {
  return Object.entries(noun.fields).map(([name, schema]) =>
    fieldOf(document, name, schema, noun.required.includes(name)),
  );
}

/** What leads from one thing to another has both, and no title of its own. */
export function endsOf(thing: Record<string, unknown>): { from: string; to: string } | undefined {
  const { fromId: from, toId: to } = thing;
  return typeof from === 'string' && typeof to === 'string' ? { from, to } : undefined;
}

/** What a thing is called. */
export function titleOfThing(thing: Record<string, unknown>): string {
  for (const name of ['title', 'name', 'subject', 'preview']) {
    const value = thing[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  if (endsOf(thing)) return shown(thing['type']).replace(/_/g, ' ');
  return String(thing['id'] ?? '');
}

/** Those that a list has room for: short ones that tell things apart. */
export function columnsOf(fields: Field[]): Field[] {
  return fields.filter(
    (field) =>
      !['title', 'name'].includes(field.name) &&
      ['choice', 'date', 'list', 'number', 'yesno'].includes(field.kind),
  );
}

/** A date with a time: it is shown in the reader's zone. */
export const isMoment = (field: Field, value: unknown): value is string =>
  field.kind === 'date' && typeof value === 'string' && value.includes('T');

/** A value in few words. */
export function shown(value: unknown): string {
  if (value === undefined || value === null || value === '') return '';
  if (Array.isArray(value)) return value.map(shown).join(', ');
  if (typeof value === 'object') return Object.keys(value).length ? JSON.stringify(value) : '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}
