// A query whose input no URL has room for: it is asked over REST, where a query may have a body. What
// is answered there is told to tRPC's link as the pod would tell it over tRPC.
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';

import type { HttpOptions } from './http.js';

type Json = Record<string, unknown>;

interface Issue {
  path?: readonly unknown[];
  message: string;
}

/** RFC 9457, as the pod says it. */
interface Problem {
  status: number;
  detail: string;
  code: keyof typeof TRPC_ERROR_CODES_BY_KEY;
  issues?: Issue[];
  details?: Json;
}

// As zod flattens them.
function flattened(issues: Issue[]): Json {
  const formErrors: string[] = [];
  const fieldErrors = new Map<string, string[]>();
  for (const { path = [], message } of issues) {
    if (path.length === 0) {
      formErrors.push(message);
      continue;
    }
    const field = String(path[0]);
    fieldErrors.set(field, [...(fieldErrors.get(field) ?? []), message]);
  }
  return { formErrors, fieldErrors: Object.fromEntries(fieldErrors) };
}

const isProblem = (value: unknown): value is Problem => {
  const { detail, code } = (value ?? {}) as Partial<Problem>;
  return typeof detail === 'string' && typeof code === 'string' && code in TRPC_ERROR_CODES_BY_KEY;
};

function errorOf(problem: Problem, path: string, unknownKeys: Json): Json {
  const { detail, code, status, issues, details } = problem;
  return {
    message: issues ? JSON.stringify(issues, null, 2) : detail,
    code: TRPC_ERROR_CODES_BY_KEY[code],
    data: {
      code,
      httpStatus: status,
      path,
      ...(details ? { details } : {}),
      zodError: issues ? flattened(issues) : null,
      ...unknownKeys,
    },
  };
}

async function envelopeOf(
  response: Response,
  json: () => Promise<unknown>,
  path: string,
): Promise<unknown> {
  const keys = response.headers.get('synap-unknown-keys');
  const unknownKeys = keys === null ? {} : { unknownKeys: JSON.parse(keys) as unknown };
  if (response.status === 204) return { result: unknownKeys };
  const answer = await json();
  if (response.ok) return { result: { data: answer, ...unknownKeys } };
  return isProblem(answer) ? { error: errorOf(answer, path, unknownKeys) } : answer;
}

/** `http`, for a link of tRPC whose method is always POST, and which asks over REST with it. */
export function overRest(http: HttpOptions): HttpOptions {
  const url = http.url.replace(/trpc$/, 'api');
  const ask: HttpOptions['fetch'] = async (target, init) => {
    const response = (await http.fetch(target, init)) as Response;
    const path = decodeURIComponent(String(target).slice(url.length + 1));
    const json = response.json.bind(response);
    const value = () => envelopeOf(response, json, path);
    return Object.defineProperty(response, 'json', { value, configurable: true });
  };
  return { ...http, url, fetch: ask };
}
