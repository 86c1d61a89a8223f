// Times as people read them: in their own zone, with UTC beside it.
import { signal } from '@preact/signals';

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayAndYear = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});

/** Moves every 10 seconds: what shows how long ago something was listens to it. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 10_000);

export function clockOf(at: number): string {
  return `${clock.format(at)}.${String(at % 1000).padStart(3, '0')}`;
}

function dayOf(at: number): string {
  const thisYear = new Date(at).getFullYear() === new Date().getFullYear();
  return (thisYear ? day : dayAndYear).format(at);
}

/** Today: the time; else the day and the time. */
export function shortTime(at: number): string {
  const isToday = new Date(at).toDateString() === new Date().toDateString();
  return isToday ? clock.format(at) : `${dayOf(at)}, ${clock.format(at).slice(0, 5)}`;
}

export function longTime(at: number): string {
  return `${dayAndYear.format(at)}, ${clockOf(at)}`;
}

export const utcOf = (at: number): string =>
  `${new Date(at).toISOString().replace('T', ' ').replace('Z', '')} UTC`;

/** "4 min ago"; `present` moves with the signal above. */
export function ago(at: number, present: number): string {
  const seconds = Math.round((present - at) / 1000);
  const [size, unit] = sizeOf(Math.abs(seconds));
  if (unit === 's' && size < 10) return 'just now';
  return seconds >= 0 ? `${size} ${unit} ago` : `in ${size} ${unit}`;
}

function sizeOf(seconds: number): [number, string] {
  if (seconds < 60) return [seconds, 's'];
  if (seconds < 3600) return [Math.round(seconds / 60), 'min'];
  if (seconds < 86_400) return [Math.round(seconds / 3600), 'h'];
  return [Math.round(seconds / 86_400), 'd'];
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const [size, unit] = sizeOf(Math.round(ms / 1000));
  return `${size} ${unit}`;
}

/** As the pod says them (src/pod/data_directory.h). */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  for (; count >= 1024 && at < units.length - 1; ++at) count /= 1024;
  return `${count < 10 && at > 0 ? count.toFixed(1) : Math.round(count)} ${units[at]}`;
}

export const number = (value: number): string => value.toLocaleString();
