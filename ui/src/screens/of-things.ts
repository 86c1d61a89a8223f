// The screens of things, which come together: whoever opens one is soon on another.
export { default as Noun } from './noun.js';
export { default as Search } from './search.js';
export { default as Tags } from './tags.js';
