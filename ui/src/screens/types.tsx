// Types of things that somebody has defined: what each says, how many things are of it, and a form
// that defines it. The things themselves are at /entities.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import { podDocument, type PodDocument } from '../lib/document.js';
import { draftOf } from '../lib/drafts.js';
import { fieldsOf, type OwnType } from '../lib/fields.js';
import { go, route } from '../lib/router.js';
import { messageOf, mutate, overRest, query, queryEach } from '../lib/rpc.js';
import { number } from '../lib/time.js';
import { useOpenTitle } from '../lib/title.js';
import { addWalk, intoView } from '../lib/walk.js';
import { Empty, Show, useAnswer, useIssue, useReloadOn, Waiting } from '../parts/answer.js';
import { Chip } from '../parts/badge.js';
import { Sure } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { Fact, Issue, Panel, Quiet, Split } from '../parts/plain.js';
import { say } from '../parts/say.js';
import { SchemaView } from '../parts/schema.js';
import { Tabs } from '../parts/tabs.js';
import { Line } from '../parts/text.js';
import { type Submit, ThingForm } from '../parts/thing-form.js';
import { Time } from '../parts/time.js';

interface Type extends OwnType {
  name: string;
  version: number;
  icon?: string;
  definedAt: string;
  /** The lists that are not there yet: "filter", "/sort" or "filter/sort". */
  filling: string[];
}

interface Count {
  total: number;
  totalIsAtLeast?: boolean;
}

/** All of them, whole. */
async function allTypes(signal: AbortSignal): Promise<Type[]> {
  const { types } = await query<{ types: Type[] }>('entityTypes.list', undefined, signal);
  const names = types.map(({ name }) => ({ name }));
  const all = names.length ? await queryEach<Type>('entityTypes.get', names) : [];
  // One may have been removed meanwhile.
  return all.filter((one) => one !== undefined);
}

function counted(count: Count | undefined): string {
  if (!count) return '';
  const { total, totalIsAtLeast } = count;
  return ` · ${number(total)}${totalIsAtLeast ? '+' : ''} ${total === 1 ? 'thing' : 'things'}`;
}

interface Props {
  document: PodDocument;
  type?: Type | undefined;
}

function Define({ document, type }: Props) {
  const { input, examples } = document.procedures.get('entityTypes.define')!;
  const action = type ? 'Save' : 'Define the type';
  // A new one begins with the schema of the pod's example.
  const begun = { schema: (examples[0] as Type | undefined)?.schema };
  const [read, setRead] = useState<Partial<Type>>(
    () => draftOf<{ thing: Type }>(action)?.thing ?? type ?? begun,
  );
  const fields = fieldsOf(document, input);
  const submit: Submit = async (changes, saved) => {
    if (type && type.version !== read.version) {
      throw new Error(
        `This type was changed meanwhile (it is now version ${type.version}). ` +
          'Copy what you wrote, close and edit again.',
      );
    }
    const all: Record<string, unknown> = { ...read, ...changes };
    // What was emptied is not said.
    const said = fields.map(({ name }) => [name, all[name]]).filter(([, value]) => value);
    const definition = JSON.stringify(Object.fromEntries(said));
    const { name, version } = (await overRest('entityTypes.define', definition)) as Type;
    const isMore = saved();
    say(`${name} is version ${version} now`);
    if (isMore) setRead(await query<Type>('entityTypes.get', { name }));
    else go(`/types/${name}`);
  };
  return (
    <ThingForm
      fields={fields.filter(({ name }) => !type || name !== 'name')}
      thing={{ ...read }}
      action={action}
      onSubmit={submit}
      onCancel={() => go(`/types/${type?.name ?? ''}`)}
    />
  );
}

function Remove({ name }: { name: string }) {
  const [issue, setIssue] = useIssue();
  const remove = () => {
    setIssue('');
    mutate('entityTypes.remove', { name }).then(
      () => (say(`${name} is removed`), go('/types')),
      (error: unknown) => setIssue(messageOf(error)),
    );
  };
  return (
    <>
      <Sure
        title={`Remove the type ${name}?`}
        text="While there are things of it, it is refused. Defined again, its versions go on."
        action="Remove"
        onYes={remove}
      />
      <Issue of={issue} />
    </>
  );
}

function Read({ type, count }: { type: Type; count: Count | undefined }) {
  const { name, version, definedAt, filling, filters, sorts, lists } = type;
  const all = [
    ...filters.map((one) => [one, one]),
    ...sorts.map((one) => [`/${one}`, `by ${one}`]),
    ...lists.map(({ filter, sort }) => [`${filter}/${sort}`, `${filter} by ${sort}`]),
  ] as const;
  return (
    <>
      <div class="actions">
        <a class="button" href={`/entities?type=${name}`}>
          Its things
        </a>
        <a class="button" href={`/entities/new?type=${name}`}>
          Make one
        </a>
        <Remove name={name} />
      </div>
      <dl class="facts">
        <Fact of="Version">
          {`${version}${counted(count)} `}
          <Quiet>
            <Time at={definedAt} />
          </Quiet>
        </Fact>
        {all.length > 0 && (
          <Fact of="Lists">
            <span class="chips">
              {all.map(([list, words]) => (
                <Chip key={list}>
                  {words}
                  {filling.includes(list!) && ': being filled in'}
                </Chip>
              ))}
            </span>
          </Fact>
        )}
      </dl>
      <h3>Data</h3>
      <SchemaView schema={type.schema} />
    </>
  );
}

function TypePanel({ document, type, count }: Props & { count: Count | undefined }) {
  const [, name, tab = 'read'] = route.value.parts;
  const isNew = name === 'new';
  // Nobody's words go because another has removed what they are about: saved, it is there again.
  const last = useRef(type);
  last.current = type ?? last.current;
  const edited = tab === 'edit' ? last.current : undefined;
  const title = isNew ? 'New type' : name!;
  useOpenTitle(title);
  return (
    <Panel
      label="Type"
      back="/types"
      title={
        <h2>
          {type?.icon && <Line text={`${type.icon} `} max={20} />}
          {title}
        </h2>
      }
    >
      {isNew && <Define document={document} />}
      {!isNew && !type && <Empty title="There is no such type" />}
      {(type ?? edited) && (
        <Tabs label="This type" base={`/types/${name}`} names={['read', 'edit']} open={tab} />
      )}
      {edited && <Define document={document} type={edited} />}
      {type && !edited && <Read type={type} count={count} />}
    </Panel>
  );
}

interface RowProps {
  type: Type;
  count: Count | undefined;
  isOpen: boolean;
}

function TypeRow({ type, count, isOpen }: RowProps) {
  const { name, version, icon, filling } = type;
  return (
    <li>
      <a
        href={`/types/${name}`}
        aria-current={isOpen ? 'true' : undefined}
        ref={isOpen ? intoView : null}
        data-in-list
      >
        {icon && <Line text={icon} max={20} />}
        <code>{name}</code>
        <span class="quiet group-words">
          version {version}
          {counted(count)}
          {filling.length > 0 && ` · ${number(filling.length)} of its lists being filled in`}
        </span>
      </a>
    </li>
  );
}

export default function TypesScreen() {
  const document = podDocument.value;
  const [, open] = route.value.parts;
  const answer = useAnswer('types', allTypes);
  const types = answer.value ?? [];
  const names = types.map(({ name }) => name);
  const counts = useAnswer(`of:${names.join()}`, async () =>
    names.length
      ? queryEach<Count>('entities.list', names.map((type) => ({ type, limit: 1 })))
      : [],
  );
  useReloadOn(({ type }) => type.startsWith('entity_type.'), answer.reload);
  useReloadOn(({ type }) => /^entity\.(creation|deletion)/.test(type), counts.reload);
  useLayoutEffect(
    () =>
      addWalk([{ keys: 'c', label: 'Define a type', run: () => go('/types/new') }]),
    [],
  );
  if (!document) return <Waiting />;
  if (!document.has('entityTypes.define'))
    return <Empty title="This pod has no procedures for types." />;
  const at = names.indexOf(open ?? '');
  return (
    <Split open={answer.value && open} back="/types">
      <div class="split-list">
        <div class="bar-top">
          <h1>Types</h1>
          <a class="button bar-action" href="/types/new" title="c">
            <Icon name="plus" />
            New type
          </a>
        </div>
        <Show of={answer}>
          {() =>
            types.length ? (
              <ul class="scrolls group">
                {types.map((type, index) => (
                  <TypeRow
                    key={type.name}
                    type={type}
                    count={counts.value?.[index]}
                    isOpen={index === at}
                  />
                ))}
              </ul>
            ) : (
              <Empty title="There is no type yet">
                <p>A type says what things of yours are: books, recipes, contacts.</p>
              </Empty>
            )
          }
        </Show>
      </div>
      {open && answer.value && (
        <TypePanel key={open} document={document} type={types[at]} count={counts.value?.[at]} />
      )}
    </Split>
  );
}
