// A small curve of the last minutes.
interface Props {
  label: string;
  values: (number | undefined)[];
  format(value: number): string;
}

const WIDTH = 240;
const HEIGHT = 44;

export function Curve({ label, values, format }: Props) {
  const known = values.filter((value): value is number => value !== undefined);
  const latest = known.at(-1);
  const top = Math.max(...known, 0) || 1;
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values.flatMap((value, index) =>
    value === undefined ? [] : [[index * step, HEIGHT - 3 - (value / top) * (HEIGHT - 8)] as const],
  );
  const line = points
    .map(([x, y], index) => `${index ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
  const area =
    points.length > 1 ? `${line}L${points.at(-1)![0]} ${HEIGHT}L${points[0]![0]} ${HEIGHT}Z` : '';
  const now = latest === undefined ? '–' : format(latest);
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
        aria-label={`${label}: now ${now}, at most ${known.length ? format(top) : 'unknown'}`}
      >
        <path class="area" d={area} />
        <path class="line" d={line} />
      </svg>
    </figure>
  );
}
