import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { Running, client, run, startPod, temporary, within } from './synap.mjs';

test('says the owner\'s key at the first start only, and keeps it for him alone', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const first = await startPod(t, data);
  await first.errorLine(/serving http/);
  assert.equal(first.stderr.split(first.key).length, 2, 'once');
  assert.match(first.stderr, /owner\.key/);
  assert.equal(statSync(path.join(data, 'owner.key')).mode & 0o777, 0o600);
  first.kill('SIGTERM');
  assert.equal((await first.end()).code, 0);

  const second = await startPod(t, data);
  await second.errorLine(/serving http/);
  await second.errorLine(/look at it: `synap open`/);
  assert.doesNotMatch(second.stderr, /synap_/);
  assert.equal(second.key, first.key);
});

test('commands find the pod of a directory, whatever its port', async (t) => {
  const home = temporary(t);
  const data = path.join(home, 'synap-data');
  const pod = await startPod(t, data);
  for (const where of [{ env: { SYNAP_DATA: data } }, { cwd: home }]) {
    const { code, stderr } = await run(['tasks', 'create', 'found'], where);
    assert.equal(code, 0, stderr);
  }
  assert.equal(JSON.parse(await client(pod)('tasks', 'list', '--json').then((text) => text.split('\n')[0])).title, 'found');
  // What says where it is counts more, and what is no address is none.
  const elsewhere = await run(['tasks', 'list'], { cwd: home, env: { SYNAP_URL: 'http://127.0.0.1:1' } });
  assert.match(elsewhere.stderr, /No pod answers at http:\/\/127\.0\.0\.1:1 /);
  writeFileSync(path.join(data, 'synap.url'), 'nonsense');
  const usual = await run(['tasks', 'list', '--key', 'k'], { cwd: home });
  assert.doesNotMatch(usual.stderr, /nonsense/);
});

test('dev mode is said when it begins', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'), { args: ['--dev'] });
  await pod.errorLine(/dev mode: programs on this machine act as the owner's workers without a key/);
  const { stdout } = await run(['doctor', '--json'], { env: pod.env });
  const mode = JSON.parse(stdout).checks.find(({ name }) => name === 'mode');
  assert.equal(mode.status, 'warn');
});

test('what it keeps is for its user alone, also in a directory that others may read', async (t) => {
  const data = path.join(temporary(t), 'pod');
  mkdirSync(data, { mode: 0o755 });
  const pod = await startPod(t, data);
  await pod.errorLine(/serving http/);
  const names = readdirSync(data);
  assert.ok(names.includes('synap.db') && names.includes('synap.db-wal'), String(names));
  for (const name of names) {
    assert.equal(statSync(path.join(data, name)).mode & 0o077, 0, name);
  }
  pod.kill('SIGTERM');
  assert.equal((await pod.end()).code, 0);
});

test('a path that there is not is answered with those that there are', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const ask = async (where) => {
    const response = await fetch(pod.url + where, { headers: { authorization: `Bearer ${pod.key}` } });
    return { status: response.status, text: await response.text() };
  };
  for (const where of ['/docs', '/admin', '/favicon.ico', '/apis']) {
    const { status, text } = await ask(where);
    assert.equal(status, 404);
    const { message } = JSON.parse(text).error;
    // A pod may be built without a page: then none is named.
    const hasPage = (await ask('/')).status === 200;
    assert.equal(/ are \/ \(a page, for people\), /.test(message), hasPage, message);
    assert.match(message, /^Nothing is served here; there are .*\/api, .*\/health, .*\/metrics, \//);
    assert.match(message, /\/synap-client.tgz/);
    for (const [named] of message.matchAll(/\/[\w.-]*/g)) {
      assert.doesNotMatch((await ask(named)).text, /Nothing is served here/, named);
    }
  }
});

test('prints one line of JSON with --json, and nothing on stdout without', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const pod = await startPod(t, data);
  const ready = JSON.parse(pod.stdout);
  assert.deepEqual(Object.keys(ready), ['url', 'data', 'pid']);
  assert.equal(ready.pid, pod.child.pid);
  assert.equal((await fetch(`${ready.url}/health`)).status, 200);
  pod.kill('SIGINT');
  const ended = await pod.end();
  assert.equal(ended.code, 0);
  assert.equal(ended.stdout.split('\n').length, 2);

  const quiet = new Running(['serve', '--data', data, '--listen', '127.0.0.1:0']);
  t.after(() => quiet.kill('SIGKILL'));
  await quiet.errorLine(/serving http/);
  quiet.kill('SIGTERM');
  assert.equal((await quiet.end()).stdout, '');
});

// A request whose body never comes keeps a stop waiting.
async function halfRequest(t, pod) {
  const { hostname, port } = new URL(pod.url);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await new Promise((resolve) => {
    socket.write(
      'POST /trpc/notes.create HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n' +
        'content-length: 100\r\n\r\n{',
      resolve,
    );
  });
}

test('stops in less than 10 s though a request is under way', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  await halfRequest(t, pod);
  pod.kill('SIGTERM');
  const { code } = await within(pod.closed, 'a stop', 10_000);
  assert.equal(code, 0);
});

test('a second signal ends it at once', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'), {
    args: ['--stop-grace-ms', '600000'],
  });
  await halfRequest(t, pod);
  pod.kill('SIGTERM');
  await pod.errorLine(/stopping/);
  pod.kill('SIGINT');
  const { code } = await within(pod.closed, 'the end', 10_000);
  assert.equal(code, 130);
});

test('a second process on one data directory is refused with a sentence', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const pod = await startPod(t, data);
  const second = await run(['serve', '--data', data, '--listen', '127.0.0.1:0']);
  assert.equal(second.code, 5);
  assert.equal(second.stdout, '');
  assert.match(second.stderr, new RegExp(`pid ${pod.child.pid}.*stop it first`));
});

test('a port that is taken is refused before anything is made, and says who has it', async (t) => {
  const directory = temporary(t);
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address();
  const data = path.join(directory, 'pod');
  const refused = await run(['serve', '--data', data, '--listen', `127.0.0.1:${port}`, '--json']);
  assert.equal(refused.code, 5);
  const { message } = JSON.parse(refused.stderr.trimEnd().split('\n').at(-1)).error;
  assert.match(message, new RegExp(`cannot listen on 127\\.0\\.0\\.1 port ${port}: .*in use`));
  assert.match(message, new RegExp(`pid ${process.pid}, has it.*--listen 127\\.0\\.0\\.1:0`));
  assert.deepEqual(readdirSync(directory), [], 'no directory, no key');

  const pod = await startPod(t, data);
  await pod.errorLine(/serving http/);
  assert.match(pod.stderr, /the owner's key, shown this once/);
});

test('a second start with the port of the first says that the first runs', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const pod = await startPod(t, data);
  const second = await run(['serve', '--data', data, '--listen', pod.address]);
  assert.equal(second.code, 5);
  assert.match(second.stderr, new RegExp(`Another synap process \\(pid ${pod.child.pid}\\).*stop it first`));
});

test('a port of another program is said to be its own, and who has the directory beside it', async (t) => {
  const data = path.join(temporary(t), 'pod');
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const listen = `127.0.0.1:${server.address().port}`;
  const pod = await startPod(t, data);
  const both = await run(['serve', '--data', data, '--listen', listen]);
  assert.equal(both.code, 5);
  assert.match(both.stderr, new RegExp(`, pid ${process.pid}, has it: stop that.*`
    + ` Another synap process \\(pid ${pod.child.pid}\\) has the data directory ${data}, too: stop it first`));
  assert.doesNotMatch(both.stderr, /and its port/);

  pod.kill('SIGTERM');
  await pod.end();
  const one = await run(['serve', '--data', data, '--listen', listen]);
  assert.equal(one.code, 5);
  assert.match(one.stderr, new RegExp(`, pid ${process.pid}, has it: stop that`));
  assert.doesNotMatch(one.stderr, /Another synap process/);
});

test('an address that others can reach needs --insecure', async (t) => {
  const directory = temporary(t);
  const refused = await run(['serve', '--data', path.join(directory, 'a'), '--listen', '0.0.0.0:0']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /no TLS yet.*proxy.*--insecure/);
  const pod = await startPod(t, path.join(directory, 'b'), {
    listen: '0.0.0.0:0',
    args: ['--insecure'],
  });
  assert.match(pod.url, /^http:\/\/0\.0\.0\.0:\d+$/);
});

test('flags beat variables and variables beat the file', async (t) => {
  const directory = temporary(t);
  const config = path.join(directory, 'synap.toml');
  const at = (name) => path.join(directory, name);
  writeFileSync(config, `data = "${at('file')}"\nlisten = "127.0.0.1:0"\n`);
  const ready = async (args, env) => {
    const pod = new Running(['serve', '--json', '--config', config, ...args], { env });
    t.after(() => pod.kill('SIGKILL'));
    const { data } = JSON.parse(await pod.line('the ready line'));
    pod.kill('SIGTERM');
    await pod.end();
    return data;
  };
  assert.equal(await ready([], {}), at('file'));
  assert.equal(await ready([], { SYNAP_DATA: at('variable') }), at('variable'));
  assert.equal(await ready(['--data', at('flag')], { SYNAP_DATA: at('variable') }), at('flag'));
});

test('a wrong configuration is refused with its place and what is allowed', async (t) => {
  const directory = temporary(t);
  const config = path.join(directory, 'synap.toml');
  const refusal = async (toml, { args = [], env = {} } = {}) => {
    writeFileSync(config, toml);
    const serve = ['serve', '--config', config, '--data', path.join(directory, 'pod'), ...args];
    const { code, stdout, stderr } = await run(serve, { env });
    assert.equal(code, 2, stderr);
    assert.equal(stdout, '');
    return stderr;
  };
  assert.match(await refusal('\nlistn = "x"\n'), /synap\.toml, line 2: .*"listn".*listen/);
  assert.match(await refusal('batch_max = "many"\n'), /line 1: batch_max must be a whole number from 1/);
  assert.match(await refusal('= 1\n'), /line 1: this is no TOML/);
  assert.match(await refusal('', { env: { SYNAP_LISTEN: '4400' } }), /SYNAP_LISTEN must be HOST:PORT/);
  assert.match(await refusal('', { args: ['--http-threads', '0'] }), /--http-threads must be .* 1 to 256/);
  const json = JSON.parse(await refusal('x = 1\n', { args: ['--json'] }));
  assert.equal(json.error.code, 'BAD_REQUEST');

  const missing = await run(['serve', '--config', path.join(directory, 'none.toml')]);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /none\.toml cannot be read/);
});

test('commands on a directory know that its database is on a server', async (t) => {
  const data = temporary(t);
  writeFileSync(path.join(data, 'pod.id'), '01980000-0000-7000-8000-000000000000\n');
  writeFileSync(path.join(data, 'owner.key'), 'synap_x\n', { mode: 0o600 });
  const doctor = await run(['doctor', '--data', data, '--url', 'http://127.0.0.1:1']);
  assert.match(doctor.stdout, /^warn +database +it is on a server, and was not looked at: --config FILE/m);
  const refused = await run(['serve', '--data', data, '--listen', '127.0.0.1:0']);
  assert.match(refused.stderr, /a pod whose database is on a server: it has a pod\.id and no synap\.db/);
  // It is not in the way of moving texts: what stops this is a bucket that nobody has.
  const config = path.join(data, 'synap.toml');
  writeFileSync(config, 's3_endpoint = "http://127.0.0.1:1"\ns3_bucket = "texts"\ns3_access_key = "a"\ns3_secret_key = "b"\n');
  const migrate = ['content', 'migrate', '--to', 's3', '--config', config, '--data', data];
  const moved = await run(migrate, { env: { SYNAP_DATABASE: 'postgres://127.0.0.1:1/none' } });
  assert.doesNotMatch(moved.stderr, /pod\.id/);
  assert.match(moved.stderr, /127\.0\.0\.1:1/);
});
