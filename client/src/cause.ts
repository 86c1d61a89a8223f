// Because of which event a call is made: what it changes stands below that event in the tree of causes.

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const ULID = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/i;
// Crockford's base32, in which SDKs of workers are told ids of events that apps have sent.
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';

/** An event as a watch or a worker has it. Where its sender gave it an id, `synap` has the pod's. */
export interface Cause {
  id?: string | undefined;
  synap?: { id?: string | undefined } | undefined;
}

/** As the pod writes ids. */
function uuidOf(ulid: string): string {
  let bits = 0n;
  for (const digit of ulid.toLowerCase()) bits = bits * 32n + BigInt(DIGITS.indexOf(digit));
  const hex = bits.toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** What a request says of it: nothing, if it has no id that the pod could know. */
export function headersOfCause(event: Cause): Record<string, string> {
  const id = event.synap?.id ?? event.id ?? '';
  if (UUID.test(id)) return { 'synap-caused-by': id };
  return ULID.test(id) ? { 'synap-caused-by': uuidOf(id) } : {};
}
