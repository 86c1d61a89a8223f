// A list that the pod gives page by page, kept up with what happens.
import { useEffect, useRef, useState } from 'preact/hooks';

import { useAskOnceBack, useReloadOn } from '../parts/answer.js';
import type { SynapEvent } from './events.js';
import { InTurn } from './in-turn.js';
import { query } from './rpc.js';

interface Page {
  total?: number;
  totalIsAtLeast?: boolean;
  nextCursor?: string;
  /** Of those that count back instead. */
  nextBefore?: number;
  /** It ends early, since so much was looked at for it; and what was looked at. */
  isCut?: boolean;
  lookedTo?: string;
  [items: string]: unknown;
}

interface State<T> {
  key: string;
  items: T[];
  total: number | undefined;
  isTotalAtLeast: boolean;
  cursor: string | number | undefined;
  /** The last page was cut short: everything since then was looked at. Only the reader goes on. */
  lookedTo: string | undefined;
  isReady: boolean;
  isLoading: boolean;
  error: unknown;
}

export interface PagedList<T> extends Omit<State<T>, 'key' | 'cursor'> {
  isComplete: boolean;
  more(): void;
  reload(): void;
}

const PAGE = 100;
// After a change so much of a list is asked for again; what is further down stays as it was.
const RELOADED_MAX = 300;

const empty = <T>(key: string): State<T> => ({
  key,
  items: [],
  total: undefined,
  isTotalAtLeast: false,
  cursor: undefined,
  lookedTo: undefined,
  isReady: false,
  isLoading: true,
  error: undefined,
});

/** `name` is a procedure whose answer has its items in the member `member`. */
export function usePagedList<T extends { id: string }>(
  name: string,
  member: string,
  input: Record<string, unknown>,
  concerns: (event: SynapEvent) => boolean,
): PagedList<T> {
  const key = `${name}:${JSON.stringify(input)}`;
  const [shownState, show] = useState<State<T>>(() => empty(key));
  // What is known now; what is shown follows a frame later.
  const known = useRef(shownState);
  const wanted = useRef({ reload: false, more: false });
  const isLoadingMore = useRef(false);
  const work = useRef<InTurn | undefined>(undefined);

  const load = async (isMore: boolean, signal: AbortSignal): Promise<void> => {
    const before = known.current;
    const set = (state: State<T>): void => {
      if (!signal.aborted) show((known.current = state));
    };
    set({ ...before, isLoading: true, error: undefined });
    try {
      let items: T[] = isMore ? before.items : [];
      let cursor = isMore ? before.cursor : undefined;
      let page: Page;
      const enough = isMore
        ? items.length + 1
        : Math.min(Math.max(before.items.length, 1), RELOADED_MAX);
      do {
        const next = {
          ...input,
          limit: PAGE,
          ...(cursor ? { [typeof cursor === 'number' ? 'before' : 'cursor']: cursor } : {}),
        };
        page = await query<Page>(name, next, signal);
        items = items.concat(page[member] as T[]);
        cursor = page.nextCursor ?? page.nextBefore;
      } while (cursor && items.length < enough && !page.isCut);
      const ids = new Set(items.map((item) => item.id));
      const isTailKept = !isMore && before.items.length > items.length && cursor !== undefined;
      const tail = isTailKept
        ? before.items.slice(items.length).filter((item) => !ids.has(item.id))
        : [];
      set({
        key,
        items: items.concat(tail),
        total: page.total,
        isTotalAtLeast: page.totalIsAtLeast ?? false,
        cursor: isTailKept ? before.cursor : cursor,
        lookedTo: isTailKept ? before.lookedTo : page.isCut ? page.lookedTo : undefined,
        isReady: true,
        isLoading: false,
        error: undefined,
      });
    } catch (error) {
      set({ ...before, isLoading: false, error });
    }
  };

  useEffect(() => {
    if (known.current.key !== key) known.current = empty(key);
    wanted.current = { reload: true, more: false };
    isLoadingMore.current = false;
    const own = new InTurn(async (signal) => {
      const { reload, more } = wanted.current;
      wanted.current = { reload: false, more: false };
      if (reload) await load(false, signal);
      if (!more || signal.aborted || known.current.cursor === undefined) return;
      isLoadingMore.current = true;
      await load(true, signal);
      isLoadingMore.current = false;
    });
    work.current = own;
    own.ask();
    return own.stop;
  }, [key]);
  const want = (what: 'reload' | 'more'): void => {
    wanted.current[what] = true;
    work.current?.ask();
  };
  const reload = () => want('reload');
  useReloadOn(concerns, reload);
  useAskOnceBack(shownState.error !== undefined, reload);
  const shown = shownState.key === key ? shownState : empty<T>(key);
  return {
    ...shown,
    isComplete: shown.isReady && shown.cursor === undefined,
    more: () => {
      const isThere = shown.isReady && shown.cursor !== undefined && shown.error === undefined;
      if (isThere && !isLoadingMore.current) want('more');
    },
    reload,
  };
}
