// A new thing of a noun.
import { useState } from 'preact/hooks';

import { Intent } from '../lib/command.js';
import type { Noun, PodDocument } from '../lib/document.js';
import { changedBy } from '../lib/fields.js';
import { go, route, withQuery } from '../lib/router.js';
import { query } from '../lib/rpc.js';
import { fieldsOfNoun, type Thing } from '../lib/things.js';
import { Empty, useQuery, Waiting } from '../parts/answer.js';
import { Choice } from '../parts/filters.js';
import { typesOf, useOwnFields } from '../parts/own-fields.js';
import { sayDone } from '../parts/say.js';
import { type Submit, ThingForm } from '../parts/thing-form.js';

interface Props {
  document: PodDocument;
  noun: Noun;
  /** Of a type that somebody has defined. */
  type?: string;
}

function Form({ document, noun, type }: Props) {
  const [intent] = useState(() => new Intent());
  const own = type ? { type } : {};
  const all = fieldsOfNoun(document, noun).filter(({ name }) => !(name in own));
  // It is there, and what was written meanwhile is not.
  const [made, setMade] = useState<Thing>();
  const fields = useOwnFields(document, noun, changedBy(all, made), made ?? own);
  /** What must be there, and may be null, is null where nothing is said. */
  const whole = (values: Record<string, unknown>) => {
    if (!type) return values;
    const nulls = fields!.filter((one) => one.isRequired && one.isNullable && one.path[1]);
    const data = Object.fromEntries(nulls.map(({ path }) => [path[1], null]));
    return { type, ...values, data: { ...data, ...(values['data'] as object) } };
  };
  const submit: Submit = async (values, saved) => {
    const changed = made && { id: made.id, expectedVersion: made.version, ...values };
    const accepted = await intent.command(
      `${noun.plural}.${made ? 'update' : 'create'}`,
      changed ?? whole(values),
    );
    const { entityId: id } = accepted;
    const isMore = saved();
    sayDone(accepted, made ? 'Saved' : `The ${noun.name} is made`);
    if (isMore) setMade(await query<Thing>(`${noun.plural}.get`, { id }));
    else go(`/${noun.plural}/${id}${location.search}`, { replace: true });
  };
  if (!fields) return <Waiting />;
  return (
    <ThingForm
      fields={fields}
      thing={{}}
      action={`Make the ${noun.name}`}
      {...(made ? { label: 'Save' } : {})}
      onSubmit={submit}
      onCancel={() => go(`/${noun.plural}${location.search}`)}
    />
  );
}

/** The type is chosen first: the fields follow from it. */
function OfType({ types, ...props }: Props & { types: string }) {
  const { value, error } = useQuery<{ types: { name: string }[] }>(`${types}.list`);
  const type = route.value.query.get('type') ?? '';
  if (error !== undefined) return <Form {...props} />;
  if (!value) return <Waiting />;
  const names = value.types.map(({ name }) => name);
  if (names.length === 0)
    return (
      <Empty title="There is no type yet">
        <a href="/types/new">Define one</a>
      </Empty>
    );
  return (
    <>
      <p class="actions">
        <Choice
          label="Type"
          value={type}
          none="choose a type"
          choices={names.map((name) => [name])}
          onChange={(name) => go(withQuery({ type: name }))}
        />
      </p>
      {names.includes(type) && <Form key={type} {...props} type={type} />}
    </>
  );
}

export function NewThing(props: Props) {
  const { document, noun } = props;
  const types = typesOf(document, noun);
  return (
    <section class="split-panel" aria-label={`New ${noun.name}`}>
      <div class="panel">
        <header>
          <h2>New {noun.name}</h2>
        </header>
        {types ? <OfType {...props} types={types} /> : <Form {...props} />}
      </div>
    </section>
  );
}
