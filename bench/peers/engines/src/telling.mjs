// What an app tells the process that began it, a few times a second and at once when it has been
// quiet: a message for each run would be work that is none of the run's.
import { now } from './measuring.mjs';

let ended = 0;
let delays = [];
let timer;

function flush() {
  timer = undefined;
  process.send({ ended, delays });
  delays = [];
}

const soon = () => (timer ??= setTimeout(flush, 5));

export function noteEnd() {
  ++ended;
  soon();
}

export function noteBegin(askedAt) {
  delays.push(now() - askedAt);
  soon();
}

// Whoever began it has ended, however it has.
process.on('disconnect', () => process.exit());

export const ready = (port) => process.send({ port });
