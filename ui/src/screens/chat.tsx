// Threads with the agent chat; one of them, with its answers as they are written; and the run of an answer.
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import {
  type AgentRun,
  type Growing,
  grown,
  type Item,
  joined,
  type Message,
  proposalIn,
  runUnderWay,
  type Talk,
  type Thread,
  type ToolUse,
} from '../lib/chat.js';
import { Intent } from '../lib/command.js';
import { podDocument } from '../lib/document.js';
import { useDraft } from '../lib/drafts.js';
import { addShortcuts } from '../lib/keyboard.js';
import { usePagedList } from '../lib/paged-list.js';
import { go, route } from '../lib/router.js';
import { messageOf, mutate, query, stream } from '../lib/rpc.js';
import { useOpenTitle } from '../lib/title.js';
import { untilAnswered } from '../lib/until-answered.js';
import {
  Empty,
  Show,
  useAskAgain,
  useIssue,
  useQuery,
  useReloadOn,
  Waiting,
} from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { Confirm } from '../parts/dialog.js';
import { Listed } from '../parts/listed.js';
import { Markdown } from '../parts/markdown.js';
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
          <Status status={ok === undefined ? 'active' : ok ? 'done' : 'failed'} />{' '}
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

function Said({ message, threadId }: { message: Message; threadId: string }) {
  const { role, text, tools, citations, error, runId } = message;
  if (role === 'user') {
    return (
      <article class="chat-user" aria-label="You">
        <LongText text={text} label="Your message" />
      </article>
    );
  }
  return (
    <article aria-label="Answer">
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
      <p class="quiet">
        <Time at={message.createdAt} />{' '}
        {runId && <a href={`/chat/${threadId}/${runId}`}>How it went</a>}
      </p>
    </article>
  );
}

/** An answer while it is written. `onMore` is told of each piece. */
function Answering(props: { runId: string; threadId: string; onMore(): void; onEnd(): void }) {
  const { runId, threadId } = props;
  const [now, setNow] = useState<Growing>({ text: '', tools: [] });
  const [error, setError] = useState('');
  useLayoutEffect(props.onMore, [now]);
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
    ).then(props.onEnd, onFailure);
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
  return (
    <article aria-label="Answer" aria-busy={!isOver}>
      <Tools of={now.tools} />
      {now.text && <LongText text={now.text} label="The answer so far" />}
      <Issue of={error || (isOver ? (now.run?.error?.message ?? 'It failed') : '')} />
      <p class="actions">
        {!isOver && (
          <>
            <Status status="active" />
            <Button class="small" onClick={() => void stop()}>
              Stop
            </Button>
          </>
        )}
        <a href={`/chat/${threadId}/${runId}`}>How it goes</a>
      </p>
    </article>
  );
}

interface ComposerProps {
  threadId?: string;
  onSent(threadId: string): void;
}

function Composer({ threadId, onSent }: ComposerProps) {
  const [text, setText] = useDraft(() => '', 'message');
  const [issue, setIssue] = useIssue();
  const [isBusy, setBusy] = useState(false);
  const [intent] = useState(() => new Intent());
  const field = useRef<HTMLTextAreaElement>(null);
  const leaveFreely = useUnsaved(text.trim() !== '');
  useLayoutEffect(() => {
    const run = () => field.current!.focus();
    run();
    return addShortcuts([{ keys: 'c', label: 'Write a message', run }]);
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    if (!text.trim() || isBusy) return;
    setIssue('');
    setBusy(true);
    intent
      .mutate<{ entityId: string }>('chat.send', { text, ...(threadId && { threadId }) })
      .then(
        ({ entityId }) => {
          leaveFreely();
          setText('');
          onSent(entityId);
        },
        (error: unknown) => setIssue(messageOf(error)),
      )
      .finally(() => setBusy(false));
  };
  return (
    <form class="chat-composer" onSubmit={submit}>
      <textarea
        ref={field}
        rows={3}
        maxLength={20_000}
        aria-label="Your message"
        placeholder="Ask about what is stored, or say what to do"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(press) =>
          press.key === 'Enter' && (press.ctrlKey || press.metaKey) && submit(press)
        }
      />
      <Issue of={issue} />
      <p class="actions">
        <button type="submit" class="primary" disabled={isBusy || !text.trim()}>
          Send
        </button>
        <Quiet>Ctrl + Enter</Quiet>
      </p>
    </form>
  );
}

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
  return (
    <div class="split-list">
      <div class="bar-top">
        <h1>Chat</h1>
      </div>
      <WithoutModel />
      <Composer onSent={(id) => go(`/chat/${id}`)} />
      <Listed
        list={list}
        empty={<Empty title="There is no thread yet" />}
        label="Threads, the newest first"
        rowHeight={38}
        hrefOf={({ id }) => `/chat/${id}`}
        render={({ title, messages, updatedAt }) => (
          <span class="chat-row">
            <b>
              <Line text={title} />
            </b>
            <Quiet>{messages} messages</Quiet>
            <Time at={updatedAt} />
          </span>
        )}
      />
    </div>
  );
}

// Of a thread so many are shown at first; earlier ones by as many.
const SHOWN = 30;

/** All that were asked for: what falls out of the newest, when more is said, stays. */
function useAll({ thread, messages, nextBefore }: Talk) {
  const all = useRef<Message[]>([]);
  const [before, setBefore] = useState(nextBefore);
  all.current = joined(all.current, messages);
  const more = () =>
    query<Talk>('chat.get', { id: thread.id, limit: SHOWN, before }).then((page) => {
      all.current = joined(page.messages, all.current);
      setBefore(page.nextBefore);
    }, sayError);
  return { all: all.current, more: before !== undefined && more };
}

function Messages({
  talk,
  reload,
  box,
}: {
  talk: Talk;
  reload(): void;
  box: RefObject<HTMLDivElement | null>;
}) {
  const { thread, messages } = talk;
  const { all, more } = useAll(talk);
  const underWay = runUnderWay(messages);
  const toEnd = () => box.current!.scrollTo(0, box.current!.scrollHeight);
  // Who reads further up stays there.
  const follow = () => {
    const { scrollHeight, scrollTop, clientHeight } = box.current!;
    if (scrollHeight - scrollTop - clientHeight < 200) toEnd();
  };
  useLayoutEffect(toEnd, [messages.at(-1)?.id]);
  return (
    <div role="log" aria-label="Messages" class="chat-log">
      {more && (
        <Button class="link" onClick={() => void more()}>
          Earlier messages
        </Button>
      )}
      {all.map((message) => (
        <Said key={message.id} message={message} threadId={thread.id} />
      ))}
      {underWay && (
        <Answering
          key={underWay}
          runId={underWay}
          threadId={thread.id}
          onMore={follow}
          onEnd={reload}
        />
      )}
    </div>
  );
}

function Conversation({ id }: { id: string }) {
  const answer = useQuery<Talk>('chat.get', { id, limit: SHOWN });
  const [isAsking, setAsking] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useReloadOn(({ type }) => type.startsWith('chat.'), answer.reload);
  const title = answer.value?.thread.title;
  useOpenTitle(title);
  const remove = () => {
    mutate('chat.delete', { id }).then(() => (say('The thread is deleted'), go('/chat')), sayError);
  };
  return (
    <div class="split-list">
      <div class="bar-top">
        <a href="/chat">All threads</a>
        <h1>
          <Line text={title ?? 'Chat'} max={100} />
        </h1>
        {title !== undefined && (
          <Button class="small bar-action" onClick={() => setAsking(true)}>
            Delete
          </Button>
        )}
      </div>
      <WithoutModel />
      <div class="scrolls" ref={box} tabIndex={0} role="region" aria-label="The thread">
        <Show of={answer}>
          {(talk) => <Messages talk={talk} reload={answer.reload} box={box} />}
        </Show>
      </div>
      {answer.value && <Composer threadId={id} onSent={answer.reload} />}
      {isAsking && (
        <Confirm
          title="Delete this thread?"
          text="It goes with its messages: only its events stay, in the log."
          action="Delete"
          onYes={remove}
          onClose={() => setAsking(false)}
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
  const thread = `/chat/${id}`;
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
