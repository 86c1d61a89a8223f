// What the keyboard can do here.
import { isHelpOpen, setSingleKeys, shortcutsNow, singleKeys } from '../lib/keyboard.js';
import { Dialog } from './dialog.js';

export function Help() {
  return (
    <Dialog title="Keyboard" onClose={() => (isHelpOpen.value = false)}>
      <label class="check">
        <input
          type="checkbox"
          checked={singleKeys.value}
          onChange={(event) => setSingleKeys(event.currentTarget.checked)}
        />{' '}
        Letters and signs do something by themselves
      </label>
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
