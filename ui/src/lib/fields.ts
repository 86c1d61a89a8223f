// What a form makes of a schema: one kind of control for each field, and back to JSON.
import type { PodDocument, Schema } from './document.js';

export type FieldKind =
  'line' | 'text' | 'choice' | 'number' | 'yesno' | 'list' | 'date' | 'reference' | 'json';

export interface Field {
  name: string;
  schema: Schema;
  kind: FieldKind;
  isRequired: boolean;
  /** It can be taken away: null says so. */
  isNullable: boolean;
  choices: string[];
  /** The plural of the noun whose id this is. */
  references: string;
}

const TEXT_FROM_LENGTH = 2_000;

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
  const choices = (plain.enum ?? []).map(String);
  const isNullable = (document.resolve(schema).anyOf ?? []).some((one) => one.type === 'null');
  return {
    name,
    schema: plain,
    kind: kindOf(plain, references),
    isRequired,
    isNullable,
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

/** A value as the control shows it. */
export function toText(field: Field, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (field.kind === 'json') return JSON.stringify(value, null, 2);
  if (field.kind === 'list' && Array.isArray(value)) return value.join(', ');
  return String(value);
}

/** What the control says as JSON; undefined if it says nothing. Throws a sentence. */
export function fromText(field: Field, text: string): unknown {
  if (field.kind === 'list') {
    const items = text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean);
    return items.length ? items : undefined;
  }
  if (text === '') return undefined;
  if (field.kind === 'yesno') return text === 'true';
  if (field.kind === 'number') {
    const value = Number(text);
    if (Number.isNaN(value)) throw new Error(`${labelOf(field.name)}: this is no number`);
    return value;
  }
  if (field.kind === 'json') {
    try {
      return JSON.parse(text) as unknown;
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
