// Events: the log as a live list, and one event beside it.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import { eventTypes } from '../lib/event-types.js';
import { nounOfType, type Row } from '../lib/events.js';
import { parseFilter, SOURCES, termOf, timeOf, withTerm } from '../lib/filter.js';
import { InTurn } from '../lib/in-turn.js';
import { addShortcuts } from '../lib/keyboard.js';
import { EventLog, log } from '../lib/log.js';
import { liveStatus } from '../lib/live.js';
import { useNarrow } from '../lib/narrow.js';
import { LogView } from '../lib/log-view.js';
import { go, route, withQuery } from '../lib/router.js';
import { number } from '../lib/time.js';
import { Empty, useAnswer, Waiting } from '../parts/answer.js';
import { EventRow } from '../parts/event-row.js';
import { Choice, SearchField } from '../parts/filters.js';
import { Icon } from '../parts/icon.js';
import { Button, Split } from '../parts/plain.js';
import { say, sayError } from '../parts/say.js';
import { VirtualList } from '../parts/virtual-list.js';
import { EventPanel } from './event.js';

// Of a filter that the pod does not know, so much of the log is looked through before the page asks.
const LOOKED_THROUGH_MAX = 20_000;
const MATCHES_WANTED = 100;
const OUTCOMES = ['requested', 'completed', 'failed'];

function Toolbar({ text, onChange }: { text: string; onChange(text: string): void }) {
  const types = useAnswer(`nouns:${log.value?.ready.value}`, eventTypes).value ?? [];
  const nouns = new Set(types.map((type) => nounOfType(type.name)));
  const outcome = termOf(text, 'is');
  return (
    <div class="toolbar" role="search">
      <SearchField
        aria-label="Filter the events"
        placeholder="Filter: words, an id, type:note.*, actor:…, since:2h"
        title={
          'Words in the type or the title, or the beginning of an id.\ntype:note.creation.*  noun:task  is:failed  source:api\nactor:ID  user:ID  about:ID  request:ID\nsince:2h  until:2026-01-31T12:00'
        }
        spellcheck={false}
        value={text}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <div class="filters">
        <Choice
          label="Noun"
          none="every noun"
          value={termOf(text, 'noun')}
          choices={[...nouns].sort().map((one) => [one])}
          onChange={(one) => onChange(withTerm(text, 'noun', one))}
        />
        <Choice
          label="Source"
          none="every source"
          value={termOf(text, 'source')}
          choices={SOURCES.map((one) => [one])}
          onChange={(one) => onChange(withTerm(text, 'source', one))}
        />
        <div class="toggles" role="group" aria-label="Outcome">
          {OUTCOMES.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={outcome === one}
              onClick={() => onChange(withTerm(text, 'is', outcome === one ? '' : one))}
            >
              {one}
            </button>
          ))}
        </div>
      </div>
    </div>
  );
}

/**
 * Looks back through the log until the filter has found enough. A walk for a filter that is no longer
 * there ends with the page that it asked for, and the walk for the one that is there begins.
 */
function useSearchBack(current: EventLog, view: LogView): { isLooking: boolean; more(): void } {
  const [looking, setLooking] = useState<LogView>();
  const latest = useRef(view);
  latest.current = view;
  const walking = useRef<LogView | undefined>(undefined);
  const [walk] = useState(
    () =>
      new InTurn(async (signal) => {
        const own = latest.current;
        const isWanted = () => latest.current === own && !signal.aborted;
        if (own.oldest <= 0 || own.isFull) return;
        walking.current = own;
        setLooking(own);
        const wanted = own.count + MATCHES_WANTED;
        const stopAt = Math.max(0, own.oldest - LOOKED_THROUGH_MAX);
        try {
          while (isWanted() && own.oldest > stopAt && own.count < wanted && !own.isFull)
            await own.loadOlder();
        } catch (error) {
          if (isWanted()) sayError(error);
        }
        walking.current = undefined;
        if (!signal.aborted) setLooking(undefined);
      }),
  );
  useEffect(() => walk.stop, []);
  const more = (): void => {
    if (walking.current !== view) walk.ask();
  };
  const isReady = current.ready.value;
  useEffect(() => {
    if (isReady && view.count < MATCHES_WANTED) more();
  }, [view, isReady]);
  return { isLooking: looking === view, more };
}

function Footer({ view, isLooking, more }: { view: LogView; isLooking: boolean; more(): void }) {
  if (isLooking) return <p class="list-footer">Looking through the log…</p>;
  if (view.oldest <= 0)
    return (
      <p class="list-footer">
        {view.filter.isEmpty ? 'This is where the log begins.' : 'No older ones pass.'}
      </p>
    );
  if (view.isFull) {
    return (
      <p class="list-footer">
        A list has no more rows than these.{' '}
        <a href={withQuery({ at: String(view.oldest) })}>
          Go on from position {number(view.oldest)}
        </a>
      </p>
    );
  }
  return (
    <p class="list-footer">
      Everything behind position {number(view.oldest)} was looked at.{' '}
      <Button class="link" onClick={more}>
        Look further back
      </Button>
    </p>
  );
}

function EventList({ current, openId }: { current: EventLog; openId: string | undefined }) {
  const text = route.value.query.get('q') ?? '';
  const view = useMemo(() => new LogView(current, parseFilter(text)), [current, text]);
  const [pausedAt, setPausedAt] = useState<number>();
  const height = useNarrow() ? 54 : 32;
  void current.changed.value;
  view.update(pausedAt ?? Infinity);
  const back = useSearchBack(current, view);
  const setText = (next: string) => go(withQuery({ q: next }), { replace: true });
  const togglePause = () =>
    setPausedAt((before) => (before === undefined ? current.end : undefined));
  useLayoutEffect(
    () => addShortcuts([{ keys: 'p', label: 'Pause or go on', run: togglePause }]),
    [],
  );

  const waiting = pausedAt === undefined ? 0 : view.countBehind(pausedAt);
  const isLive = current === log.value;
  const search = location.search;
  const hrefOf = (row: Row) => `/events/${row.id}${search}`;
  return (
    <div class="split-list">
      <div class="bar-top">
        <h1>Events</h1>
        {isLive ? (
          <Button
            class="small"
            aria-pressed={pausedAt !== undefined}
            onClick={togglePause}
            title="p"
          >
            <Icon name={pausedAt === undefined ? 'pause' : 'play'} />
            {pausedAt === undefined
              ? 'Pause'
              : `Go on${waiting ? ` (${number(waiting)} new)` : ''}`}
          </Button>
        ) : (
          <Button class="small" onClick={() => go(withQuery({ at: '' }))}>
            <Icon name="play" />
            Back to live
          </Button>
        )}
        <span class="quiet count">
          {view.filter.isEmpty
            ? `${isLive ? '' : 'up to '}position ${number(current.end)}`
            : `${number(view.count)} found`}
        </span>
        {openId === undefined && <StartField key={route.value.query.get('at')} />}
      </div>
      <Toolbar text={text} onChange={setText} />
      {view.filter.issues.map((issue) => (
        <p key={issue} class="list-footer issue">
          {issue}
        </p>
      ))}
      {view.count === 0 && current.ready.value && !back.isLooking && view.oldest <= 0 ? (
        <Empty
          title={view.filter.isEmpty ? 'Nothing has happened yet' : 'No event passes this filter'}
        >
          {!view.filter.isEmpty && (
            <Button onClick={() => setText('')}>Take the filter away</Button>
          )}
        </Empty>
      ) : (
        <VirtualList
          key={`${text} ${String(isLive)}`}
          label="Events, the newest first"
          count={view.count}
          rowHeight={height}
          item={(index) => view.at(index)}
          keyOf={(row) => row.id}
          hrefOf={hrefOf}
          render={(row) => <EventRow row={row} />}
          openKey={openId}
          addedAbove={view.added}
          onNearEnd={back.more}
          footer={<Footer view={view} {...back} />}
        />
      )}
    </div>
  );
}

// The pod is asked for what is before the one behind it.
const POSITION_MAX = Number.MAX_SAFE_INTEGER - 1;

/** "1200", "2h" or "2026-01-31T12:00": where the list begins, going back. */
function startOf(text: string): { position: number } | { time: number } | undefined {
  if (/^\d+$/.test(text)) return { position: Math.min(Number(text), POSITION_MAX) };
  const time = timeOf(text);
  return time === undefined ? undefined : { time };
}

function StartField() {
  const submit = (event: Event) => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem(
      'start',
    ) as HTMLInputElement;
    const text = field.value.trim();
    if (text && !startOf(text)) say('Give a position, a time, or as 2h', 'bad');
    else go(withQuery({ at: text }));
  };
  return (
    <form class="position" onSubmit={submit}>
      <input
        name="start"
        type="text"
        aria-label="Begin at a position or a time, and go back from there"
        placeholder="Position or 2h"
        defaultValue={route.value.query.get('at') ?? ''}
      />
    </form>
  );
}

/** The live log, or the part of it that the address asks for. */
function useLog(): EventLog | undefined {
  const live = log.value;
  const at = route.value.query.get('at') ?? '';
  const start = startOf(at);
  const past = useMemo(() => (start ? new EventLog() : undefined), [at]);
  useEffect(() => {
    if (past && start) past.startAt(start).catch(sayError);
  }, [past]);
  return past ?? live;
}

export default function EventsScreen() {
  const current = useLog();
  const openId = route.value.parts[1];
  if (!current) return <Waiting />;
  if (liveStatus.value === 'refused') {
    return (
      <Empty title="This key may not see events">
        <p>It needs the scope events:read.</p>
      </Empty>
    );
  }
  return (
    <Split open={openId} back="/events">
      <EventList current={current} openId={openId} />
      {openId && <EventPanel key={openId} id={openId} />}
    </Split>
  );
}
