// The tags of notes: how many have each, another name for one, two made one, or one taken away; and
// colours.
import { useState } from 'preact/hooks';

import { Intent } from '../lib/command.js';
import { podDocument } from '../lib/document.js';
import { fieldsOf, tooLong } from '../lib/fields.js';
import { mutate } from '../lib/rpc.js';
import { allTags, type Tag } from '../lib/tags.js';
import { number } from '../lib/time.js';
import { Empty, Show, useAnswer, useReloadOn, useSending, Waiting } from '../parts/answer.js';
import { Confirm, Dialog } from '../parts/dialog.js';
import { Button, Head, Issue } from '../parts/plain.js';
import { sayDone, sayError } from '../parts/say.js';
import { attempt } from '../parts/json-form.js';
import { Dot } from '../parts/tag.js';
import { Line } from '../parts/text.js';

const TAG_LENGTH_MAX = 100;
const ROWS_MAX = 500;

const notes = (count: number): string => `${number(count)} ${count === 1 ? 'note' : 'notes'}`;

function Rename({ one, tags, onClose }: { one: Tag; tags: Tag[]; onClose(): void }) {
  const [to, setTo] = useState(one.tag);
  const [intent] = useState(() => new Intent());
  const name = to.trim();
  const other = tags.find(({ tag }) => tag === name && tag !== one.tag);
  const { issue, isBusy, submit } = useSending(async () => {
    if (name === one.tag) return;
    sayDone(
      await intent.command('tags.rename', { tag: one.tag, to: name }),
      other ? `${one.tag} and ${name} are one tag` : `${one.tag} is called ${name}`,
    );
    onClose();
  });
  return (
    <Dialog title={`Rename the tag “${one.tag.slice(0, TAG_LENGTH_MAX)}”`} onClose={onClose}>
      <form class="fields" onSubmit={submit}>
        <div class="field">
          <label for="tag-name">Its new name</label>
          <input
            id="tag-name"
            type="text"
            dir="auto"
            list="tag-names"
            required
            value={to}
            autofocus
            aria-describedby="tag-name-help"
            onInput={(event) => setTo(event.currentTarget.value)}
          />
          <datalist id="tag-names">
            {tags.slice(0, 200).map(({ tag }) => (
              <option key={tag} value={tag} />
            ))}
          </datalist>
          <p id="tag-name-help" class="help" role="status">
            {other
              ? `There is this tag already, on ${notes(other.count)}: the two will be one. That cannot be taken back at once.`
              : `Each of ${notes(one.count)} gets a new version. The name of another tag makes the two one.`}
          </p>
        </div>
        <Issue of={tooLong(name, TAG_LENGTH_MAX) || issue} />
        <p class="actions">
          <button
            type="submit"
            class="primary"
            disabled={isBusy || name === '' || name === one.tag}
          >
            {isBusy ? 'Under way…' : other ? 'Merge' : 'Rename'}
          </button>
          <Button onClick={onClose}>Cancel</Button>
        </p>
      </form>
    </Dialog>
  );
}

function Colour({ one, onClose }: { one: Tag; onClose(): void }) {
  const document = podDocument.value!;
  const fields = fieldsOf(document, document.procedures.get('tags.colour')?.input);
  const colours = fields.find(({ name }) => name === 'colour')?.choices ?? [];
  const give = (colour: string | null) => () =>
    attempt(
      () => mutate('tags.colour', { tag: one.tag, colour }),
      `${one.tag} is ${colour ?? 'without a colour'}`,
    ).then(onClose);
  return (
    <Dialog title={`The colour of “${one.tag.slice(0, TAG_LENGTH_MAX)}”`} onClose={onClose}>
      <div class="toggles" role="group" aria-label="Colours">
        {colours.map((name) => (
          <Button key={name} aria-pressed={one.colour === name} onClick={give(name)}>
            <Dot colour={name} />
            {name}
          </Button>
        ))}
        <Button aria-pressed={!one.colour} onClick={give(null)}>
          none
        </Button>
      </div>
    </Dialog>
  );
}

function TagRow({ one, tags }: { one: Tag; tags: Tag[] }) {
  const [open, setOpen] = useState<'colour' | 'rename' | 'remove'>();
  const [intent] = useState(() => new Intent());
  const close = () => setOpen(undefined);
  const remove = () => {
    intent
      .command('tags.remove', { tag: one.tag })
      .then((accepted) => sayDone(accepted, `No note has ${one.tag} any more`), sayError);
  };
  return (
    <tr>
      <td>
        <a href={`/notes?tag=${encodeURIComponent(one.tag)}`}>
          <Dot colour={one.colour} />
          <Line text={one.tag} max={100} />
        </a>
      </td>
      <td class="number" data-label="Notes">
        {number(one.count)}
      </td>
      <td>
        <span class="actions">
          {podDocument.value!.has('tags.colour') && (
            <Button class="small" onClick={() => setOpen('colour')} aria-label={`Colour ${one.tag}`}>
              Colour
            </Button>
          )}
          <Button
            class="small"
            onClick={() => setOpen('rename')}
            aria-label={`Rename or merge ${one.tag}`}
          >
            Rename or merge
          </Button>
          <Button class="small" onClick={() => setOpen('remove')} aria-label={`Remove ${one.tag}`}>
            Remove
          </Button>
        </span>
        {open === 'colour' && <Colour one={one} onClose={close} />}
        {open === 'rename' && <Rename one={one} tags={tags} onClose={close} />}
        {open === 'remove' && (
          <Confirm
            title={`Remove the tag “${one.tag}”?`}
            text={`It is taken away from ${notes(one.count)}, each of which gets a new version. The notes stay.`}
            action="Remove"
            onYes={remove}
            onClose={close}
          />
        )}
      </td>
    </tr>
  );
}

export default function TagsScreen() {
  const answer = useAnswer('all-tags', allTags);
  useReloadOn(
    (event) => event.aggregateType === 'note' || event.type.startsWith('note.'),
    answer.reload,
  );
  const [find, setFind] = useState('');
  const words = find.trim().toLowerCase();
  if (!podDocument.value) return <Waiting />;
  if (!podDocument.value.has('tags.rename'))
    return <Empty title="This pod has no procedures for tags." />;
  return (
    <div class="sheet">
      <h1>Tags</h1>
      <Show of={answer}>
        {({ tags, isCut }) => {
          const shown = tags.filter(({ tag }) => tag.toLowerCase().includes(words));
          if (tags.length === 0) {
            return (
              <Empty title="No note has a tag yet">
                <p>Tags are given where a note is made or edited.</p>
              </Empty>
            );
          }
          return (
            <>
              <input
                data-search
                type="search"
                aria-label="Find in the tags"
                placeholder="Find in the tags"
                value={find}
                onInput={(event) => setFind(event.currentTarget.value)}
              />
              <div class="table-box card">
                <table class="cards">
                  <Head of="Tag|#Notes|-Colour, rename, merge or remove" />
                  <tbody>
                    {shown.slice(0, ROWS_MAX).map((one) => (
                      <TagRow key={one.tag} one={one} tags={tags} />
                    ))}
                  </tbody>
                </table>
              </div>
              {shown.length === 0 && <p class="quiet">No tag has this in it.</p>}
              {shown.length > ROWS_MAX && (
                <p class="cut">{number(shown.length - ROWS_MAX)} more: type a part of the name.</p>
              )}
              {isCut && <p class="cut">The first {number(tags.length)} are shown.</p>}
            </>
          );
        }}
      </Show>
    </div>
  );
}
