// What the pod finds for the words that somebody types: the hits of the last question, page by page.
import { signal } from '@preact/signals';

import { InTurn } from './in-turn.js';
import { PodError, query } from './rpc.js';
import { untilAnswered } from './until-answered.js';

/** The parts of a snippet, behind each other, are text; those that match are what was looked for. */
export interface SnippetPart {
  text: string;
  match: boolean;
}

export interface Hit {
  entityId: string;
  entityType: string;
  /** Of a thing of a type of one's own. */
  type?: string;
  title: string;
  snippet: SnippetPart[];
  score: number;
  /** What the score is made of, each 0 to 1; absent: not looked for. */
  scores: { text?: number; semantic?: number; title?: number };
  updatedAt: string;
}

export const MODES = ['hybrid', 'text', 'semantic'] as const;
export type Mode = (typeof MODES)[number];

/** What a question says besides its words. */
export interface How {
  mode?: Mode | undefined;
  types?: string[];
  tags?: string[];
  filters?: Record<string, string | undefined>;
}

interface Page {
  hits: Hit[];
  mode: Mode;
  /** Why not as was asked, or what is missing in it. */
  modeReason?: string;
  total?: number;
  partial: boolean;
  lag: number;
  /** How far the index is, while it is being made. */
  building?: { position: number; end: number };
  /** Filters that nothing passes. */
  notices: string[];
  nextCursor?: string;
}

/** The pages so far of one question; what else they say is of the last one. */
export type Found = Page & { q: string; how: How };

export interface SearchState {
  /** What is asked, without spaces around; '': nothing. */
  q: string;
  how: How;
  /** Of an older question until the new one is answered. */
  found?: Found | undefined;
  /** Why `q` of that has no answer. While it is asked for again `isAsking` is true. */
  failed?: { q: string; error: unknown } | undefined;
  isAsking: boolean;
}

export const PAGE = 20;
export const PAGE_MAX = 100;

/** Where the query is wrong: so many characters, as Unicode counts them, are before that. */
export function syntaxErrorOf(error: unknown): { position: number; words: string } | undefined {
  if (!(error instanceof PodError) || error.details.reason !== 'SEARCH_SYNTAX') return undefined;
  return {
    position: error.details.position ?? 0,
    words: error.message.replace(/^q, character \d+: /, ''),
  };
}

export class SearchHits {
  readonly state = signal<SearchState>({ q: '', how: {}, isAsking: false });
  #input: Record<string, unknown> = {};
  #how: How = {};
  #underWay = new AbortController();
  readonly #turn = new InTurn(() => this.#work());

  /** Asks for the first `count` hits. A question that is under way is given up: its answer would be old. */
  ask(text: string, count = PAGE, how: How = {}): void {
    const q = text.trim();
    this.#begin({ q, ...how, limit: Math.min(Math.max(count, PAGE), PAGE_MAX) }, how);
  }

  /** The hits behind those of the last answer. */
  more(): void {
    const { found, q, how, isAsking } = this.state.value;
    if (isAsking || found?.q !== q || found.how !== how || found.nextCursor === undefined) return;
    this.#begin({ q, ...how, limit: PAGE, cursor: found.nextCursor }, how);
  }

  /** The same again: after an error, or as there is more in the index now. */
  again(): void {
    const { found, q, how, isAsking } = this.state.value;
    const count = found?.q === q ? found.hits.length : 0;
    // What is further down than one answer reaches would be gone.
    if (!isAsking && count <= PAGE_MAX) this.ask(q, count, how);
  }

  /** Nothing more is asked or told. */
  stop(): void {
    this.#turn.stop();
    this.#underWay.abort();
  }

  #begin(input: Record<string, unknown> & { q: string }, how: How): void {
    this.#input = input;
    this.#how = how;
    this.#underWay.abort();
    if (!input.q) {
      this.state.value = { q: '', how, isAsking: false };
      return;
    }
    this.state.value = { ...this.state.value, q: input.q, how, isAsking: true };
    this.#turn.ask();
  }

  async #work(): Promise<void> {
    const input = this.#input;
    const how = this.#how;
    const q = String(input['q']);
    if (!q) return; // It was taken away behind a question that is given up.
    const { signal } = (this.#underWay = new AbortController());
    const tell = (change: Partial<SearchState>): void => {
      if (!signal.aborted) this.state.value = { ...this.state.value, ...change };
    };
    try {
      const page = await untilAnswered(() => query<Page>('search.query', input, signal), {
        signal,
        onFailure: (error) => tell({ failed: { q, error } }),
      });
      const before = input['cursor'] ? (this.state.value.found?.hits ?? []) : [];
      const known = new Set(before.map((hit) => hit.entityId));
      // Where things were changed between two pages one may be on both.
      const hits = before.concat(page.hits.filter((hit) => !known.has(hit.entityId)));
      tell({ found: { ...page, hits, q, how }, failed: undefined, isAsking: false });
    } catch (error) {
      tell({ failed: { q, error }, isAsking: false });
    }
  }
}
