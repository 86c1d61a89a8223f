// What bounds a list: words to look for, and choices.
import type {
  AriaAttributes,
  ComponentChildren,
  RefObject,
  TargetedInputEvent,
} from 'preact';
import { useState } from 'preact/hooks';

import { go, route, withQuery } from '../lib/router.js';
import { useQuery } from './answer.js';
import { Icon } from './icon.js';
import { Button } from './plain.js';

type Named = { id: string; title?: string; name?: string };

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

interface ChoiceProps extends AriaAttributes {
  /** What it is called where that is not seen beside it. */
  label?: string;
  id?: string;
  required?: boolean;
  /** What is chosen where nothing is; without it something always is. */
  none?: string | undefined;
  /** Their values, and what they are called where that is something else. */
  choices: [string, string?][];
  value: string;
  onChange(value: string): void;
}

/** What is chosen is among them, also if it is none of them. */
export const Choice = ({ label, none, choices, value, onChange, ...more }: ChoiceProps) => (
  <select
    {...more}
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

export const YES_OR_NO: ChoiceProps['choices'] = [
  ['true', 'yes'],
  ['false', 'no'],
];

/** The things of a noun by their titles, to choose from. */
export function useTitles(plural: string): ChoiceProps['choices'] {
  const { value } = useQuery<Record<string, Named[]>>(`${plural}.list`, { limit: 100 });
  return (value?.[plural] ?? []).map((one) => [one.id, one.title ?? one.name]);
}

/** A choice that is kept in the address. */
export const AskedChoice = ({
  name,
  ...more
}: Pick<ChoiceProps, 'label' | 'none' | 'choices'> & { name: string }) => (
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

interface FoldedProps {
  id: string;
  /** So many of them bound the list now. */
  active: number;
  children: ComponentChildren;
}

/** Filters, which are behind a button where there is no room for them. */
export function Folded({ id, active, children }: FoldedProps) {
  const [isOpen, setOpen] = useState(active > 0);
  return (
    <>
      <Button
        class="fold"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        Filters{active > 0 && ` (${active})`}
      </Button>
      <div id={id} class={`filters can-fold ${isOpen ? 'is-open' : ''}`}>
        {children}
      </div>
    </>
  );
}

/** One of the tags of notes. */
export function TagFilter() {
  const { value } = useQuery<{ tags: { tag: string; count: number }[] }>('tags.list');
  return (
    <AskedChoice
      name="tag"
      label="Tag"
      none="every tag"
      choices={(value?.tags ?? []).map(({ tag, count }) => [tag, `${tag} (${count})`])}
    />
  );
}
