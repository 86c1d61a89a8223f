// Two nodes of one pod: what is done at one of them holds at the other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { launchBrowser } from './browser.mjs';
import { Database, delay, EventSource, until, within } from './harness.mjs';
import { many, Node } from './node.mjs';

const kHeardMsMax = 2_000;

/** A model that answers what `said` gives, a word at a time. */
async function slowModel(said) {
  const server = createServer(async (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (value) => response.write(`data: ${JSON.stringify({ choices: [value] })}\n\n`);
    for (const content of said().match(/\S+\s*/g)) {
      send({ index: 0, delta: { content }, finish_reason: null });
      await delay(20);
    }
    send({ index: 0, delta: {}, finish_reason: 'stop' });
    response.end('data: [DONE]\n\n');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/v1`, close: () => server.close() };
}

/** Each item of agents.watch at a node, and when it came. */
function watchAgent(node, key, id) {
  const items = [];
  const source = new EventSource(`${node.url}/trpc/agents.watch?input=${encodeURIComponent(JSON.stringify({ id }))}`, {
    fetch: (url, options) => fetch(url, { ...options, headers: { ...options.headers, authorization: `Bearer ${key}` } }),
  });
  const ended = new Promise((resolve) => {
    source.onmessage = ({ data }) => items.push({ ...JSON.parse(data), at: Date.now() });
    source.addEventListener('return', () => {
      source.close();
      resolve(items);
    });
  });
  return { items, ended, close: () => source.close() };
}

describe('two nodes of one pod', () => {
  let database;
  let first;
  let second;
  let key;
  let model;
  let answer = 'Yes.';
  const others = [];
  before(async () => {
    database = Database.create();
    model = await slowModel(() => answer);
    first = await Node.make(database, { flags: [...many, '--node-name', 'first', '--drain-ms', '1500'] });
    const config = join(first.data, 'synap.toml');
    await writeFile(config, `models = { chat = [{ wire = "chat-completions", url = "${model.url}", model = "any" }] }\n`);
    first.flags.push('--config', config);
    await first.start().serves();
    key = (await readFile(join(first.data, 'owner.key'), 'utf8')).trim();
    second = await (await Node.make(database, { flags: [...many, '--node-name', 'second', '--config', config], shares: first })).start().serves();
  });
  after(async () => {
    for (const node of [first, second, ...others]) {
      if (node?.child?.exitCode === null) node.child.kill('SIGKILL');
      if (node) await rm(node.data, { recursive: true, force: true });
    }
    database?.drop();
    model?.close();
  });
  const search = (node, q) => node.ask(`search.query?input=${encodeURIComponent(JSON.stringify({ q }))}`, key);
  const refused = async (options) => {
    const node = (await Node.make(database, options)).start();
    others.push(node);
    return node;
  };

  test('each tells which they are, and one of them leads', async () => {
    for (const [node, name] of [[first, 'first'], [second, 'second']]) {
      const { mode, nodes } = await node.ask('nodes.list', key);
      assert.equal(mode, 'many');
      assert.deepEqual(nodes.map((one) => [one.name, one.leads, one.isConnected]), [['first', true, true], ['second', false, true]]);
      assert.equal(nodes.find(({ isThis }) => isThis).name, name);
    }
  });

  test('who listens for appends of others asks for nothing while none come', async () => {
    const asked = () => database.rows(`SELECT pid, state_change FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'synap watch' ORDER BY pid`);
    await until(async () => {
      const before = asked();
      await delay(2_500);
      assert.equal(before.length, 2);
      return asked().join() === before.join();
    }, 'their connections stay silent');
  });

  test('each tells how far the followers of the one that leads are', async () => {
    const lags = async (node) => (await node.ask('nodes.list', key)).followers.map(({ lag }) => lag);
    // What the one that leads appends itself, and what concerns few of them.
    await first.ask('users.create', key, { name: 'of no follower' });
    for (const node of [first, second]) {
      await until(async () => (await lags(node)).every((lag) => lag === 0), 'all is folded', 2 * kHeardMsMax).catch(async (error) => {
        throw new Error(`${error.message}: ${await lags(node)}`);
      });
    }
  });

  test('an owner sees on the page of either which one leads', async () => {
    const browser = await launchBrowser();
    for (const [node, own] of [[first, 'first'], [second, 'second']]) {
      const page = await browser.newPage();
      await page.goto(`${node.url}/pod`);
      await page.fill('#key', key);
      await page.keyboard.press('Enter');
      const card = page.getByRole('region', { name: 'Nodes', exact: true });
      await card.getByText('second').waitFor();
      const lines = await card.getByRole('listitem').allTextContents();
      assert.deepEqual(
        lines.map((line) => /(first|second) (leads|follows)(, answers here)?/.exec(line)?.[0]),
        [`first leads${own === 'first' ? ', answers here' : ''}`, `second follows${own === 'second' ? ', answers here' : ''}`],
      );
      await page.close();
    }
    await browser.close();
  });

  test('what is made at the one is found at the other, in one index', async () => {
    for (const [at, other, word] of [[first, second, 'sycamore'], [second, first, 'hornbeam']]) {
      await at.ask('notes.create', key, { content: `An old ${word}` });
      await until(async () => (await search(other, word)).hits.length === 1, `${word} is found`);
      const { hits } = await search(at, word);
      assert.equal(hits.length, 1);
    }
    // The node that leads writes it, in the database; there are no files of it.
    const indexes = database.rows("SELECT relname FROM pg_class WHERE relname LIKE 'state\\_search\\_1\\_%' AND relkind = 'r'");
    assert.equal(indexes.length, 1);
    // Whoever opens it to write counts that there: one has.
    assert.deepEqual(database.rows(`SELECT writer FROM ${indexes[0]}`), ['1']);
    for (const node of [first, second]) {
      const files = await readdir(join(node.data, 'search')).catch(() => []);
      assert.deepEqual(files.filter((name) => name.startsWith('index-')), []);
    }
    const { lag } = await first.ask('search.status', key);
    assert.equal(lag, 0);
  });

  test('an index that a node which only reads it finds damaged is made again', async () => {
    const [table] = database.rows("SELECT relname FROM pg_class WHERE relname LIKE 'terms\\_search\\_1\\_%' AND relkind = 'r'");
    database.run(`DROP TABLE ${table}`);
    await assert.rejects(search(second, 'sycamore'), /503|damaged|SERVICE_UNAVAILABLE/);
    const found = (node) => search(node, 'sycamore').then(({ hits }) => hits.length === 1, () => false);
    await until(() => found(second), 'it is there again');
    assert.ok(await found(first));
  });

  test('a command at the one is carried out, and shown by the other', async () => {
    for (const [at, other] of [[first, second], [second, first]]) {
      const { requestId, entityId } = await at.ask('notes.create', key, { content: `# by ${at.port}` });
      await until(async () => {
        const input = encodeURIComponent(JSON.stringify({ requestId }));
        return (await other.ask(`requests.get?input=${input}`, key)).status === 'completed';
      }, 'the note is made');
      const note = await other.ask(`notes.get?input=${encodeURIComponent(JSON.stringify({ id: entityId }))}`, key);
      assert.match(note.content, new RegExp(`by ${at.port}`));
    }
    // Several of one thing go one after another, whoever takes them.
    const { entityId } = await second.ask('notes.create', key, { content: 'v1' });
    for (let i = 2; i <= 7; ++i) {
      await (i % 2 ? first : second).ask('notes.update', key, { id: entityId, content: `v${i}` });
    }
    const input = encodeURIComponent(JSON.stringify({ id: entityId }));
    // Before the first of them is made there is no note.
    const version = async () => (await first.call(`notes.get?input=${input}`, key)).result?.data.version;
    await until(async () => (await version()) === 7, 'all updates are made');
    assert.equal((await second.ask(`notes.get?input=${input}`, key)).content, 'v7');
  });

  test('who watches at the one sees what the other has committed, in order', async () => {
    const { position } = await first.ask('events.head', key);
    const input = encodeURIComponent(JSON.stringify({ lastEventId: String(position) }));
    const seen = [];
    const source = new EventSource(`${second.url}/trpc/events.watch?input=${input}`, {
      fetch: (url, options) => fetch(url, { ...options, headers: { ...options.headers, authorization: `Bearer ${key}` } }),
    });
    source.onmessage = ({ data }) => seen.push(JSON.parse(data).position);
    try {
      for (let i = 0; i < 10; ++i) await (i % 2 ? first : second).ask('tasks.create', key, { title: `t${i}` });
      await until(() => seen.length >= 20, 'all is seen');
      assert.deepEqual(seen, seen.map((_, i) => position + 1 + i));
    } finally {
      source.close();
    }
  });

  test('who watches an agent at the one reads the answer while it comes to the other', async () => {
    answer = Array.from({ length: 100 }, (_, i) => `word${i}`).join(' ') + ' 20 €';
    const { runId } = await first.ask('chat.send', key, { text: 'What is there?' });
    const watches = [first, second].map((node) => watchAgent(node, key, runId));
    for (const watch of watches) {
      const items = await within(watch.ended, 'the answer is watched to its end');
      assert.equal(items.at(-1).run?.status, 'completed');
      const texts = items.filter(({ type }) => type === 'text');
      assert.equal(texts.map(({ text }) => text).join(''), answer);
      // It takes 2 s to say: nobody waited for the end of it.
      assert.ok(texts.length >= 10, `${texts.length} pieces`);
      assert.ok(texts.at(-1).at - texts[0].at > 1_000, 'it came as it was said');
    }
    // Who comes late is told all of it, too.
    answer = answer.replaceAll('word', 'another');
    const later = await second.ask('chat.send', key, { text: 'And else?' });
    const early = watchAgent(second, key, later.runId);
    await until(() => early.items.filter(({ type }) => type === 'text').length >= 5, 'it is being said');
    for (const watch of [early, watchAgent(second, key, later.runId)]) {
      const items = await within(watch.ended, 'the answer is watched to its end');
      assert.equal(items.filter(({ type }) => type === 'text').map(({ text }) => text).join(''), answer);
    }
  });

  test('counts of the other node include what was just done', async () => {
    const before = (await second.ask('tasks.list', key)).total;
    await second.ask('tasks.create', key, { title: 'counted' });
    await until(async () => (await second.ask('tasks.list', key)).total === before + 1, 'it is counted', kHeardMsMax);
  });

  test('a key that is made or revoked at the one is so at the other', async () => {
    for (const [at, other] of [[first, second], [second, first]]) {
      const made = await at.ask('users.create', key, { name: `user of ${at.port}` });
      await until(async () => (await other.call('tasks.list', made.key)).status === 200, 'it is known', kHeardMsMax);
      await other.ask('keys.create', key, { userId: made.userId, name: 'another' }).catch(() => null);
      await at.ask('keys.revoke', made.key, { keyId: made.keyId });
      assert.equal((await at.call('tasks.list', made.key)).status, 401);
      await until(async () => (await other.call('tasks.list', made.key)).status === 401, 'it is revoked', kHeardMsMax);
    }
  });

  test('a function that is paused at the node that serves is not called by the one that leads', async () => {
    await second.ask('functions.pause', key, { id: 'notes.create' });
    await delay(kHeardMsMax);
    const { requestId } = await first.ask('notes.create', key, { content: 'waits' });
    const status = async () => (await second.ask(`requests.get?input=${encodeURIComponent(JSON.stringify({ requestId }))}`, key)).status;
    await delay(500);
    assert.equal(await status(), 'pending');
    await second.ask('functions.resume', key, { id: 'notes.create' });
    await until(async () => (await status()) === 'completed', 'it goes on', 8_000);
  });

  test('read models are rebuilt by the node that leads, if all can do without', async () => {
    const rebuild = (node) => node.call('projections.rebuild', key, { name: 'notes' });
    assert.match((await rebuild(second)).error.message, /Another node leads/);
    assert.match((await rebuild(first)).error.message, /stop the other nodes/);
  });

  test('a pod that is not one of many, or has its texts elsewhere, is refused', async () => {
    const alone = await refused({ shares: first });
    assert.notEqual(await alone.ended(), 0);
    assert.match(alone.said, /Another pod has the database/);
    const elsewhere = await refused({ flags: many });
    assert.notEqual(await elsewhere.ended(), 0);
    assert.match(elsewhere.said, /copy the pod\.id/);
    database.run("UPDATE pod_nodes SET version = '0.0.1' WHERE name = 'second'");
    const newer = await refused({ flags: many, shares: first });
    assert.notEqual(await newer.ended(), 0);
    assert.match(newer.said, /The node second runs Synap 0\.0\.1/);
    database.run("UPDATE pod_nodes SET version = (SELECT version FROM pod_nodes WHERE name = 'first') WHERE name = 'second'");
  });

  test('one that stops says so first, and another leads', async () => {
    const ended = first.end('SIGTERM');
    await until(async () => (await first.ready()) === 503, '/ready says no', 1_000);
    await first.ask('tasks.create', key, { title: 'while it drains' });
    assert.equal(await ended, 0);
    const { requestId } = await second.ask('notes.create', key, { content: 'a linden after' });
    const input = encodeURIComponent(JSON.stringify({ requestId }));
    await until(async () => (await second.ask(`requests.get?input=${input}`, key)).status === 'completed', 'it is made', 8_000);
    const { nodes } = await second.ask('nodes.list', key);
    assert.deepEqual(nodes.map(({ name, leads }) => [name, leads]), [['second', true]]);
    await until(async () => (await search(second, 'linden')).hits.length === 1, 'it is found');
    assert.equal((await second.ask('tasks.list', key)).total >= 12, true);
    await first.start().serves();
    // A connection to the process that has ended may be tried first.
    const all = await until(() => first.ask('nodes.list', key).catch(() => null), 'it is back');
    assert.equal(all.nodes.length, 2);
  });
});
