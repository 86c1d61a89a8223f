// One proposal: what it would change and why, what can be done with it, and what came of it.
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import { Intent } from '../lib/command.js';
import { COMMON_FIELDS, type PodDocument, podDocument, without } from '../lib/document.js';
import { type Field, fieldOf, fieldsOf, tooLong } from '../lib/fields.js';
import { type By, editedInput, statusOf, type WholeProposal } from '../lib/proposals.js';
import { messageOf } from '../lib/rpc.js';
import { session } from '../lib/session.js';
import { fieldsOfNoun } from '../lib/things.js';
import { now } from '../lib/time.js';
import { useOpenTitle } from '../lib/title.js';
import { Show, useAskAgain, useIssue, useQuery, useReloadOn } from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { Id } from '../parts/copy.js';
import { ThingDiff } from '../parts/diff.js';
import { End } from '../parts/end.js';
import { Json } from '../parts/json.js';
import { Button, Fact, Issue, Panel, Part, Quiet } from '../parts/plain.js';
import { say } from '../parts/say.js';
import { Line } from '../parts/text.js';
import { ThingForm } from '../parts/thing-form.js';
import { Time } from '../parts/time.js';
import { useUnsaved } from '../parts/unsaved.js';

/** The names of one's own keys, by their ids; none where a key may not see keys. */
export function useNames(): Map<string, string> {
  const { value } = useQuery<{ keys: { id: string; name: string }[] }>('keys.list', {
    kind: 'key',
    limit: 500,
  });
  return useMemo(() => new Map(value?.keys.map(({ id, name }) => [id, name])), [value]);
}

function Who({ by, names }: { by: By; names: Map<string, string> }) {
  const name = names.get(by.id);
  return (
    <>
      {by.kind}{' '}
      {name === undefined ? (
        <Id id={by.id} />
      ) : (
        <a href={`/users/${session.value!.user.id}/keys/${by.id}`}>
          <Line text={name} max={60} />
        </a>
      )}
    </>
  );
}

interface One {
  document: PodDocument;
  one: WholeProposal;
}

const nounOf = ({ document, one }: One) =>
  document.nouns.find(({ name }) => name === one.entityType);

const inputOf = ({ document, one }: One) =>
  document.resolve(document.procedures.get(one.procedure)?.input);

/** What a person can change of it: not which thing it is about. */
function editable({ document, one }: One): Field[] {
  const { properties = {}, required = [] } = inputOf({ document, one });
  const own = without(properties, COMMON_FIELDS);
  return fieldsOf(document, {
    type: 'object',
    properties: own,
    required: required.filter((name) => name in own),
  });
}

function Difference({ document, one }: One) {
  const { diff } = one;
  const noun = nounOf({ document, one });
  const known = [...editable({ document, one }), ...(noun ? fieldsOfNoun(document, noun) : [])];
  const fields = diff.map(
    ({ field }) => known.find(({ name }) => name === field) ?? fieldOf(document, field, {}, false),
  );
  const side = (name: 'before' | 'after') =>
    Object.fromEntries(diff.map((field) => [field.field, field[name]]));
  const cut = diff.filter(({ isCut }) => isCut).map(({ field }) => field);
  if (diff.length === 0)
    return <Quiet>It has no fields of its own: the call itself is the change.</Quiet>;
  return (
    <>
      <ThingDiff before={side('before')} after={side('after')} fields={fields} />
      {cut.length > 0 && (
        <p class="cut">{`Only the beginning is shown of what is over 64 KiB: ${cut.join(', ')}.`}</p>
      )}
    </>
  );
}

function Conflict({ one }: { one: WholeProposal }) {
  if (!one.isConflict) return null;
  return (
    <p class="issue" role="alert">
      {one.version === undefined
        ? 'What it is about is not there any more: accepted, it would be refused.'
        : `What it is about has changed since: it was version ${one.baseVersion}, and is ${one.version} now. Accepted, it would be refused.`}
    </p>
  );
}

function Decide({ document, one, reload }: One & { reload(): void }) {
  const [open, setOpen] = useState<'edit' | 'reject' | ''>('');
  const [issue, setIssue] = useIssue();
  const [isBusy, setBusy] = useState(false);
  const [intent] = useState(() => new Intent());
  const act = async (verb: string, done: string, more = {}) => {
    setIssue('');
    setBusy(true);
    try {
      await intent.mutate(`proposals.${verb}`, { id: one.id, ...more });
      setOpen('');
      say(done);
    } finally {
      setBusy(false);
      reload();
    }
  };
  const press = (verb: string, done: string, more = {}) =>
    void act(verb, done, more).catch((error: unknown) => setIssue(messageOf(error)));
  const toggle = (what: 'edit' | 'reject') => setOpen(open === what ? '' : what);
  const fields = editable({ document, one });
  const isAccepted = 'It is accepted, and is being carried out';
  return (
    <>
      <div class="actions">
        <Button class="primary" disabled={isBusy} onClick={() => press('accept', isAccepted)}>
          Accept
        </Button>
        {fields.length > 0 && (
          <Button aria-expanded={open === 'edit'} onClick={() => toggle('edit')}>
            Edit and accept
          </Button>
        )}
        <Button aria-expanded={open === 'reject'} onClick={() => toggle('reject')}>
          Reject
        </Button>
        <Button
          disabled={isBusy}
          title="By the key that proposed it"
          onClick={() => press('withdraw', 'It is withdrawn')}
        >
          Withdraw
        </Button>
      </div>
      <Issue of={issue} />
      {open === 'edit' && (
        <ThingForm
          fields={fields}
          thing={one.input}
          action="Accept it so"
          onSubmit={(changes, saved) =>
            act('accept', isAccepted, { input: editedInput(one.input, changes) }).then(saved)
          }
          onCancel={() => setOpen('')}
        />
      )}
      {open === 'reject' && (
        <RejectForm
          isBusy={isBusy}
          onReject={(reason) => press('reject', 'It is rejected', reason && { reason })}
        />
      )}
    </>
  );
}

const REASON_LENGTH_MAX = 2_000;

function RejectForm({ isBusy, onReject }: { isBusy: boolean; onReject(reason: string): void }) {
  const [reason, setReason] = useState('');
  useUnsaved(reason !== '');
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => field.current!.focus(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    onReject(reason.trim());
  };
  return (
    <form class="json-form" onSubmit={submit}>
      <label>
        Why it is rejected
        <textarea
          rows={3}
          ref={field}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
      <Issue of={tooLong(reason, REASON_LENGTH_MAX)} />
      <p class="actions">
        <button type="submit" class="danger" disabled={isBusy}>
          Reject it
        </button>
      </p>
    </form>
  );
}

/** Of an accepted one. */
function Outcome({ one }: { one: WholeProposal }) {
  const { result, error } = one;
  if (one.status === 'accepting') return <p role="status">It is being carried out…</p>;
  if (error) {
    return (
      <div class="problem in-panel">
        <p>
          <b>It was accepted, and refused:</b> <Line text={error.message} max={4_000} />
        </p>
      </div>
    );
  }
  if (!result) return null;
  return (
    <>
      <h3>What came of it</h3>
      <dl class="facts">
        {result.entityId && (
          <Fact of="Thing">
            <End id={result.entityId} />
          </Fact>
        )}
        {result.requestId && (
          <Fact of="Request">
            <Id id={result.requestId} />{' '}
            <a href={`/events?q=request:${result.requestId}`}>its events</a>
          </Fact>
        )}
      </dl>
    </>
  );
}

function Facts({ one, names }: { one: WholeProposal; names: Map<string, string> }) {
  return (
    <dl class="facts">
      <Fact of="Why">
        {one.reason ? <Line text={one.reason} max={2_000} /> : <Quiet>nobody said</Quiet>}
      </Fact>
      <Fact of="Proposed">
        by <Who by={one.proposedBy} names={names} /> <Time at={one.createdAt} style="long" />
      </Fact>
      {one.entityId && (
        <Fact of="About">
          {one.entityType} <End id={one.entityId} />{' '}
          {one.baseVersion !== undefined && <Quiet>version {one.baseVersion}</Quiet>}
        </Fact>
      )}
      {one.decidedBy ? (
        <Fact of="Decided">
          by <Who by={one.decidedBy} names={names} /> <Time at={one.decidedAt} style="long" />
        </Fact>
      ) : (
        <Fact of="Expires">
          <Time at={one.expiresAt} style="long" />
        </Fact>
      )}
      {one.decisionReason && (
        <Fact of="Because">
          <Line text={one.decisionReason} max={2_000} />
        </Fact>
      )}
      <Fact of="Id">
        <Id id={one.id} /> <a href={`/events?q=about:${one.id}`}>its events</a>
      </Fact>
    </dl>
  );
}

export function ProposalPanel({ id }: { id: string }) {
  const answer = useQuery<WholeProposal>('proposals.get', { id });
  const names = useNames();
  const document = podDocument.value;
  const known = answer.value;
  const status = known && statusOf(known, now.value);
  useOpenTitle(known?.procedure);
  // A change of what it is about is a conflict.
  useReloadOn(
    ({ aggregateId }) => aggregateId !== undefined && [id, known?.entityId].includes(aggregateId),
    answer.reload,
  );
  useAskAgain(answer.reload, status === 'accepting');
  return (
    <Panel
      label="Proposal"
      back={`/proposals${location.search}`}
      title={
        <>
          <h2>{known?.procedure ?? 'Proposal'}</h2>
          {status && <Status status={status} />}
        </>
      }
    >
      <Show of={answer}>
        {(one) =>
          document && (
            <>
              <Conflict one={one} />
              {status === 'open' && <Decide document={document} one={one} reload={answer.reload} />}
              <Outcome one={one} />
              <Facts one={one} names={names} />
              <Part id="diff-title" title="What it would change">
                <Difference document={document} one={one} />
              </Part>
              <details>
                <summary>The call, as it was proposed</summary>
                <Json value={one.input} label="Its input" />
              </details>
              {one.editedInput && (
                <>
                  <h3>With which it was accepted instead</h3>
                  <Json value={one.editedInput} label="Its edited input" />
                </>
              )}
            </>
          )
        }
      </Show>
    </Panel>
  );
}
