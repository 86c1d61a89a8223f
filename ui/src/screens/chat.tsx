// Threads with the agent chat; one of them, with its answers as they are written; and the run of an answer.
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import {
  type AgentRun,
  type Growing,
  grown,
  isOpen,
  type Item,
  joined,
  type Message,
  proposalIn,
  type Talk,
  type Thread,
  type ToolUse,
  underWay,
} from '../lib/chat.js';
import { Intent } from '../lib/command.js';
import { podDocument } from '../lib/document.js';
import { behind, keepDraft, useDraft } from '../lib/drafts.js';
import { tooLong } from '../lib/fields.js';
import { addShortcuts } from '../lib/keyboard.js';
import { usePagedList } from '../lib/paged-list.js';
import { go, route } from '../lib/router.js';
import { messageOf, mutate, query, stream } from '../lib/rpc.js';
import { useOpenTitle } from '../lib/title.js';
import { untilAnswered } from '../lib/until-answered.js';
import {
  Empty,
  onCtrlEnter,
  Show,
  useAskAgain,
  useQuery,
  useReloadOn,
  useSending,
  Waiting,
} from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { Sure } from '../parts/dialog.js';
import { Listed } from '../parts/listed.js';
import { Markdown } from '../parts/markdown.js';
import { Questions } from '../parts/questions.js';
import { Button, Issue, Quiet, Split } from '../parts/plain.js';
import { say, sayError } from '../parts/say.js';
import { Line, LongText } from '../parts/text.js';
import { Time } from '../parts/time.js';
import { useUnsaved } from '../parts/unsaved.js';
import { RunPanel } from './run.js';

function Tool({ tool }: { tool: ToolUse }) {
  const { name, ok, result } = tool;
  const proposal = proposalIn(result);
  return (
    <li>
      <details>
        <summary>
          <Status
            status={ok === undefined ? 'active' : !ok ? 'failed' : proposal ? 'proposed' : 'done'}
          />{' '}
          <code>{name}</code>
        </summary>
        <LongText text={tool.arguments} label={`What ${name} was given`} />
        {result !== undefined && <LongText text={result} label={`What ${name} gave`} />}
      </details>
      {proposal && <a href={`/proposals/${proposal}`}>It is a proposal now</a>}
    </li>
  );
}

const Tools = ({ of }: { of: ToolUse[] }) =>
  of.length ? (
    <ul class="chat-tools" aria-label="Tools that were called">
      {of.map((tool, index) => (
        <Tool key={index} tool={tool} />
      ))}
    </ul>
  ) : null;

const plurals = (type: string): string | undefined =>
  podDocument.value?.nouns.find(({ name }) => name === type)?.plural;

/** What is to be sent, and where a message stands in the thread. */
interface Place {
  threadId?: string;
  /** What it follows; absent: the newest. */
  parentId?: () => Promise<string | undefined>;
}

interface Sent {
  entityId: string;
  messageId: string;
}

/** Which of the messages that follow the same one this is, and the ways to those beside it. */
function Siblings({ message, threadId }: { message: Message; threadId: string }) {
  const { siblings, sibling, previousSiblingId, nextSiblingId } = message;
  if (siblings < 2) return null;
  const to = (id: string | undefined, label: string, sign: string) =>
    id ? (
      <a class="chat-sibling" href={`/chat/${threadId}?through=${id}`} aria-label={label}>
        {sign}
      </a>
    ) : (
      <span class="chat-sibling quiet" aria-hidden>
        {sign}
      </span>
    );
  return (
    <span role="group" aria-label="Others in its place">
      {to(previousSiblingId, 'The one before', '‹')} {sibling} of {siblings}{' '}
      {to(nextSiblingId, 'The next one', '›')}
    </span>
  );
}

interface SaidProps {
  message: Message;
  threadId: string;
  onSent(sent: Sent): void;
}

function Asked({ message, threadId, onSent }: SaidProps) {
  const [isEditing, setEditing] = useState(false);
  const { id, text, parentId = threadId } = message;
  if (isEditing) {
    return (
      <MessageForm
        name={`edit ${id}`}
        label="Your message, in other words"
        initial={text}
        place={{ threadId, parentId: async () => parentId }}
        onSent={(sent) => (setEditing(false), onSent(sent))}
        onCancel={() => setEditing(false)}
      />
    );
  }
  return (
    <>
      <article id={id} class="chat-user" aria-label="You">
        <LongText text={text} label="Your message" />
      </article>
      <p class="chat-beside actions">
        <Siblings message={message} threadId={threadId} />
        <Button class="link" onClick={() => setEditing(true)}>
          Edit
        </Button>
      </p>
    </>
  );
}

interface AgainProps extends Pick<SaidProps, 'threadId' | 'onSent'> {
  /** What is answered. */
  parentId: string;
}

function Again({ onSent, ...input }: AgainProps) {
  const [intent] = useState(() => new Intent());
  return (
    <Button
      class="link"
      onClick={() => void intent.mutate<Sent>('chat.send', input).then(onSent, sayError)}
    >
      Answer again
    </Button>
  );
}

function Said(props: SaidProps) {
  const { message, threadId, onSent } = props;
  const { role, text, tools, citations, error, runId, parentId } = message;
  if (role === 'user') return <Asked {...props} />;
  return (
    <article id={message.id} aria-label="Answer">
      <Tools of={tools} />
      {text && <Markdown text={text} label="Answer" />}
      <Issue of={error ?? ''} />
      {citations.length > 0 && (
        <ul class="chat-sources" aria-label="What it cites">
          {citations.map(({ number, entityId, entityType, title }) => {
            const plural = plurals(entityType);
            const words = <Line text={title || entityType} max={80} />;
            return (
              <li key={number}>
                [{number}] {plural ? <a href={`/${plural}/${entityId}`}>{words}</a> : words}
              </li>
            );
          })}
        </ul>
      )}
      <p class="actions quiet">
        <Siblings message={message} threadId={threadId} />
        <Time at={message.createdAt} />
        {runId && <a href={`/chat/${threadId}/${runId}${location.search}`}>How it went</a>}
        {parentId && <Again threadId={threadId} parentId={parentId} onSent={onSent} />}
      </p>
    </article>
  );
}

interface AnsweringProps extends AgainProps {
  runId: string;
  onMore(): void;
  onEnd(): void;
}

/** An answer while it is written. `onMore` is told of each piece. */
function Answering({ runId, onMore, onEnd, ...asked }: AnsweringProps) {
  const [now, setNow] = useState<Growing>({ text: '', tools: [] });
  const [error, setError] = useState('');
  useLayoutEffect(onMore, [now]);
  useEffect(() => {
    const left = new AbortController();
    const { signal } = left;
    const onFailure = (problem: unknown) => signal.aborted || setError(messageOf(problem));
    untilAnswered(
      () => {
        let all: Growing = { text: '', tools: [] };
        const onItem = (item: Item) => {
          setError('');
          setNow((all = grown(all, item)));
        };
        return stream<Item>('agents.watch', { id: runId }, onItem, signal);
      },
      { signal, onFailure },
    ).then(onEnd, onFailure);
    return () => left.abort();
  }, [runId]);
  const stop = async () => {
    try {
      const run = now.run?.runId ? now.run : await query<AgentRun>('agents.get', { id: runId });
      if (!run.runId) return say('It has not begun yet', 'bad');
      await mutate('runs.cancel', { id: run.runId });
      say('It is stopped; what it has done stays done');
    } catch (problem) {
      sayError(problem);
    }
  };
  const isOver = now.run?.status === 'failed';
  const isAsking = now.run?.status === 'interrupted';
  return (
    <article aria-label="Answer" aria-busy={!isOver}>
      <Tools of={now.tools} />
      {now.text && <LongText text={now.text} label="The answer so far" />}
      <Issue of={error || (isOver ? (now.run?.error?.message ?? 'It failed') : '')} />
      {isAsking && <Questions run={{ ...now.run!, id: runId }} />}
      <p class="actions">
        {!isOver && (
          <>
            <Status status={isAsking ? 'interrupted' : 'active'} />
            <Button class="small" onClick={() => void stop()}>
              Stop
            </Button>
          </>
        )}
        <a href={`/chat/${asked.threadId}/${runId}${location.search}`}>
          {isOver ? 'How it went' : 'How it goes'}
        </a>
        {isOver && <Again {...asked} />}
      </p>
    </article>
  );
}

const MESSAGE_LENGTH_MAX = 20_000;

interface FormProps {
  /** By which what was being written is found again. */
  name: string;
  label: string;
  placeholder?: string;
  initial?: string;
  place: Place;
  /** `rest`: what was written while the message was on its way. */
  onSent(sent: Sent, rest: string): void;
  onCancel?(): void;
}

function MessageForm({ name, label, placeholder, initial = '', place, onSent, onCancel }: FormProps) {
  const [text, setText] = useDraft(() => initial, name);
  const [intent] = useState(() => new Intent());
  const field = useRef<HTMLTextAreaElement>(null);
  const latest = useRef(text);
  latest.current = text;
  const leaveFreely = useUnsaved(text.trim() !== initial.trim());
  useLayoutEffect(() => {
    const run = () => field.current!.focus();
    run();
    return onCancel ? undefined : addShortcuts([{ keys: 'c', label: 'Write a message', run }]);
  }, []);
  const { issue, isBusy, submit } = useSending(async () => {
    if (!text.trim()) return;
    const parentId = await place.parentId?.();
    const sent = await intent.mutate<Sent>('chat.send', {
      text,
      ...(place.threadId && { threadId: place.threadId }),
      ...(parentId && { parentId }),
    });
    leaveFreely();
    const rest = behind(text)(latest.current);
    setText(rest);
    onSent(sent, rest);
  });
  return (
    <form class="chat-composer" onSubmit={submit}>
      <textarea
        ref={field}
        rows={3}
        aria-label={label}
        placeholder={placeholder}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onCtrlEnter(submit)}
      />
      <Issue of={tooLong(text, MESSAGE_LENGTH_MAX) || issue} />
      <p class="actions">
        <button type="submit" class="primary" disabled={isBusy || !text.trim()}>
          Send
        </button>
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        <Quiet>Ctrl + Enter</Quiet>
      </p>
    </form>
  );
}

const MESSAGE = 'message';

const Composer = (props: Pick<FormProps, 'place' | 'onSent'>) => (
  <MessageForm
    name={MESSAGE}
    label="Your message"
    placeholder="Ask about what is stored, or say what to do"
    {...props}
  />
);

function WithoutModel() {
  const { value } = useQuery<{ hasModel: boolean }>('agents.list');
  return value && !value.hasModel ? (
    <p class="list-footer" role="status">
      No language model is set, so nothing can be answered. Name one in the pod's settings, in a
      table <code>[[models.chat]]</code>; docs/language-models.md says how.
    </p>
  ) : null;
}

function Threads() {
  const list = usePagedList<Thread>('chat.threads', 'threads', {}, ({ type }) =>
    type.startsWith('chat.'),
  );
  const begun = ({ entityId }: Sent, rest: string) => {
    const thread = `/chat/${entityId}`;
    if (rest) keepDraft(thread, MESSAGE, rest);
    go(thread);
  };
  return (
    <div class="split-list">
      <div class="bar-top">
        <h1>Chat</h1>
      </div>
      <WithoutModel />
      <Composer place={{}} onSent={begun} />
      <Listed
        list={list}
        empty={<Empty title="There is no thread yet" />}
        label="Threads, the newest first"
        rowHeight={38}
        hrefOf={({ id }) => `/chat/${id}`}
        render={({ title, messages, updatedAt, trusted }) => (
          <span class="chat-row">
            <b>
              <Line text={title} />
            </b>
            <Quiet>
              {trusted && 'trusted, '}
              {messages} messages
            </Quiet>
            <Time at={updatedAt} />
          </span>
        )}
      />
    </div>
  );
}

// Of a thread so many are shown at first; earlier ones by as many.
const SHOWN = 30;

/** All of the branch that was asked for: what falls out of the newest, when more is said, stays. */
function useAll({ thread, messages, nextBefore }: Talk) {
  const all = useRef<Message[]>([]);
  // Of the first message of each page that was answered.
  const cursors = useRef(new Map<string, number | undefined>()).current;
  const [, redraw] = useState({});
  const take = (page: Message[], before: number | undefined) =>
    page[0] && cursors.set(page[0].id, before);
  if (!cursors.has(messages[0]?.id ?? '')) take(messages, nextBefore);
  all.current = joined(all.current, messages);
  const before = cursors.get(all.current[0]?.id ?? '');
  const more = () =>
    query<Talk>('chat.get', { id: thread.id, limit: SHOWN, before }).then((page) => {
      take(page.messages, page.nextBefore);
      all.current = joined([...page.messages, ...all.current], messages);
      redraw({});
    }, sayError);
  return { all: all.current, more: before !== undefined && more };
}

interface MessagesProps {
  talk: Talk;
  runs: AgentRun[];
  /** The message that was asked to be shown. */
  through: string | null;
  reload(): void;
  onSent(sent: Sent): void;
  box: RefObject<HTMLDivElement | null>;
}

function Messages({ talk, runs, through, reload, onSent, box }: MessagesProps) {
  const { thread, messages } = talk;
  const { all, more } = useAll(talk);
  const answering = underWay(all, runs);
  const toEnd = () => box.current!.scrollTo(0, box.current!.scrollHeight);
  // Who reads further up stays there.
  const follow = () => {
    const { scrollHeight, scrollTop, clientHeight } = box.current!;
    if (scrollHeight - scrollTop - clientHeight < 200) toEnd();
  };
  useLayoutEffect(toEnd, [messages.at(-1)?.id]);
  const isThere = messages.some(({ id }) => id === through);
  useLayoutEffect(() => {
    if (isThere) document.getElementById(through!)?.scrollIntoView({ block: 'center' });
  }, [through, isThere]);
  // Behind what answers the same message already.
  const open: [runId: string, parentId: string][] = [];
  const behind = (index: number) => {
    const { id } = all[index]!;
    for (const runId of answering.get(id) ?? []) open.push([runId, id]);
    return all[index + 1]?.role === 'assistant' ? [] : open.splice(0);
  };
  return (
    <div role="log" aria-label="Messages" class="chat-log">
      {more && (
        <Button class="link" onClick={() => void more()}>
          Earlier messages
        </Button>
      )}
      {all.map((message, index) => [
        <Said key={message.id} message={message} threadId={thread.id} onSent={onSent} />,
        behind(index).map(([runId, parentId]) => (
          <Answering
            key={runId}
            runId={runId}
            parentId={parentId}
            threadId={thread.id}
            onMore={follow}
            onEnd={reload}
            onSent={onSent}
          />
        )),
      ])}
    </div>
  );
}

const TRUSTED =
  'What the model asks for is done at once, and is no proposal, whatever it has read and whoever wrote that: for messages by the key that trusts it.';

/** Trust is given after a question, and taken back at once. */
function Trust({ thread, onDone }: { thread: Thread; onDone(): void }) {
  const { id, trusted } = thread;
  const change = () => void mutate('chat.trust', { id, trusted: !trusted }).then(onDone, sayError);
  return (
    <>
      <Sure
        class="small"
        title={trusted ? '' : 'Trust this thread?'}
        text={TRUSTED}
        action={trusted ? 'Trust no more' : 'Trust'}
        onYes={change}
      />
      {trusted && <Quiet>Trusted. {TRUSTED}</Quiet>}
    </>
  );
}

// Of runs under way, which are the newest.
const RUNS_MAX = 100;

function Conversation({ id }: { id: string }) {
  const through = route.value.query.get('through');
  const answer = useQuery<Talk>('chat.get', { id, limit: SHOWN, ...(through && { through }) });
  const { value: known, reload: reloadRuns } = useQuery<{ runs: AgentRun[] }>('agents.runs', {
    agent: 'chat',
    limit: RUNS_MAX,
  });
  const box = useRef<HTMLDivElement>(null);
  // Until another branch is there the one before it is shown.
  const shown = useRef<Talk>(undefined);
  shown.current = answer.value ?? shown.current;
  const talk = shown.current;
  const reload = () => {
    answer.reload();
    reloadRuns();
  };
  useReloadOn(({ type }) => /^(chat|agent)\./.test(type), reload);
  const title = talk?.thread.title;
  useOpenTitle(title);
  const remove = () => {
    mutate('chat.delete', { id }).then(() => (say('The thread is deleted'), go('/chat')), sayError);
  };
  const show = ({ messageId }: Sent) => {
    // Back shows the branch that is left, whichever is the newest by then.
    const end = talk?.messages.at(-1)?.id;
    if (end) go(`/chat/${id}?through=${end}`, { replace: true });
    go(`/chat/${id}?through=${messageId}`);
    reload();
  };
  /** On a branch that was chosen: its last message by now, if it is not the newest of all anyway. */
  const parentId = async () => {
    const last = async (more: { through?: string | undefined }) =>
      (await query<Talk>('chat.get', { id, limit: 1, ...more })).messages[0];
    const end = await last({ through: talk!.messages.at(-1)?.id });
    if (end?.id === (await last({}))?.id) return undefined;
    // Nothing comes any more behind one that was stopped.
    if (end?.role === 'user' && known?.runs.some((run) => run.id === end.runId && isOpen(run)))
      throw new Error('Its answer is under way: wait for it, or stop it');
    return end?.id;
  };
  return (
    <div class="split-list">
      <div class="bar-top">
        <a href="/chat">All threads</a>
        <h1>
          <Line text={title ?? 'Chat'} max={100} />
        </h1>
        {title !== undefined && (
          <Sure
            class="small bar-action"
            title="Delete this thread?"
            text="It goes with its messages: only its events stay, in the log."
            action="Delete"
            onYes={remove}
          />
        )}
        {talk && podDocument.value?.has('chat.trust') && (
          <Trust thread={talk.thread} onDone={answer.reload} />
        )}
      </div>
      <WithoutModel />
      <div class="scrolls" ref={box} tabIndex={0} role="region" aria-label="The thread">
        <Show of={answer.error === undefined ? { ...answer, value: talk } : answer}>
          {(one) => (
            <Messages
              talk={one}
              runs={known?.runs.filter(({ input }) => input?.threadId === id) ?? []}
              through={through}
              reload={reload}
              onSent={show}
              box={box}
            />
          )}
        </Show>
      </div>
      {talk && (
        <Composer
          place={{ threadId: id, ...(through && { parentId }) }}
          onSent={through ? show : reload}
        />
      )}
    </div>
  );
}

/** The agent's run is carried out by one of the engine, whose steps are drawn. */
function RunOfAnswer({ id, back }: { id: string; back: string }) {
  const answer = useQuery<AgentRun>('agents.get', { id });
  const known = answer.value?.runId;
  useAskAgain(answer.reload, answer.value !== undefined && !known);
  // Where it is below what was said.
  useEffect(() => {
    if (known) document.querySelector('.split-panel')?.scrollIntoView();
  }, [known]);
  return (
    <Show of={answer}>
      {({ runId }) => (runId ? <RunPanel key={runId} id={runId} back={back} /> : <Waiting />)}
    </Show>
  );
}

export default function ChatScreen() {
  const [, id, runId] = route.value.parts;
  const thread = `/chat/${id}${location.search}`;
  const isThread = id !== undefined && runId === undefined;
  useLayoutEffect(() => {
    if (!isThread) return undefined;
    return addShortcuts([{ keys: 'Escape', label: 'To the threads', run: () => go('/chat') }]);
  }, [isThread]);
  return (
    <Split open={runId} back={thread} both>
      {id ? <Conversation key={id} id={id} /> : <Threads />}
      {id && runId && <RunOfAnswer key={runId} id={runId} back={thread} />}
    </Split>
  );
}
