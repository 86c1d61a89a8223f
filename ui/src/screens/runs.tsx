// Runs: what was done for events, what sleeps, and what was given up; and one run beside them.
import { useLayoutEffect } from 'preact/hooks';

import { addShortcuts } from '../lib/keyboard.js';
import { useNarrow } from '../lib/narrow.js';
import { usePagedList } from '../lib/paged-list.js';
import { go, route } from '../lib/router.js';
import { nameOfFunction, type Run } from '../lib/runs.js';
import { duration } from '../lib/time.js';
import { Empty, Problem, Waiting } from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { Line } from '../parts/text.js';
import { Time } from '../parts/time.js';
import { VirtualList } from '../parts/virtual-list.js';
import { RunPanel, useAskAgain } from './run.js';

const STATUSES = ['active', 'sleeping', 'failed', 'completed', 'cancelled', 'discarded'];
function RunRow({ run }: { run: Run }) {
  const end = run.endedAt ? Date.parse(run.endedAt) : Date.now();
  return (
    <span class="run-row">
      <Status status={run.status} />
      <b>{nameOfFunction(run.function)}</b>
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
