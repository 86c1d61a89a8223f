// Seeded random inputs for a zod schema: valid ones, and valid ones that something happened to.

export function random(seed) {
  // mulberry32
  let state = seed >>> 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    unit,
    below: (n) => Math.floor(unit() * n),
    chance: (p) => unit() < p,
    pick: (list) => list[Math.floor(unit() * list.length)],
  };
}

const letters = ["a", "b", "z", "-", "/", "é", "漢", "😀", "👩‍👩‍👧", "\u2028", "\"", "\\", "\n", " ", "0"];
const uuids = [
  "0198c0de-0000-7000-8000-000000000000",
  "3F2504E0-4F89-41D3-9A0C-0305E82C3301",
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
];
const datetimes = [
  "2026-01-31T12:00:00Z",
  "2024-02-29T23:59:59.123456789Z",
  "2000-02-29T00:00:00.0Z",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999Z",
];
const nearlyRight = [
  "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
  "0198c0de-0000-9000-8000-000000000000",
  "0198c0de-0000-7000-c000-000000000000",
  "0198c0de-0000-7000-8000-00000000000",
  "0198c0de-0000-7000-8000-000000000000\n",
  "0198c0dez0000-7000-8000-000000000000",
  "2026-02-29T12:00:00Z",
  "1900-02-29T12:00:00Z",
  "2026-04-31T12:00:00Z",
  "2026-01-31T24:00:00Z",
  "2026-01-31T12:60:00Z",
  "2026-01-31T12:00:60Z",
  "2026-01-31T12:00:00.Z",
  "2026-01-31T12:00Z",
  "2026-01-31T12:00:00+01:00",
  "2026-01-31 12:00:00Z",
  "2026-1-31T12:00:00Z",
  "2026-01-31T12:00:00z",
  "2026-13-01T12:00:00Z",
  "2026-00-01T12:00:00Z",
  "+026-01-31T12:00:00Z",
  "v1",
  "v2",
  "newest",
  "b\"c",
];
const numbers = [
  0, -0, 1, -1, 2, 3, 7, 8, 9, 10, 100, 101, 0.5, -0.5, -0.50001, 1.25, 1.2500001, 1e3, 1000.5, 1e21, -1e21,
  2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53 - 1, 2 ** 53, -(2 ** 53) + 1, -(2 ** 53), 2 ** 53 + 2,
  2 ** 63, -(2 ** 63), 2 ** 64, 1.7976931348623157e308, 5e-324, 1e-7,
];
const keys = ["a", "b", "c", "__proto__", "constructor", "toString", "", "1", "10", "2", "01", "-1", "4294967295", "é"];

function text(r, length) {
  let out = "";
  for (let i = 0; i < length; i++) out += r.pick(letters);
  return out;
}

/** Any JSON value at all. */
export function anything(r, depth = 0) {
  const kind = r.below(depth > 3 ? 6 : 9);
  if (kind === 0) return null;
  if (kind === 1) return r.chance(0.5);
  if (kind === 2) return r.pick(numbers);
  if (kind === 3) return r.pick(nearlyRight);
  if (kind === 4) return text(r, r.below(8));
  if (kind === 5) return r.pick([...uuids, ...datetimes]);
  if (kind <= 7) return Array.from({ length: r.below(5) }, () => anything(r, depth + 1));
  return bag(r, r.below(4), () => anything(r, depth + 1));
}

function bag(r, count, make) {
  // As JSON.parse does it, so that "__proto__" is a member like others.
  const members = Array.from({ length: count }, () => `${JSON.stringify(r.pick(keys))}:${JSON.stringify(make())}`);
  return JSON.parse(`{${members.join(",")}}`);
}

/** A value that the schema allows; undefined where it may be absent. */
export function valid(schema, r) {
  const def = schema._zod.def;
  const bound = (name, otherwise) => {
    for (const check of def.checks ?? []) {
      const found = check._zod.def;
      if (name === "min" && (found.minimum ?? found.value) !== undefined && /greater|min/.test(found.check)) {
        return found.minimum ?? found.value;
      }
      if (name === "max" && (found.maximum ?? found.value) !== undefined && /less|max/.test(found.check)) {
        return found.maximum ?? found.value;
      }
    }
    return otherwise;
  };
  switch (def.type) {
    case "void": return undefined;
    case "any": return anything(r, 2);
    case "null": return null;
    case "boolean": return r.chance(0.5);
    case "string": {
      if (def.format === "uuid") return r.pick(uuids);
      if (def.format === "datetime") return r.pick(datetimes);
      if ((def.checks ?? []).some((check) => check._zod.def.format === "regex")) return "a/b-c";
      const min = bound("min", 0);
      const max = Math.max(min, bound("max", min + 6));
      let out = "";
      const length = min + r.below(max - min + 1);
      for (let i = 0; i < length; i++) out += r.pick(["a", "é", "😀", "\u2028", "\""]);
      return out;
    }
    case "number": {
      const isInteger = def.format === "safeint" || (def.checks ?? []).some((c) => c._zod.def.format === "safeint");
      const min = bound("min", -50);
      const max = bound("max", min + 100);
      const value = min + r.unit() * (max - min);
      return isInteger ? Math.round(value) : value;
    }
    case "literal": return r.pick(def.values);
    case "enum": return r.pick(Object.values(def.entries));
    case "array": {
      const min = bound("min", 0);
      const max = Math.max(min, Math.min(bound("max", min + 4), min + 4));
      return Array.from({ length: min + r.below(max - min + 1) }, () => valid(def.element, r));
    }
    case "record": return bag(r, r.below(4), () => valid(def.valueType, r));
    case "optional":
    case "default": return r.chance(0.4) ? undefined : valid(def.innerType, r);
    case "union": return valid(r.pick(def.options), r);
    case "nullable": return r.chance(0.3) ? null : valid(def.innerType, r);
    case "object": {
      const names = Object.keys(def.shape);
      if (r.chance(0.3)) names.sort(() => r.unit() - 0.5);
      const out = {};
      for (const name of names) {
        const value = valid(def.shape[name], r);
        if (value !== undefined) out[name] = value;
      }
      if (r.chance(0.2)) Object.assign(out, { stranger: anything(r, 2) });
      if (r.chance(0.05)) Object.assign(out, { "b c": 1, 7: null });
      return out;
    }
    default: throw new Error(`no generator for ${def.type}`);
  }
}

/** The same value with one thing changed somewhere inside it. */
export function damaged(value, r) {
  const goDeeper = r.chance(0.75);
  if (Array.isArray(value) && value.length > 0 && goDeeper) {
    const copy = value.slice();
    const at = r.below(copy.length);
    if (r.chance(0.15)) copy.splice(at, 1);
    else if (r.chance(0.25)) copy.push(...Array.from({ length: 1 + r.below(4) }, () => r.pick(copy)));
    else copy[at] = damaged(copy[at], r);
    return copy;
  }
  if (value !== null && typeof value === "object" && !Array.isArray(value) && goDeeper) {
    const names = Object.keys(value);
    if (names.length > 0) {
      const name = r.pick(names);
      // Through text, to keep "__proto__" a member.
      const parts = names
        .filter((each) => each !== name || !r.chance(0.2))
        .map((each) => `${JSON.stringify(each)}:${JSON.stringify(each === name ? damaged(value[each], r) ?? null : value[each])}`);
      return JSON.parse(`{${parts.join(",")}}`);
    }
  }
  if (typeof value === "string" && r.chance(0.6)) {
    return r.pick([value + r.pick(letters), [...value].slice(1).join(""), "", value.repeat(9), value.toUpperCase(), r.pick(nearlyRight)]);
  }
  if (typeof value === "number" && r.chance(0.6)) return r.pick([-value, value + 0.5, value + 1, value * 1e9, r.pick(numbers)]);
  return anything(r, 2);
}
