// What a search is bound to, and what is looked for: kept in the address.
import { podDocument } from '../lib/document.js';
import { go, route, withQuery } from '../lib/router.js';
import { type How, type Mode, MODES } from '../lib/search-hits.js';
import { AskedChoice, AskedDay, Folded, TagFilter } from './filters.js';
import { Button } from './plain.js';
import type { IndexStatus } from './search-status.js';

const MODE_WORDS: Record<Mode, string> = {
  hybrid: 'words and meaning',
  text: 'words',
  semantic: 'meaning',
};
const NAMES = ['mode', 'type', 'tag', 'status', 'from', 'to'];

/** What the address says of them. */
export function howOf(asked: URLSearchParams): How {
  const of = (name: string) => asked.get(name) || undefined;
  const list = (name: string) => [of(name) ?? []].flat();
  return {
    mode: MODES.find((one) => one === of('mode')),
    types: list('type'),
    tags: list('tag'),
    filters: { status: of('status'), from: of('from'), to: of('to') },
  };
}

/** The statuses that things of any noun can have. */
function statuses(): string[] {
  const document = podDocument.value;
  const all = document?.nouns.flatMap(({ filters }) => document.resolve(filters['status']).enum);
  return [...new Set(all as string[])].filter(Boolean);
}

export function SearchFilters({ types }: { types: IndexStatus['types'] }) {
  const active = NAMES.filter((name) => route.value.query.get(name)).length;
  return (
    <Folded id="search-filters" active={active}>
      <AskedChoice
        name="mode"
        label="What is looked for"
        none="best for this pod"
        choices={MODES.map((mode) => [mode, `by ${MODE_WORDS[mode]}`])}
      />
      <AskedChoice
        name="type"
        label="Type"
        none="every type"
        choices={types.map(({ name, icon = '' }) => [name, `${icon} ${name}`])}
      />
      {podDocument.value?.has('tags.list') && <TagFilter />}
      <AskedChoice
        name="status"
        label="Status"
        none="every status"
        choices={statuses().map((one) => [one, one.replace(/_/g, ' ')])}
      />
      <AskedDay name="from" label="changed from" />
      <AskedDay name="to" label="to" />
      {active > 0 && (
        <Button
          class="link"
          onClick={() =>
            go(withQuery(Object.fromEntries(NAMES.map((name) => [name, '']))), { replace: true })
          }
        >
          Take the filters away
        </Button>
      )}
    </Folded>
  );
}
