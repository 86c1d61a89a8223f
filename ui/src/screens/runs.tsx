// Runs: what was done for events, what sleeps, and what was given up; and one run beside them.
import { useMemo } from 'preact/hooks';

import { podDocument } from '../lib/document.js';
import { termOf, withTerm } from '../lib/filter.js';
import { useNarrow } from '../lib/narrow.js';
import { usePagedList } from '../lib/paged-list.js';
import { go, route, withQuery } from '../lib/router.js';
import { query } from '../lib/rpc.js';
import { parseRunFilter } from '../lib/run-filter.js';
import { nameOfFunction, type Run } from '../lib/runs.js';
import { duration } from '../lib/time.js';
import { useTyped } from '../lib/typed.js';
import { Empty, useAnswer, useAskAgain } from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { Choice, SearchField } from '../parts/filters.js';
import { Listed } from '../parts/listed.js';
import { Button, Quiet, Split } from '../parts/plain.js';
import { Line } from '../parts/text.js';
import { Time } from '../parts/time.js';
import { RunPanel } from './run.js';

const STATUSES = ['active', 'sleeping', 'failed', 'completed', 'cancelled', 'discarded'];
function RunRow({ run }: { run: Run }) {
  const end = run.endedAt ? Date.parse(run.endedAt) : Date.now();
  return (
    <span class="run-row">
      <Status status={run.status} />
      <b>{nameOfFunction(run.function)}</b>
      <span class="run-words">
        {run.error && run.status !== 'completed' ? (
          <Line text={run.error.message} max={120} />
        ) : (
          <Quiet>for {run.eventType}</Quiet>
        )}
      </span>
      <span class="quiet run-numbers">
        {run.attempts > 1 && `${run.attempts} attempts, `}
        {duration(end - Date.parse(run.createdAt))}
      </span>
      <Time at={run.createdAt} />
    </span>
  );
}

const TYPING_MS = 300;

function FunctionChoice({ value, onChange }: { value: string; onChange(id: string): void }) {
  const isKnown = podDocument.value?.has('functions.list') ?? false;
  const answer = useAnswer(`functions:${isKnown}`, async (signal) =>
    isKnown
      ? query<{ functions: { id: string }[] }>('functions.list', { limit: 500 }, signal)
      : { functions: [] },
  );
  const ids = (answer.value?.functions ?? []).map(({ id }) => id);
  if (value && !ids.includes(value)) ids.unshift(value);
  return (
    <Choice
      label="Function"
      none="every function"
      value={value}
      choices={ids.map((id) => [id, nameOfFunction(id)])}
      onChange={onChange}
    />
  );
}

const SINCE = ['1h', '1d', '7d', '30d'];

function Toolbar({ text, onChange }: { text: string; onChange(text: string): void }) {
  const { text: typed, type } = useTyped(text, onChange, TYPING_MS);
  const set = (name: string, value: string) => onChange(withTerm(typed, name, value));
  const since = termOf(text, 'since');
  return (
    <div class="toolbar" role="search">
      <SearchField
        aria-label="Filter the runs"
        placeholder="Filter: words of the event, type:note.*, since:2h"
        title={
          'Words in the data of the event.\nfunction:ID  type:note.*  event:ID\nsince:2h  until:2026-01-31T12:00'
        }
        spellcheck={false}
        value={typed}
        onInput={(event) => type(event.currentTarget.value)}
      />
      <div class="filters">
        <FunctionChoice value={termOf(text, 'function')} onChange={(id) => set('function', id)} />
        <Choice
          label="Queued since"
          none="at any time"
          value={since}
          choices={SINCE.concat(since && !SINCE.includes(since) ? since : []).map((one) => [
            one,
            `since ${one}`,
          ])}
          onChange={(value) => set('since', value)}
        />
      </div>
    </div>
  );
}

function Footer({
  lookedTo,
  isLoading,
  more,
}: {
  lookedTo: string;
  isLoading: boolean;
  more(): void;
}) {
  return (
    <p class="list-footer" role="status">
      {isLoading ? (
        'Looking further back…'
      ) : (
        <>
          All runs queued since <Time at={lookedTo} /> were looked at.{' '}
          <Button class="link" onClick={more}>
            Look further back
          </Button>
        </>
      )}
    </p>
  );
}

const linkTo = (status: string, text: string): string => {
  const search = new URLSearchParams({ ...(status && { status }), ...(text && { q: text }) });
  return `/runs${search.size ? `?${search.toString()}` : ''}`;
};

function RunList({ openId }: { openId: string | undefined }) {
  const status = route.value.query.get('status') ?? '';
  const text = route.value.query.get('q') ?? '';
  const filter = useMemo(() => parseRunFilter(text), [text]);
  const list = usePagedList<Run>(
    'runs.list',
    'runs',
    { ...filter.asked, ...(status && { status }) },
    () => true,
  );
  const isNarrow = useNarrow() || openId !== undefined;
  useAskAgain(
    list.reload,
    list.items.some((run) => run.status === 'active' || run.status === 'sleeping'),
  );
  const setText = (next: string) => go(withQuery({ q: next }), { replace: true });
  const isFiltered = text.trim() !== '';
  const footer = list.lookedTo !== undefined && (
    <Footer lookedTo={list.lookedTo} isLoading={list.isLoading} more={list.more} />
  );
  return (
    <div class={`split-list ${isNarrow ? '' : 'is-wide'}`}>
      <div class="bar-top">
        <h1>Runs</h1>
      </div>
      <Toolbar text={text} onChange={setText} />
      {filter.issues.map((issue) => (
        <p key={issue} class="list-footer issue">
          {issue}
        </p>
      ))}
      <nav class="tabs run-tabs" aria-label="Runs by status">
        {['', ...STATUSES].map((one) => (
          <a key={one} href={linkTo(one, text)} aria-current={status === one ? 'page' : undefined}>
            {one || 'All'}
          </a>
        ))}
      </nav>
      <Listed
        list={list}
        empty={
          <Empty
            title={
              isFiltered || footer
                ? 'No run is found'
                : status
                  ? `No run is ${status}`
                  : 'There was no run yet'
            }
          >
            {isFiltered ? (
              <Button onClick={() => setText('')}>Take the filter away</Button>
            ) : (
              <p>
                {status === 'failed'
                  ? 'What was given up would be here, with a button to try it again.'
                  : 'A run is the work that an event makes: to store the text of a note, for instance.'}
              </p>
            )}
            {footer}
          </Empty>
        }
        key={`${status} ${text}`}
        label="Runs, the newest first"
        rowHeight={isNarrow ? 54 : 38}
        hrefOf={(run) => `/runs/${run.id}${location.search}`}
        render={(run) => <RunRow run={run} />}
        openKey={openId}
        onNearEnd={() => list.lookedTo === undefined && list.more()}
        footer={footer}
      />
    </div>
  );
}

export default function RunsScreen() {
  const openId = route.value.parts[1];
  return (
    <Split open={openId} back="/runs">
      <RunList openId={openId} />
      {openId && <RunPanel key={openId} id={openId} />}
    </Split>
  );
}
