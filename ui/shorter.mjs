// What esbuild leaves long in a chunk that it has minified. A function that knows no `this` is as good
// an arrow, which says neither "function" nor "return"; and what a chunk says often (a text, nothing,
// Object.entries) is said once.
import { parse } from 'acorn';

const isNode = (value) => typeof value?.type === 'string';

/** Shows every node below to `see`, which answers false where it wants nothing of what is inside. */
function walk(node, see, parent) {
  if (see(node, parent) === false) return;
  for (const value of Object.values(node)) {
    for (const inner of Array.isArray(value) ? value : [value]) {
      if (isNode(inner)) walk(inner, see, node);
    }
  }
}

/** Names that something is constructed with or said to be one of, or that have a prototype: an arrow has none. */
function constructors(tree) {
  const names = new Set();
  walk(tree, (node) => {
    if (node.type === 'NewExpression') names.add(node.callee.name);
    if (node.operator === 'instanceof') names.add(node.right.name);
    if (node.type === 'MemberExpression' && node.property.name === 'prototype') {
      names.add(node.object.name);
    }
    if (node.superClass) names.add(node.superClass.name);
  });
  return names;
}

/** Does it use what only a function has of its own? */
function needsOwnThis({ params, body }) {
  let found = false;
  walk({ params, body }, (node) => {
    if (node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration') return false;
    found ||=
      node.type === 'ThisExpression' ||
      node.type === 'MetaProperty' ||
      (node.type === 'Identifier' && node.name === 'arguments');
    return !found;
  });
  return found;
}

function arrowOf({ async, params, body }, text) {
  const [first] = params;
  const given =
    params.length === 1 && first.type === 'Identifier' ? text(first) : `(${params.map(text)})`;
  const [statement, ...others] = body.body;
  let does = text(body);
  if (statement?.type === 'ReturnStatement' && statement.argument && others.length === 0) {
    does = text(statement.argument);
    if (statement.argument.type === 'SequenceExpression' || does[0] === '{') does = `(${does})`;
  }
  return `${async ? 'async ' : ''}${given}=>${does}`;
}

const isText = (node) => node.type === 'Literal' && typeof node.value === 'string';

/** The attributes of an element, if they are always the same: Preact copies them. */
const isAttributes = (node, parent) =>
  node.type === 'ObjectExpression' &&
  parent.type === 'CallExpression' &&
  parent.arguments[1] === node &&
  isText(parent.arguments[0]) &&
  node.properties.length > 0 &&
  node.properties.every((one) => !one.computed && one.value && isText(one.value));

const isNothing = (node) =>
  (node.type === 'UnaryExpression' && node.operator === 'void' && isNumber(node.argument)) ||
  (node.type === 'Literal' && node.raw === 'null');

const isNumber = (node) => node.type === 'Literal' && typeof node.value === 'number';

/** As Object.entries: it is the same function all the time, and asks for no `this`. */
const isPlainFunction = (node) =>
  node.type === 'MemberExpression' &&
  !node.computed &&
  /^(Array|JSON|Math|Number|Object)$/.test(node.object.name) &&
  node.property.name !== 'prototype';

const isValue = (node, parent) =>
  (isText(node) || isNothing(node) || isPlainFunction(node)) &&
  !/^(Import|Export)/.test(parent.type) &&
  parent.type !== 'ExpressionStatement' &&
  !(parent.key === node);

/** The places of what is said more than once, by how it is written. */
function repeated(body, text) {
  const places = new Map();
  const add = (node) => places.set(text(node), [...(places.get(text(node)) ?? []), node]);
  const see = (node, parent) => {
    if (isAttributes(node, parent)) {
      add(node);
      return false;
    }
    if (isValue(node, parent)) add(node);
    return true;
  };
  for (const statement of body) walk(statement, see, statement);
  return places;
}

/** Names of two letters that nothing in the chunk has. */
function* freeNames(tree) {
  const taken = new Set(['as', 'do', 'if', 'in', 'is', 'of']);
  walk(tree, (node) => void (node.type === 'Identifier' && taken.add(node.name)));
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  for (const one of letters) {
    for (const two of letters) if (!taken.has(one + two)) yield one + two;
  }
}

const NAME_LENGTH = 2;
const DEFINITION_LENGTH = NAME_LENGTH + '=,'.length;

function parsed(code) {
  const tree = parse(code, { ecmaVersion: 2022, sourceType: 'module' });
  const imports = tree.body.filter((one) => one.type === 'ImportDeclaration');
  return { tree, start: imports.at(-1)?.end ?? 0, text: (node) => code.slice(node.start, node.end) };
}

/** `definitions` before all that is no import, where functions would be known too; then the rest, changed. */
function rewritten(code, start, definitions, changes) {
  if (definitions.length === 0) return code;
  let rest = '';
  let at = start;
  for (const { node, by } of changes.sort((a, b) => a.node.start - b.node.start)) {
    const before = /[\w$]$/.test(code.slice(0, node.start)) && by ? ' ' : '';
    const after = /^[\w$]/.test(code.slice(node.end)) && by ? ' ' : '';
    rest += code.slice(at, node.start) + before + by + after;
    at = node.end;
  }
  return `${code.slice(0, start)}var ${definitions.join(',')};${rest}${code.slice(at)}`;
}

function withArrows(code) {
  const { tree, start, text } = parsed(code);
  const constructed = constructors(tree);
  const functions = tree.body.filter(
    (one) =>
      one.type === 'FunctionDeclaration' &&
      !one.generator &&
      !constructed.has(one.id.name) &&
      !needsOwnThis(one),
  );
  const definitions = functions.map((one) => `${one.id.name}=${arrowOf(one, text)}`);
  return rewritten(code, start, definitions, functions.map((node) => ({ node, by: '' })));
}

function withoutRepeats(code) {
  const { tree, start, text } = parsed(code);
  const names = freeNames(tree);
  const definitions = [];
  const changes = [];
  for (const [written, places] of repeated(tree.body, text)) {
    const saved = places.length * (written.length - NAME_LENGTH);
    if (saved <= written.length + DEFINITION_LENGTH) continue;
    const { value: name, done } = names.next();
    if (done) break;
    definitions.push(`${name}=${written}`);
    changes.push(...places.map((node) => ({ node, by: name })));
  }
  return rewritten(code, start, definitions, changes);
}

/** The same chunk in fewer bytes. */
export const shorter = (code) => withoutRepeats(withArrows(code));
