// Says whether two servers said the same, in what a client can rely on.
import assert from 'node:assert/strict';
import { fetchAll, decodeJsonl, readEvents } from './wire.mjs';
import { servers } from './harness.mjs';

// A message that quotes the JSON parser is V8's on one side and simdjson's on the other.
const isParserText = (message) =>
  /JSON|Unexpected (token|end)|Expected|Bad control|Bad escaped|Unterminated/.test(message);

/** The value with messages of JSON parsers made one. */
export function withoutParserTexts(value) {
  if (Array.isArray(value)) return value.map(withoutParserTexts);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === 'message' && typeof member === 'string' && isParserText(member)
        ? '<JSON parser>'
        : withoutParserTexts(member),
    ]),
  );
}

const headersThatMatter = ['vary', 'allow', 'cache-control', 'x-accel-buffering'];

/** An answer as a client sees it. */
export function view(answer) {
  const headers = Object.fromEntries(headersThatMatter.map((name) => [name, answer.headers[name]]));
  const body = answer.json === undefined ? answer.text : withoutParserTexts(answer.json);
  return { status: answer.status, headers, body };
}

/** Both servers answer the same; yields our answer for more to be asked of it. */
export async function same(asked, { switches = {}, ignore = (seen) => seen } = {}) {
  const { official, ours } = await servers(switches);
  const [theirs, mine] = await Promise.all([fetchAll(official, asked), fetchAll(ours, asked)]);
  assert.deepEqual(ignore(view(mine)), ignore(view(theirs)), `${asked.method ?? 'GET'} ${asked.path}`);
  // The official server sends errors of the whole request as text; we do not.
  if (mine.text !== '') assert.equal(mine.headers['content-type'], 'application/json');
  return mine;
}

/** The same for a stream of JSON Lines: the same results, whatever the order of the lines. */
export async function sameJsonl(asked, { switches = {} } = {}) {
  const { official, ours } = await servers(switches);
  const [theirs, mine] = await Promise.all([fetchAll(official, asked), fetchAll(ours, asked)]);
  assert.equal(mine.status, theirs.status);
  assert.equal(mine.headers['content-type'], theirs.headers['content-type']);
  assert.equal(mine.headers.vary, theirs.headers.vary);
  const decoded = decodeJsonl(mine.text);
  assert.deepEqual(withoutParserTexts(decoded), withoutParserTexts(decodeJsonl(theirs.text)));
  return { ...mine, decoded };
}

const errorData = (event) =>
  event.event === 'serialized-error'
    ? { ...event, data: withoutParserTexts(JSON.parse(event.data)) }
    : event;

/** The same for Server-Sent Events: the same events with the same data and ids, in order. */
export async function sameEvents(asked, { switches = {}, enough, ignore = (event) => event } = {}) {
  const { official, ours } = await servers(switches);
  const [theirs, mine] = await Promise.all([
    readEvents(official, asked, enough),
    readEvents(ours, asked, enough),
  ]);
  const seen = ({ events }) => events.map(errorData).map(ignore);
  assert.deepEqual(seen(mine), seen(theirs), asked.path);
  assert.equal(mine.status, theirs.status);
  for (const name of ['content-type', ...headersThatMatter]) {
    assert.equal(mine.headers[name], theirs.headers[name], name);
  }
  return mine;
}
