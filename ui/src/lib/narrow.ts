// Whether the page is as narrow as on a telephone.
import { signal } from '@preact/signals';

const media = matchMedia('(max-width: 760px)');
const isNarrow = signal(media.matches);
media.addEventListener('change', () => (isNarrow.value = media.matches));

export const useNarrow = (): boolean => isNarrow.value;
