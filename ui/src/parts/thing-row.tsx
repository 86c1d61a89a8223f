// One thing in a list: its title, what tells it apart, and when it was changed.
import type { Field } from '../lib/fields.js';
import { plainText } from '../lib/plain-text.js';
import { endsOf, isMoment, shown, titleOfThing, type Thing } from '../lib/things.js';
import { Chip, Status } from './badge.js';
import { End } from './end.js';
import { Quiet } from './plain.js';
import { TagName } from './tag.js';
import { Line } from './text.js';
import { Time } from './time.js';

const TAGS_SHOWN = 4;
// Of a longer line so much is a title.
const MADE_LENGTH_MAX = 100;

function Value({ field, value }: { field: Field; value: unknown }) {
  if (value === undefined || value === null || value === '') return null;
  if (field.name === 'status') return <Status status={String(value)} />;
  if (field.kind === 'list' && Array.isArray(value)) {
    return (
      <>
        {value.slice(0, TAGS_SHOWN).map((tag) => (
          <Chip key={String(tag)}>
            {field.name === 'tags' ? (
              <TagName tag={String(tag)} max={24} />
            ) : (
              <Line text={String(tag)} max={24} />
            )}
          </Chip>
        ))}
        {value.length > TAGS_SHOWN && <Quiet>+{value.length - TAGS_SHOWN}</Quiet>}
      </>
    );
  }
  // What everything is if nothing is said tells nothing.
  if (field.kind === 'choice' && value === field.schema.default) return null;
  return (
    <Chip title={field.name}>
      {field.name === 'dueDate' && 'due '}
      {isMoment(field, value) ? <Time at={value} /> : <Line text={shown(value)} max={30} />}
    </Chip>
  );
}

/** Title and beginning of its text, as words; a title that was made from the text is not said twice. */
function linesOf(thing: Thing): { title: string; preview: string } {
  const title = titleOfThing(thing);
  const text = thing['preview'] ?? thing['description'];
  if (typeof text !== 'string') return { title, preview: '' };
  const words = plainText(text);
  const titleWords = plainText(title);
  const first = plainText(text.split('\n').find(plainText) ?? '');
  const isMade =
    first === titleWords || ([...title].length === MADE_LENGTH_MAX && first.startsWith(titleWords));
  if (titleWords === '' || !isMade) return { title, preview: words };
  return { title: titleWords, preview: words.slice(titleWords.length).trim() };
}

export function ThingRow({ thing, columns }: { thing: Thing; columns: Field[] }) {
  const { title, preview } = linesOf(thing);
  const ends = endsOf(thing);
  return (
    <span class={`thing-row ${thing['status'] === 'done' ? 'is-done' : ''}`}>
      <b>
        {ends ? (
          <>
            <End id={ends.from} isLink={false} /> {title} → <End id={ends.to} isLink={false} />
          </>
        ) : (
          <Line text={title} />
        )}
      </b>
      <span class="thing-values">
        {columns.map((field) => (
          <Value key={field.name} field={field} value={thing[field.name]} />
        ))}
      </span>
      <span class="thing-preview">
        <Line text={preview} max={160} />
      </span>
      <Time at={thing.createdAt} />
    </span>
  );
}
