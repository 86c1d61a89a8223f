// The parts of the page that need no browser: filters, differences, trees of causes, views of the log.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { createRequire } from 'node:module';

const ui = fileURLToPath(new URL('../../ui', import.meta.url));
const { build } = createRequire(join(ui, 'package.json'))('esbuild');
const { shorter } = await import(pathToFileURL(join(ui, 'shorter.mjs')));

let folder;
let lib;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'synap-ui-'));
  const parts = [
    'filter',
    'diff',
    'causes',
    'log-view',
    'fields',
    'document',
    'events',
    'snippets',
    'plain-text',
    'curves',
    'waterfall',
    'run-filter',
    'functions',
    'log',
    'live',
    'in-turn',
    'until-answered',
    'command',
    'search-hits',
    'rpc',
    'chat',
    'proposals',
  ];
  const contents = parts.map((part) => `export * from './src/lib/${part}.ts';`).join('\n');
  const outfile = join(folder, 'lib.mjs');
  await build({
    stdin: { contents, resolveDir: ui },
    bundle: true,
    format: 'esm',
    outfile,
    logLevel: 'error',
  });
  globalThis.addEventListener ??= () => {};
  globalThis.removeEventListener ??= () => {};
  // The page's clock, which would keep this process.
  const { setInterval } = globalThis;
  globalThis.setInterval = (...args) => setInterval(...args).unref();
  lib = await import(pathToFileURL(outfile));
});
after(() => rm(folder, { recursive: true, force: true }));

let position = 0;
const event = (type, more = {}) => ({
  id: `id-${++position}`,
  type,
  position,
  data: {},
  source: 'api',
  userId: 'ann',
  timestamp: '2026-01-31T12:00:00.000Z',
  ...more,
});

describe('plain text', () => {
  test('has the words of Markdown without its marks', () => {
    for (const [markdown, plain] of [
      ['# Groceries\n\n- milk\n- [x] bread\n  1. rye', 'Groceries milk bread rye'],
      ['What grows **where**, *how* and ~~why~~ __when__.', 'What grows where, how and why when.'],
      ['***all*** of **it *in* one**', 'all of it in one'],
      ['A [link](https://example.org/a "title"), ![a picture](x.png), <https://b.org>.', 'A link, a picture, https://b.org.'],
      ['> quoted\n> > twice', 'quoted twice'],
      ['Title\n=====\ntext\n\n---\n\nmore', 'Title text more'],
      ['```js\nconst far = 2 ** 3;\n```', 'const far = 2 ** 3;'],
      ['Call `a_b*c*` or \\*not this\\*', 'Call a_b*c* or *not this*'],
      ['| Day | Place |\n|---|:-:|\n| Monday | Lübeck |', 'Day Place Monday Lübeck'],
      ['**[both](https://example.org)**', 'both'],
      // Cut off where the preview ends.
      ['see [the plan](https://example.org/lo', 'see the plan'],
      ['and **bold without an e', 'and bold without an e'],
    ])
      assert.equal(lib.plainText(markdown), plain, markdown);
  });

  test('leaves alone what is no Markdown', () => {
    for (const text of ['snake_case_name', '5 * 3 * 2', 'C# and 3) and #tag', 'a <b> & [c]', '-1 or 2 - 3', 'if (a || b)'])
      assert.equal(lib.plainText(text), text);
  });

  test('takes no longer for what is hostile', () => {
    for (const one of ['*', '_', '[', '`', '![', '**a ', '> - ', '\\`', '~~a']) {
      const begin = performance.now();
      lib.plainText(one.repeat(100_000));
      const took = performance.now() - begin;
      assert.ok(took < 100, `${one}: ${took} ms`);
    }
  });
});

describe('a curve', () => {
  const kept = (at, more = {}) => ({ at, eventsPerSecond: at / 1000, residentBytes: at, ...more });
  const live = (at, position) => ({ at, values: new Map([['synap_log_position', position]]) });

  test('begins with what the pod has kept and goes on with what the page has seen', () => {
    assert.deepEqual(
      lib.pointsOf(
        'events',
        [kept(10_000), kept(20_000), kept(30_000)],
        [live(25_000, 100), live(27_000, 104), live(29_000, 104)],
      ),
      [
        { at: 10_000, value: 10 },
        { at: 20_000, value: 20 },
        { at: 25_000, value: undefined },
        { at: 27_000, value: 2 },
        { at: 29_000, value: 0 },
      ],
    );
    assert.deepEqual(lib.pointsOf('commit', [kept(10_000, { commitSeconds: 0.5 }), kept(20_000)], []), [
      { at: 10_000, value: 0.5 },
      { at: 20_000, value: undefined },
    ]);
  });

  test('has the times of the reader, whatever the clock of the pod says', () => {
    const [sample] = lib.inOwnTime({ samples: [kept(5_000)], at: 8_000 }, 1_000_000);
    assert.equal(sample.at, 997_000);
  });
});

describe('a filter', () => {
  const passes = (text, row) => lib.parseFilter(text).passes(lib.rowOf(row));
  const note = event('note.creation.completed', {
    data: { title: 'Groceries' },
    aggregateId: '0198aaaa-1',
    actor: { run: '0198bbbb-1' },
  });

  test('has wildcards, words, ids and names, all of which must hold', () => {
    for (const text of [
      '',
      'note',
      'groc',
      'type:note.*',
      'type:*.completed',
      'noun:note is:completed',
      'actor:0198bbbb',
      'about:0198aaaa',
      '0198aaaa',
      'source:api groc',
    ]) {
      assert.ok(passes(text, note), text);
    }
    for (const text of [
      'task',
      'type:note',
      'type:task.*',
      'noun:note is:failed',
      'actor:0198cccc',
      'source:sync groc',
      'type:.*',
    ]) {
      assert.ok(!passes(text, note), text);
    }
  });

  test('knows spans and times, and says what it does not know', () => {
    const recent = event('note.creation.completed', {
      timestamp: new Date(Date.now() - 60_000).toISOString(),
    });
    assert.ok(passes('since:2h', recent));
    assert.ok(!passes('since:30s', recent));
    assert.ok(passes('until:30s', recent));
    assert.ok(!passes('until:2020-01-01', recent));
    assert.equal(lib.parseFilter('since:yesterdayish').issues.length, 1);
  });

  test('takes a date for a day of the reader', (t) => {
    const zone = process.env.TZ;
    t.after(() => (zone === undefined ? delete process.env.TZ : (process.env.TZ = zone)));
    process.env.TZ = 'Asia/Tokyo';
    for (const [text, from] of [
      ['2026-01-31', '2026-01-30T15:00:00.000Z'],
      ['2026-01-31T12:00', '2026-01-31T03:00:00.000Z'],
      ['2026-01-31T12:00Z', '2026-01-31T12:00:00.000Z'],
      ['2026-02', '2026-01-31T15:00:00.000Z'],
      ['2026', '2025-12-31T15:00:00.000Z'],
    ]) {
      assert.equal(lib.parseFilter(`since:${text}`).asked.from, from);
      assert.equal(lib.parseRunFilter(`since:${text}`).asked.from, from);
    }
    assert.equal(lib.parseFilter('until:2026-01-31').asked.to, '2026-01-31T15:00:00.000Z');
    assert.equal(lib.parseFilter('since:2026-13-01').issues.length, 1);
  });

  test('says of a time that no date can be of that it is none', () => {
    for (const value of ['999999999d', `${'9'.repeat(400)}h`, '-271821-04-19T00:00:00Z', '+275760-09-13T00:00:00Z', '8000000h0']) {
      for (const name of ['since', 'until']) {
        assert.deepEqual(
          [lib.parseFilter(`${name}:${value}`).issues.length, lib.parseRunFilter(`${name}:${value}`).issues.length],
          [1, 1],
          `${name}:${value}`,
        );
      }
    }
    assert.equal(lib.parseFilter('until:9999-12-31T23:59:59Z').asked.to, '9999-12-31T23:59:59.001Z');
  });
});

describe('a difference', () => {
  const text = (lines) =>
    lines.map(
      ({ kind, text }) => `${{ same: ' ', added: '+', removed: '-', gap: '~' }[kind]}${text}`,
    );

  test('is of as few lines as can be', () => {
    assert.deepEqual(text(lib.diffLines('a\nb\nc', 'a\nx\nc\nd')), [' a', '-b', '+x', ' c', '+d']);
    assert.deepEqual(text(lib.diffLines('', 'a')), ['-', '+a']);
    assert.deepEqual(text(lib.diffLines('b\nc\na', 'a\nb\nc')), ['+a', ' b', ' c', '-a']);
  });

  test('leaves out what is the same for long', () => {
    const long = Array.from({ length: 50 }, (_, line) => `line ${line}`);
    const changed = long.with(25, 'changed');
    const lines = text(lib.diffLines(long.join('\n'), changed.join('\n')));
    assert.equal(lines.length, 10);
    assert.equal(lines[0], '~22 lines unchanged');
  });

  test('holds nothing up, however many lines were replaced', () => {
    const many = (word, count) => Array.from({ length: count }, (_, line) => `${word} ${line}`).join('\n');
    const begin = performance.now();
    const lines = lib.diffLines(many('a', 700), many('b', 700));
    assert.deepEqual([lines.length, lib.diffLines(many('a', 3_000), many('b', 3_000)).length], [1_400, 6_000]);
    const took = performance.now() - begin;
    assert.ok(took < 500, `${took} ms`);
  });

  test('reads back as both texts, whatever they are', () => {
    let seed = 1;
    const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let turn = 0; turn < 300; ++turn) {
      const before = Array.from({ length: random(12) }, () => 'abcd'[random(4)]);
      const after_ = Array.from({ length: random(12) }, () => 'abcd'[random(4)]);
      const lines = lib.diffLines(before.join('\n'), after_.join('\n'));
      if (lines.some(({ kind }) => kind === 'gap')) continue;
      const of = (kinds) => lines.filter(({ kind }) => kinds.includes(kind)).map((line) => line.text).join('\n');
      assert.deepEqual([of(['same', 'removed']), of(['same', 'added'])], [before.join('\n'), after_.join('\n')]);
    }
  });

  test('of texts that have nothing in common ends soon', () => {
    const many = (word) =>
      Array.from({ length: 20_000 }, (_, line) => `${word} ${line}`).join('\n');
    const begin = performance.now();
    assert.equal(lib.diffLines(many('a'), many('b')).length, 40_000);
    assert.ok(performance.now() - begin < 3_000);
  });
});

describe('a tree of causes', () => {
  test('has what was done by a run below the run', () => {
    const asked = event('note.creation.requested');
    const done = event('note.creation.completed', {
      causationId: asked.id,
      actor: { run: 'run-1' },
    });
    const after_ = event('tag.count.completed', { causationId: done.id });
    const run = {
      id: 'run-1',
      function: 'notes.create',
      status: 'completed',
      eventId: asked.id,
      createdAt: asked.timestamp,
      endedAt: asked.timestamp,
    };
    const nodes = lib.causeTree([asked, done, after_], [run]);
    assert.deepEqual(
      nodes.map(({ id, depth }) => [id, depth]),
      [
        [asked.id, 0],
        ['run-1', 1],
        [done.id, 2],
        [after_.id, 3],
      ],
    );
  });

  test('begins with an event that has no correlation, whose id is that of the others', () => {
    const root = event('x.weight.recorded');
    const child = event('task.creation.requested', { causationId: root.id, correlationId: root.id });
    const own = event('note.creation.requested', { correlationId: 'its-request' });
    assert.deepEqual([root, child, own].map(lib.correlationOf), [root.id, root.id, 'its-request']);
    assert.equal(lib.isRootMissing([child], root.id), true);
    assert.equal(lib.isRootMissing([root, child], root.id), false);
    assert.equal(lib.isRootMissing([own], 'its-request'), false);
  });

  test('keeps events whose cause is not there', () => {
    const orphan = event('note.update.completed', { causationId: 'gone' });
    assert.deepEqual(
      lib.causeTree([orphan], []).map(({ id }) => id),
      [orphan.id],
    );
  });
});

describe('a view of the log', () => {
  const logOf = (rows) => ({ rows });
  const tasks = (count, from) =>
    Array.from({ length: count }, (_, index) =>
      lib.rowOf({
        ...event('task.creation.completed'),
        position: from + index,
        id: `p${from + index}`,
      }),
    );

  test('takes in both ends, each row once', () => {
    const log = logOf(tasks(10, 101));
    const view = new lib.LogView(log, lib.parseFilter(''));
    view.update(Infinity);
    assert.deepEqual(
      [view.count, view.at(0).position, view.at(9).position, view.added],
      [10, 110, 101, 0],
    );
    log.rows = tasks(100, 1).concat(log.rows, tasks(5, 111));
    view.update(Infinity);
    view.update(Infinity);
    assert.deepEqual(
      [view.count, view.at(0).position, view.at(114).position, view.added],
      [115, 115, 1, 5],
    );
  });

  test('stays where it is paused, and says how many wait', () => {
    const log = logOf(tasks(10, 1));
    const view = new lib.LogView(log, lib.parseFilter('noun:task'));
    view.update(7);
    assert.deepEqual([view.count, view.at(0).position, view.countBehind(7)], [7, 7, 3]);
    view.update(Infinity);
    assert.equal(view.count, 10);
  });

  test('asks the pod for what it understands of a filter', () => {
    const asked = (text) => lib.parseFilter(text).asked;
    const id = '01980000-0000-7000-8000-000000000001';
    assert.deepEqual(asked('groceries is:failed actor:0198 type:*.failed'), {});
    assert.deepEqual(asked(`type:note.creation.* actor:key:${id}`), {
      types: ['note.creation.*'],
      actor: id,
    });
    assert.deepEqual(asked(`noun:task type:note.* source:api about:${id}`), {
      types: ['task.*', 'x.task.*'],
      source: 'api',
      aggregateId: id,
    });
    assert.deepEqual(asked(`request:${id} user:${id}`), { requestId: id, userId: id });
    assert.deepEqual(asked('request:0198 user:ann'), {});
    assert.deepEqual(asked('since:2026-01-31T12:00Z until:2026-01-31T13:00Z'), {
      from: '2026-01-31T12:00:00.000Z',
      to: '2026-01-31T13:00:00.001Z',
    });
  });

  test('finds what is older by the pod, and takes no row twice', async () => {
    const log = { rows: tasks(10, 101), oldest: 100, changed: { value: 0 } };
    const view = new lib.LogView(log, lib.parseFilter('noun:task'));
    view.update(Infinity);
    const asked = [];
    globalThis.fetch = async (url) => {
      asked.push(JSON.parse(new URL(url, 'http://pod').searchParams.get('input')));
      const events = tasks(2, 7).reverse().map((row) => ({ ...event(row.type), ...row }));
      const data = { events, nextAfter: 100, nextBefore: 7, atEnd: false };
      return new Response(JSON.stringify({ result: { data } }));
    };
    await view.loadOlder();
    assert.deepEqual(asked, [
      { order: 'desc', limit: 1000, before: 101, types: ['task.*', 'x.task.*'] },
    ]);
    // Another view has loaded the part of the log that was searched already.
    log.rows = tasks(100, 1).concat(log.rows);
    view.update(Infinity);
    assert.deepEqual([view.count, view.at(11).position, view.oldest], [12, 7, 6]);
  });

  test('lets go of what the log lets go of', () => {
    const log = logOf(tasks(100, 1));
    const view = new lib.LogView(log, lib.parseFilter(''));
    view.update(Infinity);
    log.rows = log.rows.slice(60);
    view.update(Infinity);
    assert.deepEqual([view.count, view.at(39).position], [40, 61]);
  });
});

describe('a noun', () => {
  const operation = (id, input) => ({
    post: {
      operationId: id,
      'x-synap-kind': /create|update|delete|finish|restore/.test(id) ? 'mutation' : 'query',
      requestBody: { content: { 'application/json': { schema: input } } },
    },
  });
  const openApi = {
    info: { title: 'Synap', version: '1' },
    components: {
      schemas: {
        GetBook: { type: 'object', properties: { id: { type: 'string' } } },
        MakeBook: {
          type: 'object',
          required: ['title'],
          properties: {
            title: { type: 'string' },
            pages: { type: 'integer' },
            finished: { anyOf: [{ type: 'string' }, { type: 'null' }] },
            idempotencyKey: { type: 'string' },
          },
        },
        ListBooks: {
          type: 'object',
          properties: {
            limit: {},
            cursor: {},
            sort: { enum: ['-createdAt'] },
            pages: { type: 'integer' },
          },
        },
      },
    },
    paths: {
      '/a': operation('books.create', { $ref: '#/components/schemas/MakeBook' }),
      '/b': operation('books.get', { $ref: '#/components/schemas/GetBook' }),
      '/c': operation('books.list', { $ref: '#/components/schemas/ListBooks' }),
      '/d': operation('books.history', {}),
      '/e': operation('books.finish', { $ref: '#/components/schemas/GetBook' }),
      // About no book: it stands at none.
      '/g': operation('books.finishAll', {}),
      '/f': operation('users.list', {}),
    },
  };

  test('appears by itself where its procedures are', () => {
    const document = new lib.PodDocument(openApi);
    assert.deepEqual(
      document.nouns.map(({ name, plural, title }) => [name, plural, title]),
      [['book', 'books', 'Books']],
    );
    const [books] = document.nouns;
    assert.deepEqual(Object.keys(books.fields), ['title', 'pages', 'finished']);
    assert.deepEqual(Object.keys(books.filters), ['pages']);
    assert.deepEqual(
      books.changes.map(({ name }) => name),
      ['books.finish'],
    );
  });

  test('has fields that say what they are, and read back', () => {
    const document = new lib.PodDocument(openApi);
    const fields = lib.fieldsOf(document, { $ref: '#/components/schemas/MakeBook' });
    assert.deepEqual(
      fields.map(({ kind }) => kind),
      ['line', 'number', 'line', 'line'],
    );
    assert.deepEqual(
      fields.map(({ isNullable }) => isNullable),
      [false, false, true, false],
    );
    assert.equal(lib.fromText(fields[1], '12'), 12);
    assert.throws(() => lib.fromText(fields[1], 'many'), /no number/);
  });
});

describe('a choice in a form', () => {
  const fieldOf = (schema) => lib.fieldsOfOwn('data', { schema: { properties: { mood: schema }, additionalProperties: false } })[0];

  test('tells an empty text from nothing', () => {
    const field = fieldOf({ enum: ['', 'good', 5, null] });
    assert.equal(field.kind, 'choice');
    assert.deepEqual(field.choices.map(lib.wordsOf), ['empty', 'good', '5']);
    for (const value of ['', 'good', 5]) assert.equal(lib.fromText(field, lib.toText(field, value)), value);
    assert.equal(lib.toText(field, null), '');
    assert.equal(lib.fromText(field, ''), undefined);
  });

  test('is JSON where two of them are written in the same way', () => {
    for (const all of [['5', 5], ['', '""'], [true, 'true'], [{}]]) assert.equal(fieldOf({ enum: all }).kind, 'json');
  });
});

test('how much of a text is too much is counted in characters', () => {
  assert.equal(lib.tooLong('😀😀', 2), '');
  assert.equal(lib.tooLong('😀😀a', 2), 'Too long by 1: at most 2 characters');
  assert.equal(lib.tooLong('anything'), '');
});

describe('a list in a form', () => {
  const field = { kind: 'list', name: 'tags', label: 'Tags' };
  const read = (text) => lib.fromText(field, text);

  test('reads back as it was, whatever is in its items', () => {
    for (const items of [
      ['Smith, John', 'x'], ['x', 'Smith, John'], ['a "b" c', '"', '""', '\\', '\\"'], [' around ', ''], ['two\nlines', '5" pipe'], [','], ['plain', 'words in it'],
    ])
      assert.deepEqual(read(lib.toText(field, items)), items, lib.toText(field, items));
    assert.equal(lib.toText(field, ['x', 'y z', '5" pipe']), 'x, y z, 5" pipe');
    assert.deepEqual(read(`${lib.toText(field, ['Smith, John', 'x'])}, new`), ['Smith, John', 'x', 'new']);
  });

  test('is written as people write lists', () => {
    assert.deepEqual(read(' a,b ,, c,'), ['a', 'b', 'c']);
    assert.deepEqual(read('"a, b" , c'), ['a, b', 'c']);
    for (const none of ['', ' ', ',']) assert.equal(read(none), undefined);
    for (const wrong of ['"a', 'x, "a, b', '"a" b', '"a\\x"']) assert.throws(() => read(wrong), /Tags: close the quotation mark/, wrong);
  });
});

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

describe('work in turn', () => {
  test('is never done twice at a time, and once more behind for all who asked meanwhile', async () => {
    let running = 0;
    let done = 0;
    let begun = 0;
    let asked = 0;
    const work = new lib.InTurn(async () => {
      begun = performance.now();
      assert.equal(++running, 1);
      await pause(20);
      --running;
      ++done;
    });
    for (let turn = 0; turn < 30; ++turn) {
      asked = performance.now();
      work.ask();
      await pause(2);
    }
    await pause(60);
    assert.ok(begun >= asked, 'what was asked last was asked after that');
    // Each that was begun has come to its end, while it was asked for all the time.
    assert.ok(done >= 3 && done <= 8, `${done} times`);
    work.stop();
    work.ask();
    await pause(30);
    assert.equal(running, 0);
  });
});

test('an event that is damaged on disk is a row that says so', () => {
  const row = lib.rowOf({ ...event('note.creation.completed', { damaged: true }), data: {}, timestamp: '2026-01-01T00:00:00.000Z' });
  assert.equal(row.title, 'damaged on disk');
});

describe('the live log', () => {
  const answers = (data) => new Response(JSON.stringify({ result: { data } }));
  const rowAt = (position) => ({ ...event('task.creation.completed'), position, id: `p${position}` });
  let sockets;
  const start = async () => {
    sockets = [];
    globalThis.location = { origin: 'http://pod' };
    globalThis.window = globalThis;
    globalThis.document = { hidden: false };
    globalThis.requestAnimationFrame = (call) => setTimeout(call, 0);
    globalThis.WebSocket = class {
      constructor() {
        sockets.push(this);
      }
      send() {}
      close() {
        this.isClosed = true;
      }
    };
    return new lib.EventLog();
  };
  const tell = (position) =>
    sockets.at(-1).onmessage({
      data: JSON.stringify({ result: { type: 'data', data: { id: String(position), data: rowAt(position) } } }),
    });

  test('loses no stretch when it lets rows go while older ones are on their way', async () => {
    const log = await start();
    const end = 400_000;
    globalThis.fetch = async () =>
      answers({ events: [rowAt(end)], nextAfter: end, nextBefore: end, atEnd: true });
    await log.start();
    log.rows = Array.from({ length: 239_999 }, (_, index) => ({ position: end - 239_998 + index }));
    log.oldest = log.rows[0].position - 1;
    assert.ok(log.isFull, 'the reader goes back no further than this');
    const { oldest } = log;
    await log.loadOlder();
    assert.equal(log.oldest, oldest);
    // Less than that, and a page is asked for while much happens.
    log.rows = log.rows.slice(-219_999);
    log.oldest = log.rows[0].position - 1;
    let answer;
    globalThis.fetch = () => new Promise((resolve) => (answer = resolve));
    const before = log.oldest;
    const loading = log.loadOlder();
    for (let more = 1; more <= 20_100; ++more) tell(end + more);
    await pause(20);
    const events = Array.from({ length: 1_000 }, (_, index) => rowAt(before - index));
    answer(answers({ events, nextAfter: end, nextBefore: before - 999, atEnd: false }));
    await loading;
    const gap = log.rows.findIndex((row, index) => index > 0 && row.position !== log.rows[index - 1].position + 1);
    assert.equal(gap, -1);
    assert.equal(log.rows[0].position, before - 999, 'what was scrolled to is there');
    assert.equal(log.oldest, log.rows[0].position - 1);
    // Later they go, the oldest first, and the log knows from where on it has them.
    tell(end + 20_101);
    await pause(20);
    assert.equal(log.rows.length, 200_000);
    assert.equal(log.oldest, log.rows[0].position - 1);
    log.stop();
  });

  test('is asked for until the pod answers, and by nobody who has left', async () => {
    const log = await start();
    let asked = 0;
    globalThis.fetch = async () => {
      if (++asked === 1) throw new TypeError('fetch failed');
      return answers({ events: [rowAt(7)], nextAfter: 7, nextBefore: 7, atEnd: true });
    };
    await log.start();
    assert.deepEqual([asked, log.end, sockets.length], [2, 7, 1]);
    log.stop();
    const left = await start();
    const starting = left.start();
    left.stop();
    await starting;
    assert.equal(sockets.length, 0);
  });

  test('says that it is refused to a key without events', async () => {
    const log = await start();
    globalThis.fetch = async () =>
      new Response(JSON.stringify({ error: { message: 'the scope events:read is needed', data: { code: 'FORBIDDEN' } } }), { status: 403 });
    await assert.rejects(log.start(), /events:read/);
    assert.equal(lib.liveStatus.value, 'refused');
    assert.equal(sockets.length, 0);
  });

  test('what is no message of a pod throws nothing, and is not asked for again at once', async (t) => {
    await start();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const live = new lib.LiveEvents(0, { onEvent() {}, onLive() {}, onLost() {} });
    live.start();
    for (const data of ['{"id":', 'null', '5']) {
      const { length } = sockets;
      sockets.at(-1).onmessage({ data: JSON.stringify({ id: 1, result: { type: 'started' } }) });
      sockets.at(-1).onmessage({ data });
      t.mock.timers.tick(1_000);
      assert.equal(sockets.length, length, data);
      t.mock.timers.tick(4_000);
      assert.equal(sockets.length, length + 1, data);
    }
    live.stop();
  });

  test('gives a connection up that is neither made nor refused', async (t) => {
    await start();
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let lost = 0;
    const live = new lib.LiveEvents(0, { onEvent() {}, onLive() {}, onLost: () => ++lost });
    live.start();
    t.mock.timers.tick(19_000);
    assert.equal(lost, 0);
    t.mock.timers.tick(1_001);
    assert.deepEqual([lost, sockets[0].isClosed], [1, true]);
    t.mock.timers.tick(5_000);
    assert.equal(sockets.length, 2, 'and makes another');
    // One that stands, and is pinged, is left alone.
    sockets[1].onmessage({ data: JSON.stringify({ id: 1, result: { type: 'started' } }) });
    t.mock.timers.tick(9_000);
    sockets[1].onmessage({ data: 'PONG' });
    t.mock.timers.tick(9_000);
    sockets[1].onmessage({ data: 'PONG' });
    t.mock.timers.tick(9_000);
    assert.deepEqual([lost, lib.liveStatus.value], [1, 'live']);
    live.stop();
  });
});

describe('a command', () => {
  const ok = (data) => new Response(JSON.stringify({ result: { data } }));
  const refusal = (code, status) =>
    new Response(JSON.stringify({ error: { message: `is ${code}`, data: { code } } }), { status });
  const accepted = { status: 'pending', requestId: 'r', entityId: 'e' };
  /** A pod that answers the mutation and the question for its end by these. */
  const pod = ({ mutation, end }) => {
    const keys = [];
    globalThis.fetch = async (url, init) => {
      if (init.method !== 'POST') return end();
      keys.push(init.headers['idempotency-key']);
      return mutation();
    };
    return keys;
  };
  const completed = () => ok({ status: 'completed' });

  test('is one to the pod, however often it is asked for after a lost answer', async () => {
    const lost = () => Promise.reject(new TypeError('fetch failed'));
    let turn = 0;
    const keys = pod({ mutation: () => (++turn <= 2 ? lost() : ok(accepted)), end: completed });
    const intent = new lib.Intent();
    for (const _ of [1, 2]) await assert.rejects(intent.command('notes.create', { content: 'x' }), /does not answer/);
    assert.deepEqual(await intent.command('notes.create', { content: 'x' }), { ...accepted, isDone: true });
    assert.equal(new Set(keys).size, 1);
    assert.match(keys[0], /^[0-9a-f]{32}$/);
    await intent.command('notes.create', { content: 'x' });
    assert.notEqual(keys[3], keys[0], 'what was done, done again, is another');
    turn = 1;
    await assert.rejects(intent.command('notes.create', { content: 'y' }));
    await intent.command('notes.create', { content: 'z' });
    assert.notEqual(keys[5], keys[4], 'other words are another');
  });

  test('waits while the pod is away, and does not fail by it', async () => {
    let asked = 0;
    pod({ mutation: () => ok(accepted), end: () => (++asked === 1 ? Promise.reject(new TypeError()) : completed()) });
    assert.equal((await new lib.Intent().command('notes.create', {})).isDone, true);
    assert.equal(asked, 2);
  });

  test('that was accepted and whose end is not told says so, and is the same when asked for again', async () => {
    let end = () => refusal('NOT_FOUND', 404);
    const keys = pod({ mutation: () => ok(accepted), end: () => end() });
    const intent = new lib.Intent();
    await assert.rejects(intent.command('notes.create', {}), /has accepted this, but did not say how it ended/);
    end = completed;
    await intent.command('notes.create', {});
    assert.equal(keys[0], keys[1]);
    end = () => refusal('FORBIDDEN', 403);
    assert.equal((await intent.command('notes.create', {})).isDone, false, 'a key that may not ask');
    end = () => ok({ status: 'failed', error: { name: 'E', message: 'no room' } });
    await assert.rejects(intent.command('notes.create', { a: 1 }), /^Error: no room/);
    await assert.rejects(intent.command('notes.create', { a: 1 }), /no room/);
    assert.notEqual(keys[3], keys[4], 'what failed is tried anew');
  });

  test('that became a proposal has changed nothing, and says so', async () => {
    pod({ mutation: () => ok({ ...accepted, status: 'proposed', entityId: 'p' }), end: completed });
    await assert.rejects(new lib.Intent().command('notes.create', {}), /nothing is changed yet: it is the proposal p now/);
  });

  test('hears of its end also while it asks', async () => {
    const listeners = new Set();
    lib.log.value = { listen: (call) => (listeners.add(call), () => listeners.delete(call)) };
    let asked = 0;
    pod({
      mutation: () => ok(accepted),
      end: async () => {
        if (++asked > 1) return completed();
        for (const call of listeners) call({ requestId: 'r' });
        return ok({ status: 'pending' });
      },
    });
    const begin = performance.now();
    await new lib.Intent().command('notes.create', {});
    lib.log.value = undefined;
    assert.ok(performance.now() - begin < 500, `${performance.now() - begin} ms`);
    assert.equal(listeners.size, 0);
  });
});

describe('a search', () => {
  const hit = (entityId) => ({ entityId, entityType: 'note', title: entityId, snippet: [], updatedAt: '' });
  const page = (ids, more = {}) =>
    new Response(JSON.stringify({ result: { data: { hits: ids.map(hit), partial: false, lag: 0, ...more } } }));
  /** A pod whose answers come when `answer` says so, whether they are waited for or not. */
  const pod = () => {
    const asked = [];
    globalThis.fetch = (url) =>
      new Promise((resolve, reject) => {
        const input = JSON.parse(new URL(url, 'http://pod').searchParams.get('input'));
        asked.push({ input, answer: (response) => (resolve(response), pause(0)), reject });
      });
    return asked;
  };
  const idsOf = (search) => search.state.value.found?.hits.map((one) => one.entityId);

  test('shows the answer of the last question, whichever comes last', async () => {
    const asked = pod();
    const search = new lib.SearchHits();
    search.ask(' a ');
    search.ask('ab');
    search.ask('abc');
    assert.equal(asked.length, 1, 'one is under way');
    await asked[0].answer(page(['old']));
    assert.equal(idsOf(search), undefined);
    assert.deepEqual(asked.map(({ input }) => input.q), ['a', 'abc']);
    await asked[1].answer(page(['new'], { total: 1 }));
    assert.deepEqual(idsOf(search), ['new']);
    assert.equal(search.state.value.isAsking, false);
    // What is taken away is not answered any more, and nothing is asked for it.
    search.ask('abcd');
    search.ask('  ');
    await asked[2].answer(page(['late']));
    assert.deepEqual(search.state.value, { q: '', how: {}, isAsking: false });
    assert.equal(asked.length, 3);
  });

  test('has each thing once over its pages, and asks again for as much as is shown', async () => {
    const asked = pod();
    const search = new lib.SearchHits();
    search.more();
    search.ask('a');
    const ids = Array.from({ length: 20 }, (_, index) => `${index}`);
    await asked[0].answer(page(ids, { nextCursor: 'c1' }));
    search.more();
    search.more();
    await asked[1].answer(page(['19', '20']));
    assert.deepEqual(asked[1].input, { q: 'a', limit: 20, cursor: 'c1' });
    assert.deepEqual(idsOf(search), [...ids, '20']);
    search.more();
    search.again();
    assert.deepEqual(asked.slice(2).map(({ input }) => input), [{ q: 'a', limit: 21 }]);
    await asked[2].answer(page(['x']));
    assert.deepEqual(idsOf(search), ['x']);
  });

  test('keeps what was found where a query is wrong, and says where that is', async () => {
    const asked = pod();
    const search = new lib.SearchHits();
    search.ask('a');
    await asked[0].answer(page(['1']));
    search.ask('a "');
    const message = 'q, character 3: this quotation mark has no other that closes it';
    const data = { code: 'BAD_REQUEST', details: { reason: 'SEARCH_SYNTAX', position: 2 } };
    await asked[1].answer(new Response(JSON.stringify({ error: { message, data } }), { status: 400 }));
    const { failed, found, isAsking } = search.state.value;
    assert.deepEqual([failed.q, found.q, isAsking], ['a "', 'a', false]);
    assert.deepEqual(lib.syntaxErrorOf(failed.error), {
      position: 2,
      words: 'this quotation mark has no other that closes it',
    });
    assert.equal(lib.syntaxErrorOf(new Error(message)), undefined);
    search.ask('b');
    search.stop();
    await asked[2].answer(page(['2']));
    assert.deepEqual(idsOf(search), ['1'], 'nobody is there any more');
  });
});

describe('a snippet', () => {
  test('survives quotes', () => {
    globalThis.location = { origin: 'http://127.0.0.1:4400' };
    assert.match(
      lib.asCurl('notes.create', { content: "it's" }, 'mutation'),
      /-d '\{"content":"it'\\''s"\}'$/,
    );
  });

  test('of a subscription goes through what it tells, with nested input too', () => {
    globalThis.location = { origin: 'http://127.0.0.1:4400' };
    assert.match(
      lib.asTypeScript('pod.watchLogs', { lines: 5 }, 'subscription'),
      /for await \(const item of await synap\.pod\.watchLogs\.subscribe\(\{\s+"lines": 5\s+\}\)\) \{/,
    );
    assert.match(lib.asCurl('x.y', { filter: { a: 1 } }, 'subscription'), /\?filter=%7B%22a%22%3A1%7D'/);
  });
});

describe('a waterfall', () => {
  const at = (ms) => new Date(Date.parse('2026-01-31T12:00:00.000Z') + ms).toISOString();
  const ms = (time) => time - Date.parse('2026-01-31T12:00:00.000Z');
  const step = (name, from, to, more = {}) => ({
    hash: `hash-${name}`, name, op: 'StepRun', attempts: 1, startedAt: at(from), endedAt: at(to), storedAt: at(to), ...more,
  });
  const run = (more) => ({ id: 'r', function: 'f', status: 'completed', createdAt: at(0), startedAt: at(40), steps: [], ...more });
  const bars = ({ rows }) =>
    rows.map((row) => `${row.name}: ${row.bars.map((bar) => `${bar.kind} ${ms(bar.from)}-${ms(bar.to)}${bar.isOpen ? '…' : ''}`).join(', ')}`);

  test('has a bar for each attempt, for the queue, and for waits', () => {
    const drawn = lib.waterfallOf(run({
      endedAt: at(400),
      failedAttempts: [
        { step: 'hash-pay', name: 'pay', startedAt: at(50), endedAt: at(80), error: { name: 'E', message: 'm' } },
        { startedAt: at(210), endedAt: at(220), error: { name: 'E', message: 'm' } },
      ],
      steps: [step('pay', 100, 150), step('nap', 150, 200, { op: 'Sleep' }), step('bad', 300, 390, { op: 'StepFailed' })],
    }), 0);
    assert.deepEqual(bars(drawn), [
      'queued: queued 0-40', 'pay: failed 50-80, done 100-150', 'nap: sleep 150-200', 'bad: failed 300-390',
      'the function itself: failed 210-220',
    ]);
    assert.deepEqual(drawn.segments.filter((one) => one.isFold), []);
    assert.equal(drawn.segments.at(-1).left + drawn.segments.at(-1).width, 100);
  });

  test('folds long times in which nothing was done, and no others', () => {
    const day = 86_400_000;
    const drawn = lib.waterfallOf(run({
      endedAt: at(day + 500),
      steps: [step('one', 50, 150), step('nap', 150, day, { op: 'Sleep' }), step('two', day, day + 100)],
    }), 0);
    const folds = drawn.segments.filter((one) => one.isFold);
    assert.deepEqual(folds.map(({ from, to }) => [ms(from), ms(to)]), [[150, day], [day + 100, day + 500]]);
    assert.deepEqual(folds.map(({ width }) => width), [10, 10]);
    // What is not folded keeps its measure: 50 ms in the queue, and twice 100.
    const [queue, one, , two] = drawn.segments;
    assert.ok(Math.abs(one.width - two.width) < 1e-9 && Math.abs(one.width - 2 * queue.width) < 1e-9);
    const times = Array.from({ length: 200 }, (_, index) => (index * (day + 500)) / 199);
    const places = times.map((time) => lib.placeOf(drawn.segments, Date.parse(at(time))));
    assert.deepEqual(places, [...places].sort((a, b) => a - b));
    assert.ok(places[0] === 0 && Math.abs(places.at(-1) - 100) < 1e-6);
  });

  test('leaves open what goes on, and never ends before what has happened', () => {
    const drawn = lib.waterfallOf(run({
      status: 'active',
      failedAttempts: [{ step: 'hash-pay', name: 'pay', startedAt: at(50), endedAt: at(90), error: { name: 'E', message: 'm' } }],
      steps: [step('first', 40, 50)],
      pendingSteps: [
        { hash: 'hash-pay', name: 'pay', op: 'StepError', attempts: 1, dueAt: at(9_000) },
        { hash: 'hash-nap', name: 'nap', op: 'Sleep', attempts: 0, startedAt: at(60), dueAt: at(9_000) },
      ],
    }), Date.parse(at(-5_000)));
    assert.deepEqual(bars(drawn), ['queued: queued 0-40', 'first: done 40-50', 'pay: failed 50-90, again 90-90…', 'nap: sleep 60-90…']);
    const waiting = lib.waterfallOf({ ...run({ status: 'active' }), startedAt: undefined }, Date.parse(at(700)));
    assert.deepEqual(bars(waiting), ['queued: queued 0-700…']);
    const many = lib.waterfallOf(run({
      endedAt: at(50 * 3_600_000),
      steps: Array.from({ length: 50 }, (_, index) => step(`s${index}`, index * 3_600_000 + 50, index * 3_600_000 + 60)),
    }), 0);
    assert.ok(many.segments.filter((one) => one.isFold).reduce((sum, { width }) => sum + width, 0) <= 40.001);
  });

  test('draws a run of before times were kept by when its steps were stored', () => {
    const old = (name, to) => ({ ...step(name, 0, to), startedAt: undefined, endedAt: undefined });
    const drawn = lib.waterfallOf({ ...run({ steps: [old('one', 30), old('two', 70)], endedAt: at(80) }), startedAt: undefined }, 0);
    assert.deepEqual(bars(drawn), ['one: done 0-30', 'two: done 30-70']);
  });
});

describe('a filter of runs', () => {
  test('is what the pod is asked, and says what it does not know', () => {
    assert.deepEqual(lib.parseRunFilter('order 17 function:shop-sum@x type:shop/*.* type:note.* since:2026-01-31T12:00:00Z until:2026-01-31T13:00:00Z'), {
      asked: { text: 'order 17', function: 'shop-sum@x', eventType: 'note.*', from: '2026-01-31T12:00:00.000Z', to: '2026-01-31T13:00:00.001Z' },
      issues: ['type: a * may only stand behind a dot, at the end'],
    });
    assert.deepEqual(lib.parseRunFilter('since:soon function: event:12 http://a').issues, [
      'since: give a time, or as 2h, 30min, 7d', 'function: is not complete', 'event: give the whole id',
    ]);
    assert.deepEqual(lib.parseRunFilter(' http://a ').asked, { text: 'http://a' });
  });
});

describe('a function', () => {
  test('has each of its limits in words', () => {
    const words = lib.limitWords({
      concurrency: [{ limit: 2, scope: 'function' }, { limit: 5, key: 'event.data.shop', scope: 'user' }],
      runConcurrency: { limit: 1, key: 'event.data.shop' },
      priority: 'event.data.rank',
      timeouts: { startMs: 10_000, finishMs: 3_600_000 },
      throttle: { limit: 10, periodMs: 60_000, burst: 3 },
      rateLimit: { limit: 1, periodMs: 3_600_000 },
      debounce: { periodMs: 5_000, timeoutMs: 60_000 },
      batch: { sizeMax: 50, timeoutMs: 2_000 },
      singleton: { mode: 'skip', key: 'event.data.id' },
      idempotency: 'event.data.id',
      cancelOn: [{ event: 'shop/gone', if: 'async.data.id == event.data.id' }],
    });
    assert.deepEqual(words.map((pair) => pair.join(': ')), [
      'Calls at a time: 2', 'Calls at a time: 5 for each event.data.shop, with your other functions',
      'Runs at a time: 1 for each event.data.shop', 'Throttle: 10 in 1 min, 3 at once; others wait',
      'Rate: 1 in 1 h; others are dropped', 'Debounce: 5.00 s without an event, at most 1 min',
      'Batch: 50 events or 2.00 s', 'One at a time: others have no run for each event.data.id',
      'Once in 24 hours: for each event.data.id', 'Must begin within: 10.0 s', 'Must end within: 1 h',
      'Priority: event.data.rank seconds earlier', 'Cancelled by: shop/gone, if async.data.id == event.data.id',
    ]);
    assert.deepEqual(lib.limitWords({ concurrency: [], cancelOn: [] }), []);
  });
});

describe('an answer while it is written', () => {
  const nothing = { text: '', tools: [] };
  const after = (items, now = nothing) => items.reduce(lib.grown, now);
  const text = (piece) => ({ type: 'text', text: piece });

  test('is its pieces, and begins anew where a model does', () => {
    assert.equal(after([text('so '), text('far')]).text, 'so far');
    assert.equal(after([text('void'), { type: 'answer' }, text('new')]).text, 'new');
    const state = { type: 'state', state: { answer: 'all of it', tools: [] } };
    assert.equal(after([text('all'), state]).text, 'all of it');
    assert.equal(after([text('kept'), { type: 'state', state: { answer: '' } }]).text, 'kept');
  });

  test('has its tools, with what each gave, also where two of a name are called at once', () => {
    const call = (title) => ({ type: 'tool', name: 'tasks_create', arguments: title });
    const gave = (what, ok = true) => ({ type: 'result', name: 'tasks.create', ok, text: what });
    const { tools } = after([call('a'), call('b'), gave('first'), gave('second', false)]);
    assert.deepEqual(tools, [
      { name: 'tasks.create', arguments: 'a', ok: true, result: 'first' },
      { name: 'tasks.create', arguments: 'b', ok: false, result: 'second' },
    ]);
  });

  test('is watched by the message that it answers, as long as it has none', () => {
    const user = (id, runId = id) => ({ id, role: 'user', runId });
    const assistant = (runId) => ({ id: `of ${runId}`, role: 'assistant', runId });
    const watched = (messages, ...runs) =>
      Object.fromEntries(
        lib.underWay(
          messages,
          runs.map(([id, messageId, status = 'running']) => ({ id, status, input: { messageId } })),
        ),
      );
    assert.deepEqual(watched([]), {});
    assert.deepEqual(watched([user('1')]), { 1: ['1'] });
    assert.deepEqual(watched([user('1')], ['1', '1']), { 1: ['1'] });
    assert.deepEqual(watched([user('1'), assistant('1')]), {});
    assert.deepEqual(watched([user('1'), user('2'), assistant('1')]), { 2: ['2'] });
    // All of them, the oldest first; what is told already, has ended, or is of another branch is not.
    const both = [user('1'), user('2')];
    assert.deepEqual(watched(both, ['2', '2'], ['1', '1', 'interrupted']), { 2: ['2'], 1: ['1'] });
    assert.deepEqual(watched([user('1'), assistant('1')], ['b', '1'], ['a', '1']), { 1: ['a', 'b'] });
    assert.deepEqual(
      watched([user('1'), assistant('1')], ['1', '1'], ['a', '1', 'failed'], ['b', 'elsewhere']),
      {},
    );
    // One that was stopped stays where it was: no message tells of it.
    const stopped = (id, messageId) => ({ id, status: 'failed', error: { name: 'CLIENT_CLOSED_REQUEST', message: 'The run was cancelled' }, input: { messageId } });
    const went = lib.underWay([user('1'), user('2'), assistant('2')], [stopped('1', '1'), stopped('x', 'elsewhere')]);
    assert.deepEqual(Object.fromEntries(went), { 1: ['1'] });
    // Another answer than that of its first run is shown.
    assert.deepEqual(watched([user('1', 'first'), assistant('second')]), {});
  });

  test('stands in a branch of which what was known before stays', () => {
    const said = (text) => [...text].map((id, at) => ({ id, parentId: text[at - 1] }));
    const after = (parentId, text) => [{ id: text[0], parentId }, ...said(text).slice(1)];
    const ids = (all) => all.map(({ id }) => id).join('');
    assert.equal(ids(lib.joined(said('abc'), after('a', 'bcd'))), 'abcd');
    assert.equal(ids(lib.joined([], said('ab'))), 'ab');
    assert.equal(ids(lib.joined(said('ab'), said('ab'))), 'ab');
    // Another branch has what comes before both, and nothing of the other.
    assert.equal(ids(lib.joined(said('abcd'), after('b', 'xy'))), 'abxy');
    assert.equal(ids(lib.joined(said('abcd'), after('unknown', 'xy'))), 'xy');
    // What says that it follows itself is no more than it is.
    assert.equal(ids(lib.joined([{ id: 'a', parentId: 'a' }], after('a', 'b'))), 'ab');
  });

  test('names the proposal that a call became, also where what it gave is cut', () => {
    const id = '01980000-0000-7000-8000-000000000001';
    const whole = JSON.stringify({ status: 'proposed', requestId: 'r', proposalId: id });
    assert.equal(lib.proposalIn(whole), id);
    assert.equal(lib.proposalIn(`${whole.slice(0, -1)}, "more": "…`), id);
    assert.equal(lib.proposalIn(whole.replace('proposed', 'completed')), undefined);
    assert.equal(lib.proposalIn(undefined), undefined);
  });
});

describe('a stream', () => {
  const { fetch } = globalThis;
  after(() => (globalThis.fetch = fetch));
  const { signal } = new AbortController();
  const told = async (...pieces) => {
    const headers = { 'content-type': 'text/event-stream' };
    globalThis.fetch = async () =>
      new Response(ReadableStream.from(pieces.map((piece) => new TextEncoder().encode(piece))), { headers });
    const items = [];
    await lib.stream('agents.watch', { id: 'x' }, (item) => items.push(item), signal);
    return items;
  };

  test('tells each item, wherever its bytes are cut, until it ends', async () => {
    const whole = 'event: connected\ndata: {}\n\ndata: {"a":1}\nid: 0\n\ndata: {"a":"ä"}\nid: 1\n\nevent: return\ndata: \n\n';
    assert.deepEqual(await told(...whole), [{ a: 1 }, { a: 'ä' }]);
    assert.deepEqual(await told(whole), [{ a: 1 }, { a: 'ä' }]);
  });

  test('is one to ask for again where it breaks off, and none where it is refused', async () => {
    await assert.rejects(told('data: {"a":1}\n\ndata: {'), (error) => lib.isPassing(error));
    const refused = { message: 'There is no such run', data: { code: 'NOT_FOUND', httpStatus: 404 } };
    await assert.rejects(
      told(`event: serialized-error\ndata: ${JSON.stringify(refused)}\n\n`),
      (error) => error.code === 'NOT_FOUND' && error.message === 'There is no such run' && !lib.isPassing(error),
    );
  });
});

describe('a proposal', () => {
  test('has expired when its time is over, whatever was told of it', () => {
    const one = { status: 'open', expiresAt: '2030-01-01T00:00:00Z' };
    assert.equal(lib.statusOf(one, Date.parse('2029-12-31')), 'open');
    assert.equal(lib.statusOf(one, Date.parse('2030-01-01')), 'expired');
    assert.equal(lib.statusOf({ ...one, status: 'accepted' }, Date.parse('2031-01-01')), 'accepted');
  });

  test('is edited without what is of its call', () => {
    const input = { id: 'x', title: 'a', note: 'b', expectedVersion: 3, idempotencyKey: 'k' };
    assert.deepEqual(lib.editedInput(input, { title: 'c' }), { id: 'x', title: 'c', note: 'b' });
  });
});

describe('shorter', () => {
  const run = async (code) =>
    import(`data:text/javascript,${encodeURIComponent(code)}`).then((module) => module.default);

  test('functions are arrows but where they need what arrows have not', async () => {
    const code =
      'export{all as default};var all=()=>[sum(1,2),made(),new Thing(3).of,new Bare().of,many(1,2,3),[...steps()]];' +
      'function sum(a,b){return a+b}function made(){return{a:1}}function Thing(of){this.of=of}' +
      'function Bare(){}Bare.prototype.of=5;function many(){return arguments.length}function*steps(){yield 7}';
    const out = shorter(code);
    const all = await run(out);
    assert.deepEqual(all(), [3, { a: 1 }, 3, 5, 3, [7]]);
    assert.match(out, /sum=\(a,b\)=>a\+b,made=\(\)=>\(\{a:1\}\)/);
    for (const kept of ['Thing', 'Bare', 'many']) assert.ok(out.includes(`function ${kept}(`));
    assert.ok(out.length < code.length);
  });

  test('what is asked for in parameters, or of what something is one, counts, too', async () => {
    const code =
      'export{all as default};var all=()=>[first(7,8),{}instanceof Other];' +
      'function first(a,b=arguments.length){return b}function first2(a=this){return a}function Other(){}';
    const out = shorter(code.replace('first(7,8)', 'first(7)'));
    assert.deepEqual((await run(out))(), [1, false]);
    for (const kept of ['first', 'first2', 'Other']) assert.ok(out.includes(`function ${kept}(`), kept);
  });

  test('a function is known above the place where it stands', async () => {
    const out = shorter('var x=twice(4);function twice(a){return a*2}export{x as default};');
    assert.equal(await run(out), 8);
    assert.ok(!out.includes('function'));
  });

  test('what is said often is said once; names and what is alone stay', async () => {
    const code =
      'var e=(tag,own)=>tag+JSON.stringify(own);var ab="alone",x=[e("section",{class:"a quiet text"}),' +
      'e("section",{class:"a quiet text"}),e("section",{class:"a quiet text"}),"section"in{section:1},' +
      'typeof e=="section",{"section":1}];export{x as default,ab};';
    const out = shorter(code);
    const quiet = 'section{"class":"a quiet text"}';
    assert.deepEqual(await run(out), [quiet, quiet, quiet, true, false, { section: 1 }]);
    assert.equal(out.split('a quiet text').length, 2);
    assert.equal(out.split('"section"').length, 3);
    assert.ok(out.includes('ab="alone"') && out.length < code.length);
  });

  test('so is nothing, and what is asked of the objects that everybody has', async () => {
    const code =
      'var x=[void 0,void 0,void 0,null,null,null,null,null,null,/null/.test("null"),Object.keys({null:1,b:2}),' +
      'Object.keys({c:3}),Array.prototype.concat.call([],[1]),Array.prototype.concat.call([2])];export{x as default};';
    const out = shorter(code);
    const nothing = [...Array(3).fill(undefined), ...Array(6).fill(null)];
    assert.deepEqual(await run(out), [...nothing, true, ['null', 'b'], ['c'], [1], [2]]);
    for (const said of ['void 0', 'Object.keys']) assert.equal(out.split(said).length, 2, said);
    assert.ok(out.length < code.length);
  });
});
