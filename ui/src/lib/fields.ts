// What a form makes of a schema: one kind of control for each field, and back to JSON.
import type { PodDocument, Schema } from './document.js';
import { checkNumber, parseGiven } from './given-json.js';

export type FieldKind =
  | 'line'
  | 'lines'
  | 'text'
  | 'choice'
  | 'number'
  | 'yesno'
  | 'list'
  | 'date'
  | 'reference'
  | 'thing'
  | 'json';

export interface Field {
  /** What a form knows it by. */
  name: string;
  label: string;
  /** Where its value is in the thing: of a member of an object both names. */
  path: string[];
  /** It is what an object has beside these members, which have fields of their own. */
  beside?: string[];
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

/** What a form has to know to make a field of a schema. */
type Known = Pick<PodDocument, 'resolve' | 'nouns'>;

const TEXT_FROM_LENGTH = 2_000;
// What may be longer than this has more than one line to be written in.
const LINE_LENGTH_MAX = 200;
// The ids of things of any noun have these names.
const THINGS = ['fromId', 'toId', 'entityId'];

/** The schema without "or null". */
function plainOf(document: Known, schema: Schema): Schema {
  const resolved = document.resolve(schema);
  const variants = resolved.anyOf ?? resolved.oneOf;
  const rest = variants?.filter((one) => one.type !== 'null');
  return rest?.length === 1 ? { ...resolved, ...document.resolve(rest[0]) } : resolved;
}

/** How a choice is written; an empty text is told from nothing. */
const choiceOf = (value: unknown): string => (value === '' ? '""' : String(value));

/** A choice as it is read. */
export const wordsOf = (choice: string): string =>
  choice === '""' ? 'empty' : choice.replace(/_/g, ' ');

/** What is chosen from, by how it is written; null is said by choosing nothing. */
const choicesOf = ({ enum: all = [] }: Schema): string[] =>
  all.filter((one) => one !== null).map(choiceOf);

/** Each of them is told from the others by how it is written. */
const canChoose = (schema: Schema): boolean =>
  new Set(choicesOf(schema)).size === choicesOf(schema).length &&
  !schema.enum?.some((one) => typeof one === 'object' && one !== null);

function kindOf(schema: Schema, references: string): FieldKind {
  const [type, ...others] = [schema.type].flat().filter((one) => one !== 'null');
  if (schema.enum) return canChoose(schema) ? 'choice' : 'json';
  if (others.length) return 'json';
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
  document: Known,
  name: string,
  schema: Schema,
  isRequired: boolean,
): Field {
  const plain = plainOf(document, schema);
  const noun = /^(.+)Id$/.exec(name)?.[1];
  const references =
    plain.format === 'uuid' ? (document.nouns.find((one) => one.name === noun)?.plural ?? '') : '';
  const isThing = plain.format === 'uuid' && THINGS.includes(name);
  const { anyOf = [], oneOf = [] } = document.resolve(schema);
  const isNullable =
    [...anyOf, ...oneOf, plain].some(({ type }) => [type].flat().includes('null')) ||
    (plain.enum ?? []).includes(null);
  return {
    name,
    label: labelOf(name),
    path: [name],
    schema: plain,
    kind: isThing ? 'thing' : kindOf(plain, references),
    isRequired,
    isNullable,
    // The pod says so in words.
    isMerged: /null takes one away/.test(plain.description ?? ''),
    choices: choicesOf(plain),
    references,
  };
}

/** A type of things that somebody has defined. */
export interface OwnType {
  schema: Schema;
  /** The member that is the title of a thing. */
  title?: string;
  /** Members by which its things are filtered, sorted, and both at once. */
  filters: string[];
  sorts: string[];
  lists: { filter: string; sort: string }[];
}

// Its references lead into itself, which no form follows; and its ids are anybody's.
const OWN: Known = { resolve: (schema) => schema ?? {}, nouns: [] };

/** Whether the control shows the value as it is. */
function canHold(field: Field, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (field.kind === 'date') {
    const known = field.schema.format === 'date' ? /^\d{4}-\d\d-\d\d$/ : /^\d{4}-\d\d-\d\dT/;
    return typeof value === 'string' && known.test(value) && !Number.isNaN(Date.parse(value));
  }
  try {
    const text = toText(field, value);
    const back = fromText(field, text) ?? (field.kind === 'list' ? [] : text);
    return JSON.stringify(back) === JSON.stringify(value);
  } catch {
    return false;
  }
}

/**
 * Fields of the members of `name`, an object of a type of one's own. `data` is what it has now, of which
 * an update takes away what is null. What a control cannot say of a member is JSON; so is, in one field,
 * what there is or may be beside them.
 */
export function fieldsOfOwn(
  name: string,
  type: Pick<OwnType, 'schema' | 'title'>,
  data?: Record<string, unknown>,
): Field[] {
  const { schema } = type;
  const { properties = {}, required = [] } = schema;
  const { title = 'title' in properties ? 'title' : 'name' } = type;
  const fields = Object.entries(properties).map(([member, raw]): Field => {
    // Nobody fills in a default; and `true` is a schema, too.
    const { default: _, ...one } = Object(raw) as Schema;
    const known = one.const === undefined ? one : { ...one, enum: [one.const] };
    const field = fieldOf(OWN, member, known, required.includes(member));
    const { format, pattern, maxLength = Infinity, contentMediaType = '' } = field.schema;
    const isFree = field.kind === 'line' && !format && !pattern && maxLength > LINE_LENGTH_MAX;
    if (contentMediaType === 'text/markdown') field.kind = 'text';
    else if (isFree && member !== title) field.kind = 'lines';
    const value = data && Object.hasOwn(data, member) ? data[member] : undefined;
    if (field.kind === 'line' && /[\n\r]/.test(String(value))) field.kind = 'lines';
    if (!canHold(field, value)) field.kind = 'json';
    return {
      ...field,
      name: `${name}.${member}`,
      label: one.title || labelOf(member),
      path: [name, member],
      isNullable: field.isNullable || data !== undefined,
      isMerged: false,
    };
  });
  const beside = Object.keys(properties);
  const isOpen = schema.additionalProperties !== false;
  if (isOpen || Object.keys(data ?? {}).some((member) => !beside.includes(member))) {
    const description = 'What its type does not name.';
    const rest = fieldOf(OWN, name, beside.length ? { description } : {}, false);
    fields.push({ ...rest, label: beside.length ? 'Other members' : rest.label, beside, isMerged: true });
  }
  return fields;
}

/**
 * The fields to change a thing by. A text's own tags are changed in the text: where it has some, those that
 * were given are changed beside them.
 */
export const changedBy = (fields: Field[], thing: Record<string, unknown> = {}): Field[] =>
  thing['ownTags']
    ? fields.map((one) => (one.name === 'tags' ? { ...one, path: ['ownTags'] } : one))
    : fields;

/** Of a thing what the field is about. */
export function valueOf({ path, beside }: Field, thing: Record<string, unknown>): unknown {
  let value: unknown = thing;
  for (const name of path) {
    const within = Object(value) as Record<string, unknown>;
    value = Object.hasOwn(within, name) ? within[name] : undefined;
  }
  if (!beside || typeof value !== 'object' || value === null) return value;
  const others = Object.entries(value).filter(([name]) => !beside.includes(name));
  return others.length ? Object.fromEntries(others) : undefined;
}

/** What is beside the members that have fields: an object, and none of them. Throws a sentence. */
function othersOf({ label, beside = [] }: Field, value: unknown): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${label}: give a JSON object: {"name": "value"}`);
  const twice = beside.find((name) => Object.hasOwn(value, name));
  if (twice !== undefined) throw new Error(`${label}: "${twice}" has a field of its own`);
  return value;
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
    new Error(`${field.label}: close the quotation mark, and put a comma behind it`);
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
  if (field.kind === 'choice') return choiceOf(value);
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
  if (field.kind === 'choice')
    return field.schema.enum?.find((one) => one !== null && choiceOf(one) === text) ?? text;
  if (field.kind === 'date' && text.includes('T')) {
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) throw new Error(`${field.label}: this is no time`);
    return at.toISOString();
  }
  if (field.kind === 'yesno') return text === 'true';
  if (field.kind === 'number') {
    const value = Number(text);
    if (!Number.isFinite(value)) throw new Error(`${field.label}: this is no number`);
    checkNumber(text.trim());
    return value;
  }
  if (field.kind === 'json') {
    let value: unknown;
    try {
      value = parseGiven(text);
    } catch (error) {
      throw new Error(`${field.label}: ${(error as Error).message}`);
    }
    return field.beside?.length ? othersOf(field, value) : value;
  }
  return text;
}

/** How much of a text there is too much; '' if it has room. Nothing is cut in silence. */
export function tooLong(text: string, max = Infinity): string {
  const over = text.length > max ? [...text].length - max : 0;
  const count = (value: number) => value.toLocaleString();
  return over > 0 ? `Too long by ${count(over)}: at most ${count(max)} characters` : '';
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
