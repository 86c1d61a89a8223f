// What bounds a list: words to look for, and choices.
import type { AriaAttributes, RefObject, TargetedInputEvent } from 'preact';

import { go, route, withQuery } from '../lib/router.js';
import { Icon } from './icon.js';

export const setAsked = (name: string, value: string): void =>
  go(withQuery({ [name]: value }), { replace: true });

export const asked = (name: string): string => route.value.query.get(name) ?? '';

interface SearchFieldProps extends AriaAttributes {
  field?: RefObject<HTMLInputElement | null> | undefined;
  placeholder: string;
  title?: string;
  maxLength?: number;
  autocomplete?: 'off';
  spellcheck?: boolean;
  value: string;
  onInput(event: TargetedInputEvent<HTMLInputElement>): void;
  onKeyDown?(press: KeyboardEvent): void;
}

/** The field that "/" leads to. */
export const SearchField = ({ field, ...more }: SearchFieldProps) => (
  <div class="search">
    <Icon name="search" />
    <input ref={field} data-search type="search" {...more} />
  </div>
);

interface ChoiceProps {
  label: string;
  /** What is chosen where nothing is; without it something always is. */
  none?: string;
  /** Their values, and what they are called where that is something else. */
  choices: [string, string?][];
  value: string;
  onChange(value: string): void;
}

/** What is chosen is among them, also if it is none of them. */
export const Choice = ({ label, none, choices, value, onChange }: ChoiceProps) => (
  <select
    aria-label={label}
    value={value}
    onChange={(event) => onChange(event.currentTarget.value)}
  >
    {none && <option value="">{none}</option>}
    {value && !choices.some(([one]) => one === value) && <option value={value}>{value}</option>}
    {choices.map(([one, words]) => (
      <option key={one} value={one}>
        {words ?? one}
      </option>
    ))}
  </select>
);

/** A choice that is kept in the address. */
export const AskedChoice = ({
  name,
  ...more
}: Omit<ChoiceProps, 'value' | 'onChange'> & { name: string }) => (
  <Choice value={asked(name)} onChange={(value) => setAsked(name, value)} {...more} />
);

/** A day that is kept in the address. */
export const AskedDay = ({ name, label }: { name: string; label: string }) => (
  <label>
    {label}
    <input
      type="date"
      value={asked(name)}
      onChange={(event) => setAsked(name, event.currentTarget.value)}
    />
  </label>
);
