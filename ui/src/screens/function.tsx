// One function: what starts it, its limits, whether it is paused; to invoke it, to try it with an event,
// and to replay it for events of the past.
import { useState } from 'preact/hooks';

import { podDocument } from '../lib/document.js';
import { type FunctionInfo, limitWords, progressOf, type Replay } from '../lib/functions.js';
import { timeOf } from '../lib/filter.js';
import { go } from '../lib/router.js';
import { mutate, plain } from '../lib/rpc.js';
import { nameOfFunction } from '../lib/runs.js';
import { isOwner, session } from '../lib/session.js';
import { duration, number } from '../lib/time.js';
import { useOpenTitle } from '../lib/title.js';
import { Show, useQuery, useAskAgain, useReloadOn } from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { Id } from '../parts/copy.js';
import { Icon } from '../parts/icon.js';
import { attempt, JsonForm } from '../parts/json-form.js';
import { Button, Fact, Panel } from '../parts/plain.js';
import { say, sayError } from '../parts/say.js';
import { Line } from '../parts/text.js';
import { Time } from '../parts/time.js';

function Pause({ one }: { one: FunctionInfo }) {
  const { pause } = one;
  if (!pause) return null;
  return (
    <div class="problem in-panel is-calm" role="status">
      <p>
        {pause.by === 'person' ? (
          <>
            Paused{' '}
            {pause.user === undefined ? (
              'by a person'
            ) : pause.user === session.value?.user.id ? (
              'by you'
            ) : (
              <>
                by the user <Id id={pause.user} />
              </>
            )}
            {pause.since && (
              <>
                {' '}
                since <Time at={pause.since} style="long" />
              </>
            )}
            . What triggers it waits until it is resumed.
          </>
        ) : (
          <>
            Paused by an outage: what it needs does not answer.
            {pause.until && (
              <>
                {' '}
                The next look is <Time at={pause.until} />.
              </>
            )}
          </>
        )}
      </p>
    </div>
  );
}

function Facts({ one }: { one: FunctionInfo }) {
  const { counts } = one;
  return (
    <dl class="facts">
      <Fact of="From">{one.app ? <Line text={`the app ${one.app}`} /> : 'the pod'}</Fact>
      {one.triggers.map((trigger) => (
        <>
          <Fact of="Triggered by">
            <code>{trigger.event}</code>
            {trigger.if && (
              <>
                , if <code>{trigger.if}</code>
              </>
            )}
            {trigger.problem && ` (${trigger.problem})`}
          </Fact>
        </>
      ))}
      {one.schedules.map(({ cron, jitterMs }) => (
        <Fact of="Schedule">
          <code>{cron}</code>
          {jitterMs !== undefined && ` up to ${duration(jitterMs)} later`}
        </Fact>
      ))}
      <Fact of="Retries">{one.retries}</Fact>
      {limitWords(one.limits).map(([name, words]) => (
        <Fact of={name}>
          <Line text={words} max={1_000} />
        </Fact>
      ))}
      <Fact of="Now">
        {number(one.waiting)} waiting, {number(one.running)} running
      </Fact>
      {counts && (
        <Fact of="Since the start">
          {number(counts.completed)} completed, {number(counts.retried)} tried again,{' '}
          {number(counts.slept)} slept, {number(counts.givenUp)} given up
          {counts.paused > 0 && `, ${number(counts.paused)} put off by outages`}
        </Fact>
      )}
      <dt>Id</dt>
      <dd class="hash">
        <code>{one.id}</code>
      </dd>
    </dl>
  );
}

function Invoke({ id }: { id: string }) {
  const invoke = async (data: unknown): Promise<void> => {
    try {
      const { runId, eventId } = await mutate<{ runId?: string; eventId: string }>(
        'functions.invoke',
        { id, data },
      );
      say('It is invoked');
      // Its limits may say that it has a run later.
      go(runId ? `/runs/${runId}` : `/runs?q=event:${eventId}`);
    } catch (error) {
      sayError(error);
    }
  };
  return (
    <JsonForm
      label="Data that it is handed"
      initial="{}"
      action="Invoke"
      shape="object"
      onSubmit={invoke}
    />
  );
}

/** Types of the user's own are published; those of apps go in where apps send them. */
async function sendEvent(type: string, data: unknown): Promise<void> {
  if (type.startsWith('x.')) {
    await mutate('events.publish', { type, data });
    return;
  }
  const response = await plain('/e/page', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: type, data }),
  });
  if (response.ok) return;
  if (response.status === 401) {
    throw new Error(
      'The pod takes events of apps with an event key only, unless it runs with --dev. Invoke the function instead.',
    );
  }
  const { error, message } = (await response.json().catch(() => ({}))) as {
    error?: unknown;
    message?: unknown;
  };
  throw new Error(String(error ?? message ?? `The pod answered ${response.status}`));
}

function TestEvent({ one }: { one: FunctionInfo }) {
  const [type, setType] = useState(one.triggers[0]?.event.replace(/\*$/, '') ?? '');
  const send = async (data: unknown): Promise<void> => {
    await attempt(() => sendEvent(type, data), `${type} is sent`);
  };
  return (
    <>
      <label>
        Type of the event
        <input
          type="text"
          class="mono"
          spellcheck={false}
          value={type}
          onInput={(event) => setType(event.currentTarget.value)}
        />
      </label>
      <JsonForm
        label="Data of the event"
        initial="{}"
        action="Send"
        shape="object"
        onSubmit={send}
      />
    </>
  );
}

const REPLAY_FIELDS = [
  { name: 'from', label: 'From', help: 'A time, or as 2h. Nothing: the first event.' },
  { name: 'to', label: 'To', help: 'Nothing: the last event there is now.' },
  { name: 'filter', label: 'Filter', help: 'An expression: event.data.total > 100' },
] as const;

function NewReplay({ id, onBegun }: { id: string; onBegun(): void }) {
  const [values, setValues] = useState({ from: '', to: '', filter: '' });
  const [repeats, setRepeats] = useState(false);
  const begin = (event: Event): void => {
    event.preventDefault();
    const input: Record<string, unknown> = { id, repeats };
    for (const name of ['from', 'to'] as const) {
      if (!values[name]) continue;
      const at = timeOf(values[name]);
      if (at === undefined) return say('Give a time, or as 2h, 30min, 7d', 'bad');
      input[name] = new Date(at).toISOString();
    }
    if (values.filter) input['filter'] = values.filter;
    void attempt(() => mutate('functions.replay', input), 'The replay has begun').then(
      (isDone) => isDone && onBegun(),
    );
  };
  return (
    <form class="json-form" onSubmit={begin}>
      {REPLAY_FIELDS.map(({ name, label, help }) => (
        <label key={name}>
          {label}
          <input
            type="text"
            spellcheck={false}
            placeholder={help}
            value={values[name]}
            onInput={(event) => setValues({ ...values, [name]: event.currentTarget.value })}
          />
        </label>
      ))}
      <label class="check">
        <input
          type="checkbox"
          checked={repeats}
          onChange={(event) => setRepeats(event.currentTarget.checked)}
        />
        Also for events that had a run of it
      </label>
      <p class="actions">
        <button type="submit" class="primary">
          Replay
        </button>
      </p>
    </form>
  );
}

function ReplayItem({ replay, reload }: { replay: Replay; reload(): void }) {
  const cancel = () =>
    void attempt(
      () => mutate('functions.cancelReplay', { id: replay.id }),
      'It makes no more runs',
    ).then(reload);
  return (
    <li class="replay">
      <Status status={replay.status} />
      <div>
        <progress
          max={1}
          value={progressOf(replay)}
          aria-label={`The replay of ${new Date(replay.createdAt).toLocaleString()}`}
        />{' '}
        <Time at={replay.createdAt} />
        <p class="quiet">
          {number(replay.made)} runs, {number(replay.passedOver)} events passed over, looked to
          position {number(replay.lookedTo)} of {number(replay.toPosition)}
          {replay.filter && (
            <>
              , if <code class="hash">{replay.filter}</code>
            </>
          )}
        </p>
      </div>
      {replay.status === 'active' && (
        <Button class="small" onClick={cancel}>
          Cancel
        </Button>
      )}
    </li>
  );
}

function Replays({ id }: { id: string }) {
  const answer = useQuery<{ replays: Replay[] }>('functions.replays', { function: id });
  useAskAgain(
    answer.reload,
    answer.value?.replays.some(({ status }) => status === 'active') ?? false,
  );
  return (
    <>
      <Show of={answer}>
        {({ replays }) => (
          <ul class="replays">
            {replays.map((replay) => (
              <ReplayItem key={replay.id} replay={replay} reload={answer.reload} />
            ))}
          </ul>
        )}
      </Show>
      <NewReplay id={id} onBegun={answer.reload} />
    </>
  );
}

/** What can be done, each folded until it is asked for. */
function Doings({ one }: { one: FunctionInfo }) {
  const has = (name: string) => podDocument.value?.has(name) ?? false;
  return (
    <>
      {one.isInvocable && has('functions.invoke') && (
        <details class="doing">
          <summary>Invoke it</summary>
          <Invoke id={one.id} />
        </details>
      )}
      {one.app && one.triggers.length > 0 && (
        <details class="doing">
          <summary>Send a test event</summary>
          <TestEvent one={one} />
        </details>
      )}
      {one.triggers.length > 0 && one.isInvocable && has('functions.replay') && (
        <details class="doing">
          <summary>Replay it for events of the past</summary>
          <Replays id={one.id} />
        </details>
      )}
    </>
  );
}

export function FunctionPanel({ id }: { id: string }) {
  const answer = useQuery<FunctionInfo>('functions.get', { id });
  const one = answer.value;
  useOpenTitle(one && nameOfFunction(one.id));
  useReloadOn((event) => event.type.startsWith('function.'), answer.reload);
  useAskAgain(answer.reload, true);
  const isPaused = one?.pause?.by === 'person';
  const toggle = () =>
    void attempt(
      () => mutate(isPaused ? 'functions.resume' : 'functions.pause', { id }),
      isPaused ? 'It goes on' : 'It is paused; what triggers it waits',
    ).then(answer.reload);
  return (
    <Panel label="Function" back="/functions" title={<h2>{nameOfFunction(id)}</h2>}>
      <Show of={answer}>
        {(known) => (
          <>
            <Pause one={known} />
            <div class="actions">
              {(known.isYours || isOwner()) && (
                <Button class={isPaused ? 'primary' : ''} onClick={toggle}>
                  <Icon name={isPaused ? 'play' : 'pause'} />
                  {isPaused ? 'Resume' : 'Pause'}
                </Button>
              )}
              <a href={`/runs?q=${encodeURIComponent(`function:${id}`)}`}>Its runs</a>
              {podDocument.value?.has('deadLetters.groups') && (
                <a href={`/dead-letters?function=${encodeURIComponent(id)}`}>Its dead letters</a>
              )}
            </div>
            <Facts one={known} />
            <Doings one={known} />
          </>
        )}
      </Show>
    </Panel>
  );
}
