// The keyboard: single keys, and two keys one after the other ("g e"). Nothing happens while somebody
// writes in a field, but for Escape, which leaves it.

import { signal } from '@preact/signals';

export interface Shortcut {
  keys: string;
  label: string;
  run(): void;
}

const SECOND_KEY_MS = 1_200;
const layers: Shortcut[][] = [];

/**
 * Adds shortcuts; later ones come before earlier ones. Gives what takes them away. A screen calls it in
 * useLayoutEffect: useEffect comes a frame after the screen is seen, and a key pressed in between is lost.
 */
export function addShortcuts(shortcuts: Shortcut[]): () => void {
  layers.push(shortcuts);
  return () => {
    const at = layers.indexOf(shortcuts);
    if (at >= 0) layers.splice(at, 1);
  };
}

/** Everything that works now, for the help; of two with the same keys the one that counts. */
export function shortcutsNow(): Shortcut[] {
  const seen = new Map<string, Shortcut>();
  for (const shortcut of layers.flat()) seen.set(shortcut.keys, shortcut);
  return [...seen.values()];
}

function find(keys: string): Shortcut | undefined {
  return layers
    .findLast((layer) => layer.some((one) => one.keys === keys))
    ?.find((one) => one.keys === keys);
}

export function isWriting(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input,textarea,select,[contenteditable]');
}

/** What the keyboard can do is shown. */
export const isHelpOpen = signal(false);

// Who speaks to a computer, or hits keys by accident, sets off single letters without wanting to.
const OFF_KEY = 'synap-single-keys-off';

function areOff(): boolean {
  try {
    return localStorage.getItem(OFF_KEY) === '1';
  } catch {
    return false;
  }
}

/** Whether letters and signs do something by themselves. Escape and the keys of lists always do. */
export const singleKeys = signal(!areOff());

export function setSingleKeys(areOn: boolean): void {
  singleKeys.value = areOn;
  try {
    if (areOn) localStorage.removeItem(OFF_KEY);
    else localStorage.setItem(OFF_KEY, '1');
  } catch {
    // Then as long as the page is open.
  }
}

export function startKeyboard(): void {
  let first = '';
  let timer = 0;
  addEventListener('keydown', (press) => {
    if (press.defaultPrevented || press.ctrlKey || press.metaKey || press.altKey) return;
    if (isWriting(press.target)) {
      if (press.key === 'Escape') (press.target as HTMLElement).blur();
      return;
    }
    if (document.querySelector('dialog[open]')) return;
    if (!singleKeys.value && press.key.length === 1) return;
    const shortcut = find(first ? `${first} ${press.key}` : press.key);
    clearTimeout(timer);
    if (!shortcut && !first && layers.flat().some((one) => one.keys.startsWith(`${press.key} `))) {
      first = press.key;
      timer = window.setTimeout(() => (first = ''), SECOND_KEY_MS);
      return;
    }
    first = '';
    if (!shortcut) return;
    press.preventDefault();
    shortcut.run();
  });
}
