// A moment, in the reader's zone; UTC on hover.
import { ago, longTime, now, shortTime, utcOf } from '../lib/time.js';
import { Quiet } from './plain.js';

type Style = 'short' | 'long' | 'ago';

export function Time({ at, style = 'short' }: { at: string | number | undefined; style?: Style }) {
  if (at === undefined) return <Quiet>never</Quiet>;
  const ms = typeof at === 'number' ? at : Date.parse(at);
  if (Number.isNaN(ms)) return <span>{String(at)}</span>;
  const text =
    style === 'long' ? longTime(ms) : style === 'ago' ? ago(ms, now.value) : shortTime(ms);
  const title = style === 'ago' ? `${longTime(ms)}\n${utcOf(ms)}` : utcOf(ms);
  return (
    <time dateTime={new Date(ms).toISOString()} title={title}>
      {text}
    </time>
  );
}
