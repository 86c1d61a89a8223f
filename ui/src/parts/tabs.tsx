// The sides of what is open in a panel.
import { labelOf } from '../lib/fields.js';

interface Props {
  label: string;
  /** The address of the first of them; the others are below it. */
  base: string;
  names: string[];
  open: string;
}

export const Tabs = ({ label, base, names, open }: Props) => (
  <nav class="tabs" aria-label={label}>
    {names.map((name, index) => (
      <a
        key={name}
        href={`${index ? `${base}/${name}` : base}${location.search}`}
        aria-current={open === name ? 'page' : undefined}
      >
        {labelOf(name)}
      </a>
    ))}
  </nav>
);
