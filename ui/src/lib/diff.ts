// The difference of two texts, line by line (Myers), bounded in work and in output.

export interface DiffLine {
  kind: 'same' | 'added' | 'removed' | 'gap';
  text: string;
}

// More differences than this are told as a whole block: the search costs their square.
const DIFFERENCES_MAX = 1_500;
const LINES_AROUND = 3;

/** The lines of both, what both have once. */
export function diffLines(before: string, after: string): DiffLine[] {
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
  return fold([
    ...a.slice(0, head).map(same),
    ...(search(middleA, middleB) ?? replaced(middleA, middleB)),
    ...a.slice(a.length - tail).map(same),
  ]);
}

function replaced(a: string[], b: string[]): DiffLine[] {
  return [
    ...a.map((text): DiffLine => ({ kind: 'removed', text })),
    ...b.map((text): DiffLine => ({ kind: 'added', text })),
  ];
}

function search(a: string[], b: string[]): DiffLine[] | undefined {
  const max = Math.min(a.length + b.length, DIFFERENCES_MAX);
  let furthest = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let d = 0; d <= max; ++d) {
    trace.push(new Map(furthest));
    for (let k = -d; k <= d; k += 2) {
      const down =
        k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
      let x = down ? (furthest.get(k + 1) ?? 0) : (furthest.get(k - 1) ?? 0) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) (++x, ++y);
      furthest.set(k, x);
      if (x >= a.length && y >= b.length) return walkBack(a, b, trace, d);
    }
  }
  return undefined;
}

function walkBack(
  a: string[],
  b: string[],
  trace: Map<number, number>[],
  depth: number,
): DiffLine[] {
  const lines: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = depth; d >= 0; --d) {
    const furthest = trace[d]!;
    const k = x - y;
    const down = k === -d || (k !== d && (furthest.get(k - 1) ?? -1) < (furthest.get(k + 1) ?? -1));
    const previousK = down ? k + 1 : k - 1;
    const previousX = d === 0 ? 0 : (furthest.get(previousK) ?? 0);
    const previousY = d === 0 ? 0 : previousX - previousK;
    while (x > previousX && y > previousY) (lines.push({ kind: 'same', text: a[--x]! }), --y);
    if (d > 0)
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
