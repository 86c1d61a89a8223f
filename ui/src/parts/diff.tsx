// Two versions of a thing, one beside the other: field by field, texts line by line.
import { useMemo } from 'preact/hooks';

import { diffLines } from '../lib/diff.js';
import { type Field, valueOf } from '../lib/fields.js';
import { isMoment, shown } from '../lib/things.js';
import { Line } from './text.js';
import { Time } from './time.js';

const LINES_SHOWN_MAX = 2_000;
const LINE_LENGTH_MAX = 2_000;
const SIGNS = { same: ' ', added: '+', removed: '−', gap: '⋯' };
const NAMES = { same: '', added: 'added: ', removed: 'removed: ', gap: '' };

function TextDiff({ before, after }: { before: string; after: string }) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  return (
    <div class="diff" role="region" aria-label="What changed in the text" tabIndex={0}>
      {lines.slice(0, LINES_SHOWN_MAX).map((line, index) => (
        <div key={index} class={line.kind}>
          <span class="sign" aria-hidden="true">
            {SIGNS[line.kind]}
          </span>
          <span class="unseen">{NAMES[line.kind]}</span>
          <bdi dir="auto">{line.text.slice(0, LINE_LENGTH_MAX) || ' '}</bdi>
        </div>
      ))}
      {lines.length > LINES_SHOWN_MAX && (
        <div class="gap">and {lines.length - LINES_SHOWN_MAX} more lines</div>
      )}
    </div>
  );
}

const asText = (value: unknown): string =>
  value === undefined || value === null
    ? ''
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);

/** One value, in a line: a moment in the reader's zone, whatever of it changed. */
function Side({ field, value }: { field: Field; value: unknown }) {
  if (isMoment(field, value)) return <Time at={value} style="long" />;
  return <Line text={shown(value) || asText(value) || 'nothing'} />;
}

/** The fields that differ; long texts are compared line by line. */
export function ThingDiff(props: {
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  fields: Field[];
}) {
  const changed = props.fields
    .map((field) => [field, valueOf(field, props.before), valueOf(field, props.after)] as const)
    .filter(([, before, after]) => asText(before) !== asText(after));
  if (changed.length === 0) return <p class="quiet">Nothing differs.</p>;
  return (
    <div class="thing-diff">
      {changed.map(([field, before, after]) => (
        <section key={field.name}>
          <h3>{field.label}</h3>
          {field.kind === 'text' || field.kind === 'lines' ? (
            <TextDiff before={asText(before)} after={asText(after)} />
          ) : (
            <p class="change">
              <del>
                <Side field={field} value={before} />
              </del>
              <span aria-hidden="true"> → </span>
              <ins>
                <Side field={field} value={after} />
              </ins>
            </p>
          )}
        </section>
      ))}
    </div>
  );
}
