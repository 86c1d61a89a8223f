// Small marks: of a noun (by colour and name), of an outcome (by colour, form and name).
import type { ComponentChildren } from 'preact';

import type { Outcome } from '../lib/events.js';
import { Icon, type IconName } from './icon.js';

const HUES: Record<string, number> = { note: 245, task: 160, project: 305, key: 65, user: 20 };

/** A hue that a noun always has. */
export function hueOf(noun: string): number {
  const known = HUES[noun];
  if (known !== undefined) return known;
  let hash = 7;
  for (const letter of noun) hash = (hash * 31 + letter.charCodeAt(0)) % 360;
  return hash;
}

export function NounBadge({ noun, icon }: { noun: string; icon?: string | undefined }) {
  return (
    <span class="noun" style={{ '--hue': String(hueOf(noun)) }}>
      {icon} {noun}
    </span>
  );
}

const OUTCOME_ICONS: Record<Outcome, IconName> = {
  requested: 'circle',
  completed: 'check',
  failed: 'cross',
  other: 'dot',
};

/** The outcome as a form; its name is in the type that stands beside it. */
export function OutcomeMark({ outcome }: { outcome: Outcome }) {
  return (
    <span class={`outcome ${outcome}`} title={outcome}>
      <Icon name={OUTCOME_ICONS[outcome]} />
    </span>
  );
}

const STATUS_KINDS: Record<string, string> = {
  completed: 'good',
  accepted: 'good',
  done: 'good',
  live: 'good',
  ok: 'good',
  ready: 'good',
  failed: 'bad',
  stopped: 'bad',
  fail: 'bad',
  revoked: 'bad',
  expired: 'bad',
  active: 'busy',
  rebuilding: 'busy',
  verifying: 'busy',
  in_progress: 'busy',
  again: 'busy',
  pending: 'busy',
  accepting: 'busy',
  sleeping: 'calm',
  cancelled: 'calm',
  open: 'calm',
  warn: 'warn',
  paused: 'warn',
  interrupted: 'warn',
  proposed: 'warn',
  outage: 'warn',
};
const STATUS_ICONS: Record<string, IconName> = {
  good: 'check',
  bad: 'cross',
  busy: 'play',
  warn: 'warn',
};

export function Status({ status }: { status: string }) {
  const kind = STATUS_KINDS[status] ?? 'calm';
  return (
    <span class={`status ${kind}`}>
      <Icon name={STATUS_ICONS[kind] ?? 'circle'} />
      {status.replace(/_/g, ' ')}
    </span>
  );
}

export function Chip({ children, title }: { children: ComponentChildren; title?: string | undefined }) {
  return (
    <span class="chip" title={title}>
      {children}
    </span>
  );
}
