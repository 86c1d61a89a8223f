// Whether what answers is a pod: a proxy's page, another program and a loop of redirects are not, and
// that they answer is not to be taken for a pod's silence.
import { NoPodError } from './errors.js';
import type { HttpOptions } from './http.js';

type Fetch = HttpOptions['fetch'];

const isEnvelope = (value: unknown): boolean => {
  const { result, error } = (value ?? {}) as Partial<Record<'result' | 'error', unknown>>;
  const told = result ?? error;
  return typeof told === 'object' && told !== null;
};

// One of a call, or a list of those of a batch.
const isOfPod = (answer: unknown): boolean =>
  Array.isArray(answer) ? answer.length > 0 && answer.every(isEnvelope) : isEnvelope(answer);

// As Node says it; browsers do not say why.
const isRedirectLoop = (error: unknown): boolean => {
  const { cause } = (error ?? {}) as { cause?: { message?: unknown } | null };
  return String(cause?.message).includes('redirect count exceeded');
};

/** `ask`, with answers of the pod only: of another one it throws a NoPodError. */
export function answersOfPod(endpoint: string, ask: Fetch): Fetch {
  const url = endpoint.replace(/\/trpc$/, '');
  return async (target, init) => {
    const response = await ask(target, init).catch((error: unknown) => {
      throw isRedirectLoop(error) ? new NoPodError(url, 'it redirects again and again') : error;
    });
    const json = response.json.bind(response);
    const value = async (): Promise<unknown> => {
      const { status } = response as Response;
      const noPod = () => new NoPodError(url, `its answer, of status ${status}, is not tRPC`);
      const answer = await json().catch((error: unknown) => {
        // A connection that is cut within the answer is no answer.
        throw (error as Error | null)?.name === 'SyntaxError' ? noPod() : error;
      });
      if (!isOfPod(answer)) throw noPod();
      return answer;
    };
    return Object.defineProperty(response, 'json', { value, configurable: true });
  };
}
