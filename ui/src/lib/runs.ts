// Runs as the pod tells them: in lists, and one with all that it did.

export interface RunError {
  name: string;
  message: string;
}

export interface Run {
  id: string;
  function: string;
  status: string;
  attempts: number;
  eventId: string;
  eventType: string;
  eventPosition: number;
  /** When it was queued. */
  createdAt: string;
  startedAt?: string;
  endedAt?: string;
  error?: RunError;
  origin?: {
    kind: 'invoke' | 'rerun' | 'replay';
    runId?: string;
    fromStep?: string;
    replayId?: string;
    edited?: boolean;
  };
}

export interface FailedAttempt {
  /** The hash of its step; absent: the function's own code. */
  step?: string;
  name?: string;
  startedAt?: string;
  endedAt: string;
  error: RunError;
}

export interface Step {
  hash: string;
  name: string;
  op: string;
  attempts: number;
  input?: unknown;
  result?: unknown;
  resultBytes?: number;
  resultPreview?: string;
  startedAt?: string;
  endedAt?: string;
  storedAt: string;
}

export interface PendingStep {
  hash: string;
  name: string;
  op: string;
  attempts: number;
  input?: unknown;
  startedAt?: string;
  dueAt?: string;
  error?: RunError;
}

export interface RunWithSteps extends Run {
  queueDelayMs?: number;
  events?: { id: string; type: string; position: number }[];
  output?: unknown;
  outputBytes?: number;
  outputPreview?: string;
  failedAttempts?: FailedAttempt[];
  steps: Step[];
  pendingSteps?: PendingStep[];
}

export const hasEnded = ({ status }: Run): boolean =>
  ['completed', 'failed', 'cancelled', 'discarded'].includes(status);

/** Functions of apps are called "name@user". */
export const isOfApp = (id: string): boolean => id.includes('@');

/** A function's name without whose it is, which is the reader's. */
export const nameOfFunction = (id: string): string => id.replace(/@[0-9a-f-]{36}$/, '');
