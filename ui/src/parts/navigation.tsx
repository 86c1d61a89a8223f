// Where one can go, and who is here.
import { useEffect } from 'preact/hooks';

import { podDocument } from '../lib/document.js';
import { isHelpOpen } from '../lib/keyboard.js';
import { log } from '../lib/log.js';
import { mayLeave, route } from '../lib/router.js';
import { isOwner, session, signOut } from '../lib/session.js';
import { useQuery } from './answer.js';
import { hueOf } from './badge.js';
import { Icon, type IconName } from './icon.js';
import { Button, Quiet } from './plain.js';
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
  const taken = new Set(['h', 's', 'e', 'r', 'f', 'd', 'c', 'u', 'p', 'a', 'w', 'm', 'y']);
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
    ...(has('chat.send')
      ? [{ href: '/chat', label: 'Chat', icon: 'chat' as const, key: 'm' }]
      : []),
    ...(has('proposals.list')
      ? [{ href: '/proposals', label: 'Proposals', icon: 'check' as const, key: 'w' }]
      : []),
    ...nouns,
    ...(has('tags.rename')
      ? [{ href: '/tags', label: 'Tags', icon: 'tag' as const, key: 'a' }]
      : []),
    ...(has('entityTypes.define')
      ? [{ href: '/types', label: 'Types', icon: 'noun' as const, key: 'y' }]
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
              {place.href === '/proposals' && <Waiting />}
            </a>
          </li>
        ))}
      </ul>
      <Account />
    </nav>
  );
}

/** How many proposals wait. Asked for once, and when one was made or decided on. */
function Waiting() {
  const { value, reload } = useQuery<{ total: number }>('proposals.list', {
    status: 'open',
    limit: 1,
  });
  const current = log.value;
  useEffect(
    () => current?.listen(({ type }) => type.startsWith('proposal.') && reload()),
    [current],
  );
  if (!value?.total) return null;
  return (
    <span class="count">
      {value.total}
      <span class="unseen"> wait</span>
    </span>
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
        <Quiet>
          {user.role}
          {version ? ` · ${version}` : ''}
        </Quiet>
      </p>
      <div class="account-buttons">
        <ThemeButton />
        <Button
          class="plain"
          onClick={() => (isHelpOpen.value = true)}
          aria-label="Keyboard help"
          title="Keyboard (?)"
        >
          ?
        </Button>
        <Button class="small" onClick={() => mayLeave() && void signOut()}>
          Sign out
        </Button>
      </div>
    </div>
  );
}
