// One event: what it says, whose it is, and what it came from and led to.
import { nounOfType, outcomeOf, type SynapEvent } from '../lib/events.js';
import { correlationOf, isRootMissing } from '../lib/causes.js';
import { podDocument } from '../lib/document.js';
import { go, withQuery } from '../lib/router.js';
import { PodError, query } from '../lib/rpc.js';
import type { Run } from '../lib/runs.js';
import { asCurl, asTypeScript } from '../lib/snippets.js';
import { useOpenTitle } from '../lib/title.js';
import { Show, useAnswer, useReloadOn } from '../parts/answer.js';
import { NounBadge, OutcomeMark } from '../parts/badge.js';
import { CauseTree } from '../parts/cause-tree.js';
import { CopyButton, Id } from '../parts/copy.js';
import { Icon } from '../parts/icon.js';
import { Json } from '../parts/json.js';
import { Button, Fact, Part, Quiet } from '../parts/plain.js';
import { Time } from '../parts/time.js';

// A cause with more events than this is told in part.
const EVENTS_MAX = 500;
const RUNS_MAX = 500;

interface Causes {
  events: SynapEvent[];
  runs: Run[];
  isCut: boolean;
}

async function runsFor(asked: object, signal: AbortSignal): Promise<Run[]> {
  return (await query<{ runs: Run[] }>('runs.list', { ...asked, limit: RUNS_MAX }, signal)).runs;
}

/** All events of one cause, and the runs that were made for them. */
async function causesOf(event: SynapEvent, signal: AbortSignal): Promise<Causes> {
  const correlationId = correlationOf(event);
  const { events, atEnd } = await query<{ events: SynapEvent[]; atEnd: boolean }>(
    'events.list',
    { correlationId, limit: EVENTS_MAX },
    signal,
  );
  const runs = await runsFor({ correlationId }, signal);
  let root = event.correlationId ? undefined : event;
  if (!root && isRootMissing(events, correlationId)) {
    root = await query<SynapEvent>('events.get', { id: correlationId }, signal);
  }
  if (root) {
    events.unshift(root);
    runs.push(...(await runsFor({ eventId: root.id }, signal)));
  }
  return { events, runs, isCut: !atEnd };
}

/** A position is what people see, and write. */
async function eventAt(position: number, signal: AbortSignal): Promise<SynapEvent> {
  const { events } = await query<{ events: SynapEvent[] }>(
    'events.list',
    { after: Math.max(position, 1) - 1, limit: 1 },
    signal,
  );
  const event = events.find((one) => one.position === position);
  if (!event) throw new Error(`There is no event of yours at position ${position}`);
  return event;
}

/** By its id a damaged one is refused; by its position it is shown as what can be read of it. */
async function eventOf(id: string, signal: AbortSignal): Promise<SynapEvent> {
  try {
    return await query<SynapEvent>('events.get', { id }, signal);
  } catch (error) {
    const { reason, position } = error instanceof PodError ? error.details : {};
    if (reason !== 'EVENT_DAMAGED' || position === undefined) throw error;
    return eventAt(position, signal);
  }
}

function ThingLink({ event }: { event: SynapEvent }) {
  const noun = podDocument.value?.nouns.find((one) => one.name === event.aggregateType);
  if (!event.aggregateId) return <Quiet>nothing</Quiet>;
  return (
    <>
      {noun ? (
        <a href={`/${noun.plural}/${event.aggregateId}`}>{event.aggregateType}</a>
      ) : (
        event.aggregateType
      )}{' '}
      <Id id={event.aggregateId} />{' '}
      {event.aggregateVersion !== undefined && <Quiet>event {event.aggregateVersion} of it</Quiet>}{' '}
      <a href={`/events?q=about:${event.aggregateId}`}>its events</a>
    </>
  );
}

function Facts({ event }: { event: SynapEvent }) {
  const actor = Object.entries(event.actor ?? {});
  return (
    <dl class="facts">
      <Fact of="When">
        <Time at={event.timestamp} style="long" />{' '}
        <Quiet>
          <Time at={event.timestamp} style="ago" />
        </Quiet>
      </Fact>
      <Fact of="Position">{event.position}</Fact>
      <Fact of="About">
        <ThingLink event={event} />
      </Fact>
      <Fact of="Who">
        {actor.length === 0
          ? 'the pod itself'
          : actor.map(([kind, id]) => (
              <span key={kind}>
                {kind === 'run' ? <a href={`/runs/${id}`}>run</a> : kind} <Id id={id} />{' '}
              </span>
            ))}
        <Quiet>of user</Quiet> <Id id={event.userId} />
      </Fact>
      <Fact of="Source">{event.source}</Fact>
      {event.requestId && (
        <Fact of="Request">
          <Id id={event.requestId} />{' '}
          <a href={`/events?q=request:${event.requestId}`}>its events</a>
        </Fact>
      )}
      <Fact of="Id">
        <Id id={event.id} />
      </Fact>
    </dl>
  );
}

function CausesOf({ event }: { event: SynapEvent }) {
  const causes = useAnswer(`causes:${event.id}`, (signal) => causesOf(event, signal));
  useReloadOn((other) => other.correlationId === correlationOf(event), causes.reload);
  return (
    <Part id="causes-title" title="Causes">
      <Show of={causes}>
        {({ events, runs, isCut }) => (
          <>
            <CauseTree events={events} runs={runs} openId={event.id} />
            {isCut && <p class="cut">Only the first {EVENTS_MAX} are shown.</p>}
          </>
        )}
      </Show>
    </Part>
  );
}

export function EventPanel({ id }: { id: string }) {
  const answer = useAnswer(`event:${id}`, (signal) =>
    /^\d{1,15}$/.test(id) ? eventAt(Number(id), signal) : eventOf(id, signal),
  );
  useOpenTitle(answer.value?.type);
  const close = () => go(withQuery({}).replace(/^\/events\/[^?]*/, '/events'));
  return (
    <section class="split-panel" aria-label="Event">
      <div class="panel">
        <header>
          {answer.value && (
            <h2>
              <OutcomeMark outcome={outcomeOf(answer.value.type)} />{' '}
              <NounBadge noun={nounOfType(answer.value.type)} /> {answer.value.type}
            </h2>
          )}
          <Button
            class="plain panel-close"
            onClick={close}
            aria-label="Close the event"
            title="Esc"
          >
            <Icon name="close" />
          </Button>
        </header>
        <Show of={answer}>
          {(event) => (
            <>
              {event.damaged && (
                <p class="issue" role="alert">
                  This event is damaged on disk: what it said cannot be read any more.{' '}
                  <code>synap doctor --deep</code> names all that are.
                </p>
              )}
              <Facts event={event} />
              <CausesOf event={event} />
              <Part
                id="data-title"
                title={`Data${event.erased ? ' (erased)' : event.damaged ? ' (damaged)' : ''}`}
                more={
                  <>
                    <CopyButton label="JSON" text={() => JSON.stringify(event, null, 2)} />
                    <CopyButton
                      label="curl"
                      text={() => asCurl('events.get', { id: event.id }, 'query')}
                    />
                    <CopyButton
                      label="TypeScript"
                      text={() => asTypeScript('events.get', { id: event.id }, 'query')}
                    />
                  </>
                }
              >
                <Json value={event.data} label="Data of the event as JSON" />
              </Part>
              {event.metadata && (
                <section>
                  <h3>Metadata</h3>
                  <Json value={event.metadata} label="Metadata of the event as JSON" />
                </section>
              )}
            </>
          )}
        </Show>
      </div>
    </section>
  );
}
