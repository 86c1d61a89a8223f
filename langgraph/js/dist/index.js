// @synap/langgraph: LangGraph on a Synap pod.
export { dataRule } from './marks.js';
export { SynapSaver } from './saver.js';
export { SynapStore } from './store.js';
export { tools } from './tools.js';
