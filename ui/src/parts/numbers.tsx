// The numbers of a pod that tell whether work is done and whether there is room.
import type { ComponentChildren } from 'preact';

import { ratesOf, samples, sumOf } from '../lib/metrics.js';
import { bytes, number } from '../lib/time.js';

function Figure({ label, value, href, isBad, children }: { label: string; value: string; href?: string; isBad?: boolean; children?: ComponentChildren }) {
  const body = (
    <>
      <span class="figure-label">{label}</span>
      <span class="figure-value">{value}</span>
      {children}
    </>
  );
  return (
    <li class={isBad ? 'is-bad' : ''}>
      {href ? <a href={href}>{body}</a> : <div>{body}</div>}
    </li>
  );
}

const perSecond = (rate: number | undefined): string =>
  rate === undefined ? '–' : rate >= 10 ? number(Math.round(rate)) : rate.toFixed(1);

export function Numbers() {
  const all = samples.value;
  const last = all.at(-1);
  const sum = (prefix: string) => sumOf(last, prefix);
  const shown = (value: number | undefined, format = number) => (value === undefined ? '–' : format(value));
  const givenUp = [...(last?.values ?? [])].reduce((total, [name, value]) => (/^synap_runs_total.*given_up/.test(name) ? total + value : total), 0);
  const lag = sum('synap_projection_lag_events');
  return (
    <ul class="numbers" aria-label="Numbers">
      <Figure label="Events" value={shown(sum('synap_log_position'))} href="/events" />
      <Figure label="Events a second" value={perSecond(ratesOf(all, 'synap_log_position').at(-1))} />
      <Figure label="Calls a second" value={perSecond(ratesOf(all, 'synap_calls_total').at(-1))} />
      <Figure label="Queue" value={shown(sum('synap_queue_jobs'))} href="/runs?status=active" />
      <Figure label="Dead letters" value={last ? number(givenUp) : '–'} href="/runs?status=failed" isBad={givenUp > 0} />
      <Figure label="Lag" value={shown(lag)} href="/pod" />
      <Figure label="Disk left" value={shown(sum('synap_disk_free_bytes'), bytes)} />
      <Figure label="WAL" value={shown(sum('synap_database_wal_bytes'), bytes)} />
    </ul>
  );
}
