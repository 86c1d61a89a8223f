// What to do first with a pod. Each step ticks itself off when it has happened.
import { useState } from 'preact/hooks';

import type { Row } from '../lib/events.js';
import { log } from '../lib/log.js';
import { query } from '../lib/rpc.js';
import { session } from '../lib/session.js';
import { podDocument } from '../lib/document.js';
import { useAnswer, useReloadOn } from './answer.js';
import { CopyButton } from './copy.js';
import { Icon } from './icon.js';

const HIDDEN_KEY = 'synap-first-steps-hidden';
const IMPORT_SOURCES = ['sync', 'migration'];

interface Step {
  title: string;
  isDone: boolean;
  href?: string;
  shell?: string;
}

function stored(): boolean {
  try {
    return localStorage.getItem(HIDDEN_KEY) === '1';
  } catch {
    return false;
  }
}

/** By somebody else than this page, over the API. */
function isByClient(row: Row): boolean {
  const own = session.value?.session;
  return (
    row.source === 'api' &&
    row.outcome === 'requested' &&
    row.actor !== `session:${own}` &&
    row.actor !== `key:${own}` &&
    row.actor.startsWith('key:') &&
    own !== undefined
  );
}

export function FirstSteps() {
  const [isHidden, setHidden] = useState(stored);
  const hasNotes = podDocument.value?.has('notes.list') ?? false;
  const facts = useAnswer(`first-steps:${hasNotes}`, async (signal) => {
    const notes = hasNotes
      ? await query<{ total: number }>('notes.list', { limit: 1 }, signal)
      : { total: 0 };
    const { keys } = await query<{ keys: { revokedAt?: string; kind?: string }[] }>(
      'keys.list',
      undefined,
      signal,
    );
    return { notes: notes.total, keys: keys.filter((key) => key.kind !== 'session').length };
  });
  useReloadOn((event) => event.type.endsWith('.creation.completed'), facts.reload);
  void log.value?.changed.value;
  if (isHidden || !facts.value) return null;
  const rows = log.value?.rows.slice(-2_000) ?? [];
  const steps: Step[] = [
    { title: 'Make a note', isDone: facts.value.notes > 0, href: '/notes/new' },
    {
      title: 'Import what you have',
      isDone: rows.some((row) => IMPORT_SOURCES.includes(row.source)) || facts.value.notes > 20,
      shell: 'synap import markdown DIR',
    },
    { title: 'Make a key for a program', isDone: facts.value.keys > 1, href: '/users' },
    {
      title: 'Connect a client',
      isDone: rows.some(isByClient),
      shell: `npm install ${location.origin}/synap-client.tgz`,
    },
  ];
  const isAllDone = steps.every((step) => step.isDone);
  const hide = () => {
    setHidden(true);
    try {
      localStorage.setItem(HIDDEN_KEY, '1');
    } catch {
      // Hidden as long as the page is open, then.
    }
  };
  return (
    <section class="card first-steps" aria-labelledby="first-steps-title">
      <header>
        <h2 id="first-steps-title">{isAllDone ? 'All first steps are done' : 'First steps'}</h2>
        <button type="button" class="link" onClick={hide}>
          Hide
        </button>
      </header>
      <ol>
        {steps.map((step) => (
          <li key={step.title} class={step.isDone ? 'done' : ''}>
            <Icon name={step.isDone ? 'check' : 'circle'} />
            <div>
              {step.href && !step.isDone ? <a href={step.href}>{step.title}</a> : step.title}
              <span class="unseen">{step.isDone ? ' (done)' : ' (to do)'}</span>
              {step.shell && !step.isDone && (
                <p class="shell">
                  <code>{step.shell}</code>
                  <CopyButton text={step.shell} label="Copy" />
                </p>
              )}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
