// What the page says: in a corner for eyes, politely for screen readers.
import { signal } from '@preact/signals';

import { messageOf } from '../lib/rpc.js';
import { Sentence } from './plain.js';

interface Said {
  id: number;
  text: string;
  kind: 'good' | 'bad';
}

const said = signal<Said[]>([]);
let count = 0;

export function say(text: string, kind: Said['kind'] = 'good'): void {
  const one = { id: ++count, text, kind };
  said.value = [...said.value.slice(-3), one];
  setTimeout(
    () => (said.value = said.value.filter((other) => other !== one)),
    kind === 'bad' ? 8_000 : 3_000,
  );
}

/** Says what came in the way. */
export const sayError = (error: unknown): void => say(messageOf(error), 'bad');

/** Says that a command is `done`, where the pod said so. */
export function sayDone({ isDone }: { isDone: boolean }, done: string): void {
  say(isDone ? done : 'Accepted. This key may not ask what came of it: requests:read is needed.');
}

export function Sayings() {
  return (
    <div class="sayings" role="status" aria-live="polite">
      {said.value.map(({ id, text, kind }) => (
        <p key={id} class={kind}>
          <Sentence text={text} />
        </p>
      ))}
    </div>
  );
}
