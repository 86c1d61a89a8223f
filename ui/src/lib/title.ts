// What the reader looks at, as the window is called and as it is said: the thing, its place, the program.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { visible } from './visible.js';

/** Of what is open beside a list, or fills a screen of its own; '' where nothing is. */
export const openTitle = signal('');

const LENGTH_MAX = 100;

/** Says what the open thing is called, as long as it is open. */
export function useOpenTitle(title: string | undefined): void {
  useEffect(() => {
    openTitle.value = (title ?? '').slice(0, LENGTH_MAX);
    return () => {
      openTitle.value = '';
    };
  }, [title]);
}

export const titleOfPage = (open: string, place: string | undefined): string =>
  visible([open, place, 'Synap'].filter(Boolean).join(' · '));
