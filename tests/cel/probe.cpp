// Evaluates what it reads and says what came out: for conformance.test.mjs.
//
//   cel_probe < cases.jsonl > answers.jsonl
//
// A case is {"expr": text, "mode": "strict" or "inngest", "bindings": {name: value}}, an answer
// {"value": value} or {"error": text, "at": "parse" or "evaluate"}. Values have their kind:
// {"int": "1"}, {"double": "0.5"}, {"list": [value]}, {"map": [[key, value]]}, {"bytes": hex}.
#include <fmt/format.h>

#include <iostream>
#include <string>

#include "base/check.h"
#include "base/crypto.h"
#include "base/json.h"
#include "cel/expression.h"

namespace {

using namespace synap;
using namespace synap::cel;

Json tagged(const Value& value) {
  const auto as = [](std::string_view kind, Json content) {
    return Json::object().set(kind, std::move(content));
  };
  switch (value.kind()) {
    case Kind::kNull:
    case Kind::kMissing:
      return as("null", true);
    case Kind::kBool:
      return as("bool", value.as_bool());
    case Kind::kInt:
      return as("int", fmt::format("{}", value.as_int()));
    case Kind::kUint:
      return as("uint", fmt::format("{}", value.as_uint()));
    case Kind::kDouble:
      return as("double", fmt::format("{}", value.as_double()));
    case Kind::kString:
      return as("string", value.as_string());
    case Kind::kBytes: {
      const auto bytes = value.as_bytes();
      return as("bytes", to_hex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
    }
    case Kind::kList: {
      auto items = Json::array();
      for (std::size_t at = 0; at < value.as_list().size(); ++at) {
        items.push_back(tagged(value.as_list().at(at)));
      }
      return as("list", std::move(items));
    }
    case Kind::kMap: {
      auto entries = Json::array();
      for (std::size_t at = 0; at < value.as_map().size(); ++at) {
        const auto [key, item] = value.as_map().at(at);
        entries.push_back(Json(Json::Array{tagged(key), tagged(item)}));
      }
      return as("map", std::move(entries));
    }
    case Kind::kTimestamp:
      return as("timestamp", to_text(value.as_timestamp()));
    case Kind::kDuration:
      return as("duration", to_text(value.as_duration()));
    case Kind::kType:
      return as("type", value.as_type().name);
  }
  return {};
}

// Values of bindings, which are those that the test writes.
Value untagged(const Json& json) {
  const auto& [kind, content] = json.as_object().front();
  if (kind == "null") return Value();
  if (kind == "bool") return Value(content.as_bool());
  if (kind == "int") return Value(std::int64_t{std::stoll(content.as_string())});
  if (kind == "uint") return Value(std::uint64_t{std::stoull(content.as_string())});
  if (kind == "double") return Value(std::stod(content.as_string()));
  if (kind == "string") return Value::string(content.as_string());
  if (kind == "bytes") {
    std::string bytes;
    const auto& hex = content.as_string();
    for (std::size_t at = 0; at < hex.size(); at += 2) {
      bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
    }
    return Value::bytes(std::move(bytes));
  }
  if (kind == "type") return Value(*type_named(content.as_string()));
  if (kind == "timestamp") return Value(*parse_timestamp(content.as_string()));
  if (kind == "duration") return Value(*parse_duration(content.as_string()));
  if (kind == "list") {
    std::vector<Value> items;
    for (const auto& item : content.as_array()) items.push_back(untagged(item));
    return Value(List(std::move(items)));
  }
  SYNAP_CHECK(kind == "map", kind);
  std::vector<Map::Entry> entries;
  for (const auto& entry : content.as_array()) {
    entries.emplace_back(untagged(entry.as_array()[0]), untagged(entry.as_array()[1]));
  }
  return Value(Map(std::move(entries)));
}

Json failure(std::string_view at, const Error& error) {
  return Json::object({{"error", error.message}, {"at", at}});
}

Json answer(const Json& given) {
  const auto expression = Expression::parse(given.string_or("expr", ""));
  if (!expression) return failure("parse", expression.error());
  // What is printed means the same: asked of every case there is.
  const auto again = Expression::parse(expression->to_text(), kStoredLimits);
  SYNAP_CHECK(again && *again == *expression, expression->to_text());
  Bindings bindings;
  if (const auto* variables = given.find("bindings")) {
    for (const auto& [name, value] : variables->as_object()) bindings.set(name, untagged(value));
  }
  EvaluateOptions options;
  options.mode = given.string_or("mode", "") == "strict" ? Mode::kStrict : Mode::kInngest;
  const auto value = expression->evaluate(bindings, options);
  if (!value) return failure("evaluate", value.error());
  return Json::object({{"value", tagged(*value)}});
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto given = synap::parse_json(line);
    SYNAP_CHECK(given.has_value(), line);
    std::cout << answer(*given).dump() << '\n';
  }
}
