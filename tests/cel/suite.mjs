// The conformance suite of CEL (npm @bufbuild/cel-spec) as plain cases: what can be said without
// protobuf messages. Values are written as probe.cpp has them.
import { getConformanceSuite, getParsingSuite } from "@bufbuild/cel-spec/testdata/tests.js";

// Files and sections of the suite that are left out, each with what its tests are about; README.md
// gives the reasons.
export const leftOut = new Map([
  ["bindings_ext", "cel.bind"],
  ["block_ext", "cel.block"],
  ["dynamic", "protobuf"],
  ["encoders_ext", "base64.encode"],
  ["enums", "protobuf"],
  ["optionals", "optional values"],
  ["proto2", "protobuf"],
  ["proto2_ext", "protobuf"],
  ["proto3", "protobuf"],
  ["string_ext/format", "format()"],
  ["string_ext/format_errors", "format()"],
  ["unknowns", "empty"],
  ["wrappers", "protobuf"],
]);

class Unsupported extends Error {}

function pad(number, digits) {
  return String(number).padStart(digits, "0");
}

// seconds and nanos of a message as probe.cpp writes durations and timestamps
function fraction(nanos) {
  return nanos === 0 ? "" : `.${pad(nanos, 9)}`.replace(/0+$/, "");
}

// The two fields of google.protobuf.Timestamp and Duration, read from their bytes.
function timeOf(bytes) {
  const fields = [0n, 0n];
  for (let at = 0; at < bytes.length;) {
    const field = bytes[at++] >> 3;
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      value |= BigInt(bytes[at] & 0x7f) << shift;
      if (bytes[at++] < 0x80) break;
    }
    fields[field - 1] = BigInt.asIntN(64, value);
  }
  return { seconds: fields[0], nanos: Number(fields[1]) };
}

function messageOf({ typeUrl, value }) {
  const type = typeUrl.replace(/^.*\//, "");
  const { seconds, nanos } = timeOf(value);
  if (type === "google.protobuf.Duration") {
    const sign = seconds < 0n || nanos < 0 ? "-" : "";
    return { duration: `${sign}${seconds < 0n ? -seconds : seconds}${fraction(Math.abs(nanos))}s` };
  }
  if (type === "google.protobuf.Timestamp") {
    const at = new Date(Number(seconds) * 1000).toISOString().replace(/\.000Z$/, "");
    return { timestamp: `${at}${fraction(nanos)}Z` };
  }
  throw new Unsupported(type);
}

export function tagged({ kind }) {
  switch (kind.case) {
    case "nullValue": return { null: true };
    case "boolValue": return { bool: kind.value };
    case "int64Value": return { int: String(kind.value) };
    case "uint64Value": return { uint: String(kind.value) };
    case "doubleValue": return { double: Object.is(kind.value, -0) ? "-0" : String(kind.value) };
    case "stringValue": return { string: kind.value };
    case "bytesValue": return { bytes: Buffer.from(kind.value).toString("hex") };
    case "typeValue": return { type: kind.value };
    case "listValue": return { list: kind.value.values.map(tagged) };
    case "mapValue": return { map: kind.value.entries.map(({ key, value }) => [tagged(key), tagged(value)]) };
    case "objectValue": return messageOf(kind.value);
    default: throw new Unsupported(kind.case);
  }
}

function expectation({ resultMatcher: { case: kind, value } }) {
  switch (kind) {
    case undefined: return { value: { bool: true } };
    case "value": return { value: tagged(value) };
    case "typedResult": return value.result ? { value: tagged(value.result) } : null;
    case "evalError":
    case "anyEvalErrors": return { error: true };
    default: return null;
  }
}

function bindingsOf(test) {
  const bindings = {};
  for (const [name, { kind }] of Object.entries(test.bindings)) {
    if (kind.case !== "value") throw new Unsupported(kind.case);
    bindings[name] = tagged(kind.value);
  }
  return bindings;
}

const needsProtobuf = /TestAllTypes|google\.protobuf\.(?!Timestamp\b(?!\{)|Duration\b(?!\{))|NestedEnum|GlobalEnum|proto\.(has|get)Ext/;

// {name, expr, bindings, expected}, or null for what takes messages, a container, a variable whose
// name has points, or only a type checker.
function plainCase(path, test) {
  if (test.container !== "" || test.checkOnly || needsProtobuf.test(test.expr)) return null;
  if (Object.keys(test.bindings).some((name) => name.includes("."))) return null;
  try {
    const expected = expectation(test);
    return expected && { name: path.join("/"), expr: test.expr, mode: "strict", bindings: bindingsOf(test), expected };
  } catch (error) {
    if (error instanceof Unsupported) return null;
    throw error;
  }
}

function each(suite, path, visit) {
  for (const test of suite.tests) visit([...path, test.name], test);
  for (const inner of suite.suites) each(inner, [...path, inner.name], visit);
}

// Names are made unique: some of the suite's come twice.
export function conformanceCases() {
  const cases = [];
  const seen = new Map();
  let total = 0;
  each(getConformanceSuite(), [], (path, { original }) => {
    ++total;
    if (leftOut.has(path[0]) || leftOut.has(`${path[0]}/${path[1]}`)) return;
    const made = plainCase(path, original);
    if (!made) return;
    const count = (seen.get(made.name) ?? 0) + 1;
    seen.set(made.name, count);
    if (count > 1) made.name += `#${count}`;
    cases.push(made);
  });
  return { cases, total };
}

// Texts that cel-go's parser takes, and those that it refuses.
export function parsingCases() {
  const cases = [];
  each(getParsingSuite(), [], (path, test) => {
    cases.push({ name: path.join("/"), expr: test.original.expr, isTaken: test.ast !== undefined, error: test.error });
  });
  return cases;
}
