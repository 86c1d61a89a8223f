// JsonValidator against the JSON Schema project's own test suite (Debian's json-schema-test-suite,
// draft 7, said in 2020-12 where that says it differently) and against ajv with random schemas.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import Ajv2020 from "ajv/dist/2020.js";

import { anything, random } from "./random_input.mjs";

const suite = "/usr/share/json-schema-test-suite/tests/draft7";
const seed = Number(process.env.SYNAP_SEED ?? 20260131);

function judge(pairs) {
  const input = pairs.map((pair) => JSON.stringify(pair)).join("\n") + "\n";
  const answers = execFileSync(process.env.SCHEMA_PROBE, ["judge"], { input, encoding: "utf8", maxBuffer: 1 << 30 });
  return answers.trimEnd().split("\n").map((line) => JSON.parse(line));
}

// Draft 7 as 2020-12 says it.
function in2020(schema) {
  if (Array.isArray(schema)) return schema.map(in2020);
  if (schema === null || typeof schema !== "object") return schema;
  // Beside a $ref nothing counted.
  if (typeof schema.$ref === "string") {
    const { $ref, definitions } = schema;
    const at = $ref.replace(/^#\/items\/(\d)/, "#/prefixItems/$1");
    return { $ref: at, ...(definitions ? { definitions: in2020(definitions) } : {}) };
  }
  const out = {};
  for (const [word, value] of Object.entries(schema)) {
    if (word === "enum" || word === "const" || word === "default") out[word] = value;
    else if (word === "items" && Array.isArray(value)) {
      out.prefixItems = value.map(in2020);
      if ("additionalItems" in schema) out.items = in2020(schema.additionalItems);
    } else if (word === "additionalItems") continue;
    else if (word === "dependencies") {
      for (const [name, needed] of Object.entries(value)) {
        const at = Array.isArray(needed) ? "dependentRequired" : "dependentSchemas";
        out[at] = { ...out[at], [name]: in2020(needed) };
      }
    } else out[word] = in2020(value);
  }
  return out;
}

test("judges as the JSON Schema test suite says", () => {
  const files = readdirSync(suite).filter((file) => file.endsWith(".json")).map((file) => [file, `${suite}/${file}`]);
  const formats = readdirSync(`${suite}/optional/format`).map((file) => [file, `${suite}/optional/format/${file}`]);
  const cases = [];
  for (const [file, path] of [...files, ...formats]) {
    for (const { description, schema, tests } of JSON.parse(readFileSync(path, "utf8"))) {
      for (const { data, valid, description: what } of tests) {
        cases.push({ name: `${file}: ${description}: ${what}`, pair: [in2020(schema), data], valid });
      }
    }
  }
  const answers = judge(cases.map((each) => each.pair));
  const refusals = new Map();
  const wrong = [];
  let right = 0;
  for (const [at, { name, valid, pair }] of cases.entries()) {
    const { valid: ours, refused } = answers[at];
    if (refused !== undefined) {
      const why = refused.replace(/^.*?: #\S* /, "").slice(0, 40);
      refusals.set(why, [...(refusals.get(why) ?? []), name]);
    } else if (ours === valid) right++;
    else wrong.push(`${name}: ${JSON.stringify(pair)} should be ${valid}`);
  }
  if (process.env.VERBOSE) console.log(right, refusals);
  assert.deepEqual(wrong, []);
  // What is refused is refused for one of the reasons that json_validator.h gives.
  for (const why of refusals.keys()) {
    assert.match(why, /^(refers only to places|refers to an? |is no format|must be "|only the root|is no pattern|leads back|is no keyword)/);
  }
  assert.ok(right > 430, `${right} cases`);
});

// Small schemas of everything, in every combination that chance brings.
function schemaOf(r, depth = 0, mayRefer = true) {
  const inner = () => (depth > 2 ? r.pick([true, false, {}, { type: "string" }]) : schemaOf(r, depth + 1, mayRefer));
  const some = (make) => Array.from({ length: 1 + r.below(3) }, make);
  const names = ["a", "b", "c", "1", "é"];
  const members = (make) => Object.fromEntries(some(() => [r.pick(names), make()]));
  const words = {
    type: () => r.pick(["null", "boolean", "integer", "number", "string", "array", "object", ["string", "object"], ["array", "object"]]),
    enum: () => [null, 0, "a", [1], { a: 1, b: 2 }, anything(r, 2)],
    const: () => r.pick([0, 1, "a", { b: 2, a: [1] }]),
    multipleOf: () => r.pick([1, 2, 0.5, 3]),
    maximum: () => r.pick([0, 2, 10]),
    minimum: () => r.pick([0, -1, 1]),
    exclusiveMaximum: () => r.pick([0, 2, 10]),
    exclusiveMinimum: () => r.pick([0, -1, 1]),
    maxLength: () => r.below(4),
    minLength: () => r.below(3),
    pattern: () => r.pick(["^a", "[bé]+$", "\\u00e9|x", "^\\p{L}*$", "a{2,}"]),
    maxItems: () => r.below(4),
    minItems: () => r.below(3),
    uniqueItems: () => true,
    prefixItems: () => some(inner),
    items: inner,
    contains: inner,
    minContains: () => r.below(3),
    maxContains: () => 1 + r.below(2),
    maxProperties: () => r.below(4),
    minProperties: () => r.below(3),
    required: () => [r.pick(names)],
    dependentRequired: () => ({ a: ["b"] }),
    properties: () => members(inner),
    patternProperties: () => ({ "^[ab]": inner() }),
    additionalProperties: inner,
    propertyNames: () => r.pick([{ maxLength: 1 }, { pattern: "^[a-c]" }, inner()]),
    dependentSchemas: () => members(inner),
    allOf: () => some(inner),
    anyOf: () => some(inner),
    oneOf: () => some(inner),
    not: inner,
    if: inner,
    then: inner,
    else: inner,
  };
  if (r.chance(0.05)) return r.chance(0.5);
  const out = {};
  for (let n = 1 + r.below(3); n > 0; n--) {
    const word = r.pick(Object.keys(words));
    out[word] = words[word]();
  }
  if (mayRefer && depth > 0 && r.chance(0.1)) return { $ref: "#/$defs/leaf" };
  return out;
}

// Without names that are no members or break ajv, and numbers that its parseInt() cannot read.
const plain = (value) =>
  JSON.parse(JSON.stringify(value).replace(/__proto__|constructor|toString/g, "a"), (_, each) =>
    typeof each === "number" && (Math.abs(each) > 1e15 || (each !== 0 && Math.abs(each) < 1e-300)) ? 7 : each,
  );

test("judges random values by random schemas as ajv does", () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false, logger: false });
  const r = random(seed);
  let broken = 0;
  const cases = [];
  for (let i = 0; i < 800; i++) {
    const schema = plain({ $defs: { leaf: schemaOf(r, 1, false) }, ...Object(schemaOf(r)) });
    const isRight = ajv.compile(schema);
    for (let n = 0; n < 20; n++) {
      const value = plain(anything(r));
      try {
        cases.push({ pair: [schema, value], valid: isRight(value) });
      } catch {
        // ajv 8.17 trips over its own notes of what was evaluated, seldom.
        broken++;
      }
    }
  }
  assert.ok(broken < 100, `ajv broke ${broken} times`);
  const answers = judge(cases.map((each) => each.pair));
  let valid = 0;
  for (const [at, { pair, valid: theirs }] of cases.entries()) {
    assert.equal(answers[at].valid, theirs, `${JSON.stringify(pair)} ${JSON.stringify(answers[at])}`);
    valid += theirs ? 1 : 0;
  }
  assert.ok(valid > cases.length / 10 && valid < (cases.length * 9) / 10, `${valid} of ${cases.length} are valid`);
});
