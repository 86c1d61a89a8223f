// What to do first with a pod. Each step ticks itself off when it has happened.
import { useState } from 'preact/hooks';

import { nounOfType, type SynapEvent } from '../lib/events.js';
import { log } from '../lib/log.js';
import { isRefused, query } from '../lib/rpc.js';
import { podDocument } from '../lib/document.js';
import { useAnswer, useReloadOn } from './answer.js';
import { CopyButton } from './copy.js';
import { Icon } from './icon.js';
import { Button } from './plain.js';

const HIDDEN_KEY = 'synap-first-steps-hidden';

interface Step {
  title: string;
  isDone: boolean;
  href?: string;
  shell?: string;
  help?: string;
}

function stored(): boolean {
  try {
    return localStorage.getItem(HIDDEN_KEY) === '1';
  } catch {
    return false;
  }
}

// Keys that somebody made rather than the pod: so many of the newest are looked at.
const KEYS_LOOKED_AT = 10;

interface Key {
  id: string;
  lastUsedAt?: string;
}

interface Programs {
  /** Their keys, as the log names who acted. */
  actors: Set<string>;
  /** One of them has changed something. */
  isOneConnected: boolean;
}

/** Not the beginning of a browser's session, which its key begins. */
const isWork = (noun: string): boolean => noun !== 'key';

/**
 * Whose keys are programs'. The pod's own key, which `synap` uses, is made by the pod itself; every
 * other key was asked for. A browser acts by its session and not by the key that signed it in.
 */
async function programsOf(keys: Key[], signal: AbortSignal): Promise<Programs> {
  const find = async (question: object): Promise<SynapEvent[]> =>
    (await query<{ events: SynapEvent[] }>('events.list', question, signal)).events;
  // Those that were used before all others: one that was not has done nothing.
  const used = keys.filter(({ lastUsedAt }) => lastUsedAt !== undefined);
  const others = keys.filter(({ lastUsedAt }) => lastUsedAt === undefined);
  const newest = [...others, ...used].slice(-KEYS_LOOKED_AT).map(({ id }) => id);
  const made = await Promise.all(newest.map((id) => find({ aggregateId: id, limit: 1 })));
  // A member's first key was made by an owner: the step is to make one oneself.
  const own = new Set(keys.map(({ id }) => id));
  const isOwn = (event?: SynapEvent) =>
    event?.source === 'api' && Object.values(event.actor ?? {}).some((id) => own.has(id as string));
  const ids = newest.filter((_, index) => isOwn(made[index]?.[0]));
  const acts = await Promise.all(ids.map((id) => find({ actor: id, order: 'desc' })));
  return {
    actors: new Set(ids.map((id) => `key:${id}`)),
    isOneConnected: acts.flat().some((event) => isWork(nounOfType(event.type))),
  };
}

/** What of notes ever was, which the log and the pod's own list of files say: also of those that are gone. */
async function notesOf(
  signal: AbortSignal,
): Promise<{ isOneMade: boolean; isOneImported: boolean }> {
  const isAny = async (name: string, list: string, input: object): Promise<boolean> => {
    try {
      return (await query<Record<string, unknown[]>>(name, input, signal))[list]!.length > 0;
    } catch (error) {
      if (isRefused(error)) return false; // a key of few scopes
      throw error;
    }
  };
  const [isOneThere, wasOneMade, isOneImported] = await Promise.all([
    isAny('notes.list', 'notes', { limit: 1 }),
    isAny('events.list', 'events', { types: ['note.creation.completed'], limit: 1 }),
    isAny('notes.findOrigins', 'notes', {}),
  ]);
  return { isOneMade: isOneThere || wasOneMade, isOneImported };
}

function usePrograms(): Programs | undefined {
  const answer = useAnswer('programs', async (signal) => {
    const { keys } = await query<{ keys: Key[] }>('keys.list', { limit: 500 }, signal);
    return programsOf(keys, signal);
  });
  useReloadOn((event) => event.type === 'key.creation.completed', answer.reload);
  return answer.value;
}

export function FirstSteps() {
  const [isHidden, setHidden] = useState(stored);
  const hasNotes = podDocument.value?.has('notes.list') ?? false;
  const facts = useAnswer(`first-steps:${hasNotes}`, async (signal) =>
    hasNotes ? notesOf(signal) : { isOneMade: false, isOneImported: false },
  );
  const programs = usePrograms();
  useReloadOn((event) => event.type.endsWith('.creation.completed'), facts.reload);
  void log.value?.changed.value;
  if (isHidden || facts.value === undefined || !programs) return null;
  const { isOneMade, isOneImported } = facts.value;
  const rows = log.value?.rows.slice(-2_000) ?? [];
  const steps: Step[] = [
    { title: 'Make a note', isDone: isOneMade, href: '/notes/new' },
    {
      title: 'Import what you have',
      isDone: isOneImported || rows.some((row) => row.isImport),
      shell: 'synap import markdown DIR',
    },
    { title: 'Make a key for a program', isDone: programs.actors.size > 0, href: '/users' },
    {
      title: 'Connect a client with such a key',
      isDone:
        programs.isOneConnected ||
        rows.some((row) => programs.actors.has(row.actor) && isWork(row.noun)),
      help: 'Done when a program with a key of its own has changed something.',
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
        <Button class="link" onClick={hide}>
          Hide
        </Button>
      </header>
      <ol>
        {steps.map((step) => (
          <li key={step.title} class={step.isDone ? 'done' : ''}>
            <Icon name={step.isDone ? 'check' : 'circle'} />
            <div>
              {step.href && !step.isDone ? <a href={step.href}>{step.title}</a> : step.title}
              <span class="unseen">{step.isDone ? ' (done)' : ' (to do)'}</span>
              {step.help && !step.isDone && <p class="help">{step.help}</p>}
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
