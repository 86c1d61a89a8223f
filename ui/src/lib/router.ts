// Where the reader is. Every object has an address, so that it can be linked to.
import { signal } from '@preact/signals';

export interface Route {
  path: string;
  /** The path's parts, decoded: ["events", ID]. */
  parts: string[];
  query: URLSearchParams;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function here(): Route {
  const parts = location.pathname.split('/').filter(Boolean).map(decoded);
  return { path: location.pathname, parts, query: new URLSearchParams(location.search) };
}

export const route = signal<Route>(here());

const guards = new Set<() => boolean>();

/** Asked before the reader leaves; false keeps them where they are. Gives what ends that. */
export function guardLeaving(ask: () => boolean): () => void {
  guards.add(ask);
  return () => guards.delete(ask);
}

/** False if somebody is asked whether to leave, and stays. */
export const mayLeave = (): boolean => [...guards].every((ask) => ask());

// Each entry of the history knows which one it is: so it can be told how far the browser has gone,
// which tells of it when it is done, and by how much it must go back.
interface Entry {
  index: number;
}
const indexOf = (state: unknown): number | undefined => (state as Entry | null)?.index;
let index = 0;

export function go(to: string, { replace = false } = {}): void {
  if (to === location.pathname + location.search) return;
  if (!replace && !mayLeave()) return;
  if (replace) history.replaceState({ index }, '', to);
  else history.pushState({ index: ++index }, '', to);
  route.value = here();
}

/** To where the reader was before; where they came from outside, to `otherwise`. */
export function goBack(otherwise: string): void {
  if (index > 0) history.back();
  else go(otherwise);
}

let isGoingBack = false;

/** Only what is behind the # is another: a branch, or a type, has what is written in it. */
const isHere = (): boolean =>
  location.pathname === route.value.path &&
  String(new URLSearchParams(location.search)) === String(route.value.query);

/** The browser went to another entry of the history: by Back, by Forward, or to a # of this address. */
function follow({ state }: PopStateEvent): void {
  const at = indexOf(state);
  if (isGoingBack) {
    isGoingBack = false;
  } else if (at === undefined) {
    history.replaceState({ index: ++index }, '');
    route.value = here();
  } else if (isHere() || mayLeave()) {
    index = at;
    route.value = here();
  } else if (at !== index) {
    isGoingBack = true;
    history.go(index - at);
  }
}

/** The address with one parameter changed; an empty value takes it away. */
export function withQuery(changes: Record<string, string>): string {
  const next = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return location.pathname + (text ? `?${text}` : '');
}

/** Follows links inside the page without loading it again. */
export function startRouter(): void {
  // After a reload the entry still knows.
  index = indexOf(history.state) ?? 0;
  history.replaceState({ index }, '');
  addEventListener('popstate', follow);
  document.addEventListener('click', (click) => {
    if (click.defaultPrevented || click.button !== 0) return;
    if (click.metaKey || click.ctrlKey || click.shiftKey || click.altKey) return;
    const link = (click.target as Element | null)?.closest?.('a');
    if (!link?.href || link.target || link.hasAttribute('download')) return;
    const url = new URL(link.href);
    if (
      url.origin !== location.origin ||
      /^\/(api|trpc|metrics|openapi\.json)\b/.test(url.pathname)
    )
      return;
    if (link.closest('[data-foreign]')) return;
    click.preventDefault();
    go(url.pathname + url.search);
  });
}
