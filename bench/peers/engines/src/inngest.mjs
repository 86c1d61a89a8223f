// A server of Inngest's SDKs, which the caller has started, with an app of the TypeScript SDK.
//
// flood   `count` events, so many to a request, until all their runs have ended
// paced   an event by the clock: from when it is sent to the first step
// due     the same, of runs that are scheduled `ahead` ms before: how late they begin
// asleep  `count` runs that are scheduled for ten days from now; the app goes
import { App } from './workers.mjs';
import { inFlight, now, optionsFrom, paced, poster, processorSeconds, spreadOf, tell } from './measuring.mjs';

const options = optionsFrom({
  url: '', pid: 0, mode: 'flood', checkpoints: 'yes', function: 'three', count: 1500, inflight: 64, batch: 50,
  seconds: 20, persecond: 20, warm: 200, ahead: 4000, patience: 300_000,
});
process.env.INNGEST_DEV = options.url;
process.env.INNGEST_BASE_URL = options.url;
const post = poster(options.inflight);
const app = await App.start('./inngest-app.mjs', options.checkpoints);
const synced = await fetch(`http://127.0.0.1:${app.port}/api/inngest`, { method: 'PUT', body: '{}' });
if (!synced.ok) throw new Error(`the app could not register: ${synced.status} ${await synced.text()}`);

const event = (ahead) => ({
  name: `work/${options.function}`,
  data: { askedAt: now() + ahead },
  ...(ahead > 0 ? { ts: Date.now() + ahead } : {}),
});
const send = (count, ahead = 0) =>
  post(`${options.url}/e/bench`, Array.from({ length: count }, () => event(ahead)));
const flood = (count, ahead) =>
  inFlight(Math.ceil(count / options.batch), options.inflight, (i) =>
    send(Math.min(options.batch, count - i * options.batch), ahead));

if (options.mode === 'asleep') {
  const begun = now();
  await flood(options.count, 10 * 24 * 3_600_000);
  tell({ runs: options.count, added_per_s: (options.count * 1000) / (now() - begun) });
  await app.stop();
  process.exit(0);
}
await flood(options.warm);
await app.ends(options.warm, options.patience);
app.delays.length = 0;
const processor = [processorSeconds(options.pid), processorSeconds(app.child.pid)];
const begin = now();
let count = options.count;
let added = 0;
if (options.mode === 'flood') {
  await flood(count);
  added = count / ((now() - begin) / 1000);
} else {
  count = options.persecond * options.seconds;
  await paced(options.persecond, options.seconds, () => send(1, options.mode === 'due' ? options.ahead : 0));
}
await app.ends(options.warm + count, options.patience);
const seconds = (now() - begin) / 1000;
tell({
  runs: count,
  runs_per_s: count / seconds,
  added_per_s: added,
  ...(options.mode !== 'flood' ? spreadOf(app.delays) : {}),
  server_cpu_us_per_run: ((processorSeconds(options.pid) - processor[0]) * 1e6) / count,
  app_cpu_us_per_run: ((processorSeconds(app.child.pid) - processor[1]) * 1e6) / count,
});
await app.stop();
process.exit(0);
