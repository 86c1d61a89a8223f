// The evaluator against CEL's own conformance suite. passing.txt lists what passes: each of it must
// go on passing. SYNAP_UPDATE=1 writes the list anew; what passes newly is told otherwise.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";

import { conformanceCases, leftOut, parsingCases } from "./suite.mjs";

const listFile = new URL("passing.txt", import.meta.url);

function ask(cases) {
  const input = cases.map((each) => JSON.stringify(each)).join("\n") + "\n";
  const answers = execFileSync(process.env.CEL_PROBE, { input, encoding: "utf8", maxBuffer: 1 << 28 });
  return answers.trimEnd().split("\n").map((line) => JSON.parse(line));
}

// Doubles as numbers; maps without order.
function normal(value) {
  const [kind, content] = Object.entries(value)[0];
  if (kind === "double") return { double: content === "nan" ? "NaN" : content === "inf" ? "Infinity" : content === "-inf" ? "-Infinity" : String(Number(content)) };
  if (kind === "list") return { list: content.map(normal) };
  if (kind !== "map") return value;
  const entries = content.map(([key, item]) => [normal(key), normal(item)]);
  return { map: entries.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) };
}

function passes(expected, answer) {
  if (expected.error) return answer.error !== undefined;
  return answer.value !== undefined && JSON.stringify(normal(answer.value)) === JSON.stringify(normal(expected.value));
}

function listed() {
  try {
    return readFileSync(listFile, "utf8").split("\n").filter((line) => line !== "" && !line.startsWith("# "));
  } catch {
    return [];
  }
}

test("evaluates as CEL's conformance suite says", () => {
  const { cases } = conformanceCases();
  const answers = ask(cases.map(({ expr, mode, bindings }) => ({ expr, mode, bindings })));
  const passing = [];
  const failing = [];
  for (const [at, each] of cases.entries()) {
    if (passes(each.expected, answers[at])) passing.push(each.name);
    else failing.push(`${each.name}: ${each.expr}\n  should be ${JSON.stringify(each.expected)}, is ${JSON.stringify(answers[at])}`);
  }
  if (process.env.VERBOSE) console.log(failing.join("\n"));
  console.log(`${passing.length} of ${cases.length} plain cases pass`);
  if (process.env.SYNAP_UPDATE) {
    writeFileSync(listFile, `# What passes of CEL's conformance suite. Written by SYNAP_UPDATE=1.\n${passing.join("\n")}\n`);
  }
  const known = listed();
  const passed = new Set(passing);
  assert.deepEqual(known.filter((name) => !passed.has(name)), []);
  const newly = passing.filter((name) => !known.includes(name));
  if (newly.length > 0) console.log(`pass newly, to be listed with SYNAP_UPDATE=1: ${newly.join(", ")}`);
  assert.ok(known.length >= 1300, `${known.length} are listed`);
});

test("every file that is left out is in the README, with a reason", () => {
  const readme = readFileSync(new URL("README.md", import.meta.url), "utf8");
  for (const [file] of leftOut) assert.match(readme, new RegExp(`^\\| \`${file}\` \\| .{10,}`, "m"));
});

// Where this language is another than that of cel-go's parser: README.md, "The parser".
const differs = [
  /recursion/, // cel-go's tests run with lower limits on depth
  /unsupported syntax: '`'/, // names in ` are of a later version of CEL
  /__result__/, // cel-go's own name inside macros
];

test("takes and refuses the texts that cel-go's parser does", () => {
  const cases = parsingCases().filter(({ error }) => !differs.some((each) => each.test(error ?? "")));
  const answers = ask(cases.map(({ expr }) => ({ expr, mode: "strict", bindings: {} })));
  const wrong = [];
  for (const [at, each] of cases.entries()) {
    const isTaken = answers[at].at !== "parse";
    const isMessage = /messages \(Name/.test(answers[at].error);
    if (isTaken !== each.isTaken && !isMessage) wrong.push(`${each.name}: ${isTaken ? "taken" : answers[at].error}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(cases.length > 150, `${cases.length} texts`);
});
