// Users and keys: who may come in, with which keys; for members their own keys.
import { useEffect, useState } from 'preact/hooks';

import { Intent } from '../lib/command.js';
import { podDocument, without } from '../lib/document.js';
import { type Field, fieldsOf } from '../lib/fields.js';
import { usePagedList } from '../lib/paged-list.js';
import { route } from '../lib/router.js';
import { mutate, query } from '../lib/rpc.js';
import { isOwner, session } from '../lib/session.js';
import { now } from '../lib/time.js';
import { useOpenTitle } from '../lib/title.js';
import { addWalk, intoView } from '../lib/walk.js';
import { Empty, Show, useAnswer, useReloadOn } from '../parts/answer.js';
import { Chip, Status } from '../parts/badge.js';
import { CopyButton } from '../parts/copy.js';
import { Dialog, Sure } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { attempt } from '../parts/json-form.js';
import { Button, Card, Head, Quiet } from '../parts/plain.js';
import { say, sayError } from '../parts/say.js';
import { Line } from '../parts/text.js';
import { ThingForm } from '../parts/thing-form.js';
import { Time } from '../parts/time.js';

interface User {
  id: string;
  name: string;
  role: string;
  createdAt: string;
  keys: number;
}

interface Key {
  id: string;
  name: string;
  prefix: string;
  scopes: string[];
  createdAt: string;
  expiresAt?: string;
  lastUsedAt?: string;
  revokedAt?: string;
}

interface CreatedKey {
  userId: string;
  keyId: string;
  key?: string;
}

const PAGE = 500;
const NOTHING = {};
// So many of one user's keys are read, the dead among them; and so many are drawn at a time.
const READ_MAX = 20_000;
const SHOWN = 200;

/** Those of one user, the live ones first, the newest of them first. */
async function keysOf(owner: User | undefined, kind: 'key' | 'session', signal: AbortSignal) {
  let keys: Key[] = [];
  let cursor: string | undefined;
  do {
    const input = {
      kind,
      limit: PAGE,
      ...(cursor && { cursor }),
      ...(owner && { userId: owner.id }),
    };
    const page = await query<{ keys: Key[]; nextCursor?: string }>('keys.list', input, signal);
    keys = keys.concat(page.keys);
    cursor = page.nextCursor;
  } while (cursor && keys.length < READ_MAX);
  const isOver = (key: Key) => Number(statusOf(key) !== 'live');
  keys.sort((a, b) => isOver(a) - isOver(b) || (a.createdAt < b.createdAt ? 1 : -1));
  return { keys, isCut: cursor !== undefined };
}

type Kind = 'keys' | 'browsers';

const idOf = (owner: User | undefined): string => owner?.id ?? session.value!.user.id;

/** The one that the address names: `/users/ID/keys/ID`. */
function wantedOf(kind: Kind): string | undefined {
  const [, , of, id] = route.value.parts;
  return of === kind ? id : undefined;
}

/** The first ones, and the one that is wanted. */
const drawn = (keys: Key[], shown: number, wanted: string | undefined): Key[] =>
  keys.filter(({ id }, at) => at < shown || id === wanted);

/** What the window is called as. */
function Called({ title }: { title: string }) {
  useOpenTitle(title);
  return null;
}

function KeyLink({ own, owner, kind }: { own: Key; owner: User | undefined; kind: Kind }) {
  const isWanted = own.id === wantedOf(kind);
  return (
    <a href={`/users/${idOf(owner)}/${kind}/${own.id}`} ref={isWanted ? intoView : null}>
      <Line text={own.name} max={60} />
      {isWanted && <Called title={own.name} />}
    </a>
  );
}

function Missing({ keys, kind, isCut }: { keys: Key[]; kind: Kind; isCut: boolean }) {
  const wanted = wantedOf(kind);
  // Behind what was looked at it may be: of that it is told below.
  if (!wanted || isCut || keys.some(({ id }) => id === wanted)) return null;
  return (
    <Empty title={kind === 'keys' ? 'There is no such key' : 'This browser is not signed in'} />
  );
}

/** What is below a list of which `shown` are drawn. */
function More({
  shown,
  all,
  isCut,
  onMore,
}: {
  shown: number;
  all: number;
  isCut: boolean;
  onMore(): void;
}) {
  return (
    <>
      {all > shown && (
        <p class="in-card">
          <Button onClick={onMore}>{`More of ${all.toLocaleString()}`}</Button>
        </p>
      )}
      {isCut && (
        <p class="cut in-card">Only {READ_MAX.toLocaleString()} were looked at: there are more.</p>
      )}
    </>
  );
}

/** A key is shown once, when it is made. */
function NewKey({ secret, onClose }: { secret: string; onClose(): void }) {
  return (
    <Dialog title="The new key" onClose={onClose}>
      <p>Nobody can say it again: copy it now.</p>
      <p class="secret">
        <code>{secret}</code>
        <CopyButton text={secret} label="Copy" />
      </p>
      <p class="actions">
        <Button onClick={onClose}>I have it</Button>
      </p>
    </Dialog>
  );
}

interface MakeProps {
  title: string;
  label: string;
  procedure: string;
  /** What the form does not ask for. */
  given: Record<string, unknown>;
  hidden: string[];
  /** Another user's events are not told to this one: after this, ask again. */
  onMade(): void;
}

/** A button, a form made from the procedure's schema, and the key that comes of it. */
function Make({ title, label, procedure, given, hidden, onMade }: MakeProps) {
  const [isOpen, setOpen] = useState(false);
  const [secret, setSecret] = useState('');
  const [intent] = useState(() => new Intent());
  const document = podDocument.value;
  if (!document) return null;
  const schema = document.resolve(document.procedures.get(procedure)?.input);
  const fields: Field[] = fieldsOf(document, {
    ...schema,
    properties: without(schema.properties ?? {}, hidden),
  });
  const submit = async (values: Record<string, unknown>) => {
    const { key } = await intent.mutate<CreatedKey>(procedure, { ...given, ...values });
    onMade();
    if (!key) {
      throw new Error(
        'It was made, but the answer that had its key was lost, and the pod keeps no key. Revoke it, and make another.',
      );
    }
    setOpen(false);
    setSecret(key);
  };
  return (
    <>
      <Button class="primary" onClick={() => setOpen(true)}>
        <Icon name="plus" />
        {label}
      </Button>
      {isOpen && (
        <Dialog title={title} onClose={() => setOpen(false)}>
          <ThingForm
            fields={fields}
            thing={{}}
            action={label}
            onSubmit={submit}
            onCancel={() => setOpen(false)}
          />
        </Dialog>
      )}
      {secret && <NewKey secret={secret} onClose={() => setSecret('')} />}
    </>
  );
}

function statusOf(key: Key): 'revoked' | 'expired' | 'live' {
  if (key.revokedAt) return 'revoked';
  return key.expiresAt && Date.parse(key.expiresAt) < now.value ? 'expired' : 'live';
}

function Revoke({ owner, own, onDone }: { owner: User | undefined; own: Key; onDone(): void }) {
  const run = () => {
    mutate('keys.revoke', { keyId: own.id, ...(owner ? { userId: owner.id } : {}) }).then(() => {
      say('The key is revoked');
      onDone();
    }, sayError);
  };
  return (
    <Sure
      class="small"
      aria-label={`Revoke ${own.name}`}
      title="Revoke this key?"
      text={`"${own.name}" (${own.prefix}…) is refused from now on and for good, and what it has open ends.`}
      action="Revoke"
      onYes={run}
    />
  );
}

function KeyTable({
  keys,
  owner,
  onDone,
}: {
  keys: Key[];
  owner: User | undefined;
  onDone(): void;
}) {
  return (
    <div class="table-box">
      <table class="cards">
        <Head of="Key|May|Last used|Expires|Made|Status|-Revoke" />
        <tbody>
          {keys.map((key) => (
            <tr
              key={key.id}
              class={`${statusOf(key) === 'live' ? '' : 'is-over'} ${key.id === wantedOf('keys') ? 'is-open' : ''}`}
            >
              <td>
                <b>
                  <KeyLink own={key} owner={owner} kind="keys" />
                </b>
                <br />
                <code class="quiet">{key.prefix}…</code>
              </td>
              <td data-label="May">
                <span class="chips">
                  {key.scopes.map((scope) => (
                    <Chip key={scope}>{scope === '*' ? 'everything' : scope}</Chip>
                  ))}
                </span>
              </td>
              <td data-label="Last used">
                <Time at={key.lastUsedAt} style="ago" />
              </td>
              <td data-label="Expires">
                <Time at={key.expiresAt} />
              </td>
              <td data-label="Made">
                <Time at={key.createdAt} />
              </td>
              <td data-label="Status">
                <Status status={statusOf(key)} />
              </td>
              <td>
                {statusOf(key) === 'live' && <Revoke owner={owner} own={key} onDone={onDone} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The browsers that are signed in as this user: each has a session, which is a key that nobody sees. */
function Browsers({ owner }: { owner: User | undefined }) {
  const [shown, setShown] = useState(SHOWN);
  const answer = useAnswer(`sessions:${owner?.id ?? ''}`, async (signal) => {
    const { keys, isCut } = await keysOf(owner, 'session', signal);
    return { keys: keys.filter((key) => statusOf(key) === 'live'), isCut };
  });
  useReloadOn((event) => event.type.startsWith('key.'), answer.reload);
  const signOut = (key: Key) =>
    void attempt(
      () => mutate('keys.revoke', { keyId: key.id, ...(owner ? { userId: owner.id } : {}) }),
      'The browser is signed out',
    ).then(answer.reload);
  return (
    <Card title="Browsers that are signed in" label="Browsers">
      <Show of={answer}>
        {({ keys, isCut }) => (
          <div class="table-box">
            <Missing keys={keys} kind="browsers" isCut={isCut} />
            <table>
              <tbody>
                {drawn(keys, shown, wantedOf('browsers')).map((key) => (
                  <tr key={key.id} class={key.id === wantedOf('browsers') ? 'is-open' : ''}>
                    <td>
                      <KeyLink own={key} owner={owner} kind="browsers" />
                      {key.id === session.value?.session && <Quiet> this one</Quiet>}
                    </td>
                    <td>
                      since <Time at={key.createdAt} />
                    </td>
                    <td>
                      <Button
                        class="small"
                        aria-label={`Sign out ${key.name}, since ${key.createdAt}`}
                        onClick={() => signOut(key)}
                      >
                        Sign out
                      </Button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
            {keys.length === 0 && <p class="quiet in-card">None.</p>}
            <More
              shown={shown}
              all={keys.length}
              isCut={isCut}
              onMore={() => setShown(shown + SHOWN)}
            />
          </div>
        )}
      </Show>
    </Card>
  );
}

function Keys({ owner }: { owner: User | undefined }) {
  const isOwn = owner === undefined || owner.id === session.value?.user.id;
  const [shown, setShown] = useState(SHOWN);
  // Sessions are not keys to look after.
  const answer = useAnswer(`keys:${owner?.id ?? ''}`, (signal) => keysOf(owner, 'key', signal));
  useReloadOn((event) => event.type.startsWith('key.'), answer.reload);
  return (
    <section class="card" aria-label="Keys">
      <header>
        <h2>
          {isOwn ? (
            'Your keys'
          ) : (
            <>
              Keys of <Line text={owner.name} />
            </>
          )}
        </h2>
        <Make
          title={isOwn ? 'Another key of your own' : 'A key for this user'}
          label="Make a key"
          procedure="keys.create"
          given={owner ? { userId: owner.id } : {}}
          hidden={['userId', 'idempotencyKey']}
          onMade={answer.reload}
        />
      </header>
      <Show of={answer}>
        {({ keys, isCut }) => (
          <>
            <Missing keys={keys} kind="keys" isCut={isCut} />
            <KeyTable
              keys={drawn(keys, shown, wantedOf('keys'))}
              owner={owner}
              onDone={answer.reload}
            />
            <More
              shown={shown}
              all={keys.length}
              isCut={isCut}
              onMore={() => setShown(shown + SHOWN)}
            />
          </>
        )}
      </Show>
    </section>
  );
}

function Users({ openId }: { openId: string | undefined }) {
  const list = usePagedList<User>(
    'users.list',
    'users',
    NOTHING,
    (event) => event.type.startsWith('user.') || event.type.startsWith('key.'),
  );
  const users = list.items;
  const wanted = openId ?? session.value?.user.id;
  const open = users.find((user) => user.id === wanted);
  // Nobody gives one user: it is read on as far as he is.
  useEffect(() => {
    if (!open) list.more();
  }, [open, users.length, list.isLoading]);
  return (
    <>
      <Card
        title="Users"
        more={
          <Make
            title="Another user, with a first key"
            label="Add a user"
            procedure="users.create"
            given={{}}
            hidden={['idempotencyKey']}
            onMade={list.reload}
          />
        }
      >
        <Show of={{ ...list, value: list.isReady || undefined }}>
          {() => (
            <div class="table-box">
              <table>
                <Head of="User|Role|#Keys|Since" />
                <tbody>
                  {users.map((user) => (
                    <tr key={user.id} class={user.id === open?.id ? 'is-open' : ''}>
                      <td>
                        <a href={`/users/${user.id}`} data-in-list>
                          <b>
                            <Line text={user.name} max={80} />
                          </b>
                        </a>
                        {user.id === session.value?.user.id && <Quiet> you</Quiet>}
                      </td>
                      <td>{user.role}</td>
                      <td class="number">{user.keys}</td>
                      <td>
                        <Time at={user.createdAt} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
              {!list.isComplete && (
                <p class="in-card">
                  <Button onClick={list.more} disabled={list.isLoading}>
                    More
                  </Button>
                </p>
              )}
            </div>
          )}
        </Show>
      </Card>
      {list.isComplete && !open && <Empty title="There is no such user" />}
      {openId && open && route.value.parts.length === 2 && <Called title={open.name} />}
      {open && <Keys key={open.id} owner={open} />}
      {open && <Browsers key={`${open.id} browsers`} owner={open} />}
    </>
  );
}

export default function UsersScreen() {
  useEffect(() => addWalk(), []);
  const [, openId, kind = 'keys'] = route.value.parts;
  const isOthers = !isOwner() && openId && openId !== idOf(undefined);
  return (
    <div class="sheet">
      <h1>{isOwner() ? 'Users and keys' : 'Keys'}</h1>
      {!['keys', 'browsers'].includes(kind) || isOthers ? (
        <Empty title={isOthers ? 'Only owners see the keys of others' : 'There is no such page'} />
      ) : isOwner() ? (
        <Users openId={openId} />
      ) : (
        <>
          <Keys owner={undefined} />
          <Browsers owner={undefined} />
        </>
      )}
    </div>
  );
}
