// A thread of hostile_strangers.mjs: asks one thing again and again, and says how long that took.
import { parentPort, workerData } from 'node:worker_threads';
import { Caller, pause } from './pod.mjs';

const { port, token, ms } = workerData;
const caller = new Caller({ port, callers: new Set() }, token, { connections: 1 });
const taken = [];
const end = performance.now() + ms;
while (performance.now() < end) {
  const begin = performance.now();
  await caller.ask('keys.list');
  taken.push(performance.now() - begin);
  await pause(1);
}
caller.agent.destroy();
taken.sort((a, b) => a - b);
const at = (part) => Number(taken[Math.floor(taken.length * part)].toFixed(2));
parentPort.postMessage({ p50: at(0.5), p99: at(0.99), calls: taken.length });
