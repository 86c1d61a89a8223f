// The tags of notes: how many have each, and the colours that some have.
import { signal } from '@preact/signals';

import { InTurn } from './in-turn.js';
import { query } from './rpc.js';

export interface Tag {
  tag: string;
  count: number;
  colour?: string;
}

const PAGE = 1_000;
const TAGS_MAX = 5_000;

/** All of them, page by page, in the order of their names. */
export async function allTags(signal: AbortSignal): Promise<{ tags: Tag[]; isCut: boolean }> {
  const tags: Tag[] = [];
  let cursor: string | undefined;
  do {
    const page: { tags: Tag[]; nextCursor?: string } = await query(
      'tags.list',
      { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) },
      signal,
    );
    tags.push(...page.tags);
    cursor = page.nextCursor;
  } while (cursor !== undefined && tags.length < TAGS_MAX);
  return { tags, isCut: cursor !== undefined };
}

/** Lightness, chroma and hue of each: 3 : 1 at least against what the page is drawn on, dark or light. */
const SHADES: Record<string, string> = {
  red: '58% .2 25',
  orange: '62% .16 55',
  yellow: '63% .13 95',
  green: '58% .15 145',
  teal: '58% .1 190',
  blue: '58% .15 250',
  purple: '56% .19 300',
  pink: '60% .19 350',
  brown: '55% .08 60',
  grey: '58% 0 0',
};

export const shadeOf = (colour: string): string => `oklch(${SHADES[colour] ?? SHADES['grey']})`;

/** The colours of the tags that have one. */
export const tagColours = signal(new Map<string, string>());

/** Asks for them anew. */
export const askTagColours = new InTurn(async (abort) => {
  const found = await allTags(abort).catch(() => null);
  if (!found) return; // what was known of them stays
  const { tags } = found;
  tagColours.value = new Map(
    tags.flatMap(({ tag, colour }) => (colour ? [[tag, colour] as const] : [])),
  );
}).ask;
