// What the pod is asked to do, in JSON where it must be, with a word of what came of it.
import { useState } from 'preact/hooks';

import { useDraft } from '../lib/drafts.js';
import { parseGiven } from '../lib/given-json.js';
import { messageOf } from '../lib/rpc.js';
import { Button, Issue } from './plain.js';
import { say, sayError } from './say.js';
import { useUnsaved } from './unsaved.js';

/** Does it; says `done`, or why not. True if it was done. */
export async function attempt(act: () => Promise<unknown>, done: string): Promise<boolean> {
  try {
    await act();
    say(done);
    return true;
  } catch (error) {
    sayError(error);
    return false;
  }
}

interface JsonFormProps {
  label: string;
  help?: string;
  initial: string;
  action: string;
  /** What the text must be. */
  shape: 'object' | 'list';
  onSubmit(value: unknown): Promise<unknown>;
  onClose?(): void;
}

const SHAPES = {
  object: {
    words: 'Give a JSON object: {"name": "value"}',
    is: (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value),
  },
  list: { words: 'Give a JSON list: ["value", 1]', is: Array.isArray },
};

/** JSON to write or to change, and a button. */
export function JsonForm({
  label,
  help,
  initial,
  action,
  shape,
  onSubmit,
  onClose,
}: JsonFormProps) {
  const [text, setText] = useDraft(() => initial, label);
  const [issue, setIssue] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [sent, setSent] = useState(initial);
  const leaveFreely = useUnsaved(text !== sent);
  const submit = (event: Event): void => {
    event.preventDefault();
    let value: unknown;
    try {
      value = parseGiven(text);
    } catch (error) {
      return setIssue(messageOf(error));
    }
    if (!SHAPES[shape].is(value)) return setIssue(SHAPES[shape].words);
    setIssue('');
    setBusy(true);
    leaveFreely(); // what it leads to may be another screen
    setSent(text);
    void onSubmit(value)
      .then(
        (done) => done === false && setSent(initial),
        () => setSent(initial),
      )
      .finally(() => setBusy(false));
  };
  return (
    <form class="json-form" onSubmit={submit}>
      <label>
        {label}
        <textarea
          class="mono"
          rows={Math.min(12, Math.max(3, initial.split('\n').length))}
          spellcheck={false}
          value={text}
          aria-invalid={issue !== '' || undefined}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {help && <p class="help">{help}</p>}
      <Issue of={issue} />
      <p class="actions">
        <button type="submit" class="primary" disabled={isBusy}>
          {action}
        </button>
        {onClose && <Button onClick={onClose}>Close</Button>}
      </p>
    </form>
  );
}
