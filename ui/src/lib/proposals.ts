// Proposals: calls that wait for somebody else to accept them.

export interface By {
  kind: string;
  id: string;
}

export interface Proposal {
  id: string;
  procedure: string;
  status: string;
  proposedBy: By;
  reason: string;
  entityType?: string;
  entityId?: string;
  baseVersion?: number;
  createdAt: string;
  expiresAt: string;
  decidedAt?: string;
  decidedBy?: By;
  decisionReason?: string;
}

export interface ProposedField {
  field: string;
  before?: unknown;
  after?: unknown;
  isCut?: boolean;
}

export interface WholeProposal extends Proposal {
  input: Record<string, unknown>;
  editedInput?: Record<string, unknown>;
  result?: { entityId?: string; requestId?: string; result?: unknown };
  error?: { name: string; message: string };
  diff: ProposedField[];
  version?: number;
  isConflict: boolean;
}

/** By the clock of whoever looks, too: nothing tells that one has expired. */
export const statusOf = ({ status, expiresAt }: Proposal, now: number): string =>
  status === 'open' && Date.parse(expiresAt) <= now ? 'expired' : status;

// What is of the call and not of the thing; an edited input has none of it.
const OF_CALL = ['expectedVersion', 'idempotencyKey'];

/** The input with what was edited of it. */
export const editedInput = (
  input: Record<string, unknown>,
  changes: Record<string, unknown>,
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries({ ...input, ...changes }).filter(([name]) => !OF_CALL.includes(name)),
  );
