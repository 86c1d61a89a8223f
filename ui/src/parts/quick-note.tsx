// A note from where one is: write, Ctrl+Enter, and see it move through the log beside it.
import { useState } from 'preact/hooks';

import { Intent, isProposed } from '../lib/command.js';
import { useDraft } from '../lib/drafts.js';
import { messageOf } from '../lib/rpc.js';
import { useIssue } from './answer.js';
import { Issue, Quiet } from './plain.js';
import { sayDone } from './say.js';
import { useUnsaved } from './unsaved.js';

export function QuickNote() {
  const [text, setText] = useDraft(() => '', 'note');
  const [made, setMade] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [issue, setIssue] = useIssue();
  const [intent] = useState(() => new Intent());
  useUnsaved(text.trim() !== '');
  const submit = (event: Event) => {
    event.preventDefault();
    if (!text.trim() || isBusy) return;
    setBusy(true);
    setIssue('');
    intent
      .command('notes.create', { content: text })
      .then((accepted) => {
        setText('');
        setMade(accepted.entityId);
        sayDone(accepted, 'The note is stored');
      })
      .catch((error: unknown) => {
        if (isProposed(error)) setText('');
        setIssue(messageOf(error));
      })
      .finally(() => setBusy(false));
  };
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
          onKeyDown={(event) =>
            event.key === 'Enter' && (event.ctrlKey || event.metaKey) && submit(event)
          }
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
