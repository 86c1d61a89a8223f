// Below a field for the id of a thing of any noun: what is typed there finds it by its title.
import { query } from '../lib/rpc.js';
import { thingOfId } from '../lib/titles.js';
import { useAnswer } from './answer.js';
import { NounBadge } from './badge.js';
import { Button } from './plain.js';
import { Line } from './text.js';

interface Suggestion {
  entityId: string;
  entityType: string;
  type?: string;
  title: string;
}

const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const PREFIX_CHARACTERS_MAX = 100;

/** Of the field and what is below it: the arrows go through the titles, Enter takes the first. */
export function walkChoices(press: KeyboardEvent): void {
  if (press.isComposing) return;
  const box = press.currentTarget as HTMLElement;
  const stops = [...box.querySelectorAll<HTMLElement>('input,.choices button')];
  const at = stops.indexOf(press.target as HTMLElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[press.key];
  if (step) stops[at + step]?.focus();
  else if (press.key === 'Enter' && at === 0 && !press.ctrlKey && !press.metaKey && stops[1])
    stops[1].click();
  else return;
  press.preventDefault();
}

/** `value` is an id, or how a title begins. */
export function ThingChoices({
  value,
  onChange,
}: {
  value: string;
  onChange(value: string): void;
}) {
  const given = value.trim();
  const isId = ID.test(given);
  const { value: found } = useAnswer<Suggestion[]>(`choose:${given}`, async (signal) => {
    if (isId) {
      const thing = await thingOfId(given);
      return thing ? [{ entityId: given, entityType: thing.noun, title: thing.title }] : [];
    }
    const prefix = [...given].slice(0, PREFIX_CHARACTERS_MAX).join('');
    if (!prefix) return [];
    const answer = await query<{ suggestions: Suggestion[] }>(
      'search.suggest',
      { prefix, limit: 8 },
      signal,
    );
    return answer.suggestions;
  });
  const take = (click: MouseEvent, id: string): void => {
    (click.currentTarget as HTMLElement).closest('.field')?.querySelector('input')?.focus();
    onChange(id);
  };
  const isTwice = (title: string) => found!.filter((one) => one.title === title).length > 1;
  return (
    <>
      {given && found?.length === 0 && (
        <p class="help">{isId ? 'Nothing' : 'No title'} is found.</p>
      )}
      <ul class="choices" aria-live="polite">
        {found?.map(({ entityId, entityType, type, title }) => (
          <li key={entityId}>
            <NounBadge noun={type ?? entityType} />{' '}
            {isId ? (
              <Line text={title || entityId} />
            ) : (
              <Button class="link" onClick={(click) => take(click, entityId)}>
                <Line text={title || entityId} />
                {isTwice(title) && ` …${entityId.slice(-8)}`}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
