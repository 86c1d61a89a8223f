// Types of events, in the catalogue: what they say, who writes them, who reads them.
import { nounOfType, outcomeOf } from '../lib/events.js';
import { type EventType, eventType, eventTypes } from '../lib/event-types.js';
import { log } from '../lib/log.js';
import { asTypeScript } from '../lib/snippets.js';
import { useOpenTitle } from '../lib/title.js';
import { intoView } from '../lib/walk.js';
import { Empty, Show, useAnswer } from '../parts/answer.js';
import { NounBadge, OutcomeMark } from '../parts/badge.js';
import { CopyButton } from '../parts/copy.js';
import { Fact, Panel, Quiet } from '../parts/plain.js';
import { SchemaView } from '../parts/schema.js';

const FROM_WORDS = {
  pod: 'of the pod',
  yours: 'yours',
  seen: 'seen in the log',
};

export function EventTypeList({ openName, find }: { openName: string | undefined; find: string }) {
  // Types that are only known from the log are there once the log is.
  const answer = useAnswer(`event-types:${log.value?.ready.value}`, eventTypes);
  return (
    <Show of={answer}>
      {(types) => {
        const found = types.filter((type) =>
          `${type.name} ${type.summary ?? ''}`.toLowerCase().includes(find),
        );
        if (found.length === 0) return <Empty title="No event type has these words" />;
        return (
          <ul class="scrolls group">
            {found.map((type) => (
              <li key={type.name}>
                <a
                  href={`/catalogue/types/${type.name}${location.search}`}
                  aria-current={type.name === openName ? 'true' : undefined}
                  ref={type.name === openName ? intoView : null}
                  data-in-list
                >
                  <OutcomeMark outcome={outcomeOf(type.name)} />
                  <NounBadge noun={nounOfType(type.name)} />
                  <code>{type.name}</code>
                  <span class="quiet group-words">{type.summary ?? FROM_WORDS[type.from]}</span>
                </a>
              </li>
            ))}
          </ul>
        );
      }}
    </Show>
  );
}

/** A procedure is a link; `function:` and `projection:` say what else it is. */
function Part({ name }: { name: string }) {
  const [kind, rest] = name.includes(':') ? name.split(':') : ['procedure', name];
  // "bus", "apps", "search"
  if (kind === 'procedure' && !name.includes('.')) return <>{name}</>;
  if (kind === 'procedure')
    return (
      <a href={`/catalogue/${name}`}>
        <code>{name}</code>
      </a>
    );
  if (kind === 'projection')
    return (
      <>
        read model{' '}
        <a href="/pod">
          <code>{rest}</code>
        </a>
      </>
    );
  return (
    <>
      {kind} <code>{rest}</code>
    </>
  );
}

function Parts({ names }: { names: string[] | undefined }) {
  if (!names) return <Quiet>the pod does not say</Quiet>;
  if (names.length === 0) return <Quiet>nobody</Quiet>;
  return (
    <ul>
      {names.map((name) => (
        <li key={name}>
          <Part name={name} />
        </li>
      ))}
    </ul>
  );
}

function Described({ type }: { type: EventType }) {
  return (
    <>
      {type.summary && <p>{type.summary}</p>}
      <div class="actions">
        <a class="button" href={`/events?q=type:${encodeURIComponent(type.name)}`}>
          Its events
        </a>
        <CopyButton
          label="TypeScript"
          text={() => asTypeScript('events.watch', { types: [type.name] }, 'subscription')}
        />
      </div>
      <dl class="facts">
        <Fact of="From">{FROM_WORDS[type.from]}</Fact>
        {type.version !== undefined && <Fact of="Version">{type.version}</Fact>}
        <Fact of="Written by">
          <Parts names={type.writtenBy} />
        </Fact>
        <Fact of="Read by">
          <Parts names={type.readBy} />
        </Fact>
      </dl>
      <section>
        <h3>Data</h3>
        {type.schema ? (
          <SchemaView schema={type.schema} />
        ) : (
          <p class="quiet">The pod does not describe them here.</p>
        )}
      </section>
    </>
  );
}

export function EventTypePanel({ name }: { name: string }) {
  useOpenTitle(name);
  const answer = useAnswer(`event-type:${name}:${log.value?.ready.value}`, async (signal) => ({
    type: await eventType(name, signal),
  }));
  return (
    <Panel
      label="Event type"
      back={`/catalogue/types${location.search}`}
      title={
        <h2>
          <NounBadge noun={nounOfType(name)} /> {name}
        </h2>
      }
    >
      <Show of={answer}>
        {({ type }) =>
          type ? <Described type={type} /> : <Empty title="There is no such event type" />
        }
      </Show>
    </Panel>
  );
}
