// Restate's server, which the caller has started, with an app of its TypeScript SDK.
import { App, measure } from './workers.mjs';
import { now, optionsFrom, poster } from './measuring.mjs';

const options = optionsFrom({
  ingress: '', admin: '', pid: 0, mode: 'flood', count: 2000, inflight: 64, seconds: 20, persecond: 20, warm: 300,
});
const post = poster(options.inflight);
const app = await App.start('./restate-app.mjs');
await post(`${options.admin}/deployments`, { uri: `http://127.0.0.1:${app.port}` });
const send = () => post(`${options.ingress}/Work/three/send`, { askedAt: now() });

await measure(app, options, send);
