// @synap/langgraph: LangGraph on a Synap pod.
export { SynapSaver } from './saver.js';
export { SynapStore } from './store.js';
export { tools } from './tools.js';
