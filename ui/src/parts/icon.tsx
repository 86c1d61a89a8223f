// The few icons there are, drawn in lines. They are decoration: a label stands beside each.
const PATHS = {
  home: 'M3 8.5 9 3l6 5.5V15h-4v-4H7v4H3z',
  events: 'M3 4.5h12M3 9h12M3 13.5h7',
  runs: 'M5 3.5v11l9-5.5z',
  functions: 'M10 2.5 4 10h4.5L8 15.5 14 8H9.5z',
  noun: 'M4 2.5h7l3 3v10H4zM7 8h4M7 11h4',
  tag: 'M3 3h6l6 6-6 6-6-6zM6.5 6.5v.1',
  chat: 'M3 4h12v8H9l-4 3v-3H3z',
  catalogue: 'M3 3h5v5H3zM10 3h5v5h-5zM3 10h5v5H3zM10 10h5v5h-5z',
  users: 'M9 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3.5 15.5c.6-3 2.6-4.5 5.5-4.5s4.9 1.5 5.5 4.5',
  pod: 'M3 5c0-1.1 2.7-2 6-2s6 .9 6 2-2.7 2-6 2-6-.9-6-2zM3 5v8c0 1.1 2.7 2 6 2s6-.9 6-2V5M3 9c0 1.1 2.7 2 6 2s6-.9 6-2',
  search: 'M8 13A5 5 0 1 0 8 3a5 5 0 0 0 0 10zM11.7 11.7 15.5 15.5',
  copy: 'M6 6V3h9v9h-3M3 6h9v9H3z',
  close: 'M4 4l10 10M14 4 4 14',
  menu: 'M3 5h12M3 9h12M3 13h12',
  plus: 'M9 3v12M3 9h12',
  pause: 'M6.5 3.5v11M11.5 3.5v11',
  play: 'M5.5 3.5v11l9-5.5z',
  check: 'M3.5 9.5l3.5 3.5 7.5-8',
  cross: 'M5 5l8 8M13 5l-8 8',
  circle: 'M9 14A5 5 0 1 0 9 4a5 5 0 0 0 0 10z',
  dot: 'M9 10.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z',
  moon: 'M14.5 10.5A6 6 0 0 1 7.5 3.3a6 6 0 1 0 7 7.2z',
  sun: 'M9 12a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM9 2v1.5M9 14.5V16M2 9h1.5M14.5 9H16M4 4l1 1M13 13l1 1M4 14l1-1M13 5l1-1',
  back: 'M11 3.5 5.5 9l5.5 5.5',
  warn: 'M9 3 2.5 14.5h13zM9 7.5v3M9 12.5v.5',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 18 18"
      width="18"
      height="18"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
