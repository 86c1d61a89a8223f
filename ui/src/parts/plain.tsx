// The plain elements that stand everywhere. Written once, each costs the page a few bytes.
import type { ComponentChildren, ComponentProps } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

import { addShortcuts } from '../lib/keyboard.js';
import { go } from '../lib/router.js';
import { Icon } from './icon.js';

/** A button that submits no form. */
export const Button = (props: ComponentProps<'button'>) => <button type="button" {...props} />;

/** What is beside the point. */
export const Quiet = ({ children }: { children?: ComponentChildren }) => (
  <span class="quiet">{children}</span>
);

/** The names of a table's columns, between bars: `#` before one of numbers, `-` before one that is only said. */
export const Head = ({ of }: { of: string }) => (
  <thead>
    <tr>
      {of.split('|').map((name) => (
        <th key={name} scope="col" class={name[0] === '#' ? 'number' : undefined}>
          {name[0] === '-' ? <span class="unseen">{name.slice(1)}</span> : name.replace('#', '')}
        </th>
      ))}
    </tr>
  </thead>
);

interface SplitProps {
  /** What is open beside the list, if anything is. */
  open: string | undefined;
  /** The list's own address. */
  back: string;
  /** Where there is no room beside the list, what is open stands below it. */
  both?: boolean;
  children: ComponentChildren;
}

/** A list, and what is open beside it, which Escape closes. */
export function Split({ open, back, both, children }: SplitProps) {
  useLayoutEffect(
    () =>
      open
        ? addShortcuts([
            { keys: 'Escape', label: 'Close it', run: () => go(back + location.search) },
          ])
        : undefined,
    [open, back],
  );
  return <div class={`split ${both ? 'is-both' : open ? 'has-panel' : ''}`}>{children}</div>;
}

interface PanelProps {
  label: string;
  /** Where it leads to be closed. */
  back: string;
  title: ComponentChildren;
  children: ComponentChildren;
}

/** What is open beside a list. */
export function Panel({ label, back, title, children }: PanelProps) {
  return (
    <section class="split-panel" aria-label={label}>
      <div class="panel">
        <header>
          {title}
          <a class="panel-close" href={back} aria-label="Close" title="Esc">
            <Icon name="close" />
          </a>
        </header>
        {children}
      </div>
    </section>
  );
}

interface CardProps {
  title: string;
  /** What it is called where its title is longer. */
  label?: string;
  /** What stands beside the title. */
  more?: ComponentChildren;
  children: ComponentChildren;
}

/** A part of a panel. */
export function Part({ id, title, more, children }: Omit<CardProps, 'label'> & { id: string }) {
  return (
    <section aria-labelledby={id}>
      <div class="section-title">
        <h3 id={id}>{title}</h3>
        {more}
      </div>
      {children}
    </section>
  );
}

/** A part of a sheet. */
export const Card = ({ title, label = title, more, children }: CardProps) => (
  <section class="card" aria-label={label}>
    <header>
      <h2>{title}</h2>
      {more}
    </header>
    {children}
  </section>
);

/** Of a `dl`: what it is, and what is said of it. */
export const Fact = ({ of, children }: { of: string; children: ComponentChildren }) => (
  <>
    <dt>{of}</dt>
    <dd>{children}</dd>
  </>
);

const PROPOSAL = /(?<=\bproposal )([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/;

/** A sentence of the pod or of the page; a proposal that it names is where one can go. */
export const Sentence = ({ text }: { text: string }) => {
  // Every second part is one.
  return (
    <>
      {text.split(PROPOSAL).map((part, at) =>
        at % 2 ? (
          <a key={at} href={`/proposals/${part}`}>
            {part}
          </a>
        ) : (
          part
        ),
      )}
    </>
  );
};

/** Why something was not done. */
export const Issue = ({ of }: { of: string }) =>
  of ? (
    <p class="issue" role="alert">
      <Sentence text={of} />
    </p>
  ) : null;
