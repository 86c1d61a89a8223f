// Threads with the agent chat, and an answer while it is written.

export interface Thread {
  id: string;
  title: string;
  messages: number;
  updatedAt: string;
  /** What its model asks for waits for nobody. */
  trusted: boolean;
}

export interface ToolUse {
  name: string;
  arguments: string;
  /** Absent: it is under way. */
  ok?: boolean;
  result?: string;
}

export interface Message {
  id: string;
  role: 'user' | 'assistant';
  text: string;
  runId?: string;
  tools: ToolUse[];
  citations: { number: number; entityId: string; entityType: string; title: string }[];
  error?: string;
  createdAt: string;
  /** What it follows; absent: it begins the thread. */
  parentId?: string;
  /** So many follow the same one, and it is this one of them. */
  siblings: number;
  sibling: number;
  previousSiblingId?: string;
  nextSiblingId?: string;
}

export interface Talk {
  thread: Thread;
  messages: Message[];
  nextBefore?: number;
}

export interface Question {
  id: string;
  question: unknown;
}

export interface AgentRun {
  id: string;
  status: string;
  /** Those that wait for an answer. */
  questions?: Question[];
  input?: { threadId?: string; messageId?: string };
  runId?: string;
  error?: { name?: string; message: string };
}

export interface Item {
  type: 'run' | 'state' | 'answer' | 'text' | 'tool' | 'result';
  run?: AgentRun;
  state?: { tools?: ToolUse[]; answer?: string };
  name?: string;
  arguments?: string;
  text?: string;
  ok?: boolean;
}

/** What an answer has come to so far. */
export interface Growing {
  text: string;
  tools: ToolUse[];
  run?: AgentRun;
}

// A model knows procedures by names without dots.
const dotted = (name = ''): string => name.replace('_', '.');

/** What it has come to with one more item of agents.watch. */
export function grown(now: Growing, item: Item): Growing {
  const { text = '', name, run, state } = item;
  if (item.type === 'run') return run ? { ...now, run } : now;
  if (item.type === 'state')
    return { ...now, tools: state?.tools ?? now.tools, text: state?.answer || now.text };
  if (item.type === 'answer') return { ...now, text: '' };
  if (item.type === 'text') return { ...now, text: now.text + text };
  if (item.type === 'tool') {
    const tool = { name: dotted(name), arguments: item.arguments ?? '' };
    return { ...now, tools: [...now.tools, tool] };
  }
  const at = now.tools.findIndex((tool) => tool.ok === undefined && tool.name === dotted(name));
  return {
    ...now,
    tools: now.tools.map((tool, index) =>
      index === at ? { ...tool, ok: item.ok ?? false, result: text } : tool,
    ),
  };
}

/** The proposal that a tool has made of its call. What it gave may be cut, so it is not parsed. */
export const proposalIn = (result = ''): string | undefined =>
  /"status":\s*"proposed"/.test(result)
    ? /"proposalId":\s*"([-0-9a-f]{36})"/.exec(result)?.[1]
    : undefined;

/** The message that was asked last and is not answered, as far as the branch tells: others answer in it, too. */
export function unanswered(messages: Message[]): Message | undefined {
  const last = messages.findLast(({ role }) => role === 'user');
  const others = messages.filter((one) => one.role === 'user' && one !== last);
  const ofOthers = new Set(others.map(({ runId }) => runId));
  const behind = last ? messages.slice(messages.indexOf(last)) : [];
  const isAnswered = behind.some((one) => one.role === 'assistant' && !ofOthers.has(one.runId));
  return isAnswered ? undefined : last;
}

export const isOpen = ({ status }: AgentRun): boolean => status === 'running' || status === 'interrupted';

/** Somebody has stopped it; in a version that said no message then. */
const wasStopped = ({ error }: AgentRun): boolean => error?.name === 'CLIENT_CLOSED_REQUEST';

/** The runs that answer messages of the branch now, or were stopped, by the message. */
export function underWay(messages: Message[], runs: AgentRun[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const add = (messageId: string | undefined, runId: string | undefined) => {
    if (!messageId || !runId) return;
    const known = found.get(messageId) ?? [];
    if (!known.includes(runId)) found.set(messageId, [...known, runId]);
  };
  const told = new Set(messages.flatMap(({ role, runId }) => (role === 'user' ? [] : [runId])));
  const last = unanswered(messages);
  add(last?.id, last?.runId);
  // The oldest first.
  for (const { id, input } of runs.filter((one) => isOpen(one) || wasStopped(one)).reverse()) {
    const isHere = messages.some((one) => one.id === input?.messageId);
    if (isHere && !told.has(id)) add(input?.messageId, id);
  }
  return found;
}

/** The branch that ends in `later`, as far as it is known: what the first of them follows comes before it. */
export function joined(known: Message[], later: Message[]): Message[] {
  const byId = new Map(known.map((one) => [one.id, one]));
  for (const { id } of later) byId.delete(id);
  const branch = [...later];
  for (;;) {
    const before = byId.get(branch[0]?.parentId ?? '');
    if (!before) return branch;
    byId.delete(before.id);
    branch.unshift(before);
  }
}
