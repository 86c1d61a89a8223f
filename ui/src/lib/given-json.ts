// JSON that somebody gives. Of a number that a double does not hold JSON.parse makes another one, and
// says nothing: it would be stored so.

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** The digits of a number without the zeros around them, and the power of ten of the last one. */
function partsOf(number: string): [digits: string, power: number] {
  const [, whole = '', fraction = '', power = '0'] = /^-?(\d*)\.?(\d*)(?:e(.+))?$/i.exec(number) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  let end = digits.length;
  while (digits[end - 1] === '0') --end;
  return [digits.slice(0, end), Number(power) - fraction.length + digits.length - end];
}

/** How the number is kept, where that is another one; a fraction is rounded, as everywhere, but not to 0. */
function changed(written: string): string | undefined {
  const value = Number(written);
  if (!Number.isFinite(value)) return 'null';
  const kept = String(value);
  const [digits, power] = partsOf(written);
  const [keptDigits, keptPower] = partsOf(kept);
  const isSame = digits === keptDigits && (power === keptPower || digits === '');
  return isSame || (power < 0 && value !== 0) ? undefined : kept;
}

/** Throws a sentence where the number would not be kept. */
export function checkNumber(written: string): void {
  const kept = changed(written);
  if (kept === undefined) return;
  throw new Error(
    `The number ${written.slice(0, 40)} cannot be kept: it would come back as ${kept}. Write it as a text, in quotation marks`,
  );
}

/** The value. Throws a sentence: where it is no JSON, or which number would not be kept. */
export function parseGiven(text: string): unknown {
  const value = JSON.parse(text) as unknown;
  for (const [token] of text.matchAll(TOKEN)) {
    if (!token.startsWith('"')) checkNumber(token);
  }
  return value;
}
