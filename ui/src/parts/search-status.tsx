// How far the indexes of search are, and by which model meanings are found.
import type { ComponentChildren } from 'preact';

import { bytes, duration, number } from '../lib/time.js';
import { Show, useQuery, useAskAgain } from './answer.js';
import { Status } from './badge.js';
import { Quiet } from './plain.js';

export interface IndexStatus {
  status: 'live' | 'filling' | 'rebuilding' | 'failing';
  documents: number;
  position: number;
  lag: number;
  end: number;
  filledTo?: number;
  error?: string;
  /** That are searched, one's own behind those of the pod. */
  types: { name: string; icon?: string }[];
  meaning?: MeaningStatus;
}

interface MeaningStatus {
  status: 'none' | IndexStatus['status'];
  model?: string;
  dimension?: number;
  passages: number;
  position?: number;
  lag?: number;
  filledTo?: number;
  passagesPerSecond: number;
  etaSeconds?: number;
  memoryBytes: number;
  memoryBytesMax: number;
  error?: string;
}

const CALM_MS = 30_000;
const BUSY_MS = 2_500;

export function useIndexStatus() {
  return useQuery<IndexStatus>('search.status');
}

interface State {
  label: string;
  status: string;
  done: number | undefined;
  end: number;
  left?: number | undefined;
  error?: string | undefined;
  children: ComponentChildren;
}

/** One index: its state, how far it is while it is not done, and what is in it. */
function Index({ label, status, done, end, left, error, children }: State) {
  const isOpen = (status === 'filling' || status === 'rebuilding') && done !== undefined;
  return (
    <li>
      <Status status={status === 'failing' ? 'fail' : status} />
      <div>
        <b>{label}</b> {children}
        {isOpen && (
          <p class="progress">
            <progress max={end || 1} value={done} aria-label={`${label}: how far it is`} />
            <Quiet>
              {`${number(done)} of ${number(end)} events`}
              {left !== undefined && `, some ${duration(left * 1000)} left`}
            </Quiet>
          </p>
        )}
        {error && (
          <p class="issue">
            <bdi>{error}</bdi>
          </p>
        )}
      </div>
    </li>
  );
}

/** Of the model that is used; where there is none, how to have one. */
function MeaningWords({ meaning }: { meaning: MeaningStatus }) {
  if (meaning.status === 'none') {
    return (
      <Quiet>
        There is no sentence model: words alone are looked for. <code>synap model add FILE</code>{' '}
        adds one.
      </Quiet>
    );
  }
  const { passagesPerSecond: speed } = meaning;
  return (
    <Quiet>
      <bdi>{meaning.model}</bdi>, {number(meaning.passages)} passages of your texts
      {speed > 0 && `, ${speed < 10 ? speed.toFixed(1) : number(Math.round(speed))} a second`},{' '}
      {bytes(meaning.memoryBytes)} of {bytes(meaning.memoryBytesMax)} in memory
    </Quiet>
  );
}

export function SearchStatus() {
  const answer = useIndexStatus();
  const { value } = answer;
  const isBusy =
    value !== undefined &&
    (value.status !== 'live' || !['live', 'none'].includes(value.meaning?.status ?? 'none'));
  useAskAgain(answer.reload, true, isBusy ? BUSY_MS : CALM_MS);
  return (
    <section class="card" aria-labelledby="search-status-title">
      <header>
        <h2 id="search-status-title">Indexes of search</h2>
      </header>
      <Show of={answer}>
        {({ status, documents, position, end, filledTo, error, meaning }) => (
          <ul class="checks">
            <Index
              label="Words"
              status={status}
              done={filledTo ?? position}
              end={end}
              error={error}
            >
              <Quiet>{number(documents)} of your things can be found</Quiet>
            </Index>
            {meaning && (
              <Index
                label="Meaning"
                status={meaning.status}
                done={meaning.filledTo ?? meaning.position}
                end={end}
                left={meaning.etaSeconds}
                error={meaning.status === 'none' ? undefined : meaning.error}
              >
                <MeaningWords meaning={meaning} />
              </Index>
            )}
          </ul>
        )}
      </Show>
    </section>
  );
}
