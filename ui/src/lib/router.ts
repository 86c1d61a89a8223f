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

/** Asked before leaving; false keeps the reader where they are. */
let mayLeave: () => boolean = () => true;
export function guardLeaving(ask: (() => boolean) | undefined): void {
  mayLeave = ask ?? (() => true);
}

export function go(to: string, { replace = false } = {}): void {
  if (to === location.pathname + location.search) return;
  if (!replace && !mayLeave()) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  route.value = here();
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
  addEventListener('popstate', () => (route.value = here()));
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
