// Writes docs/reference, procedures.md and events.md, from what a pod says of itself: its OpenAPI
// document and catalogue.eventTypes. Nothing in them is written by hand but the words around.
//
//   node tools/reference.mjs --out docs/reference     ($SYNAP_BIN, or build/dev/bin/synap)
//   make reference                                     (the same, the program being built before)
//
// tests/docs/reference.test.mjs says when they are stale, and tries every example.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '..');
const BIN = process.env.SYNAP_BIN ?? path.join(ROOT, 'build/dev/bin/synap');
const ID = '01980000-0000-7000-8000-000000000001';

/** Where the least that is accepted would say little, and nobody has written an example. */
const EXAMPLES = {
  'events.list': { types: ['note.*'], order: 'desc', limit: 10 },
  'events.publish': { type: 'x.weight.recorded', data: { kg: 80.5 }, aggregateId: ID },
  'events.watch': { types: ['note.creation.completed'] },
  'eventTypes.register': { name: 'x.weight.recorded', schema: { type: 'object', properties: { kg: { type: 'number' } }, required: ['kg'] } },
  'eventTypes.get': { name: 'x.weight.recorded' },
  'keys.create': { name: 'reader', scopes: ['*:read'], expiresInDays: 30 },
  'markdown.render': { text: '# Hello' },
  'notes.list': { tag: 'home', limit: 5 },
  'notes.update': { id: ID, tags: ['home'] },
  'projections.rebuild': { name: 'notes' },
  'projections.verify': { name: 'notes' },
  'projects.update': { id: ID, title: 'Kitchen' },
  'relations.update': { id: ID, type: 'depends_on' },
  'runs.list': { status: 'failed' },
  'tasks.create': { title: 'Buy milk', dueDate: '2027-01-31', priority: 'high' },
  'tasks.list': { status: 'open' },
  'tasks.update': { id: ID, priority: 'high' },
  'users.create': { name: 'ada' },
};

const ACCESS = { public: 'anybody, without a key', caller: 'every user', owner: 'owners' };
const EFFECTS = {
  reads: 'changes nothing',
  appends: 'adds, again with each call',
  idempotent: 'may be repeated: the second time changes nothing more',
  destroys: 'takes away or overwrites',
};
/** Those that every procedure may answer are told once, at the top. */
const CODES = {
  402: 'PAYMENT_REQUIRED', 404: 'NOT_FOUND', 409: 'CONFLICT', 400: 'BAD_REQUEST', 401: 'UNAUTHORIZED', 403: 'FORBIDDEN',
  412: 'PRECONDITION_FAILED', 413: 'PAYLOAD_TOO_LARGE', 422: 'UNPROCESSABLE_CONTENT', 429: 'TOO_MANY_REQUESTS',
  500: 'INTERNAL_SERVER_ERROR', 502: 'BAD_GATEWAY', 503: 'SERVICE_UNAVAILABLE', 504: 'GATEWAY_TIMEOUT',
};

/** The anchors of one page, as GitHub makes them of its headings. */
class Page {
  #used = new Map();
  #lines = [];
  constructor(title) {
    this.heading(1, title);
  }
  static slug(heading) {
    return heading.toLowerCase().replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
  }
  anchor(heading) {
    const slug = Page.slug(heading);
    const count = this.#used.get(slug) ?? 0;
    this.#used.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  }
  heading(level, text) {
    this.add(`${'#'.repeat(level)} ${text}`, '');
  }
  add(...lines) {
    this.#lines.push(...lines);
  }
  text() {
    return `${this.#lines.join('\n').replace(/\n{3,}/g, '\n\n').trim()}\n`;
  }
}

const NATURAL = 9007199254740991;
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const nameOf = (ref) => ref.split('/').at(-1);

function between(smallest, largest, unit) {
  const [low, high] = [smallest?.toLocaleString('en'), largest?.toLocaleString('en')];
  if (low !== undefined && high !== undefined) return low === high ? `${low}${unit}` : `${low} to ${high}${unit}`;
  if (low !== undefined) return `at least ${low}${unit}`;
  return high === undefined ? '' : `at most ${high}${unit}`;
}

/** What a value may be, in words; named objects are links. */
function typeOf(schema, links) {
  if (schema.$ref) return `[${nameOf(schema.$ref)}](#${links.get(nameOf(schema.$ref))})`;
  if (schema.anyOf) return schema.anyOf.map((each) => typeOf(each, links)).join(' or ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  const limits = (words, low, high, unit) => {
    const told = between(low || undefined, high, unit);
    return told ? `${words}, ${told}` : words;
  };
  switch (schema.type) {
    case 'null':
      return 'null';
    case 'boolean':
      return 'true or false';
    case 'string':
      if (schema.format === 'uuid') return 'id';
      if (schema.format === 'date-time') return 'time';
      return limits('text', schema.minLength, schema.maxLength, ' characters');
    case 'integer':
    case 'number': {
      const bound = (value) => (value === undefined || Math.abs(value) >= NATURAL ? undefined : value);
      const told = between(bound(schema.minimum), bound(schema.maximum), '');
      return `${schema.type === 'integer' ? 'whole number' : 'number'}${told ? `, ${told}` : ''}`;
    }
    case 'array': {
      const bounds = between(schema.minItems || undefined, schema.maxItems, '');
      return `list${bounds ? ` (${bounds})` : ''} of ${typeOf(schema.items, links)}`;
    }
    case 'object':
      return schema.properties ? 'object' : 'any object';
    default:
      return 'any JSON';
  }
}

function table(head, schema, links) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const isRequired = schema.required?.includes(name);
    const presence = !isRequired && field.default !== undefined ? `; default \`${JSON.stringify(field.default)}\`` : '';
    return `| ${isRequired ? `**${name}**` : name} | ${cell(typeOf(field, links) + presence)} | ${cell(field.description ?? '')} |`;
  });
  return rows.length === 0 ? [] : [`| ${head} | | |`, '|---|---|---|', ...rows, ''];
}

/** The least that is accepted. */
function least(schema, shapes) {
  if (schema.$ref) return least(shapes[nameOf(schema.$ref)], shapes);
  if (schema.anyOf) return least(schema.anyOf[0], shapes);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case 'string':
      return schema.format === 'uuid' ? ID : schema.format === 'date-time' ? '2026-01-31T12:00:00Z' : 'text';
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1);
    case 'boolean':
      return true;
    case 'array':
      return schema.minItems ? [least(schema.items, shapes)] : [];
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, least(schema.properties[name], shapes)]));
    default:
      return {};
  }
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/** One procedure of the document, whatever its methods are. */
function procedureOf(route, methods, shapes) {
  const main = methods.get ?? methods.post;
  const body = methods.post?.requestBody?.content['application/json'];
  let input = body?.schema;
  if (input?.$ref) input = shapes[nameOf(input.$ref)];
  const own = (main.parameters ?? []).filter((each) => each.in === 'query');
  if (!input && own.length > 0) {
    input = {
      properties: Object.fromEntries(own.map(({ name, schema, description }) => [name, { ...schema, description }])),
      required: own.filter((each) => each.required).map((each) => each.name),
    };
  }
  const path = route.replace('/api/', '');
  const given = Object.values(body?.examples ?? {})[0]?.value;
  const example = EXAMPLES[path] ?? given ?? (input ? least(input, shapes) : {});
  const ok = main.responses['200'];
  return {
    path,
    group: path.includes('.') ? path.split('.')[0] : 'the pod',
    main,
    input,
    example: input ? example : undefined,
    isGet: methods.get !== undefined,
    keepsKeys: JSON.stringify(main.parameters ?? []).includes('IdempotencyKey'),
    item: ok?.content?.['text/event-stream']?.['x-synap-item'],
    output: ok?.content?.['application/json']?.schema,
    errors: Object.entries(main.responses)
      .filter(([status, answer]) => /^[45]/.test(status) && !answer.$ref)
      .map(([status, answer]) => ({ status, code: CODES[status], when: answer.description })),
  };
}

/** How it is called, as two commands. */
export function commandsOf(procedure) {
  const { path, example, isGet, item } = procedure;
  const has = example !== undefined && Object.keys(example).length > 0;
  const call = example?.types && item
    ? `synap events tail --type ${example.types[0]}`
    : path === 'pod.watchLogs' ? `synap logs --follow --level ${example.level}`
    : `synap call ${path}${has ? ` ${quoted(JSON.stringify(example))}` : ''}`;
  const flags = item ? '-sN' : '-s';
  const auth = procedure.main['x-synap-access'] === 'public' ? '' : ' -H "$AUTH"';
  if (isGet) {
    const query = Object.entries(example ?? {}).flatMap(([name, value]) =>
      [value].flat().map((each) => `${name}=${encodeURIComponent(each).replaceAll('%3A', ':')}`));
    const url = `$API/${path}${query.length ? `?${query.join('&')}` : ''}`;
    return [call, `curl ${flags} "${url}"${auth}`];
  }
  return [call, `curl ${flags} $API/${path}${auth} -H "$JSON" -d ${quoted(JSON.stringify(example ?? {}))}`];
}

/** The procedures of an OpenAPI document, in the order of their names. */
export function proceduresOf(document) {
  return Object.entries(document.paths)
    .filter(([route]) => route.startsWith('/api/'))
    .map(([route, methods]) => procedureOf(route, methods, document.components.schemas));
}

function groupsOf(things) {
  const groups = new Map();
  for (const thing of things) groups.set(thing.group, [...(groups.get(thing.group) ?? []), thing]);
  return groups;
}

/** Those that `roots` name, and those that these name. */
function reached(roots, shapes) {
  const found = new Set();
  const visit = (value) => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (typeof value !== 'object' || value === null) return;
    if (typeof value.$ref === 'string') {
      const name = nameOf(value.$ref);
      if (!found.has(name)) {
        found.add(name);
        visit(shapes[name]);
      }
    }
    Object.values(value).forEach(visit);
  };
  roots.forEach(visit);
  return [...found].sort((a, b) => a.localeCompare(b, 'en'));
}

const GENERATED = '<!-- Made by tools/reference.mjs from what the program says of itself: `make reference` writes it again. -->';

function proceduresPage(document, eventAnchors) {
  const procedures = proceduresOf(document);
  const shapes = document.components.schemas;
  const groups = groupsOf(procedures);
  const named = reached(procedures.flatMap(({ input, output, item }) => [input, output, item]), shapes);
  const page = new Page('Procedures');
  // The anchors in the order in which the headings come.
  const anchors = new Map();
  for (const heading of ['Procedures', 'Contents', 'Errors of all']) page.anchor(heading);
  for (const [group, members] of groups) {
    page.anchor(group);
    for (const { path } of members) anchors.set(path, page.anchor(path));
  }
  page.anchor('Shapes');
  const links = new Map(named.map((name) => [name, page.anchor(name)]));

  page.add(GENERATED, '',
    'All that a pod can be asked. TypeScript calls it by its name, `synap.notes.create.mutate({…})`, a shell as below, other',
    'programs over HTTP ([REST and OpenAPI](../rest.md)). **Bold** fields must be given. The examples need', '',
    '```sh',
    'API=http://127.0.0.1:4400/api; AUTH="authorization: Bearer $(cat synap-data/owner.key)"; JSON="content-type: application/json"',
    '```', '');
  page.heading(2, 'Contents');
  page.add('| | kind | |', '|---|---|---|');
  for (const { path, main } of procedures) {
    page.add(`| [${path}](#${anchors.get(path)}) | ${main['x-synap-kind']} | ${cell(main.summary)} |`);
  }
  page.add('', 'What they take and answer in common is under [Shapes](#shapes).', '');
  page.heading(2, 'Errors of all');
  page.add(
    'Any of them may answer BAD_REQUEST (an input that does not fit: `issues` names each place), UNAUTHORIZED (no key, or none that is valid),',
    'FORBIDDEN (the key lacks the scope, or the user is no owner), TOO_MANY_REQUESTS and SERVICE_UNAVAILABLE (come back after `Retry-After`;',
    'the disk may be full) and INTERNAL_SERVER_ERROR (the log says why). What a procedure adds stands with it.', '');
  for (const [group, members] of groups) {
    page.heading(2, group);
    for (const procedure of members) {
      const { path, main, input, output, item, errors } = procedure;
      page.heading(3, path);
      page.add([main.summary, main.description].filter(Boolean).join(' '), '');
      const facts = [`**${main['x-synap-kind']}**`, `for ${ACCESS[main['x-synap-access']]}`];
      if (main['x-synap-scope']) facts.push(`scope \`${main['x-synap-scope']}\``);
      if (main['x-synap-proposing-scope']) facts.push(`or \`${main['x-synap-proposing-scope']}\``);
      facts.push(EFFECTS[main['x-synap-effects']]);
      if (procedure.keepsKeys) facts.push('takes an `Idempotency-Key`');
      page.add(facts.join(' · '), '');
      const appends = main['x-synap-appends'] ?? [];
      if (appends.length > 0) {
        page.add(`Appends ${appends.map((type) => `[${type}](events.md#${eventAnchors.get(type)})`).join(', ')}.`, '');
      }
      if (main.deprecated) page.add('Deprecated.', '');
      page.add(...(input ? table('input', input, links) : ['Takes nothing.', '']));
      if (item) page.add(`Answers a stream of ${typeOf(item, links)}.`, '');
      else page.add(output ? `Answers ${typeOf(output, links)}.` : 'Answers nothing.', '');
      for (const { status, code, when } of errors) page.add(`- ${code ?? ''} (${status}): ${when}`);
      page.add('', '```sh', ...commandsOf(procedure), '```', '');
    }
  }
  page.heading(2, 'Shapes');
  for (const name of named) {
    page.heading(3, name);
    if (shapes[name].description) page.add(shapes[name].description, '');
    page.add(...table('field', shapes[name], links));
  }
  return { text: page.text(), anchors, shapes: links };
}

/** What wrote or reads an event: procedures are links, what the pod does by itself is said. */
function party(name, procedureAnchors) {
  const [kind, rest] = name.includes(':') ? name.split(':') : ['', name];
  if (name === 'bus') return 'the bus itself';
  if (name === 'search') return '[search](../search.md#the-index-of-words)';
  if (name === 'apps') return 'apps ([Inngest\'s protocol](../inngest.md))';
  if (kind === 'function') return `the function \`${rest}\``;
  if (kind === 'projection') return `the projection \`${rest}\``;
  return `[${name}](procedures.md#${procedureAnchors.get(name)})`;
}

function eventAnchorsOf(types) {
  const page = new Page('Events');
  const groups = groupsOf(types.map((type) => ({ ...type, group: type.noun })));
  for (const heading of ['Events', 'Contents', 'The envelope']) page.anchor(heading);
  const anchors = new Map();
  for (const [noun, members] of groups) {
    page.anchor(noun);
    for (const { name } of members) anchors.set(name, page.anchor(name));
  }
  page.anchor('Shapes');
  return { anchors, page, groups };
}

function eventsPage(types, procedures) {
  const { anchors, page, groups } = eventAnchorsOf(types);
  // What several types say in the same words is told once.
  const titles = types.map(({ schema }) => schema.title);
  const shapes = {};
  const keep = (name, schema) => {
    const { $defs, $schema, title, ...plain } = schema;
    if (shapes[name] && JSON.stringify(shapes[name]) !== JSON.stringify(plain)) throw new Error(`two shapes are called ${name}`);
    shapes[name] = plain;
  };
  for (const { schema } of types) {
    for (const [name, inner] of Object.entries(schema.$defs ?? {})) keep(name, inner);
    if (titles.filter((title) => title === schema.title).length > 1) keep(schema.title, schema);
  }
  const names = Object.keys(shapes).sort((a, b) => a.localeCompare(b, 'en'));
  const links = new Map(names.map((name) => [name, page.anchor(name)]));

  page.add(GENERATED, '',
    'The types of events that a pod has by itself; those of your own are in [event-types.md](../event-types.md). A command that is accepted is',
    '`….requested`; what comes of it is `….completed` or `….failed`, with the same `requestId`. What is said of who writes and who reads is what',
    '`synap call catalogue.eventTypes` answers. A *function* is work that the pod does for an event, a *projection* a table that follows the log.', '');
  page.heading(2, 'Contents');
  page.add('| | data version | |', '|---|---|---|');
  for (const { name, version, summary } of types) page.add(`| [${name}](#${anchors.get(name)}) | ${version} | ${cell(summary)} |`);
  page.add('');
  page.heading(2, 'The envelope');
  page.add(`Every event has the fields of [SynapEvent](procedures.md#${procedures.shapes.get('SynapEvent')}): id, position, type, time, user, who acted, what it`,
    'follows from. What stands below are its `data`.', '');
  for (const [noun, members] of groups) {
    page.heading(2, noun);
    for (const { name, summary, version, schema, writtenBy, readBy } of members) {
      page.heading(3, name);
      page.add(summary, '');
      const parties = (all) => all.map((each) => party(each, procedures.anchors)).join(', ');
      page.add(`- data version ${version}`);
      page.add(`- written by ${parties(writtenBy) || 'nothing: what asks for it is done before the call is answered'}`);
      page.add(`- read by ${parties(readBy) || 'those who watch'}`, '');
      if (shapes[schema.title]) page.add(`Its data are a [${schema.title}](#${links.get(schema.title)}).`, '');
      else page.add(...(table('data', schema, links).length ? table('data', schema, links) : ['It has no data.', '']));
    }
  }
  page.heading(2, 'Shapes');
  for (const name of names) {
    page.heading(3, name);
    page.add(...table('field', shapes[name], links));
  }
  return page.text();
}

/** Both pages, by their names. */
export function pagesOf(document, types) {
  const procedures = proceduresPage(document, eventAnchorsOf(types).anchors);
  return { 'procedures.md': procedures.text, 'events.md': eventsPage(types, procedures) };
}

export const openapi = () => JSON.parse(execFileSync(BIN, ['openapi'], { maxBuffer: 1 << 26 }));

async function main() {
  const [mode, folder] = process.argv.slice(2);
  if (mode !== '--out' || !folder) {
    console.error('usage: node tools/reference.mjs --out DIR');
    process.exit(2);
  }
  const data = mkdtempSync(path.join(tmpdir(), 'synap-reference-'));
  const pod = spawn(BIN, ['serve', '--json', '--data', data, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const { value } = await readline.createInterface({ input: pod.stdout })[Symbol.asyncIterator]().next();
    const { url } = JSON.parse(value);
    const told = execFileSync(BIN, ['call', 'catalogue.eventTypes', '--url', url, '--data', data], { maxBuffer: 1 << 26 });
    for (const [name, text] of Object.entries(pagesOf(openapi(), JSON.parse(told).types))) {
      writeFileSync(path.join(folder, name), text);
    }
  } finally {
    pod.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
