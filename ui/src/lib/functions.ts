// Functions as the pod tells them, and their limits in words.
import { duration, number } from './time.js';

interface Keyed {
  key?: string;
}

interface Rate extends Keyed {
  limit: number;
  periodMs: number;
  burst?: number;
}

export interface FunctionLimits {
  concurrency: (Keyed & { limit: number; scope: 'function' | 'user' })[];
  runConcurrency?: Keyed & { limit: number };
  priority?: string;
  timeouts?: { startMs?: number; finishMs?: number };
  throttle?: Rate;
  rateLimit?: Rate;
  debounce?: Keyed & { periodMs: number; timeoutMs?: number };
  batch?: Keyed & { sizeMax: number; timeoutMs: number; if?: string };
  singleton?: Keyed & { mode: 'skip' | 'cancel' };
  idempotency?: string;
  cancelOn: { event: string; if?: string; timeoutMs?: number }[];
}

export interface FunctionInfo {
  id: string;
  app?: string;
  isYours: boolean;
  isInvocable: boolean;
  triggers: { event: string; if?: string; problem?: string }[];
  schedules: { cron: string; jitterMs?: number }[];
  retries: number;
  limits: FunctionLimits;
  pause?: { by: 'person' | 'outage'; since?: string; until?: string; user?: string };
  waiting: number;
  running: number;
  counts?: {
    completed: number;
    retried: number;
    slept: number;
    givenUp: number;
    paused: number;
  };
}

export interface Replay {
  id: string;
  function: string;
  status: 'active' | 'completed' | 'cancelled';
  fromPosition: number;
  toPosition: number;
  lookedTo: number;
  made: number;
  passedOver: number;
  filter?: string;
  createdAt: string;
  endedAt?: string;
}

const by = ({ key }: Keyed): string => (key ? ` for each ${key}` : '');
const rate = (one: Rate): string =>
  `${number(one.limit)} in ${duration(one.periodMs)}${one.burst ? `, ${number(one.burst)} at once` : ''}${by(one)}`;

/** A name and a sentence for each limit there is. */
export function limitWords(limits: FunctionLimits): [string, string][] {
  const { runConcurrency, timeouts, throttle, rateLimit, debounce, batch, singleton } = limits;
  const words: [string, string][] = limits.concurrency.map((one) => [
    'Calls at a time',
    `${number(one.limit)}${by(one)}${one.scope === 'user' ? ', with your other functions' : ''}`,
  ]);
  const add = (name: string, text: string | false | undefined) => text && words.push([name, text]);
  add('Runs at a time', runConcurrency && number(runConcurrency.limit) + by(runConcurrency));
  add('Throttle', throttle && `${rate(throttle)}; others wait`);
  add('Rate', rateLimit && `${rate(rateLimit)}; others are dropped`);
  add(
    'Debounce',
    debounce &&
      `${duration(debounce.periodMs)} without an event${debounce.timeoutMs ? `, at most ${duration(debounce.timeoutMs)}` : ''}${by(debounce)}`,
  );
  add(
    'Batch',
    batch &&
      `${number(batch.sizeMax)} events or ${duration(batch.timeoutMs)}${by(batch)}${batch.if ? `, if ${batch.if}` : ''}`,
  );
  add(
    'One at a time',
    singleton &&
      `${singleton.mode === 'skip' ? 'others have no run' : 'the newest ends the one before'}${by(singleton)}`,
  );
  add('Once in 24 hours', limits.idempotency && `for each ${limits.idempotency}`);
  add('Must begin within', timeouts?.startMs !== undefined && duration(timeouts.startMs));
  add('Must end within', timeouts?.finishMs !== undefined && duration(timeouts.finishMs));
  add('Priority', limits.priority && `${limits.priority} seconds earlier`);
  for (const one of limits.cancelOn)
    add('Cancelled by', `${one.event}${one.if ? `, if ${one.if}` : ''}`);
  return words;
}

/** What starts it, in a few words. */
export const startWords = ({ triggers, schedules }: FunctionInfo): string =>
  [...triggers.map(({ event }) => event), ...schedules.map(({ cron }) => cron)].join(', ');

/** How much of the log a replay has gone through, of 1. */
export function progressOf({ status, fromPosition, toPosition, lookedTo }: Replay): number {
  if (status === 'completed') return 1;
  const all = Math.max(toPosition - fromPosition + 1, 1);
  return Math.min(Math.max((lookedTo - fromPosition + 1) / all, 0), 1);
}
