// What somebody gives, kept as it is: numbers, the ends of lines, the days of a filter. Needs no browser.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ui = fileURLToPath(new URL('../../ui', import.meta.url));
const { build } = createRequire(join(ui, 'package.json'))('esbuild');

let folder;
let lib;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synap-ui-'));
  const parts = ['given-json', 'line-ends', 'filter', 'run-filter', 'fields'];
  const contents = parts.map((part) => `export * from './src/lib/${part}.ts';`).join('\n');
  const outfile = join(folder, 'lib.mjs');
  await build({ stdin: { contents, resolveDir: ui }, bundle: true, format: 'esm', outfile, logLevel: 'error' });
  lib = await import(pathToFileURL(outfile));
});
after(() => rm(folder, { recursive: true, force: true }));

describe('JSON that somebody gives', () => {
  test('is refused where a number of it would be kept as another', () => {
    for (const [number, becomes] of [
      ['9007199254740993', '9007199254740992'],
      ['-9007199254740993', '-9007199254740992'],
      ['1152921504606846976', '1152921504606847000'],
      ['12345678901234567890', '12345678901234567000'],
      ['1e400', 'null'],
      ['-1e400', 'null'],
      ['9007199254740993.0', '9007199254740992'],
      ['9007199254740993e0', '9007199254740992'],
      ['90071992547409.93E+2', '9007199254740992'],
      ['123456789012345678e3', '123456789012345680000'],
      ['1e-400', '0'],
      ['-0.1e-400', '0'],
    ]) {
      assert.throws(
        () => lib.parseGiven(`{"9007199254740993": "9007199254740993", "a": [1, {"b": ${number}}]}`),
        { message: `The number ${number} cannot be kept: it would come back as ${becomes}. Write it as a text, in quotation marks` },
      );
    }
  });

  test('is taken where it reads back, and refused as before where it is no JSON', () => {
    for (const text of ['0', '-0', '9007199254740992', '9007199254740994', '0.1', '3.14159265358979323846', '1e21', '1152921504606847000', '0e-400', '5e-324', '3.0', '1e2', '10E-1', '0.0', '-0.0', '1.5e300', '9007199254740992.00', '9007199254740993.5', '"\\"9007199254740993"']) {
      assert.deepEqual(lib.parseGiven(text), JSON.parse(text), text);
    }
    assert.throws(() => lib.parseGiven('{'), SyntaxError);
  });

  test('of a form of fields, too', () => {
    const json = { name: 'properties', label: 'Properties', kind: 'json', schema: {} };
    const count = { name: 'count', label: 'Count', kind: 'number', schema: {} };
    assert.throws(() => lib.fromText(json, '{"n":9007199254740993}'), /Properties: The number 9007199254740993/);
    assert.throws(() => lib.fromText(count, '9007199254740993'), /9007199254740993 cannot be kept/);
    assert.throws(() => lib.fromText(count, '09007199254740993.0'), /9007199254740993.0 cannot be kept/);
    assert.throws(() => lib.fromText(count, '1e-400'), /come back as 0/);
    assert.throws(() => lib.fromText(count, '1e400'), /no number/);
    assert.equal(lib.fromText(count, '.5'), 0.5);
    assert.equal(lib.fromText(count, '007'), 7);
    assert.equal(lib.fromText(count, '-1.5'), -1.5);
  });
});

describe('the tags that somebody gives', () => {
  test('are changed beside those that the text has, if it has some', () => {
    const fields = ['title', 'tags'].map((name) => ({ name, path: [name], kind: 'list', schema: {} }));
    const values = (thing) => lib.changedBy(fields, thing).map((one) => [...one.path, lib.valueOf(one, thing)]);
    assert.deepEqual(values({ title: 't', tags: ['a', 'b'], ownTags: ['a'] }), [['title', 't'], ['ownTags', ['a']]]);
    assert.deepEqual(values({ title: 't', tags: ['b'], ownTags: [] }), [['title', 't'], ['ownTags', []]]);
    assert.deepEqual(values({ title: 't', tags: ['a'] }), [['title', 't'], ['tags', ['a']]]);
    assert.equal(lib.changedBy(fields), fields, 'of something new');
    const thing = { tags: ['a', 'b'], ownTags: ['a'] };
    assert.deepEqual(lib.valueOf(fields[1], thing), ['a', 'b'], 'to be read');
  });
});

describe('the ends of lines', () => {
  const edited = (before, edit) => lib.withLineEnds(before, edit(before.replace(/\r\n?/g, '\n')));

  test('stay as they were where the lines stayed', () => {
    const mixed = 'one\r\ntwo\nthree\r\nfour\nfive';
    assert.equal(edited(mixed, (text) => text), mixed);
    assert.equal(edited(mixed, (text) => text.replace('three', 'THREE')), 'one\r\ntwo\nTHREE\r\nfour\nfive');
    assert.equal(edited(mixed, (text) => `${text}\nsix`), `${mixed}\nsix`);
    assert.equal(edited(mixed, (text) => `zero\n${text}`), `zero\r\n${mixed}`);
    assert.equal(edited(mixed, (text) => text.replace('two\n', '')), 'one\r\nthree\r\nfour\nfive');
    assert.equal(edited(mixed, (text) => `0\n${text.replace('three', '3')}\n6`), '0\r\none\r\ntwo\n3\r\nfour\nfive\n6');
  });

  test('are those of Windows also for what is new, where all were', () => {
    assert.equal(edited('a\r\nb\r\n', (text) => `${text}c\nd`), 'a\r\nb\r\nc\r\nd');
    assert.equal(edited('a\r\nb\r\n', (text) => text.replace('a', 'x\ny')), 'x\r\ny\r\nb\r\n');
    assert.equal(edited('a\nb\n', (text) => `${text}c`), 'a\nb\nc');
    assert.equal(edited('a\r\n', () => ''), '');
    assert.equal(edited('old\rmac\r', (text) => text.replace('mac', 'Mac')), 'old\rMac\r');
  });
});

describe('a day that a filter names', () => {
  test('counts whole: from its beginning since, to its end until', () => {
    const zone = process.env.TZ;
    process.env.TZ = 'Asia/Tokyo';
    try {
      const asked = (text) => lib.parseFilter(text).asked;
      assert.equal(asked('since:2026-01-31').from, '2026-01-30T15:00:00.000Z');
      assert.equal(asked('until:2026-01-31').to, '2026-01-31T15:00:00.000Z');
      assert.equal(asked('until:2026-02').to, '2026-02-28T15:00:00.000Z');
      assert.equal(asked('until:2026').to, '2026-12-31T15:00:00.000Z');
      assert.equal(asked('until:2026-01-31T12:00Z').to, '2026-01-31T12:00:00.001Z');
      assert.equal(lib.parseRunFilter('until:2026-01-31').asked.to, '2026-01-31T15:00:00.000Z');
      assert.equal(lib.parseRunFilter('since:2026-01-31').asked.from, '2026-01-30T15:00:00.000Z');
      const { passes } = lib.parseFilter('until:2026-01-31');
      assert.ok(passes({ at: Date.parse('2026-01-31T14:59:59.999Z') }));
      assert.ok(!passes({ at: Date.parse('2026-01-31T15:00:00Z') }));
    } finally {
      process.env.TZ = zone;
      if (zone === undefined) delete process.env.TZ;
    }
  });
});
