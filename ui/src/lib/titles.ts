// What things are called of which only the ids are known, as the ends of relations: all that are asked for
// at one moment, in few requests.
import type { NeighbourThing, Neighbours } from './neighbourhood.js';
import { queryEach } from './rpc.js';
import { untilAnswered } from './until-answered.js';

// What a URL has room for.
const ASKED_MAX = 50;
// A pod that has too much to do is asked again, for so long.
const ASKED_FOR_MS = 60_000;
// A title may change; but rows that come and go again ask once.
const KEPT_MS = 10_000;

type Found = NeighbourThing | undefined;

const kept = new Map<string, Promise<Found>>();
let waiting: { id: string; tell(found: Promise<Found>): void }[] = [];

function ask(): void {
  const asked = waiting;
  waiting = [];
  for (let at = 0; at < asked.length; at += ASKED_MAX) {
    const some = asked.slice(at, at + ASKED_MAX);
    const inputs = some.map(({ id }) => ({ id, limit: 1 }));
    const answers = untilAnswered(() => queryEach<Neighbours>('relations.neighbours', inputs), {
      withinMs: ASKED_FOR_MS,
    });
    some.forEach(({ tell }, place) => tell(answers.then((all) => all[place]?.things[0])));
  }
}

let newest = 0;
/** It has changed, as the event at `position` says: once, however many show it. */
export function forgetThing(id: string, position: number): void {
  if (position > newest) kept.delete(id);
  newest = Math.max(newest, position);
}

/** The thing that has this id; nothing if there is none, or none that one may see. */
export function thingOfId(id: string): Promise<Found> {
  let found = kept.get(id);
  if (!found) {
    found = new Promise((tell) => {
      if (waiting.push({ id, tell }) === 1) setTimeout(ask);
    });
    kept.set(id, found);
    const forget = () => kept.get(id) === found && kept.delete(id);
    setTimeout(forget, KEPT_MS);
    found.catch(forget);
  }
  return found;
}
