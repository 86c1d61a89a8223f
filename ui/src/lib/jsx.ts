// What the build writes elements with (build.mjs).
export { Fragment, h } from 'preact';
