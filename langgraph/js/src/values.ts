import type { SerializerProtocol } from '@langchain/langgraph-checkpoint';

/** A value as the serializer gives it, for the wire. */
export interface TypedValue {
  type: string;
  /** base64url, without padding. */
  bytes: string;
}

export async function typed(serde: SerializerProtocol, value: unknown): Promise<TypedValue> {
  const [type, bytes] = await serde.dumpsTyped(value);
  return { type, bytes: Buffer.from(bytes).toString('base64url') };
}

export function untyped(serde: SerializerProtocol, value: TypedValue): Promise<any> {
  return serde.loadsTyped(value.type, Buffer.from(value.bytes, 'base64url'));
}

// Others are no numbers, or no texts, of JSON's.
function isLabel(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= LABEL_MAX && !/\p{Surrogate}/u.test(value);
  if (typeof value === 'number') return Number.isFinite(value);
  return value === null || typeof value === 'boolean';
}

/** What of an object lists can be filtered by: short values that are no objects. */
export function scalarsOf(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => isLabel(value)));
}

export function isSame(left: unknown, right: unknown): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

const LABEL_MAX = 1024;
