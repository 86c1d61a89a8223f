// Filters and orders of a list, as the noun's `list` has them. They are in the address.
import { useState } from 'preact/hooks';

import type { Noun, PodDocument } from '../lib/document.js';
import { type Field, fieldOf, labelOf } from '../lib/fields.js';
import { useQuery } from './answer.js';
import { asked, AskedChoice, AskedDay, Choice, SearchField, setAsked } from './filters.js';
import { Button } from './plain.js';

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

function TagFilter() {
  const { value: answer } = useQuery<{ tags: { tag: string; count: number }[] }>('tags.list');
  return (
    <AskedChoice
      name="tag"
      label="Tag"
      none="every tag"
      choices={(answer?.tags ?? []).map(({ tag, count }) => [tag, `${tag} (${count})`])}
    />
  );
}

type Named = { id: string; title?: string; name?: string };

function ReferenceFilter({ field }: { field: Field }) {
  const plural = field.references!;
  const { value: answer } = useQuery<Record<string, Named[]>>(`${plural}.list`, { limit: 100 });
  const named = (answer?.[plural] ?? []).map((one): [string, string?] => [
    one.id,
    one.title ?? one.name,
  ]);
  return <FieldChoice field={field} choices={named} />;
}

function FieldChoice({ field, choices }: { field: Field; choices: [string, string?][] }) {
  const label = labelOf(field.name);
  return (
    <AskedChoice
      name={field.name}
      label={label}
      none={`every ${label.toLowerCase()}`}
      choices={choices}
    />
  );
}

function Filter({ field, names }: { field: Field; names: string[] }) {
  if (field.kind === 'choice') {
    return (
      <FieldChoice
        field={field}
        choices={field.choices.map((one) => [one, one.replace(/_/g, ' ')])}
      />
    );
  }
  if (field.kind === 'reference') return <ReferenceFilter field={field} />;
  if (field.name === 'tag') return <TagFilter />;
  // Of a range its two ends are enough.
  const isRangeEnd = /(From|To)$/.test(field.name);
  if (!isRangeEnd && names.includes(`${field.name}From`)) return null;
  if (field.kind === 'date' && isRangeEnd) {
    return <AskedDay name={field.name} label={labelOf(field.name).toLowerCase()} />;
  }
  return (
    <label>
      {labelOf(field.name).toLowerCase()}
      <input
        type="text"
        inputMode={field.kind === 'number' ? 'numeric' : 'text'}
        placeholder={field.kind === 'json' ? '{"name": "value"}' : undefined}
        value={asked(field.name)}
        onChange={(event) => setAsked(field.name, event.currentTarget.value)}
      />
    </label>
  );
}

export function NounFilters({ document, noun }: { document: PodDocument; noun: Noun }) {
  const fields = Object.entries(noun.filters).map(([name, schema]) =>
    fieldOf(document, name, schema, false),
  );
  const names = fields.map((field) => field.name);
  const active = names.filter(asked).length;
  const [isOpen, setOpen] = useState(active > 0);
  return (
    <div class="toolbar" role="search">
      <SearchField
        aria-label={`Find in the titles of the ${noun.plural}, and in how their texts begin`}
        placeholder="Find in titles and beginnings"
        value={asked('find')}
        onInput={(event) => setAsked('find', event.currentTarget.value)}
      />
      <Button
        class="fold"
        aria-expanded={isOpen}
        aria-controls="noun-filters"
        onClick={() => setOpen(!isOpen)}
      >
        Filters{active > 0 && ` (${active})`}
      </Button>
      <div id="noun-filters" class={`filters can-fold ${isOpen ? 'is-open' : ''}`}>
        {fields.map((field) => (
          <Filter key={field.name} field={field} names={names} />
        ))}
        {noun.sorts.length > 0 && (
          <Choice
            label="Order"
            value={asked('sort') || noun.sorts[0]!}
            choices={noun.sorts.map((sort) => [sort, sortLabel(sort)])}
            onChange={(sort) => setAsked('sort', sort)}
          />
        )}
      </div>
    </div>
  );
}
