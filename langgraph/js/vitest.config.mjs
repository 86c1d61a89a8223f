// The official suite of checkpointers wants vitest, with its words as globals.
export default {
  resolve: { alias: { '@synap/langgraph': new URL('dist/index.js', import.meta.url).pathname } },
  test: { globals: true, include: ['test/*.test.mjs'], testTimeout: 60_000, hookTimeout: 60_000 },
};
