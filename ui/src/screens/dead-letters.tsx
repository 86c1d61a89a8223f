// Dead letters: runs that were given up, by function and error; tried again, edited, or put away.
import { useState } from 'preact/hooks';

import { useNarrow } from '../lib/narrow.js';
import { usePagedList } from '../lib/paged-list.js';
import { go, route, withQuery } from '../lib/router.js';
import { messageOf, mutate } from '../lib/rpc.js';
import { isOfApp, nameOfFunction, type Run, wordsOfError } from '../lib/runs.js';
import { number } from '../lib/time.js';
import {
  type Answer,
  Empty,
  Problem,
  Show,
  useQuery,
  useReloadOn,
  Waiting,
} from '../parts/answer.js';
import { Confirm } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { attempt } from '../parts/json-form.js';
import { Button, Fact, Panel, Quiet, Split } from '../parts/plain.js';
import { say } from '../parts/say.js';
import { Line, LongText } from '../parts/text.js';
import { Time } from '../parts/time.js';
import { VirtualList } from '../parts/virtual-list.js';
import { EditedReplay } from './run.js';

interface Group {
  function: string;
  name: string;
  message: string;
  count: number;
  firstAt: string;
  lastAt: string;
  lastRunId: string;
}

interface Groups {
  groups: Group[];
  lookedAt: number;
  isCut: boolean;
}

interface Swept {
  count: number;
  passedOver: number;
  nextCursor?: string;
}

type Verb = 'replay' | 'discard';

/** Short enough for an address, which a message may not be. */
function keyOf({ function: id, name, message }: Group): string {
  let hash = 0xcbf29ce484222325n;
  for (const letter of JSON.stringify([id, name, message]))
    hash = BigInt.asUintN(64, (hash ^ BigInt(letter.codePointAt(0)!)) * 0x100000001b3n);
  return hash.toString(36);
}

/** All that match, call by call. `told` is how many were done so far. */
async function sweep(
  verb: Verb,
  filter: Record<string, unknown>,
  told: (count: number) => void,
): Promise<void> {
  let count = 0;
  let passedOver = 0;
  let cursor: string | undefined;
  try {
    do {
      const part: Swept = await mutate<Swept>(`deadLetters.${verb}`, {
        ...filter,
        ...(cursor ? { cursor } : {}),
      });
      count += part.count;
      passedOver += part.passedOver;
      cursor = part.nextCursor;
      told(count);
    } while (cursor);
    const words = verb === 'replay' ? 'tried again' : 'put away';
    say(`${number(count)} ${words}${passedOver ? `, ${number(passedOver)} passed over` : ''}`);
  } catch (error) {
    say(`${messageOf(error)}${count ? ` (${number(count)} were done)` : ''}`, 'bad');
  }
}

/** Buttons for many at once; putting away is asked about first. */
function Many({
  filter,
  words,
  onDone,
}: {
  filter: Record<string, unknown>;
  /** "all 3" */
  words: string;
  onDone(): void;
}) {
  const [done, setDone] = useState<number>();
  const [isAsking, setAsking] = useState(false);
  const act = (verb: Verb) => {
    setDone(0);
    void sweep(verb, filter, setDone).finally(() => {
      setDone(undefined);
      onDone();
    });
  };
  const isBusy = done !== undefined;
  return (
    <>
      <Button class="primary" disabled={isBusy} onClick={() => act('replay')}>
        {isBusy ? `${number(done)} done…` : `Retry ${words}`}
      </Button>
      <Button disabled={isBusy} onClick={() => setAsking(true)}>
        Put {words} away
      </Button>
      {isAsking && (
        <Confirm
          title={`Put ${words} away?`}
          text="They are not tried again by themselves, and are no dead letters any more. Each can be rerun."
          action="Put away"
          onYes={() => act('discard')}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

function Letter({ run, reload }: { run: Run; reload(): void }) {
  const [isEditing, setEditing] = useState(false);
  const act = async (name: string, done: string) => {
    if (await attempt(() => mutate(name, { id: run.id }), done)) reload();
  };
  const about = `the run of ${new Date(run.createdAt).toLocaleString()}`;
  return (
    <li class="letter">
      <p>
        <a href={`/runs/${run.id}`}>
          <Time at={run.createdAt} style="long" />
        </a>{' '}
        <Quiet>
          for <a href={`/events/${run.eventId}`}>{run.eventType}</a>
        </Quiet>
      </p>
      <p class="actions">
        <Button
          class="small"
          aria-label={`Retry ${about}`}
          onClick={() => void act('deadLetters.replay', 'It is tried again')}
        >
          Retry
        </Button>
        {isOfApp(run.function) && (
          <Button
            class="small"
            aria-label={`Edit and replay ${about}`}
            aria-expanded={isEditing}
            onClick={() => setEditing(!isEditing)}
          >
            Edit and replay
          </Button>
        )}
        <Button
          class="small"
          aria-label={`Put away ${about}`}
          onClick={() => void act('deadLetters.discard', 'It is put away; it can be rerun')}
        >
          Put away
        </Button>
      </p>
      {isEditing && <EditedReplay run={run} onDone={(id) => (id ? go(`/runs/${id}`) : reload())} />}
    </li>
  );
}

/** Its letters, out of those of its function. */
function Letters({ group, reload }: { group: Group; reload(): void }) {
  const list = usePagedList<Run>(
    'runs.list',
    'runs',
    { status: 'failed', function: group.function },
    concerns,
  );
  const letters = list.items.filter(
    ({ error }) => error?.name === group.name && error.message === group.message,
  );
  const reloadBoth = () => (list.reload(), reload());
  return (
    <>
      {list.error !== undefined && <Problem error={list.error} retry={list.reload} />}
      {!list.isReady && list.error === undefined && <Waiting />}
      <ul class="letters">
        {letters.map((run) => (
          <Letter key={run.id} run={run} reload={reloadBoth} />
        ))}
      </ul>
      {list.isReady && !list.isComplete && (
        <p class="list-footer">
          {number(letters.length)} of {number(group.count)}.{' '}
          <Button class="link" disabled={list.isLoading} onClick={list.more}>
            {list.isLoading ? 'Looking…' : 'Look further back'}
          </Button>
        </p>
      )}
    </>
  );
}

function GroupPanel({ group, reload }: { group: Group; reload(): void }) {
  const { function: id, name, message, count } = group;
  return (
    <Panel
      label="Dead letters of one kind"
      back={`/dead-letters${location.search}`}
      title={
        <h2>
          <Line text={name} max={200} />
        </h2>
      }
    >
      <LongText text={message} label="What the error says" />
      <div class="actions">
        <Many
          filter={{ function: id, name, message }}
          words={count === 1 ? 'it' : `all ${number(count)}`}
          onDone={reload}
        />
      </div>
      <dl class="facts">
        <Fact of="Function">
          <a href={`/functions/${encodeURIComponent(id)}`}>{nameOfFunction(id)}</a>
        </Fact>
        <Fact of="First queued">
          <Time at={group.firstAt} style="long" />
        </Fact>
        <Fact of="Last queued">
          <Time at={group.lastAt} style="long" />
        </Fact>
      </dl>
      <Letters group={group} reload={reload} />
    </Panel>
  );
}

function GroupRow({ group }: { group: Group }) {
  return (
    <span class="run-row">
      <span class="status bad">{number(group.count)}</span>
      <b>{nameOfFunction(group.function)}</b>
      <span class="run-words">
        <b title={group.name}>{wordsOfError(group.name)}:</b>{' '}
        <Line text={group.message} max={160} />
      </span>
      <Time at={group.lastAt} />
    </span>
  );
}

function GroupList({ answer, openKey }: { answer: Answer<Groups>; openKey: string | undefined }) {
  const isNarrow = useNarrow() || openKey !== undefined;
  const only = route.value.query.get('function') ?? '';
  return (
    <div class={`split-list ${isNarrow ? '' : 'is-wide'}`}>
      <div class="bar-top">
        <h1>Dead letters</h1>
        {only && (
          <Button class="small" onClick={() => go(withQuery({ function: '' }))}>
            of {nameOfFunction(only)}
            <Icon name="close" />
            <span class="unseen">: show those of every function</span>
          </Button>
        )}
        {(answer.value?.groups.length ?? 0) > 1 && openKey === undefined && (
          <div class="actions bar-action">
            <Many
              filter={only ? { function: only } : { all: true }}
              words="all"
              onDone={answer.reload}
            />
          </div>
        )}
      </div>
      <Show of={answer}>
        {({ groups, isCut, lookedAt }) =>
          groups.length === 0 ? (
            <Empty title="There are no dead letters">
              <p>A run that is given up, after all its attempts, would be here.</p>
            </Empty>
          ) : (
            <VirtualList
              label="Dead letters by function and error, the largest group first"
              count={groups.length}
              rowHeight={isNarrow ? 54 : 38}
              item={(index) => groups[index]!}
              keyOf={keyOf}
              hrefOf={(group) => `/dead-letters/${keyOf(group)}${location.search}`}
              render={(group) => <GroupRow group={group} />}
              openKey={openKey}
              footer={
                isCut && (
                  <p class="list-footer">
                    The newest {number(lookedAt)} are grouped; there are more.
                  </p>
                )
              }
            />
          )
        }
      </Show>
    </div>
  );
}

const concerns = ({ type }: { type: string }): boolean =>
  type === 'function.failed' ||
  /^run\.(retried|rerun|discarded)$/.test(type) ||
  type.endsWith('.failed');

export default function DeadLettersScreen() {
  const openKey = route.value.parts[1];
  const only = route.value.query.get('function') ?? '';
  const answer = useQuery<Groups>('deadLetters.groups', only ? { function: only } : undefined);
  useReloadOn(concerns, answer.reload);
  const open = answer.value?.groups.find((group) => keyOf(group) === openKey);
  const isGone = openKey !== undefined && answer.value !== undefined && !open;
  return (
    <Split open={openKey} back="/dead-letters">
      <GroupList answer={answer} openKey={openKey} />
      {open && <GroupPanel key={openKey} group={open} reload={answer.reload} />}
      {isGone && (
        <section class="split-panel" aria-label="Dead letters of one kind">
          <Empty title="There are no dead letters of this kind any more">
            <a href={`/dead-letters${location.search}`}>Show the others</a>
          </Empty>
        </section>
      )}
    </Split>
  );
}
