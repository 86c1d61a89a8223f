// The log as far as the page knows it: a gapless stretch of it up to its end, which moves. The newest
// events come by themselves, older ones when somebody scrolls to them.
import { signal } from '@preact/signals';

import { rowOf, type EventQuestion, type Row, type SynapEvent } from './events.js';
import { LiveEvents, liveStatus } from './live.js';
import { isRefused, query } from './rpc.js';
import { endSession, session, whoIsIt } from './session.js';
import { untilAnswered } from './until-answered.js';

interface EventList {
  events: SynapEvent[];
  nextAfter: number;
  nextBefore: number;
  atEnd: boolean;
}

const FIRST_PAGE = 200;
const PAGE = 1_000;
// Some 60 MB.
const ROWS_MAX = 200_000;
// The reader goes back no further than to so many rows: behind them another list begins.
export const ROWS_LOADED_MAX = ROWS_MAX * 1.1;
// Live events make more of them, until the oldest are let go. What was just scrolled to is not among
// these before as many events have come as lie between the two.
const ROWS_KEPT_MAX = ROWS_MAX * 1.2;

/** The newest of `rows` if there are too many to keep, else all of them. */
export const kept = (rows: Row[]): Row[] =>
  rows.length <= ROWS_KEPT_MAX ? rows : rows.slice(-ROWS_MAX);

interface OlderRows {
  /** Ascending. */
  rows: Row[];
  /** Everything behind this position was looked at. */
  oldest: number;
  /** The end of the log, if that was not left out by `until`. */
  end: number;
}

/** What the pod finds up to the position `until`, the newest first. */
export async function rowsUpTo(
  until: number,
  question: EventQuestion = {},
  limit = PAGE,
): Promise<OlderRows> {
  const before = until === Infinity ? {} : { before: until + 1 };
  const input = { order: 'desc', limit, ...before, ...question };
  const page = await query<EventList>('events.list', input);
  return {
    rows: page.events.map(rowOf).reverse(),
    oldest: page.nextBefore - 1,
    end: page.nextAfter,
  };
}

/** The position of the last event that is not later than `time`. */
async function positionOf(time: number): Promise<number> {
  const { rows } = await rowsUpTo(Infinity, { to: new Date(time + 1).toISOString() }, 1);
  return rows[0]?.position ?? 0;
}

type Listener = (event: SynapEvent) => void;

export class EventLog {
  /** Ascending; everything behind `oldest` that this reader may see. */
  rows: Row[] = [];
  oldest = 0;
  end = 0;
  /** Moves when rows do, at most once a frame. */
  readonly changed = signal(0);
  readonly ready = signal(false);
  #live: LiveEvents | undefined;
  #listeners = new Set<Listener>();
  #isFlushing = false;
  #loading: Promise<void> | undefined;
  readonly #stopped = new AbortController();

  /**
   * Loads the newest events and listens for more. While the pod is away it is asked again and again;
   * rejects with what does not pass, above all for a key that may not see events.
   */
  async start(): Promise<void> {
    const { signal } = this.#stopped;
    const newest = await untilAnswered(() => rowsUpTo(Infinity, {}, FIRST_PAGE), {
      signal,
      onFailure: () => (liveStatus.value = 'lost'),
    }).catch((error: unknown) => {
      if (isRefused(error)) liveStatus.value = 'refused';
      throw error;
    });
    if (signal.aborted) return;
    this.rows = newest.rows;
    this.end = newest.end;
    this.oldest = newest.oldest;
    this.#live = new LiveEvents(this.end, {
      onEvent: (event) => this.#append(event),
      onLive: () => void this.#checkSession(),
      onLost: () => void this.#checkSession(),
    });
    this.#live.start();
    this.ready.value = true;
  }

  stop(): void {
    this.#stopped.abort();
    this.#live?.stop();
    this.#listeners.clear();
  }

  /** Tells `listener` of each event from now on. Gives what ends that. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Shows what was, up to a position or a time in milliseconds; it does not move. */
  async startAt(at: { position: number } | { time: number }): Promise<void> {
    this.end = this.oldest = 'position' in at ? at.position : await positionOf(at.time);
    await this.loadOlder(FIRST_PAGE);
    // The log may end before what was asked for.
    this.end = this.rows.at(-1)?.position ?? this.end;
    this.ready.value = true;
  }

  /** There are as many rows as the page goes back to. */
  get isFull(): boolean {
    return this.rows.length >= ROWS_LOADED_MAX;
  }

  /** Loads what is before the part of the log that is known. One at a time. */
  loadOlder(limit = PAGE): Promise<void> {
    if (this.oldest <= 0 || this.isFull) return Promise.resolve();
    this.#loading ??= this.#loadOlder(limit).finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #loadOlder(limit: number): Promise<void> {
    const { rows, oldest } = await rowsUpTo(this.oldest, {}, limit);
    this.rows = rows.concat(this.rows);
    this.oldest = oldest;
    ++this.changed.value;
  }

  #append(event: SynapEvent): void {
    if (event.position <= this.end) return;
    this.end = event.position;
    this.rows.push(rowOf(event));
    for (const listener of this.#listeners) listener(event);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const flush = () => {
      this.#isFlushing = false;
      this.#letGo();
      ++this.changed.value;
    };
    // No frames are drawn for a tab in the background.
    if (document.hidden) setTimeout(flush, 250);
    else requestAnimationFrame(flush);
  }

  // The page that is on its way continues the rows that there are: none of them goes before it has come.
  #letGo(): void {
    const rows = this.#loading ? this.rows : kept(this.rows);
    if (rows === this.rows) return;
    this.rows = rows;
    this.oldest = (rows[0]?.position ?? 1) - 1;
  }

  // The session may have been ended elsewhere; a pod that came back may have forgotten it.
  async #checkSession(): Promise<void> {
    const now = await whoIsIt().catch(() => undefined);
    if (now === null) return endSession();
    if (now && JSON.stringify(now) !== JSON.stringify(session.value)) session.value = now;
  }
}

/** The log of who is signed in. */
export const log = signal<EventLog | undefined>(undefined);
