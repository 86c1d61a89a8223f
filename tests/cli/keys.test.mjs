import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { client, inTerminal, run, startPod, temporary } from './synap.mjs';

async function stop(pod) {
  pod.kill('SIGTERM');
  assert.equal((await pod.end()).code, 0);
}

const keyOf = (data) => readFileSync(path.join(data, 'owner.key'), 'utf8').trim();

test('users and their keys are made, listed and revoked from the command line', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const synap = client(pod);
  const ada = await run(['users', 'create', 'Ada'], { env: pod.env });
  assert.equal(ada.code, 0);
  assert.match(ada.stdout, /^synap_[\w-]{43}\n$/);
  assert.match(ada.stderr, /shown this once/);
  const { users } = JSON.parse(await synap('users', 'list', '--json'));
  assert.deepEqual(users.map(({ name, role, keys }) => [name, role, keys]), [['owner', 'owner', 1], ['Ada', 'member', 1]]);
  assert.match(await synap('users', 'list'), /member {5}1 key  .*Ada/);

  const user = users[1].id;
  for (const text of ['Ada', user.slice(-8)]) {
    assert.equal(JSON.parse(await synap('keys', 'list', '--user', text, '--json')).keys.length, 1, text);
  }
  const nobody = await run(['keys', 'create', 'x', '--user', 'Ida'], { env: pod.env });
  assert.equal(nobody.code, 3);
  assert.match(nobody.stderr, /No user is called Ida, or has an id that ends so; `synap users list` names them/);
  const { text: listed } = await inTerminal(['users', 'list'], { env: { ...pod.env, NO_COLOR: '1' } });
  assert.match(listed, new RegExp(`^ID +NAME +ROLE +KEYS +CREATED\\n.*\\n${user.slice(-8)} +Ada +member +1 `));
  assert.match((await inTerminal(['apps', 'list', '--json'], { env: pod.env })).text, /^$/, 'JSON alone, also of nothing');
  const made = JSON.parse(await synap('keys', 'create', 'reader', '--user', user, '--scope', 'notes:read',
    '--scope', 'tags:read', '--expires-in-days', '90', '--json'));
  const { keys } = JSON.parse(await synap('keys', 'list', '--user', user, '--json'));
  assert.deepEqual(keys[1].scopes, ['notes:read', 'tags:read']);
  assert.ok(keys[1].expiresAt > new Date().toISOString());
  assert.match(await synap('keys', 'list', '--user', user), /used never .*notes:read tags:read {2}expires .* reader/);
  const reader = { ...pod.env, SYNAP_KEY: made.key };
  assert.equal((await run(['call', 'notes.list'], { env: reader })).code, 0);
  assert.equal((await run(['call', 'notes.create', '{"content":"x"}'], { env: reader })).code, 4);
  const more = await run(['keys', 'create', 'x'], { env: reader });
  assert.equal(more.code, 4);

  assert.match(await synap('keys', 'revoke', made.keyId, '--user', user), /is revoked/);
  assert.equal((await run(['call', 'notes.list'], { env: reader })).code, 4);
  assert.equal((await run(['keys', 'revoke', made.keyId, '--user', user], { env: pod.env })).code, 3);
  const own = JSON.parse(await synap('keys', 'list', '--json')).keys[0];
  assert.ok(own.lastUsedAt);
  const last = await run(['keys', 'revoke', own.id], { env: pod.env });
  assert.equal(last.code, 1);
  assert.match(last.stderr, /make another one first/);
});

test('a reset brings the owner back, and is refused while the pod runs', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const pod = await startPod(t, data);
  const first = pod.key;
  const refused = await run(['keys', 'reset', '--data', data]);
  assert.equal(refused.code, 5);
  assert.match(refused.stderr, /Another synap process \(pid \d+\) has the data directory .* stop it first/);
  assert.equal(keyOf(data), first);
  await stop(pod);

  const made = await run(['keys', 'reset', '--data', data, '--revoke-all']);
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /^the owner has a new key, in .*\/owner\.key, which only you can read; 1 other key of owners is revoked\n$/);
  assert.equal(made.stderr, '');
  assert.ok(!made.stdout.includes('synap_'));
  assert.equal(statSync(path.join(data, 'owner.key')).mode & 0o777, 0o600);
  const again = await startPod(t, data);
  assert.notEqual(again.key, first);
  assert.equal((await run(['users', 'list'], { env: again.env })).code, 0);
  assert.equal((await run(['users', 'list'], { env: { ...again.env, SYNAP_KEY: first } })).code, 4);
  await stop(again);

  const json = JSON.parse((await run(['keys', 'reset', '--json'], { env: { SYNAP_DATA: data } })).stdout);
  assert.deepEqual(Object.keys(json), ['userId', 'keyId', 'path', 'isNewUser', 'revoked']);
  assert.equal(json.revoked, 0);
});

test('a reset where there is no pod changes nothing', async (t) => {
  const directory = temporary(t);
  const absent = path.join(directory, 'nothing');
  const empty = path.join(directory, 'empty');
  mkdirSync(empty);
  for (const data of [absent, empty]) {
    const { code, stderr } = await run(['keys', 'reset', '--data', data]);
    assert.equal(code, 3);
    assert.match(stderr, /There is no pod in .* Nothing was changed/);
  }
  assert.ok(!existsSync(absent));
  assert.deepEqual(readdirSync(empty), []);
});

// The program is ended wherever it happens to be, again and again; what is in owner.key always
// opens the pod.
test('whoever holds owner.key gets in, wherever a reset was killed', async (t) => {
  const data = path.join(temporary(t), 'pod');
  await stop(await startPod(t, data));
  const { Running } = await import('./synap.mjs');
  for (let delay = 0; delay < 40; delay += 4) {
    const reset = new Running(['keys', 'reset', '--data', data, '--revoke-all']);
    setTimeout(() => reset.kill('SIGKILL'), delay);
    await reset.end();
  }
  const pod = await startPod(t, data);
  assert.equal((await run(['users', 'list'], { env: pod.env })).code, 0);
  await stop(pod);
});
