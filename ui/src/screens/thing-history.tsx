// The versions of a thing: what differs between two of them, and back to one.
import { useEffect, useRef, useState } from 'preact/hooks';

import { Intent } from '../lib/command.js';
import type { Noun, PodDocument } from '../lib/document.js';
import { query } from '../lib/rpc.js';
import { fieldsOfNoun, titleOfThing, type Thing } from '../lib/things.js';
import { Show, useAnswer, Waiting } from '../parts/answer.js';
import { Sure } from '../parts/dialog.js';
import { ThingDiff } from '../parts/diff.js';
import { Choice } from '../parts/filters.js';
import { useOwnFields } from '../parts/own-fields.js';
import { Button, Quiet } from '../parts/plain.js';
import { sayDone, sayError } from '../parts/say.js';
import { Line } from '../parts/text.js';
import { Time } from '../parts/time.js';
import { Why } from '../parts/why.js';

interface Version extends Record<string, unknown> {
  version: number;
  at: string;
  source: string;
  requestId?: string;
}

interface History {
  versions: Version[];
  nextBefore?: number;
}

const PAGE = 200;

/** The newest versions, so many pages of them. */
async function versionsOf(
  noun: Noun,
  id: string,
  pages: number,
  signal: AbortSignal,
): Promise<History> {
  const name = `${noun.plural}.history`;
  let all = await query<History>(name, { id, limit: PAGE }, signal).catch(() =>
    query<History>(name, { id }, signal),
  );
  for (let page = 1; page < pages && all.nextBefore !== undefined; ++page) {
    const { nextBefore: before, versions } = all;
    const older = await query<History>(name, { id, limit: PAGE, before }, signal);
    all = { ...older, versions: versions.concat(older.versions) };
  }
  return all;
}

interface Props {
  document: PodDocument;
  noun: Noun;
  thing: Thing;
}

function Restore({ noun, thing, version }: { noun: Noun; thing: Thing; version: number }) {
  const [intent] = useState(() => new Intent());
  const run = () => {
    intent
      .command(`${noun.plural}.restore`, {
        id: thing.id,
        version,
        expectedVersion: thing.version,
      })
      .then((accepted) => sayDone(accepted, `Version ${version} is the newest again`), sayError);
  };
  return (
    <Sure
      class="small"
      title={`Back to version ${version}?`}
      text={`Version ${thing.version + 1} will be as version ${version} was. Nothing is lost: all versions stay.`}
      action="Restore"
      onYes={run}
    />
  );
}

/** Compares by what `get` says of both, where the history leaves the text out. */
function Comparison({
  document,
  noun,
  thing,
  from,
  to,
  versions,
}: Props & { from: number; to: number; versions: Version[] }) {
  const known = (version: number) => versions.find((one) => one.version === version);
  const canAskForOne =
    'version' in
    (document.resolve(document.procedures.get(`${noun.plural}.get`)?.input).properties ?? {});
  const both = useAnswer(`compare:${thing.id}:${from}:${to}`, async (signal) => {
    const ask = async (version: number): Promise<Record<string, unknown>> =>
      canAskForOne
        ? query<Thing>(`${noun.plural}.get`, { id: thing.id, version }, signal)
        : (known(version) ?? {});
    return Promise.all([from > 0 ? ask(from) : {}, ask(to)]);
  });
  return (
    <Show of={both}>
      {([before, after]) => (
        <Difference
          document={document}
          noun={noun}
          before={before as Record<string, unknown>}
          after={after as Record<string, unknown>}
        />
      )}
    </Show>
  );
}

interface DifferenceProps extends Omit<Props, 'thing'> {
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

/** By the fields of the form, and what only one of the two has. */
function Difference({ document, noun, ...both }: DifferenceProps) {
  const { before, after } = both;
  const data = { ...(before['data'] as object), ...(after['data'] as object) };
  const fields = useOwnFields(document, noun, fieldsOfNoun(document, noun), { ...after, data });
  return fields ? <ThingDiff {...both} fields={fields} /> : <Waiting />;
}

const choiceOf = (version: number): [string, string] => [String(version), `version ${version}`];

export function ThingHistory(props: Props) {
  const { noun, thing } = props;
  const [picked, setPicked] = useState<{ from: number; to: number }>();
  const pages = useRef(1);
  const history = useAnswer(`history:${thing.id}`, (signal) =>
    versionsOf(noun, thing.id, pages.current, signal),
  );
  // What is shown stays until the answer is there, and with it the focus.
  const asked = useRef(thing.version);
  useEffect(() => {
    if (asked.current !== thing.version) history.reload();
    asked.current = thing.version;
  }, [thing.version]);
  const more = () => {
    ++pages.current;
    history.reload();
  };
  const to = picked?.to ?? thing.version;
  const from = picked?.from ?? to - 1;
  const choices = (history.value?.versions ?? []).map(({ version }) => choiceOf(version));
  const isListed = from === 0 || choices.some(([version]) => version === String(from));
  return (
    <Show of={history}>
      {({ versions, nextBefore }) => (
        <>
          <div class="compare">
            <label>
              From{' '}
              <Choice
                value={String(from)}
                choices={[['0', 'nothing'], ...(isListed ? [] : [choiceOf(from)]), ...choices]}
                onChange={(value) => setPicked({ from: Number(value), to })}
              />
            </label>
            <label>
              to{' '}
              <Choice
                value={String(to)}
                choices={choices}
                onChange={(value) => setPicked({ from, to: Number(value) })}
              />
            </label>
          </div>
          <Comparison {...props} from={from} to={to} versions={versions} />
          <ol class="versions" aria-label="Versions, the newest first">
            {versions.map((version) => (
              <li key={version.version} class={version.version === to ? 'open' : ''}>
                <Button
                  class="link"
                  onClick={() => setPicked({ from: version.version - 1, to: version.version })}
                  aria-pressed={version.version === to}
                >
                  {`version ${version.version}`}
                </Button>
                <span class="version-title">
                  <Line text={titleOfThing(version)} max={80} />
                </span>
                <Quiet>
                  {version.source} <Time at={version.at} />
                </Quiet>
                {version.version === thing.version ? (
                  <Quiet>now</Quiet>
                ) : (
                  noun.has('restore') && (
                    <Restore noun={noun} thing={thing} version={version.version} />
                  )
                )}
              </li>
            ))}
          </ol>
          {nextBefore !== undefined && (
            <Button onClick={more} disabled={history.isLoading}>
              Older versions
            </Button>
          )}
          {props.document.procedures.has('events.why') && <Why id={thing.id} version={to} />}
        </>
      )}
    </Show>
  );
}
