// A run over time: a row for its wait in the queue, for what its function did between steps, and for each
// step; a bar for each attempt, sleep and wait. Long times in which nothing was done are folded.
import type { FailedAttempt, PendingStep, RunWithSteps, Step } from './runs.js';

export type BarKind = 'queued' | 'done' | 'failed' | 'sleep' | 'wait' | 'again';

export interface Bar {
  kind: BarKind;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  /** It goes on. */
  isOpen: boolean;
}

export interface WaterfallRow {
  key: string;
  name: string;
  /** code: the function's own, between its steps. */
  what: 'queue' | 'code' | 'step' | 'pending';
  bars: Bar[];
  failures: FailedAttempt[];
  step?: Step;
  pending?: PendingStep;
}

/** A part of the time, and where it is drawn, in hundredths of the width. */
export interface Segment {
  from: number;
  to: number;
  left: number;
  width: number;
  isFold: boolean;
}

export interface Waterfall {
  rows: WaterfallRow[];
  segments: Segment[];
}

const WAITS: Record<string, BarKind> = {
  Sleep: 'sleep',
  WaitForEvent: 'wait',
  WaitForSignal: 'wait',
  InvokeFunction: 'wait',
};
// A gap shorter than this is drawn as it is.
const FOLDED_MS_MIN = 100;
const FOLD_WIDTH = 10;
const FOLDS_WIDTH_MAX = 40;

const timeOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Date.parse(text);

const failedBar = (failure: FailedAttempt): Bar => {
  const to = Date.parse(failure.endedAt);
  return { kind: 'failed', from: timeOf(failure.startedAt) ?? to, to, isOpen: false };
};

function stepRow(step: Step, failures: FailedAttempt[], before: number): WaterfallRow {
  const to = timeOf(step.endedAt) ?? Date.parse(step.storedAt);
  // Of a run from before the pod kept times it is only known when the step before it was stored.
  const from = Math.min(timeOf(step.startedAt) ?? before, to);
  const kind = step.op === 'StepFailed' ? 'failed' : (WAITS[step.op] ?? 'done');
  const bars = failures.map(failedBar);
  // The attempt by which a step failed for good may be among those that failed.
  if (kind !== 'failed' || !bars.some((bar) => bar.to >= to))
    bars.push({ kind, from, to, isOpen: false });
  return { key: step.hash || `${step.name}:${step.storedAt}`, name: step.name, what: 'step', bars, failures, step };
}

function pendingRow(pending: PendingStep, failures: FailedAttempt[], end: number): WaterfallRow {
  const bars = failures.map(failedBar);
  const from = bars.at(-1)?.to ?? timeOf(pending.startedAt) ?? end;
  bars.push({ kind: WAITS[pending.op] ?? 'again', from: Math.min(from, end), to: end, isOpen: true });
  return { key: pending.hash || pending.name, name: pending.name, what: 'pending', bars, failures, pending };
}

function rowsOf(run: RunWithSteps, end: number): WaterfallRow[] {
  const queued = Date.parse(run.createdAt);
  const failed = run.failedAttempts ?? [];
  const failuresOf = (hash: string | undefined) => failed.filter((one) => one.step === hash);
  const pending = run.pendingSteps ?? [];
  const firstCall =
    timeOf(run.startedAt) ??
    (run.steps.length || failed.length || pending.length ? undefined : end);
  const rows: WaterfallRow[] = [];
  if (firstCall !== undefined) {
    const isOpen = run.startedAt === undefined && run.endedAt === undefined;
    const bar: Bar = { kind: 'queued', from: queued, to: Math.max(firstCall, queued), isOpen };
    rows.push({ key: 'queue', name: 'queued', what: 'queue', bars: [bar], failures: [] });
  }
  const known = new Set([...run.steps, ...pending].map(({ hash }) => hash));
  // A step that failed and was given up with its run is neither done nor pending.
  const others = new Map<string | undefined, FailedAttempt[]>();
  for (const one of failed) {
    if (one.step !== undefined && known.has(one.step)) continue;
    others.set(one.step, [...(others.get(one.step) ?? []), one]);
  }
  let before = firstCall ?? queued;
  for (const step of run.steps) {
    rows.push(stepRow(step, failuresOf(step.hash), before));
    before = Date.parse(step.storedAt);
  }
  for (const [hash, failures] of others) {
    const name = failures[0]!.name ?? 'the function itself';
    const what = hash === undefined ? 'code' : 'step';
    rows.push({ key: hash ?? 'code', name, what, bars: failures.map(failedBar), failures });
  }
  for (const one of pending) rows.push(pendingRow(one, failuresOf(one.hash), end));
  return rows;
}

/** The times, joined where they overlap, in which something was done. */
function busyTimes(bars: Bar[]): { from: number; to: number }[] {
  const busy: { from: number; to: number }[] = [];
  const done = bars.filter(({ kind }) => kind === 'done' || kind === 'failed');
  for (const { from, to } of done.sort((a, b) => a.from - b.from)) {
    const last = busy.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else busy.push({ from, to });
  }
  return busy;
}

function segmentsOf(bars: Bar[], begin: number, end: number): Segment[] {
  const busy = busyTimes(bars);
  const busyMs = busy.reduce((sum, { from, to }) => sum + to - from, 0);
  const gapMsMax = Math.max(busyMs, FOLDED_MS_MIN);
  const parts: { from: number; to: number; isFold: boolean }[] = [];
  const add = (from: number, to: number) => {
    if (to <= from) return;
    const isFold = busy.length > 0 && to - from > gapMsMax;
    parts.push({ from, to, isFold });
  };
  let at = begin;
  for (const { from, to } of busy) {
    add(at, from);
    if (to > from) parts.push({ from, to, isFold: false });
    at = Math.max(at, to);
  }
  add(at, end);
  const folds = parts.filter(({ isFold }) => isFold).length;
  const openMs = parts.reduce((sum, { from, to, isFold }) => sum + (isFold ? 0 : to - from), 0);
  const foldWidth =
    openMs === 0 ? 100 / Math.max(folds, 1) : Math.min(FOLD_WIDTH, FOLDS_WIDTH_MAX / Math.max(folds, 1));
  const restWidth = openMs === 0 ? 0 : 100 - folds * foldWidth;
  let left = 0;
  return parts.map((part) => {
    const width = part.isFold ? foldWidth : ((part.to - part.from) / openMs) * restWidth;
    left += width;
    return { ...part, left: left - width, width };
  });
}

/** `now` is the end of what goes on. */
export function waterfallOf(run: RunWithSteps, now: number): Waterfall {
  const begin = Date.parse(run.createdAt);
  const stored = run.steps.map((step) => Date.parse(step.storedAt));
  const failed = (run.failedAttempts ?? []).map((one) => Date.parse(one.endedAt));
  // The reader's clock may be behind the pod's.
  const end = Math.max(timeOf(run.endedAt) ?? now, begin, ...stored, ...failed);
  const rows = rowsOf(run, end);
  return { rows, segments: segmentsOf(rows.flatMap(({ bars }) => bars), begin, end) };
}

/** Where a moment is drawn, in hundredths of the width. */
export function placeOf(segments: Segment[], at: number): number {
  for (const { from, to, left, width } of segments) {
    if (at < from) return left;
    if (at <= to) return left + ((at - from) / (to - from)) * width;
  }
  return segments.length ? 100 : 0;
}
