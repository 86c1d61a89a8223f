// Calls of the pod's procedures: tRPC's wire over fetch, with the session's cookie.

/** An error that the pod answered, or that came in the way of its answer (`code` "UNREACHABLE"). */
export class PodError extends Error {
  readonly code: string;
  readonly status: number;
  /** What is wrong with the input: a path in it, and a sentence. */
  readonly issues: { path: (string | number)[]; message: string }[];
  /** What the pod says besides, by the error's code. */
  details: { reason?: string; position?: number } = {};
  constructor(message: string, code: string, status: number, issues: PodError['issues'] = []) {
    super(message);
    this.code = code;
    this.status = status;
    this.issues = issues;
  }
}

export const AWAY = 'The pod does not answer';

/** It may be answered another time: the pod was away, or had too much to do. */
export const isPassing = (error: unknown): boolean =>
  error instanceof PodError && (error.code === 'UNREACHABLE' || mayPass(error.status));

const mayPass = (status: number): boolean => status >= 500 || status === 429;

/** Whoever asks may not see it. Asking again changes nothing. */
export const isRefused = (error: unknown): boolean =>
  error instanceof PodError && error.code === 'FORBIDDEN';

interface Envelope {
  result?: { data?: unknown };
  error?: {
    message: string;
    data?: { code?: string; httpStatus?: number; issues?: unknown; details?: PodError['details'] };
  };
}

// What every proxy takes in one URL; a longer input goes as a body, over REST.
const URL_LENGTH_MAX = 8_000;

// What is asked for meanwhile waits for the question that is under way: none may hang for ever, as it
// does on a connection that died without a word.
const ANSWER_WITHIN_MS = 60_000;

// The page's half of the session: the other is in a cookie, which browsers send to every server on the
// host. This one is kept where only pages of this very origin read, and sent by this page alone.
const PAGE_HALF = 'synap-page';
const NO_HALF = '1';

let halfOfThisTab: string | undefined;

export function pageHalf(): string {
  try {
    const half = localStorage.getItem(PAGE_HALF) ?? '';
    // Anything else is not the pod's, and no header takes it.
    return /^[\x21-\x7e]+$/.test(half) ? half : NO_HALF;
  } catch {
    return halfOfThisTab ?? NO_HALF; // a browser that keeps nothing
  }
}

export function keepPageHalf(half: string | undefined): void {
  halfOfThisTab = half;
  try {
    if (half === undefined) localStorage.removeItem(PAGE_HALF);
    else localStorage.setItem(PAGE_HALF, half);
  } catch {
    // Then it is this tab's, for as long as it is open.
  }
}

/** Called when the pod says that nobody is signed in any more. */
let onSignedOut: () => void = () => {};
export function whenSignedOut(call: () => void): void {
  onSignedOut = call;
}

export const tellSignedOut = (): void => onSignedOut();

const isIssue = (value: unknown): value is { path: (string | number)[]; message: string } =>
  typeof value === 'object' && value !== null && 'path' in value && 'message' in value;

/** The issues of an error: beside the message or, as zod's clients read them, in it. */
function issuesOf(message: string, data: unknown): PodError['issues'] {
  if (Array.isArray(data)) return data.filter(isIssue);
  if (!message.startsWith('[')) return [];
  try {
    const parsed: unknown = JSON.parse(message);
    return Array.isArray(parsed) ? parsed.filter(isIssue) : [];
  } catch {
    return [];
  }
}

/** The pod's words about what is missing are those of a program. */
const inWords = (message: string): string =>
  /^Invalid input: .* received undefined/.test(message)
    ? 'this is needed'
    : message.startsWith('Too small: expected string to have >=1 ')
      ? 'this cannot be left empty'
      : message;

const sentenceOf = (issues: PodError['issues']): string =>
  issues
    .map(({ path, message }) => (path.length ? `${path.join('.')}: ${message}` : message))
    .join('; ');

function errorOf(
  message = 'The pod gave no reason',
  code = 'ERROR',
  status: number,
  data: unknown,
  details: PodError['details'] = {},
): PodError {
  const issues = issuesOf(message, data).map((issue) => ({
    ...issue,
    message: inWords(issue.message),
  }));
  const failed = new PodError(issues.length ? sentenceOf(issues) : message, code, status, issues);
  failed.details = details;
  return failed;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  const given = init.signal;
  const own = new AbortController();
  const abort = () => own.abort();
  const timer = setTimeout(abort, ANSWER_WITHIN_MS);
  if (given?.aborted) abort();
  given?.addEventListener('abort', abort);
  try {
    return await fetch(path, {
      ...init,
      signal: own.signal,
      credentials: 'same-origin',
      headers: { 'synap-page': pageHalf(), ...(init.headers as Record<string, string>) },
    });
  } catch (error) {
    if (given?.aborted) throw error;
    throw new PodError(AWAY, 'UNREACHABLE', 0);
  } finally {
    clearTimeout(timer);
  }
}

/** Its JSON, whatever its status. */
export async function parsed(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new PodError(
      `The pod answered ${response.status} without JSON`,
      'UNREACHABLE',
      response.status,
    );
  }
}

async function overTrpc(path: string, init: RequestInit): Promise<unknown> {
  const response = await send(path, init);
  const answer = (await parsed(response)) as Envelope;
  if (answer.result) return answer.result.data;
  throw refusal(answer, response.status);
}

function refusal({ error }: Envelope, status: number): PodError {
  if (status === 401) onSignedOut();
  const data = error?.data;
  return errorOf(error?.message, data?.code, status, data?.issues, data?.details);
}

/** Calls a procedure by the way whose errors have the place of each issue, whoever has found it. */
export async function overRest(name: string, body: string, signal?: AbortSignal): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await send(`/api/${name}`, {
    method: 'POST',
    headers,
    body,
    signal: signal ?? null,
  });
  if (response.status === 204) return undefined;
  const answer = await parsed(response);
  if (response.ok) return answer;
  if (response.status === 401) onSignedOut();
  const { detail, code, issues, details } = answer as {
    detail?: string;
    code?: string;
    issues?: unknown;
    details?: PodError['details'];
  };
  throw errorOf(detail, code, response.status, issues, details);
}

/** Asks a query. */
export async function query<T>(name: string, input?: unknown, signal?: AbortSignal): Promise<T> {
  const text = input === undefined ? undefined : JSON.stringify(input);
  const url = `/trpc/${name}${text === undefined ? '' : `?input=${encodeURIComponent(text)}`}`;
  if (text !== undefined && url.length > URL_LENGTH_MAX)
    return (await overRest(name, text, signal)) as T;
  return (await overTrpc(url, { signal: signal ?? null })) as T;
}

/**
 * Tells each item of a subscription, until the pod ends it. Rejects if it is refused, or breaks off: then it
 * may be asked for again.
 */
export async function stream<T>(
  name: string,
  input: unknown,
  onItem: (item: T) => void,
  signal: AbortSignal,
): Promise<void> {
  const url = `/trpc/${name}?input=${encodeURIComponent(JSON.stringify(input))}`;
  const response = await send(url, { headers: { accept: 'text/event-stream' }, signal });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  if (!isStream) throw refusal((await parsed(response)) as Envelope, response.status);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let text = ''; ;) {
      const { value } = await reader.read().catch(() => ({ value: undefined }));
      if (value === undefined) throw new PodError(AWAY, 'UNREACHABLE', 0);
      const parts = (text + value).split('\n\n');
      text = parts.pop()!;
      for (const part of parts) {
        const kind = /^event: (.*)$/m.exec(part)?.[1];
        const data = /^data: (.+)$/m.exec(part)?.[1];
        if (kind === 'return') return;
        if (kind === 'serialized-error') {
          const error = JSON.parse(data!) as NonNullable<Envelope['error']>;
          throw refusal({ error }, error.data?.httpStatus ?? 500);
        }
        if (!kind && data) onItem(JSON.parse(data) as T);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/**
 * Asks one query with several inputs, in one request, or more where a pod takes only smaller ones. What
 * is refused of them is undefined; where one may be answered another time, this rejects.
 */
export async function queryEach<T>(name: string, inputs: unknown[]): Promise<(T | undefined)[]> {
  const text = encodeURIComponent(JSON.stringify({ ...inputs }));
  const url = `/trpc/${inputs.map(() => name).join()}?batch=1&input=${text}`;
  const response = await send(url, {});
  const answers = (await parsed(response)) as Envelope | Envelope[];
  const of = ({ error }: Envelope) => error?.data?.httpStatus ?? response.status;
  if (Array.isArray(answers)) {
    // One that the pod cannot answer at all (500) is as one that is refused: the others stand.
    const failed = answers.find((one) => [401, 429, 502, 503, 504].includes(of(one)));
    if (failed) throw refusal(failed, of(failed));
    return answers.map(({ result }) => result?.data as T | undefined);
  }
  // Of all of them at once: there are more than this pod takes.
  if (inputs.length < 2 || ![400, 413, 414].includes(of(answers)))
    throw refusal(answers, of(answers));
  const half = inputs.length >> 1;
  const parts = [inputs.slice(0, half), inputs.slice(half)].map((some) => queryEach<T>(name, some));
  return (await Promise.all(parts)).flat();
}

/**
 * Calls a mutation. It is at the pod once, or this rejects; then it may be there nevertheless. A repeat
 * with the same `idempotencyKey` is answered as the first call was and does nothing again.
 */
export async function mutate<T>(
  name: string,
  input?: unknown,
  idempotencyKey?: string,
): Promise<T> {
  return (await overTrpc(`/trpc/${name}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    },
    ...(input === undefined ? {} : { body: JSON.stringify(input) }),
  })) as T;
}

/** A page of the pod that is no procedure: /session, /metrics, /openapi.json, /ready. */
export async function plain(path: string, init: RequestInit = {}): Promise<Response> {
  return send(path, init);
}

/** What to tell people about an error of any kind. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
