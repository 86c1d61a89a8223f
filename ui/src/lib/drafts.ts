// What was being written when the session ended: kept in this tab until whoever wrote it is here again.
import { useEffect, useRef, useState } from 'preact/hooks';

import { session, whenEnded } from './session.js';

const drafts = new Map<string, unknown>();

const nameOf = (part: string): string =>
  `${session.value?.user.id} ${location.pathname} ${part}`;

/** What was kept here under `part`, if anything. */
export const draftOf = <T>(part = ''): T | undefined => drafts.get(nameOf(part)) as T | undefined;

/**
 * A state that outlives the end of the session, if it was changed. Where the form is left otherwise, it is
 * forgotten: whoever left was asked.
 */
export function useDraft<T>(first: () => T, part = ''): [T, (value: T) => void] {
  const name = useRef(nameOf(part)).current;
  const initial = useRef<T>(undefined as T);
  const [value, set] = useState<T>(() => {
    initial.current = first();
    return (drafts.get(name) as T) ?? initial.current;
  });
  const latest = useRef(value);
  latest.current = value;
  useEffect(() => {
    drafts.delete(name);
    return whenEnded(() => {
      if (latest.current !== initial.current) drafts.set(name, latest.current);
    });
  }, []);
  return [value, set];
}
