// What a search is bound to, and what is looked for: kept in the address.
import { useState } from 'preact/hooks';

import { podDocument } from '../lib/document.js';
import { go, route, withQuery } from '../lib/router.js';
import { query } from '../lib/rpc.js';
import { type How, type Mode, MODES } from '../lib/search-hits.js';
import { useAnswer } from './answer.js';

const MODE_WORDS: Record<Mode, string> = {
  hybrid: 'words and meaning',
  text: 'words',
  semantic: 'meaning',
};
const NAMES = ['mode', 'type', 'tag', 'status', 'from', 'to'];

/** What the address says of them. */
export function howOf(asked: URLSearchParams): How {
  const mode = MODES.find((one) => one === asked.get('mode'));
  const [type, tag] = [asked.get('type'), asked.get('tag')];
  const filters = Object.fromEntries(
    ['status', 'from', 'to'].flatMap((name) => (asked.get(name) ? [[name, asked.get(name)!]] : [])),
  );
  return {
    ...(mode ? { mode } : {}),
    ...(type ? { types: [type] } : {}),
    ...(tag ? { tags: [tag] } : {}),
    ...(Object.keys(filters).length ? { filters } : {}),
  };
}

const set = (name: string, value: string): void =>
  go(withQuery({ [name]: value }), { replace: true });

interface ChoiceProps {
  name: string;
  label: string;
  none: string;
  choices: [string, string][];
}

function Choice({ name, label, none, choices }: ChoiceProps) {
  const value = route.value.query.get(name) ?? '';
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => set(name, event.currentTarget.value)}
    >
      <option value="">{none}</option>
      {value && !choices.some(([one]) => one === value) && <option value={value}>{value}</option>}
      {choices.map(([one, words]) => (
        <option key={one} value={one}>
          {words}
        </option>
      ))}
    </select>
  );
}

function Day({ name, label }: { name: string; label: string }) {
  return (
    <label>
      {label}
      <input
        type="date"
        value={route.value.query.get(name) ?? ''}
        onChange={(event) => set(name, event.currentTarget.value)}
      />
    </label>
  );
}

/** The statuses that things of any noun can have. */
function statuses(): string[] {
  const all = (podDocument.value?.nouns ?? []).flatMap(
    (noun) => podDocument.value!.resolve(noun.filters['status']).enum ?? [],
  );
  return [...new Set(all.map(String))];
}

export function SearchFilters() {
  const active = NAMES.filter((name) => route.value.query.get(name)).length;
  const [isOpen, setOpen] = useState(active > 0);
  const nouns = podDocument.value?.nouns ?? [];
  const tags = useAnswer('tags', (signal) =>
    podDocument.value?.has('tags.list')
      ? query<{ tags: { tag: string; count: number }[] }>('tags.list', undefined, signal)
      : Promise.resolve({ tags: [] }),
  );
  return (
    <>
      <button
        type="button"
        class="fold"
        aria-expanded={isOpen}
        aria-controls="search-filters"
        onClick={() => setOpen(!isOpen)}
      >
        Filters{active > 0 && ` (${active})`}
      </button>
      <div id="search-filters" class={`filters can-fold ${isOpen ? 'is-open' : ''}`}>
        <Choice
          name="mode"
          label="What is looked for"
          none="best for this pod"
          choices={MODES.map((mode) => [mode, `by ${MODE_WORDS[mode]}`])}
        />
        <Choice
          name="type"
          label="Type"
          none="every type"
          choices={nouns.map((noun) => [noun.name, noun.plural])}
        />
        <Choice
          name="tag"
          label="Tag"
          none="every tag"
          choices={(tags.value?.tags ?? []).map(({ tag, count }) => [tag, `${tag} (${count})`])}
        />
        <Choice
          name="status"
          label="Status"
          none="every status"
          choices={statuses().map((one) => [one, one.replace(/_/g, ' ')])}
        />
        <Day name="from" label="changed from" />
        <Day name="to" label="to" />
        {active > 0 && (
          <button
            type="button"
            class="link"
            onClick={() => go(withQuery(Object.fromEntries(NAMES.map((name) => [name, '']))), { replace: true })}
          >
            Take the filters away
          </button>
        )}
      </div>
    </>
  );
}
