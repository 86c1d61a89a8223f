// The frame around the screens: where one can go, whether the page is live, and which screen is shown.
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

import { loadDocument, podDocument } from './lib/document.js';
import { addShortcuts, isHelpOpen } from './lib/keyboard.js';
import { EventLog, log } from './lib/log.js';
import { liveStatus, type LiveStatus } from './lib/live.js';
import { go, route } from './lib/router.js';
import { isRefused, messageOf, PodError } from './lib/rpc.js';
import { isOwner, session, signInNotice } from './lib/session.js';
import { openTitle, titleOfPage } from './lib/title.js';
import { untilAnswered } from './lib/until-answered.js';
import { Empty, Problem, Waiting } from './parts/answer.js';
import { Boundary } from './parts/boundary.js';
import { Icon } from './parts/icon.js';
import { Navigation, places } from './parts/navigation.js';
import { Button } from './parts/plain.js';
import { Sayings } from './parts/say.js';
import { toggleTheme } from './parts/theme.js';
import { HomeScreen } from './screens/home.js';
import { SignIn } from './screens/sign-in.js';

// Screens that the first view does not show come together, when one of them is asked for: whoever opens one
// is soon on another, and each file more costs names that it shares with the others.
const SCREENS = new Set([
  'search',
  'tags',
  'types',
  'runs',
  'functions',
  'dead-letters',
  'events',
  'catalogue',
  'chat',
  'users',
  'pod',
  'proposals',
]);
const screenOf = (name: string): Promise<ComponentType> =>
  import('./screens/others.js').then((others) => others.SCREENS[name]!);

let style: Promise<void> | undefined;

/** The style of all screens but Home; index.html says where it is. A screen waits for it. */
function loadStyle(): Promise<void> {
  style ??= new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.onload = () => resolve();
    link.onerror = () => {
      style = undefined;
      link.remove();
      reject(new Error('Its style could not be had'));
    };
    link.rel = 'stylesheet';
    link.href = document.querySelector<HTMLMetaElement>('meta[name=screens-style]')!.content;
    document.head.append(link);
  });
  return style;
}

const LIVE_WORDS = {
  connecting: 'connecting',
  live: 'live',
  lost: 'connection lost',
  refused: 'not live',
};

const LIVE_REASONS: Partial<Record<LiveStatus, string>> = {
  lost: 'It is tried again by itself',
  refused: 'This key may not see events: it needs the scope events:read',
};

function LiveBadge() {
  const status = liveStatus.value;
  return (
    <p
      class={`live-badge ${status}`}
      role="status"
      aria-live="polite"
      data-live={status}
      title={LIVE_REASONS[status]}
    >
      <i aria-hidden="true" />
      {LIVE_WORDS[status]}
    </p>
  );
}

function nameOfScreen(first: string | undefined): string | undefined {
  if (first === undefined) return undefined;
  if (podDocument.value?.nounOf(first)) return 'noun';
  return SCREENS.has(first) ? first : undefined;
}

function Screen() {
  const first = route.value.parts[0];
  const name = nameOfScreen(first);
  const isLive = liveStatus.value === 'live';
  const [loaded, setLoaded] = useState<
    { name: string; Component: ComponentType } | { name: string; error: unknown }
  >();
  useEffect(() => {
    if (!name || (loaded?.name === name && !('error' in loaded))) return undefined;
    const left = new AbortController();
    const onFailure = (error: unknown) => left.signal.aborted || setLoaded({ name, error });
    untilAnswered(
      () =>
        Promise.all([screenOf(name), loadStyle()]).catch((error: unknown) => {
          throw new PodError(messageOf(error), 'UNREACHABLE', 0);
        }),
      { signal: left.signal, onFailure },
    ).then(([Component]) => left.signal.aborted || setLoaded({ name, Component }), onFailure);
    return () => left.abort();
  }, [name, isLive]);
  if (first === undefined) return <HomeScreen />;
  if (!name && !podDocument.value) return <Waiting />;
  if (!name) {
    return (
      <Empty title="There is no such page">
        <p>
          Nothing is at <bdi>{route.value.path}</bdi>. <a href="/">Go home</a>
        </p>
      </Empty>
    );
  }
  if (loaded?.name !== name) return <Waiting />;
  if ('error' in loaded) {
    // It is asked for again by itself. But the pod may have been replaced by another version, whose files
    // have other names.
    return (
      <Problem
        error={new Error(`This part of the page did not load. ${messageOf(loaded.error)}`)}
        retry={() => location.reload()}
      />
    );
  }
  return <loaded.Component key={first} />;
}

function useShortcuts(): void {
  const document_ = podDocument.value;
  const owner = isOwner();
  useEffect(() => {
    const shortcuts = places()
      .filter((place) => place.key)
      .map((place) => ({
        keys: `g ${place.key}`,
        label: `Go to ${place.label}`,
        run: () => go(place.href),
      }));
    return addShortcuts([
      { keys: '?', label: 'This help', run: () => (isHelpOpen.value = true) },
      { keys: '/', label: 'Search or filter', run: () => focusSearch() },
      { keys: 'o', label: 'Into what is open beside the list', run: enterPanel },
      { keys: 'd', label: 'Light or dark', run: toggleTheme },
      ...shortcuts,
    ]);
  }, [document_, owner]);
}

let waits = 0;
/** Where a screen has no field for that, in the one of everything. `at`: the screen that it is for. */
function focusSearch(at = route.value.path): void {
  clearTimeout(waits);
  if (route.value.path !== at) return;
  const field = document.querySelector<HTMLInputElement>('[data-search]');
  if (field) field.select();
  // A screen that is still on its way may have one.
  else if (document.querySelector('main > .waiting'))
    waits = window.setTimeout(focusSearch, 50, at);
  else go('/search');
}

/** From a list to what is open beside it. */
function enterPanel(): void {
  document.querySelector<HTMLElement>('.split-panel :is(a,button)')?.focus();
}

/** The window is called as what is shown. */
function useTitle(): string {
  const first = route.value.parts[0];
  const place = first && places().find((one) => one.href === `/${first}`)?.label;
  const title = titleOfPage(openTitle.value, place);
  useEffect(() => void (document.title = title), [title]);
  return title;
}

function Help() {
  const [loaded, setLoaded] = useState<{ Help: ComponentType }>();
  useEffect(() => {
    import('./parts/help.js').then(setLoaded, () => (isHelpOpen.value = false));
  }, []);
  return loaded ? <loaded.Help /> : null;
}

/**
 * On another screen the focus is in it, and no longer on the link that led there or, where that is gone,
 * nowhere. A screen that has a better place for it takes it from here.
 */
function useFocusOnScreen(): void {
  const { path, parts } = route.value;
  const before = useRef({ path, first: parts[0] });
  useEffect(() => {
    const was = before.current;
    before.current = { path, first: parts[0] };
    if (was.path === path) return;
    const main = document.getElementById('main')!;
    const isOther = was.first !== parts[0];
    // What had it may have gone with what was closed beside a list.
    const isNowhere = isOther
      ? !main.contains(document.activeElement)
      : document.activeElement === document.body;
    if (isNowhere) main.focus({ preventScroll: !isOther });
  }, [path]);
}

/** What one sees to have changed is said. */
function ScreenName({ title }: { title: string }) {
  const [first] = useState(title);
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (title !== first || said) setSaid(title);
  }, [title]);
  return (
    <p class="unseen" role="status" data-said>
      {said}
    </p>
  );
}

/** After a restart the pod may be another version, with other procedures and another page. */
function Outdated() {
  const [first, setFirst] = useState<string>();
  const status = liveStatus.value;
  const version = podDocument.value?.version;
  const wasLost = useRef(false);
  useEffect(() => setFirst((before) => before ?? version), [version]);
  useEffect(() => {
    if (status === 'live' && wasLost.current) loadDocument().catch(() => {});
    wasLost.current = status === 'lost';
  }, [status]);
  if (!first || first === version) return null;
  return (
    <p class="outdated" role="status">
      The pod is version {version} now.{' '}
      <Button class="link" onClick={() => location.reload()}>
        Load its page
      </Button>
    </p>
  );
}

function SignedIn() {
  const [isOpen, setOpen] = useState(false);
  const [error, setError] = useState<unknown>();
  const begin = () => {
    setError(undefined);
    liveStatus.value = 'connecting';
    const left = new AbortController();
    const { signal } = left;
    const tell = (problem: unknown) => {
      // A key that may not see events sees the rest.
      if (!signal.aborted && !isRefused(problem)) setError(problem);
    };
    untilAnswered(loadDocument, { signal }).catch(tell);
    const own = new EventLog();
    log.value = own;
    own.start().catch(tell);
    return () => {
      left.abort();
      own.stop();
      log.value = undefined;
    };
  };
  useEffect(begin, []);
  useEffect(() => {
    if (!isOpen) return undefined;
    return addShortcuts([{ keys: 'Escape', label: 'Close the menu', run: () => setOpen(false) }]);
  }, [isOpen]);
  useShortcuts();
  const title = useTitle();
  useFocusOnScreen();
  return (
    <>
      <a class="skip" href="#main" data-foreign>
        Skip to the content
      </a>
      <header class="top">
        <Button
          class="plain"
          aria-label="Menu"
          aria-expanded={isOpen}
          aria-controls="places"
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name="menu" />
        </Button>
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="20" height="20" />
          Synap
        </a>
        <LiveBadge />
      </header>
      <Navigation isOpen={isOpen} onLeave={() => setOpen(false)} />
      {isOpen && <div class="veil" onClick={() => setOpen(false)} />}
      <main id="main" tabIndex={-1}>
        <Outdated />
        {error !== undefined && <Problem error={error} retry={() => location.reload()} />}
        <Boundary at={route.value.path + route.value.query.toString()}>
          <Screen />
        </Boundary>
      </main>
      <ScreenName title={title} />
      {isHelpOpen.value && <Help />}
    </>
  );
}

export function App() {
  const who = session.value;
  return (
    <>
      {who === undefined ? (
        <Waiting words={signInNotice.value || undefined} />
      ) : who === null ? (
        <SignIn />
      ) : (
        <SignedIn key={who.user.id} />
      )}
      <Sayings />
    </>
  );
}
