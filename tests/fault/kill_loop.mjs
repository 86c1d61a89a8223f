// kill -9 under load, again and again.
//
//   KILLS=25 SEED=n CLIENTS=12 node --test kill_loop.mjs
import test from 'node:test';
import { choicesOfOrdeal, ordeal } from './ordeal.mjs';

const choices = choicesOfOrdeal({ ends: 25 });

test(`${choices.ends} kills under load lose nothing and do nothing twice`, {
  timeout: 60_000 + choices.ends * 20_000,
}, (t) => ordeal(t, { name: 'kill_loop', ...choices, end: (pod) => pod.kill() }));
