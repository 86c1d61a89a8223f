export { SynapSaver } from './saver.js';
