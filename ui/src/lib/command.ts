// Commands: a mutation that is answered when it is on disk, and what became of it.
import { log } from './log.js';
import { mutate, PodError, query } from './rpc.js';

interface Accepted {
  status: 'pending' | 'completed';
  requestId: string;
  entityId: string;
  version?: number;
}

interface RequestState {
  status: 'pending' | 'completed' | 'failed';
  error?: { name: string; message: string };
}

// The live events tell it at once; asking is for when they do not.
const ASK_EVERY_MS = 1_000;

async function settled(requestId: string): Promise<void> {
  let wake = () => {};
  const stop = log.value?.listen((event) => event.requestId === requestId && wake());
  try {
    for (;;) {
      const request = await query<RequestState>('requests.get', { requestId });
      if (request.status === 'completed') return;
      if (request.status === 'failed') {
        throw new PodError(
          request.error?.message ?? 'It failed',
          request.error?.name ?? 'FAILED',
          0,
        );
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, ASK_EVERY_MS);
      });
    }
  } finally {
    stop?.();
  }
}

/** Calls a command and waits until it is done. Rejects if it was refused or failed. */
export async function command(name: string, input: unknown): Promise<Accepted> {
  const accepted = await mutate<Accepted>(name, input);
  if (accepted?.status === 'pending' && accepted.requestId) await settled(accepted.requestId);
  return accepted;
}
