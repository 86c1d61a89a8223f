// One thing: to read, to change, its history, and what else can be done with it.
import { useLayoutEffect, useState } from 'preact/hooks';

import { Intent } from '../lib/command.js';
import {
  COMMON_FIELDS,
  type Noun,
  type PodDocument,
  type Procedure,
  without,
} from '../lib/document.js';
import { draftOf } from '../lib/drafts.js';
import { changedBy, type Field, fieldOf, fieldsOf, labelOf, valueOf } from '../lib/fields.js';
import { addShortcuts } from '../lib/keyboard.js';
import { go } from '../lib/router.js';
import { PodError, query } from '../lib/rpc.js';
import { endsOf, fieldsOfNoun, isMoment, shown, titleOfThing, type Thing } from '../lib/things.js';
import { useOpenTitle } from '../lib/title.js';
import { Empty, Problem, useQuery, useReloadOn, Waiting } from '../parts/answer.js';
import { Backlinks } from '../parts/backlinks.js';
import { Chip, Status } from '../parts/badge.js';
import { Id } from '../parts/copy.js';
import { Confirm, Dialog } from '../parts/dialog.js';
import { End } from '../parts/end.js';
import { Markdown } from '../parts/markdown.js';
import { Neighbourhood } from '../parts/neighbourhood.js';
import { useOwnFields } from '../parts/own-fields.js';
import { Button, Fact, Panel, Quiet } from '../parts/plain.js';
import { sayDone, sayError } from '../parts/say.js';
import { Tabs } from '../parts/tabs.js';
import { TagName } from '../parts/tag.js';
import { Line } from '../parts/text.js';
import { type Submit, ThingForm } from '../parts/thing-form.js';
import { Time } from '../parts/time.js';
import { ThingHistory } from './thing-history.js';

const TABS = ['read', 'edit', 'history', 'links'];

interface OneThing {
  document: PodDocument;
  noun: Noun;
  thing: Thing;
}

function Read({ document, noun, thing }: OneThing) {
  const all = fieldsOfNoun(document, noun);
  const fields = useOwnFields(document, noun, all, thing) ?? [];
  const own = (field: Field) => valueOf(field, thing);
  const isInText = (tag: string) => [thing['textTags']].flat().includes(tag);
  const texts = fields.filter((field) => field.kind === 'text');
  const facts = fields.filter(
    (field) =>
      field.kind !== 'text' &&
      !(/\b(title|name)$/.test(field.name) && own(field) === titleOfThing(thing)) &&
      shown(own(field)) !== '',
  );
  return (
    <>
      <dl class="facts">
        {facts.map((field) => (
          <Fact key={field.name} of={field.label}>
            {field.kind === 'list' ? (
              <span class="chips">
                {(own(field) as string[]).map((tag) => (
                  <Tag key={tag} noun={noun} tag={tag} isInText={isInText(tag)} />
                ))}
              </span>
            ) : field.name === 'status' ? (
              <Status status={String(own(field))} />
            ) : field.references ? (
              <Reference plural={field.references} id={String(own(field))} />
            ) : isMoment(field, own(field)) ? (
              <Time at={own(field) as string} />
            ) : endsOf(thing) && /^(from|to)Id$/.test(field.name) ? (
              <End id={String(own(field))} />
            ) : (
              <Line text={shown(own(field))} max={2_000} />
            )}
          </Fact>
        ))}
        <Fact of="Changed">
          <Time at={thing.updatedAt} />{' '}
          <Quiet>
            version {thing.version}, made <Time at={thing.createdAt} />
          </Quiet>
        </Fact>
        <Fact of="Id">
          <Id id={thing.id} /> <a href={`/events?q=about:${thing.id}`}>its events</a>
        </Fact>
      </dl>
      {texts.map((field) => {
        const text = own(field);
        return typeof text === 'string' && text !== '' ? (
          <div key={field.name} class="reading">
            <Markdown
              text={text}
              label={field.label}
              noteId={noun.name === 'note' ? thing.id : undefined}
            />
          </div>
        ) : null;
      })}
    </>
  );
}

function Tag({ noun, tag, isInText }: { noun: Noun; tag: string; isInText: boolean }) {
  const chip = (
    <Chip title={isInText ? 'in the text' : undefined}>
      {'tag' in noun.filters ? <TagName tag={tag} /> : <Line text={tag} />}
    </Chip>
  );
  return 'tag' in noun.filters ? (
    <a href={`/${noun.plural}?tag=${encodeURIComponent(tag)}`}>{chip}</a>
  ) : (
    chip
  );
}

/** Another noun's thing, by its name where it can be asked for. */
function Reference({ plural, id }: { plural: string; id: string }) {
  const { value } = useQuery<Thing>(`${plural}.get`, { id });
  return <a href={`/${plural}/${id}`}>{value ? <Line text={titleOfThing(value)} /> : id}</a>;
}

/** What comes of a value and its change: of an object the members, where null takes one away. */
function changed(was: unknown, change: unknown): unknown {
  if (change === undefined) return was;
  const isMerged = [was, change].every((one) => shown(one) !== '' && Object(one) === one);
  if (!isMerged || Array.isArray(change)) return change;
  const lost = (name: string) => (change as Record<string, unknown>)[name] === null;
  const all = Object.entries({ ...(was as object), ...(change as object) });
  return Object.fromEntries(all.filter(([name]) => !lost(name)));
}

function Edit({
  document,
  noun,
  thing,
  isGone,
  onDone,
}: OneThing & { isGone: boolean; onDone(): void }) {
  // Changes are made to what was read: another's change meanwhile is a conflict, not lost.
  const [read, setRead] = useState(() => draftOf<{ thing: Thing }>('Save')?.thing ?? thing);
  const input =
    document.resolve(document.procedures.get(`${noun.plural}.update`)?.input).properties ?? {};
  const all = Object.entries(without(input, [...COMMON_FIELDS, 'ownTags'])).map(([name, schema]) =>
    fieldOf(document, name, schema, noun.required.includes(name)),
  );
  const fields = useOwnFields(document, noun, changedBy(all, read), read);
  const [intent] = useState(() => new Intent());
  /** Of what was deleted meanwhile: another one, as this would be now. */
  const makeNew: Submit = async (changes, saved) => {
    const values = Object.fromEntries(
      Object.keys(noun.fields)
        .map((name): [string, unknown] => {
          const own = fields!.find((field) => field.name === name)?.path[0] ?? name;
          return [name, changed(read[own], changes[own])];
        })
        .filter(([, value]) => shown(value) !== ''),
    );
    const accepted = await intent.command(`${noun.plural}.create`, values);
    saved();
    sayDone(accepted, `The ${noun.name} is made`);
    go(`/${noun.plural}/${accepted.entityId}${location.search}`, { replace: true });
  };
  const submit: Submit = async (changes, saved) => {
    if (isGone) return makeNew(changes, saved);
    let accepted;
    try {
      accepted = await intent.command(`${noun.plural}.update`, {
        id: read.id,
        expectedVersion: read.version,
        ...changes,
      });
    } catch (error) {
      if (error instanceof PodError && error.code === 'CONFLICT') {
        throw new Error(
          `This ${noun.name} was changed meanwhile (it is now version ${thing.version}). Copy what you wrote, close and edit again.`,
        );
      }
      throw error;
    }
    const isMore = saved();
    sayDone(accepted, 'Saved');
    if (isMore) setRead(await query<Thing>(`${noun.plural}.get`, { id: read.id }));
    else onDone();
  };
  if (!fields) return <Waiting />;
  return (
    <>
      {isGone && (
        <p class="issue" role="alert">
          This {noun.name} was deleted meanwhile. What you wrote is still here.
        </p>
      )}
      <ThingForm
        fields={fields}
        thing={read}
        action="Save"
        {...(isGone ? { label: `Make a new ${noun.name}` } : {})}
        onSubmit={submit}
        onCancel={onDone}
      />
    </>
  );
}

function Change({ document, noun, thing, procedure }: OneThing & { procedure: Procedure }) {
  const [isOpen, setOpen] = useState(false);
  const { properties = {}, required = [] } = document.resolve(procedure.input);
  const own = without(properties, COMMON_FIELDS);
  const fields = fieldsOf(document, {
    type: 'object',
    properties: own,
    required: required.filter((name) => name in own),
  });
  const verb = procedure.name.slice(noun.plural.length + 1);
  const [intent] = useState(() => new Intent());
  const run = async (values: Record<string, unknown>, saved?: () => boolean) => {
    const accepted = await intent.command(procedure.name, { id: thing.id, ...values });
    sayDone(accepted, `${labelOf(verb)}: done`);
    if (!saved?.()) setOpen(false);
  };
  const click = () => (fields.length ? setOpen(true) : run({}).catch(sayError));
  return (
    <>
      <Button onClick={click} title={procedure.summary}>
        {labelOf(verb)}
      </Button>
      {isOpen && (
        <Dialog title={procedure.summary || labelOf(verb)} onClose={() => setOpen(false)}>
          <ThingForm
            fields={fields}
            thing={{}}
            action={labelOf(verb)}
            onSubmit={run}
            onCancel={() => setOpen(false)}
          />
        </Dialog>
      )}
    </>
  );
}

/** Whether it would change anything: what is open is not opened again. */
function changes({ name }: Procedure, { status }: Thing): boolean {
  if (name.endsWith('.complete')) return status !== 'done';
  return !name.endsWith('.reopen') || status === 'done';
}

function Delete({ noun, thing }: { noun: Noun; thing: Thing }) {
  const [isAsking, setAsking] = useState(false);
  const ask = () => setAsking(true);
  // Not where another row has the focus, or something to choose from.
  const askHere = () =>
    document.activeElement?.matches('body,main,.split-panel *,[aria-current=true]') && ask();
  useLayoutEffect(() => addShortcuts([{ keys: 'Delete', label: 'Delete it', run: askHere }]), []);
  const [intent] = useState(() => new Intent());
  const run = () => {
    intent.command(`${noun.plural}.delete`, { id: thing.id }).then((accepted) => {
      sayDone(accepted, `The ${noun.name} is deleted`);
      go(`/${noun.plural}${location.search}`);
    }, sayError);
  };
  return (
    <>
      <Button onClick={ask}>Delete</Button>
      {isAsking && (
        <Confirm
          title={`Delete this ${noun.name}?`}
          text={`"${titleOfThing(thing).slice(0, 100)}" goes for good, with its history: only its events stay, in the log.`}
          action="Delete"
          onYes={run}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

export function ThingPanel({
  document,
  noun,
  id,
  tab,
}: {
  document: PodDocument;
  noun: Noun;
  id: string;
  tab: string;
}) {
  const answer = useQuery<Thing>(`${noun.plural}.get`, { id });
  useReloadOn((event) => event.aggregateId === id, answer.reload);
  // A relation is no place in a graph: it is a line.
  const hasLinks = document.has('relations.neighbours') && noun.name !== 'relation';
  const tabs = TABS.filter((name) => name !== 'links' || hasLinks);
  const base = `/${noun.plural}/${id}`;
  const search = location.search;
  useLayoutEffect(
    () =>
      addShortcuts([
        { keys: 'e', label: 'Edit it', run: () => go(`${base}/edit${location.search}`) },
        ...(hasLinks
          ? [{ keys: 'l', label: 'Its links', run: () => go(`${base}/links${location.search}`) }]
          : []),
        { keys: 'v', label: 'Its history', run: () => go(`${base}/history${location.search}`) },
      ]),
    [base],
  );
  const thing = answer.value;
  useOpenTitle(thing && titleOfThing(thing));
  const isGone = answer.error instanceof PodError && answer.error.code === 'NOT_FOUND';
  // Nobody's words go because another has deleted what they are about.
  const isKept = isGone && tab === 'edit';
  return (
    <Panel
      label={noun.name}
      back={`/${noun.plural}${search}`}
      title={
        <h2>{thing && !isGone ? <Line text={titleOfThing(thing)} max={500} /> : noun.name}</h2>
      }
    >
      {isGone && !isKept && (
        <Empty title={`There is no such ${noun.name}`}>
          <p>
            It was deleted, or there never was one. <a href={`/events?q=about:${id}`}>Its events</a>
          </p>
        </Empty>
      )}
      {!isGone && answer.error !== undefined && !thing && (
        <Problem error={answer.error} retry={answer.reload} />
      )}
      {!thing && answer.error === undefined && <Waiting />}
      {thing && (!isGone || isKept) && (
        <>
          <Tabs label={`This ${noun.name}`} base={base} names={tabs} open={tab} />
          {tab === 'edit' && (
            <Edit
              document={document}
              noun={noun}
              thing={thing}
              isGone={isGone}
              onDone={() => go(base + search)}
            />
          )}
          {!tabs.includes(tab) && <Empty title="There is no such page" />}
          {tab === 'links' && tabs.includes('links') && <Neighbourhood id={id} />}
          {tab === 'history' && <ThingHistory document={document} noun={noun} thing={thing} />}
          {tab === 'read' && (
            <>
              <div class="actions">
                {noun.changes
                  .filter((one) => changes(one, thing))
                  .map((procedure) => (
                    <Change
                      key={procedure.name}
                      document={document}
                      noun={noun}
                      thing={thing}
                      procedure={procedure}
                    />
                  ))}
                {noun.has('delete') && <Delete noun={noun} thing={thing} />}
              </div>
              <Read document={document} noun={noun} thing={thing} />
              {noun.has('backlinks') && <Backlinks noun={noun} id={id} />}
            </>
          )}
        </>
      )}
    </Panel>
  );
}
