// The frame around the screens: where one can go, whether the page is live, and which screen is shown.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { loadDocument, podDocument } from './lib/document.js';
import { addShortcuts } from './lib/keyboard.js';
import { EventLog, log } from './lib/log.js';
import { liveStatus } from './lib/live.js';
import { go, route } from './lib/router.js';
import { messageOf } from './lib/rpc.js';
import { isOwner, session, signOut } from './lib/session.js';
import { Empty, Problem, Waiting } from './parts/answer.js';
import { hueOf } from './parts/badge.js';
import { Help, isHelpOpen } from './parts/help.js';
import { Icon, type IconName } from './parts/icon.js';
import { Sayings } from './parts/say.js';
import { Line } from './parts/text.js';
import { ThemeButton, toggleTheme } from './parts/theme.js';
import { HomeScreen } from './screens/home.js';
import { SignIn } from './screens/sign-in.js';

interface Place {
  href: string;
  label: string;
  icon: IconName;
  key: string;
  noun?: string;
}

// Screens that the first view does not show come when they are asked for.
const SCREENS: Record<string, () => Promise<{ default: ComponentType }>> = {
  events: () => import('./screens/events.js'),
  runs: () => import('./screens/runs.js'),
  catalogue: () => import('./screens/catalogue.js'),
  users: () => import('./screens/users.js'),
  pod: () => import('./screens/pod.js'),
  noun: () => import('./screens/noun.js'),
};

function places(): Place[] {
  const taken = new Set(['h', 'e', 'r', 'c', 'u', 'p']);
  const nouns = (podDocument.value?.nouns ?? []).map((noun): Place => {
    const key = [...noun.plural].find((letter) => !taken.has(letter)) ?? '';
    taken.add(key);
    return { href: `/${noun.plural}`, label: noun.title, icon: 'noun', key, noun: noun.name };
  });
  return [
    { href: '/', label: 'Home', icon: 'home', key: 'h' },
    { href: '/events', label: 'Events', icon: 'events', key: 'e' },
    { href: '/runs', label: 'Runs', icon: 'runs', key: 'r' },
    ...nouns,
    { href: '/catalogue', label: 'Catalogue', icon: 'catalogue', key: 'c' },
    { href: '/users', label: isOwner() ? 'Users and keys' : 'Keys', icon: 'users', key: 'u' },
    ...(isOwner() ? [{ href: '/pod', label: 'Pod', icon: 'pod' as const, key: 'p' }] : []),
  ];
}

function Navigation({ isOpen, onLeave }: { isOpen: boolean; onLeave(): void }) {
  const current = `/${route.value.parts[0] ?? ''}`;
  const all = places();
  const nounsBegin = all.findIndex((place) => place.noun);
  const nounsEnd = all.findLastIndex((place) => place.noun);
  return (
    <nav id="places" class={isOpen ? 'is-open' : ''} aria-label="Screens">
      <a class="brand" href="/" onClick={onLeave}>
        <img src="/favicon.svg" alt="" width="22" height="22" />
        Synap
      </a>
      <ul>
        {all.map((place, index) => (
          <li key={place.href} class={index === nounsBegin || index === nounsEnd + 1 ? 'begins' : ''}>
            <a
              href={place.href}
              aria-current={current === place.href ? 'page' : undefined}
              title={place.key && `g ${place.key}`}
              onClick={onLeave}
            >
              {place.noun ? <i class="noun-dot" style={{ '--hue': String(hueOf(place.noun)) }} aria-hidden="true" /> : <Icon name={place.icon} />}
              {place.label}
            </a>
          </li>
        ))}
      </ul>
      <Account />
    </nav>
  );
}

function Account() {
  const { user, pod } = session.value!;
  const version = podDocument.value?.version ?? pod?.version;
  return (
    <div class="account">
      <p>
        <b><Line text={user.name} max={40} /></b>
        <span class="quiet">{user.role}{version ? ` · ${version}` : ''}</span>
      </p>
      <div class="account-buttons">
        <ThemeButton />
        <button type="button" class="plain" onClick={() => (isHelpOpen.value = true)} aria-label="Keyboard help" title="Keyboard (?)">
          ?
        </button>
        <button type="button" class="small" onClick={() => void signOut()}>
          Sign out
        </button>
      </div>
    </div>
  );
}

const LIVE_WORDS = {
  connecting: 'connecting',
  live: 'live',
  lost: 'connection lost, trying again',
};

function LiveBadge() {
  const status = liveStatus.value;
  return (
    <p class={`live-badge ${status}`} role="status" aria-live="polite" data-live={status}>
      <i aria-hidden="true" />
      {LIVE_WORDS[status]}
    </p>
  );
}

function nameOfScreen(first: string | undefined): string | undefined {
  if (first === undefined) return undefined;
  if (podDocument.value?.nounOf(first)) return 'noun';
  return first in SCREENS && first !== 'noun' ? first : undefined;
}

function Screen() {
  const first = route.value.parts[0];
  const name = nameOfScreen(first);
  const [loaded, setLoaded] = useState<{ name: string; Component: ComponentType } | { name: string; error: unknown }>();
  useEffect(() => {
    if (!name || loaded?.name === name) return;
    SCREENS[name]!().then(
      ({ default: Component }) => setLoaded({ name, Component }),
      (error: unknown) => setLoaded({ name, error }),
    );
  }, [name]);
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
    // The pod may have been replaced by another version, whose files have other names.
    return <Problem error={new Error(`This part of the page did not load. ${messageOf(loaded.error)}`)} retry={() => location.reload()} />;
  }
  return <loaded.Component key={first} />;
}

function useShortcuts(): void {
  const document_ = podDocument.value;
  const owner = isOwner();
  useEffect(() => {
    const shortcuts = places()
      .filter((place) => place.key)
      .map((place) => ({ keys: `g ${place.key}`, label: `Go to ${place.label}`, run: () => go(place.href) }));
    return addShortcuts([
      { keys: '?', label: 'This help', run: () => (isHelpOpen.value = true) },
      { keys: '/', label: 'Search or filter', run: focusSearch },
      { keys: 'd', label: 'Light or dark', run: toggleTheme },
      ...shortcuts,
    ]);
  }, [document_, owner]);
}

function focusSearch(): void {
  const field = document.querySelector<HTMLInputElement>('[data-search]');
  if (field) field.select();
  else go('/events');
}

function useTitle(): void {
  const first = route.value.parts[0];
  useEffect(() => {
    const place = places().find((one) => one.href === `/${first ?? ''}`);
    document.title = place && first ? `${place.label} · Synap` : 'Synap';
  }, [first, podDocument.value]);
}

function SignedIn() {
  const [isOpen, setOpen] = useState(false);
  const [error, setError] = useState<unknown>();
  const begin = () => {
    setError(undefined);
    loadDocument().catch(setError);
    const own = new EventLog();
    log.value = own;
    own.start().catch(setError);
    return () => {
      own.stop();
      log.value = undefined;
    };
  };
  useEffect(begin, []);
  useShortcuts();
  useTitle();
  return (
    <>
      <a class="skip" href="#main" data-foreign>Skip to the content</a>
      <header class="top">
        <button type="button" class="plain" aria-label="Menu" aria-expanded={isOpen} aria-controls="places" onClick={() => setOpen(!isOpen)}>
          <Icon name="menu" />
        </button>
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="20" height="20" />
          Synap
        </a>
        <LiveBadge />
      </header>
      <Navigation isOpen={isOpen} onLeave={() => setOpen(false)} />
      {isOpen && <div class="veil" onClick={() => setOpen(false)} />}
      <main id="main" tabIndex={-1}>
        {error !== undefined && <Problem error={error} retry={() => location.reload()} />}
        <Screen />
      </main>
      <Help />
    </>
  );
}

export function App() {
  const who = session.value;
  return (
    <>
      {who === undefined ? <Waiting /> : who === null ? <SignIn /> : <SignedIn key={who.user.id} />}
      <Sayings />
    </>
  );
}
