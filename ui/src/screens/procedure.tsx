// One procedure: what it does, a form made from its schema, its answer, and the same in a shell or in
// TypeScript.
import { useRef, useState } from 'preact/hooks';

import { Intent } from '../lib/command.js';
import type { PodDocument, Procedure } from '../lib/document.js';
import { useDraft } from '../lib/drafts.js';
import { type Field, fieldsOf, fromText, toText } from '../lib/fields.js';
import { AWAY, messageOf, mutate, PodError, query } from '../lib/rpc.js';
import { asCurl, asTypeScript } from '../lib/snippets.js';
import { duration } from '../lib/time.js';
import { useOpenTitle } from '../lib/title.js';
import { Empty, useAskOnceBack } from '../parts/answer.js';
import { Chip } from '../parts/badge.js';
import { CopyButton } from '../parts/copy.js';
import { Confirm } from '../parts/dialog.js';
import { FormFields, halfTyped, issuesByField, type Values } from '../parts/form.js';
import { Json } from '../parts/json.js';
import { Panel, Part, Quiet } from '../parts/plain.js';
import { SchemaView } from '../parts/schema.js';
import { useUnsaved } from '../parts/unsaved.js';

const EFFECT_WORDS: Record<string, string> = {
  reads: 'changes nothing',
  appends: 'makes something',
  idempotent: 'changes something',
  destroys: 'takes something away',
};

interface Tried {
  answer?: unknown;
  error?: PodError;
  ms: number;
}

type Input = Record<string, unknown> | undefined;

/** What the form says; undefined where that is nothing and may be. What is wrong goes into `wrong`. */
function inputOf(fields: Field[], values: Values, isRequired: boolean, wrong: Values): Input {
  const input: Record<string, unknown> = {};
  for (const field of fields) {
    try {
      const value = fromText(field, values[field.name] ?? '');
      if (value !== undefined) input[field.name] = value;
    } catch (error) {
      wrong[field.name] ??= messageOf(error);
    }
  }
  return Object.keys(input).length === 0 && !isRequired ? undefined : input;
}

function valuesOf(fields: Field[], example: unknown): Values {
  const known = (example ?? {}) as Record<string, unknown>;
  return Object.fromEntries(fields.map((field) => [field.name, toText(field, known[field.name])]));
}

function Answer({ tried }: { tried: Tried }) {
  return (
    <div class="tried" role="status">
      <p>
        {tried.error ? (
          <b class="issue">{`${tried.error.code}: ${tried.error.message}`}</b>
        ) : (
          <b>Answer</b>
        )}{' '}
        <Quiet>after {duration(tried.ms)}</Quiet>
      </p>
      {!tried.error && <Json value={tried.answer ?? null} label="Answer as JSON" />}
    </div>
  );
}

function TryIt({ document, procedure }: { document: PodDocument; procedure: Procedure }) {
  const fields = fieldsOf(document, procedure.input);
  const [first] = useState(() => valuesOf(fields, procedure.examples[0]));
  const [values, setValues] = useDraft<Values>(() => first);
  const [sent, setSent] = useState(first);
  useUnsaved(fields.some(({ name }) => values[name] !== sent[name]));
  const [tried, setTried] = useState<Tried>();
  const [wrong, setWrong] = useState<Values>({});
  const [asking, setAsking] = useState<{ input: Input }>();
  const [isBusy, setBusy] = useState(false);
  useAskOnceBack(tried?.error?.message === AWAY, () => setTried(undefined));

  const form = useRef<HTMLFormElement>(null);
  /** What the form says; undefined if something is wrong, which is said beside it. */
  const read = (): { input: Input } | undefined => {
    const said = halfTyped(form.current!);
    const input = inputOf(fields, values, procedure.isInputRequired, said);
    setWrong(said);
    if (Object.keys(said).length === 0) return { input };
    setTried(undefined);
    return undefined;
  };
  /** What is typed is in what is copied, or nothing is copied. */
  const copied = (written: typeof asCurl) => (): string => {
    setTried(undefined);
    const given = read();
    if (!given) throw new Error('Nothing is copied: look at what is said beside the fields');
    return written(procedure.name, given.input, kind);
  };
  // One for as long as the screen is open: pressed again after an answer that was lost, it is the
  // same command to the pod.
  const intent = useRef(new Intent()).current;
  const ask = (input: Input): Promise<unknown> => {
    if (procedure.kind !== 'mutation') return query<unknown>(procedure.name, input);
    return procedure.keepsKeys && input?.['idempotencyKey'] === undefined
      ? intent.mutate<unknown>(procedure.name, input)
      : mutate<unknown>(procedure.name, input);
  };
  const run = async ({ input }: { input: Input }): Promise<void> => {
    setBusy(true);
    const begin = performance.now();
    try {
      const answer = await ask(input);
      setSent(values);
      setTried({ answer, ms: performance.now() - begin });
    } catch (error) {
      const known = error instanceof PodError ? error : new PodError(messageOf(error), 'ERROR', 0);
      setTried({ error: known, ms: performance.now() - begin });
    }
    setBusy(false);
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const given = read();
    if (!given) return;
    if (procedure.effects === 'destroys') setAsking(given);
    else void run(given);
  };
  const issues = tried?.error ? issuesByField(fields, tried.error.issues) : wrong;
  const kind = procedure.kind;
  return (
    <Part
      id="try-title"
      title="Try it"
      more={
        <>
          <CopyButton label="curl" text={copied(asCurl)} />
          <CopyButton label="TypeScript" text={copied(asTypeScript)} />
        </>
      }
    >
      <form ref={form} class="fields" onSubmit={submit} noValidate>
        {fields.length === 0 && <p class="quiet">It needs to be told nothing.</p>}
        <FormFields fields={fields} values={values} issues={issues} onChange={setValues} />
        {kind === 'subscription' ? (
          <p class="quiet">
            This tells what happens as it happens: <a href="/events">Events</a> shows it.
          </p>
        ) : (
          <p class="actions">
            <button type="submit" class="primary" disabled={isBusy}>
              {isBusy ? 'Calling…' : 'Call it'}
            </button>
            <Quiet>It {EFFECT_WORDS[procedure.effects] ?? procedure.effects}.</Quiet>
          </p>
        )}
      </form>
      {tried && <Answer tried={tried} />}
      {asking && (
        <Confirm
          title={`Call ${procedure.name}?`}
          text="It takes something away, in this pod and not in a copy of it."
          action="Call it"
          onYes={() => void run(asking)}
          onClose={() => setAsking(undefined)}
        />
      )}
    </Part>
  );
}

export function ProcedurePanel({ document, name }: { document: PodDocument; name: string }) {
  const procedure = document.procedures.get(name);
  useOpenTitle(name);
  return (
    <Panel
      label="Procedure"
      back={`/catalogue${location.search}`}
      title={
        <h2>
          <code>{name}</code>
        </h2>
      }
    >
      {!procedure && <Empty title="There is no such procedure" />}
      {procedure && (
        <>
          <p>{procedure.summary}</p>
          {procedure.description && <p class="quiet description">{procedure.description}</p>}
          <p class="chips">
            <Chip>{procedure.kind}</Chip>
            <Chip>{EFFECT_WORDS[procedure.effects] ?? procedure.effects}</Chip>
            <Chip>
              {procedure.access === 'owner'
                ? 'for owners'
                : procedure.access === 'public'
                  ? 'for anybody'
                  : 'for users'}
            </Chip>
            {procedure.scope && <Chip title="What a key needs">{procedure.scope}</Chip>}
          </p>
          <TryIt document={document} procedure={procedure} />
          <section>
            <h3>What it takes</h3>
            <SchemaView schema={procedure.input} />
          </section>
          <section>
            <h3>{procedure.kind === 'subscription' ? 'What it tells' : 'What it answers'}</h3>
            <SchemaView schema={procedure.output} />
          </section>
        </>
      )}
    </Panel>
  );
}
