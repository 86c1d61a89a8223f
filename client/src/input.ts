// What an input is before it is sent: without what tRPC's React packages add, and JSON.
import { TRPCClientError, type Operation, type TRPCLink } from '@trpc/client';
import { observable } from '@trpc/server/observable';

import { InputError } from './errors.js';
import type { AppRouter } from './generated/app-router.js';

// What a pod takes as the head of a request is 64 KiB where its `header_bytes_max` says nothing else, of
// which other header fields need some. A pod or a proxy that takes less answers 431 or 414.
const SSE_URL_LENGTH_MAX = 60_000;
// Of what holds itself deeper than this, JSON.stringify says that it does.
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

// A plain object of any realm: its prototype has none.
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

// By what it is in any realm: "Date", "Map".
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

// What these hold is in none of their members, whatever members they have been given besides.
const HOLDING_MORE = new Set(['Error', 'Map', 'Set', 'WeakMap', 'WeakSet', 'Promise', 'RegExp', 'ArrayBuffer']);

/**
 * What is wrong with a member of `holder`, which JSON.stringify refuses, leaves out, or makes null or {} of.
 * `given` is as it stands there, `value` what its toJSON made of it. What instances of classes have for
 * functions is left out, as always.
 */
function strangeness(holder: object, given: unknown, value: unknown): string | undefined {
  const inList = Array.isArray(holder);
  switch (typeof value) {
    case 'bigint':
      return 'a BigInt, which JSON has not: give it as a number, or as a text';
    case 'number':
      return Number.isFinite(value) ? undefined : `${value}, which JSON has not`;
    case 'undefined':
      return inList ? 'undefined, which a list has not' : undefined;
    case 'function':
    case 'symbol':
      return inList || isPlain(holder) ? `a ${typeof value}, which JSON has not` : undefined;
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return tagOf(given) === 'Date' ? 'a Date that is no time' : undefined;
  if (value instanceof Number && !Number.isFinite(value.valueOf())) return `${value.valueOf()}, which JSON has not`;
  if (Array.isArray(value) || isPlain(value) || [Number, String, Boolean].some((boxed) => value instanceof boxed))
    return undefined;
  const isBytes = ArrayBuffer.isView(value);
  const name = tagOf(value);
  if (!isBytes && !HOLDING_MORE.has(name) && Object.keys(value).length > 0) return undefined;
  return `of ${name}, of which JSON keeps ${isBytes ? 'no bytes' : 'nothing'}: give it as an object, a list or a text`;
}

/** Where JSON.stringify is: the objects that it is in, from the outermost on, and by which names. */
class Place {
  private readonly above: { value: object; name: string }[] = [];

  /** What is wrong with the member that comes next, with its place. */
  faultOf(holder: object, name: string, value: unknown): string | undefined {
    // Most of what there is, and all of a long list of numbers.
    if (typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return undefined;
    // The first is in an object that JSON.stringify has made around it.
    const isFirst = this.above.length === 0;
    while (!isFirst && this.above.at(-1)!.value !== holder) this.above.pop();
    const fault = strangeness(isFirst ? {} : holder, (holder as Record<string, unknown>)[name], value);
    if (fault !== undefined) return `${this.text(name) || 'it'} is ${fault}`;
    if (typeof value !== 'object' || value === null) return undefined;
    if (this.above.length <= DEPTH_MAX && this.above.some((one) => one.value === value))
      return `${this.text(name)} is what it stands in, so that it has no end`;
    this.above.push({ value, name });
    return undefined;
  }

  private text(last: string): string {
    let text = '';
    const names = [...this.above.slice(1).map(({ name }) => name), ...(this.above.length ? [last] : [])];
    names.forEach((name, depth) => {
      const isIndex = Array.isArray(this.above[depth]!.value);
      text += isIndex ? `[${name}]` : text ? `.${name}` : name;
    });
    return text;
  }
}

function jsonOf({ path, input }: Operation): string | undefined {
  const place = new Place();
  try {
    return JSON.stringify(input, function (this: object, name: string, value: unknown): unknown {
      const fault = place.faultOf(this, name, value);
      if (fault !== undefined) throw new InputError(`The input of ${path} is no JSON: ${fault}`);
      return value;
    });
  } catch (error) {
    if (error instanceof InputError) throw error;
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
