import { TRPCClientError } from '@trpc/client';

import type { AppRouter, Request } from './generated/app-router.js';

/** An error that the pod answered, or that came in the way of its answer. */
export type SynapError = TRPCClientError<AppRouter>;

export function isSynapError(error: unknown): error is SynapError {
  return error instanceof TRPCClientError;
}

/** The command was given up: `request.error` says why. */
export class RequestFailedError extends Error {
  override readonly name = 'RequestFailedError';
  readonly request: Request;
  constructor(request: Request) {
    super(`${request.type} failed: ${request.error?.message ?? 'no reason was given'}`);
    this.request = request;
  }
}

/** The command had not ended in time; it goes on, and can be waited for again. */
export class WaitTimeoutError extends Error {
  override readonly name = 'WaitTimeoutError';
  readonly requestId: string;
  constructor(requestId: string, timeoutMs: number) {
    super(`Request ${requestId} has not ended within ${timeoutMs} ms`);
    this.requestId = requestId;
  }
}

export class ClientClosedError extends Error {
  override readonly name = 'ClientClosedError';
  constructor() {
    super('The client was closed');
  }
}

/**
 * True if asking again cannot help: the pod has understood and refuses. Whatever else goes wrong (a
 * lost connection, a pod that restarts, a gateway's page instead of an answer) can pass.
 */
export function isRefusal(error: unknown): boolean {
  if (!isSynapError(error)) return false;
  const status = error.data?.httpStatus;
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
}
