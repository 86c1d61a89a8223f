// A tag as it is shown: its name, and a dot of its colour.
import { shadeOf, tagColours } from '../lib/tags.js';
import { Line } from './text.js';

/** What it says is said beside it. */
export const Dot = ({ colour }: { colour: string | undefined }) =>
  colour ? (
    <i class="noun-dot tag-dot" data-colour={colour} style={{ background: shadeOf(colour) }} />
  ) : null;

export const TagName = ({ tag, max }: { tag: string; max?: number }) => (
  <>
    <Dot colour={tagColours.value.get(tag)} />
    <Line text={tag} max={max} />
  </>
);
