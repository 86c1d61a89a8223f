// The waterfall of a run: each row opens what its step was given and what it came to. A table says the same.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import type { FailedAttempt, PendingStep, RunWithSteps } from '../lib/runs.js';
import { duration } from '../lib/time.js';
import {
  type Bar,
  type BarKind,
  placeOf,
  type Segment,
  type Waterfall as Drawn,
  type WaterfallRow,
} from '../lib/waterfall.js';
import { Status } from './badge.js';
import { Button, Head, Quiet } from './plain.js';
import { Line } from './text.js';
import { Time } from './time.js';

const BAR_WORDS: Record<BarKind, string> = {
  queued: 'in the queue',
  done: 'done',
  failed: 'failed attempt',
  sleep: 'slept',
  wait: 'waited',
  again: 'to be tried again',
};
// Of more folds the lengths would lie one over the other; the table has them.
const LABELLED_FOLDS_MAX = 4;

const AWAITED: Record<string, string> = {
  WaitForEvent: 'an event',
  WaitForSignal: 'a signal',
  InvokeFunction: 'another function',
};

/** What a step that is not done waits for; with the time behind it, where there is one. */
function pendingWords({ op, dueAt }: PendingStep): string {
  if (op === 'Sleep') return dueAt ? 'sleeps until' : 'wakes up';
  const awaited = AWAITED[op];
  if (awaited) return `waits for ${awaited}${dueAt ? ', until' : ''}`;
  return dueAt ? 'is tried again at' : 'is tried again as soon as that is possible';
}

function statusOf(row: WaterfallRow): string {
  if (row.what === 'queue') return row.bars[0]!.isOpen ? 'waiting' : 'queued';
  if (row.pending) {
    if (AWAITED[row.pending.op]) return 'waiting';
    return row.pending.op === 'Sleep' ? 'sleeping' : 'again';
  }
  if (!row.step || row.step.op === 'StepFailed') return 'failed';
  if (row.step.op === 'Sleep') return 'slept';
  return AWAITED[row.step.op] ? 'waited' : 'done';
}

/** From the first to the last of its bars. */
const lengthOf = (row: WaterfallRow): number =>
  (row.bars.at(-1)?.to ?? 0) - (row.bars[0]?.from ?? 0);

function Track({ bars, segments }: { bars: Bar[]; segments: Segment[] }) {
  return (
    <span class="track" aria-hidden="true">
      {segments
        .filter(({ isFold }) => isFold)
        .map(({ from, left, width }) => (
          <u key={from} style={{ left: `${left}%`, width: `${width}%` }} />
        ))}
      {bars.map((bar, index) => {
        const left = Math.min(placeOf(segments, bar.from), 99);
        const width = Math.max(0.8, Math.min(placeOf(segments, bar.to), 100) - left);
        return (
          <i
            key={index}
            class={`${bar.kind} ${bar.isOpen ? 'is-open' : ''}`}
            style={{ left: `${left}%`, width: `${width}%` }}
            title={`${BAR_WORDS[bar.kind]}${bar.isOpen ? ' so far' : ''}, ${duration(bar.to - bar.from)}`}
          />
        );
      })}
    </span>
  );
}

function Folds({ segments }: { segments: Segment[] }) {
  const folds = segments.filter(({ isFold }) => isFold);
  if (folds.length === 0) return null;
  return (
    <div class="folds" aria-hidden="true">
      {folds.map(({ from, to, left, width }) => (
        <span
          key={from}
          style={{ left: `${left}%`, width: `${width}%` }}
          title={`Nothing was done for ${duration(to - from)}: drawn short`}
        >
          {folds.length <= LABELLED_FOLDS_MAX ? duration(to - from) : '…'}
        </span>
      ))}
    </div>
  );
}

function Failures({ failures }: { failures: FailedAttempt[] }) {
  return (
    <ol class="failures">
      {failures.map((failure, index) => (
        <li key={index}>
          <Quiet>
            Attempt {index + 1}, <Time at={failure.endedAt} style="long" />
            {failure.startedAt &&
              `, after ${duration(Date.parse(failure.endedAt) - Date.parse(failure.startedAt))}`}
          </Quiet>{' '}
          <b>{failure.error.name}</b> <Line text={failure.error.message} max={4_000} />
        </li>
      ))}
    </ol>
  );
}

function Row({
  row,
  segments,
  isOpen,
  onToggle,
  children,
}: {
  row: WaterfallRow;
  segments: Segment[];
  isOpen: boolean;
  onToggle(): void;
  children: ComponentChildren;
}) {
  const { pending } = row;
  const failed = row.failures.length;
  return (
    <li class={pending ? 'pending-step' : ''}>
      <Button class="step" aria-expanded={isOpen} onClick={onToggle}>
        <span class="step-words">
          <Status status={statusOf(row)} />
          <span class="step-name">
            <Line text={row.name} max={120} />
          </span>
          {failed > 0 && !pending && (
            <Quiet>{failed === 1 ? '1 attempt failed' : `${failed} attempts failed`}</Quiet>
          )}
          {!pending && <span class="quiet step-time">{duration(lengthOf(row))}</span>}
        </span>
        <Track bars={row.bars} segments={segments} />
      </Button>
      {pending && (
        <div class="pending-words">
          <Quiet>
            {pendingWords(pending)} {pending.dueAt && <Time at={pending.dueAt} />}
          </Quiet>
          {pending.error && (
            <p>
              {pending.attempts > 0 && `${pending.attempts} failed: `}
              <Line text={pending.error.message || pending.error.name} max={1_000} />
            </p>
          )}
        </div>
      )}
      {isOpen && (
        <div class="step-result">
          {failed > 0 && <Failures failures={row.failures} />}
          {children}
        </div>
      )}
    </li>
  );
}

interface Told {
  at: number;
  name: string;
  words: string;
  ms: number;
  isOpen: boolean;
}

function linesOf({ rows, segments }: Drawn): Told[] {
  const bars = rows.flatMap((row) =>
    row.bars.map((bar) => ({
      at: bar.from,
      name: row.name,
      words: BAR_WORDS[bar.kind],
      ms: bar.to - bar.from,
      isOpen: bar.isOpen,
    })),
  );
  const folds = segments
    .filter(({ isFold }) => isFold)
    .map(({ from, to }) => ({
      at: from,
      name: '',
      words: 'nothing was done',
      ms: to - from,
      isOpen: false,
    }));
  return [...bars, ...folds].sort((a, b) => a.at - b.at);
}

function AsTable({ drawn }: { drawn: Drawn }) {
  return (
    <details class="waterfall-table">
      <summary>As a table</summary>
      <div class="table-box">
        <table>
          <Head of="Begun|Step|What|Took" />
          <tbody>
            {linesOf(drawn).map((line, index) => (
              <tr key={index}>
                <td>
                  <Time at={line.at} />
                </td>
                <td class="step-cell">{line.name ? <Line text={line.name} max={120} /> : '–'}</td>
                <td>{line.words}</td>
                <td>{line.isOpen ? `${duration(line.ms)} so far` : duration(line.ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

/** Up and down go from row to row. */
function walkRows(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const target = event.target as HTMLElement;
  if (!step || !target.matches('button.step')) return;
  const all = [
    ...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('button.step'),
  ];
  all[all.indexOf(target) + step]?.focus();
  event.preventDefault();
}

export function Waterfall({
  run,
  drawn,
  detail,
}: {
  run: RunWithSteps;
  drawn: Drawn;
  /** What stands under an open row. */
  detail(row: WaterfallRow): ComponentChildren;
}) {
  const [open, setOpen] = useState<Record<string, boolean>>({});
  if (drawn.rows.length === 0) return <p class="quiet">No step is done yet.</p>;
  // Why a run failed is what one wants to see first.
  const isOpen = (row: WaterfallRow): boolean =>
    open[row.key] ?? (run.status === 'failed' && row.step?.op === 'StepFailed');
  return (
    <>
      <Folds segments={drawn.segments} />
      <ol class="steps" onKeyDown={walkRows}>
        {drawn.rows.map((row) => (
          <Row
            key={row.key}
            row={row}
            segments={drawn.segments}
            isOpen={isOpen(row)}
            onToggle={() => setOpen({ ...open, [row.key]: !isOpen(row) })}
          >
            {detail(row)}
          </Row>
        ))}
      </ol>
      <AsTable drawn={drawn} />
    </>
  );
}
