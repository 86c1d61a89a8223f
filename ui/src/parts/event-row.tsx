// One event in a list.
import type { Row } from '../lib/events.js';
import { clockOf, longTime, shortTime, utcOf } from '../lib/time.js';
import { NounBadge, OutcomeMark } from './badge.js';
import { Line } from './text.js';

/** The type without the noun, which stands before it in its colour. */
function actionOf(row: Row): string {
  const from = row.type.indexOf(row.noun);
  return row.type.slice(from + row.noun.length + 1);
}

export function EventRow({ row }: { row: Row }) {
  const isToday = Date.now() - row.at < 43_200_000;
  return (
    <span class={`event-row ${row.outcome}`}>
      <time
        dateTime={new Date(row.at).toISOString()}
        title={`${longTime(row.at)}\n${utcOf(row.at)}`}
      >
        {isToday ? clockOf(row.at) : shortTime(row.at)}
      </time>
      <OutcomeMark outcome={row.outcome} />
      <span class="event-type">
        <NounBadge noun={row.noun} />
        <span class="event-action">{actionOf(row)}</span>
      </span>
      <span class="event-title">
        <Line text={row.title} max={100} />
      </span>
      <span class="event-position">{row.position}</span>
    </span>
  );
}
