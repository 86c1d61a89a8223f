// The numbers of a pod that tell whether work is done and whether there is room.
import { useEffect } from 'preact/hooks';

import { liveStatus } from '../lib/live.js';
import { log } from '../lib/log.js';
import { isMetricsRefused, isOutdated, largestOf, metricsProblem, ratesOf, sampleNow, samples, sumOf } from '../lib/metrics.js';
import { query } from '../lib/rpc.js';
import { bytes, clockOf, number } from '../lib/time.js';
import { useAnswer } from './answer.js';

function Figure({
  label,
  value,
  href,
  isBad,
}: {
  label: string;
  value: string;
  href?: string;
  isBad?: boolean;
}) {
  const body = (
    <>
      <span class="figure-label">{label}</span>
      <span class="figure-value">{value}</span>
      {isOutdated.value && <span class="unseen"> (out of date)</span>}
    </>
  );
  return (
    <li class={isBad ? 'is-bad' : ''}>{href ? <a href={href}>{body}</a> : <div>{body}</div>}</li>
  );
}

const perSecond = (rate: number | undefined): string =>
  rate === undefined ? '–' : rate >= 10 ? number(Math.round(rate)) : rate.toFixed(1);

// The counter of /metrics begins with the process: what was given up before, and not tried again, counts too.
const DEAD_LETTERS_MAX = 100;
const ASK_EVERY_MS = 10_000;

function useDeadLetters(): number | undefined {
  const answer = useAnswer(
    'dead-letters',
    async (signal) =>
      (
        await query<{ runs: unknown[] }>(
          'runs.list',
          { status: 'failed', limit: DEAD_LETTERS_MAX },
          signal,
        )
      ).runs.length,
  );
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && answer.reload(), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return answer.value;
}

/** That the numbers are of a time when the pod still answered. */
function OutdatedSince({ at }: { at: number | undefined }) {
  return (
    <p class="numbers-outdated" role="status">
      {isOutdated.value &&
        (at === undefined
          ? 'The pod does not say its numbers.'
          : `Out of date: these numbers are of ${clockOf(at).slice(0, 8)}, when the pod last answered.`)}
    </p>
  );
}

export function Numbers() {
  const all = samples.value;
  const last = all.at(-1);
  const sum = (prefix: string) => sumOf(last, prefix);
  const shown = (value: number | undefined, format = number) =>
    value === undefined ? '–' : format(value);
  const dead = useDeadLetters();
  // Of the read model that is furthest behind: the same events are ahead of each.
  const lag = largestOf(last, 'synap_projection_lag_events');
  // What the list below shows is counted from the same stream, and not a sample later.
  void log.value?.changed.value;
  const told = sum('synap_log_position');
  const events = told === undefined ? undefined : Math.max(told, log.value?.end ?? 0);
  const status = liveStatus.value;
  useEffect(() => {
    if (status === 'live') sampleNow();
  }, [status]);
  if (isMetricsRefused.value) return <p class="quiet">{metricsProblem.value}</p>;
  return (
    <section aria-label={isOutdated.value ? 'Numbers, out of date' : 'Numbers'}>
      <ul class={`numbers ${isOutdated.value ? 'is-outdated' : ''}`}>
        <Figure label="Events" value={shown(events)} href="/events" />
        <Figure
          label="Events a second"
          value={perSecond(ratesOf(all, 'synap_log_position').at(-1))}
        />
        <Figure label="Calls a second" value={perSecond(ratesOf(all, 'synap_calls_total').at(-1))} />
        <Figure label="Queue" value={shown(sum('synap_queue_jobs'))} href="/runs?status=active" />
        <Figure
          label="Dead letters"
          value={dead === undefined ? '–' : `${number(dead)}${dead === DEAD_LETTERS_MAX ? '+' : ''}`}
          href="/runs?status=failed"
          isBad={dead !== undefined && dead > 0}
        />
        <Figure label="Lag" value={shown(lag)} href="/pod" />
        <Figure label="Disk free" value={shown(sum('synap_disk_free_bytes'), bytes)} />
        <Figure label="Log of changes" value={shown(sum('synap_database_wal_bytes'), bytes)} />
      </ul>
      <OutdatedSince at={last?.at} />
    </section>
  );
}
