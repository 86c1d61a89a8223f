// Runs as the pod tells them: in lists, and one with all that it did.

export { isOfApp, nameOfFunction } from './function-names.js';

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
  /** Of many nodes the one that made its last call. */
  node?: string;
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

// Codes that the pod gives to failures, as people would say it.
const CODES: Record<string, string> = {
  BAD_GATEWAY: 'What it called answered wrongly',
  BAD_REQUEST: 'It was asked for something wrong',
  CONFLICT: 'Something else was faster',
  FORBIDDEN: 'It may not do that',
  GATEWAY_TIMEOUT: 'What it called took too long',
  INTERNAL_SERVER_ERROR: 'It failed',
  NOT_FOUND: 'Something was not there',
  PAYLOAD_TOO_LARGE: 'Something was too large',
  PRECONDITION_FAILED: 'Something was missing that it needs',
  SERVICE_UNAVAILABLE: 'What it needs was not there',
  TIMEOUT: 'It took too long',
  TOO_MANY_REQUESTS: 'It was too much at once',
  UNPROCESSABLE_CONTENT: 'It cannot be done',
  Error: 'It failed',
  NonRetriableError: 'It failed, and said that trying again is no use',
  RetryAfterError: 'It failed, and asked to be tried later',
  StepError: 'A step of it failed',
};

/** What the name of an error says; one of an app's own is what it is called. */
export const wordsOfError = (name: string): string => CODES[name] ?? name;
