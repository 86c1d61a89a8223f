// JSON that somebody gives. Of a number that a double does not hold JSON.parse makes another one, and
// says nothing: it would be stored so.

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** How the number is kept, where that is another one; a fraction is rounded, as everywhere. */
function changed(written: string): string | undefined {
  const value = Number(written);
  if (!Number.isFinite(value)) return 'null';
  const kept = String(value);
  const isWhole = /^-?\d+$/.test(written);
  return !isWhole || kept === written || written === '-0' ? undefined : kept;
}

/** The value. Throws a sentence: where it is no JSON, or which number would not be kept. */
export function parseGiven(text: string): unknown {
  const value = JSON.parse(text) as unknown;
  for (const [token] of text.matchAll(TOKEN)) {
    const kept = token.startsWith('"') ? undefined : changed(token);
    if (kept === undefined) continue;
    throw new Error(
      `The number ${token.slice(0, 40)} cannot be kept: it would come back as ${kept}. Write it as a text, in quotation marks`,
    );
  }
  return value;
}
