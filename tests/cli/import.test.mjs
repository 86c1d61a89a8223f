import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { Running, client, run, startPod, temporary } from './synap.mjs';

/** A directory of files: {'a/b.md': text}. */
function tree(t, files) {
  const root = path.join(temporary(t), 'tree');
  mkdirSync(root);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), content);
  }
  return root;
}

const importer = (pod, root) => async (...args) =>
  JSON.parse(await client(pod)('import', 'markdown', root, '--json', ...args));

async function allNotes(pod) {
  const notes = [];
  let cursor;
  do {
    const page = JSON.parse(await client(pod)('call', 'notes.list', JSON.stringify({ limit: 100, cursor })));
    notes.push(...page.notes);
    cursor = page.nextCursor;
  } while (cursor);
  return notes;
}

/** Nothing can be put where a file is in the way of the directory, until `blocked` is taken away. */
async function podThatStoresNothing(t) {
  const data = path.join(temporary(t), 'pod');
  const pod = await startPod(t, data);
  const user = JSON.parse(await client(pod)('events', 'list', '--json', '--limit', '1')).events[0].userId;
  mkdirSync(path.join(data, 'content'), { recursive: true });
  const blocked = path.join(data, 'content', user);
  rmSync(blocked, { recursive: true, force: true });
  writeFileSync(blocked, 'in the way');
  return { pod, blocked };
}

async function count(pod, type) {
  const events = await client(pod)('events', 'list', '--json', '--limit', '100000', '--type', type);
  return JSON.parse(events).events.length;
}

test('makes notes of a tree, with title, tags and text, and says what it left out', async (t) => {
  const root = tree(t, {
    'plain.md': 'just text\n',
    'heading.markdown': 'Before\n\n## The heading\n',
    'sub/deep/front.MD': '---\ntitle: "Front: matter"\ntags: [a, "b c"]\n---\n# Other\n',
    'list.md': '---\ntags:\n  - x\n  - y\n---\n# L\n',
    'comma.md': '---\ntags: p, q\n---\n# C\n',
    'broken.md': '---\ntitle: "open\n---\n# Broken\n',
    'node_modules/package/README.md': '# Package\n',
    'empty.md': '',
    'only-front.md': '---\ntitle: T\n---\n',
    'latin1.md': Buffer.from([0x61, 0xe9, 0x62]),
    'large.md': Buffer.alloc(10 * 1024 * 1024 + 1, 'a'),
    '.git/HEAD.md': '# no\n',
    'picture.png': 'no',
  });
  symlinkSync('/etc', path.join(root, 'outside'));
  symlinkSync('plain.md', path.join(root, 'inside.md'));
  symlinkSync('nowhere', path.join(root, 'dangling.md'));
  mkdirSync(path.join(root, 'directory.md'));
  const pod = await startPod(t, path.join(temporary(t), 'pod'));

  const rehearsed = await run(['import', 'markdown', root, '--json', '--dry-run'], { env: pod.env });
  assert.equal(JSON.parse(rehearsed.stdout).imported, 8);
  assert.equal(rehearsed.code, 1);
  assert.equal((await allNotes(pod)).length, 0);

  const imported = await run(['import', 'markdown', root, '--json', '--tag', 'all'], { env: pod.env });
  const report = JSON.parse(imported.stdout);
  assert.equal(report.imported, 8);
  assert.equal(imported.code, 1, 'something was left out that says something');
  assert.match(imported.stderr, /^synap: 2 left out: too large, no UTF-8, or cannot be read/, 'large.md and latin1.md');
  assert.equal(report.alreadyThere, 0);
  assert.deepEqual(report.failed, []);
  assert.equal(report.otherFiles, 1);
  const reasons = Object.fromEntries(report.skipped.map(({ path: name, reason }) => [name, reason]));
  assert.deepEqual(Object.keys(reasons).sort(), ['.git', 'dangling.md', 'empty.md', 'inside.md',
    'large.md', 'latin1.md', 'outside']);
  assert.match(reasons['.git'], /hidden/);
  assert.match(reasons['latin1.md'], /UTF-8: byte 2/);
  assert.match(reasons['large.md'], /too large: 10\.0 MiB, at most 10 MiB/);
  assert.match(reasons['outside'], /leads out/);
  assert.match(reasons['inside.md'], /link to plain\.md/);
  assert.match(reasons['dangling.md'], /nowhere/);
  assert.equal(report.remarks.length, 1);
  assert.match(report.remarks[0].reason, /kept as text: line 2, column 8: a quote is not closed/);

  const notes = Object.fromEntries((await allNotes(pod)).map((note) => [note.title, note]));
  assert.deepEqual(Object.keys(notes).sort(),
    ['Broken', 'C', 'Front: matter', 'L', 'Package', 'T', 'The heading', 'plain']);
  assert.deepEqual(notes['Front: matter'].tags, ['a', 'b c', 'all']);
  assert.deepEqual(notes.L.tags, ['x', 'y', 'all']);
  assert.deepEqual(notes.C.tags, ['p', 'q', 'all']);
  const content = async (title) =>
    JSON.parse(await client(pod)('call', 'notes.get', JSON.stringify({ id: notes[title].id }))).content;
  assert.equal(await content('Front: matter'), '# Other\n');
  assert.equal(await content('Broken'), '---\ntitle: "open\n---\n# Broken\n');
  const id = report.notes.find((note) => note.path === 'sub/deep/front.MD').id;
  assert.equal(id, notes['Front: matter'].id);
});

const note = async (pod, id, version) =>
  JSON.parse(await client(pod)('call', 'notes.get', JSON.stringify({ id, version })));
const change = async (pod, procedure, input) => {
  const { requestId } = JSON.parse(await client(pod)('call', procedure, JSON.stringify(input)));
  const watch = new Running(['events', 'tail', '--json', '--after', '0'], { env: pod.env });
  for (;;) {
    const event = JSON.parse(await watch.line());
    if (event.requestId === requestId && !event.type.endsWith('.requested')) break;
  }
  watch.kill('SIGKILL');
};
const numbers = ({ imported, changed, renamed, alreadyThere, deleted, failed }) =>
  [imported, changed, renamed, alreadyThere, deleted.length, failed.length];
const idOf = (report, name) => report.notes.find((one) => one.path === name).id;

test('repeated, it does what has changed: nothing, a new version, a new path', async (t) => {
  const root = tree(t, { 'a.md': '# A', 'b.md': '# B', 'copy/b.md': '# B' });
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const again = importer(pod, root);
  const first = await again();
  assert.deepEqual(numbers(first), [3, 0, 0, 0, 0, 0], 'two files of one text are two notes');
  const before = await count(pod, 'note.update.requested');
  assert.deepEqual(numbers(await again()), [0, 0, 0, 3, 0, 0]);
  const tagged = await again('--tag', 'late');
  assert.deepEqual(numbers(tagged), [0, 0, 0, 3, 0, 0]);
  assert.match(tagged.remarks[0].reason, /imported before with other tags/);
  assert.equal(await count(pod, 'note.update.requested'), before, 'an unchanged file does nothing');

  writeFileSync(path.join(root, 'a.md'), '---\ntags: [x]\nrating: 3\n---\n# A, changed');
  const rehearsed = await again('--dry-run');
  assert.deepEqual(numbers(rehearsed), [0, 1, 0, 2, 0, 0]);
  assert.equal(await count(pod, 'note.update.requested'), before, 'a rehearsal does nothing');
  const third = await again();
  assert.deepEqual(numbers(third), [0, 1, 0, 2, 0, 0]);
  const a = await note(pod, idOf(first, 'a.md'));
  assert.deepEqual([a.version, a.title, a.tags, a.properties, a.content],
    [2, 'A, changed', ['x'], { rating: 3 }, '# A, changed']);

  renameSync(path.join(root, 'a.md'), path.join(root, 'z.md'));
  const moved = await again();
  assert.deepEqual(numbers(moved), [0, 0, 1, 2, 0, 0]);
  assert.equal(idOf(moved, 'z.md'), idOf(first, 'a.md'));
  assert.match(moved.remarks[0].reason, /it was .*\/a\.md$/);
  assert.deepEqual(numbers(await again()), [0, 0, 0, 3, 0, 0]);
  writeFileSync(path.join(root, 'z.md'), '# A, renamed and changed');
  assert.deepEqual(numbers(await again()), [0, 1, 0, 2, 0, 0]);
  // The same files from further down are the same files.
  const below = await importer(pod, path.join(root, 'copy'))();
  assert.deepEqual(numbers(below), [0, 0, 0, 1, 0, 0]);
  assert.equal((await allNotes(pod)).length, 3);
});

test('a rehearsal says what the import says: every remark, and which files have changed', async (t) => {
  const files = { 'moved.md': '# Moved', 'same.md': '# Same', 'tags.md': '---\ntags: [a, a]\n---\n# Tags' };
  for (let i = 10; i < 30; ++i) files[`n${i}.md`] = `# N ${i}`;
  const root = tree(t, files);
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const again = importer(pod, root);
  assert.deepEqual((await again('--dry-run')).remarks, (await again()).remarks);
  renameSync(path.join(root, 'moved.md'), path.join(root, 'elsewhere.md'));
  for (let i = 10; i < 30; ++i) writeFileSync(path.join(root, `n${i}.md`), `# N ${i}, changed`);
  const printed = await client(pod)('import', 'markdown', root, '--dry-run');
  const rehearsed = await again('--dry-run');
  const done = await run(['import', 'markdown', root], { env: pod.env });
  assert.deepEqual([done.code, done.stderr], [0, '']);
  assert.match(done.stdout, /^changed:\n {2}n10\.md\n {2}n11\.md\n[^]*\n {2}… and 10 more; --json has all\n/);
  assert.match(done.stdout, /\n {2}elsewhere\.md: it was .*moved\.md\n/);
  assert.equal(printed, done.stdout.replace(/failed +0\nimported {7}/, 'to import      '));
  assert.deepEqual(rehearsed.remarks.map(({ path }) => path), ['elsewhere.md', 'tags.md']);
  assert.equal(rehearsed.notes.filter(({ fate }) => fate === 'changed').length, 20);
});

test('what was changed in the pod stays, and is told where the file has changed as well', async (t) => {
  const root = tree(t, { 'a.md': '---\ntitle: A\ntags: [x]\n---\nText\n' });
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const first = await importer(pod, root)();
  const id = idOf(first, 'a.md');
  await change(pod, 'notes.update', { id, title: 'Of the pod', tags: ['x', 'mine'] });
  writeFileSync(path.join(root, 'a.md'), '---\ntitle: A\ntags: [y]\n---\nOther text\n');
  const second = await importer(pod, root)();
  assert.deepEqual(numbers(second), [0, 1, 0, 0, 0, 0]);
  assert.deepEqual(second.remarks, []);
  const merged = await note(pod, id);
  assert.deepEqual([merged.title, merged.tags, merged.content], ['Of the pod', ['y', 'mine'], 'Other text\n']);
  await change(pod, 'notes.update', { id, content: 'The text of the pod\n' });
  writeFileSync(path.join(root, 'a.md'), 'The text of the file\n');
  const third = await importer(pod, root)();
  assert.match(third.remarks.map(({ reason }) => reason).join(), /its content had been changed in the pod, too: version 4/);
  assert.equal((await note(pod, id)).content, 'The text of the file\n');
  assert.equal((await note(pod, id, 4)).content, 'The text of the pod\n');
  // A restore is not undone by an import of the unchanged file.
  await change(pod, 'notes.restore', { id, version: 4 });
  assert.deepEqual(numbers(await importer(pod, root)()), [0, 0, 0, 1, 0, 0]);
});

test('a text that was deleted in the pod\'s own directory comes back from its file, or is told', async (t) => {
  const root = tree(t, { 'a.md': '# A\n', 'b.md': '---\ntitle: B\nupdated: 2020-01-01\n---\ntext\n', 'c.md': '# C\n', 'd.md': '# D\n' });
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const again = importer(pod, root);
  const first = await again();
  const ids = Object.fromEntries('abcd'.split('').map((name) => [name, idOf(first, `${name}.md`)]));
  const lose = async (id, version) => {
    const { versions } = JSON.parse(await client(pod)('call', 'notes.history', JSON.stringify({ id })));
    rmSync(path.join(pod.data, 'content', versions.find((one) => one.version === version).filePath));
  };
  const told = ({ remarks }) => Object.fromEntries(remarks.map(({ path: name, reason }) => [name, reason]));

  // Unchanged files, one of them cut and not deleted; one was changed since.
  for (const id of [ids.a, ids.c]) await lose(id, 1);
  const b = await note(pod, ids.b);
  writeFileSync(path.join(pod.data, 'content', b.filePath), 't');
  writeFileSync(path.join(root, 'c.md'), '# C, changed\n');
  assert.deepEqual(numbers(await again('--dry-run')), [0, 3, 0, 1, 0, 0]);
  const second = await again();
  assert.deepEqual(numbers(second), [0, 3, 0, 1, 0, 0]);
  assert.deepEqual(told(second), {
    'a.md': 'the text of its version 1 is gone or damaged: a new version has it again',
    'b.md': 'the text of its version 1 is gone or damaged: a new version has it again',
    'c.md': 'the text of its version 1 is gone or damaged: the new version has the file\'s',
  });
  assert.equal((await note(pod, ids.a)).content, '# A\n');
  assert.equal((await note(pod, ids.c)).content, '# C, changed\n');
  const mended = await note(pod, ids.b);
  assert.deepEqual([mended.content, mended.version, mended.updatedAt], ['text\n', 2, '2020-01-01T00:00:00.000Z']);
  assert.deepEqual(numbers(await again()), [0, 0, 0, 4, 0, 0]);

  // A text of the pod alone: the file has an older one.
  await change(pod, 'notes.update', { id: ids.d, content: '# D of the pod\n' });
  await lose(ids.d, 2);
  const third = await again();
  assert.deepEqual(numbers(third), [0, 0, 0, 4, 0, 0]);
  assert.deepEqual(told(third), {
    'd.md': 'the text of its version 2 is gone or damaged, and is another than this file\'s; ' +
      `\`synap notes restore ${ids.d} --version 1\` takes the file's`,
  });
  assert.equal((await note(pod, ids.d, 1)).content, '# D\n');
  await client(pod)('notes', 'restore', ids.d, '--version', '1', '--wait');
  assert.equal((await note(pod, ids.d)).content, '# D\n');

  // Renamed besides.
  await lose(ids.a, 2);
  renameSync(path.join(root, 'a.md'), path.join(root, 'z.md'));
  assert.deepEqual(numbers(await again()), [0, 1, 0, 3, 0, 0]);
  assert.equal((await note(pod, ids.a)).content, '# A\n');
  assert.deepEqual(numbers(await again()), [0, 0, 0, 4, 0, 0]);
});

test('a note that was deleted is said to be, and made again when that is asked', async (t) => {
  const root = tree(t, { 'a.md': '# A', 'b.md': '# B' });
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const id = idOf(await importer(pod, root)(), 'a.md');
  await change(pod, 'notes.delete', { id });
  for (const flag of ['--dry-run', '--json']) {
    const report = await importer(pod, root)(flag);
    assert.deepEqual(numbers(report), [0, 0, 0, 1, 1, 0]);
    assert.deepEqual(report.deleted, [{ path: 'a.md', reason: 'its note was deleted; --again makes a new one' }]);
  }
  assert.equal((await allNotes(pod)).length, 1);
  const again = await importer(pod, root)('--again');
  assert.deepEqual(numbers(again), [1, 0, 0, 1, 0, 0]);
  assert.notEqual(idOf(again, 'a.md'), id);
  assert.deepEqual(numbers(await importer(pod, root)('--again')), [0, 0, 0, 2, 0, 0]);
  assert.deepEqual(numbers(await importer(pod, root)()), [0, 0, 0, 2, 0, 0]);
});

test('two imports at once make each note once, and each says what it did itself', async (t) => {
  const files = {};
  for (let i = 0; i < 400; ++i) files[`${i}.md`] = `# Note ${i}`;
  const root = tree(t, files);
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const both = await Promise.all([importer(pod, root)(), importer(pod, root)()]);
  assert.equal(both[0].imported + both[1].imported, 400);
  for (const report of both) assert.equal(report.imported + report.alreadyThere, 400);
  assert.equal(await count(pod, 'note.creation.requested'), 400);
  for (let i = 0; i < 400; ++i) writeFileSync(path.join(root, `${i}.md`), `# Note ${i}, changed`);
  const changes = await Promise.all([importer(pod, root)(), importer(pod, root)()]);
  assert.equal(changes[0].changed + changes[1].changed, 400);
  assert.equal(await count(pod, 'note.update.requested'), 400);
});

test('what a pod cannot store now is said to be under way, and is there when it can', async (t) => {
  const root = tree(t, { 'a.md': `# A\n${'text '.repeat(20)}`, 'b.md': '# B' });
  const { pod, blocked } = await podThatStoresNothing(t);
  const first = await run(['import', 'markdown', root, '--json', '--patience', '1'], { env: pod.env });
  assert.equal(first.code, 1, first.stdout);
  const { failed } = JSON.parse(first.stdout);
  assert.equal(failed.length, 2);
  assert.match(failed[0].reason, /accepted as request [0-9a-f-]{36}, but not done after 1 s/);
  assert.match(first.stderr, /2 of 2 files failed; the same command again tries those only/);
  rmSync(blocked);
  // They were accepted: the same commands, sent again, are the first ones, which end now.
  assert.deepEqual(numbers(await importer(pod, root)()), [0, 0, 0, 2, 0, 0]);
  assert.equal((await allNotes(pod)).length, 2);
  assert.equal(await count(pod, 'note.creation.requested'), 2);
});

test('what an earlier import has handed over is waited for: a file that was moved meanwhile is its note', async (t) => {
  const root = tree(t, { 'a.md': `# A\n${'text '.repeat(20)}`, 'b.md': '# B' });
  const { pod, blocked } = await podThatStoresNothing(t);
  assert.equal((await run(['import', 'markdown', root, '--patience', '0'], { env: pod.env })).code, 1);
  renameSync(path.join(root, 'a.md'), path.join(root, 'moved.md'));
  const second = importer(pod, root)();
  setTimeout(() => rmSync(blocked), 2_000);
  assert.deepEqual(numbers(await second), [0, 0, 1, 1, 0, 0]);
  assert.equal((await allNotes(pod)).length, 2);
});

test('a note whose run was given up before is made by the same command again', async (t) => {
  const root = tree(t, { 'a.md': `# A\n${'text '.repeat(20)}`, 'b.md': '# B' });
  const { pod, blocked } = await podThatStoresNothing(t);
  const first = await run(['import', 'markdown', root, '--json'], { env: pod.env });
  assert.equal(first.code, 1, first.stdout);
  assert.equal(JSON.parse(first.stdout).failed.length, 2);
  assert.match(first.stderr, /2 of 2 files failed; the same command again tries those only/);
  rmSync(blocked);
  const second = await importer(pod, root)();
  assert.deepEqual(numbers(second), [2, 0, 0, 0, 0, 0]);
  assert.deepEqual(numbers(await importer(pod, root)()), [0, 0, 0, 2, 0, 0]);
  assert.equal((await allNotes(pod)).length, 2);
});

test('a command that was given up before is sent again, as a new one', async (t) => {
  const keys = [];
  const fate = { r1: ['note.creation.failed', 5], r2: ['note.creation.completed', 12] };
  const events = (input) => {
    const [type, position] = fate[input.correlationId] ?? [];
    return { events: type ? [{ type, position, requestId: input.correlationId }] : [], nextAfter: 9, atEnd: true };
  };
  const server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://x');
    const answer = (body) => response.end(JSON.stringify(body));
    const result = (data) => ({ result: { data } });
    request.resume().on('end', () => {
      if (request.method === 'POST') {
        keys.push(request.headers['idempotency-key']);
        return answer(result({ requestId: `r${keys.length}`, entityId: 'e' }));
      }
      const input = JSON.parse(searchParams.get('input'));
      if (pathname.endsWith('findOrigins')) return answer(result({ notes: [] }));
      if (searchParams.has('batch')) return answer(Object.values(input).map((one) => result(events(one))));
      return answer(result(events(input)));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { code, stdout, stderr } = await run(['import', 'markdown', tree(t, { 'a.md': '# A' }), '--json',
    '--url', `http://127.0.0.1:${server.address().port}`]);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).imported, 1);
  assert.equal(new Set(keys).size, 2);
});

test('prints a report to read, and no progress where there is no terminal', async (t) => {
  const files = { 'a.md': '# A' };
  for (let i = 10; i < 70; ++i) files[`e${i}.md`] = '';
  const root = tree(t, files);
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { code, stdout, stderr } = await run(['import', 'markdown', root], { env: pod.env });
  assert.equal(code, 0);
  assert.equal(stderr, '');
  const lines = stdout.split('\n');
  assert.deepEqual(lines.slice(0, 3), ['skipped:', '  e10.md: empty', '  e11.md: empty']);
  assert.deepEqual(lines.slice(10), ['  e19.md: empty', '  … and 50 more; --json has all',
    'failed         0', 'imported       1', 'already there  0', 'skipped        60', '']);
  const none = await run(['import', 'markdown', path.join(root, 'none')], { env: pod.env });
  assert.equal(none.code, 3);
  assert.match(none.stderr, /There is no directory/);
  const file = await run(['import', 'markdown', path.join(root, 'a.md')], { env: pod.env });
  assert.equal(file.code, 2);
  assert.match(file.stderr, /a\.md is no directory/);
});

test('what a pod keeps is no file of anybody: its directory is left out, and refused by itself', async (t) => {
  const root = tree(t, { 'one.md': '# One', 'two.md': '# Two' });
  const pod = await startPod(t, path.join(root, 'synap-data'));
  for (const [imported, already] of [[2, 0], [0, 2], [0, 2]]) {
    const done = JSON.parse(await client(pod)('import', 'markdown', root, '--json'));
    assert.deepEqual([done.imported, done.alreadyThere], [imported, already]);
    assert.deepEqual(done.skipped, [{ path: 'synap-data', reason: 'the directory of a pod' }]);
  }
  for (const directory of [pod.data, path.join(pod.data, 'content')]) {
    for (const command of [['import', 'markdown', directory], ['export', directory]]) {
      const refused = await run(command, { env: pod.env });
      assert.equal(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, /synap-data is the directory of a pod/);
    }
  }
});

test('a rehearsal without a pod says that it knows of none', async (t) => {
  const root = tree(t, { 'a.md': '# A' });
  const { code, stdout, stderr } = await run(
    ['import', 'markdown', root, '--dry-run', '--url', 'http://127.0.0.1:9', '--data', root]);
  assert.equal(code, 0);
  assert.match(stdout, /to import {6}1/);
  assert.match(stderr, /what is there already is not known: No pod answers/);
});

test('notes that are made together are sent together, and read from the log', async (t) => {
  const files = { 'large.md': 'x'.repeat(1_500_000) };
  for (let i = 0; i < 320; ++i) files[`${i}.md`] = `# ${i}`;
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const posts = [];
  const proxy = http.createServer((request, response) => {
    if (request.method === 'POST') posts.push(request.url.split('?')[0].split(',').length);
    const { host, ...headers } = request.headers;
    const far = http.request(pod.url + request.url, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    request.pipe(far);
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => (proxy.closeAllConnections(), proxy.close()));
  const { code, stdout, stderr } = await run(['import', 'markdown', tree(t, files), '--json', '--key', pod.key,
    '--url', `http://127.0.0.1:${proxy.address().port}`]);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).imported, 321);
  assert.equal(posts.reduce((sum, one) => sum + one), 321);
  assert.ok(posts.length <= 13, `${posts.length} requests`);
  assert.ok(posts.includes(1), 'the large one goes alone');
});

test('a pod with small limits takes what fits', async (t) => {
  const files = { 'large.md': 'x'.repeat(5000) };
  for (let i = 0; i < 30; ++i) files[`${i}.md`] = `# ${i}`;
  const root = tree(t, files);
  const pod = await startPod(t, path.join(temporary(t), 'pod'), {
    args: ['--batch-max', '3', '--body-bytes-max', '4096'],
  });
  const { code, stdout } = await run(['import', 'markdown', root, '--json'], { env: pod.env });
  const report = JSON.parse(stdout);
  assert.equal(report.imported, 30);
  assert.equal(report.skipped.length, 1);
  assert.equal(code, 1);
  assert.match(report.skipped[0].reason, /too large for this pod/);
});

test('a pod that is killed and started again in the middle loses and doubles nothing', async (t) => {
  const files = {};
  for (let i = 0; i < 1500; ++i) files[`${i % 10}/${i}.md`] = `# Note ${i}\n\n${'text '.repeat(200)}`;
  const root = tree(t, files);
  const data = path.join(temporary(t), 'pod');
  let pod = await startPod(t, data);
  const watch = new Running(['events', 'tail', '--json', '--after', '0', '--type',
    'note.creation.completed'], { env: pod.env });
  t.after(() => watch.kill('SIGKILL'));
  const running = new Running(['import', 'markdown', root, '--json'], { env: pod.env });
  t.after(() => running.kill('SIGKILL'));
  let completed = 0;
  for (const until of [50, 300]) {
    for (; completed < until; ++completed) await watch.line(`completion ${completed}`);
    assert.equal(running.child.exitCode, null, 'the import is under way');
    pod.kill('SIGKILL');
    await pod.end();
    pod = await startPod(t, data, { listen: pod.address });
  }
  const { code, stdout, stderr } = await running.end();
  assert.equal(code, 0, stderr);
  // It says that it waits where the pod is away for more than a moment.
  for (const line of stderr.split('\n').filter(Boolean)) assert.match(line, /; trying again for up to 60 s$/);
  const report = JSON.parse(stdout);
  assert.equal(report.imported, 1500);
  assert.deepEqual(report.failed, []);
  assert.equal(await count(pod, 'note.creation.requested'), 1500);
  assert.equal(await count(pod, 'note.creation.completed'), 1500);
  const notes = await allNotes(pod);
  assert.equal(new Set(notes.map((note) => note.title)).size, 1500);
  // The tail, too, has seen each exactly once.
  for (; completed < 1500; ++completed) await watch.line(`completion ${completed}`);
  const seen = watch.stdout.trimEnd().split('\n').map((line) => JSON.parse(line).requestId);
  assert.equal(new Set(seen).size, seen.length);

  const repeated = await importer(pod, root)();
  assert.deepEqual([repeated.imported, repeated.alreadyThere], [0, 1500]);
});

test('an import that is killed is just begun again', async (t) => {
  const files = {};
  for (let i = 0; i < 600; ++i) files[`${i}.md`] = `# Note ${i}`;
  const root = tree(t, files);
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const watch = new Running(['events', 'tail', '--json', '--after', '0', '--type',
    'note.creation.requested'], { env: pod.env });
  t.after(() => watch.kill('SIGKILL'));
  const first = new Running(['import', 'markdown', root, '--concurrency', '2'], { env: pod.env });
  for (let i = 0; i < 20; ++i) await watch.line();
  first.kill('SIGKILL');
  assert.equal((await first.end()).signal, 'SIGKILL', 'it was under way');
  const report = await importer(pod, root)();
  assert.equal(report.imported + report.alreadyThere, 600);
  assert.equal(await count(pod, 'note.creation.requested'), 600);
});

// A pod of another kind: says 503 to the first `refusals` commands and remembers their keys.
async function busyPod(t, refusals) {
  const keys = [];
  const server = http.createServer((request, response) => {
    const answer = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    request.resume().on('end', () => {
      if (request.method === 'GET') {
        const events = [{ type: 'note.creation.completed', position: 9 }];
        const notes = request.url.includes('findOrigins') ? { notes: [] } : {};
        const one = { result: { data: { events, nextAfter: 1, ...notes } } };
        const batch = request.url.includes('batch=1') ? request.url.split('?')[0].split(',').length : 0;
        return answer(200, batch ? Array(batch).fill(one) : one);
      }
      keys.push(request.headers['idempotency-key']);
      if (keys.length <= refusals) {
        const data = { code: 'SERVICE_UNAVAILABLE', httpStatus: 503 };
        return answer(503, { error: { message: 'The disk is full', code: -32603, data } });
      }
      return answer(200, { result: { data: { requestId: 'r', entityId: 'e' } } });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { keys, server, url: `http://127.0.0.1:${server.address().port}` };
}

test('a busy pod is asked again, under the same key', async (t) => {
  const root = tree(t, { 'a.md': '# A' });
  const { keys, url } = await busyPod(t, 3);
  const { code, stdout, stderr } = await run(['import', 'markdown', root, '--json', '--url', url]);
  assert.equal(code, 0);
  assert.match(stderr, /^synap: The disk is full; trying again for up to 60 s\n$/, 'once, and at once');
  assert.equal(JSON.parse(stdout).imported, 1);
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
  assert.match(keys[0], /^import:[0-9a-f]{64}$/);
});

test('a pod that stays busy ends the patience, and every file is reported', async (t) => {
  const root = tree(t, { 'a.md': '# A', 'b.md': '# B' });
  const { url } = await busyPod(t, Infinity);
  const { code, stdout, stderr } = await run(
    ['import', 'markdown', root, '--json', '--url', url, '--patience', '1'],
  );
  assert.equal(code, 1);
  assert.deepEqual(JSON.parse(stdout).failed.map((file) => file.path), ['a.md', 'b.md']);
  assert.match(JSON.parse(stdout).failed[0].reason, /The disk is full/);
  assert.match(stderr, /2 of 2 files failed/);
});

test('a key of few scopes imports with notes:read, notes:write and events:read, and with less does nothing', async (t) => {
  const root = tree(t, { 'a.md': '# a\n', 'b.md': '# b\n' });
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const needed = ['notes:read', 'notes:write', 'events:read'];
  const runWith = async (scopes) => {
    const made = await client(pod)('keys', 'create', 'x', ...scopes.flatMap((scope) => ['--scope', scope]), '--json');
    return run(['import', 'markdown', root, '--json'], { env: { ...pod.env, SYNAP_KEY: JSON.parse(made).key } });
  };
  for (const left of needed) {
    const { code, stderr } = await runWith(needed.filter((scope) => scope !== left));
    assert.equal(code, 4, stderr);
    assert.match(JSON.parse(stderr).error.message, new RegExp(`the scope ${left} is needed`));
  }
  const proposing = await runWith(['notes:read', 'notes:propose', 'events:read']);
  assert.equal(proposing.code, 4, proposing.stderr);
  assert.match(JSON.parse(proposing.stderr).error.message, /only propose, and the scope notes:write is needed/);
  assert.equal((await allNotes(pod)).length, 0);
  const { code, stdout, stderr } = await runWith(needed);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).imported, 2);
});

test('--patience waits for a pod that is away at the begin, and without it that is an error at once', async (t) => {
  const root = tree(t, { 'a.md': '# A' });
  const { url, server } = await busyPod(t, 0);
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  const args = ['import', 'markdown', root, '--json', '--url', url];
  const atOnce = await run(args);
  assert.equal(atOnce.code, 1);
  assert.match(JSON.parse(atOnce.stderr).error.message, /No pod answers/);
  const begun = Date.now();
  const inVain = await run([...args, '--patience', '1']);
  assert.equal(inVain.code, 1);
  assert.ok(Date.now() - begun >= 1000, 'it waited');
  const patient = run([...args, '--patience', '60']);
  await new Promise((resolve) => setTimeout(resolve, 500));
  server.listen(port, '127.0.0.1');
  const { code, stdout, stderr } = await patient;
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).imported, 1);
});

test('another path is no change of what a file says: when it was changed stays', async (t) => {
  const said = '---\ncreated: 2020-01-01\nupdated: 2021-02-03\n---\n# A\n';
  const root = tree(t, { 'a.md': said, 'b.md': said.replace('# A', '# B') });
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const again = importer(pod, root);
  const first = await again();
  const b = idOf(first, 'b.md');
  await change(pod, 'notes.update', { id: b, title: 'Of the pod' });
  for (const [from, to] of [['a.md', 'y.md'], ['b.md', 'z.md'], ['y.md', 'x.md']]) {
    renameSync(path.join(root, from), path.join(root, to));
    assert.equal((await again()).renamed, 1);
  }
  const a = await note(pod, idOf(first, 'a.md'));
  assert.deepEqual([a.createdAt, a.updatedAt], ['2020-01-01T00:00:00.000Z', '2021-02-03T00:00:00.000Z']);
  assert.notEqual((await note(pod, b)).updatedAt, '2021-02-03T00:00:00.000Z', 'it was changed in the pod since');
});

test('a renamed file is its note beside an export of it, and the export is no other', async (t) => {
  const root = tree(t, { 'd4.md': '# Dfour\n' });
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const again = importer(pod, root);
  await again();
  await client(pod)('export', root);
  assert.deepEqual(numbers(await again()), [0, 0, 0, 2, 0, 0]);
  renameSync(path.join(root, 'd4.md'), path.join(root, 'e4.md'));
  assert.deepEqual(numbers(await again()), [0, 0, 1, 1, 0, 0]);
});

test('a file that names a version which its note has not is a note of its own, and says so', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const mine = await importer(pod, tree(t, { 'diary.md': '# Diary\nprecious' }))();
  const id = idOf(mine, 'diary.md');
  const exported = temporary(t);
  await client(pod)('export', exported);
  await change(pod, 'notes.update', { id, content: '# Diary\nprecious, edited' });
  const said = (version) => `---\nsynap: {id: ${id}, version: ${version}}\n---\nhostile text\n`;
  const again = importer(pod, tree(t, { 'downloaded.md': said(7), 'none.md': said(0), 'less.md': said(-1) }));
  const report = await again();
  assert.deepEqual(numbers(report), [3, 0, 0, 0, 0, 0]);
  assert.ok(report.remarks.some(({ path: file, reason }) =>
    file === 'downloaded.md' && reason.includes(`names version 7 of the note ${id}, which is not here`)), JSON.stringify(report.remarks));
  assert.equal((await note(pod, id)).content, '# Diary\nprecious, edited');
  assert.deepEqual(numbers(await again()), [0, 0, 0, 3, 0, 0]);
  // Nor does such a file keep the one that is the note's from being it.
  writeFileSync(path.join(exported, 'AAA.md'), said(8));
  writeFileSync(path.join(exported, 'diary.md'), readFileSync(path.join(exported, 'diary.md'), 'utf8').replace('precious', 'precious, by hand'));
  const both = await importer(pod, exported)();
  assert.deepEqual(numbers(both), [1, 1, 0, 0, 0, 0]);
  assert.match((await note(pod, id)).content, /precious, by hand/);
});

test('a version beyond all numbers harms its own file alone', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const mine = await importer(pod, tree(t, { 'a.md': '# A' }))();
  const said = `---\nsynap: {id: ${idOf(mine, 'a.md')}, version: 9007199254740993}\n---\nhostile\n`;
  const again = importer(pod, tree(t, { 'b.md': '# B', 'c.md': said, 'd.md': '# D' }));
  assert.deepEqual(numbers(await again()), [3, 0, 0, 0, 0, 0]);
  assert.equal((await note(pod, idOf(mine, 'a.md'))).content, '# A');
});

test('an id in capitals is the same note\'s', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  await importer(pod, tree(t, { 'a.md': '# A\nthe first' }))();
  const exported = temporary(t);
  await client(pod)('export', exported);
  const text = readFileSync(path.join(exported, 'a.md'), 'utf8');
  writeFileSync(path.join(exported, 'B.md'), text.replace(/id: \S+/, (id) => `id: ${id.slice(4).toUpperCase()}`).replace('first', 'second'));
  writeFileSync(path.join(exported, 'a.md'), text.replace('first', 'first, by hand'));
  const report = await importer(pod, exported)();
  assert.deepEqual(numbers(report), [1, 1, 0, 0, 0, 0]);
  assert.ok(report.remarks.some(({ reason }) => reason.includes('another file claims to be the same note')), JSON.stringify(report.remarks));
});

test('an export of a later version than the pod has any more is not taken for its own without a word', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const mine = await importer(pod, tree(t, { 'a.md': '# A\none' }))();
  const id = idOf(mine, 'a.md');
  await change(pod, 'notes.update', { id, content: '# A\nprecious' });
  const exported = temporary(t);
  await client(pod)('export', exported);
  const file = path.join(exported, 'a.md');
  // As of the same version of a pod that was put back since, and went on otherwise.
  const lost = readFileSync(file, 'utf8').replace('precious', 'lost').replace(/updatedAt: .*/, 'updatedAt: 2020-01-01T00:00:00.000Z');
  writeFileSync(file, lost);
  const report = await importer(pod, exported)();
  assert.ok(report.remarks.some(({ reason }) => reason === 'its content is of another version 2 than the one of the pod, which keeps that'), JSON.stringify(report.remarks));
  assert.match((await change(pod, 'notes.restore', { id, version: 2 }), await note(pod, id)).content, /precious/);
});

test('of a pod that was put back from an older copy later exports that say the same do nothing', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  await importer(pod, tree(t, { 'a.md': '# A\nthe same' }))();
  const exported = temporary(t);
  await client(pod)('export', exported);
  const file = path.join(exported, 'a.md');
  const later = readFileSync(file, 'utf8').replace(/version: ?1/, 'version: 2');
  assert.match(later, /version: 2/);
  writeFileSync(file, later);
  assert.deepEqual(numbers(await importer(pod, exported)()), [0, 0, 0, 1, 0, 0]);
});
