// Threads with the agent chat, and an answer while it is written.

export interface Thread {
  id: string;
  title: string;
  messages: number;
  updatedAt: string;
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
}

export interface Talk {
  thread: Thread;
  messages: Message[];
  nextBefore?: number;
}

export interface AgentRun {
  status: string;
  runId?: string;
  error?: { message: string };
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

/** What was asked and is not answered; only the last such run is watched. */
export function runUnderWay(messages: Message[]): string | undefined {
  const answered = new Set(
    messages.flatMap(({ role, runId }) => (role === 'assistant' ? [runId] : [])),
  );
  const last = messages.findLast(({ role }) => role === 'user')?.runId;
  return answered.has(last) ? undefined : last;
}

/** Those of both, in their order; what both have is as the later ones say. */
export function joined(earlier: Message[], later: Message[]): Message[] {
  const ids = new Set(later.map(({ id }) => id));
  return [...earlier.filter(({ id }) => !ids.has(id)), ...later];
}
