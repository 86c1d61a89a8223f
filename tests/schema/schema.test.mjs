// What src/schema says of random inputs against what zod says, with the zod schemas that it
// generates itself. SYNAP_SEED and SYNAP_CASES choose others and more.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import Ajv2020 from "ajv/dist/2020.js";
import ts from "typescript";
import { z } from "zod";

import { anything, damaged, random, valid } from "./random_input.mjs";

const probe = process.env.SCHEMA_PROBE;
const seed = Number(process.env.SYNAP_SEED ?? 20260131);
const perSchema = Number(process.env.SYNAP_CASES ?? 1500);
const issuesListedMax = 100;

const ask = (mode, input = "") => execFileSync(probe, [mode], { input, encoding: "utf8", maxBuffer: 1 << 30 });

let folder;
let schemas;
let cases;

before(async () => {
  assert.ok(probe, "SCHEMA_PROBE names the program that this test asks");
  // Beside the packages, so that the generated modules find zod.
  folder = mkdtempSync(join(import.meta.dirname ?? ".", "node_modules/.schema-"));
  const file = join(folder, "schemas.mjs");
  writeFileSync(file, ask("zod"));
  ({ schemas } = await import(pathToFileURL(file)));

  cases = [];
  for (const [name, schema] of Object.entries(schemas)) {
    const r = random(seed ^ name.length ^ (name.charCodeAt(0) << 8));
    const add = (input) => cases.push({ name, schema, line: JSON.stringify(input === undefined ? [name] : [name, input]) });
    add(undefined);
    for (let i = 0; i < perSchema; i++) {
      let input = r.chance(0.1) ? anything(r) : valid(schema, r);
      for (let n = r.below(3); n > 0; n--) input = damaged(input, r);
      add(input);
    }
  }
  // What chance seldom brings.
  for (const line of [
    ["strings", Array(100).fill(1)],
    ["strings", Array(250).fill(1)],
    ["matrix", [[1.5]]],
    ["matrix", [[1, 2, 3]]],
    ["matrix", [[9.5, "x", 10]]],
    ["objects", [{ a: 1.5 }, { a: "x" }]],
    ["record", { b: "x", 10: "x", 9: 1.5, "01": null }],
  ]) {
    cases.push({ name: line[0], schema: schemas[line[0]], line: JSON.stringify(line) });
  }
  const answers = ask("run", cases.map((each) => each.line).join("\n") + "\n").trimEnd().split("\n");
  assert.equal(answers.length, cases.length);
  for (const [at, each] of cases.entries()) {
    each.text = answers[at];
    each.ours = JSON.parse(answers[at]);
    each.zods = each.schema.safeParse(JSON.parse(each.line)[1]);
  }
});

test("unknown keys are named, or refused as zod's strict objects refuse them", async () => {
  const file = join(folder, "strict.mjs");
  writeFileSync(file, ask("zod").replaceAll("z.object(", "z.strictObject("));
  const { schemas: strict } = await import(pathToFileURL(file));
  const answers = ask("run-strict", cases.map((each) => each.line).join("\n") + "\n").trimEnd().split("\n");
  let refused = 0;
  for (const [at, { name, line, ours: lax }] of cases.entries()) {
    const zods = strict[name].safeParse(JSON.parse(line)[1]);
    const ours = JSON.parse(answers[at]);
    // zod drops "__proto__" of a record without a word, strict or not: what it refuses we refuse too, and this.
    if (line.includes("__proto__")) {
      if (!zods.success) assert.ok(ours.issues, line);
      continue;
    }
    assert.equal(ours.issues === undefined, zods.success, line);
    if (zods.success) {
      assert.equal(lax.unknown, undefined, line);
      continue;
    }
    const issues = zods.error.issues;
    const listed = ours.issues.filter((issue) => issue.code !== "custom");
    assert.equal(JSON.stringify(listed), JSON.stringify(issues.slice(0, issuesListedMax)), line);
    // What is not refused otherwise names the same keys, in the same order.
    if (lax.issues !== undefined) continue;
    refused++;
    const paths = issues.flatMap((issue) => issue.keys.map((key) => z.core.toDotPath([...issue.path, key])));
    assert.deepEqual(lax.unknown.slice(0, 20), paths.slice(0, 20), line);
    assert.equal(lax.unknown.length, Math.min(paths.length, 21), line);
  }
  assert.ok(refused > 500, "hardly any input had unknown keys alone");
});

test("partial() is zod's .partial()", () => {
  const outcome = (result) => (result.success ? result.data : result.error.issues);
  for (const [ours, whole] of [["partialNote", "note"], ["partialList", "listNotes"]]) {
    const theirs = schemas[whole].partial();
    for (const { line } of cases.filter((each) => each.name === ours || each.name === whole)) {
      const input = JSON.parse(line)[1];
      assert.deepEqual(outcome(schemas[ours].safeParse(input)), outcome(theirs.safeParse(input)), line);
    }
  }
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("random inputs are neither all right nor all wrong", () => {
  for (const name of Object.keys(schemas)) {
    const of = cases.filter((each) => each.name === name);
    const accepted = of.filter((each) => each.zods.success).length;
    if (name !== "anything") assert.ok(of.length - accepted > 0, `${name}: nothing was refused`);
    if (name !== "longer" && name !== "uuidLong") assert.ok(accepted > 0, `${name}: nothing was accepted`);
  }
});

test("accepts and refuses what zod does", () => {
  for (const { line, ours, zods } of cases) {
    assert.equal(ours.issues === undefined, zods.success, `${line}\n${JSON.stringify(ours)}`);
  }
});

test("gives the value that zod gives", () => {
  for (const { line, ours, zods } of cases) {
    if (!zods.success) continue;
    const value = zods.data === undefined ? undefined : JSON.parse(JSON.stringify(zods.data));
    assert.deepEqual(ours.value, value, line);
    // A default makes a value of nothing, so "defined" is zod's word too.
    assert.equal(ours.defined, value !== undefined, line);
  }
});

test("lists the issues that zod lists, in its order and in its words", () => {
  let most = 0;
  for (const { line, ours, zods } of cases) {
    if (zods.success) continue;
    const issues = zods.error.issues;
    most = Math.max(most, issues.length);
    const listed = ours.issues.filter((issue) => issue.code !== "custom");
    assert.equal(JSON.stringify(listed), JSON.stringify(issues.slice(0, issuesListedMax)), line);
    if (issues.length <= issuesListedMax) {
      assert.equal(ours.message, zods.error.message, line);
      assert.deepEqual(ours.flat, JSON.parse(JSON.stringify(z.flattenError(zods.error))), line);
    } else {
      assert.equal(ours.issues.at(-1).message, `${issues.length - issuesListedMax} more issues are not listed`);
    }
  }
  assert.ok(most > 5, "no input had many issues");
});

test("C++ values are written as they were validated", () => {
  // std::optional does not keep null apart from absent.
  const withoutNullish = (value, isField = false) => {
    if (Array.isArray(value)) return value.map((item) => withoutNullish(item));
    if (value === null || typeof value !== "object") return value;
    const members = Object.entries(value).filter(([key, member]) => !(member === null && (key === "cursor" || key === "mediaType")));
    return Object.fromEntries(members.map(([key, member]) => [key, key === "metadata" || key === "raw" || key === "extra" ? member : withoutNullish(member)]));
  };
  let seen = 0;
  for (const { line, ours } of cases) {
    if (ours.issues !== undefined) {
      assert.notEqual(ours.typedAgrees, false, line);
    } else if (ours.typed !== undefined && ours.defined) {
      seen++;
      assert.deepEqual(ours.typed, withoutNullish(ours.value), line);
    }
  }
  assert.ok(seen > 1000, "hardly any value went through a C++ type");
});

test("JSON Schema accepts what decode accepts", () => {
  const ajv = new Ajv2020({ strict: true, allErrors: true, validateFormats: true });
  ajv.addFormat("uuid", (text) => z.uuid().safeParse(text).success);
  ajv.addFormat("date-time", (text) => z.iso.datetime().safeParse(text).success);
  for (const [name, schema] of Object.entries(JSON.parse(ask("json-schema")))) {
    const isRight = ajv.compile(schema);
    for (const { line, ours } of cases.filter((each) => each.name === name)) {
      const input = JSON.parse(line)[1];
      if (input === undefined) continue;
      // "integer" has no bounds of its own in JSON Schema, and "__proto__" is no member for zod.
      if (ours.issues?.some((issue) => issue.note) || line.includes("__proto__")) continue;
      assert.equal(isRight(input), ours.issues === undefined, `${line}\n${JSON.stringify(isRight.errors)}`);
    }
  }
});

test("TypeScript types are those that zod infers", () => {
  writeFileSync(join(folder, "types.ts"), ask("typescript"));
  writeFileSync(join(folder, "zod.ts"), ask("zod"));
  const names = Object.keys(schemas);
  writeFileSync(
    join(folder, "same.ts"),
    [
      `import { z } from "zod";`,
      `import type { Inputs, Outputs } from "./types.ts";`,
      `import type { schemas } from "./zod.ts";`,
      `type Zod = typeof schemas;`,
      `const assign = <Target,>(_source: Target): void => {};`,
      ...names.flatMap((name) => [
        `assign<Inputs["${name}"]>(null! as z.input<Zod["${name}"]>);`,
        `assign<z.input<Zod["${name}"]>>(null! as Inputs["${name}"]);`,
        `assign<Outputs["${name}"]>(null! as z.output<Zod["${name}"]>);`,
        `assign<z.output<Zod["${name}"]>>(null! as Outputs["${name}"]);`,
      ]),
      // And it can tell: these must not fit.
      `// @ts-expect-error a default may be missing in an input, not in an output`,
      `assign<Outputs["listNotes"]>(null! as Inputs["listNotes"]);`,
      `// @ts-expect-error null is not undefined`,
      `assign<Outputs["note"]>({ ...(null! as Outputs["note"]), title: null });`,
    ].join("\n"),
  );
  const program = ts.createProgram([join(folder, "same.ts")], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  });
  const complaints = ts.getPreEmitDiagnostics(program).map((each) => {
    const where = each.file ? each.file.text.slice(0, each.start).split("\n").length : 0;
    return `${each.file?.fileName}:${where}: ${ts.flattenDiagnosticMessageText(each.messageText, "\n")}`;
  });
  assert.deepEqual(complaints, []);
});
