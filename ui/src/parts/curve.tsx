// A small curve over time.
import type { Point } from '../lib/curves.js';
import { duration } from '../lib/time.js';

interface Props {
  label: string;
  points: Point[];
  format(value: number): string;
}

const WIDTH = 240;
const HEIGHT = 44;
// Of a longer time nothing is known in between: a line would claim something.
const GAP_MS = 60_000;

interface Place {
  at: number;
  x: number;
  y: number;
}

/** The line, and what is under it, as paths: a piece between each two gaps. */
function pathsOf(places: Place[]): { line: string; area: string } {
  const pieces: Place[][] = [];
  for (const place of places) {
    const last = pieces.at(-1)?.at(-1);
    if (last && place.at - last.at <= GAP_MS) pieces.at(-1)!.push(place);
    else pieces.push([place]);
  }
  let line = '';
  let area = '';
  for (const piece of pieces.filter(({ length }) => length > 1)) {
    const path = piece
      .map(({ x, y }, index) => `${index ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`)
      .join('');
    line += path;
    area += `${path}L${piece.at(-1)!.x.toFixed(1)} ${HEIGHT}L${piece[0]!.x.toFixed(1)} ${HEIGHT}Z`;
  }
  return { line, area };
}

export function Curve({ label, points, format }: Props) {
  const known = points.flatMap(({ at, value }) => (value === undefined ? [] : [{ at, value }]));
  const top = Math.max(...known.map(({ value }) => value), 0) || 1;
  const begin = points[0]?.at ?? 0;
  const span = Math.max((points.at(-1)?.at ?? 0) - begin, 1);
  const { line, area } = pathsOf(
    known.map(({ at, value }) => ({
      at,
      x: ((at - begin) / span) * WIDTH,
      y: HEIGHT - 3 - (value / top) * (HEIGHT - 8),
    })),
  );
  const latest = known.at(-1)?.value;
  const now = latest === undefined ? '–' : format(latest);
  const most = known.length ? format(top) : 'unknown';
  return (
    <figure class="curve">
      <figcaption>
        <span>{label}</span>
        <b>{now}</b>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: now ${now}, at most ${most} in ${duration(span)}`}
      >
        <path class="area" d={area} />
        <path class="line" d={line} />
      </svg>
    </figure>
  );
}
