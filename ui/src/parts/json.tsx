// JSON to read: coloured, and cut where it is long.
import { useState } from 'preact/hooks';
import { Button } from './plain.js';

const STRING_MAX = 2_000;
const TEXT_MAX = 60_000;
const TOKEN =
  /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

function shorten(key: string, value: unknown): unknown {
  void key;
  if (typeof value !== 'string' || value.length <= STRING_MAX) return value;
  return `${value.slice(0, STRING_MAX)}… (${value.length.toLocaleString()} characters)`;
}

function coloured(text: string) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon, word] = match;
    parts.push(text.slice(at, match.index));
    const kind = string
      ? colon
        ? 'json-name'
        : 'json-string'
      : word
        ? 'json-word'
        : 'json-number';
    parts.push(<span class={kind}>{string ?? whole}</span>, colon ?? '');
    at = match.index + whole.length;
  }
  parts.push(text.slice(at));
  return parts;
}

export function Json({ value, label }: { value: unknown; label: string }) {
  const [isWhole, setWhole] = useState(false);
  const text = JSON.stringify(value, isWhole ? undefined : shorten, 2) ?? 'nothing';
  const isCut = !isWhole && (text.length > TEXT_MAX || text.includes(' characters)"'));
  const shown = isWhole ? text : text.slice(0, TEXT_MAX);
  return (
    <>
      <pre class="json" dir="ltr" tabIndex={0} role="region" aria-label={label}>
        <code>{shown.length > TEXT_MAX ? shown : coloured(shown)}</code>
      </pre>
      {isCut && (
        <p class="cut">
          Long values are cut.{' '}
          <Button class="link" onClick={() => setWhole(true)}>
            Show all
          </Button>
        </p>
      )}
    </>
  );
}
