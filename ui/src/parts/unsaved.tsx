// What somebody has written and not saved is not thrown away without asking, whatever way they leave.
import { useLayoutEffect, useRef } from 'preact/hooks';

import { guardLeaving } from '../lib/router.js';

/** Asks before the reader leaves while something is unsaved. Gives what ends that: it is saved. */
export function useUnsaved(isUnsaved: boolean): () => void {
  const end = useRef(() => {});
  // At once: an effect comes after the page is painted, which on a busy machine is when they have left.
  useLayoutEffect(() => {
    if (!isUnsaved) return undefined;
    const unguard = guardLeaving(() => confirm('Leave without saving what you wrote?'));
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', warn);
    end.current = () => {
      unguard();
      removeEventListener('beforeunload', warn);
    };
    return () => end.current();
  }, [isUnsaved]);
  return () => end.current();
}
