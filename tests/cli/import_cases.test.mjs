// What becomes of a file: title, tags, properties and text, as a reader of YAML 1.2, TOML, JSON and
// CommonMark has them; and that nothing is changed or left out without a word.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { client, startPod, temporary } from './synap.mjs';

const block = (yaml, body = 'Text\n') => `---\n${yaml}\n---\n${body}`;

// name: [file, {title, tags, properties, content}, what the report says of it]
const cases = {
  'escapes of a quoted text': [block('title: "\\xDCber \\U0001F4D6 \\u2014 \\ud83d\\udcd6"'), { title: 'Über 📖 — 📖' }],
  'an escape that YAML has not': [block('title: "D:\\temp\\quiz"'), { title: 'an escape that YAML has not', content: block('title: "D:\\temp\\quiz"') }, /kept as text: line 2/],
  'folded tags': [block('title: T\ntags: >\n  one,\n  two'), { title: 'T', tags: ['one', 'two'] }],
  'an alias': [block('all: &all [one, two]\ntags: *all\ntitle: T'), { title: 'T', tags: ['one', 'two'], properties: { all: ['one', 'two'] } }],
  'a merge': [block('base: &b {x: 1, y: 2}\nmine:\n  <<: *b\n  y: 3\ntitle: T'), { title: 'T', properties: { base: { x: 1, y: 2 }, mine: { y: 3, x: 1 } } }],
  'null among tags': [block('title: T\ntags:\n  - ~\n  - one\n  -'), { title: 'T', tags: ['one'] }, /2 tags without a name are left out/],
  'a tag twice': [block('title: T\ntags: [one, two, "#one", ""]'), { title: 'T', tags: ['one', 'two'] }, /a tag without a name is left out; the tag "one" is there twice: it counts once/],
  'tags that are a map': [block('tags: {x: 1}'), { title: 'tags that are a map', content: block('tags: {x: 1}') }, /kept as text: the tags are a map/],
  'an explicit type': [block('title: !!str 007\ncount: !!int "3"'), { title: '007', properties: { count: 3 } }],
  'a type that nobody knows': [block('title: T\nsize: !mm 3'), { title: 'T', properties: { size: '3' } }, /the type !mm/],
  'names of every kind': [block('og:type: a\n(x): b\nName: 1\nname: 2\n5: c\ntitle: T'), { title: 'T', properties: { 5: 'c', 'og:type': 'a', '(x)': 'b', Name: 1, name: 2 } }],
  'a list at the edge': [block('tags: [\n"one",\n"two"\n]\ntitle: T'), { title: 'T', tags: ['one', 'two'] }],
  'json between dashes': [block('{\n  "title": "T",\n  "tags": ["one"]\n}'), { title: 'T', tags: ['one'] }],
  'json without a fence': ['{\n  "title": "T",\n  "weight": 3\n}\nText\n', { title: 'T', properties: { weight: 3 } }],
  'json between semicolons': [';;;\n{"title": "T"}\n;;;\nText\n', { title: 'T' }],
  'toml': ['+++\ntitle = "T"\ndate = 2020-02-29\n[extra]\nsize = 1_000\n+++\nText\n', { title: 'T', properties: { date: '2020-02-29', extra: { size: 1000 }, $spelling: { '/extra/size': '1_000' } }, createdAt: '2020-02-29T00:00:00.000Z' }],
  'toml with a comment': ['+++\n# about\ntitle = "T"\n+++\nText\n', { title: 'T' }, /comments of the front matter are left out: 1/],
  'a name twice': [block('alias: x\nalias: y\ntitle: T'), { title: 'T', properties: { alias: 'y' } }, /"alias" is there twice; the last one counts, the other was "x"/],
  'numbers and dates as they are spelled': [block('title: T\na: 1.50\nb: 0x10\nc: 012\nd: 1e3\ne: yes\nf: 2021-03-04'),
    { title: 'T', properties: { a: 1.5, b: 16, c: 12, d: 1000, e: 'yes', f: '2021-03-04', $spelling: { '/a': '1.50', '/b': '0x10', '/c': '012', '/d': '1e3' } } }],
  'properties and no text': ['---\ntitle: T\nrating: 4\n---\n', { title: 'T', properties: { rating: 4 }, content: '\n' }],
  'dates that mean times': [block('title: T\nDate Created: 2001-02-03\nlastmod: 2002-03-04T05:06:07+01:00'),
    { title: 'T', properties: { 'Date Created': '2001-02-03', lastmod: '2002-03-04T05:06:07+01:00' }, createdAt: '2001-02-03T00:00:00.000Z', updatedAt: '2002-03-04T04:06:07.000Z' }],
  'a date that is none': [block('title: T\ncreated: last week'), { title: 'T', properties: { created: 'last week' } }, /"created" is no date/],
  'a comment': [block('title: T # mine\nlink: a#b\nnote: "x # y"'), { title: 'T', properties: { link: 'a#b', note: 'x # y' } }, /left out: 1/],
  'a colon too many': [block('title: One: (two: three)\ntags: one'), { title: 'One: (two: three)', tags: ['one'] }, /line 2: a colon/],
  'prose between rules': ['---\n**Bold**\n---\nText\n', { title: 'prose between rules', content: '---\n**Bold**\n---\nText\n' }, /kept as text/],
  'a block without an end': ['---\ntitle: T\n\n# Heading\n', { title: 'Heading', content: '---\ntitle: T\n\n# Heading\n' }, /has no end/],
  'windows': ['\ufeff---\r\ntitle: T\r\ntags:\r\n- one\r\n---\r\nText\r\n', { title: 'T', tags: ['one'], content: 'Text\r\n' }],
  'lines that end in each way': ['---\r\ntitle: T\n---\na\r\nb\nc\rd\r\n', { title: 'T', content: 'a\r\nb\nc\rd\r\n' }],
  'a fence that info does not close': ['```\na\n```js\n# no\n```\n# Yes', { title: 'Yes', content: '```\na\n```js\n# no\n```\n# Yes' }],
  'code in a line': ['```a``` is code\n\nTwo lines\nof *title*\n===\n', { title: 'Two lines of title', content: '```a``` is code\n\nTwo lines\nof *title*\n===\n' }],
  'deeper than anybody writes': [block(`a: ${'['.repeat(100_000)}`), { title: 'deeper than anybody writes', content: block(`a: ${'['.repeat(100_000)}`) }, /inside each other/],
  'a billion laughs': [block([...Array(20).keys()].map((i) => `a${i}: &a${i} [${i ? `*a${i - 1}, `.repeat(9) : '1'}]`).join('\n')), { title: 'a billion laughs' }, /kept as text: line 7, column 10: its aliases stand for more/],
};

test('a file becomes the note that readers of its languages see, and the report says the rest', async (t) => {
  const root = path.join(temporary(t), 'vault');
  mkdirSync(root);
  for (const [name, [text]] of Object.entries(cases)) writeFileSync(path.join(root, `${name}.md`), text);
  const pod = await startPod(t, path.join(temporary(t), 'pod'));
  const report = JSON.parse(await client(pod)('import', 'markdown', root, '--json'));
  assert.deepEqual(report.failed, []);
  assert.deepEqual(report.skipped, []);
  for (const [name, [text, expected, told]] of Object.entries(cases)) {
    const { id } = report.notes.find((note) => note.path === `${name}.md`);
    const note = JSON.parse(await client(pod)('call', 'notes.get', JSON.stringify({ id })));
    const wanted = { tags: [], ...expected };
    if (!('content' in wanted) && text.endsWith('Text\n') && !told?.source.startsWith('kept')) wanted.content = 'Text\n';
    if (!told?.source.startsWith('kept')) wanted.properties ??= {};
    for (const [field, value] of Object.entries(wanted)) assert.deepEqual(note[field], value, `${name}: ${field}`);
    const remarks = report.remarks.filter((remark) => remark.path === `${name}.md`);
    if (told) assert.match(remarks.map(({ reason }) => reason).join('; '), told, name);
    else assert.deepEqual(remarks, [], name);
  }
});
