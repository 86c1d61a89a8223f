// The screens of runs, which come together: each leads to the others.
export { default as DeadLetters } from './dead-letters.js';
export { default as Functions } from './functions.js';
export { default as Runs } from './runs.js';
