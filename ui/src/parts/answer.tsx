// What is asked of the pod for a screen: waiting, an error with a way out, or the answer.
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';

import { InTurn } from '../lib/in-turn.js';
import { log } from '../lib/log.js';
import { liveStatus } from '../lib/live.js';
import { AWAY, messageOf, PodError, query } from '../lib/rpc.js';
import type { SynapEvent } from '../lib/events.js';
import { Button } from './plain.js';

export interface Answer<T> {
  value: T | undefined;
  error: unknown;
  isLoading: boolean;
  reload(): void;
}

/**
 * Asks when `key` changes, and again when told to: once more behind the question that is under way. An
 * older answer stays until the new one is there.
 */
export function useAnswer<T>(key: string, ask: (signal: AbortSignal) => Promise<T>): Answer<T> {
  const [state, setState] = useState<{
    key: string;
    value?: T;
    error?: unknown;
    isLoading: boolean;
  }>({
    key,
    isLoading: true,
  });
  const latest = useRef(ask);
  latest.current = ask;
  const work = useRef<InTurn | undefined>(undefined);
  const reload = useCallback(() => work.current?.ask(), []);
  useEffect(() => {
    const own = new InTurn(async (signal) => {
      setState((before) =>
        before.key === key ? { ...before, isLoading: true } : { key, isLoading: true },
      );
      try {
        const value = await latest.current(signal);
        if (!signal.aborted) setState({ key, value, isLoading: false });
      } catch (error) {
        if (!signal.aborted) setState((before) => ({ ...before, key, error, isLoading: false }));
      }
    });
    work.current = own;
    own.ask();
    return own.stop;
  }, [key]);
  useAskOnceBack(state.error !== undefined, reload);
  const isOld = state.key !== key;
  return {
    value: isOld ? undefined : state.value,
    error: isOld ? undefined : state.error,
    isLoading: isOld || state.isLoading,
    reload,
  };
}

/** What a query of the pod answers, asked again where its input is another. */
export const useQuery = <T,>(name: string, input?: unknown): Answer<T> =>
  useAnswer(name + JSON.stringify(input), (signal) => query<T>(name, input, signal));

/** What could not be asked while the pod was away is asked once it is back. */
export function useAskOnceBack(hasFailed: boolean, reload: () => void): void {
  const status = liveStatus.value;
  useEffect(() => {
    if (status === 'live' && hasFailed) reload();
  }, [status]);
}

/** What came in the way of something; that the pod is away stands no longer than it is true. */
export function useIssue(): [string, (issue: string) => void] {
  const [issue, setIssue] = useState('');
  useAskOnceBack(issue === AWAY, () => setIssue(''));
  return [issue, setIssue];
}

/** What Ctrl and Enter do in a form. */
export const onCtrlEnter = (submit: (event: Event) => void) => (press: KeyboardEvent) =>
  press.key === 'Enter' && (press.ctrlKey || press.metaKey) && submit(press);

/** A form that is sent once at a time: whether it is on its way, and what came in the way. */
export function useSending(send: () => Promise<unknown>) {
  const [issue, setIssue] = useIssue();
  const [isBusy, setBusy] = useState(false);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isBusy) return;
    setIssue('');
    setBusy(true);
    send()
      .catch((error: unknown) => setIssue(messageOf(error)))
      .finally(() => setBusy(false));
  };
  return { issue, isBusy, submit };
}

// Several events of one command come together: one question for all of them.
const GATHER_MS = 120;

/**
 * Calls `reload` soon after an event that `concerns`; where the reader may see no events, now and then.
 */
export function useReloadOn(concerns: (event: SynapEvent) => boolean, reload: () => void): void {
  const latest = useRef({ concerns, reload });
  latest.current = { concerns, reload };
  const current = log.value;
  useAskAgain(reload, liveStatus.value === 'refused');
  useEffect(() => {
    let timer = 0;
    const stop = current?.listen((event) => {
      if (timer || !latest.current.concerns(event)) return;
      timer = window.setTimeout(() => {
        timer = 0;
        latest.current.reload();
      }, GATHER_MS);
    });
    return () => {
      clearTimeout(timer);
      stop?.();
    };
  }, [current]);
}

// A run that sleeps or is tried again tells nothing by events.
const ASK_EVERY_MS = 2_500;

/** Asks again and again, for what no event tells, while `isOpen` and the page is looked at. */
export function useAskAgain(reload: () => void, isOpen: boolean, everyMs = ASK_EVERY_MS): void {
  const latest = useRef(reload);
  latest.current = reload;
  useEffect(() => {
    if (!isOpen) return undefined;
    const timer = setInterval(() => !document.hidden && latest.current(), everyMs);
    return () => clearInterval(timer);
  }, [isOpen, everyMs]);
}

export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  // What the pod itself refuses it refuses again.
  const isFinal =
    error instanceof PodError && ['BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'].includes(error.code);
  return (
    <div class="problem" role="alert">
      <p>
        <bdi>{messageOf(error)}</bdi>
      </p>
      {retry && !isFinal && <Button onClick={retry}>Try again</Button>}
    </div>
  );
}

export function Waiting({ words = 'Loading…' }: { words?: string | undefined }) {
  return (
    <p class="waiting" role="status">
      {words}
    </p>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** The answer, or what stands in its place. */
export function Show<T>({
  of,
  children,
}: {
  of: Answer<T>;
  children: (value: T) => ComponentChildren;
}) {
  if (of.value !== undefined) return <>{children(of.value)}</>;
  if (of.error !== undefined) return <Problem error={of.error} retry={of.reload} />;
  return <Waiting />;
}
