// [[links]] in a rendered text, where they lead to something: the pod keeps a relation for each target.
import { query } from './rpc.js';

interface Mention {
  fromId: string;
  properties?: { wikiLink?: unknown; otherWikiLinks?: unknown };
}

/** What stands in a link, by where it leads. */
export type Targets = Map<string, string>;

// As many as one question answers; of further ones the text stays as it is written.
const LINKS_MAX = 100;

export async function targetsOf(id: string, signal: AbortSignal): Promise<Targets> {
  const input = { toId: id, type: 'mentioned_in', limit: LINKS_MAX };
  const { relations } = await query<{ relations: Mention[] }>('relations.list', input, signal);
  const targets: Targets = new Map();
  for (const { fromId, properties } of relations) {
    // One relation may be of several links, and those of a person are of none.
    for (const target of [properties?.wikiLink, properties?.otherWikiLinks].flat()) {
      if (typeof target !== 'string') continue;
      targets.set(target, fromId);
      // Those that differ in capitals lead to one note; relations of before say one of them.
      const plain = target.toLowerCase();
      if (!targets.has(plain)) targets.set(plain, fromId);
    }
  }
  return targets;
}

// [[Title]], [[Title#Heading]], [[Title|words]]
const LINK = /!?\[\[([^[\]|#\n]+)(#[^[\]|\n]*)?(?:\|([^[\]\n]+))?\]\]/g;

/** Makes links of those in `element` that lead somewhere; none in code, none in another link. */
export function linkUp(element: Element, targets: Targets, base: string): void {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (text.data.includes('[[') && !text.parentElement!.closest('a,code,pre')) texts.push(text);
  }
  for (const text of texts) {
    const pieces: (Node | string)[] = [];
    let end = 0;
    for (const { 0: written, 1: target = '', 2: heading = '', 3: words, index } of text.data.matchAll(LINK)) {
      const id = targets.get(target.trim()) ?? targets.get(target.trim().toLowerCase());
      if (!id) continue;
      const link = document.createElement('a');
      link.href = base + id;
      link.dataset['own'] = '';
      link.textContent = words ?? target + heading;
      pieces.push(text.data.slice(end, index), link);
      end = index + written.length;
    }
    if (pieces.length) text.replaceWith(...pieces, text.data.slice(end));
  }
}
