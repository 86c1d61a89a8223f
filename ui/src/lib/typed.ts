// A field whose text the address has: it follows when nobody types.
import { useEffect, useRef, useState } from 'preact/hooks';

export interface Typed {
  text: string;
  type(text: string): void;
  /** The address has it now. */
  keep(): void;
}

/** `known` is what the address has; `keep` writes into it, `waitMs` after the last key. */
export function useTyped(known: string, keep: (text: string) => void, waitMs: number): Typed {
  const [text, type] = useState(known);
  const kept = useRef(known);
  // What comes back from `keep` is older than what was typed meanwhile.
  useEffect(() => {
    if (known !== kept.current) type((kept.current = known));
  }, [known]);
  const keepNow = () => {
    if (text !== kept.current) keep((kept.current = text));
  };
  useEffect(() => {
    if (text === kept.current) return undefined;
    const timer = setTimeout(keepNow, waitMs);
    return () => clearTimeout(timer);
  }, [text]);
  return { text, type, keep: keepNow };
}
