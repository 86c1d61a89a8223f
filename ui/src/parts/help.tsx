// What the keyboard can do here.
import { signal } from '@preact/signals';

import { shortcutsNow } from '../lib/keyboard.js';
import { Dialog } from './dialog.js';

export const isHelpOpen = signal(false);

export function Help() {
  if (!isHelpOpen.value) return null;
  return (
    <Dialog title="Keyboard" onClose={() => (isHelpOpen.value = false)}>
      <dl class="shortcuts">
        {[
          ...shortcutsNow(),
          { keys: 'Enter', label: 'Open' },
          { keys: 'Escape', label: 'Leave a field, close' },
        ].map(({ keys, label }) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
