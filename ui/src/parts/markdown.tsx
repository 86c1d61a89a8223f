// Markdown, rendered by the pod, which lets only safe HTML through; without that procedure, as text.
import { useLayoutEffect, useRef } from 'preact/hooks';

import { podDocument } from '../lib/document.js';
import { isPassing, messageOf, mutate, query } from '../lib/rpc.js';
import { visible } from '../lib/visible.js';
import { linkUp, type Targets, targetsOf } from '../lib/wiki-links.js';
import { useAnswer, useReloadOn } from './answer.js';
import { LongText } from './text.js';

/**
 * Links of a text lead out of the page, into another tab, and nowhere but to places. What the page itself
 * made a link is followed as all its links are: the pod lets no attribute through that says so.
 */
function follow(click: MouseEvent): void {
  const link = (click.target as Element | null)?.closest?.('a');
  if (!link || 'own' in link.dataset) return;
  click.preventDefault();
  if (!/^(https?|mailto):$/.test(link.protocol)) return;
  window.open(link.href, '_blank', 'noopener,noreferrer');
}

/**
 * What the HTML of a text does not say to those who use a keyboard, or a reader of screens; and what is not
 * seen in it, which may have been written as entities.
 */
function makeAccessible(element: HTMLElement): void {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode as Text;
    const seen = visible(text.data);
    if (seen !== text.data) text.data = seen;
  }
  for (const name of ['title', 'alt'])
    for (const one of element.querySelectorAll(`[${name}]`))
      one.setAttribute(name, visible(one.getAttribute(name)!));
  for (const box of element.querySelectorAll('input'))
    box.setAttribute('aria-label', box.checked ? 'done' : 'not done');
  // They scroll sideways where they are too wide.
  for (const wide of element.querySelectorAll<HTMLElement>('pre, table')) wide.tabIndex = 0;
}

// What the pod renders at once.
const RENDERED_BYTES_MAX = 64 * 1024;

/** Where to cut a text so that what is before fits: between two lines, if there are any. */
function endOfRendered(text: string): number {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(RENDERED_BYTES_MAX));
  if (read === text.length) return read;
  return text.lastIndexOf('\n', read - 1) + 1 || read;
}

interface Props {
  text: string;
  label: string;
  /** The note whose text it is: [[links]] of a note lead to others. */
  noteId?: string | undefined;
}

export function Markdown({ text, label, noteId }: Props) {
  const end = endOfRendered(text);
  if (end === text.length || !podDocument.value?.has('markdown.render'))
    return <Rendered text={text} label={label} noteId={noteId} />;
  return (
    <>
      <Rendered text={text.slice(0, end)} label={label} noteId={noteId} />
      <p class="quiet">From here on the text is too long to be drawn, and stands as it is written.</p>
      <LongText text={text.slice(end)} label={`The rest: ${label}`} />
    </>
  );
}

function useTargets(text: string, noteId: string | undefined): Targets | undefined {
  const id = podDocument.value?.has('relations.list') && text.includes('[[') ? noteId : undefined;
  const { value, reload } = useAnswer(`targets:${id}`, async (signal) =>
    id ? targetsOf(id, signal) : undefined,
  );
  // Links become relations soon behind the text, and go with what they lead to.
  useReloadOn((event) => id !== undefined && event.aggregateType === 'relation', reload);
  return value;
}

function Rendered({ text, label, noteId }: Props) {
  const procedure = podDocument.value?.procedures.get('markdown.render');
  const isRendered = procedure !== undefined;
  const { value, error } = useAnswer(`markdown:${isRendered}:${text}`, async (signal) => {
    if (!isRendered) return '';
    const input = { text };
    const asked =
      procedure.kind === 'mutation'
        ? mutate<{ html: string }>('markdown.render', input)
        : query<{ html: string }>('markdown.render', input, signal);
    return (await asked).html;
  });
  const targets = useTargets(text, noteId);
  const element = useRef<HTMLDivElement>(null);
  const shown = JSON.stringify([value, [...(targets ?? [])]]);
  useLayoutEffect(() => {
    if (!element.current) return;
    makeAccessible(element.current);
    if (targets) linkUp(element.current, targets, '/notes/');
  }, [shown]);
  if (!isRendered || !value) {
    const isWhy = error !== undefined && !isPassing(error);
    return (
      <>
        {isWhy && (
          <p class="quiet">
            It stands as it is written: <bdi>{messageOf(error)}</bdi>
          </p>
        )}
        <LongText text={text} label={label} />
      </>
    );
  }
  return (
    <div
      key={shown}
      ref={element}
      class="markdown"
      dir="auto"
      data-foreign
      onClick={follow}
      dangerouslySetInnerHTML={{ __html: value }}
    />
  );
}
