// The log as far as the page knows it: a gapless stretch of it up to its end, which moves. The newest
// events come by themselves, older ones when somebody scrolls to them.
import { signal } from '@preact/signals';

import { rowOf, type Row, type SynapEvent } from './events.js';
import { LiveEvents } from './live.js';
import { query } from './rpc.js';
import { endSession, session, whoIsIt } from './session.js';

interface EventList {
  events: SynapEvent[];
  nextAfter: number;
  atEnd: boolean;
}

const FIRST_WINDOW = 200;
const WINDOW = 1_000;
// A stretch without events of this reader is looked through in larger and larger windows.
const WINDOW_MAX = 100_000;
// Some 60 MB. Older rows are let go, and loaded again when somebody scrolls to them.
const ROWS_MAX = 200_000;

/** The position of the last event that is not later than `time`: by halves, some twenty questions. */
async function positionOf(time: number): Promise<number> {
  let low = 0;
  let high = (await query<EventList>('events.list', { limit: 1, types: ['-'] })).nextAfter;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { events } = await query<EventList>('events.list', { after: middle, limit: 1 });
    const [event] = events;
    if (!event || Date.parse(event.timestamp) > time) high = middle;
    else low = event.position;
  }
  return low;
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
  #window = WINDOW;

  /** Loads the newest events and listens for more. */
  async start(): Promise<void> {
    // Of events of no type there are none, so this page's end is the log's.
    const { nextAfter } = await query<EventList>('events.list', { limit: 1, types: ['-'] });
    this.end = this.oldest = nextAfter;
    this.#live = new LiveEvents(this.end, {
      onEvent: (event) => this.#append(event),
      onLive: () => void this.#checkSession(),
      onLost: () => void this.#checkSession(),
    });
    this.#live.start();
    await this.loadOlder(FIRST_WINDOW);
    this.ready.value = true;
  }

  stop(): void {
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
    await this.loadOlder(FIRST_WINDOW);
    this.ready.value = true;
  }

  /** Looks through the part of the log before what is known. One at a time. */
  loadOlder(span = this.#window): Promise<void> {
    if (this.oldest <= 0) return Promise.resolve();
    this.#loading ??= this.#loadOlder(span).finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #loadOlder(span: number): Promise<void> {
    const until = this.oldest;
    const from = Math.max(0, until - span);
    const found: Row[] = [];
    for (let after = from; after < until;) {
      const page = await query<EventList>('events.list', { after, limit: WINDOW });
      for (const event of page.events) if (event.position <= until) found.push(rowOf(event));
      if (page.nextAfter <= after) break;
      after = page.nextAfter;
    }
    this.#window = found.length < span / 10 ? Math.min(span * 4, WINDOW_MAX) : WINDOW;
    this.rows = found.concat(this.rows);
    this.oldest = from;
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

  #letGo(): void {
    if (this.rows.length <= ROWS_MAX * 1.1) return;
    this.rows = this.rows.slice(-ROWS_MAX);
    this.oldest = (this.rows[0]?.position ?? 1) - 1;
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
