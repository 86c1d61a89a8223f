// Commands: a mutation that is answered when it is on disk, and what became of it.
import { liveStatus } from './live.js';
import { log } from './log.js';
import { AWAY, isPassing, isRefused, messageOf, mutate, PodError, query } from './rpc.js';
import { pause, untilAnswered } from './until-answered.js';

interface Accepted {
  status: 'pending' | 'completed' | 'proposed';
  requestId: string;
  entityId: string;
  version?: number;
}

/** `isDone` is false where whoever asked may not be told. */
export type Done = Accepted & { isDone: boolean };

interface RequestState {
  status: 'pending' | 'completed' | 'failed';
  error?: { name: string; message: string };
}

// The live events tell it at once; asking is for when they do not.
const ASK_EVERY_MS = 1_000;
// A pod that is started again answers within that.
const PATIENCE_MS = 15_000;

/** The pod has the command, and did not tell how it ended. */
function unknownEnd(error: unknown): PodError {
  const why = `${messageOf(error)}.`.replace(/\.\.$/, '.');
  return new PodError(
    `The pod has accepted this, but did not say how it ended. ${why} The same once more does nothing twice.`,
    'END_UNKNOWN',
    0,
  );
}

/** A request went out, and no answer came back. */
const notAnswered = (): PodError =>
  new PodError(
    `${AWAY}: whether this was done is not known. Once more, as it is, does nothing twice.`,
    'END_UNKNOWN',
    0,
  );

/** Nothing has changed, so nothing is to look as if it had. */
function proposed(id: string): PodError {
  return new PodError(
    `This key may only propose, so nothing is changed yet: it is the proposal ${id} now, for somebody else to accept.`,
    'PROPOSED',
    0,
  );
}

/** What was written is not lost, then: the proposal has it. */
export const isProposed = (error: unknown): boolean =>
  error instanceof PodError && error.code === 'PROPOSED';

/** Waits until it is done, and rejects if it failed; false if who is here may not ask. */
async function settled(requestId: string): Promise<boolean> {
  // An event may come while the pod is asked, with an answer that is older than it.
  let isTold = false;
  let wake = (): void => {};
  const stop = log.value?.listen((event) => {
    if (event.requestId !== requestId) return;
    isTold = true;
    wake();
  });
  try {
    for (;;) {
      isTold = false;
      const request = await untilAnswered(
        () => query<RequestState>('requests.get', { requestId }),
        { withinMs: PATIENCE_MS },
      ).catch((error: unknown) => {
        if (isRefused(error)) return undefined;
        throw unknownEnd(error);
      });
      if (!request) return false;
      if (request.status === 'completed') return true;
      if (request.status === 'failed') {
        throw new PodError(
          request.error?.message ?? 'It failed',
          request.error?.name ?? 'FAILED',
          0,
        );
      }
      if (isTold) continue;
      const told = new Promise<void>((resolve) => (wake = resolve));
      await Promise.race([told, pause(ASK_EVERY_MS)]);
    }
  } finally {
    stop?.();
  }
}

/**
 * What somebody wants once, however often they press the button: a form has one of it. A repeat with the
 * same input, after an answer that was lost, is the same command to the pod; another input is another.
 */
export class Intent {
  #said: string | undefined;
  #key = '';

  /** Calls a command and waits until it is done. Rejects if it was refused or failed, or only proposed. */
  command(name: string, input: unknown): Promise<Done> {
    return this.#once(name, input, async (key) => {
      const accepted = await mutate<Accepted>(name, input, key);
      if (accepted.status === 'proposed') throw proposed(accepted.entityId);
      const isPending = accepted.status === 'pending' && accepted.requestId !== undefined;
      return { ...accepted, isDone: !isPending || (await settled(accepted.requestId)) };
    });
  }

  /** Calls a mutation that keeps idempotency keys and is done once it is answered. */
  mutate<T>(name: string, input: unknown): Promise<T> {
    return this.#once(name, input, (key) => mutate<T>(name, input, key));
  }

  async #once<T>(name: string, input: unknown, act: (key: string) => Promise<T>): Promise<T> {
    const said = `${name} ${JSON.stringify(input)}`;
    if (said !== this.#said) this.#key = newKey();
    this.#said = said;
    const wasThere = liveStatus.value !== 'lost';
    let isOpen = false;
    try {
      return await act(this.#key);
    } catch (error) {
      isOpen = isPassing(error) || (error instanceof PodError && error.code === 'END_UNKNOWN');
      // A pod that was known to be away has not got it.
      const isLost = error instanceof PodError && error.code === 'UNREACHABLE' && wasThere;
      throw isLost ? notAnswered() : error;
    } finally {
      // What is done, refused or failed is over: once more is another.
      if (!isOpen) this.#said = undefined;
    }
  }
}

// crypto.randomUUID is there only over HTTPS and on this very machine.
const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
