// @synap/langgraph: LangGraph on a Synap pod.
export { SynapSaver } from './saver.js';
export { tools } from './tools.js';
