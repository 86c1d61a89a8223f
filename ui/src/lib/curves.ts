// The curves of a pod: what it has kept of the last hour (pod.samples), and behind that what the page
// samples of /metrics while it is looked at.
import { largestOf, meansOf, ratesOf, sumOf, type Sample } from './metrics.js';

export interface Point {
  /** Milliseconds since 1970, by the clock of the browser. */
  at: number;
  value: number | undefined;
}

export interface PodSample {
  at: number;
  eventsPerSecond: number;
  callsPerSecond: number;
  commitSeconds?: number;
  syncSeconds?: number;
  residentBytes: number;
  logOfChangesBytes: number;
  connections: number;
  queuedJobs: number;
  lagEvents: number;
}

export interface PodSamples {
  samples: PodSample[];
  /** The pod's time when it answered. */
  at: number;
}

/** With the times of this machine: the pod's clock may be another. */
export function inOwnTime({ samples, at }: PodSamples, now: number): PodSample[] {
  return samples.map((sample) => ({ ...sample, at: sample.at + now - at }));
}

// A value for each sample; of the first one no rate is known.
type Read = (samples: Sample[]) => (number | undefined)[];

const rate =
  (name: string): Read =>
  (samples) =>
    [undefined, ...ratesOf(samples, name)];
const mean =
  (name: string): Read =>
  (samples) =>
    [undefined, ...meansOf(samples, name)];
const each =
  (read: (sample: Sample) => number | undefined): Read =>
  (samples) =>
    samples.map(read);
const sum = (name: string): Read => each((sample) => sumOf(sample, name));

export const CURVES = {
  events: { kept: 'eventsPerSecond', read: rate('synap_log_position') },
  calls: { kept: 'callsPerSecond', read: rate('synap_calls_total') },
  commit: { kept: 'commitSeconds', read: mean('synap_database_commit_seconds') },
  sync: { kept: 'syncSeconds', read: mean('synap_database_sync_seconds') },
  memory: { kept: 'residentBytes', read: sum('process_resident_memory_bytes') },
  connections: { kept: 'connections', read: sum('synap_http_connections') },
  queue: { kept: 'queuedJobs', read: sum('synap_queue_jobs') },
  lag: {
    kept: 'lagEvents',
    read: each((sample) => largestOf(sample, 'synap_projection_lag_events')),
  },
  logOfChanges: { kept: 'logOfChangesBytes', read: sum('synap_database_wal_bytes') },
} as const satisfies Record<string, { kept: keyof PodSample; read: Read }>;

/** What was kept up to the first live sample, and the live ones. */
export function pointsOf(name: keyof typeof CURVES, kept: PodSample[], live: Sample[]): Point[] {
  const { kept: member, read } = CURVES[name];
  const begin = live[0]?.at ?? Infinity;
  const before = kept
    .filter(({ at }) => at < begin)
    .map((sample): Point => ({ at: sample.at, value: sample[member] }));
  const values = read(live);
  return before.concat(live.map(({ at }, index): Point => ({ at, value: values[index] })));
}
