// j and k through links that are all in the page: those with the attribute data-in-list.
import { addShortcuts, type Shortcut } from './keyboard.js';

/** For `ref`: what an address names is seen in its list. */
export const intoView = (row: Element | null): void => row?.scrollIntoView({ block: 'nearest' });

function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLElement>('[data-in-list]')];
  const focused = links.indexOf(document.activeElement as HTMLElement);
  const open = links.findIndex((link) => link.hasAttribute('aria-current'));
  const at = focused >= 0 ? focused : open;
  const next = links[Math.min(Math.max(at + by, 0), links.length - 1)];
  next?.focus();
  intoView(next ?? null);
}

/** Adds j, k and `more`. Gives what takes them away. */
export function addWalk(more: Shortcut[] = []): () => void {
  return addShortcuts([
    { keys: 'j', label: 'Next in the list', run: () => step(1) },
    { keys: 'k', label: 'Previous in the list', run: () => step(-1) },
    ...more,
  ]);
}
