// What a run of an agent asks and waits for, to be answered.
import { useState } from 'preact/hooks';

import type { AgentRun, Question } from '../lib/chat.js';
import { useDraft } from '../lib/drafts.js';
import { parseGiven } from '../lib/given-json.js';
import { mutate } from '../lib/rpc.js';
import { useSending } from './answer.js';
import { Json } from './json.js';
import { Button, Issue } from './plain.js';
import { say } from './say.js';
import { LongText } from './text.js';
import { useUnsaved } from './unsaved.js';

function One({ runId, one, onAnswered }: { runId: string; one: Question; onAnswered(): void }) {
  const { id, question } = one;
  const [text, setText] = useDraft(() => '', `answer ${id}`);
  const [isJson, setJson] = useState(false);
  const leaveFreely = useUnsaved(text !== '');
  const { issue, isBusy, submit } = useSending(async () => {
    await mutate('agents.resume', {
      id: runId,
      questionId: id,
      answer: isJson ? parseGiven(text) : text,
    });
    leaveFreely();
    say('It goes on');
    onAnswered();
  });
  return (
    <form class="fields" aria-label="A question" onSubmit={submit}>
      {typeof question === 'string' ? (
        <LongText text={question} label="What it asks" />
      ) : (
        <Json value={question} label="What it asks" />
      )}
      <textarea
        rows={3}
        aria-label="Your answer"
        class={isJson ? 'mono' : ''}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <Issue of={issue} />
      <p class="actions">
        <button type="submit" class="primary" disabled={isBusy || text === ''}>
          Answer
        </button>
        <Button class="small" aria-pressed={isJson} onClick={() => setJson(!isJson)}>
          As JSON
        </Button>
      </p>
    </form>
  );
}

/** All that it asks now; what is answered goes. */
export function Questions({ run }: { run: AgentRun }) {
  const [answered, setAnswered] = useState<string[]>([]);
  return (
    <>
      {run.questions
        ?.filter(({ id }) => !answered.includes(id))
        .map((one) => (
          <One
            key={one.id}
            runId={run.id}
            one={one}
            onAnswered={() => setAnswered([...answered, one.id])}
          />
        ))}
    </>
  );
}
