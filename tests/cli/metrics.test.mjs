// /metrics of a running pod, read by Prometheus's own parser.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { run, startPod, temporary } from './synap.mjs';

const PARSER = fileURLToPath(new URL('./prometheus.py', import.meta.url));
const METRICS_KEY = 'only-for-the-scraper';

const bearer = (key) => ({ authorization: `Bearer ${key}` });
const ask = (pod, at, key, options = {}) =>
  fetch(pod.url + at, { ...options, headers: { ...bearer(key), ...options.headers } });

async function tell(pod, procedure, input, key = pod.key) {
  const answer = await ask(pod, `/trpc/${procedure}`, key, {
    method: 'POST', body: JSON.stringify(input), headers: { 'content-type': 'application/json' },
  });
  return { status: answer.status, ...(await answer.json()) };
}

function parse(text) {
  // Debian's own interpreter is the one that has Debian's package.
  const judged = spawnSync('/usr/bin/python3', [PARSER], { input: text, encoding: 'utf8' });
  assert.equal(judged.status, 0, judged.stderr);
  return JSON.parse(judged.stdout);
}

async function scrape(pod, key = METRICS_KEY) {
  const answer = await ask(pod, '/metrics', key);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  return parse(await answer.text());
}

/** The value of the sample with these labels; 0 where there is none. */
function value(families, name, labels = {}) {
  const found = families[name.replace(/_(bucket|sum|count|total)$/, '')]?.samples.find(
    (sample) => sample.name === name
      && Object.entries(labels).every(([label, text]) => sample.labels[label] === text));
  return found?.value ?? 0;
}

async function untilScrape(pod, has, what) {
  for (let i = 0; i < 200; ++i) {
    const families = await scrape(pod);
    if (has(families)) return families;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.fail(`no scrape shows ${what}`);
}

const start = (t) =>
  startPod(t, path.join(temporary(t), 'pod'), { env: { SYNAP_METRICS_KEY: METRICS_KEY } });

/** Sends bytes as they are; the status of the answer. */
async function raw(pod, text) {
  const { hostname, port } = new URL(pod.url);
  const socket = net.connect(Number(port), hostname);
  socket.end(text);
  let answer = '';
  socket.setEncoding('utf8').on('data', (part) => (answer += part));
  await once(socket, 'close');
  return Number(answer.split(' ')[1]);
}

test('a call by the command line is counted once, as what it came to', async (t) => {
  const pod = await start(t);
  for (const [procedure, input] of [['notes.list', '{}'], ['tasks.create', '{"title":"x"}']]) {
    assert.equal((await run(['call', procedure, input], { env: pod.env })).code, 0);
  }
  const families = await scrape(pod);
  const counted = families.synap_calls.samples.filter((sample) => sample.value > 0)
    .map(({ labels }) => `${labels.procedure} ${labels.code}`);
  assert.deepEqual(counted.sort(), ['notes.list OK', 'tasks.create OK']);
});

test('each family moves when its thing happens', async (t) => {
  const pod = await start(t);
  const before = await scrape(pod);
  assert.equal(value(before, 'synap_build_info', {}), 1);
  assert.ok(value(before, 'synap_disk_free_bytes') > 0);
  assert.ok(value(before, 'process_resident_memory_bytes') > 1e6);
  assert.ok(value(before, 'process_open_fds') > 5);
  assert.ok(Math.abs(value(before, 'process_start_time_seconds') - Date.now() / 1000) < 120);

  assert.equal((await tell(pod, 'notes.create', { content: '# Hello' })).status, 200);
  assert.equal((await ask(pod, '/trpc/notes.getById?input=%22x%22', pod.key)).status, 400);
  assert.equal((await ask(pod, '/trpc/notes.list', 'synap_wrong')).status, 401);
  assert.equal((await ask(pod, '/trpc/no.such', pod.key)).status, 404);
  const watching = new AbortController();
  t.after(() => watching.abort());
  const stream = await ask(pod, '/trpc/events.watch', pod.key, { signal: watching.signal });
  assert.equal(stream.status, 200);
  assert.equal(await raw(pod, 'GET /trpc/health HTTP/1.1\r\nhost: evil.example\r\n\r\n'), 403);
  assert.equal(await raw(pod, 'GET /trpc HTTP/1.1\r\nhost: localhost\r\norigin: https://evil.example\r\n'
    + 'upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n'
    + 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'), 403);
  const idle = net.connect(Number(new URL(pod.url).port), '127.0.0.1');
  t.after(() => idle.destroy());
  await once(idle, 'connect');

  const after = await untilScrape(pod, (families) =>
    value(families, 'synap_runs_total', { function: 'notes.create', outcome: 'completed' }) === 1
      && value(families, 'synap_projection_lag_events', { projection: 'tags' }) === 0, 'the run');
  const grew = (name, labels) => value(after, name, labels) - value(before, name, labels);
  assert.equal(grew('synap_calls_total', { procedure: 'notes.create', code: 'OK' }), 1);
  assert.equal(grew('synap_calls_total', { procedure: 'notes.getById', code: 'BAD_REQUEST' }), 1);
  assert.equal(grew('synap_call_duration_seconds_count', { procedure: 'notes.create' }), 1);
  assert.equal(grew('synap_calls_total', { procedure: 'notes.list', code: 'UNAUTHORIZED' }), 1);
  assert.equal(grew('synap_calls_total', { procedure: 'none', code: 'NOT_FOUND' }), 1);
  assert.equal(value(after, 'synap_streams_open', { procedure: 'events.watch' }), 1);
  assert.ok(grew('synap_log_position') >= 2);
  assert.equal(grew('synap_run_duration_seconds_count', { function: 'notes.create' }), 1);
  assert.equal(grew('synap_run_start_delay_seconds_count', { function: 'notes.create' }), 1);
  assert.ok(grew('synap_run_start_delay_seconds_sum', { function: 'notes.create' }) > 0);
  assert.ok(grew('synap_steps_total', { function: 'notes.create', outcome: 'completed' }) >= 1);
  assert.equal(grew('synap_steps_total', { function: 'notes.create', outcome: 'failed' }), 0);
  assert.equal(grew('synap_step_duration_seconds_count', { function: 'notes.create' }),
    grew('synap_steps_total', { function: 'notes.create', outcome: 'completed' }));
  assert.equal(value(after, 'synap_queue_function_jobs', { function: 'notes.create', state: 'waiting' }), 0);
  assert.ok(after.synap_queue_function_jobs.samples.some(({ labels }) => labels.function === 'notes.create'));
  assert.equal(grew('synap_accept_errors_total'), 0);
  assert.ok(grew('synap_call_duration_seconds_sum', { procedure: 'notes.create' }) > 0);
  assert.ok(grew('synap_http_responses_total', { class: '4xx' }) >= 3);
  assert.ok(grew('synap_http_responses_total', { class: '2xx' }) >= 2);
  assert.equal(grew('synap_refused_keys_total'), 1);
  assert.equal(grew('synap_refused_hosts_total'), 1);
  assert.equal(grew('synap_refused_origins_total'), 1);
  assert.ok(value(after, 'synap_http_connections', { caller: 'stranger' }) >= 1);
  assert.ok(grew('synap_database_commit_seconds_count') >= 2);
  assert.ok(grew('synap_database_sync_seconds_count') >= 2);
  assert.ok(grew('synap_database_sync_seconds_sum') > 0);
  assert.ok(grew('synap_database_sync_seconds_sum') <= grew('synap_database_commit_seconds_sum'));
  assert.ok(grew('synap_database_commit_writes_sum') >= 2);
  assert.ok(value(after, 'synap_database_wal_bytes') > 0);
  assert.ok(grew('process_cpu_seconds_total') > 0);

  watching.abort();
  await untilScrape(pod, (families) =>
    value(families, 'synap_streams_open', { procedure: 'events.watch' }) === 0, 'that nobody watches');
});

test('only an owner and the metrics key may scrape', async (t) => {
  const pod = await start(t);
  const { result } = await tell(pod, 'users.create', { name: 'member' });
  const member = result.data.key;
  await scrape(pod, pod.key);
  assert.equal((await ask(pod, '/metrics', member)).status, 403);
  for (const [scope, status] of [['metrics:read', 200], ['*:read', 200], ['notes:*', 403]]) {
    const made = await tell(pod, 'keys.create', { name: 'for scrapes', scopes: [scope] });
    assert.equal((await ask(pod, '/metrics', made.result.data.key)).status, status, scope);
  }
  for (const key of ['', 'synap_wrong', METRICS_KEY.slice(1), `${METRICS_KEY}x`]) {
    const refused = await ask(pod, '/metrics', key);
    assert.equal(refused.status, 401, key);
    assert.doesNotMatch(await refused.text(), /# TYPE/);
  }
  assert.equal((await fetch(`${pod.url}/metrics`)).status, 401);
  assert.equal((await ask(pod, '/metrics', METRICS_KEY, { method: 'POST', body: 'x' })).status, 405);
  assert.equal((await ask(pod, '/trpc/notes.list', METRICS_KEY)).status, 401, 'for this alone');
});

test('nothing that a caller sends becomes a label', async (t) => {
  const pod = await start(t);
  const labelsOf = (families) => Object.entries(families).flatMap(([name, { samples }]) =>
    samples.map((sample) => JSON.stringify([name, sample.name, sample.labels]))).sort();
  // Each of what is asked below has been asked once, so that its code is there.
  const evil = 'evil%22%7D%201%0Asynap_evil';
  const askAll = async (i) => {
    await ask(pod, `/trpc/${evil}${i}`, pod.key);
    await ask(pod, `/trpc/notes.list,${evil}${i}?batch=1`, pod.key);
    await ask(pod, `/${evil}${i}`, pod.key);
    await ask(pod, '/trpc/notes.list', `synap_"} 1 evil${i}`);
    await raw(pod, `EVIL${i} /trpc/notes.list HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    await raw(pod, `GET /trpc/health HTTP/1.1\r\nhost: evil${i}.example\r\n\r\n`);
    await raw(pod, `GET /health HTTP/1.1\r\nhost: localhost\r\norigin: https://evil${i}\r\n\r\n`);
  };
  await askAll(0);
  const before = labelsOf(await scrape(pod));
  for (let i = 1; i <= 20; ++i) await askAll(i);
  const after = labelsOf(await scrape(pod));
  assert.deepEqual(after, before);
  assert.ok(!after.some((labels) => labels.includes('evil')));
});

test('a metrics key that can be guessed is refused at the start, and never shown', async (t) => {
  const args = ['serve', '--data', path.join(temporary(t), 'pod'), '--listen', '127.0.0.1:0'];
  for (const key of ['fifteen-letters', 'a key with spaces in it', '']) {
    const { code, stderr } = await run(args, { env: { SYNAP_METRICS_KEY: key } });
    assert.equal(code, 2);
    assert.match(stderr, /SYNAP_METRICS_KEY must be 16 to 512 visible characters/);
    if (key) assert.ok(!stderr.includes(key), stderr);
  }
});
