// The catalogue: every procedure and every type of events, as the pod describes them.
import { useEffect } from 'preact/hooks';

import { podDocument, type PodDocument, type Procedure } from '../lib/document.js';
import { go, route } from '../lib/router.js';
import { addWalk, intoView } from '../lib/walk.js';
import { Empty, Waiting } from '../parts/answer.js';
import { asked, SearchField, setAsked } from '../parts/filters.js';
import { EventTypeList, EventTypePanel } from './event-types.js';
import { ProcedurePanel } from './procedure.js';

function matches(procedure: Procedure, find: string): boolean {
  return `${procedure.name} ${procedure.summary}`.toLowerCase().includes(find);
}

function ProcedureList({
  document,
  openName,
  find,
}: {
  document: PodDocument;
  openName: string | undefined;
  find: string;
}) {
  const groups = [...document.groups()]
    .map(([group, procedures]) => [group, procedures.filter((one) => matches(one, find))] as const)
    .filter(([, procedures]) => procedures.length > 0)
    .sort(([a], [b]) => a.localeCompare(b));
  if (groups.length === 0) return <Empty title="No procedure has these words" />;
  return (
    <div class="scrolls">
      {groups.map(([group, procedures]) => (
        <section key={group} class="group" aria-label={group}>
          <h2>{group}</h2>
          <ul>
            {procedures.map((one) => (
              <li key={one.name}>
                <a
                  href={`/catalogue/${one.name}${location.search}`}
                  aria-current={one.name === openName ? 'true' : undefined}
                  ref={one.name === openName ? intoView : null}
                  data-in-list
                >
                  <span class={`kind ${one.kind}`}>{one.kind}</span>
                  <code>{one.name}</code>
                  <span class="quiet group-words">{one.summary}</span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

export default function CatalogueScreen() {
  const pod = podDocument.value;
  const [, first, second] = route.value.parts;
  const isTypes = first === 'types';
  const openName = isTypes ? second : first;
  const find = (route.value.query.get('find') ?? '').toLowerCase();
  const base = isTypes ? '/catalogue/types' : '/catalogue';
  useEffect(
    () =>
      addWalk(
        openName
          ? [{ keys: 'Escape', label: 'Close it', run: () => go(base + location.search) }]
          : [],
      ),
    [base, openName],
  );
  if (!pod) return <Waiting />;
  return (
    <div class={`split catalogue ${openName ? 'has-panel' : ''}`}>
      <div class="split-list">
        <div class="bar-top">
          <h1>Catalogue</h1>
          <a class="quiet" href="/openapi.json" target="_blank" rel="noreferrer">
            OpenAPI
          </a>
        </div>
        <div class="toolbar" role="search">
          <SearchField
            aria-label="Find in the catalogue"
            placeholder="Find"
            value={asked('find')}
            onInput={(event) => setAsked('find', event.currentTarget.value)}
          />
          <nav class="toggles" aria-label="Parts of the catalogue">
            <a class="toggle" href="/catalogue" aria-current={isTypes ? undefined : 'page'}>
              Procedures
            </a>
            <a class="toggle" href="/catalogue/types" aria-current={isTypes ? 'page' : undefined}>
              Event types
            </a>
          </nav>
        </div>
        {isTypes ? (
          <EventTypeList openName={openName} find={find} />
        ) : (
          <ProcedureList document={pod} openName={openName} find={find} />
        )}
      </div>
      {openName &&
        (isTypes ? (
          <EventTypePanel key={openName} name={openName} />
        ) : (
          <ProcedurePanel key={openName} document={pod} name={openName} />
        ))}
    </div>
  );
}
