#include "inngest/graphql_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "net/ascii.h"

namespace synap::inngest {
namespace {

// A selection as it is written: a field, a fragment by its name, or one in place.
struct Written {
  enum class Kind : std::uint8_t { kField, kSpread, kInline };
  Kind kind = Kind::kField;
  std::string name;  // of a field or a fragment
  std::string alias;
  std::string condition;
  Json arguments = Json::object();
  bool is_left_out = false;
  std::vector<Written> children;
};

struct Fragment {
  std::string condition;
  std::vector<Written> children;
};

// Of all values that stand for variables.
constexpr std::size_t kPutInBytesMax = 1 << 20;

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

class Reader {
 public:
  Reader(std::string_view text, std::string_view wanted, const Json& variables,
         GraphqlLimits limits)
      : text_(text), wanted_(wanted), given_(variables), limits_(limits) {}

  Result<std::vector<GraphqlField>> read() {
    if (text_.size() > limits_.text_bytes_max) {
      return fail(Code::kBadRequest,
                  fmt::format("The query has more than {} bytes", limits_.text_bytes_max));
    }
    for (skip(); at_ < text_.size() && !error_; skip()) definition();
    if (!error_ && !has_operation_) wrong("there is no such operation in it");
    std::vector<GraphqlField> fields;
    if (!error_) flatten(operation_, "", 0, fields);
    if (error_) return fail(*error_);
    return fields;
  }

 private:
  void wrong(std::string_view what, Code code = Code::kBadRequest) {
    if (error_) return;
    error_ =
        Error{code, fmt::format("The query cannot be read at byte {}: {}", at_, what), nullptr};
  }

  // Blanks, commas and comments.
  void skip() {
    constexpr std::string_view kBlanks = " \t\r\n,";
    while (at_ < text_.size()) {
      if (kBlanks.contains(text_[at_])) {
        ++at_;
      } else if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_).starts_with("\xEF\xBB\xBF")) {
        at_ += 3;
      } else {
        return;
      }
    }
  }
  bool take(std::string_view token) {
    skip();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void expect(std::string_view token) {
    if (!take(token)) wrong(fmt::format("\"{}\" is missing", token));
  }
  bool is_at_name() {
    skip();
    return at_ < text_.size() && is_name_start(text_[at_]);
  }
  std::string name() {
    if (!is_at_name()) return wrong("a name is missing"), "";
    const auto begin = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }
  // Containers and selections inside each other.
  bool enter() {
    if (++depth_ > limits_.depth_max) wrong("it is nested too deeply");
    return !error_;
  }

  void definition() {
    skip();
    if (text_[at_] == '{') return operation("");
    const auto kind = name();
    if (kind == "fragment") {
      const auto fragment = name();
      if (name() != "on") wrong("\"on\" is missing");
      auto& made = fragments_[fragment];
      made.condition = name();
      std::ignore = directives();
      made.children = selections();
    } else if (kind == "query") {
      operation(is_at_name() ? name() : "");
    } else {
      wrong("only queries are answered here", Code::kNotImplemented);
    }
  }

  void operation(const std::string& its_name) {
    variables_ = Json::object();
    if (take("(")) {
      while (!error_ && !take(")")) variable();
    }
    std::ignore = directives();
    auto children = selections();
    if (!wanted_.empty() && its_name != wanted_) return;
    if (has_operation_) return wrong("it has several operations: say which by operationName");
    has_operation_ = true;
    operation_ = std::move(children);
  }

  void variable() {
    expect("$");
    const auto key = name();
    expect(":");
    type();
    is_in_default_ = true;
    const auto otherwise = take("=") ? value() : Json();
    is_in_default_ = false;
    std::ignore = directives();
    const Json* given = given_.find(key);
    variables_.set(key, given != nullptr ? *given : otherwise);
  }
  void type() {
    if (take("[")) {
      if (enter()) type();
      --depth_;
      expect("]");
    } else {
      std::ignore = name();
    }
    std::ignore = take("!");
  }

  // False: what it stands at is left out.
  bool directives() {
    bool is_in = true;
    while (!error_ && take("@")) {
      const auto which = name();
      const auto said = arguments();
      const Json* condition = said.find("if");
      const bool is_true = condition != nullptr && *condition == Json(true);
      if (which == "include") {
        is_in = is_in && is_true;
      } else if (which == "skip") {
        is_in = is_in && !is_true;
      } else {
        wrong(fmt::format("there is no directive @{}", which));
      }
    }
    return is_in;
  }

  Json arguments() {
    Json all = Json::object();
    if (!take("(")) return all;
    while (!error_ && !take(")")) {
      const auto key = name();
      expect(":");
      all.set(key, value());
    }
    return all;
  }

  std::vector<Written> selections() {
    std::vector<Written> all;
    expect("{");
    if (!enter()) return all;
    while (!error_ && !take("}")) all.push_back(selection());
    --depth_;
    if (all.empty()) wrong("nothing is asked for between braces");
    return all;
  }

  Written selection() {
    Written one;
    if (++written_ > limits_.fields_max) return wrong("it asks for too much"), one;
    if (take("...")) {
      std::string word = is_at_name() ? name() : "";
      if (!word.empty() && word != "on") {
        one.kind = Written::Kind::kSpread;
        one.name = std::move(word);
        one.is_left_out = !directives();
        return one;
      }
      one.kind = Written::Kind::kInline;
      if (word == "on") one.condition = name();
      one.is_left_out = !directives();
      one.children = selections();
      return one;
    }
    one.name = name();
    one.alias = one.name;
    if (take(":")) one.name = name();
    one.arguments = arguments();
    one.is_left_out = !directives();
    skip();
    if (at_ < text_.size() && text_[at_] == '{') one.children = selections();
    return one;
  }

  Json value() {
    skip();
    if (at_ >= text_.size()) return wrong("a value is missing"), Json();
    if (take("$")) {
      if (is_in_default_) return wrong("a default has no variables"), Json();
      const auto key = name();
      const Json* known = variables_.find(key);
      // In a fragment, which may stand before the operation that has it.
      if (known == nullptr) known = given_.find(key);
      if (known == nullptr) return Json();
      put_in_bytes_ += known->dump().size();
      if (put_in_bytes_ > kPutInBytesMax) return wrong("its variables are too large"), Json();
      return *known;
    }
    const char c = text_[at_];
    if (c == '"') return text_value();
    if (c == '[' || c == '{') return container();
    if (c == '-' || (c >= '0' && c <= '9')) return number();
    const auto word = name();
    if (word == "true") return true;
    if (word == "false") return false;
    if (word == "null") return Json();
    return word;  // of an enum
  }

  Json container() {
    if (!enter()) return Json();
    Json made;
    if (take("[")) {
      made = Json::array();
      while (!error_ && !take("]")) made.push_back(value());
    } else {
      expect("{");
      made = Json::object();
      while (!error_ && !take("}")) {
        const auto key = name();
        expect(":");
        made.set(key, value());
      }
    }
    --depth_;
    return made;
  }

  Json number() {
    const auto begin = at_;
    constexpr std::string_view kOfNumbers = "+-.eE0123456789";
    while (at_ < text_.size() && kOfNumbers.contains(text_[at_])) ++at_;
    auto parsed = parse_json(text_.substr(begin, at_ - begin));
    if (!parsed) return wrong("this is no number"), Json();
    return std::move(*parsed);
  }

  // JSON has the same escapes. A text in three quotes is taken as it stands.
  Json text_value() {
    constexpr std::string_view kBlock = "\"\"\"";
    if (text_.substr(at_).starts_with(kBlock)) {
      const auto end = text_.find(kBlock, at_ + 3);
      if (end == std::string_view::npos) return wrong("a text has no end"), Json();
      Json made(std::string(text_.substr(at_ + 3, end - at_ - 3)));
      at_ = end + 3;
      return made;
    }
    auto end = at_ + 1;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size() || text_[end] != '"') return wrong("a text has no end"), Json();
    auto parsed = parse_json(text_.substr(at_, end + 1 - at_));
    if (!parsed) return wrong("this is no text"), Json();
    at_ = end + 1;
    return std::move(*parsed);
  }

  // Puts fragments in.
  void flatten(const std::vector<Written>& from, const std::string& condition, int depth,
               std::vector<GraphqlField>& to) {
    if (depth > limits_.depth_max) return wrong("its fragments are nested too deeply");
    for (const auto& one : from) {
      if (error_) return;
      if (one.is_left_out) continue;
      if (++flattened_ > limits_.fields_max) return wrong("it asks for too much");
      if (one.kind == Written::Kind::kSpread) {
        const auto fragment = fragments_.find(one.name);
        if (fragment == fragments_.end()) {
          return wrong(fmt::format("there is no fragment {}", one.name));
        }
        flatten(fragment->second.children, fragment->second.condition, depth + 1, to);
      } else if (one.kind == Written::Kind::kInline) {
        flatten(one.children, one.condition.empty() ? condition : one.condition, depth + 1, to);
      } else {
        auto& field =
            to.emplace_back(GraphqlField{one.name, one.alias, condition, one.arguments, {}});
        flatten(one.children, "", depth + 1, field.fields);
      }
    }
  }

  bool is_in_default_ = false;
  std::size_t put_in_bytes_ = 0;
  const std::string_view text_;
  const std::string_view wanted_;
  const Json& given_;
  const GraphqlLimits limits_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int written_ = 0;
  int flattened_ = 0;
  std::optional<Error> error_;
  std::map<std::string, Fragment> fragments_;
  Json variables_ = Json::object();
  bool has_operation_ = false;
  std::vector<Written> operation_;
};

// Takes what is asked for out of an answer, and counts it.
class Taker {
 public:
  Result<Json> object(const Json& object, const std::vector<GraphqlField>& fields) {
    const auto type = object.string_or("__typename", "");
    const auto wanted = fields_of_type(fields, type);
    if (!wanted) return fail(wanted.error());
    return of_type(object, *wanted, type);
  }

 private:
  Result<Json> of_type(const Json& object, const std::vector<GraphqlField>& fields,
                       std::string_view type) {
    Json taken = Json::object();
    for (const auto& field : fields) {
      const Json* value = object.find(field.name);
      if (value == nullptr) {
        return fail(Code::kBadRequest,
                    fmt::format("Cannot query field \"{}\" on type \"{}\"", field.name, type));
      }
      auto of = take(*value, field);
      if (!of) return of;
      taken.set(field.key, std::move(*of));
    }
    return taken;
  }

  Result<Json> take(const Json& value, const GraphqlField& field) {
    if (++count_ > kGraphqlValuesMax) {
      return fail(Code::kBadRequest,
                  fmt::format("The query asks for more than {} values", kGraphqlValuesMax));
    }
    if (value.is_null()) return Json();
    if (value.is_array()) return list(value, field);
    if (value.is_object() == field.fields.empty()) {
      return fail(Code::kBadRequest,
                  value.is_object()
                      ? fmt::format("Say which fields of \"{}\" are wanted", field.name)
                      : fmt::format("\"{}\" is a plain value and has no fields", field.name));
    }
    return value.is_object() ? object(value, field.fields) : value;
  }

  // Its objects are mostly of one type: what is asked of that is found once.
  Result<Json> list(const Json& value, const GraphqlField& field) {
    Json list = Json::array();
    std::optional<std::string> type;
    std::vector<GraphqlField> wanted;
    for (const auto& item : value.as_array()) {
      if (!item.is_object() || field.fields.empty()) {
        auto taken = take(item, field);
        if (!taken) return taken;
        list.push_back(std::move(*taken));
        continue;
      }
      const auto its_type = item.string_or("__typename", "");
      if (type != its_type) {
        auto fields = fields_of_type(field.fields, its_type);
        if (!fields) return fail(fields.error());
        wanted = std::move(*fields);
        type = its_type;
      }
      auto taken = of_type(item, wanted, its_type);
      if (!taken) return taken;
      list.push_back(std::move(*taken));
    }
    return list;
  }

  int count_ = 0;
};

}  // namespace

const GraphqlField* GraphqlField::find(std::string_view child) const {
  const auto found = std::ranges::find(fields, child, &GraphqlField::name);
  return found != fields.end() ? &*found : nullptr;
}

Result<std::vector<GraphqlField>> read_graphql(std::string_view text, std::string_view name,
                                               const Json& variables, GraphqlLimits limits) {
  return Reader(text, name, variables, limits).read();
}

Result<std::vector<GraphqlField>> fields_of_type(const std::vector<GraphqlField>& fields,
                                                 std::string_view type) {
  std::vector<GraphqlField> made;
  for (const auto& field : fields) {
    if (!field.condition.empty() && field.condition != type) continue;
    const auto same = std::ranges::find(made, field.key, &GraphqlField::key);
    if (same == made.end()) {
      made.push_back(field);
    } else if (same->name == field.name && same->arguments == field.arguments) {
      same->fields.insert(same->fields.end(), field.fields.begin(), field.fields.end());
    } else {
      return fail(Code::kBadRequest, fmt::format("\"{}\" stands for two things", field.key));
    }
  }
  return made;
}

Result<Json> take_fields(const Json& object, const std::vector<GraphqlField>& fields) {
  return Taker().object(object, fields);
}

}  // namespace synap::inngest
