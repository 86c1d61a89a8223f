// Restate's server, which the caller has started, with an app of its TypeScript SDK.
import { App } from './workers.mjs';
import { inFlight, now, optionsFrom, paced, poster, processorSeconds, spreadOf, tell } from './measuring.mjs';

const options = optionsFrom({
  ingress: '', admin: '', pid: 0, mode: 'flood', count: 2000, inflight: 64, seconds: 20, persecond: 20, warm: 300,
});
const post = poster(options.inflight);
const app = await App.start('./restate-app.mjs');
await post(`${options.admin}/deployments`, { uri: `http://127.0.0.1:${app.port}` });
const send = () => post(`${options.ingress}/Work/three/send`, { askedAt: now() });

await inFlight(options.warm, options.inflight, send);
await app.ends(options.warm);
app.delays.length = 0;
const processor = [processorSeconds(options.pid), processorSeconds(app.child.pid)];
const begin = now();
let count = options.count;
if (options.mode === 'flood') {
  await inFlight(count, options.inflight, send);
} else {
  count = options.persecond * options.seconds;
  await paced(options.persecond, options.seconds, send);
}
await app.ends(options.warm + count);
const seconds = (now() - begin) / 1000;
tell({
  runs: count,
  runs_per_s: count / seconds,
  ...(options.mode === 'paced' ? spreadOf(app.delays) : {}),
  server_cpu_us_per_run: ((processorSeconds(options.pid) - processor[0]) * 1e6) / count,
  app_cpu_us_per_run: ((processorSeconds(app.child.pid) - processor[1]) * 1e6) / count,
});
await app.stop();
process.exit(0);
