// Runs: what was done for events, what sleeps, and what was given up; and one run beside them.
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

import type { Run } from '../lib/causes.js';
import { addShortcuts } from '../lib/keyboard.js';
import { useNarrow } from '../lib/narrow.js';
import { usePagedList } from '../lib/paged-list.js';
import { go, route } from '../lib/router.js';
import { messageOf, mutate, query } from '../lib/rpc.js';
import { duration } from '../lib/time.js';
import { Empty, Problem, Show, useAnswer, useReloadOn, Waiting } from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { CopyButton, Id } from '../parts/copy.js';
import { Icon } from '../parts/icon.js';
import { Json } from '../parts/json.js';
import { say } from '../parts/say.js';
import { Line } from '../parts/text.js';
import { Time } from '../parts/time.js';
import { VirtualList } from '../parts/virtual-list.js';

interface Step {
  name: string;
  op: string;
  result: { data?: unknown; error?: { name?: string; message?: string } } | null;
  storedAt: string;
}

interface PendingStep {
  name: string;
  op: string;
  attempts: number;
  dueAt?: string;
  error?: { name?: string; message?: string };
}

// A pod of before pending steps were told has none.
type RunWithSteps = Run & { steps: Step[]; pendingSteps?: PendingStep[] };

const STATUSES = ['active', 'sleeping', 'failed', 'completed', 'cancelled'];
// A run that sleeps or is tried again tells nothing by events: ask while it is looked at.
const ASK_EVERY_MS = 2_500;

function useAskAgain(reload: () => void, isOpen: boolean): void {
  useEffect(() => {
    if (!isOpen) return undefined;
    const timer = setInterval(() => !document.hidden && reload(), ASK_EVERY_MS);
    return () => clearInterval(timer);
  }, [isOpen]);
}

async function retry(id: string, reload: () => void): Promise<void> {
  try {
    await mutate('runs.retry', { id });
    say('It is tried again');
    reload();
  } catch (error) {
    say(messageOf(error), 'bad');
  }
}

async function cancel(id: string, reload: () => void): Promise<void> {
  try {
    await mutate('runs.cancel', { id });
    say('It is cancelled; what it has done stays done');
    reload();
  } catch (error) {
    say(messageOf(error), 'bad');
  }
}

function RunRow({ run }: { run: Run }) {
  const end = run.endedAt ? Date.parse(run.endedAt) : Date.now();
  return (
    <span class="run-row">
      <Status status={run.status} />
      <b>{run.function}</b>
      <span class="run-words">
        {run.error && run.status !== 'completed' ? (
          <Line text={run.error.message} max={120} />
        ) : (
          <span class="quiet">for {run.eventType}</span>
        )}
      </span>
      <span class="quiet run-numbers">
        {run.attempts > 1 && `${run.attempts} attempts, `}
        {duration(end - Date.parse(run.createdAt))}
      </span>
      <Time at={run.createdAt} />
    </span>
  );
}

function RunList({ openId }: { openId: string | undefined }) {
  const status = route.value.query.get('status') ?? '';
  const list = usePagedList<Run>('runs.list', 'runs', status ? { status } : {}, () => true);
  const isNarrow = useNarrow() || openId !== undefined;
  useAskAgain(
    list.reload,
    list.items.some((run) => run.status === 'active' || run.status === 'sleeping'),
  );
  const search = status ? `?status=${status}` : '';
  return (
    <div class={`split-list ${isNarrow ? '' : 'is-wide'}`}>
      <div class="bar-top">
        <h1>Runs</h1>
      </div>
      <nav class="tabs run-tabs" aria-label="Runs by status">
        <a href="/runs" aria-current={status === '' ? 'page' : undefined}>
          All
        </a>
        {STATUSES.map((one) => (
          <a
            key={one}
            href={`/runs?status=${one}`}
            aria-current={status === one ? 'page' : undefined}
          >
            {one}
          </a>
        ))}
      </nav>
      {list.error !== undefined && <Problem error={list.error} retry={list.reload} />}
      {!list.isReady && list.error === undefined && <Waiting />}
      {list.isReady && list.items.length === 0 && (
        <Empty title={status ? `No run is ${status}` : 'There was no run yet'}>
          <p>
            {status === 'failed'
              ? 'What was given up would be here, with a button to try it again.'
              : 'A run is the work that an event makes: to store the text of a note, for instance.'}
          </p>
        </Empty>
      )}
      {list.items.length > 0 && (
        <VirtualList
          key={status}
          label="Runs, the newest first"
          count={list.items.length}
          rowHeight={isNarrow ? 54 : 38}
          item={(index) => list.items[index]!}
          keyOf={(run) => run.id}
          hrefOf={(run) => `/runs/${run.id}${search}`}
          render={(run) => <RunRow run={run} />}
          openKey={openId}
          onNearEnd={list.more}
        />
      )}
    </div>
  );
}

const OP_WORDS: Record<string, string> = {
  StepRun: 'done',
  StepFailed: 'failed',
  Sleep: 'slept',
  WaitForEvent: 'waited for an event until',
  WaitForSignal: 'waited for a signal until',
  InvokeFunction: 'another function answered',
};

function StepItem({
  step,
  begin,
  from,
  span,
}: {
  step: Step;
  begin: number;
  from: number;
  span: number;
}) {
  const [isOpen, setOpen] = useState(step.op === 'StepFailed');
  const at = Date.parse(step.storedAt);
  const left = ((from - begin) / span) * 100;
  const width = ((at - from) / span) * 100;
  return (
    <li>
      <button type="button" class="step" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Status
          status={step.op === 'StepFailed' ? 'failed' : step.op === 'Sleep' ? 'sleeping' : 'done'}
        />
        <span class="step-name">{step.name}</span>
        <span class="quiet">{duration(at - from)}</span>
        <span class="bar" aria-hidden="true">
          <i
            class={step.op === 'Sleep' ? 'sleep' : 'run'}
            style={{
              left: `${Math.min(left, 98)}%`,
              width: `${Math.max(2, Math.min(width, 100 - Math.min(left, 98)))}%`,
            }}
          />
        </span>
      </button>
      {isOpen && (
        <div class="step-result">
          <p class="quiet">
            {OP_WORDS[step.op] ?? step.op} at <Time at={step.storedAt} style="long" />
          </p>
          <Json
            value={step.result?.error ?? step.result?.data ?? null}
            label={`Result of ${step.name}`}
          />
        </div>
      )}
    </li>
  );
}

function Steps({ run }: { run: RunWithSteps }) {
  const begin = Date.parse(run.createdAt);
  const times = run.steps.map((step) => Date.parse(step.storedAt));
  const span = Math.max(...times, run.endedAt ? Date.parse(run.endedAt) : 0) - begin || 1;
  if (run.steps.length === 0) return <p class="quiet">No step is done yet.</p>;
  return (
    <ol class="steps">
      {run.steps.map((step, index) => (
        <StepItem
          key={`${step.name}:${index}`}
          step={step}
          begin={begin}
          from={times[index - 1] ?? begin}
          span={span}
        />
      ))}
    </ol>
  );
}

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

function PendingItem({ step }: { step: PendingStep }) {
  return (
    <li class="pending-step">
      <Status status={AWAITED[step.op] ? 'waiting' : step.op === 'Sleep' ? 'sleeping' : 'again'} />
      <div>
        <span class="step-name">{step.name}</span>{' '}
        <span class="quiet">
          {pendingWords(step)} {step.dueAt && <Time at={step.dueAt} />}
        </span>
        {step.error && (
          <p>
            {step.attempts > 0 && `${step.attempts} failed: `}
            <Line text={step.error.message ?? step.error.name ?? ''} max={1_000} />
          </p>
        )}
      </div>
    </li>
  );
}

function PendingSteps({ steps }: { steps: PendingStep[] }) {
  return (
    <section aria-labelledby="pending-title">
      <div class="section-title">
        <h3 id="pending-title">Begun, not done</h3>
      </div>
      <ul class="steps">
        {steps.map((step) => (
          <PendingItem key={step.name} step={step} />
        ))}
      </ul>
    </section>
  );
}

function RunPanel({ id }: { id: string }) {
  const answer = useAnswer(`run:${id}`, (signal) =>
    query<RunWithSteps>('runs.get', { id }, signal),
  );
  const run = answer.value;
  useReloadOn((event) => event.actor?.['run'] === id || event.id === run?.eventId, answer.reload);
  useAskAgain(answer.reload, run?.status === 'active' || run?.status === 'sleeping');
  const hasEnded =
    run?.status === 'completed' || run?.status === 'failed' || run?.status === 'cancelled';
  const canRetry = run?.status === 'failed' || (run !== undefined && !hasEnded);
  return (
    <section class="split-panel" aria-label="Run">
      <div class="panel">
        <header>
          <h2>{run?.function ?? 'Run'}</h2>
          {run && <Status status={run.status} />}
          <a class="panel-close" href={`/runs${location.search}`} aria-label="Close" title="Esc">
            <Icon name="close" />
          </a>
        </header>
        <Show of={answer}>
          {(known) => (
            <>
              {known.error && (
                <div class="problem in-panel">
                  <p>
                    <b>{known.error.name}</b> <Line text={known.error.message} max={4_000} />
                  </p>
                </div>
              )}
              <div class="actions">
                {canRetry && (
                  <button
                    type="button"
                    class="primary"
                    onClick={() => void retry(id, answer.reload)}
                  >
                    {known.status === 'failed' ? 'Try it again' : 'Try it now'}
                  </button>
                )}
                {!hasEnded && (
                  <button type="button" onClick={() => void cancel(id, answer.reload)}>
                    Cancel
                  </button>
                )}
                <CopyButton label="JSON" text={() => JSON.stringify(known, null, 2)} />
              </div>
              <dl class="facts">
                <dt>For</dt>
                <dd>
                  <a href={`/events/${known.eventId}`}>{known.eventType}</a>{' '}
                  <span class="quiet">position {known.eventPosition}</span>
                </dd>
                <dt>Begun</dt>
                <dd>
                  <Time at={known.createdAt} style="long" />
                </dd>
                <dt>Ended</dt>
                <dd>
                  {known.endedAt ? (
                    <>
                      <Time at={known.endedAt} style="long" />{' '}
                      <span class="quiet">
                        after {duration(Date.parse(known.endedAt) - Date.parse(known.createdAt))}
                      </span>
                    </>
                  ) : (
                    'not yet'
                  )}
                </dd>
                <dt>Attempts</dt>
                <dd>{known.attempts}</dd>
                <dt>Id</dt>
                <dd>
                  <Id id={known.id} />
                </dd>
              </dl>
              <section aria-labelledby="steps-title">
                <div class="section-title">
                  <h3 id="steps-title">Steps</h3>
                </div>
                <Steps run={known} />
              </section>
              {known.pendingSteps?.length ? <PendingSteps steps={known.pendingSteps} /> : null}
            </>
          )}
        </Show>
      </div>
    </section>
  );
}

export default function RunsScreen() {
  const openId = route.value.parts[1];
  useLayoutEffect(() => {
    if (openId === undefined) return undefined;
    return addShortcuts([
      { keys: 'Escape', label: 'Close the run', run: () => go(`/runs${location.search}`) },
    ]);
  }, [openId]);
  return (
    <div class={`split ${openId ? 'has-panel' : ''}`}>
      <RunList openId={openId} />
      {openId && <RunPanel key={openId} id={openId} />}
    </div>
  );
}
