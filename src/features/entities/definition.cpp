#include "features/entities/definition.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::features::entities {
namespace {

constexpr std::size_t kIconCharactersMax = 64;

StringSchema field_schema() {
  return string().min(1).max(kFieldCharactersMax);
}

// What is wrong, each with its place in the input.
class Problems {
 public:
  void add(Json::Array path, const std::string& reason) {
    std::string place;
    for (const auto& step : path) {
      if (step.is_string()) place += (place.empty() ? "" : ".") + step.as_string();
      if (step.is_integer()) place += fmt::format("[{}]", step.as_integer());
    }
    message_ += fmt::format("{}{}: {}", message_.empty() ? "" : "; ", place, reason);
    issues_.push_back(
        Json::object({{"code", "custom"}, {"path", std::move(path)}, {"message", reason}}));
  }
  bool empty() const { return issues_.empty(); }
  Error error() const {
    return {Code::kBadRequest, message_,
            std::make_shared<Json>(Json::object({{"issues", issues_}}))};
  }

 private:
  std::string message_;
  Json::Array issues_;
};

// Names that can stand in the name of a list.
bool is_field_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && is_letter(name.front()) && std::ranges::all_of(name, [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::optional<ValueKind> kind_of_values(const Json::Array& values) {
  std::optional<ValueKind> kind;
  for (const auto& value : values) {
    if (value.is_null()) continue;
    std::optional<ValueKind> its;
    if (value.is_string()) its = ValueKind::kText;
    if (value.is_number()) its = ValueKind::kNumber;
    if (value.is_bool()) its = ValueKind::kBoolean;
    if (!its || (kind && kind != its)) return std::nullopt;
    kind = its;
  }
  return kind;
}

// Of a property whose values are of one kind that has an order.
std::optional<ValueKind> kind_of_property(const Json& property) {
  const Json* type = property.find("type");
  if (type == nullptr) {
    const Json* values = property.find("enum");
    return values != nullptr && values->is_array() ? kind_of_values(values->as_array())
                                                   : std::nullopt;
  }
  std::string_view name;
  if (type->is_string()) name = type->as_string();
  if (type->is_array()) {
    for (const auto& one : type->as_array()) {
      if (!one.is_string() || one.as_string() == "null") continue;
      if (!name.empty()) return std::nullopt;
      name = one.as_string();
    }
  }
  if (name == "number" || name == "integer") return ValueKind::kNumber;
  if (name == "boolean") return ValueKind::kBoolean;
  if (name != "string") return std::nullopt;
  const auto format = property.string_or("format", "");
  return format == "date" || format == "date-time" ? ValueKind::kDate : ValueKind::kText;
}

class Judge {
 public:
  explicit Judge(const Definition& definition)
      : definition_(definition), properties_(definition.schema.find("properties")) {}

  Result<std::vector<DeclaredList>> lists() {
    judge_properties();
    each(definition_.filters, "filters", [&](const std::string& name, ValueKind kind) {
      return DeclaredList{.filter = name, .filter_kind = kind};
    });
    each(definition_.sorts, "sorts", [&](const std::string& name, ValueKind kind) {
      return DeclaredList{.sort = name, .sort_kind = kind};
    });
    std::int64_t place = 0;
    for (const auto& pair : definition_.lists) {
      const auto filter = kind_of(pair.filter, {"lists", place, "filter"});
      const auto sort = kind_of(pair.sort, {"lists", place, "sort"});
      if (filter && sort) add({pair.filter, pair.sort, *filter, *sort}, {"lists", place});
      ++place;
    }
    if (lists_.size() > kListsMax) {
      problems_.add({"lists"}, fmt::format("{} filters, sorts and lists; at most {} together",
                                           lists_.size(), kListsMax));
    }
    judge_title();
    if (!problems_.empty()) return fail(problems_.error());
    return std::move(lists_);
  }

  std::optional<ValueKind> kind_of(const std::string& name, Json::Array path) {
    if (!is_field_name(name)) {
      problems_.add(std::move(path),
                    "a field by which lists are filtered or sorted has a name of letters, digits, "
                    "_ and -, that begins with a letter");
      return std::nullopt;
    }
    const Json* property = properties_ != nullptr ? properties_->find(name) : nullptr;
    if (property == nullptr) {
      problems_.add(std::move(path),
                    fmt::format("\"{}\" is none of the schema's properties", name));
      return std::nullopt;
    }
    const auto kind = kind_of_property(*property);
    if (!kind) {
      problems_.add(std::move(path),
                    fmt::format("\"{}\" has no single type: string, number, integer or boolean, "
                                "said at the property itself, with null at most",
                                name));
    }
    return kind;
  }

 private:
  template <class Make>
  void each(const std::vector<std::string>& names, const char* member, Make make) {
    std::int64_t place = 0;
    for (const auto& name : names) {
      if (const auto kind = kind_of(name, {member, place})) add(make(name, *kind), {member, place});
      ++place;
    }
  }
  void add(DeclaredList list, Json::Array path) {
    const auto is_same = [&](const auto& one) { return one.name() == list.name(); };
    if (std::ranges::any_of(lists_, is_same)) {
      return problems_.add(std::move(path), "it is there twice");
    }
    lists_.push_back(std::move(list));
  }
  void judge_properties() {
    if (properties_ == nullptr || !properties_->is_object()) return;
    const auto count = properties_->as_object().size();
    if (count > kPropertiesMax) {
      problems_.add({"schema", "properties"},
                    fmt::format("{} properties, at most {}", count, kPropertiesMax));
    }
    if (properties_->find("__proto__") != nullptr) {
      problems_.add({"schema", "properties", "__proto__"}, "no client could read it");
    }
  }
  void judge_title() {
    if (!definition_.title) return;
    const auto kind = kind_of(*definition_.title, {"title"});
    if (kind && *kind != ValueKind::kText) {
      problems_.add({"title"}, fmt::format("\"{}\" is no text", *definition_.title));
    }
  }

  const Definition& definition_;
  const Json* properties_;
  std::vector<DeclaredList> lists_;
  Problems problems_;
};

// "status:text"; false: it is none.
bool parse_field(std::string_view text, std::string& field, ValueKind& kind) {
  if (text.empty()) return true;
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const auto its = kind_of(text.substr(colon + 1));
  if (!its) return false;
  field = text.substr(0, colon);
  kind = *its;
  return true;
}

}  // namespace

const ObjectSchema<Pair>& describe(Type<Pair>) {
  static const auto schema = object<Pair>("EntityTypeList")
                                 .field("filter", &Pair::filter, field_schema())
                                 .field("sort", &Pair::sort, field_schema());
  return schema;
}

const ObjectSchema<Definition>& describe(Type<Definition>) {
  static const auto schema =
      object<Definition>("EntityTypeDefinition")
          .field("schema", &Definition::schema, record(any()),
                 "JSON Schema 2020-12 of the data, at most 64 KiB and 200 properties.")
          .field_or("filters", &Definition::filters, array(field_schema()).max(kFiltersMax), {},
                    "Properties by which entities.list filters: of one type, and at the top.")
          .field_or("sorts", &Definition::sorts, array(field_schema()).max(kSortsMax), {},
                    "Properties by which it sorts all entities of the type.")
          .field_or("lists", &Definition::lists, array(schema_of<Pair>()).max(kPairsMax), {},
                    "Pairs of a filter and a sort that it takes together. With filters and sorts "
                    "16 at most.")
          .field("title", &Definition::title, field_schema(),
                 "The property that is the title of a thing. Absent: title, or else name.")
          .field("icon", &Definition::icon, string().min(1).max(kIconCharactersMax),
                 "For those who show it: a sign, or the name of one.");
  return schema;
}

std::string DeclaredList::name() const {
  auto name = filter.empty() ? std::string() : fmt::format("{}:{}", filter, name_of(filter_kind));
  if (!sort.empty()) name += fmt::format("/{}:{}", sort, name_of(sort_kind));
  return name;
}

std::optional<DeclaredList> DeclaredList::parse(std::string_view name) {
  DeclaredList list;
  const auto slash = name.find('/');
  const auto sort = slash == std::string_view::npos ? "" : name.substr(slash + 1);
  const bool is_list = parse_field(name.substr(0, slash), list.filter, list.filter_kind) &&
                       parse_field(sort, list.sort, list.sort_kind);
  return is_list ? std::optional(std::move(list)) : std::nullopt;
}

Result<std::vector<DeclaredList>> lists_of(const Definition& definition) {
  return Judge(definition).lists();
}

std::string title_field(const Definition& definition) {
  if (definition.title) return *definition.title;
  const Json* properties = definition.schema.find("properties");
  for (const auto* name : {"title", "name"}) {
    const Json* property = properties != nullptr ? properties->find(name) : nullptr;
    if (property != nullptr && kind_of_property(*property) == ValueKind::kText) return name;
  }
  return {};
}

std::string lists_text(const std::vector<DeclaredList>& lists) {
  Json names = Json::array();
  for (const auto& list : lists) names.push_back(list.name());
  return names.dump();
}

std::vector<DeclaredList> parse_lists(std::string_view text) {
  std::vector<DeclaredList> lists;
  const auto names = parse_json(text);
  if (!names || !names->is_array()) return lists;
  for (const auto& name : names->as_array()) {
    if (!name.is_string()) continue;
    if (auto list = DeclaredList::parse(name.as_string())) lists.push_back(std::move(*list));
  }
  return lists;
}

}  // namespace synap::features::entities
