// One run: how it went over time, what each step was given and came to, and what can be done with it.
import { useState } from 'preact/hooks';

import type { AgentRun } from '../lib/chat.js';
import type { SynapEvent } from '../lib/events.js';
import { go } from '../lib/router.js';
import { mutate, query } from '../lib/rpc.js';
import {
  hasEnded,
  isOfApp,
  nameOfFunction,
  type RunWithSteps,
  type Step,
  wordsOfError,
} from '../lib/runs.js';
import { bytes, duration } from '../lib/time.js';
import { useOpenTitle } from '../lib/title.js';
import { waterfallOf, type WaterfallRow } from '../lib/waterfall.js';
import { attempt, JsonForm } from '../parts/json-form.js';
import { Show, useQuery, useAskAgain, useReloadOn } from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { CopyButton, Id } from '../parts/copy.js';
import { Json } from '../parts/json.js';
import { Button, Fact, Panel, Part, Quiet } from '../parts/plain.js';
import { Questions } from '../parts/questions.js';
import { say, sayError } from '../parts/say.js';
import { LongText, Line } from '../parts/text.js';
import { Time } from '../parts/time.js';
import { Waterfall } from '../parts/waterfall.js';

const openRun = (id: string): void => go(`/runs/${id}${location.search}`);

async function rerun(id: string, more: { fromStep?: string; input?: unknown } = {}): Promise<void> {
  try {
    const { runId } = await mutate<{ runId: string }>('runs.rerun', { id, ...more });
    say('This is the new run');
    openRun(runId);
  } catch (error) {
    sayError(error);
  }
}

/** What a step came to, without what it is wrapped in. An event that was waited for is not wrapped. */
function ofStep(result: unknown): unknown {
  const { data, error, name } = (result ?? {}) as {
    data?: unknown;
    error?: unknown;
    name?: unknown;
  };
  return name === undefined ? (error ?? data ?? null) : result;
}

/** What is too large to come with the run: its beginning, and the whole when it is asked for. */
function Large(props: {
  id: string;
  step?: string;
  size: number;
  preview: string | undefined;
  label: string;
}) {
  const [whole, setWhole] = useState<{ result: unknown }>();
  const ask = () =>
    query<{ result: unknown }>('runs.result', {
      id: props.id,
      ...(props.step ? { step: props.step } : {}),
    }).then(setWhole, sayError);
  if (whole)
    return <Json value={props.step ? ofStep(whole.result) : whole.result} label={props.label} />;
  return (
    <>
      <LongText text={`${props.preview ?? ''}…`} label={`The beginning of: ${props.label}`} />
      <p class="cut">
        The beginning of {bytes(props.size)}.{' '}
        <Button class="link" onClick={() => void ask()}>
          Show the whole
        </Button>
      </p>
    </>
  );
}

const OP_WORDS: Record<string, string> = {
  StepRun: 'Done',
  StepFailed: 'Failed for good',
  Sleep: 'Slept until',
  WaitForEvent: 'Waited for an event until',
  WaitForSignal: 'Waited for a signal until',
  InvokeFunction: 'Another function answered',
};

function Input({ row }: { row: WaterfallRow }) {
  const input = row.step?.input ?? row.pending?.input;
  if (input === undefined) return null;
  const op = row.step?.op ?? row.pending?.op;
  const child = (input as { eventId?: unknown } | null)?.eventId;
  return (
    <>
      <h4>What it was given</h4>
      <Json value={input} label={`Input of ${row.name}`} />
      {op === 'InvokeFunction' && typeof child === 'string' && (
        <p>
          <a href={`/runs?q=event:${encodeURIComponent(child)}`}>The run of the other function</a>
        </p>
      )}
    </>
  );
}

function Result({ id, step }: { id: string; step: Step }) {
  const label = `Result of ${step.name}`;
  if (step.resultBytes !== undefined) {
    return (
      <Large
        id={id}
        step={step.hash}
        size={step.resultBytes}
        preview={step.resultPreview}
        label={label}
      />
    );
  }
  return <Json value={ofStep(step.result)} label={label} />;
}

function StepActions({ run, step }: { run: RunWithSteps; step: Step }) {
  const [isEditing, setEditing] = useState(false);
  const mayEdit = isOfApp(run.function) && (step.op === 'StepRun' || step.op === 'StepFailed');
  return (
    <>
      <p class="actions">
        <Button
          class="small"
          title="A new run: what was done before this step is taken over"
          onClick={() => void rerun(run.id, { fromStep: step.hash })}
        >
          Rerun from here
        </Button>
        {mayEdit && (
          <Button class="small" aria-expanded={isEditing} onClick={() => setEditing(!isEditing)}>
            With another input
          </Button>
        )}
      </p>
      {isEditing && (
        <JsonForm
          label={`Arguments of ${step.name}`}
          help="A list. The step is given these in the new run."
          initial={JSON.stringify(step.input ?? [], null, 2)}
          action="Rerun with these"
          shape="list"
          onSubmit={(input) => rerun(run.id, { fromStep: step.hash, input })}
        />
      )}
    </>
  );
}

function RowDetail({ run, row }: { run: RunWithSteps; row: WaterfallRow }) {
  const { step } = row;
  if (row.what === 'queue') {
    return (
      <p class="quiet">
        Queued <Time at={run.createdAt} style="long" />
        {run.startedAt && (
          <>
            , first called <Time at={run.startedAt} style="long" />
            {run.node && `, last by the node ${run.node}`}
          </>
        )}
      </p>
    );
  }
  return (
    <>
      <Input row={row} />
      {step && (
        <>
          <p class="quiet">
            {OP_WORDS[step.op] ?? step.op} <Time at={step.endedAt ?? step.storedAt} style="long" />
          </p>
          <Result id={run.id} step={step} />
          {step.hash && <StepActions run={run} step={step} />}
        </>
      )}
    </>
  );
}

function Output({ run }: { run: RunWithSteps }) {
  if (run.outputBytes === undefined && run.output === undefined) return null;
  return (
    <Part id="output-title" title="What it came to">
      {run.outputBytes === undefined ? (
        <Json value={run.output} label="Output of the run" />
      ) : (
        <Large
          id={run.id}
          size={run.outputBytes}
          preview={run.outputPreview}
          label="Output of the run"
        />
      )}
    </Part>
  );
}

/** A dead letter's function is invoked with other data; the letter is put away. */
export function EditedReplay({
  run,
  onDone,
}: {
  run: { id: string; eventId: string };
  onDone(runId: string): void;
}) {
  const event = useQuery<SynapEvent>('events.get', { id: run.eventId });
  const replay = async (data: unknown): Promise<void> => {
    try {
      const { runId } = await mutate<{ runId?: string }>('deadLetters.replay', {
        id: run.id,
        data,
      });
      say('This is the new run');
      onDone(runId ?? '');
    } catch (error) {
      sayError(error);
    }
  };
  return (
    <Show of={event}>
      {(known) => (
        <JsonForm
          label="Data of the event, edited"
          help="The dead letter is put away, and its function has a new run with these."
          initial={JSON.stringify(known.data ?? {}, null, 2)}
          action="Replay with these"
          shape="object"
          onSubmit={replay}
        />
      )}
    </Show>
  );
}

function Actions({ run, reload }: { run: RunWithSteps; reload(): void }) {
  const [isEditing, setEditing] = useState(false);
  const act = async (name: string, done: string) => {
    if (await attempt(() => mutate(name, { id: run.id }), done)) reload();
  };
  const isOver = hasEnded(run);
  const isDead = run.status === 'failed';
  return (
    <>
      <div class="actions">
        {(isDead || !isOver) && (
          <Button class="primary" onClick={() => void act('runs.retry', 'It is tried again')}>
            {isDead ? 'Try it again' : 'Try it now'}
          </Button>
        )}
        {!isOver && (
          <Button
            onClick={() => void act('runs.cancel', 'It is cancelled; what it has done stays done')}
          >
            Cancel
          </Button>
        )}
        {isOver && (
          <Button title="A new run for the same event" onClick={() => void rerun(run.id)}>
            Rerun
          </Button>
        )}
        {isDead && isOfApp(run.function) && (
          <Button aria-expanded={isEditing} onClick={() => setEditing(!isEditing)}>
            Edit and replay
          </Button>
        )}
        {isDead && (
          <Button
            onClick={() => void act('deadLetters.discard', 'It is put away; it can be rerun')}
          >
            Put away
          </Button>
        )}
        <CopyButton label="JSON" text={() => JSON.stringify(run, null, 2)} />
      </div>
      {isEditing && isDead && <EditedReplay run={run} onDone={openRun} />}
    </>
  );
}

const ORIGIN_WORDS = { invoke: 'invoked', rerun: 'a rerun of', replay: 'a replay' };

function Facts({ run }: { run: RunWithSteps }) {
  const { origin } = run;
  return (
    <dl class="facts">
      <Fact of="For">
        <a href={`/events/${run.eventId}`}>{run.eventType}</a>{' '}
        <Quiet>position {run.eventPosition}</Quiet>
        {run.events && run.events.length > 1 && <Quiet>, one of {run.events.length} events</Quiet>}
      </Fact>
      {origin && (
        <>
          <Fact of="It is">
            {ORIGIN_WORDS[origin.kind]}{' '}
            {origin.runId && <a href={`/runs/${origin.runId}${location.search}`}>this run</a>}
            {origin.fromStep && (
              <>
                {' '}
                from <Line text={origin.fromStep} max={120} />
              </>
            )}
            {origin.edited && <Quiet>, with another input</Quiet>}
          </Fact>
        </>
      )}
      <Fact of="Queued">
        <Time at={run.createdAt} style="long" />
        {run.queueDelayMs !== undefined && <Quiet> for {duration(run.queueDelayMs)}</Quiet>}
      </Fact>
      <Fact of="Ended">
        {run.endedAt ? (
          <>
            <Time at={run.endedAt} style="long" />{' '}
            <Quiet>after {duration(Date.parse(run.endedAt) - Date.parse(run.createdAt))}</Quiet>
          </>
        ) : (
          'not yet'
        )}
      </Fact>
      <Fact of="Attempts">{run.attempts}</Fact>
      <Fact of="Id">
        <Id id={run.id} />
      </Fact>
    </dl>
  );
}

/** What a run of an agent waits for: it is carried out by this one, for the event that began it. */
function QuestionsOfAgent({ eventId }: { eventId: string }) {
  const event = useQuery<SynapEvent>('events.get', { id: eventId });
  const id = event.value?.aggregateId;
  return id ? <AskingAgent id={id} /> : null;
}

function AskingAgent({ id }: { id: string }) {
  const { value, reload } = useQuery<AgentRun>('agents.get', { id });
  useReloadOn((event) => event.aggregateId === id, reload);
  useAskAgain(reload, true);
  if (value?.status !== 'interrupted') return null;
  return (
    <Part id="questions-title" title="It asks">
      <Questions run={value} />
    </Part>
  );
}

export function RunPanel({ id, back = `/runs${location.search}` }: { id: string; back?: string }) {
  const answer = useQuery<RunWithSteps>('runs.get', { id });
  const run = answer.value;
  useOpenTitle(run && nameOfFunction(run.function));
  useReloadOn(
    (event) =>
      event.actor?.['run'] === id ||
      event.id === run?.eventId ||
      (event.data as { runId?: unknown } | undefined)?.runId === id,
    answer.reload,
  );
  useAskAgain(answer.reload, run !== undefined && !hasEnded(run));
  return (
    <Panel
      label="Run"
      back={back}
      title={
        <>
          <h2>{run ? nameOfFunction(run.function) : 'Run'}</h2>
          {run && <Status status={run.status} />}
        </>
      }
    >
      <Show of={answer}>
        {(known) => (
          <>
            {known.error && (
              <div class="problem in-panel">
                <p>
                  <b title={known.error.name}>{wordsOfError(known.error.name)}:</b>{' '}
                  <Line text={known.error.message} max={4_000} />
                </p>
              </div>
            )}
            <Actions run={known} reload={answer.reload} />
            {known.eventType === 'agent.run.requested' && !hasEnded(known) && (
              <QuestionsOfAgent eventId={known.eventId} />
            )}
            <Facts run={known} />
            <Part id="steps-title" title="How it went">
              <Waterfall
                run={known}
                drawn={waterfallOf(known, Date.now())}
                detail={(row) => <RowDetail run={known} row={row} />}
              />
            </Part>
            <Output run={known} />
          </>
        )}
      </Show>
    </Panel>
  );
}
