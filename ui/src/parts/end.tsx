// A thing of which only the id is known, by its title: an end of a relation.
import { podDocument } from '../lib/document.js';
import { forgetThing, thingOfId } from '../lib/titles.js';
import { useAnswer, useReloadOn } from './answer.js';
import { Line } from './text.js';

/** `isLink` is false where it stands in a link. */
export function End({ id, isLink = true }: { id: string; isLink?: boolean }) {
  const { value, reload } = useAnswer(`thing:${id}`, () => thingOfId(id));
  useReloadOn((event) => {
    if (event.aggregateId === id) forgetThing(id, event.position);
    return event.aggregateId === id;
  }, reload);
  const noun = value && podDocument.value?.nouns.find(({ name }) => name === value.noun);
  const line = <Line text={value?.title || id} max={80} />;
  return isLink && noun ? <a href={`/${noun.plural}/${id}`}>{line}</a> : line;
}
