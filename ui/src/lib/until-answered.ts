// Asking a pod that may be away: again and again, more slowly, until it answers.
import { isPassing } from './rpc.js';

const WAIT_MS_MIN = 250;
const WAIT_MS_MAX = 4_000;

/** Resolves after `ms`, or at once when `signal` says that nobody waits any more. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

interface Options {
  signal?: AbortSignal;
  /** Told of each failure that may pass. */
  onFailure?(error: unknown): void;
  /** After so long the last failure is the answer. */
  withinMs?: number;
}

/** The answer. Rejects with what does not pass by itself (a refusal), or once `signal` is aborted. */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  { signal, onFailure, withinMs = Infinity }: Options = {},
): Promise<T> {
  const begin = Date.now();
  for (let attempt = 0; ; ++attempt) {
    try {
      return await ask();
    } catch (error) {
      if (!isPassing(error) || signal?.aborted || Date.now() - begin >= withinMs) throw error;
      onFailure?.(error);
    }
    const wait = Math.min(WAIT_MS_MIN * 2 ** attempt, WAIT_MS_MAX);
    await pause(wait * (0.75 + Math.random() / 4), signal);
    signal?.throwIfAborted();
  }
}
