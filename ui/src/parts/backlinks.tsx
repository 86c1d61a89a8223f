// Where a thing is mentioned: what links to it, with the words around the link.
import { useState } from 'preact/hooks';

import type { Noun } from '../lib/document.js';
import { query } from '../lib/rpc.js';
import { useQuery, useReloadOn } from './answer.js';
import { Button } from './plain.js';
import { sayError } from './say.js';
import { Line } from './text.js';

interface Backlink {
  id: string;
  title: string;
  around: string;
  relationId: string;
}
interface Page {
  backlinks: Backlink[];
  nextCursor?: string;
}

const PAGE = 20;

export function Backlinks({ noun, id }: { noun: Noun; id: string }) {
  const name = `${noun.plural}.backlinks`;
  const answer = useQuery<Page>(name, { id, limit: PAGE });
  const [more, setMore] = useState<{ of: Page; pages: Page[] }>();
  useReloadOn(
    (event) => event.aggregateType === 'relation' || event.aggregateType === noun.name,
    answer.reload,
  );
  const first = answer.value;
  if (!first) return null; // beside what is read: a word of waiting would only jump
  const pages = more?.of === first ? [first, ...more.pages] : [first];
  const all = pages.flatMap((page) => page.backlinks);
  const cursor = pages.at(-1)!.nextCursor;
  const load = () =>
    query<Page>(name, { id, limit: PAGE, cursor }).then(
      (page) => setMore({ of: first, pages: [...pages.slice(1), page] }),
      sayError,
    );
  if (all.length === 0) return null;
  return (
    <section class="backlinks" aria-labelledby="backlinks-title">
      <h3 id="backlinks-title">Mentioned in</h3>
      <ul>
        {all.map((one) => (
          <li key={one.relationId}>
            <a href={`/${noun.plural}/${one.id}${location.search}`}>
              <Line text={one.title || '(without a title)'} />
            </a>
            {one.around && (
              <p class="quiet" dir="auto">
                <Line text={one.around} max={300} />
              </p>
            )}
          </li>
        ))}
      </ul>
      {cursor !== undefined && (
        <Button class="link" onClick={() => void load()}>
          More
        </Button>
      )}
    </section>
  );
}
