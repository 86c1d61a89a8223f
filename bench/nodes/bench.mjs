// How many more runs a second two nodes do than one: runs with one step that waits for an HTTP server, on one
// PostgreSQL server, each node with so many slots. Nodes, server and app share this machine's processors, so
// slots are few enough for a node to wait rather than compute.
//
//   SYNAP_BIN=build/release/bin/synap node bench/nodes/bench.mjs [--slots 64] [--step-ms 50] [--seconds 10] [--rounds 3]
import { parseArgs } from 'node:util';
import { pause, until } from '../../tests/fault/pod.mjs';
import { Server } from '../../tests/fault/postgres_server.mjs';
import { begin, completedBy, Nodes, register, WaitingApp } from '../../tests/fault/shared_runs.mjs';

const { values } = parseArgs({
  options: {
    slots: { type: 'string', default: '64' }, 'step-ms': { type: 'string', default: '50' },
    seconds: { type: 'string', default: '10' }, rounds: { type: 'string', default: '3' },
  },
});
const [slots, stepMs, seconds, rounds] = ['slots', 'step-ms', 'seconds', 'rounds'].map((name) => Number(values[name]));

// As a test's: what is made is taken away in the reverse order.
class Run {
  #ends = [];
  after(end) { this.#ends.push(end); }
  async end() { for (const end of this.#ends.reverse()) await end(); }
}

async function measure(count) {
  const run = new Run();
  try {
    const server = await Server.make(run);
    const app = await WaitingApp.listen(run, { stepMs });
    const nodes = new Nodes(server, ['--dev', '--worker-concurrency', String(slots)]);
    for (let i = 1; i <= count; ++i) await nodes.add(run, `n${i}`);
    await register(nodes, app);
    const sum = async () => Object.values(await completedBy(server)).reduce((all, one) => all + one, 0);
    // More than can be done: what is left at the end is left.
    const enough = Math.ceil(slots * count * (1_000 / stepMs) * (seconds + 6));
    const beginning = begin(nodes.all[0], enough);
    await until(30_000, async () => await sum() > slots * count * 4, 'runs are done');
    await beginning;
    const before = await completedBy(server);
    const began = performance.now();
    await pause(seconds * 1_000);
    const after = await completedBy(server);
    const took = (performance.now() - began) / 1_000;
    const by = Object.fromEntries(Object.entries(after).map(([name, n]) => [name, n - (before[name] ?? 0)]));
    const all = Object.values(by).reduce((total, one) => total + one, 0);
    return { perSecond: all / took, shares: Object.values(by).map((one) => Math.round((one / all) * 100)), most: app.most };
  } finally {
    await run.end();
  }
}

const ratios = [];
for (let round = 1; round <= rounds; ++round) {
  const one = await measure(1);
  const two = await measure(2);
  ratios.push(two.perSecond / one.perSecond);
  console.log(`${round}: one node ${one.perSecond.toFixed(0)} runs/s (${one.most} at a time), two ${two.perSecond.toFixed(0)} `
    + `(${two.most} at a time; ${two.shares.join(' % and ')} %), ${ratios.at(-1).toFixed(2)} times`);
}
ratios.sort((a, b) => a - b);
console.log(`two nodes do ${ratios[Math.floor(ratios.length / 2)].toFixed(2)} times the runs of one `
  + `(${slots} slots each, steps of ${stepMs} ms, ${rounds} rounds)`);
