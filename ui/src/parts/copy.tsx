// Copying, with a word that it was done.
import { useState } from 'preact/hooks';

import { Icon } from './icon.js';
import { Button } from './plain.js';
import { say, sayError } from './say.js';

async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without TLS, off this machine, a browser has no clipboard; this old way is left.
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** What `text` throws is said, and nothing is copied. */
export function CopyButton({ text, label }: { text: string | (() => string); label: string }) {
  const [isDone, setDone] = useState(false);
  const click = () => {
    let what;
    try {
      what = typeof text === 'string' ? text : text();
    } catch (error) {
      return sayError(error);
    }
    return copy(what).then(
      () => {
        setDone(true);
        say(`Copied: ${label}`);
        setTimeout(() => setDone(false), 1_500);
      },
      () => say('The browser did not let the page copy', 'bad'),
    );
  };
  return (
    <Button class="small" onClick={() => void click()}>
      <Icon name={isDone ? 'check' : 'copy'} />
      {label}
    </Button>
  );
}

/** An id: short to look at, whole to copy. */
export function Id({ id }: { id: string }) {
  const [isDone, setDone] = useState(false);
  const click = () =>
    void copy(id).then(() => (setDone(true), setTimeout(() => setDone(false), 1_200)));
  return (
    <Button class="id" title={`${id}\nClick to copy`} onClick={click}>
      {isDone ? 'copied' : shortId(id)}
    </Button>
  );
}

function shortId(id: string): string {
  return id.length > 16 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}
