// A form made from a schema.
import { useId } from 'preact/hooks';

import { type Field, tooLong, wordsOf } from '../lib/fields.js';
import { Choice, useTitles, YES_OR_NO } from './filters.js';
import { Quiet } from './plain.js';
import { ThingChoices, walkChoices } from './thing-choices.js';

export type Values = Record<string, string>;

interface ControlProps {
  field: Field;
  value: string;
  id: string;
  describedBy: string | undefined;
  isWrong: boolean;
  onChange(value: string): void;
}

type Select = Omit<ControlProps, 'id' | 'describedBy' | 'isWrong'>;

const Reference = ({ field, ...more }: Select) => (
  <Choice none="none" choices={useTitles(field.references)} {...more} />
);

function Choices({ field, value, ...more }: Select) {
  const standard = field.schema.default;
  const isFree = !field.isRequired && value === '';
  const nothing = standard === undefined ? '–' : `${String(standard)} (if nothing is said)`;
  return (
    <Choice
      none={isFree || standard === undefined ? nothing : undefined}
      choices={field.choices.map((choice) => [choice, wordsOf(choice)])}
      value={value}
      {...more}
    />
  );
}

function Control(props: ControlProps) {
  const { field, value, id, describedBy, isWrong, onChange } = props;
  const common = {
    id,
    value,
    'data-field': field.name,
    'data-label': field.label,
    'aria-describedby': describedBy,
    'aria-invalid': isWrong || undefined,
    required: field.isRequired,
  };
  const typed = {
    ...common,
    onInput: (event: Event) => onChange((event.currentTarget as HTMLInputElement).value),
  };
  const chosen = { ...common, onChange };
  switch (field.kind) {
    case 'reference':
      return <Reference field={field} {...chosen} />;
    case 'thing':
      return (
        <div onKeyDown={walkChoices}>
          <input
            {...typed}
            type="text"
            dir="auto"
            placeholder="A title, or an id"
            autocomplete="off"
          />
          <ThingChoices value={value} onChange={onChange} />
        </div>
      );
    case 'choice':
      return <Choices field={field} {...chosen} />;
    case 'yesno':
      return <Choice none="–" choices={YES_OR_NO} {...chosen} />;
    case 'text':
      return <textarea {...typed} rows={8} dir="auto" spellcheck />;
    case 'lines':
      return <textarea {...typed} rows={2} dir="auto" />;
    case 'json':
      return <textarea {...typed} rows={5} class="mono" spellcheck={false} />;
    case 'number':
      return (
        <input
          {...typed}
          type="number"
          min={field.schema.minimum}
          max={field.schema.maximum}
          step={field.schema.type === 'integer' ? 1 : 'any'}
        />
      );
    case 'date':
      if (value.includes('T') || field.schema.format === 'date-time') {
        return <input {...typed} type="datetime-local" step="any" />;
      }
      return <input {...typed} type="date" />;
    case 'list':
      return <input {...typed} type="text" dir="auto" placeholder="one, two" />;
    default:
      return <input {...typed} type="text" dir="auto" />;
  }
}

interface FieldProps {
  field: Field;
  value: string;
  issue?: string | undefined;
  onChange(value: string): void;
}

const TEXTS = ['line', 'lines', 'text'];

export function FormField({ field, value, issue: told, onChange }: FieldProps) {
  const id = useId();
  const issue = (TEXTS.includes(field.kind) && tooLong(value, field.schema.maxLength)) || told;
  const said = field.schema.description?.startsWith('Absent:')
    ? undefined
    : field.schema.description?.replace(/^null: /, 'Left empty: ');
  const help =
    field.kind === 'list'
      ? [said, 'A comma between two; "quotes" around one that has a comma.']
          .filter(Boolean)
          .join(' ')
      : said;
  const describedBy =
    [help && `${id}-help`, issue && `${id}-issue`].filter(Boolean).join(' ') || undefined;
  return (
    <div class={`field ${field.kind}`}>
      <label for={id}>
        {field.label}
        {field.isRequired && <Quiet> (needed)</Quiet>}
      </label>
      <Control
        field={field}
        value={value}
        id={id}
        describedBy={describedBy}
        isWrong={issue !== undefined}
        onChange={onChange}
      />
      {help && (
        <p id={`${id}-help`} class="help">
          {help}
        </p>
      )}
      {issue && (
        <p id={`${id}-issue`} class="issue">
          {issue}
        </p>
      )}
    </div>
  );
}

export function FormFields(props: {
  fields: Field[];
  values: Values;
  issues: Record<string, string>;
  onChange(values: Values): void;
}) {
  return (
    <>
      {props.fields.map((field) => (
        <FormField
          key={field.name}
          field={field}
          value={props.values[field.name] ?? ''}
          issue={props.issues[field.name]}
          onChange={(value) => props.onChange({ ...props.values, [field.name]: value })}
        />
      ))}
    </>
  );
}

/** What a control shows and does not give: half a date, or no number. Its value is '', as of an empty one. */
export function halfTyped(form: HTMLFormElement): Record<string, string> {
  const issues: Record<string, string> = {};
  for (const { validity, type, dataset } of form.querySelectorAll('input')) {
    const name = dataset['field'];
    if (!validity.badInput || !name) continue;
    issues[name] = `${dataset['label']}: this is no ${type === 'datetime-local' ? 'time' : type}`;
  }
  return issues;
}

/** The issues of an error by the field that each is about: a member's, or else that of all; '': none. */
export function issuesByField(
  fields: Field[],
  issues: { path: (string | number)[]; message: string }[],
): Record<string, string> {
  const all: Record<string, string[]> = {};
  for (const { path, message } of issues) {
    const isAbout = (one: Field) => one.path.every((name, at) => name === path[at]);
    const field =
      fields.find((one) => one.path[1] !== undefined && isAbout(one)) ?? fields.find(isAbout);
    const words = message.endsWith('received undefined') ? 'this is needed' : message;
    // In a list of texts each says what it is about.
    const within = field?.kind === 'json' ? path.slice(field.path.length).join('.') : '';
    const name = field?.name ?? String(path[0] ?? '');
    (all[name] ??= []).push(
      within ? `${within}: ${words}` : words.charAt(0).toUpperCase() + words.slice(1),
    );
  }
  return Object.fromEntries(Object.entries(all).map(([name, words]) => [name, words.join('; ')]));
}
