// Below a field for the id of a thing of any noun: what is typed there finds it by its title.
import { query } from '../lib/rpc.js';
import { thingOfId } from '../lib/titles.js';
import { useAnswer } from './answer.js';
import { NounBadge } from './badge.js';
import { Line } from './text.js';

interface Suggestion {
  entityId: string;
  entityType: string;
  title: string;
}

const ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const PREFIX_CHARACTERS_MAX = 100;

/** `value` is an id, or how a title begins. */
export function ThingChoices({ value, onChange }: { value: string; onChange(value: string): void }) {
  const given = value.trim();
  const isId = ID.test(given);
  const { value: found } = useAnswer<Suggestion[]>(`choose:${given}`, async (signal) => {
    if (isId) {
      const thing = await thingOfId(given);
      return thing ? [{ entityId: given, entityType: thing.noun, title: thing.title }] : [];
    }
    const prefix = [...given].slice(0, PREFIX_CHARACTERS_MAX).join('');
    if (!prefix) return [];
    const answer = await query<{ suggestions: Suggestion[] }>('search.suggest', { prefix, limit: 8 }, signal);
    return answer.suggestions;
  });
  return (
    <>
      {given && found?.length === 0 && <p class="help">{isId ? 'Nothing' : 'No title'} is found.</p>}
      <ul class="choices" aria-live="polite">
        {found?.map(({ entityId, entityType, title }) => (
          <li key={entityId}>
            <NounBadge noun={entityType} />{' '}
            {isId ? (
              <Line text={title || entityId} />
            ) : (
              <button type="button" class="link" onClick={() => onChange(entityId)}>
                <Line text={title || entityId} />
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
