// The pod: its curves, its read models, whether its log is whole, its settings, and what doctor says.
import { useEffect, useState } from 'preact/hooks';

import { CURVES, inOwnTime, pointsOf, type PodSample, type PodSamples } from '../lib/curves.js';
import { podDocument } from '../lib/document.js';
import { isOutdated, metricsProblem, samples, watchMetrics } from '../lib/metrics.js';
import { messageOf, query } from '../lib/rpc.js';
import { isOwner } from '../lib/session.js';
import { bytes, duration, number } from '../lib/time.js';
import { untilAnswered } from '../lib/until-answered.js';
import { Empty, Show, useAnswer, useQuery } from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { Curve } from '../parts/curve.js';
import { Nodes } from '../parts/nodes.js';
import { Button, Card, Head, Quiet } from '../parts/plain.js';
import { Time } from '../parts/time.js';
import { SearchStatus } from '../parts/search-status.js';
import { Projections } from './read-models.js';

const perSecond = (value: number): string =>
  `${value < 10 ? value.toFixed(1) : number(Math.round(value))} /s`;
const milliseconds = (seconds: number): string =>
  seconds < 0.01 ? `${(seconds * 1000).toFixed(2)} ms` : duration(seconds * 1000);

// The page's own samples are of four minutes: the pod's are asked for again before these run out.
const KEPT_EVERY_MS = 120_000;

/** What the pod has kept; of one that does not know the procedure nothing. */
function useKept(): PodSample[] {
  const isKept = podDocument.value?.has('pod.samples') ?? false;
  const answer = useAnswer(`samples:${isKept}`, async (signal) => {
    if (!isKept) return [];
    return inOwnTime(await query<PodSamples>('pod.samples', undefined, signal), Date.now());
  });
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && answer.reload(), KEPT_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return answer.value ?? [];
}

function Curves() {
  useEffect(watchMetrics, []);
  const kept = useKept();
  const live = samples.value;
  const points = (name: keyof typeof CURVES) => pointsOf(name, kept, live);
  return (
    <section aria-labelledby="curves-title">
      <h2 id="curves-title" class="unseen">
        The last hour
      </h2>
      {metricsProblem.value && <p class="issue">{metricsProblem.value}</p>}
      <div class={`curves ${isOutdated.value ? 'is-outdated' : ''}`}>
        <Curve label="Events" points={points('events')} format={perSecond} />
        <Curve label="Calls" points={points('calls')} format={perSecond} />
        <Curve label="Commit, mean" points={points('commit')} format={milliseconds} />
        <Curve label="Sync, mean" points={points('sync')} format={milliseconds} />
        <Curve label="Memory" points={points('memory')} format={bytes} />
        <Curve label="Connections" points={points('connections')} format={number} />
        <Curve label="Queue" points={points('queue')} format={number} />
        <Curve label="Lag" points={points('lag')} format={number} />
        <Curve label="Log of changes" points={points('logOfChanges')} format={bytes} />
      </div>
      <p class="help curves-help">
        The last hour, as far as the pod has run, and live from here on.
      </p>
    </section>
  );
}

interface Verified {
  events: number;
  ok: boolean;
  nextAfter?: number;
  broken?: { position?: number };
}

// So long a part of the log is asked for while the pod does not answer.
const PART_WITHIN_MS = 20_000;

/** How far the chain has been gone through, and what was found. */
interface Proof {
  events: number;
  isBusy: boolean;
  status: 'ok' | 'fail' | 'warn';
  words: string;
}

/** Goes through the hash chain of the log, part by part. */
function LogProof() {
  const [state, setState] = useState<Proof>();
  const [left] = useState(() => new AbortController());
  useEffect(() => () => left.abort(), []);
  const head = useQuery<{ position: number; hash: string }>('events.head');
  const verify = async (): Promise<void> => {
    const { signal } = left;
    let events = 0;
    let after: number | undefined = 0;
    const tell = (status: Proof['status'], words: string, isBusy = false): void => {
      if (!signal.aborted) setState({ events, status, words, isBusy });
    };
    tell('ok', '', true);
    try {
      while (after !== undefined) {
        const input: { after: number } = { after };
        // A part whose answer was lost is asked for again, and not all of them.
        const part: Verified = await untilAnswered(
          () => query<Verified>('log.verify', input, signal),
          { signal, withinMs: PART_WITHIN_MS },
        );
        events += part.events;
        if (!part.ok)
          return tell('fail', `The chain is broken at position ${part.broken?.position ?? '?'}`);
        after = part.nextAfter;
        tell('ok', `${number(events)} events continue the chain.`, after !== undefined);
      }
    } catch (error) {
      return tell(
        'warn',
        `${number(events)} events continue the chain; the others were not asked for: ${messageOf(error)}`,
      );
    }
    head.reload();
  };
  return (
    <Card
      title="The log"
      more={
        <Button onClick={() => void verify()} disabled={state?.isBusy}>
          {state?.isBusy ? `${number(state.events)} events…` : 'Verify the hash chain'}
        </Button>
      }
    >
      <div class="in-card">
        {head.value && (
          <p>
            Position {number(head.value.position)}, hash <code class="hash">{head.value.hash}</code>
          </p>
        )}
        {state && !state.isBusy && (
          <p role="status">
            <Status status={state.status} /> {state.words}
          </p>
        )}
      </div>
    </Card>
  );
}

interface Check {
  name: string;
  status: string;
  message: string;
  advice?: string;
}

const MOMENT = /(\d{4}-\d\d-\d\dT[\d:.]+Z)/;

/** What the pod says, with its times in the reader's zone. */
function Told({ text }: { text: string }) {
  return (
    <>
      {text
        .split(MOMENT)
        .map((part, index) => (index % 2 ? <Time key={index} at={part} style="long" /> : part))}
    </>
  );
}

function Doctor() {
  const answer = useQuery<{ checks: Check[]; at?: string }>('pod.doctor');
  return (
    <Card
      title="Doctor"
      more={
        <Button onClick={answer.reload} disabled={answer.isLoading}>
          {answer.isLoading ? 'Looking…' : 'Look again'}
        </Button>
      }
    >
      <Show of={answer}>
        {({ checks, at }) => (
          <ul class="checks">
            {checks.map((check) => (
              <li key={check.name}>
                <Status status={check.status} />
                <div>
                  <b>{check.name}</b> <Told text={check.message} />
                  {check.advice && (
                    <p class="help">
                      <Told text={check.advice} />
                    </p>
                  )}
                </div>
              </li>
            ))}
            {at && (
              <li class="quiet">
                <Time at={at} style="long" />
              </li>
            )}
          </ul>
        )}
      </Show>
    </Card>
  );
}

interface Setting {
  name: string;
  value: unknown;
  default?: unknown;
  from: string;
  description?: string;
}

const asWritten = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : value === undefined || value === null
      ? ''
      : JSON.stringify(value);

function Settings() {
  const answer = useQuery<{ settings: Setting[] }>('pod.settings');
  return (
    <Card title="Settings in force">
      <Show of={answer}>
        {({ settings }) => (
          <div class="table-box">
            <table class="cards">
              <Head of="Setting|Value|From" />
              <tbody>
                {settings.map((setting) => (
                  <tr key={setting.name}>
                    <td>
                      <code>{setting.name}</code>
                      {setting.description && <p class="help">{setting.description}</p>}
                    </td>
                    <td class="setting-value" data-label="Value">
                      <code>{asWritten(setting.value) || '–'}</code>
                    </td>
                    <td data-label="From">
                      {setting.from === 'default' ? <Quiet>default</Quiet> : <b>{setting.from}</b>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Show>
    </Card>
  );
}

export default function PodScreen() {
  const pod = podDocument.value;
  if (!isOwner()) {
    return (
      <div class="sheet">
        <h1>Pod</h1>
        <Empty title="What the pod does and how it is set is shown to its owners." />
      </div>
    );
  }
  return (
    <div class="sheet">
      <h1>Pod {pod && <Quiet>{pod.version}</Quiet>}</h1>
      <Curves />
      {pod?.has('pod.doctor') && <Doctor />}
      {pod?.has('nodes.list') && <Nodes />}
      <Projections />
      {pod?.has('search.status') && <SearchStatus />}
      {pod?.has('log.verify') && <LogProof />}
      {pod?.has('pod.settings') && <Settings />}
    </div>
  );
}
