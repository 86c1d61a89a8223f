// The server of docs/not-yet.md, as it is written: its users see what is theirs, live too.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { client, Running, startPod, temporary, within } from '../cli/synap.mjs';

const page = readFileSync(new URL('../../docs/not-yet.md', import.meta.url), 'utf8');

test('end users have their own data, and no key', async (t) => {
  const folder = temporary(t);
  const pod = await startPod(t, path.join(folder, 'pod'));
  const keys = {};
  for (const name of ['ada', 'bob']) {
    keys[name] = JSON.parse(await client(pod)('call', 'users.create', JSON.stringify({ name }))).key;
  }
  const [, code] = /^```js proxy\.mjs\n(.*?)^```$/ms.exec(page);
  writeFileSync(path.join(folder, 'proxy.mjs'), code);
  const proxy = new Running([path.join(folder, 'proxy.mjs')], {
    program: process.execPath, env: { SYNAP_URL: pod.url, KEYS: JSON.stringify(keys), PORT: '0' },
  });
  t.after(() => proxy.kill('SIGKILL'));
  const port = /^listening (\d+)$/.exec(await proxy.line('its port'))[1];
  const ask = (route, { as, body, headers = {}, signal } = {}) =>
    fetch(`http://127.0.0.1:${port}${route}`, {
      signal,
      headers: { ...(as ? { cookie: `session=${as}` } : {}), ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
    });

  const leaving = new AbortController();
  const stream = await ask('/api/events.watch?types=task.creation.completed', { as: 'ada', signal: leaving.signal });
  assert.equal(stream.headers.get('content-type'), 'text/event-stream');
  const reader = stream.body.pipeThrough(new TextDecoderStream()).getReader();
  let told = '';
  const until = async (text) => {
    while (!told.includes(text)) told += (await within(reader.read(), text)).value;
  };
  await until('events.watch.started');

  for (const as of ['bob', 'ada']) {
    const made = await ask('/api/tasks.create', { as, body: { title: `of ${as}` } });
    assert.equal(made.status, 200, await made.text());
  }
  for (const as of ['ada', 'bob']) {
    const { tasks } = await (await ask('/api/tasks.list', { as })).json();
    assert.deepEqual(tasks.map(({ title }) => title), [`of ${as}`]);
  }
  await until('of ada');
  assert.ok(!told.includes('of bob'), told);
  leaving.abort();

  assert.equal((await ask('/api/tasks.list')).status, 401);
  assert.equal((await ask('/api/tasks.list', { as: 'eve' })).status, 401);
  assert.equal((await ask('/metrics', { as: 'ada' })).status, 404);
  const foreign = { as: 'ada', body: { title: 'no' }, headers: { 'sec-fetch-site': 'cross-site' } };
  assert.equal((await ask('/api/tasks.create', foreign)).status, 403);
});
