// /metrics, read every two seconds while a screen shows it; and what the curves show of it.
import { computed, signal } from '@preact/signals';

import { liveStatus } from './live.js';
import { plain, tellSignedOut } from './rpc.js';

export interface Sample {
  at: number;
  /** A metric with its labels as written: synap_queue_jobs{state="ready"}. */
  values: Map<string, number>;
}

const EVERY_MS = 2_000;
// Four minutes of curve.
const SAMPLES_MAX = 120;

export const samples = signal<Sample[]>([]);
export const metricsProblem = signal('');
/** Who is here may not see the numbers, so that none are asked for. */
export const isMetricsRefused = signal(false);
/** The last sample tells how the pod was, and nobody knows how it is. */
export const isOutdated = computed(
  () => liveStatus.value === 'lost' || (metricsProblem.value !== '' && !isMetricsRefused.value),
);

function parse(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const at = line.lastIndexOf(' ');
    values.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return values;
}

let watchers = 0;
let timer = 0;

let isReading = false;

async function read(): Promise<void> {
  if (isReading) return;
  isReading = true;
  if (!document.hidden) await sample();
  isReading = false;
  if (watchers > 0 && !isMetricsRefused.value) timer = window.setTimeout(() => void read(), EVERY_MS);
}

async function sample(): Promise<void> {
  try {
    const response = await plain('/metrics?buckets=no');
    if (response.status === 401) tellSignedOut();
    isMetricsRefused.value = response.status === 403;
    if (response.ok) {
      const sample = { at: Date.now(), values: parse(await response.text()) };
      samples.value = [...samples.value.slice(1 - SAMPLES_MAX), sample];
      metricsProblem.value = '';
    } else {
      metricsProblem.value =
        response.status === 403
          ? 'The numbers of a pod are for its owners, with a key that has the scope metrics:read.'
          : `/metrics answered ${response.status}`;
    }
  } catch {
    metricsProblem.value = 'The pod does not answer.';
  }
}

/** After a problem: reads now, and not only when the next time has come. */
export function sampleNow(): void {
  if (watchers === 0 || metricsProblem.value === '') return;
  clearTimeout(timer);
  void read();
}

/** Reads until the returned function is called. */
export function watchMetrics(): () => void {
  if (++watchers === 1) void read();
  return () => {
    if (--watchers === 0) clearTimeout(timer);
  };
}

/** Of all values whose name begins so. */
export function sumOf(sample: Sample | undefined, prefix: string): number | undefined {
  if (!sample) return undefined;
  let sum: number | undefined;
  for (const [name, value] of sample.values) if (name.startsWith(prefix)) sum = (sum ?? 0) + value;
  return sum;
}

/** The largest of all values whose name begins so. */
export function largestOf(sample: Sample | undefined, prefix: string): number | undefined {
  let largest: number | undefined;
  for (const [name, value] of sample?.values ?? [])
    if (name.startsWith(prefix)) largest = Math.max(largest ?? value, value);
  return largest;
}

/** What a counter grew by in a second, between each two samples. A restart of the pod is a gap. */
export function ratesOf(all: Sample[], prefix: string): (number | undefined)[] {
  return all.slice(1).map((sample, index) => {
    const before = all[index]!;
    const grown = (sumOf(sample, prefix) ?? 0) - (sumOf(before, prefix) ?? 0);
    const seconds = (sample.at - before.at) / 1000;
    return grown < 0 || seconds > 10 ? undefined : grown / seconds;
  });
}

/** The mean of a histogram's observations between each two samples. */
export function meansOf(all: Sample[], name: string): (number | undefined)[] {
  return all.slice(1).map((sample, index) => {
    const grown = (part: string) =>
      (sumOf(sample, name + part) ?? 0) - (sumOf(all[index], name + part) ?? 0);
    const count = grown('_count');
    return count > 0 ? grown('_sum') / count : undefined;
  });
}
