// Filters and orders of a list, as the noun's `list` has them. They are in the address.
import type { ComponentChildren } from 'preact';

import type { Noun, PodDocument } from '../lib/document.js';
import {
  type Field,
  type FieldKind,
  fieldOf,
  fieldsOfOwn,
  fromText,
  labelOf,
  type OwnType,
  toText,
  wordsOf,
} from '../lib/fields.js';
import { go, withQuery } from '../lib/router.js';
import { useQuery } from './answer.js';
import {
  asked,
  AskedDay,
  Choice,
  Folded,
  SearchField,
  setAsked,
  TagFilter,
  useTitles,
  YES_OR_NO,
} from './filters.js';
import { typesOf, useOwnType } from './own-fields.js';
import { sayError } from './say.js';

const SORT_LABELS: Record<string, [string, string]> = {
  createdAt: ['newest first', 'oldest first'],
  dueDate: ['due last first', 'due first'],
};

function sortLabel(sort: string): string {
  const name = sort.replace(/^-/, '');
  const [down, up] = SORT_LABELS[name] ?? [
    `${labelOf(name).toLowerCase()}, down`,
    `${labelOf(name).toLowerCase()}, up`,
  ];
  return sort.startsWith('-') ? down : up;
}

const INPUTS: Partial<Record<FieldKind, 'number' | 'date'>> = { number: 'number', date: 'date' };

interface ValueProps {
  field: Field;
  value: string;
  onChange(value: string): void;
}

const ReferenceFilter = (props: ValueProps) => (
  <ValueFilter {...props} choices={useTitles(props.field.references)} />
);

/** A value to filter by: a control of its kind. */
function ValueFilter({
  field,
  choices,
  ...more
}: ValueProps & { choices?: [string, string?][] | undefined }) {
  const { kind, label } = field;
  const name = label.toLowerCase();
  const all =
    choices ??
    (kind === 'yesno'
      ? YES_OR_NO
      : kind === 'choice' && field.choices.map((one): [string, string] => [one, wordsOf(one)]));
  if (all) return <Choice label={label} none={`every ${name}`} choices={all} {...more} />;
  const type = field.schema.format === 'date-time' ? 'datetime-local' : (INPUTS[kind] ?? 'text');
  return (
    <label>
      {name}
      <input
        type={type as 'text' /* no role depends on it here */}
        step="any"
        placeholder={kind === 'json' ? '{"name": "value"}' : undefined}
        value={more.value}
        onChange={(event) => more.onChange(event.currentTarget.value)}
      />
    </label>
  );
}

function Filter({ field, names }: { field: Field; names: string[] }) {
  const { name, kind } = field;
  const own: ValueProps = {
    field,
    value: asked(name),
    onChange: (value) => setAsked(name, value),
  };
  if (kind === 'reference') return <ReferenceFilter {...own} />;
  if (name === 'tag') return <TagFilter />;
  // Of a range its two ends are enough.
  const isRangeEnd = /(From|To)$/.test(name);
  if (!isRangeEnd && names.includes(`${name}From`)) return null;
  return kind === 'date' && isRangeEnd ? (
    <AskedDay name={name} label={labelOf(name).toLowerCase()} />
  ) : (
    <ValueFilter {...own} />
  );
}

/** The one filter of the address: a member, and what it is to be; null: that it is not there. */
function filterAsked(): [string?, unknown?] {
  try {
    return Object.entries(JSON.parse(asked('filter')) as object)[0] ?? [];
  } catch {
    return [];
  }
}

const NEWEST = '-createdAt';

/** What things of one type are filtered and sorted by, as the type declares it. */
function DeclaredFilters({ type }: { type: OwnType }) {
  const [chosen, value] = filterAsked();
  const members = new Set([...type.filters, ...type.lists.map(({ filter }) => filter)]);
  const fields = fieldsOfOwn('', type).filter(({ path }) => members.has(path[1] ?? ''));
  const sortsOf = (filter: string | undefined) => {
    const byMember = filter ? type.lists.filter((one) => one.filter === filter) : [];
    const sorts = filter ? byMember.map(({ sort }) => sort) : type.sorts;
    const isAlone = !filter || type.filters.includes(filter);
    return [
      ...(isAlone ? [NEWEST, 'createdAt'] : []),
      ...sorts.flatMap((sort) => [sort, `-${sort}`]),
    ];
  };
  const sort = asked('sort') || NEWEST;
  // What is not declared together is not asked together.
  const ask = (filter: string | undefined, to: unknown) => {
    const sorts = sortsOf(filter);
    const next = sorts.includes(sort) ? sort : sorts[0]!;
    const text = filter === undefined ? '' : JSON.stringify({ [filter]: to });
    go(withQuery({ filter: text, sort: next === NEWEST ? '' : next }), { replace: true });
  };
  const give = (field: Field, text: string) => {
    try {
      const to = fromText(field, text);
      ask(to === undefined ? undefined : field.path[1], to);
    } catch (error) {
      sayError(error);
    }
  };
  return (
    <>
      {fields.map((field) => (
        <ValueFilter
          key={field.name}
          field={field}
          value={field.path[1] === chosen ? toText(field, value) : ''}
          onChange={(text) => give(field, text)}
        />
      ))}
      {fields.length > 0 && (
        <Choice
          label="Without"
          none="with or without"
          choices={fields.map(({ path, label }) => [path[1]!, `without ${label.toLowerCase()}`])}
          value={value === null ? chosen! : ''}
          onChange={(member) => ask(member || undefined, null)}
        />
      )}
      <Choice
        label="Order"
        value={sort}
        choices={sortsOf(chosen).map((one) => [one, sortLabel(one)])}
        onChange={(next) => setAsked('sort', next)}
      />
    </>
  );
}

/** The type first; then what it declares. Where types cannot be asked for, `children`. */
function OwnFilters({ types, children }: { types: string; children: ComponentChildren }) {
  const { value: all, error } = useQuery<{ types: { name: string }[] }>(`${types}.list`);
  const { type } = useOwnType(types, asked('type'));
  if (error !== undefined) return <>{children}</>;
  return (
    <>
      <Choice
        label="Type"
        none="every type"
        choices={(all?.types ?? []).map(({ name }) => [name])}
        value={asked('type')}
        onChange={(name) => go(withQuery({ type: name, filter: '', sort: '' }), { replace: true })}
      />
      {type && <DeclaredFilters type={type} />}
    </>
  );
}

// Of a noun whose things have types of somebody's own.
const OWN = ['type', 'filter'];

export function NounFilters({ document, noun }: { document: PodDocument; noun: Noun }) {
  const fields = Object.entries(noun.filters).map(([name, schema]) =>
    fieldOf(document, name, schema, false),
  );
  const names = fields.map((field) => field.name);
  const active = names.filter(asked).length;
  const types = typesOf(document, noun);
  const of = (some: string[]) =>
    fields
      .filter(({ name }) => some.includes(name))
      .map((field) => <Filter key={field.name} field={field} names={names} />);
  return (
    <div class="toolbar" role="search">
      <SearchField
        aria-label={`Find in the titles of the ${noun.plural}, and in how their texts begin`}
        placeholder="Find in titles and beginnings"
        value={asked('find')}
        onInput={(event) => setAsked('find', event.currentTarget.value)}
      />
      <Folded id="noun-filters" active={active}>
        {types && <OwnFilters types={types}>{of(OWN)}</OwnFilters>}
        {of(names.filter((name) => !types || !OWN.includes(name)))}
        {noun.sorts.length > 0 && (
          <Choice
            label="Order"
            value={asked('sort') || noun.sorts[0]!}
            choices={noun.sorts.map((sort) => [sort, sortLabel(sort)])}
            onChange={(sort) => setAsked('sort', sort)}
          />
        )}
      </Folded>
    </div>
  );
}
