// Fields of a thing whose type somebody has defined, where a noun has such: they are not in what the pod
// says of itself, but in what `<noun>Types.get` answers.
import type { Noun, PodDocument } from '../lib/document.js';
import { type Field, fieldsOfOwn, type OwnType } from '../lib/fields.js';
import { useAnswer } from './answer.js';
import { query } from '../lib/rpc.js';

/** What tells of the types of a noun's things; undefined where they are the pod's own. */
export const typesOf = (document: PodDocument, noun: Noun): string | undefined =>
  'data' in noun.fields && document.has(`${noun.name}Types.get`) ? `${noun.name}Types` : undefined;

/** What the newest version of a type says; undefined until it is known, or if none is named. */
export function useOwnType(types: string | undefined, name: unknown) {
  const isOwn = Boolean(types && name);
  const { value, isLoading } = useAnswer(`${types}:${name}`, async (signal) =>
    isOwn ? query<OwnType>(`${types}.get`, { name }, signal) : undefined,
  );
  return { isOwn, type: isOwn ? value : undefined, isLoading };
}

/**
 * `fields` with one for each member of the data instead of one for all of them, as the type of
 * `thing` says; undefined until it is known. A type that cannot be asked for leaves one field of JSON.
 */
export function useOwnFields(
  document: PodDocument,
  noun: Noun,
  fields: Field[],
  thing: Record<string, unknown>,
): Field[] | undefined {
  const { isOwn, type, isLoading } = useOwnType(typesOf(document, noun), thing['type']);
  if (!isOwn) return fields;
  if (!type) return isLoading ? undefined : fields;
  const data = thing['data'] as Record<string, unknown> | undefined;
  return fields.flatMap((field) =>
    field.name === 'data' ? fieldsOfOwn('data', type, data) : [field],
  );
}
