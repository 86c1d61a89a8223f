// Characters that are not seen and deceive, above all direction overrides, are shown as what they are.
import { options } from 'preact';

// Those of is_hostile (src/base/text.h), but for tabs and line ends.
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2028-\u202e\u2066-\u2069\ufeff]/g;

export const visible = (text: string): string =>
  text.replace(
    UNSEEN,
    (one) => `\u2039U+${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}\u203a`,
  );

// Attributes that are read or said. What a field has in it stays as it is: it is sent.
const SHOWN = ['title', 'aria-label', 'alt', 'placeholder'];

/**
 * From here on every text that is drawn is visible, wherever it stands: a label, an option, a question, a
 * name made from the address. No screen has to remember it.
 */
export function drawVisibly(): void {
  const before = options.vnode;
  options.vnode = (node) => {
    const { type, props } = node as { type: unknown; props: unknown };
    if (type === null && typeof props === 'string') {
      (node as { props: unknown }).props = visible(props);
    } else if (typeof type === 'string') {
      const shown = props as Record<string, unknown>;
      for (const name of SHOWN)
        if (typeof shown[name] === 'string') shown[name] = visible(shown[name]);
    }
    before?.(node);
  };
}
