// What was being written when the session ended: kept in this tab, over a reload too, until whoever wrote
// it is here again, or signs out.
import { type Dispatch, type StateUpdater, useEffect, useRef, useState } from 'preact/hooks';

import { session, whenEnded, whenLeaving } from './session.js';

const STORED = 'synap-drafts';

const whose = (): string => `${session.value?.user.id} `;
const nameOf = (part: string, path = location.pathname): string => `${whose()}${path} ${part}`;

/** Those of this tab: the browser keeps them as long as it is open, and shows them to no other. */
function stored(): Map<string, unknown> {
  try {
    return new Map(Object.entries(JSON.parse(sessionStorage.getItem(STORED) ?? '{}') as object));
  } catch {
    return new Map();
  }
}

const drafts = stored();

function store(): void {
  try {
    if (drafts.size === 0) sessionStorage.removeItem(STORED);
    else sessionStorage.setItem(STORED, JSON.stringify(Object.fromEntries(drafts)));
  } catch {
    // Too much for the browser, or it keeps nothing: then it is there until the page is loaded again.
  }
}

// Who signs out leaves nothing behind; what is another's waits on.
whenLeaving(() => {
  for (const name of drafts.keys()) if (name.startsWith(whose())) drafts.delete(name);
  store();
});

/** What was kept here under `part`, if anything. */
export const draftOf = <T>(part = ''): T | undefined => drafts.get(nameOf(part)) as T | undefined;

/** Has it found at `path` under `part`, by what is opened there next. */
export const keepDraft = (path: string, part: string, draft: unknown): unknown =>
  drafts.set(nameOf(part, path), draft);

/** What is left to be sent: what was written behind `sent` while it was on its way. */
export const behind = (sent: string) => (now: string): string =>
  now.startsWith(sent) ? now.slice(sent.length) : now;

/**
 * A state that outlives the end of the session, if it was changed. Where the form is left otherwise, it is
 * forgotten: whoever left was asked.
 */
export function useDraft<T>(first: () => T, part = ''): [T, Dispatch<StateUpdater<T>>] {
  const name = useRef(nameOf(part)).current;
  const initial = useRef<T>(undefined as T);
  const [value, set] = useState<T>(() => {
    initial.current = first();
    return (drafts.get(name) as T) ?? initial.current;
  });
  const latest = useRef(value);
  latest.current = value;
  useEffect(() => {
    if (drafts.delete(name)) store();
    return whenEnded(() => {
      if (latest.current === initial.current) return;
      drafts.set(name, latest.current);
      store();
    });
  }, []);
  return [value, set];
}
