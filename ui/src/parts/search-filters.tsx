// What a search is bound to, and what is looked for: kept in the address.
import { podDocument } from '../lib/document.js';
import { go, route, withQuery } from '../lib/router.js';
import { type How, type Mode, MODES } from '../lib/search-hits.js';
import { AskedChoice, AskedDay, Folded, TagFilter } from './filters.js';
import { Button } from './plain.js';

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

/** The statuses that things of any noun can have. */
function statuses(): string[] {
  const all = (podDocument.value?.nouns ?? []).flatMap(
    (noun) => podDocument.value!.resolve(noun.filters['status']).enum ?? [],
  );
  return [...new Set(all.map(String))];
}

export function SearchFilters() {
  const active = NAMES.filter((name) => route.value.query.get(name)).length;
  const nouns = podDocument.value?.nouns ?? [];
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
        choices={nouns.map((noun) => [noun.name, noun.plural])}
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
