// What somebody has written and not saved is not thrown away without asking, whatever way they leave.
import { useEffect, useRef } from 'preact/hooks';

import { guardLeaving } from '../lib/router.js';

/** Asks before the reader leaves while something is unsaved. Gives what ends that: it is saved. */
export function useUnsaved(isUnsaved: boolean): () => void {
  const end = useRef(() => {});
  useEffect(() => {
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
