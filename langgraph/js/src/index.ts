// @synap/langgraph: LangGraph on a Synap pod.
export { SynapSaver } from './saver.js';
export { tools, type ToolsOptions } from './tools.js';
