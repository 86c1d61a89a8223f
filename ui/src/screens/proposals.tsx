// What was proposed: what waits for somebody to decide first, and one of it beside the list.
import { useNarrow } from '../lib/narrow.js';
import { usePagedList } from '../lib/paged-list.js';
import { type Proposal, statusOf } from '../lib/proposals.js';
import { route } from '../lib/router.js';
import { now, number } from '../lib/time.js';
import { Empty } from '../parts/answer.js';
import { Status } from '../parts/badge.js';
import { asked } from '../parts/filters.js';
import { Listed } from '../parts/listed.js';
import { Quiet, Split } from '../parts/plain.js';
import { Line } from '../parts/text.js';
import { Time } from '../parts/time.js';
import { ProposalPanel, useNames } from './proposal.js';

const STATUSES = [
  'open',
  'accepting',
  'accepted',
  'failed',
  'rejected',
  'withdrawn',
  'expired',
  'all',
];

function ProposalRow({ one, names }: { one: Proposal; names: Map<string, string> }) {
  const status = statusOf(one, now.value);
  const { kind, id } = one.proposedBy;
  return (
    <span class="run-row">
      <Status status={status} />
      <b>{one.procedure}</b>
      <span class="run-words">
        {one.reason ? <Line text={one.reason} max={120} /> : <Quiet>without a reason</Quiet>}
      </span>
      <span class="quiet run-numbers">
        by {kind} <Line text={names.get(id) ?? id.slice(0, 8)} max={30} />
        {status === 'open' && (
          <>
            , expires <Time at={one.expiresAt} style="ago" />
          </>
        )}
      </span>
      <Time at={one.decidedAt ?? one.createdAt} />
    </span>
  );
}

function ProposalList({ openId }: { openId: string | undefined }) {
  const status = asked('status') || 'open';
  const list = usePagedList<Proposal>(
    'proposals.list',
    'proposals',
    status === 'all' ? {} : { status },
    (event) => event.type.startsWith('proposal.'),
  );
  const names = useNames();
  const isNarrow = useNarrow() || openId !== undefined;
  return (
    <div class={`split-list ${isNarrow ? '' : 'is-wide'}`}>
      <div class="bar-top">
        <h1>Proposals</h1>
        <Quiet>
          {list.total !== undefined && `${number(list.total)} ${status === 'all' ? '' : status}`}
        </Quiet>
      </div>
      <nav class="tabs run-tabs" aria-label="Proposals by status">
        {STATUSES.map((one) => (
          <a
            key={one}
            href={one === 'open' ? '/proposals' : `/proposals?status=${one}`}
            aria-current={status === one ? 'page' : undefined}
          >
            {one}
          </a>
        ))}
      </nav>
      <Listed
        list={list}
        empty={
          <Empty title={status === 'open' ? 'Nothing waits for you' : 'There is none'}>
            {status === 'open' && (
              <p>
                What a key with the scope <code>propose</code> calls is here until somebody accepts
                or rejects it.
              </p>
            )}
          </Empty>
        }
        key={status}
        label="Proposals, the newest first"
        rowHeight={isNarrow ? 54 : 38}
        hrefOf={(one) => `/proposals/${one.id}${location.search}`}
        render={(one) => <ProposalRow one={one} names={names} />}
        openKey={openId}
      />
    </div>
  );
}

export default function ProposalsScreen() {
  const openId = route.value.parts[1];
  return (
    <Split open={openId} back="/proposals">
      <ProposalList openId={openId} />
      {openId && <ProposalPanel key={openId} id={openId} />}
    </Split>
  );
}
