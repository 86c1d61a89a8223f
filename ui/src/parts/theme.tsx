// Light or dark: as the system says, or as the reader chose.
import { signal } from '@preact/signals';

import { Icon } from './icon.js';
import { Button } from './plain.js';

type Theme = 'light' | 'dark';
const KEY = 'synap-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function chosen(): Theme | undefined {
  try {
    const stored = localStorage.getItem(KEY);
    return stored === 'light' || stored === 'dark' ? stored : undefined;
  } catch {
    return undefined;
  }
}

const theme = signal<Theme>('light');

function apply(): void {
  theme.value = chosen() ?? (system.matches ? 'dark' : 'light');
  document.documentElement.dataset['theme'] = theme.value;
}

export function startTheme(): void {
  apply();
  system.addEventListener('change', apply);
}

export function toggleTheme(): void {
  const next: Theme = theme.value === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // A browser that keeps nothing: the choice lasts as long as the page.
  }
  apply();
  theme.value = next;
  document.documentElement.dataset['theme'] = next;
}

export function ThemeButton() {
  const next = theme.value === 'dark' ? 'light' : 'dark';
  return (
    <Button
      class="plain"
      onClick={toggleTheme}
      aria-label={`Change to ${next} colours`}
      title={`${next} colours`}
    >
      <Icon name={next === 'dark' ? 'moon' : 'sun'} />
    </Button>
  );
}
