// Functions and apps: what reacts to events, whether it may, and the apps that some of it comes from.

import { podDocument } from '../lib/document.js';
import { type FunctionInfo, startWords } from '../lib/functions.js';
import { useNarrow } from '../lib/narrow.js';
import { usePagedList } from '../lib/paged-list.js';
import { route } from '../lib/router.js';
import { mutate } from '../lib/rpc.js';
import { nameOfFunction } from '../lib/runs.js';
import { number } from '../lib/time.js';
import { Empty, Show, useQuery, useAskAgain } from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { attempt } from '../parts/json-form.js';
import { Listed } from '../parts/listed.js';
import { Button, Quiet, Split } from '../parts/plain.js';
import { Line } from '../parts/text.js';
import { Time } from '../parts/time.js';
import { FunctionPanel } from './function.js';

interface WorkerApp {
  app: string;
  url: string;
  sdk: string;
  framework: string;
  version: string;
  functions: string[];
  syncedAt: string;
  askedAt?: string;
  problem?: string;
  workers?: number; // of one whose workers connect
}

// What waits and goes on is told by no event.
const ASK_EVERY_MS = 10_000;

function AppItem({ app, reload }: { app: WorkerApp; reload(): void }) {
  const sync = async () => {
    await attempt(async () => {
      const { isRegistered, problem } = await mutate<{ isRegistered: boolean; problem?: string }>(
        'apps.sync',
        { url: app.url },
      );
      if (!isRegistered) throw new Error(problem ?? 'It did not register');
    }, `${app.app} has registered`);
    reload();
  };
  return (
    <li class="app-item">
      <Status status={app.problem || app.workers === 0 ? 'fail' : 'ok'} />
      <div>
        <b>
          <Line text={app.app} max={80} />
        </b>{' '}
        <Quiet>
          {app.functions.length} {app.functions.length === 1 ? 'function' : 'functions'}, {app.sdk}
          {app.version && `, ${app.version}`}, registered <Time at={app.syncedAt} style="ago" />
          {app.workers !== undefined &&
            `, ${app.workers} ${app.workers === 1 ? 'worker' : 'workers'} connected`}
          {app.askedAt && (
            <>
              , asked <Time at={app.askedAt} style="ago" />
            </>
          )}
        </Quiet>
        <p class="quiet app-url">
          <Line text={app.url} max={300} />
        </p>
        {app.problem && (
          <p class="issue">
            <Line text={app.problem} max={1_000} />
          </p>
        )}
      </div>
      {app.workers === undefined && (
        <Button class="small" aria-label={`Sync ${app.app}`} onClick={() => void sync()}>
          Sync
        </Button>
      )}
    </li>
  );
}

function Apps() {
  const answer = useQuery<{ apps: WorkerApp[] }>('apps.list');
  useAskAgain(answer.reload, true, ASK_EVERY_MS);
  return (
    <section class="apps" aria-label="Apps">
      <Show of={answer}>
        {({ apps }) =>
          apps.length === 0 ? (
            <p class="quiet">
              No app has registered. With an Inngest SDK, point INNGEST_BASE_URL to this pod.
            </p>
          ) : (
            <ul>
              {apps.map((app) => (
                <AppItem key={app.url} app={app} reload={answer.reload} />
              ))}
            </ul>
          )
        }
      </Show>
    </section>
  );
}

function FunctionRow({ one }: { one: FunctionInfo }) {
  return (
    <span class="run-row">
      {one.pause ? (
        <Status status={one.pause.by === 'person' ? 'paused' : 'outage'} />
      ) : (
        <span class="status">{one.app ? 'app' : 'pod'}</span>
      )}
      <b>{nameOfFunction(one.id)}</b>
      <span class="run-words quiet">{startWords(one) || 'when it is invoked'}</span>
      <span class="quiet run-numbers">
        {number(one.waiting)} waiting, {number(one.running)} running
      </span>
    </span>
  );
}

function FunctionList({ openId }: { openId: string | undefined }) {
  const list = usePagedList<FunctionInfo>('functions.list', 'functions', {}, (event) =>
    /^function\.(paused|resumed|registered|failed)$/.test(event.type),
  );
  useAskAgain(list.reload, true, ASK_EVERY_MS);
  const isNarrow = useNarrow() || openId !== undefined;
  return (
    <div class={`split-list ${isNarrow ? '' : 'is-wide'}`}>
      <div class="bar-top">
        <h1>Functions and apps</h1>
      </div>
      {podDocument.value?.has('apps.list') && <Apps />}
      <Listed
        list={list}
        empty={<Empty title="There is no function" />}
        label="Functions"
        rowHeight={isNarrow ? 54 : 38}
        hrefOf={(one) => `/functions/${encodeURIComponent(one.id)}`}
        render={(one) => <FunctionRow one={one} />}
        openKey={openId}
      />
    </div>
  );
}

export default function FunctionsScreen() {
  const openId = route.value.parts[1];
  return (
    <Split open={openId} back="/functions">
      <FunctionList openId={openId} />
      {openId && <FunctionPanel key={openId} id={openId} />}
    </Split>
  );
}
