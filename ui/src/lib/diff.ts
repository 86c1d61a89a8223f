// The difference of two texts, line by line (Myers), bounded in work and in output.

export interface DiffLine {
  kind: 'same' | 'added' | 'removed' | 'gap';
  text: string;
}

// More differences than this are told as a whole block: the search costs their square.
const DIFFERENCES_MAX = 1_500;
const LINES_AROUND = 3;

/** What differs, with some lines around it. */
export const diffLines = (before: string, after: string): DiffLine[] => fold(allLines(before, after));

/** The lines of both, what both have once. */
export function allLines(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) ++head;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail))
    ++tail;
  const middleA = a.slice(head, a.length - tail);
  const middleB = b.slice(head, b.length - tail);
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  return [
    ...a.slice(0, head).map(same),
    ...(search(middleA, middleB) ?? replaced(middleA, middleB)),
    ...a.slice(a.length - tail).map(same),
  ];
}

function replaced(a: string[], b: string[]): DiffLine[] {
  return [
    ...a.map((text): DiffLine => ({ kind: 'removed', text })),
    ...b.map((text): DiffLine => ({ kind: 'added', text })),
  ];
}

/** Each line as a number, the same for the same text: numbers are compared at once. */
function numbered(lines: string[], known: Map<string, number>): Int32Array {
  return Int32Array.from(lines, (line) => {
    const number = known.get(line) ?? known.size;
    known.set(line, number);
    return number;
  });
}

// How far down `a` one is furthest on each diagonal k = -d … d, at index d + k. A step reads its own
// and the one before it only, so a step is kept in as many numbers as it has diagonals.
type Furthest = Int32Array;

/** Whether the way to diagonal k at step d comes from above (k + 1) or from the left (k - 1). */
function comesDown(before: Furthest, d: number, k: number): boolean {
  if (k === -d) return true;
  return k !== d && before[d - 1 + k - 1]! < before[d - 1 + k + 1]!;
}

function search(linesA: string[], linesB: string[]): DiffLine[] | undefined {
  const known = new Map<string, number>();
  const a = numbered(linesA, known);
  const b = numbered(linesB, known);
  const max = Math.min(a.length + b.length, DIFFERENCES_MAX);
  const trace: Furthest[] = [];
  for (let d = 0; d <= max; ++d) {
    const before = trace[d - 1];
    const now = new Int32Array(2 * d + 1);
    trace.push(now);
    for (let k = -d; k <= d; k += 2) {
      let x = 0;
      if (before)
        x = comesDown(before, d, k) ? before[d - 1 + k + 1]! : before[d - 1 + k - 1]! + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) (++x, ++y);
      now[d + k] = x;
      if (x >= a.length && y >= b.length) return walkBack(linesA, linesB, trace);
    }
  }
  return undefined;
}

function walkBack(a: string[], b: string[], trace: Furthest[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; --d) {
    const before = trace[d - 1];
    const k = x - y;
    const down = before !== undefined && comesDown(before, d, k);
    const previousK = down ? k + 1 : k - 1;
    const previousX = before ? before[d - 1 + previousK]! : 0;
    const previousY = before ? previousX - previousK : 0;
    while (x > previousX && y > previousY) (lines.push({ kind: 'same', text: a[--x]! }), --y);
    if (before)
      lines.push(down ? { kind: 'added', text: b[--y]! } : { kind: 'removed', text: a[--x]! });
  }
  return lines.reverse();
}

/** Long stretches that are the same become one line that says so. */
function fold(lines: DiffLine[]): DiffLine[] {
  const near = new Uint8Array(lines.length);
  lines.forEach((line, index) => {
    if (line.kind === 'same') return;
    near.fill(1, Math.max(0, index - LINES_AROUND), index + LINES_AROUND + 1);
  });
  const folded: DiffLine[] = [];
  let hidden = 0;
  const flush = () => {
    if (hidden)
      folded.push({ kind: 'gap', text: `${hidden} ${hidden === 1 ? 'line' : 'lines'} unchanged` });
    hidden = 0;
  };
  lines.forEach((line, index) => {
    if (!near[index]) return void ++hidden;
    flush();
    folded.push(line);
  });
  flush();
  return folded;
}
