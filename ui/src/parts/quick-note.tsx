// A note from where one is: write, Ctrl+Enter, and see it move through the log beside it.
import { useState } from 'preact/hooks';

import { Intent, isProposed } from '../lib/command.js';
import { behind, useDraft } from '../lib/drafts.js';
import { onCtrlEnter, useSending } from './answer.js';
import { Issue, Quiet } from './plain.js';
import { sayDone } from './say.js';
import { useUnsaved } from './unsaved.js';

export function QuickNote() {
  const [text, setText] = useDraft(() => '', 'note');
  const [made, setMade] = useState('');
  const [intent] = useState(() => new Intent());
  useUnsaved(text.trim() !== '');
  const { issue, isBusy, submit } = useSending(async () => {
    if (!text.trim()) return;
    try {
      const accepted = await intent.command('notes.create', { content: text });
      setMade(accepted.entityId);
      sayDone(accepted, 'The note is stored');
      setText(behind(text));
    } catch (error) {
      if (isProposed(error)) setText(behind(text));
      throw error;
    }
  });
  return (
    <section class="card quick-note" aria-labelledby="quick-note-title">
      <header>
        <h2 id="quick-note-title">Write a note</h2>
        {made && <a href={`/notes/${made}`}>Open the last one</a>}
      </header>
      <form onSubmit={submit}>
        <textarea
          aria-label="Text of the note, Markdown"
          rows={4}
          dir="auto"
          placeholder={'# A title\n\nAnd what there is to say, in Markdown.'}
          value={text}
          aria-invalid={issue !== '' || undefined}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onCtrlEnter(submit)}
        />
        <Issue of={issue} />
        <p class="actions">
          <button type="submit" class="primary" disabled={isBusy || !text.trim()}>
            {isBusy ? 'Storing…' : 'Make the note'}
          </button>
          <Quiet>Ctrl + Enter</Quiet>
        </p>
      </form>
    </section>
  );
}
