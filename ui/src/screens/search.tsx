// Search: what is found by its words, while they are typed.
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';

import { podDocument } from '../lib/document.js';
import { addShortcuts } from '../lib/keyboard.js';
import { plainText } from '../lib/plain-text.js';
import { go, goBack, route, withQuery } from '../lib/router.js';
import { isPassing, messageOf } from '../lib/rpc.js';
import {
  type Found,
  type Hit,
  type How,
  SearchHits,
  type SearchState,
  syntaxErrorOf,
} from '../lib/search-hits.js';
import { number } from '../lib/time.js';
import { useTyped } from '../lib/typed.js';
import { type Answer, Empty, Problem, useAskAgain, Waiting } from '../parts/answer.js';
import { NounBadge } from '../parts/badge.js';
import { SearchField } from '../parts/filters.js';
import { Button } from '../parts/plain.js';
import { howOf, SearchFilters } from '../parts/search-filters.js';
import { type IndexStatus, SearchStatus, useIndexStatus } from '../parts/search-status.js';
import { Line } from '../parts/text.js';
import { Time } from '../parts/time.js';

const TYPING_MS = 150;
const QUERY_CHARACTERS_MAX = 1_000;

/** From which hit of which question the reader left, so that they find it again when they come back. */
let left: { q: string; id: string; count: number } | undefined;

/** The address of a thing; none where this page does not know its noun. */
function hrefOf(hit: Hit): string | undefined {
  const noun = podDocument.value?.nouns.find(({ name }) => name === hit.entityType);
  return noun && `/${noun.plural}/${encodeURIComponent(hit.entityId)}`;
}

const percent = (part: number): string => `${Math.round(part * 100)} %`;

/** What the place of a hit is made of, where more than its words were looked for. */
function Scores({ hit, mode }: { hit: Hit; mode: string }) {
  const { text, semantic, title } = hit.scores;
  if (mode === 'text') return null;
  const parts = [
    ['words', text],
    ['meaning', semantic],
    ['title', title],
  ] as const;
  return (
    <span class="scores quiet" title={`Together ${percent(hit.score)}`}>
      {parts.map(
        ([name, part]) =>
          part !== undefined && (
            <span key={name}>
              {name} {percent(part)} <meter value={part} aria-hidden="true" />
            </span>
          ),
      )}
    </span>
  );
}

interface HitProps {
  hit: Hit;
  icon: string | undefined;
  mode: string;
  onLeave(): void;
}

function HitItem({ hit, icon, mode, onLeave }: HitProps) {
  const isLeaving = (click: MouseEvent) => !click.metaKey && !click.ctrlKey && !click.shiftKey;
  return (
    <li class="hit">
      <NounBadge noun={hit.type ?? hit.entityType} icon={icon} />
      <b>
        <a
          href={hrefOf(hit)}
          data-key={hit.entityId}
          onClick={(click) => isLeaving(click) && onLeave()}
        >
          <Line text={plainText(hit.title) || hit.title || '(without a title)'} />
        </a>
      </b>
      <Time at={hit.updatedAt} />
      {hit.snippet.length > 0 && (
        <p dir="auto">
          {hit.snippet.map(({ text, match }, index) =>
            match ? <mark key={index}>{text}</mark> : text,
          )}
        </p>
      )}
      <Scores hit={hit} mode={mode} />
    </li>
  );
}

/** Where the query is wrong: not a failure, as it may not be typed to its end. */
function SyntaxError({ q, position, words }: { q: string; position: number; words: string }) {
  const characters = [...q];
  return (
    <p id="search-issue" class="issue search-issue">
      At character {position + 1}: {words}.{' '}
      <code>
        <bdi>
          {characters.slice(0, position).join('')}
          <mark class="is-wrong">{characters.slice(position).join('')}</mark>
        </bdi>
      </code>
    </p>
  );
}

function wordsOf({ status, filledTo, end, error }: IndexStatus): string {
  if (status === 'failing')
    return `Nothing is written into it now: ${error}. It is tried again by itself.`;
  return filledTo ? `It is being made again: ${percent(filledTo / end)} is done.` : '';
}

interface BehindProps {
  found: Found;
  status: Answer<IndexStatus>;
  onAgain(): void;
}

/** What is not in the index: how much, and why. Looked after until it is. */
function Behind({ found: { lag, building }, status, onAgain }: BehindProps) {
  useAskAgain(() => {
    status.reload();
    onAgain();
  }, true);
  const last = lag === 1 ? 'The last change is' : `The last ${number(lag)} events are`;
  return (
    <p class="help" data-behind>
      {building
        ? `The index is being made: ${percent(building.position / building.end)} is done.`
        : `${last} not in the index yet.`}{' '}
      {status.value && <bdi>{wordsOf(status.value)}</bdi>}
    </p>
  );
}

/** What came of the question, in words: seen, and said. */
function countOf({ hits, total, partial }: Found): string {
  if (hits.length === 0) return 'Nothing is found';
  if (partial) return `${number(hits.length)} shown, of more`;
  return `${number(total ?? hits.length)} found`;
}

function Failure({ state, hits }: { state: SearchState; hits: SearchHits }) {
  const { failed, isAsking } = state;
  if (!failed) return null;
  const wrong = syntaxErrorOf(failed.error);
  if (wrong) return <SyntaxError q={failed.q} {...wrong} />;
  if (!isPassing(failed.error)) return <Problem error={failed.error} retry={() => hits.again()} />;
  return (
    <div class="problem is-calm" role="status">
      <p>
        <bdi>{messageOf(failed.error)}</bdi>. {isAsking && 'It is asked again by itself.'}
      </p>
    </div>
  );
}

function Help() {
  return (
    <p id="search-help" class="help search-help">
      <code>"a phrase"</code> <code>-without</code> <code>begin*</code> <code>tag:home</code>{' '}
      <code>type:task</code> <code>title:oak</code>
    </p>
  );
}

/** The hits, with the keyboard through them: rows are links, so Enter opens. */
function useWalk(hits: SearchHits, state: SearchState) {
  const box = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  // The row that gets the focus when it is there.
  const wanted = useRef<number | undefined>(undefined);
  const rows = () => [...box.current!.querySelectorAll<HTMLElement>('.hit a, .hits-more')];
  const focus = (index: number): void => {
    if (index < 0) return field.current!.focus();
    rows()[index]?.focus();
  };
  const step = (by: number): void =>
    focus(rows().indexOf(document.activeElement as HTMLElement) + by);
  const { found, q } = state;
  useLayoutEffect(() => {
    if (wanted.current === undefined || found?.q !== q) return;
    focus(wanted.current);
    wanted.current = undefined;
  }, [found]);
  return {
    box,
    field,
    step,
    /** The first hit, as soon as the question is answered. */
    first(): void {
      if (found?.q === field.current!.value.trim()) focus(0);
      else wanted.current = 0;
    },
    more(): void {
      wanted.current = found?.hits.length;
      hits.more();
    },
    stay(): void {
      wanted.current = undefined;
    },
  };
}

export default function SearchScreen() {
  const asked = route.value.query.get('q') ?? '';
  const howText = JSON.stringify(howOf(route.value.query));
  const how = useMemo(() => JSON.parse(howText) as How, [howText]);
  const hits = useMemo(() => new SearchHits(), []);
  const state = hits.state.value;
  const { found, failed } = state;
  const index = useIndexStatus();
  const types = index.value?.types ?? [];
  const { text, type, keep } = useTyped(
    asked,
    (next) => go(withQuery({ q: next }), { replace: true }),
    TYPING_MS,
  );
  const walk = useWalk(hits, state);
  const { field, step } = walk;
  const leave = () => goBack('/');

  useEffect(() => hits.ask(asked, left?.q === asked ? left.count : 0, how), [asked, how]);
  useEffect(() => () => hits.stop(), []);
  useLayoutEffect(() => {
    field.current!.focus();
    field.current!.select();
    return addShortcuts([
      { keys: 'ArrowDown', label: 'Next hit', run: () => step(1) },
      { keys: 'ArrowUp', label: 'Previous hit, or the field', run: () => step(-1) },
      { keys: 'Escape', label: 'Back to where you were', run: leave },
    ]);
  }, []);
  // Who comes back is where they were.
  useLayoutEffect(() => {
    if (!found || left?.q !== asked) return;
    const link = `[data-key="${CSS.escape(left.id)}"]`;
    if (document.activeElement === field.current)
      walk.box.current!.querySelector<HTMLElement>(link)?.focus();
    left = undefined;
  }, [found]);

  const onKeyDown = (press: KeyboardEvent): void => {
    if (press.isComposing || press.ctrlKey || press.metaKey || press.altKey || press.shiftKey)
      return;
    const run = {
      ArrowDown: walk.first,
      Enter: () => (keep(), walk.first()),
      Escape: leave,
    }[press.key];
    if (!run) return;
    press.preventDefault();
    run();
  };
  const isOld = found && (found.q !== state.q || found.how !== state.how);
  const isWrong = Boolean(syntaxErrorOf(failed?.error));
  return (
    <div class="split">
      <div class="split-list">
        <div class="bar-top">
          <h1>Search</h1>
          <p class="quiet" role="status" data-found>
            {found && !isOld && (
              <>
                {countOf(found)} <span class="unseen">for {found.q}</span>
              </>
            )}
            {isWrong && <span class="unseen">{messageOf(failed!.error)}</span>}
          </p>
        </div>
        <div class="toolbar" role="search">
          <SearchField
            field={field}
            aria-label="Search in everything"
            aria-describedby={isWrong ? 'search-issue search-help' : 'search-help'}
            aria-invalid={isWrong}
            placeholder="Words of notes, tasks and all else"
            maxLength={QUERY_CHARACTERS_MAX}
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => (walk.stay(), type(event.currentTarget.value))}
            onKeyDown={onKeyDown}
          />
          <Help />
          <SearchFilters types={types} />
        </div>
        <Failure state={state} hits={hits} />
        <div class="scrolls" ref={walk.box}>
          {found && found.lag > 0 && (
            <Behind found={found} status={index} onAgain={() => hits.again()} />
          )}
          {!isOld && found?.notices.map((notice) => (
            <p key={notice} class="help" data-notice>
              <bdi>{notice}</bdi>
            </p>
          ))}
          {found?.partial && !found.building && (
            <p class="help" data-partial>
              Words or filters of this are in so many texts that not all were looked at.
            </p>
          )}
          {found && !isOld && found.modeReason !== undefined && (
            <p class="help" data-mode-reason>
              {found.mode === 'text' ? 'By words alone: ' : 'By meaning: '}
              <bdi>{found.modeReason}</bdi>
            </p>
          )}
          {asked.trim() === '' && <SearchStatus />}
          {!found && state.isAsking && !failed && <Waiting />}
          {isOld && failed && (
            <p class="help">
              Until then, what is found for <Line text={found.q} />:
            </p>
          )}
          {found &&
            (found.hits.length ? (
              <ol aria-label="Hits, the best first">
                {found.hits.map((hit) => (
                  <HitItem
                    key={hit.entityId}
                    hit={hit}
                    icon={types.find(({ name }) => name === hit.type)?.icon}
                    mode={found.mode}
                    onLeave={() =>
                      (left = { q: asked, id: hit.entityId, count: found.hits.length })
                    }
                  />
                ))}
              </ol>
            ) : (
              <Empty title={countOf(found)} />
            ))}
          {found?.nextCursor !== undefined && !isOld && (
            <p class="list-footer">
              <Button class="link hits-more" onClick={walk.more}>
                {state.isAsking ? 'Loading…' : 'More'}
              </Button>
            </p>
          )}
        </div>
      </div>
    </div>
  );
}
