// Filters and orders of a list, as the noun's `list` has them. They are in the address.
import { useState } from 'preact/hooks';

import type { Noun, PodDocument } from '../lib/document.js';
import { type Field, fieldOf, labelOf } from '../lib/fields.js';
import { go, route, withQuery } from '../lib/router.js';
import { query } from '../lib/rpc.js';
import { useAnswer } from './answer.js';
import { Icon } from './icon.js';

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

const set = (name: string, value: string): void =>
  go(withQuery({ [name]: value }), { replace: true });

function TagFilter({ value }: { value: string }) {
  const { value: answer } = useAnswer('tags', (signal) =>
    query<{ tags: { tag: string; count: number }[] }>('tags.list', undefined, signal),
  );
  const tags = answer?.tags ?? [];
  return (
    <select
      aria-label="Tag"
      value={value}
      onChange={(event) => set('tag', event.currentTarget.value)}
    >
      <option value="">every tag</option>
      {value && !tags.some((one) => one.tag === value) && <option value={value}>{value}</option>}
      {tags.map(({ tag, count }) => (
        <option key={tag} value={tag}>
          {`${tag} (${count})`}
        </option>
      ))}
    </select>
  );
}

function ReferenceFilter({ field, value }: { field: Field; value: string }) {
  const { value: answer } = useAnswer(`choices:${field.references}`, (signal) =>
    query<Record<string, { id: string; title?: string; name?: string }[]>>(
      `${field.references}.list`,
      { limit: 100 },
      signal,
    ),
  );
  const things = answer?.[field.references] ?? [];
  return (
    <select
      aria-label={labelOf(field.name)}
      value={value}
      onChange={(event) => set(field.name, event.currentTarget.value)}
    >
      <option value="">every {labelOf(field.name).toLowerCase()}</option>
      {value && !things.some((one) => one.id === value) && <option value={value}>{value}</option>}
      {things.map((one) => (
        <option key={one.id} value={one.id}>
          {one.title ?? one.name ?? one.id}
        </option>
      ))}
    </select>
  );
}

function Filter({ field, names }: { field: Field; names: string[] }) {
  const value = route.value.query.get(field.name) ?? '';
  if (field.kind === 'choice') {
    return (
      <select
        aria-label={labelOf(field.name)}
        value={value}
        onChange={(event) => set(field.name, event.currentTarget.value)}
      >
        <option value="">every {labelOf(field.name).toLowerCase()}</option>
        {field.choices.map((choice) => (
          <option key={choice} value={choice}>
            {choice.replace(/_/g, ' ')}
          </option>
        ))}
      </select>
    );
  }
  if (field.kind === 'reference') return <ReferenceFilter field={field} value={value} />;
  if (field.name === 'tag') return <TagFilter value={value} />;
  // Of a range its two ends are enough.
  const isRangeEnd = /(From|To)$/.test(field.name);
  if (!isRangeEnd && names.includes(`${field.name}From`)) return null;
  if (field.kind === 'date' && isRangeEnd) {
    return (
      <label>
        {labelOf(field.name).toLowerCase()}
        <input
          type="date"
          value={value}
          onChange={(event) => set(field.name, event.currentTarget.value)}
        />
      </label>
    );
  }
  return (
    <label>
      {labelOf(field.name).toLowerCase()}
      <input
        type="text"
        inputMode={field.kind === 'number' ? 'numeric' : 'text'}
        placeholder={field.kind === 'json' ? '{"name": "value"}' : undefined}
        value={value}
        onChange={(event) => set(field.name, event.currentTarget.value)}
      />
    </label>
  );
}

export function NounFilters({ document, noun }: { document: PodDocument; noun: Noun }) {
  const fields = Object.entries(noun.filters).map(([name, schema]) =>
    fieldOf(document, name, schema, false),
  );
  const names = fields.map((field) => field.name);
  const active = names.filter((name) => route.value.query.get(name)).length;
  const [isOpen, setOpen] = useState(active > 0);
  return (
    <div class="toolbar" role="search">
      <div class="search">
        <Icon name="search" />
        <input
          data-search
          type="search"
          aria-label={`Find in the titles of the ${noun.plural}, and in how their texts begin`}
          placeholder="Find in titles and beginnings"
          value={route.value.query.get('find') ?? ''}
          onInput={(event) => set('find', event.currentTarget.value)}
        />
      </div>
      <button
        type="button"
        class="fold"
        aria-expanded={isOpen}
        aria-controls="noun-filters"
        onClick={() => setOpen(!isOpen)}
      >
        Filters{active > 0 && ` (${active})`}
      </button>
      <div id="noun-filters" class={`filters can-fold ${isOpen ? 'is-open' : ''}`}>
        {fields.map((field) => (
          <Filter key={field.name} field={field} names={names} />
        ))}
        {noun.sorts.length > 0 && (
          <select
            aria-label="Order"
            value={route.value.query.get('sort') ?? noun.sorts[0]}
            onChange={(event) => set('sort', event.currentTarget.value)}
          >
            {noun.sorts.map((sort) => (
              <option key={sort} value={sort}>
                {sortLabel(sort)}
              </option>
            ))}
          </select>
        )}
      </div>
    </div>
  );
}
