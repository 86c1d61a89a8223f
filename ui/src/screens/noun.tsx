// One noun: its things as a list, and one of them, or a new one, beside it.
import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks';

import { podDocument, type Noun, type PodDocument } from '../lib/document.js';
import { fieldOf, fromText } from '../lib/fields.js';
import { addShortcuts } from '../lib/keyboard.js';
import { go, route } from '../lib/router.js';
import { columnsOf, fieldsOfNoun, titleOfThing, type Thing } from '../lib/things.js';
import { usePagedList } from '../lib/paged-list.js';
import { askTagColours } from '../lib/tags.js';
import { number } from '../lib/time.js';
import { Empty, Problem, useReloadOn, Waiting } from '../parts/answer.js';
import { Icon } from '../parts/icon.js';
import { NounFilters } from '../parts/noun-filters.js';
import { useNarrow } from '../lib/narrow.js';
import { Button, Quiet, Split } from '../parts/plain.js';
import { ThingRow } from '../parts/thing-row.js';
import { VirtualList } from '../parts/virtual-list.js';
import { NewThing } from './new-thing.js';
import { ThingPanel } from './thing.js';

const ROW_HEIGHT = 40;
const NARROW_ROW_HEIGHT = 54;
const FOUND_WANTED = 30;
const SEARCHED_MAX = 5_000;
const OWN_PARAMETERS = ['find', 'sort'];

/** What the address says of filters that the noun has. What is wrong goes to the pod, which says so. */
function inputOf(
  document: PodDocument,
  noun: Noun,
  query: URLSearchParams,
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(noun.filters)) {
    const text = query.get(name);
    if (text === null || OWN_PARAMETERS.includes(name)) continue;
    const field = fieldOf(document, name, schema, false);
    input[name] = text;
    if (['line', 'date'].includes(field.kind)) continue;
    try {
      input[name] = fromText(field, text);
    } catch {
      // As it is written.
    }
  }
  const sort = query.get('sort');
  return sort ? { ...input, sort } : input;
}

function NounList({
  document,
  noun,
  openId,
}: {
  document: PodDocument;
  noun: Noun;
  openId: string | undefined;
}) {
  const query = route.value.query;
  const input = inputOf(document, noun, query);
  const list = usePagedList<Thing>(
    `${noun.plural}.list`,
    noun.plural,
    input,
    (event) => event.aggregateType === noun.name,
  );
  const columns = useMemo(() => columnsOf(fieldsOfNoun(document, noun)), [document, noun]);
  const find = (query.get('find') ?? '').toLowerCase();
  const found = useMemo(
    () =>
      find
        ? list.items.filter((thing) =>
            `${titleOfThing(thing)} ${String(thing['preview'] ?? '')}`.toLowerCase().includes(find),
          )
        : list.items,
    [list.items, find],
  );
  // What is loaded is searched: so more of it is, until a screen is full.
  useEffect(() => {
    const isEnough = found.length >= FOUND_WANTED || list.items.length >= SEARCHED_MAX;
    if (find && !isEnough) list.more();
  }, [find, list.items, list.isLoading]);
  const isCut = find !== '' && list.items.length >= SEARCHED_MAX && !list.isComplete;
  const isFiltered = find !== '' || Object.keys(input).some((name) => name !== 'sort');
  const isNarrow = useNarrow() || openId !== undefined;
  const search = location.search;
  return (
    <div class={`split-list ${isNarrow ? '' : 'is-wide'}`}>
      <div class="bar-top">
        <h1>{noun.title}</h1>
        <Quiet>
          {find
            ? `${number(found.length)}${list.isComplete ? '' : '+'} found`
            : list.total !== undefined && `${number(list.total)}${list.isTotalAtLeast ? '+' : ''}`}
        </Quiet>
        <a class="button bar-action" href={`/${noun.plural}/new${search}`} title="c">
          <Icon name="plus" />
          New {noun.name}
        </a>
      </div>
      <NounFilters document={document} noun={noun} />
      {list.error !== undefined && <Problem error={list.error} retry={list.reload} />}
      {!list.isReady && list.error === undefined && <Waiting />}
      {list.isReady && found.length === 0 && list.isComplete && (
        <Empty
          title={isFiltered ? `No ${noun.name} passes this filter` : `There is no ${noun.name} yet`}
        >
          {isFiltered ? (
            <Button onClick={() => go(`/${noun.plural}`)}>Take the filter away</Button>
          ) : (
            <a class="button" href={`/${noun.plural}/new${search}`}>
              Make the first one
            </a>
          )}
        </Empty>
      )}
      {list.isReady && (found.length > 0 || !list.isComplete) && (
        <VirtualList
          label={noun.title}
          count={found.length}
          rowHeight={isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT}
          item={(index) => found[index]!}
          keyOf={(thing) => thing.id}
          hrefOf={(thing) => `/${noun.plural}/${thing.id}${search}`}
          render={(thing) => <ThingRow thing={thing} columns={columns} />}
          openKey={openId}
          onNearEnd={list.more}
          footer={
            !list.isComplete && (
              <p class="list-footer">
                {isCut && (
                  <>
                    The first {number(list.items.length)} of the list were looked at.{' '}
                    <a href={`/search?q=${encodeURIComponent(query.get('find')!)}`}>
                      Search all of it
                    </a>{' '}
                  </>
                )}
                {list.isLoading ? (
                  'Loading…'
                ) : (
                  <Button class="link" onClick={list.more}>
                    More
                  </Button>
                )}
              </p>
            )
          }
        />
      )}
    </div>
  );
}

export default function NounScreen() {
  const document = podDocument.value;
  const [plural, id, tab] = route.value.parts;
  const noun = document?.nounOf(plural ?? '');
  const hasColours = noun !== undefined && 'tag' in noun.filters && document!.has('tags.colour');
  useEffect(() => {
    if (hasColours) askTagColours();
  }, [hasColours]);
  useReloadOn(
    ({ type }) => hasColours && /_colouring|\bretagging/.test(type),
    () => hasColours && askTagColours(),
  );
  useLayoutEffect(
    () =>
      addShortcuts([
        {
          keys: 'c',
          label: `Make a ${noun?.name}`,
          run: () => go(`/${plural}/new${location.search}`),
        },
      ]),
    [plural],
  );
  if (!document || !noun) return <Waiting />;
  return (
    <Split open={id} back={`/${plural}`}>
      <NounList document={document} noun={noun} openId={id} />
      {id === 'new' && <NewThing document={document} noun={noun} />}
      {id && id !== 'new' && (
        <ThingPanel key={id} document={document} noun={noun} id={id} tab={tab ?? 'read'} />
      )}
    </Split>
  );
}
