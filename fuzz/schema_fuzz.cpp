// Any JSON: validation never crashes, the typed and the untyped way agree, and what was accepted
// once is accepted again as it was written.
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/check.h"
#include "schema/export.h"
#include "schema/schema.h"

namespace fuzz {

using namespace synap;

struct Part {
  std::string kind;
  std::string id;
  std::int64_t size = 0;
  std::vector<std::vector<int>> grid;
};

const ObjectSchema<Part>& describe(Type<Part>) {
  static const auto schema = object<Part>()
                                 .field("kind", &Part::kind, one_of({"part", "piece"}))
                                 .field("id", &Part::id, string().uuid())
                                 .field("size", &Part::size, integer().min(0))
                                 .field("grid", &Part::grid);
  return schema;
}

struct Circle {
  double radius = 0;
};
const ObjectSchema<Circle>& describe(Type<Circle>) {
  static const auto schema =
      object<Circle>().tag("kind", "circle").field("radius", &Circle::radius, number().min(0));
  return schema;
}
using Shape = std::variant<Circle, Part>;
const PlainSchema& describe(Type<Shape>) {
  static const auto schema = discriminated_union("kind", {schema_of<Circle>(), schema_of<Part>()});
  return schema;
}

struct Whole {
  std::string text;
  std::optional<std::string> at;
  std::optional<std::string> next;
  std::optional<Part> part;
  std::vector<Part> parts;
  std::map<std::string, double> scores;
  std::string kind;
  double weight = 0;
  bool flag = false;
  Json any;
  std::optional<RawJson> raw;
  std::optional<std::vector<Shape>> shapes;
};

const ObjectSchema<Whole>& describe(Type<Whole>) {
  static const auto schema =
      object<Whole>("Whole")
          .field("text", &Whole::text, string().min(1).max(4))
          .field("at", &Whole::at, string().datetime())
          .field("next", &Whole::next, nullable(string()))
          .field("part", &Whole::part)
          .field("parts", &Whole::parts, array(schema_of<Part>()).min(1).max(8))
          .field("scores", &Whole::scores)
          .field_or("kind", &Whole::kind, one_of({"a", "b"}), "a")
          .field_or("weight", &Whole::weight, number().min(-1).max(1), 0.5)
          .field_or("flag", &Whole::flag, boolean(), true)
          .field("any", &Whole::any)
          .field("raw", &Whole::raw, record(any()))
          .field("shapes", &Whole::shapes);
  return schema;
}

// Whoever asks for unknown keys gets the same value; refused, it is so for them alone.
template <class T>
void check_unknown_keys(const Json& input, const Result<T>& value) {
  UnknownKeys unknown;
  const auto told = decode<T>(std::optional(input), unknown);
  SYNAP_CHECK(told.has_value() == value.has_value(), input.dump());
  SYNAP_CHECK(parse_json(unknown.to_json()).has_value(), unknown.to_json());
  UnknownKeys refused{.are_refused = true};
  const auto strict = decode<T>(std::optional(input), refused);
  SYNAP_CHECK(strict.has_value() == (value.has_value() && unknown.empty()), input.dump());
}

template <class T>
void check(const Json& input) {
  const auto value = decode<T>(input);
  check_unknown_keys<T>(input, value);
  const auto untyped = validate(schema_of<T>(), input);
  SYNAP_CHECK(value.has_value() == untyped.has_value(), input.dump());
  const auto given_away = decode<T>(Json(input));
  SYNAP_CHECK(value.has_value() == given_away.has_value(), input.dump());
  if (!value) {
    SYNAP_CHECK(value.error().message == untyped.error().message);
    SYNAP_CHECK(value.error().message == given_away.error().message);
    const Json& issues = *value.error().details->find("issues");
    SYNAP_CHECK(!issues.as_array().empty() && issues.as_array().size() <= 101);
    SYNAP_CHECK(parse_json(flatten_issues(issues).dump()).has_value());
    return;
  }
  std::string text;
  encode(text, *value);
  std::string same;
  encode(same, *given_away);
  SYNAP_CHECK(text == same, text);
  const auto read = parse_json(text);
  SYNAP_CHECK(read.has_value(), text);
  const auto again = decode<T>(*read);
  SYNAP_CHECK(again.has_value(), text);
  std::string twice;
  encode(twice, *again);
  SYNAP_CHECK(text == twice, text);
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = synap::parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!json) return 0;
  fuzz::check<fuzz::Whole>(*json);
  fuzz::check<fuzz::Part>(*json);
  fuzz::check<fuzz::Shape>(*json);
  fuzz::check<std::vector<fuzz::Shape>>(*json);
  fuzz::check<std::vector<fuzz::Part>>(*json);
  fuzz::check<std::map<std::string, std::vector<std::int64_t>>>(*json);
  fuzz::check<std::optional<std::string>>(*json);
  return 0;
}
