// A form whose input is checked by the pod's own schema, before it is sent.
import { useState, type FormEvent } from 'react';
import { useMutation } from '@tanstack/react-query';
import { messageOf } from '@synap/client';
import { inputSchemas } from '@synap/client/schemas';

import { useSynap, useTRPC } from './synap.js';

const schema = inputSchemas['notes.create'];

export function NewNote() {
  const synap = useSynap();
  const trpc = useTRPC();
  const [problems, setProblems] = useState<Record<string, string>>({});
  const create = useMutation(
    trpc.notes.create.mutationOptions({
      // The answer is "pending": the note is there when the request has completed.
      onSuccess: ({ requestId }) => synap.waitFor(requestId),
    }),
  );

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    const tags = String(fields.get('tags')).split(',').map((tag) => tag.trim()).filter(Boolean);
    const input = schema.safeParse({ content: fields.get('content'), tags });
    if (!input.success) {
      const found = input.error.issues.map((issue) => [String(issue.path[0]), issue.message]);
      return setProblems(Object.fromEntries(found));
    }
    setProblems({});
    create.mutate(input.data, { onSuccess: () => form.reset() });
  }

  return (
    <form onSubmit={submit} noValidate>
      <textarea name="content" aria-label="Text, Markdown" placeholder="A note, in Markdown" rows={4} aria-invalid={'content' in problems} />
      {problems['content'] && <p role="alert">{problems['content']}</p>}
      <input name="tags" aria-label="Tags, separated by commas" placeholder="Tags, separated by commas" aria-invalid={'tags' in problems} />
      {problems['tags'] && <p role="alert">{problems['tags']}</p>}
      <button disabled={create.isPending}>{create.isPending ? 'Saving…' : 'Save'}</button>
      {create.isError && <p role="alert">{messageOf(create.error)}</p>}
    </form>
  );
}
