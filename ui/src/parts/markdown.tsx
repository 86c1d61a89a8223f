// Markdown, rendered by the pod, which lets only safe HTML through; without that procedure, as text.
import { podDocument } from '../lib/document.js';
import { mutate, query } from '../lib/rpc.js';
import { useAnswer } from './answer.js';
import { LongText } from './text.js';

// A longer text is shown as it is: a browser stalls over a million characters in one element.
const RENDERED_LENGTH_MAX = 200_000;

export function Markdown({ text, label }: { text: string; label: string }) {
  const procedure = podDocument.value?.procedures.get('markdown.render');
  const isRendered = procedure !== undefined && text.length <= RENDERED_LENGTH_MAX;
  const { value } = useAnswer(`markdown:${isRendered}:${text}`, async (signal) => {
    if (!isRendered) return '';
    const input = { text };
    const asked =
      procedure.kind === 'mutation'
        ? mutate<{ html: string }>('markdown.render', input)
        : query<{ html: string }>('markdown.render', input, signal);
    return (await asked).html;
  });
  if (!isRendered || !value) return <LongText text={text} label={label} />;
  // Links in it leave the page: they are no places of it.
  return (
    <div class="markdown" dir="auto" data-foreign dangerouslySetInnerHTML={{ __html: value }} />
  );
}
