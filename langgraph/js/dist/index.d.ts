export { SynapSaver } from './saver.js';
export { tools, type ToolsOptions } from './tools.js';
