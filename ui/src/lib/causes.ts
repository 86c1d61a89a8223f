// What followed from what: the events of one cause as a tree, with the runs that did the work in it.
import type { SynapEvent } from './events.js';
import type { Run } from './runs.js';

export interface CauseNode {
  kind: 'event' | 'run';
  id: string;
  event?: SynapEvent;
  run?: Run;
  depth: number;
  /** Whether a line goes on down from each depth: for drawing. */
  lines: boolean[];
  isLast: boolean;
  /** Milliseconds since the epoch. */
  begin: number;
  end: number;
}

/** What an event shares with all that follows from the same: of one that begins it, its own id. */
export function correlationOf(event: SynapEvent): string {
  return event.correlationId ?? event.id;
}

/** The event from which the others follow, and which is not among them: its id is what they share. */
export function isRootMissing(events: SynapEvent[], correlationId: string): boolean {
  return (
    events.some((event) => event.causationId === correlationId) &&
    !events.some((event) => event.id === correlationId)
  );
}

interface Branch {
  node: Omit<CauseNode, 'depth' | 'lines' | 'isLast'>;
  children: Branch[];
}

/** The nodes in the order in which they are drawn, each below what caused it. */
export function causeTree(events: SynapEvent[], runs: Run[]): CauseNode[] {
  const eventBranches = new Map<string, Branch>();
  for (const event of events) {
    const at = Date.parse(event.timestamp);
    eventBranches.set(event.id, {
      node: { kind: 'event', id: event.id, event, begin: at, end: at },
      children: [],
    });
  }
  const runBranches = new Map<string, Branch>();
  for (const run of runs) {
    const cause = eventBranches.get(run.eventId);
    if (!cause) continue;
    const end = run.endedAt ? Date.parse(run.endedAt) : Date.now();
    const branch: Branch = {
      node: { kind: 'run', id: run.id, run, begin: Date.parse(run.createdAt), end },
      children: [],
    };
    runBranches.set(run.id, branch);
    cause.children.push(branch);
  }
  const roots: Branch[] = [];
  for (const event of events) {
    const branch = eventBranches.get(event.id)!;
    const byRun = runBranches.get(event.actor?.['run'] ?? '');
    const byEvent = event.causationId ? eventBranches.get(event.causationId) : undefined;
    (byRun ?? byEvent)?.children.push(branch);
    if (!byRun && !byEvent) roots.push(branch);
  }
  const nodes: CauseNode[] = [];
  const walk = (branches: Branch[], depth: number, lines: boolean[]): void => {
    branches.sort((a, b) => a.node.begin - b.node.begin);
    branches.forEach((branch, index) => {
      const isLast = index === branches.length - 1;
      nodes.push({ ...branch.node, depth, lines, isLast });
      walk(branch.children, depth + 1, [...lines, !isLast]);
    });
  };
  walk(roots, 0, []);
  return nodes;
}
