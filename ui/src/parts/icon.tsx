// The few icons there are, drawn in lines. They are decoration: a label stands beside each.
const PATHS = {
  home: 'M3 8.500 9 3l6 5.500V15h-4v-4H7v4H3z',
  events: 'M3 4.500h12M3 9h12M3 13.500h7',
  runs: 'M5 3.500v11l9-5.500z',
  functions: 'M10 2.500 4 10h4.500L8 15.500 14 8H9.500z',
  noun: 'M4 2.500h7l3 3v10H4zM7 8h4M7 11h4',
  tag: 'M3 3h6l6 6-6 6-6-6zM6.500 6.500v.1',
  catalogue: 'M3 3h5v5H3zM10 3h5v5h-5zM3 10h5v5H3zM10 10h5v5h-5z',
  users:
    'M9 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3.500 15.500c.6-3 2.600-4.500 5.500-4.500s4.900 1.500 5.500 4.500',
  pod: 'M3 5c0-1.100 2.700-2 6-2s6 .9 6 2-2.700 2-6 2-6-.9-6-2zM3 5v8c0 1.100 2.700 2 6 2s6-.9 6-2V5M3 9c0 1.100 2.700 2 6 2s6-.9 6-2',
  search: 'M8 13A5 5 0 1 0 8 3a5 5 0 0 0 0 10zM11.700 11.700 15.500 15.500',
  copy: 'M6 6V3h9v9h-3M3 6h9v9H3z',
  close: 'M4 4l10 10M14 4 4 14',
  menu: 'M3 5h12M3 9h12M3 13h12',
  plus: 'M9 3v12M3 9h12',
  pause: 'M6.500 3.500v11M11.500 3.500v11',
  play: 'M5.500 3.500v11l9-5.500z',
  check: 'M3.500 9.500l3.500 3.500 7.500-8',
  cross: 'M5 5l8 8M13 5l-8 8',
  circle: 'M9 14A5 5 0 1 0 9 4a5 5 0 0 0 0 10z',
  dot: 'M9 10.500a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3z',
  moon: 'M14.500 10.500A6 6 0 0 1 7.500 3.300a6 6 0 1 0 7 7.200z',
  sun: 'M9 12a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM9 2v1.500M9 14.500V16M2 9h1.500M14.500 9H16M4 4l1 1M13 13l1 1M4 14l1-1M13 5l1-1',
  back: 'M11 3.500 5.500 9l5.500 5.500',
  warn: 'M9 3 2.500 14.500h13zM9 7.500v3M9 12.500v.5',
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
