import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import test from 'node:test';
import { client, makeNote, run, startPod, temporary } from './synap.mjs';

const json = async (pod, ...args) => JSON.parse(await client(pod)(...args));
const call = (pod, procedure, input) => json(pod, 'call', procedure, JSON.stringify(input));
const exporting = (pod, root) => json(pod, 'export', root, '--json');
const importing = (pod, root, ...args) => json(pod, 'import', 'markdown', root, '--json', ...args);

/** All notes with their texts, by title; what differs from pod to pod is left out. */
async function notesOf(pod) {
  const { notes } = await call(pod, 'notes.list', { limit: 100, sort: 'createdAt' });
  const all = [];
  for (const { id } of notes) {
    const { title, content, tags, properties, createdAt, updatedAt } = await call(pod, 'notes.get', { id });
    all.push({ title, content, tags, properties, createdAt, updatedAt });
  }
  return all.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** A pod with notes of many kinds, imported and made. */
async function filledPod(t) {
  const vault = path.join(temporary(t), 'vault');
  mkdirSync(vault);
  const files = {
    'a.md': '---\ntitle: "Über: alles 🌱"\ntags: [x, "y, z"]\nrating: 1.50\naliases: [b, 3]\ncreated: 2001-02-03\nup: {n: [1, {m: ~}]}\n---\nText\r\n',
    'b.md': '+++\ndate = 2002-03-04T05:06:07Z\nn = 1_000\n+++\n# Of TOML\n',
    'c.md': '---\nrating: 5\n---\n',
    'd.md': '# Plain\n',
    'e.md': '---\ntags: {not: a list}\n---\n# Kept as text\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(vault, name), text);
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { imported } = await importing(pod, vault);
  assert.equal(imported, 5);
  const made = path.join(temporary(t), 'made');
  mkdirSync(made);
  // Titles that are no names of files, and a text that looks like front matter.
  for (const title of ['../../etc/passwd', 'Clash', 'clash', 'CON', '‮gnp.exe', ' spaces ', 'x'.repeat(500)]) {
    await call(pod, 'notes.create', { title, content: '---\nnot: mine\n---\n', properties: { title, 5: 'five', 'a\nb': 0.1 } });
  }
  const end = Date.now() + 120_000;
  while ((await call(pod, 'notes.list', { limit: 100 })).notes.length < 12) {
    assert.ok(Date.now() < end, 'the notes are in the list within a minute');
  }
  return pod;
}

test('an export makes the same notes in another pod, and changes nothing in its own', async (t) => {
  const pod = await filledPod(t);
  const root = path.join(temporary(t), 'export');
  const first = await exporting(pod, root);
  assert.deepEqual([first.exported, first.unchanged, first.left, first.failed], [12, 0, [], []]);
  const names = readdirSync(root);
  assert.equal(names.length, 12);
  assert.equal(new Set(names.map((name) => name.toLowerCase())).size, 12);
  for (const name of names) assert.ok(!/^[.-]|[/\\:\u202e]/.test(name) && Buffer.byteLength(name) < 200, name);

  const events = (await json(pod, 'events', 'list', '--json', '--limit', '100000')).nextAfter;
  const own = await importing(pod, root);
  assert.deepEqual([own.alreadyThere, own.imported, own.changed, own.remarks], [12, 0, 0, []]);
  assert.equal((await json(pod, 'events', 'list', '--json', '--limit', '100000')).nextAfter, events);

  const other = await startPod(t, path.join(temporary(t), 'other'));
  const there = await importing(other, root);
  assert.deepEqual([there.imported, there.failed, there.remarks], [12, [], []]);
  assert.deepEqual(await notesOf(other), await notesOf(pod));
  const again = await importing(other, root);
  assert.equal(again.alreadyThere, 12);

  const second = await exporting(pod, root);
  assert.deepEqual([second.exported, second.unchanged], [0, 12]);
});

test('a file that was edited becomes a version, and is not written over', async (t) => {
  const pod = await filledPod(t);
  const root = path.join(temporary(t), 'export');
  await exporting(pod, root);
  const file = path.join(root, 'd.md');
  writeFileSync(file, readFileSync(file, 'utf8').replace('# Plain', '# Plain and edited'));
  const kept = await exporting(pod, root);
  assert.deepEqual(kept.left.map(({ path: name }) => name), ['d.md']);
  assert.match(readFileSync(file, 'utf8'), /edited/);
  const report = await importing(pod, root);
  assert.deepEqual([report.changed, report.alreadyThere], [1, 11]);
  const { id } = report.notes.find((note) => note.path === 'd.md');
  const note = await call(pod, 'notes.get', { id });
  assert.deepEqual([note.version, note.content], [2, '# Plain and edited\n']);
  assert.equal((await importing(pod, root)).alreadyThere, 12);
  // A note that has changed in the pod renews its file, under the name that it has.
  const third = await exporting(pod, root);
  assert.deepEqual([third.exported, third.unchanged, third.left], [1, 11, []]);
  assert.match(readFileSync(file, 'utf8'), /version: 2/);
});

test('what was imported lies where its file lay, and links by path hold in the next pod', async (t) => {
  const vault = path.join(temporary(t), 'vault');
  const files = {
    'home.md': '# Start\n\n[[garden/plan]] and [[work/plan]] and [the same](work/plan.md)\n',
    'garden/plan.md': '# Beds\n',
    'work/plan.md': '# Offers\n',
    'work/Deep er/No Title.MD': 'text\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(vault, name)), { recursive: true });
    writeFileSync(path.join(vault, name), text);
  }
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  assert.equal((await importing(pod, vault)).imported, 4);
  await client(pod)('notes', 'create', '# Made here', '--wait');
  const root = path.join(temporary(t), 'export');
  assert.equal((await exporting(pod, root)).exported, 5);
  const names = ['Made here.md', 'garden/plan.md', 'home.md', 'work/Deep er/No Title.md', 'work/plan.md'];
  assert.deepEqual(readdirSync(root, { recursive: true }).filter((name) => name.endsWith('.md')).sort(), names);
  assert.deepEqual((await importing(pod, root)).alreadyThere, 5);

  const other = await startPod(t, path.join(temporary(t), 'other'));
  assert.equal((await importing(other, root)).imported, 5);
  const mentioned = async (at) => {
    const { notes } = await call(at, 'notes.list', {});
    const titles = new Map(notes.map(({ id, title }) => [id, title]));
    const { relations } = await call(at, 'relations.list', { type: 'mentioned_in' });
    return relations.map(({ fromId, toId }) => [titles.get(fromId), titles.get(toId)].join(' - ')).sort();
  };
  const there = await mentioned(pod);
  assert.ok(there.length >= 2, JSON.stringify(there));
  const end = Date.now() + 120_000;
  while (JSON.stringify(await mentioned(other)) !== JSON.stringify(there)) assert.ok(Date.now() < end, JSON.stringify(await mentioned(other)));

  // What is there keeps its place, whatever is imported from elsewhere meanwhile.
  const elsewhere = path.join(temporary(t), 'else', 'where');
  mkdirSync(elsewhere, { recursive: true });
  writeFileSync(path.join(elsewhere, 'x.md'), '# X\n');
  await importing(pod, elsewhere);
  const second = await exporting(pod, root);
  assert.deepEqual([second.exported, second.unchanged], [1, 5]);
  // What somebody has written into the export is that note's file from then on.
  mkdirSync(path.join(root, 'new'));
  writeFileSync(path.join(root, 'new', 'n.md'), '# New here\n');
  assert.equal((await importing(pod, root)).imported, 1);
  const own = await exporting(pod, root);
  assert.deepEqual([own.exported, own.unchanged, own.left, own.failed], [1, 6, [], []]);
  assert.match(readFileSync(path.join(root, 'new', 'n.md'), 'utf8'), /^---\ntitle: New here\n[^]*# New here\n$/);
  assert.equal(readdirSync(root, { recursive: true }).filter((name) => name.endsWith('.md')).length, 7);
  // A copy that somebody keeps below is theirs, also where it comes first by name and nothing is at the top.
  mkdirSync(path.join(root, 'Backup'));
  copyFileSync(path.join(root, 'home.md'), path.join(root, 'Backup', 'home.md'));
  const dated = path.join(temporary(t), 'dated');
  mkdirSync(dated);
  assert.equal((await exporting(pod, path.join(dated, '2026-10'))).exported, 7);
  const { notes } = await call(pod, 'notes.list', { limit: 100 });
  await client(pod)('notes', 'update', notes.find(({ title }) => title === 'Start').id, '--content', '# Start\n\nnewer', '--wait');
  assert.equal((await exporting(pod, root)).exported, 1);
  assert.match(readFileSync(path.join(root, 'home.md'), 'utf8'), /newer/);
  assert.doesNotMatch(readFileSync(path.join(root, 'Backup', 'home.md'), 'utf8'), /newer/);
  assert.equal((await exporting(pod, dated)).exported, 7);
  // A directory of somebody's that is no directory, or leads elsewhere, is none of an export.
  const fresh = path.join(temporary(t), 'fresh');
  const outside = path.join(temporary(t), 'outside');
  for (const made of [fresh, outside]) mkdirSync(made);
  const third = path.join(temporary(t), 'third');
  assert.equal((await exporting(other, third)).exported, 5);
  symlinkSync(outside, path.join(fresh, 'garden'));
  writeFileSync(path.join(fresh, 'work'), 'mine');
  const refused = JSON.parse((await run(['export', fresh, '--json'], { env: other.env })).stdout);
  assert.deepEqual([refused.exported, refused.failed], [5, []]);
  assert.ok(readdirSync(fresh).some((name) => /^plan [0-9a-f]{8}\.md$/.test(name)), 'at the top');
  assert.equal(readFileSync(path.join(fresh, 'work'), 'utf8'), 'mine');
  assert.deepEqual(readdirSync(outside), []);
});

test('of two at once one is refused, and of two files of a note the other is told', async (t) => {
  const pod = await filledPod(t);
  const root = path.join(temporary(t), 'export');
  mkdirSync(root);
  // Somebody who has the directory, as an export does.
  const holder = spawn('flock', [root, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  holder.stdin.write('x');
  await once(holder.stdout, 'data');
  const refused = await run(['export', root], { env: pod.env });
  assert.equal(refused.code, 5, refused.stderr);
  assert.match(refused.stderr, /Another export is writing into .*export: wait for it/);
  assert.deepEqual(readdirSync(root), []);
  holder.stdin.end();
  await once(holder, 'exit');
  assert.equal((await exporting(pod, root)).exported, 12);
  writeFileSync(path.join(root, 'zz.md'), readFileSync(path.join(root, 'd.md')));
  const { imported, alreadyThere, remarks } = await importing(pod, root);
  assert.deepEqual([imported, alreadyThere], [1, 12]);
  // Files are read at once: either may come first.
  const [{ path: copy, reason }] = remarks;
  assert.ok(remarks.length === 1 && ['d.md', 'zz.md'].includes(copy), copy);
  assert.equal(reason, 'another file claims to be the same note, so it is one of its own');
});

test('of many notes without a file the first are told', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const root = path.join(temporary(t), 'export');
  mkdirSync(root);
  for (let i = 0; i < 15; ++i) {
    const { entityId: id } = await json(pod, 'notes', 'create', `# N ${i}`, '--wait', '--json');
    // Both of its names are taken by something else.
    mkdirSync(path.join(root, `N ${i}.md`));
    mkdirSync(path.join(root, `N ${i} ${id.slice(-8)}.md`));
  }
  const { code, stdout } = await run(['export', root], { env: pod.env });
  assert.equal(code, 1);
  assert.match(stdout, /^failed:\n( {2}N \d+ .*\n){10} {2}… and 5 more; --json has all\nfailed {9}15\n/);
});

test('other files and links are left alone', async (t) => {
  const pod = await filledPod(t);
  const root = path.join(temporary(t), 'export');
  mkdirSync(root);
  const outside = path.join(temporary(t), 'outside');
  writeFileSync(outside, 'mine');
  writeFileSync(path.join(root, 'd.md'), 'mine');
  symlinkSync(outside, path.join(root, 'b.md'));
  symlinkSync(path.join(root, 'nowhere'), path.join(root, 'c.md'));
  const report = await exporting(pod, root);
  assert.equal(report.exported, 12);
  assert.equal(readFileSync(path.join(root, 'd.md'), 'utf8'), 'mine');
  assert.equal(readFileSync(outside, 'utf8'), 'mine');
  assert.equal(readdirSync(root).length, 15);
  assert.ok(readdirSync(root).some((name) => /^d [0-9a-f]{8}\.md$/.test(name)));
  assert.ok(!readdirSync(root).includes('nowhere'));
});

test('a later export gives no note the name of another one that it has, whatever the case', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const root = path.join(temporary(t), 'export');
  await makeNote(pod, '# bee\n');
  await exporting(pod, root);
  await client(pod)('call', 'notes.create', JSON.stringify({ content: '# Bee\n', createdAt: '2020-01-01T00:00:00Z' }), '--wait');
  assert.deepEqual((await exporting(pod, root)).exported, 1);
  const names = readdirSync(root);
  assert.equal(names.length, 2);
  assert.ok(names.includes('bee.md') && names.some((name) => /^Bee [0-9a-f]{8}\.md$/.test(name)), names.join());
});

test('says why it cannot, and makes no directory without a pod', async (t) => {
  const root = path.join(temporary(t), 'export');
  const away = await run(['export', root, '--url', 'http://127.0.0.1:9', '--data', root]);
  assert.notEqual(away.code, 0);
  assert.match(away.stderr, /No pod answers/);
  assert.throws(() => readdirSync(root));
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const file = path.join(temporary(t), 'file');
  writeFileSync(file, '');
  for (const directory of [file, path.join(file, 'in', 'it')]) {
    const wrong = await run(['export', directory], { env: pod.env });
    assert.equal(wrong.code, 2, wrong.stderr);
    assert.match(wrong.stderr, /Not a directory/);
  }
  const none = await run(['export', path.join(root, 'deep', 'er')], { env: pod.env });
  assert.equal(none.code, 3);
  assert.match(none.stderr, /cannot be made: No such file/);
  const empty = await run(['export', root], { env: pod.env });
  assert.equal(empty.stdout, 'failed         0\nexported       0\nunchanged      0\n');
});

test('an edit of the block that an export wrote is kept, or its file is', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const { id } = await makeNote(pod, '# One\n');
  const root = path.join(temporary(t), 'export');
  await exporting(pod, root);
  const [name] = readdirSync(root);
  const file = path.join(root, name);
  const text = readFileSync(file, 'utf8');
  const edit = (to) => writeFileSync(file, text.replace('  version:', to));

  for (const to of ['  extra: precious\n  version:', '  # precious\n  version:']) {
    edit(to);
    const kept = await exporting(pod, root);
    assert.deepEqual([kept.exported, kept.left.length], [0, 1], to);
    assert.match(readFileSync(file, 'utf8'), /precious/);
  }
  edit('  extra: precious\n  version:');
  assert.equal((await importing(pod, root)).changed, 1);
  const end = Date.now() + 120_000;
  while ((await call(pod, 'notes.get', { id })).version < 2) assert.ok(Date.now() < end);
  assert.deepEqual((await call(pod, 'notes.get', { id })).properties, { synap: { extra: 'precious' } });
  assert.equal((await exporting(pod, root)).exported, 1);
  assert.match(readFileSync(file, 'utf8'), /precious/);
});

test('tags that a text says by itself are in it, and not beside it', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const root = path.join(temporary(t), 'export');
  await client(pod)('notes', 'create', '--title', 'Seeds', '--tag', 'home', '--tag', 'both', 'For #garden and #both.', '--wait');
  await exporting(pod, root);
  const file = path.join(root, readdirSync(root)[0]);
  assert.match(readFileSync(file, 'utf8'), /^tags: *\n? *(- home\n *- both|\[home, both\])\n/m);
  assert.equal((await importing(pod, root)).alreadyThere, 1);
  writeFileSync(file, readFileSync(file, 'utf8').replace(/home/, 'house').replace('#garden', '#yard'));
  assert.equal((await importing(pod, root)).changed, 1);
  const { notes } = await call(pod, 'notes.list', {});
  assert.deepEqual([notes[0].tags, notes[0].ownTags, notes[0].textTags], [['house', 'both', 'yard'], ['house', 'both'], ['yard', 'both']]);
  // A tag that the text has already is given by the file, too.
  const more = readFileSync(file, 'utf8').replace('both]', 'both, yard]').replace('- both\n', '- both\n  - yard\n');
  writeFileSync(file, more);
  assert.equal((await importing(pod, root)).changed, 1);
  assert.deepEqual((await call(pod, 'notes.list', {})).notes[0].ownTags, ['house', 'both', 'yard']);
  assert.equal((await importing(pod, root)).alreadyThere, 1);
});

test('links to a note that was renamed lead to it where the export is taken in', async (t) => {
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const alpha = JSON.parse(await client(pod)('notes', 'create', '--title', 'Alpha', 'What it is.', '--wait', '--json')).entityId;
  await client(pod)('notes', 'create', '--title', 'One', 'See [[Alpha#Part|it]].', '--wait');
  const mention = async (at) => (await call(at, 'relations.list', { type: 'mentioned_in' })).relations[0]?.properties;
  const until = async (holds) => {
    const end = Date.now() + 120_000;
    while (!(await holds())) assert.ok(Date.now() < end);
  };
  await until(() => mention(pod));
  const before = path.join(temporary(t), 'before');
  await exporting(pod, before);

  await call(pod, 'notes.update', { id: alpha, title: 'Gamma' });
  await until(async () => (await mention(pod)).wikiLink === 'Gamma');
  const root = path.join(temporary(t), 'export');
  await exporting(pod, root);
  assert.match(readFileSync(path.join(root, 'One.md'), 'utf8'), /See \[\[Gamma#Part\|it\]\]\./);
  assert.equal((await importing(pod, root)).alreadyThere, 2);
  // Into the directory of an earlier one as well, where the note keeps its file.
  await exporting(pod, before);
  for (const directory of [root, before]) {
    const other = await startPod(t, path.join(temporary(t), 'other'));
    assert.equal((await importing(other, directory)).imported, 2);
    await until(() => mention(other));
    assert.deepEqual(await mention(other), { wikiLink: 'Gamma', heading: 'Part' });
  }
});
