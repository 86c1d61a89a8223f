// Why there is a version of a thing: what led to it, back to who began it.
import { Show, useQuery } from './answer.js';
import { End } from './end.js';
import { Quiet } from './plain.js';
import { Line } from './text.js';
import { Time } from './time.js';

interface Link {
  kind: string;
  id: string;
  name?: string;
  at?: string;
  text?: string;
  provider?: string;
  requestHash?: string;
  sources?: string[];
}

const SOURCES_SHOWN = 10;

const PAGES: Record<string, string> = { event: '/events/', message: '/events/', run: '/runs/' };

const WORDS: Record<string, string> = {
  run: 'written by a run of',
  step: 'called by an agent:',
  model: 'asked for by the model',
  agent: 'decided by the agent',
  message: 'answering a message of the',
  actor: 'begun by a',
};

function What({ link }: { link: Link }) {
  const { kind, id, name = '', text, provider, requestHash, sources = [] } = link;
  const page = PAGES[kind];
  const line = <Line text={name || id} />;
  return (
    <>
      {WORDS[kind]} {page ? <a href={page + id}>{line}</a> : line}
      {kind === 'actor' && <Quiet> {id}</Quiet>}
      {provider && (
        <span
          class="quiet"
          title={`SHA-256 of what it was sent: ${requestHash}`}
        >{` of ${provider}`}</span>
      )}
      {text && (
        <p class="quiet" dir="auto">
          <Line text={text} max={300} />
        </p>
      )}
      {sources.length > 0 && (
        <p class="quiet">
          having read{' '}
          {sources.slice(0, SOURCES_SHOWN).map((source, index) => (
            <span key={source}>
              {index > 0 && ', '}
              <End id={source} />
            </span>
          ))}
          {sources.length > SOURCES_SHOWN && ` and ${sources.length - SOURCES_SHOWN} others`}
        </p>
      )}
    </>
  );
}

export function Why({ id, version }: { id: string; version: number }) {
  const answer = useQuery<{ links: Link[]; cut?: boolean }>('events.why', {
    entityId: id,
    version,
  });
  return (
    <section class="why" aria-labelledby="why-title">
      <h3 id="why-title">{`Why there is version ${version}`}</h3>
      <Show of={answer}>
        {({ links, cut }) => (
          <ol>
            {links.map((link, index) => (
              <li key={index}>
                <What link={link} /> {link.at && <Time at={link.at} />}
              </li>
            ))}
            {cut && <li class="quiet">and more that is not shown</li>}
          </ol>
        )}
      </Show>
    </section>
  );
}
