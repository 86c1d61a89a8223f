// The ends of lines of a text that was edited in a field, which has but line feeds.
import { allLines } from './diff.js';

const END = /\r\n|\n|\r/g;

/**
 * What was written, with the ends that its lines had: a line that stayed keeps its own, one that stands
 * where another was has that one's, and a new one ends as the line before it.
 */
export function withLineEnds(before: string, written: string): string {
  if (!before.includes('\r')) return written;
  const ends = before.match(END) ?? [];
  let at = 0;
  let last = ends[0] ?? '\n';
  const replaced: string[] = [];
  const lines: string[] = [];
  for (const { kind, text } of allLines(before.replace(END, '\n'), written)) {
    const own = kind === 'added' ? replaced.shift() : ends[at++];
    if (kind === 'removed') {
      if (own) replaced.push(own);
      continue;
    }
    if (kind === 'same') replaced.length = 0;
    last = own ?? last;
    lines.push(text, last);
  }
  lines.pop(); // behind the last line there is nothing
  return lines.join('');
}
