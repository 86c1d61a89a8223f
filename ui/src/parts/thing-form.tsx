// The form of a thing: for a new one, or to change one. Long texts are plain fields with a preview.
import { useEffect, useRef, useState } from 'preact/hooks';

import { isProposed } from '../lib/command.js';
import { useDraft } from '../lib/drafts.js';
import { type Field, fromText, toText, valueOf } from '../lib/fields.js';
import { withLineEnds } from '../lib/line-ends.js';
import { messageOf, PodError } from '../lib/rpc.js';
import { onCtrlEnter, useIssue } from './answer.js';
import { FormField, halfTyped, issuesByField, type Values } from './form.js';
import { Markdown } from './markdown.js';
import { Button, Issue, Quiet } from './plain.js';
import { useUnsaved } from './unsaved.js';

/**
 * Gets only what was changed; null takes a value away. Calls `saved` once that is stored. True:
 * somebody has gone on writing, and what they wrote is not stored: the form has it, and is to stay.
 */
export type Submit = (changes: Record<string, unknown>, saved: () => boolean) => Promise<unknown>;

interface Props {
  fields: Field[];
  /** What the thing is now; {} for a new one. */
  thing: Record<string, unknown>;
  /** What the form does: its button says so, and by it what was being written is found again. */
  action: string;
  /** What the button says instead. */
  label?: string;
  onSubmit: Submit;
  onCancel(): void;
}

// A field with a longer text, above all with a long line, holds up a browser for seconds.
const EDITED_LENGTH_MAX = 200_000;

const BESIDE = 'Nothing is stored: look at what is said beside the fields';

/** What is there no more is taken away by name. What is no object goes to the pod, which says so. */
function withoutLost(before: unknown, after: unknown): unknown {
  if (typeof after !== 'object' || after === null || Array.isArray(after)) return after ?? null;
  const lost = Object.keys(before as object).filter((name) => !Object.hasOwn(after, name));
  return { ...after, ...Object.fromEntries(lost.map((name) => [name, null])) };
}

/** What a form says anew. What is wrong goes into `wrong`, by the field. */
function changesOf(
  fields: Field[],
  before: Values,
  after: Values,
  wrong: Record<string, string>,
): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  const add = (field: Field): void => {
    const was = before[field.name] ?? '';
    const now = after[field.name] ?? '';
    const isLong = field.kind === 'text' || field.kind === 'lines';
    const text = isLong && now !== was ? withLineEnds(was, now) : now;
    if (text === was) return;
    const value = text === '' && field.beside ? {} : fromText(field, text);
    const [name = '', member] = field.path;
    const set = (to: unknown) =>
      (changes[name] =
        member !== undefined
          ? { ...(changes[name] as object), [member]: to }
          : field.beside?.length
            ? { ...(changes[name] as object), ...(to as object) }
            : to);
    if (field.isMerged && was !== '') set(withoutLost(fromText(field, was), value));
    else if (value !== undefined) set(value);
    else if (field.isNullable) set(null);
    else set(field.kind === 'list' ? [] : text);
  };
  for (const field of fields) {
    try {
      add(field);
    } catch (error) {
      wrong[field.name] ??= messageOf(error);
    }
  }
  return changes;
}

function TextField(props: {
  field: Field;
  value: string;
  issue: string | undefined;
  onChange(value: string): void;
}) {
  const [isPreview, setPreview] = useState(false);
  const [isLongTaken, setLongTaken] = useState(false);
  if (props.value.length > EDITED_LENGTH_MAX && !isLongTaken) {
    return (
      <div class="field">
        <b>{props.field.label}</b>
        <p class="quiet">
          {`${props.value.length.toLocaleString()} characters: a browser may stall over so long a text. `}
          <Button class="link" onClick={() => setLongTaken(true)}>
            Edit it nevertheless
          </Button>
        </p>
      </div>
    );
  }
  return (
    <div class="text-field">
      <div class="toggles" role="group" aria-label={`${props.field.label}: write or preview`}>
        <Button aria-pressed={!isPreview} onClick={() => setPreview(false)}>
          Write
        </Button>
        <Button aria-pressed={isPreview} onClick={() => setPreview(true)}>
          Preview
        </Button>
      </div>
      {isPreview ? (
        <div class="preview">
          {props.value ? (
            <Markdown text={props.value} label="Preview" />
          ) : (
            <p class="quiet">Nothing to show.</p>
          )}
        </div>
      ) : (
        <FormField {...props} />
      )}
    </div>
  );
}

export function ThingForm({ fields, thing, action, label = action, onSubmit, onCancel }: Props) {
  const [before, setBefore] = useState<Values>(() =>
    Object.fromEntries(fields.map((field) => [field.name, toText(field, valueOf(field, thing))])),
  );
  const [draft, setDraft] = useDraft(() => ({ thing, values: before }), action);
  const { values } = draft;
  const [issue, setIssue] = useIssue();
  const [issues, setIssues] = useState<Record<string, string>>({});
  const [isBusy, setBusy] = useState(false);
  const isChanged = fields.some((field) => values[field.name] !== before[field.name]);
  // No value tells of it; it can be saved, which says what it is.
  const [isHalf, setHalf] = useState(false);
  const lookAtHalf = () => setHalf(Object.keys(halfTyped(form.current!)).length > 0);

  const leaveFreely = useUnsaved(isChanged);

  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('input,textarea,select')?.focus(), []);

  const latest = useRef(values);
  latest.current = values;
  // What was refused. Its button had the focus, and could not keep it.
  const refused = useRef<Values>(undefined);
  useEffect(() => {
    // Who has gone on writing stays there.
    if (!issue || isBusy || refused.current !== values) return;
    const at = (selector: string) => form.current!.querySelector<HTMLElement>(selector);
    const wrong = at('[aria-invalid]') ?? at('.primary');
    wrong?.focus();
    wrong?.scrollIntoView({ block: 'center' });
  }, [issues, isBusy]);
  const saved = (): boolean => {
    const isMore = latest.current !== values;
    if (isMore) setBefore(values);
    else leaveFreely();
    return isMore;
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (isBusy) return;
    const wrong = halfTyped(form.current!);
    const changes = changesOf(fields, before, values, wrong);
    const isWrong = Object.keys(wrong).length > 0;
    setIssues(wrong);
    setIssue(isWrong ? BESIDE : '');
    refused.current = values;
    if (isWrong) return;
    setBusy(true);
    onSubmit(changes, saved)
      .catch((error: unknown) => {
        if (isProposed(error)) leaveFreely();
        const byField = error instanceof PodError ? issuesByField(fields, error.issues) : {};
        setIssues(byField);
        const about = Object.keys(byField);
        const isBeside =
          about.length > 0 && about.every((name) => fields.some((one) => one.name === name));
        setIssue(isBeside ? BESIDE : messageOf(error));
      })
      .finally(() => setBusy(false));
  };
  return (
    <form
      ref={form}
      class="fields thing-form"
      onSubmit={submit}
      onKeyDown={onCtrlEnter(submit)}
      onKeyUp={lookAtHalf}
      onInput={lookAtHalf}
      noValidate
    >
      {fields.map((field) => {
        const own = {
          field,
          value: values[field.name] ?? '',
          issue: issues[field.name],
          onChange: (value: string) =>
            setDraft({ thing, values: { ...values, [field.name]: value } }),
        };
        return field.kind === 'text' ? (
          <TextField key={field.name} {...own} />
        ) : (
          <FormField key={field.name} {...own} />
        );
      })}
      <Issue of={issue} />
      <p class="actions">
        <button type="submit" class="primary" disabled={isBusy || !(isChanged || isHalf)}>
          {isBusy ? 'Storing…' : label}
        </button>
        <Button onClick={onCancel}>Cancel</Button>
        <Quiet>Ctrl + Enter</Quiet>
      </p>
    </form>
  );
}
