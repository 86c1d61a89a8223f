// Text that somebody wrote. It is shown as text, apart from the direction of what stands around it, and
// cut where it is so long that a browser would stall over it. lib/visible.ts keeps it from deceiving.
import { useState } from 'preact/hooks';
import { Button } from './plain.js';

const SHOWN_MAX = 20_000;

/** A line of somebody's text: a title, a name. */
export function Line({ text, max = 200 }: { text: string; max?: number }) {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return <bdi>{cut}</bdi>;
}

/** Text of any length, as it was written. */
export function LongText({ text, label }: { text: string; label: string }) {
  const [shown, show] = useState(SHOWN_MAX);
  const isCut = text.length > shown;
  return (
    <>
      <pre class="long-text" dir="auto" tabIndex={0} aria-label={label}>
        {isCut ? text.slice(0, shown) : text}
      </pre>
      {isCut && (
        <p class="cut">
          {`The first ${shown.toLocaleString()} of ${text.length.toLocaleString()} characters. `}
          <Button class="link" onClick={() => show(shown * 20)}>
            {shown * 20 >= text.length ? 'Show all' : `Show ${(shown * 20).toLocaleString()}`}
          </Button>
        </p>
      )}
    </>
  );
}
