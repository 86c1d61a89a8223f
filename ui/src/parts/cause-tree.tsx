// The tree of causes, drawn: what followed from what, and when, with the run that did the work.
import { type CauseNode, causeTree } from '../lib/causes.js';
import { outcomeOf, titleOf, type SynapEvent } from '../lib/events.js';
import type { Run } from '../lib/runs.js';
import { duration } from '../lib/time.js';
import { OutcomeMark, Status } from './badge.js';
import { Quiet } from './plain.js';
import { Line } from './text.js';

const ROW = 40;
const INDENT = 22;

function Connectors({ node }: { node: CauseNode }) {
  const width = (node.depth + 1) * INDENT;
  const middle = ROW / 2;
  const paths: string[] = [];
  // The line of an ancestor that has more children goes past this row.
  node.lines.slice(1).forEach((goesOn, index) => {
    if (goesOn) paths.push(`M${index * INDENT + 11} 0V${ROW}`);
  });
  if (node.depth > 0) {
    const x = (node.depth - 1) * INDENT + 11;
    paths.push(
      `M${x} 0V${node.isLast ? middle - 6 : ROW}`,
      `M${x} ${middle - 6}q0 6 6 6H${x + INDENT - 6}`,
    );
  }
  return (
    <svg class="connectors" width={width} height={ROW} aria-hidden="true">
      <path d={paths.join('')} />
    </svg>
  );
}

function Bar({ node, begin, span }: { node: CauseNode; begin: number; span: number }) {
  const left = ((node.begin - begin) / span) * 100;
  const width = Math.max(((node.end - node.begin) / span) * 100, 1);
  return (
    <span class="bar" aria-hidden="true">
      <i
        class={node.kind}
        style={{
          left: `${Math.min(left, 99)}%`,
          width: `${Math.min(width, 100 - Math.min(left, 99))}%`,
        }}
      />
    </span>
  );
}

function Label({ node }: { node: CauseNode }) {
  if (node.run) {
    return (
      <>
        <b>run</b> {node.run.function} <Status status={node.run.status} />
      </>
    );
  }
  const event = node.event!;
  return (
    <>
      <OutcomeMark outcome={outcomeOf(event.type)} />
      <b>{event.type}</b>{' '}
      <Quiet>
        <Line text={titleOf(event.data)} max={60} />
      </Quiet>
    </>
  );
}

export function CauseTree({
  events,
  runs,
  openId,
}: {
  events: SynapEvent[];
  runs: Run[];
  openId: string;
}) {
  const nodes = causeTree(events, runs);
  const begin = Math.min(...nodes.map((node) => node.begin));
  const span = Math.max(...nodes.map((node) => node.end)) - begin || 1;
  return (
    <ul class="cause-tree" aria-label="What followed from what">
      {nodes.map((node) => (
        <li key={node.id} class={node.id === openId ? 'open' : ''}>
          <Connectors node={node} />
          <a
            href={node.kind === 'run' ? `/runs/${node.id}` : `/events/${node.id}`}
            aria-current={node.id === openId ? 'true' : undefined}
          >
            <span class="cause-label">
              <Label node={node} />
            </span>
            <span class="cause-time">
              {node.kind === 'run'
                ? duration(node.end - node.begin)
                : `+${duration(node.begin - begin)}`}
            </span>
            <Bar node={node} begin={begin} span={span} />
          </a>
        </li>
      ))}
    </ul>
  );
}
