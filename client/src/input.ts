// What an input is before it is sent: without what tRPC's React packages add, and JSON.
import { TRPCClientError, type Operation, type TRPCLink } from '@trpc/client';
import { observable } from '@trpc/server/observable';

import { InputError } from './errors.js';
import type { AppRouter } from './generated/app-router.js';

// What a pod takes as the head of a request is 64 KiB where its `header_bytes_max` says nothing else, of
// which other header fields need some. A pod or a proxy that takes less answers 431 or 414.
const SSE_URL_LENGTH_MAX = 60_000;
// Of what is nested deeper, JSON.stringify says what is wrong.
const DEPTH_MAX = 500;

/**
 * An infinite query adds the way it is read in. No list of a pod has one, so that the pod would tell of
 * an unknown key. (`relations.neighbours` has a direction with other values; a list of one's own that is
 * filtered by a `direction` of these two cannot be asked so: README.)
 */
function withoutDirection(op: Operation): Operation {
  const { direction, ...input } = (op.input ?? {}) as Record<string, unknown>;
  const isTrpcs = op.type === 'query' && (direction === 'forward' || direction === 'backward');
  return isTrpcs ? { ...op, input } : op;
}

/** What JSON has not, and JSON.stringify refuses, leaves out or makes something else of. */
function strangerTo(given: unknown): string | undefined {
  if (typeof given === 'bigint') return 'a BigInt, which JSON has not: give it as a number, or as a text';
  if (typeof given === 'number' && !Number.isFinite(given)) return `${given}, which JSON has not`;
  if (typeof given === 'function' || typeof given === 'symbol') return `a ${typeof given}, which JSON has not`;
  if (given instanceof Date && Number.isNaN(given.getTime())) return 'a Date that is no time';
  if (given instanceof Map || given instanceof Set || ArrayBuffer.isView(given) || given instanceof ArrayBuffer) {
    return `of ${Object.prototype.toString.call(given).slice(8, -1)}, which JSON has not: give it as an object, a list or a text`;
  }
  return undefined;
}

/** Where in `value` something is that JSON has not, and what it is. */
function faultIn(given: unknown, place: string, above: readonly unknown[]): string | undefined {
  const strange = strangerTo(given);
  if (strange !== undefined) return `${place || 'it'} is ${strange}`;
  const { toJSON } = Object(given) as { toJSON?: unknown };
  const value: unknown = typeof toJSON === 'function' ? toJSON.call(given) : given;
  if (value !== given) return faultIn(value, place, [...above, given]);
  if (typeof value !== 'object' || value === null || above.length > DEPTH_MAX) return undefined;
  if (above.includes(value)) return `${place} is what it stands in, so that it has no end`;
  const inside = [...above, value];
  for (const [name, member] of Object.entries(value)) {
    const step = Array.isArray(value) ? `[${name}]` : place ? `.${name}` : name;
    if (member === undefined && Array.isArray(value)) return `${place + step} is undefined, which a list has not`;
    const fault = faultIn(member, place + step, inside);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

// A getter that has thrown throws again.
function placeOfFault(input: unknown): string | undefined {
  try {
    return faultIn(input, '', []);
  } catch {
    return undefined;
  }
}

function jsonOf({ path, input }: Operation): string | undefined {
  const fault = placeOfFault(input);
  if (fault !== undefined) throw new InputError(`The input of ${path} is no JSON: ${fault}`);
  try {
    return JSON.stringify(input);
  } catch (error) {
    if (error instanceof RangeError) throw new InputError(`The input of ${path} is nested too deep`);
    const said = error instanceof Error ? error.message : String(error);
    throw new InputError(`The input of ${path} is no JSON: ${said}`);
  }
}

function checkLength({ path }: Operation, json: string | undefined): void {
  const length = encodeURIComponent(json ?? '').length;
  if (length <= SSE_URL_LENGTH_MAX) return;
  throw new InputError(
    `The input of ${path} is too long for an address, which is where server-sent events have it: ` +
      `${length} characters of at most ${SSE_URL_LENGTH_MAX}. Use transport "websocket"`,
  );
}

/** What cannot be sent fails by itself and at once, with a sentence, and nothing that it would go with. */
export function checkedInputs(transport: 'websocket' | 'sse'): TRPCLink<AppRouter> {
  return () =>
    ({ op, next }) =>
      observable((observer) => {
        const asked = withoutDirection(op);
        try {
          const json = jsonOf(asked);
          if (op.type === 'subscription' && transport === 'sse') checkLength(asked, json);
        } catch (error) {
          observer.error(TRPCClientError.from(error as InputError));
          return undefined;
        }
        return next(asked).subscribe(observer);
      });
}
