// How calls go over HTTP: those of one moment together, in requests that a pod and what stands before
// it take; what is too long for that, alone.
import {
  httpBatchLink,
  httpLink,
  splitLink,
  type HTTPLinkOptions,
  type Operation,
  type TRPCLink,
} from '@trpc/client';

import { answersOfPod } from './answer.js';
import type { AppRouter } from './generated/app-router.js';
import { overRest } from './long-query.js';

type Options = HTTPLinkOptions<AppRouter['_def']['_config']['$types']>;

export interface HttpOptions {
  /** The pod's endpoint. */
  url: string;
  headers: () => Promise<Record<string, string>>;
  fetch: NonNullable<Options['fetch']>;
}

// What the pod takes in one request, and what every proxy takes in one URL.
const BATCH_MAX = 100;
const URL_LENGTH_MAX = 8_000;
// A hundred inputs of this size are a third of the 10 MiB that a pod takes in one request, if it is
// not told otherwise; a longer one goes alone.
const BATCHED_INPUT_BYTES_MAX = 32 * 1024;

// Of UTF-8, for a UTF-16 unit.
const BYTES_OF_UNIT_MAX = 3;

// As it is sent, so that what JSON escapes counts as what becomes of it.
function isLong(input: unknown): boolean {
  const json = JSON.stringify(input) as string | undefined;
  if (json === undefined || json.length * BYTES_OF_UNIT_MAX <= BATCHED_INPUT_BYTES_MAX) return false;
  if (json.length > BATCHED_INPUT_BYTES_MAX) return true;
  return new TextEncoder().encode(json).length > BATCHED_INPUT_BYTES_MAX;
}

// Around an input in the URL of a batch of one.
const BATCH_OF_ONE = `?batch=1&input=${encodeURIComponent('{"0":}')}`;
// Of a URL, for a UTF-16 unit: three bytes, "%E6%BC%A2".
const URL_LENGTH_OF_UNIT_MAX = 9;

// Whether no URL has room for it, be it the only one of its request.
function isTooLongForUrl({ path, input }: Operation, endpoint: string): boolean {
  const json = JSON.stringify(input) as string | undefined;
  if (json === undefined) return false;
  const room = URL_LENGTH_MAX - endpoint.length - '/'.length - path.length - BATCH_OF_ONE.length;
  if (json.length * URL_LENGTH_OF_UNIT_MAX <= room) return false;
  return json.length > room || encodeURIComponent(json).length > room;
}

/** For queries and mutations. */
export function callsOverHttp(options: HttpOptions): TRPCLink<AppRouter> {
  const checked = (by: HttpOptions) => ({ ...by, fetch: answersOfPod(options.url, by.fetch) });
  const http = checked(options);
  const isAlone = ({ type, input }: Operation) => type === 'mutation' && isLong(input);
  return splitLink({
    condition: (op: Operation) => op.type === 'query' && isTooLongForUrl(op, http.url),
    true: httpLink({ ...checked(overRest(options)), methodOverride: 'POST' }),
    false: splitLink({
      condition: isAlone,
      true: httpLink(http),
      false: httpBatchLink({ ...http, maxItems: BATCH_MAX, maxURLLength: URL_LENGTH_MAX }),
    }),
  });
}
