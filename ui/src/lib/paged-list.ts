// A list that the pod gives page by page, kept up with what happens.
import { useEffect, useRef, useState } from 'preact/hooks';

import { useReloadOn } from '../parts/answer.js';
import type { SynapEvent } from './events.js';
import { query } from './rpc.js';

interface Page {
  total?: number;
  totalIsAtLeast?: boolean;
  nextCursor?: string;
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
  cursor: string | undefined;
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
  const [state, setState] = useState<State<T>>(() => empty(key));
  const current = useRef(state);
  current.current = state;
  const turn = useRef(0);

  const ask = async (cursor: string | undefined): Promise<Page> =>
    query<Page>(name, { ...input, limit: PAGE, ...(cursor ? { cursor } : {}) });

  const load = async (isMore: boolean): Promise<void> => {
    const mine = ++turn.current;
    const before = current.current.key === key ? current.current : empty<T>(key);
    setState({ ...before, isLoading: true, error: undefined });
    try {
      let items: T[] = isMore ? before.items : [];
      let cursor = isMore ? before.cursor : undefined;
      let page: Page;
      const wanted = isMore
        ? items.length + 1
        : Math.min(Math.max(before.items.length, 1), RELOADED_MAX);
      do {
        page = await ask(cursor);
        items = items.concat(page[member] as T[]);
        cursor = page.nextCursor;
      } while (cursor && items.length < wanted && !page.isCut);
      if (mine !== turn.current) return;
      const known = new Set(items.map((item) => item.id));
      const isTailKept = !isMore && before.items.length > items.length && cursor !== undefined;
      const tail = isTailKept
        ? before.items.slice(items.length).filter((item) => !known.has(item.id))
        : [];
      setState({
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
      if (mine === turn.current) setState({ ...before, isLoading: false, error });
    }
  };

  useEffect(() => void load(false), [key]);
  const reload = () => void load(false);
  useReloadOn(concerns, reload);
  const shown = state.key === key ? state : empty<T>(key);
  return {
    ...shown,
    isComplete: shown.isReady && shown.cursor === undefined,
    more: () => {
      if (!shown.isLoading && shown.cursor !== undefined && shown.error === undefined)
        void load(true);
    },
    reload,
  };
}
