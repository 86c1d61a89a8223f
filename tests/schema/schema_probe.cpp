// A set of schemas, made to be compared with zod by schema.test.mjs.
//
//   schema_probe zod          the JavaScript module of their zod schemas
//   schema_probe typescript   the module of their types, and of what must hold between the two
//   schema_probe json-schema  {"name": JSON Schema, ...}
//   schema_probe judge        reads lines of [JSON Schema, value]; for each writes {"valid":...} or
//                             {"refused":"why the schema cannot be used"}
//   schema_probe run-strict   the same with unknown keys refused
//   schema_probe run          reads lines of ["schema", input] (or ["schema"] for undefined);
//                             for each writes {"value":...} or {"issues":[...],"message":...}
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "schema/export.h"
#include "schema/json_validator.h"
#include "schema/schema.h"

namespace probe {

using namespace synap;

struct Attachment {
  std::string key;
  std::int64_t size = 0;
  std::optional<std::string> media_type;
};

inline const ObjectSchema<Attachment>& describe(Type<Attachment>) {
  static const auto schema =
      object<Attachment>("Attachment")
          .doc("A file of a note.")
          .field("key", &Attachment::key, string().min(1), "Where it is */ kept.")
          .field("size", &Attachment::size, integer().min(0))
          .field("mediaType", &Attachment::media_type, string().max(20).nullish());
  return schema;
}

struct Note {
  std::string id;
  std::string content;
  std::optional<std::string> title;
  std::optional<std::string> parent;
  std::vector<std::string> tags;
  std::vector<Attachment> attachments;
  std::optional<Attachment> cover;
  std::map<std::string, double> scores;
  std::string source;
  bool pinned = false;
  double weight = 0;
  int rank = 0;
  Json metadata;
  std::optional<Json> extra;
  RawJson raw;
  std::string created_at;
};

inline const ObjectSchema<Note>& describe(Type<Note>) {
  static const auto schema =
      object<Note>("Note")
          .doc("What somebody wrote.\nSecond line.")
          .field("id", &Note::id, string().uuid())
          .field("content", &Note::content, string().min(1).max(40), "Markdown.")
          .field("title", &Note::title, string().max(8))
          .field("parent", &Note::parent, nullable(string().uuid()))
          .field("tags", &Note::tags, array(string().min(1)).min(1).max(4))
          .field("attachments", &Note::attachments, array(schema_of<Attachment>()).max(3))
          .field("cover", &Note::cover)
          .field("scores", &Note::scores)
          .field("source", &Note::source, one_of({"api", "agent", "sync"}))
          .field_or("pinned", &Note::pinned, boolean(), false)
          .field_or("weight", &Note::weight, number().min(-1.5).max(1e3), 0.25)
          .field("rank", &Note::rank)
          .field("metadata", &Note::metadata, record(any()))
          .field("extra", &Note::extra)
          .field("raw", &Note::raw)
          .field("createdAt", &Note::created_at, string().datetime());
  return schema;
}

struct ListNotes {
  std::int64_t limit = 0;
  std::string sort;
  std::vector<std::string> kinds;
  std::optional<std::string> cursor;
  std::optional<std::vector<Note>> seen;
};

inline const ObjectSchema<ListNotes>& describe(Type<ListNotes>) {
  static const auto schema =
      object<ListNotes>("ListNotes")
          .field_or("limit", &ListNotes::limit, integer().min(1).max(100), 20)
          .field_or("sort", &ListNotes::sort, one_of({"newest", "oldest"}), "newest")
          .field_or("kinds", &ListNotes::kinds, array(string()), {"note"})
          .field("cursor", &ListNotes::cursor, string().nullish())
          .field("seen", &ListNotes::seen, array(schema_of<Note>()).max(2));
  return schema;
}

struct Circle {
  double radius = 0;
  std::optional<std::string> colour;
};
inline const ObjectSchema<Circle>& describe(Type<Circle>) {
  static const auto schema = object<Circle>("Circle")
                                 .tag("kind", "circle")
                                 .field("radius", &Circle::radius, number().min(0))
                                 .field("colour", &Circle::colour, string().max(5));
  return schema;
}

struct Polygon {
  std::string kind;
  std::vector<std::int64_t> sides;
  bool is_closed = false;
};
inline const ObjectSchema<Polygon>& describe(Type<Polygon>) {
  static const auto schema =
      object<Polygon>()
          .field("kind", &Polygon::kind, one_of({"polygon", "tri'angle"}))
          .field("sides", &Polygon::sides, array(integer().min(0).max(50)).max(4))
          .field_or("closed", &Polygon::is_closed, boolean(), true);
  return schema;
}

using Shape = std::variant<Circle, Polygon>;
inline const PlainSchema& describe(Type<Shape>) {
  static const auto schema =
      discriminated_union("kind", {schema_of<Circle>(), schema_of<Polygon>()});
  return schema;
}

struct Drawing : Attachment {
  Shape frame;
  std::optional<Shape> cut;
  std::vector<Shape> shapes;
};
inline const ObjectSchema<Drawing>& describe(Type<Drawing>) {
  static const auto schema =
      object<Drawing>("Drawing")
          .extend(describe(Type<Attachment>{}))
          .field("frame", &Drawing::frame)
          .field("cut", &Drawing::cut)
          .field("shapes", &Drawing::shapes, array(schema_of<Shape>()).max(3));
  return schema;
}

const Schema& untyped_union() {
  static const Schema schema = discriminated_union(
      "type", {object("Text").field("type", literal("text")).field("text", string().min(1)),
               object("Pair")
                   .field("type", one_of({"pair", "couple"}))
                   .field("left", optional(any()))
                   .field_or("right", integer(), 7),
               object("None").field("type", literal("none"))});
  return schema;
}

bool is_slug(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!((c >= 'a' && c <= 'z') || c == '-' || c == '/')) return false;
  }
  return true;
}

using Run = Result<std::string> (*)(const Schema&, std::optional<Json>);

template <class T>
Result<std::string> typed(const Schema& schema, std::optional<Json> input) {
  auto value = decode<T>(schema, std::move(input));
  if (!value) return fail(std::move(value.error()));
  std::string out;
  encode(out, *value);
  return out;
}

struct Case {
  std::string name;
  Schema schema;
  Run typed = nullptr;  // through the C++ type
};

const Schema& partial_list() {
  static const Schema schema = partial(schema_of<ListNotes>(), "SomeOfListNotes");
  return schema;
}

std::vector<Case> cases() {
  return {
      {"undefined", Schema()},
      {"anything", any(), typed<RawJson>},
      {"nothing", null(), typed<Json>},
      {"flag", boolean(), typed<bool>},
      {"text", string(), typed<std::string>},
      {"bounded", string().min(2).max(5), typed<std::string>},
      {"longer", string().max(3).min(6), typed<std::string>},
      {"uuid", string().uuid(), typed<std::string>},
      {"uuidLong", string().min(40).uuid().max(45), typed<std::string>},
      {"datetime", string().datetime(), typed<std::string>},
      {"slug", string().pattern("^[a-z\\/-]+$", is_slug).max(10).doc("Lower case."),
       typed<std::string>},
      {"number", number(), typed<double>},
      {"fraction", number().min(-0.5).max(1.25), typed<double>},
      {"integer", integer(), typed<std::int64_t>},
      {"small", integer().min(-3).max(7), typed<std::int64_t>},
      {"literal", literal("v1"), typed<std::string>},
      {"choice", one_of({"a", "b\"c", "d'e"})},
      {"strings", array(string()), typed<std::vector<std::string>>},
      {"few", array(string().min(2)).min(2).max(3), typed<std::vector<std::string>>},
      {"matrix", array(array(integer().max(9)).min(1).max(2)).min(2),
       typed<std::vector<std::vector<std::int64_t>>>},
      {"objects", array(object().field("a", integer()).field("b", optional(string()))).min(3)},
      {"record", record(integer()), typed<std::map<std::string, std::int64_t>>},
      {"records", record(record(string().max(2))), typed<std::map<std::string, RawJson>>},
      {"open", record(any())},
      {"nullableText", nullable(string().min(2)), typed<std::optional<std::string>>},
      {"optionalText", optional(string().min(2)), typed<std::optional<std::string>>},
      {"nullishText", string().min(2).nullish()},
      {"fields", object()
                     .field("any", any())
                     .field("maybe", optional(any()))
                     .field("nullable", nullable(any()))
                     .field("nullish", integer().nullish())
                     .field("a-b", literal("x"))
                     .field("with space", boolean())
                     .field("nothing", null())
                     .field_or("list", array(integer()), Json::array())
                     .field_or("choice", one_of({"a", "b"}), "b")
                     .field_or("free", any(), Json::object({{"deep", Json::Array{1, "x"}}}))
                     .field_or("none", nullable(string()), nullptr)},
      {"deep", object().field("a", object().field("b", array(object().field("c", string()))))},
      {"attachment", schema_of<Attachment>(), typed<Attachment>},
      {"note", schema_of<Note>(), typed<Note>},
      {"notes", array(schema_of<Note>()).min(1), typed<std::vector<Note>>},
      {"listNotes", schema_of<ListNotes>(), typed<ListNotes>},
      {"partialNote", partial(schema_of<Note>())},
      {"partialList", partial_list()},
      {"shape", schema_of<Shape>(), typed<Shape>},
      {"message", untyped_union()},
      {"messages", array(nullable(untyped_union())).min(1)},
      {"shapeRecord", record(schema_of<Shape>()), typed<std::map<std::string, Shape>>},
      {"drawing", schema_of<Drawing>(), typed<Drawing>},
  };
}

std::vector<Schema> roots() {
  std::vector<Schema> all;
  for (const auto& each : cases()) all.push_back(each.schema);
  return all;
}

std::string zod_module() {
  std::string out = "import { z } from \"zod\";\n\n" + zod_sentences() + zod_definitions(roots());
  out.append("\nexport const schemas = {\n");
  for (const auto& each : cases()) {
    out.append(fmt::format("  {}: {},\n", each.name, to_zod(each.schema, "  ")));
  }
  return out.append("};\n");
}

std::string typescript_module() {
  std::string out = typescript_definitions(roots(), roots());
  for (const auto& [suffix, side] : {std::pair{"Input", Side::kInput}, {"Output", Side::kOutput}}) {
    out.append(fmt::format("\nexport interface {}s {{\n", suffix));
    for (const auto& each : cases()) {
      out.append(fmt::format("  {}: {};\n", each.name, to_typescript(each.schema, side, "  ")));
    }
    out.append("}\n");
  }
  return out;
}

Json json_schemas() {
  Json out = Json::object();
  for (const auto& each : cases()) out.set(each.name, to_json_schema(each.schema));
  return out;
}

std::string answer(const Case& each, const std::optional<Json>& input, bool is_strict) {
  UnknownKeys unknown{.are_refused = is_strict};
  const auto value = validate(each.schema, input, &unknown);
  if (!value) {
    const Json& issues = *value.error().details->find("issues");
    Json out = Json::object(
        {{"issues", issues}, {"message", value.error().message}, {"flat", flatten_issues(issues)}});
    if (each.typed && !is_strict) {
      const auto same = each.typed(each.schema, input);
      out.set("typedAgrees", !same && same.error().message == value.error().message);
    }
    return out.dump();
  }
  std::string out = "{\"defined\":" + std::string(*value ? "true" : "false");
  if (*value) out.append(",\"value\":" + (*value)->dump());
  if (each.typed) {
    const auto text = each.typed(each.schema, input);
    out.append(",\"typed\":" + (text ? *text : "\"refused\""));
  }
  if (!unknown.empty()) out.append(",\"unknown\":" + unknown.to_json());
  return out + "}";
}

int run(bool is_strict) {
  std::map<std::string, Case> by_name;
  for (auto& each : cases()) by_name.emplace(each.name, each);
  std::string line;
  while (std::getline(std::cin, line)) {
    auto request = parse_json(line, {.depth_max = 200});
    if (!request) {
      std::printf("%s\n", Json::object({{"refused", request.error().message}}).dump().c_str());
      continue;
    }
    auto& items = request->as_array();
    std::optional<Json> input;
    if (items.size() > 1) input = std::move(items[1]);
    std::printf("%s\n", answer(by_name.at(items[0].as_string()), input, is_strict).c_str());
  }
  return 0;
}

int judge() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto request = parse_json(line, {.depth_max = 200});
    SYNAP_CHECK(request.has_value(), line);
    const auto& items = request->as_array();
    const auto validator = JsonValidator::compile(items[0], "");
    Json answer = validator
                      ? Json::object({{"valid", validator->validate(items[1], "").has_value()}})
                      : Json::object({{"refused", validator.error().message}});
    std::printf("%s\n", answer.dump().c_str());
  }
  return 0;
}

}  // namespace probe

int main(int count, char** arguments) {
  const std::string_view mode = count == 2 ? arguments[1] : "";
  if (mode == "judge") return probe::judge();
  if (mode == "run") return probe::run(false);
  if (mode == "run-strict") return probe::run(true);
  if (mode == "zod") std::cout << probe::zod_module();
  if (mode == "typescript") std::cout << probe::typescript_module();
  if (mode == "json-schema") std::cout << probe::json_schemas().dump();
  return mode == "zod" || mode == "typescript" || mode == "json-schema" ? 0 : 2;
}
