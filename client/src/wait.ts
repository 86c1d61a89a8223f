// waitFor(): what became of a command, without polling and without a gap.
import type { Request } from './generated/app-router.js';
import { ClientClosedError, RequestFailedError, WaitTimeoutError, isRefusal } from './errors.js';
import { EventSubscription, type EventSourceOfPod } from './subscription.js';
import type { Running } from './watch.js';

export interface WaitOptions {
  /** Default: 30 seconds. Infinity: as long as it takes. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

const TIMEOUT_MS = 30_000;
const ASK_AGAIN_MS = 1_000;

/**
 * Watches first and asks then, so nothing can come in between; and asks again with each event of
 * the command and after each interruption. So the answer is always the pod's own, of requests.get.
 */
export function waitFor(
  source: EventSourceOfPod,
  getRequest: (requestId: string) => Promise<Request>,
  running: Running,
  requestId: string,
  { timeoutMs = TIMEOUT_MS, signal }: WaitOptions = {},
): Promise<Request> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    let isEnded = false;
    let isAsking = false;
    let askAgain = false;

    const end = (settle: () => void) => {
      if (isEnded) return;
      isEnded = true;
      clearTimeout(timer);
      clearTimeout(retry);
      running.delete(close);
      signal?.removeEventListener('abort', abort);
      subscription.stop();
      settle();
    };
    const close = () => end(() => reject(new ClientClosedError()));
    const abort = () => end(() => reject(signal?.reason));
    const ask = async () => {
      if (isAsking) {
        askAgain = true;
        return;
      }
      isAsking = true;
      try {
        do {
          askAgain = false;
          const request = await getRequest(requestId);
          if (request.status === 'completed') return end(() => resolve(request));
          if (request.status === 'failed') return end(() => reject(new RequestFailedError(request)));
        } while (askAgain && !isEnded);
      } catch (error) {
        if (isRefusal(error)) return end(() => reject(error));
        clearTimeout(retry);
        if (!isEnded) retry = setTimeout(() => void ask(), ASK_AGAIN_MS);
      } finally {
        isAsking = false;
      }
    };
    const subscription = new EventSubscription(
      source,
      { requestId },
      {
        onStarted: () => void ask(),
        onEvent: () => void ask(),
        onInterrupted: () => {},
        onEnd: (error) => end(() => reject(error)),
      },
    );

    if (signal?.aborted) return reject(signal.reason);
    running.add(close);
    signal?.addEventListener('abort', abort, { once: true });
    if (timeoutMs !== Infinity) {
      timer = setTimeout(() => end(() => reject(new WaitTimeoutError(requestId, timeoutMs))), timeoutMs);
    }
    subscription.start();
  });
}
