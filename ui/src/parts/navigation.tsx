// Where one can go, and who is here.
import { podDocument } from '../lib/document.js';
import { isHelpOpen } from '../lib/keyboard.js';
import { mayLeave, route } from '../lib/router.js';
import { isOwner, session, signOut } from '../lib/session.js';
import { hueOf } from './badge.js';
import { Icon, type IconName } from './icon.js';
import { Line } from './text.js';
import { ThemeButton } from './theme.js';

interface Place {
  href: string;
  label: string;
  icon: IconName;
  key: string;
  noun?: string;
}

export function places(): Place[] {
  const taken = new Set(['h', 's', 'e', 'r', 'f', 'd', 'c', 'u', 'p', 'a']);
  const has = (name: string) => podDocument.value?.has(name) ?? false;
  const nouns = (podDocument.value?.nouns ?? []).map((noun): Place => {
    const key = [...noun.plural].find((letter) => !taken.has(letter)) ?? '';
    taken.add(key);
    return { href: `/${noun.plural}`, label: noun.title, icon: 'noun', key, noun: noun.name };
  });
  return [
    { href: '/', label: 'Home', icon: 'home', key: 'h' },
    { href: '/search', label: 'Search', icon: 'search', key: 's' },
    { href: '/events', label: 'Events', icon: 'events', key: 'e' },
    { href: '/runs', label: 'Runs', icon: 'runs', key: 'r' },
    ...(has('functions.list')
      ? [{ href: '/functions', label: 'Functions', icon: 'functions' as const, key: 'f' }]
      : []),
    ...(has('deadLetters.groups')
      ? [{ href: '/dead-letters', label: 'Dead letters', icon: 'warn' as const, key: 'd' }]
      : []),
    ...nouns,
    ...(has('tags.rename')
      ? [{ href: '/tags', label: 'Tags', icon: 'tag' as const, key: 'a' }]
      : []),
    { href: '/catalogue', label: 'Catalogue', icon: 'catalogue', key: 'c' },
    { href: '/users', label: isOwner() ? 'Users and keys' : 'Keys', icon: 'users', key: 'u' },
    ...(isOwner() ? [{ href: '/pod', label: 'Pod', icon: 'pod' as const, key: 'p' }] : []),
  ];
}

export function Navigation({ isOpen, onLeave }: { isOpen: boolean; onLeave(): void }) {
  const current = `/${route.value.parts[0] ?? ''}`;
  const all = places();
  const nounsBegin = all.findIndex((place) => place.noun);
  return (
    <nav id="places" class={isOpen ? 'is-open' : ''} aria-label="Screens">
      <a class="brand" href="/" onClick={onLeave}>
        <img src="/favicon.svg" alt="" width="22" height="22" />
        Synap
      </a>
      <ul>
        {all.map((place, index) => (
          <li
            key={place.href}
            class={index === nounsBegin || place.href === '/catalogue' ? 'begins' : ''}
          >
            <a
              href={place.href}
              aria-current={current === place.href ? 'page' : undefined}
              title={place.key && `g ${place.key}`}
              onClick={onLeave}
            >
              {place.noun ? (
                <i
                  class="noun-dot"
                  style={{ '--hue': String(hueOf(place.noun)) }}
                  aria-hidden="true"
                />
              ) : (
                <Icon name={place.icon} />
              )}
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
        <b>
          <Line text={user.name} max={40} />
        </b>
        <span class="quiet">
          {user.role}
          {version ? ` · ${version}` : ''}
        </span>
      </p>
      <div class="account-buttons">
        <ThemeButton />
        <button
          type="button"
          class="plain"
          onClick={() => (isHelpOpen.value = true)}
          aria-label="Keyboard help"
          title="Keyboard (?)"
        >
          ?
        </button>
        <button type="button" class="small" onClick={() => mayLeave() && void signOut()}>
          Sign out
        </button>
      </div>
    </div>
  );
}
