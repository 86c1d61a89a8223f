export { dataRule } from './marks.js';
export { SynapSaver } from './saver.js';
export { SynapStore, type SynapItem } from './store.js';
export { tools, type ToolsOptions } from './tools.js';
