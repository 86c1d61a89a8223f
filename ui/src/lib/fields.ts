// What a form makes of a schema: one kind of control for each field, and back to JSON.
import type { PodDocument, Schema } from './document.js';
import { checkNumber, parseGiven } from './given-json.js';

export type FieldKind =
  'line' | 'text' | 'choice' | 'number' | 'yesno' | 'list' | 'date' | 'reference' | 'thing' | 'json';

export interface Field {
  name: string;
  schema: Schema;
  kind: FieldKind;
  isRequired: boolean;
  /** It can be taken away: null says so. */
  isNullable: boolean;
  /** A change gives members of it alone; null takes one away. */
  isMerged: boolean;
  choices: string[];
  /** The plural of the noun whose id this is. */
  references: string;
}

const TEXT_FROM_LENGTH = 2_000;
// The ids of things of any noun have these names.
const THINGS = ['fromId', 'toId', 'entityId'];

/** The schema without "or null". */
function plainOf(document: PodDocument, schema: Schema): Schema {
  const resolved = document.resolve(schema);
  const variants = resolved.anyOf ?? resolved.oneOf;
  const rest = variants?.filter((one) => one.type !== 'null');
  return rest?.length === 1 ? { ...resolved, ...document.resolve(rest[0]) } : resolved;
}

function kindOf(schema: Schema, references: string): FieldKind {
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== 'null') : schema.type;
  if (schema.enum) return 'choice';
  if (references) return 'reference';
  if (type === 'boolean') return 'yesno';
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'array' && schema.items?.type === 'string') return 'list';
  if (type !== 'string') return 'json';
  // Dates are described by a pattern that begins with the leap years.
  if (
    schema.format === 'date' ||
    schema.format === 'date-time' ||
    schema.pattern?.startsWith('^(?:(?:\\d\\d[2468]')
  )
    return 'date';
  return (schema.maxLength ?? 0) > TEXT_FROM_LENGTH ? 'text' : 'line';
}

export function fieldOf(
  document: PodDocument,
  name: string,
  schema: Schema,
  isRequired: boolean,
): Field {
  const plain = plainOf(document, schema);
  const noun = /^(.+)Id$/.exec(name)?.[1];
  const references =
    plain.format === 'uuid' ? (document.nouns.find((one) => one.name === noun)?.plural ?? '') : '';
  const isThing = plain.format === 'uuid' && THINGS.includes(name);
  const choices = (plain.enum ?? []).map(String);
  const isNullable = (document.resolve(schema).anyOf ?? []).some((one) => one.type === 'null');
  return {
    name,
    schema: plain,
    kind: isThing ? 'thing' : kindOf(plain, references),
    isRequired,
    isNullable,
    // The pod says so in words.
    isMerged: /null takes one away/.test(plain.description ?? ''),
    choices,
    references,
  };
}

export function fieldsOf(document: PodDocument, schema: Schema | undefined): Field[] {
  const { properties = {}, required = [] } = document.resolve(schema);
  return Object.entries(properties).map(([name, one]) =>
    fieldOf(document, name, one, required.includes(name)),
  );
}

// A list is written as its items with a comma between two. An item that would not read back as itself
// (a comma in it, a space around it, a line break, a quotation mark before it) is written as JSON.
const asItem = (item: unknown): string => {
  const text = String(item);
  return text === text.trim() && /^[^",\n\r][^,\n\r]*$/.test(text) ? text : JSON.stringify(text);
};

const ITEM = /\s*(?:("(?:[^"\\]|\\.)*")\s*|([^",\s][^,]*)?)(?:,|$)/y;

function itemsOf(field: Field, text: string): string[] {
  const items: string[] = [];
  const wrong = () =>
    new Error(`${labelOf(field.name)}: close the quotation mark, and put a comma behind it`);
  for (let at = 0; at < text.length; at = ITEM.lastIndex) {
    ITEM.lastIndex = at;
    const [all, quoted, bare = ''] = ITEM.exec(text) ?? [];
    if (all === undefined) throw wrong();
    try {
      if (quoted !== undefined) items.push(JSON.parse(quoted) as string);
      else if (bare.trim() !== '') items.push(bare.trim());
    } catch {
      throw wrong();
    }
  }
  return items;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** A moment as the browser's control has it: in the reader's zone. */
function localOf(text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  const day = `${at.getFullYear()}`.padStart(4, '0') + `-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const seconds = at.getSeconds() ? `:${two(at.getSeconds())}` : '';
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}${seconds}`;
}

/** A value as the control shows it. */
export function toText(field: Field, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (field.kind === 'json') return JSON.stringify(value, null, 2);
  if (field.kind === 'list' && Array.isArray(value)) return value.map(asItem).join(', ');
  if (field.kind === 'date' && String(value).includes('T')) return localOf(String(value));
  return String(value);
}

/** What the control says as JSON; undefined if it says nothing. Throws a sentence. */
export function fromText(field: Field, text: string): unknown {
  if (field.kind === 'list') {
    const items = itemsOf(field, text);
    return items.length ? items : undefined;
  }
  if (text === '') return undefined;
  if (field.kind === 'date' && text.includes('T')) {
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) throw new Error(`${labelOf(field.name)}: this is no time`);
    return at.toISOString();
  }
  if (field.kind === 'yesno') return text === 'true';
  if (field.kind === 'number') {
    const value = Number(text);
    if (!Number.isFinite(value)) throw new Error(`${labelOf(field.name)}: this is no number`);
    checkNumber(text.trim());
    return value;
  }
  if (field.kind === 'json') {
    try {
      return parseGiven(text);
    } catch (error) {
      throw new Error(`${labelOf(field.name)}: ${(error as Error).message}`);
    }
  }
  return text;
}

/** dueDate → Due date */
export function labelOf(name: string): string {
  const words = name
    .replace(/Id$/, '')
    .replace(/([A-Z])/g, ' $1')
    .toLowerCase()
    .trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
