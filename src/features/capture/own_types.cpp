#include "features/capture/own_types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "features/capture/rules.h"

namespace synap::features::capture {
namespace {

// Who has made a thing, in the order in which they are looked for.
constexpr std::array<std::string_view, 6> kMakers = {"author", "by",       "creator",
                                                     "artist", "director", "writer"};

std::string small(std::string_view text) {
  std::string small(text);
  for (char& one : small) one = static_cast<char>(std::tolower(static_cast<unsigned char>(one)));
  return small;
}

bool is_space(char one) {
  return std::isspace(static_cast<unsigned char>(one)) != 0;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view without_quotes(std::string_view text) {
  const bool is_quoted = text.size() > 1 && text.front() == '"' && text.back() == '"';
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

// "x.reading_list" as people write it: "reading list".
std::string spoken(std::string_view type) {
  auto name = std::string(type.substr(type.find('.') + 1));
  std::ranges::replace(name, '_', ' ');
  std::ranges::replace(name, '-', ' ');
  return name;
}

// What stands behind a name, if what is between them is no word that goes on.
std::optional<std::string_view> behind_name(std::string_view rest) {
  for (const std::string_view mark : {":", " - ", " – ", " — "}) {
    if (rest.starts_with(mark)) return trimmed(rest.substr(mark.size()));
  }
  const auto line = rest.find_first_not_of(" \t\r");
  if (line == rest.npos) return std::nullopt;
  const bool is_next_line = rest[line] == '\n';
  const bool is_value =
      line > 0 && (rest[line] == '"' || std::isdigit(static_cast<unsigned char>(rest[line])) != 0);
  if (!is_next_line && !is_value) return std::nullopt;
  return trimmed(rest.substr(line));
}

const Json* properties_of(const OwnType& type) {
  const Json* all = type.schema.find("properties");
  return all != nullptr && all->is_object() ? all : nullptr;
}

// The kind of value that it takes, where that is one beside null.
std::string kind_of(const Json& property) {
  const Json* type = property.find("type");
  if (type == nullptr) return property.find("enum") != nullptr ? "string" : "";
  if (type->is_string()) return type->as_string();
  std::string found;
  for (const auto& one : type->is_array() ? type->as_array() : Json::Array()) {
    if (!one.is_string() || one.as_string() == "null") continue;
    if (!found.empty()) return "";
    found = one.as_string();
  }
  return found;
}

// "kg", "%", "km/h": one word that counts nothing itself.
bool is_unit(std::string_view word) {
  constexpr std::size_t kUnitMax = 20;
  const auto is_part = [](char one) {
    const auto byte = static_cast<unsigned char>(one);
    return std::isalpha(byte) != 0 || byte >= 0x80 || one == '%' || one == '/' || one == '.';
  };
  return !word.empty() && word.size() <= kUnitMax && std::ranges::all_of(word, is_part);
}

// "82.5 kg": one word may stand behind it, which is told as its unit.
std::optional<Json> number_in(std::string_view text, bool is_whole,
                              std::vector<std::string>& reasons) {
  const auto space = std::min(text.find(' '), text.size());
  const auto figure = text.substr(0, space);
  const auto unit = trimmed(text.substr(space));
  if (!unit.empty() && !is_unit(unit)) return std::nullopt;
  const auto* end = figure.data() + figure.size();
  // A double has no place for 9007199254740993.
  std::int64_t whole = 0;
  auto read = std::from_chars(figure.data(), end, whole);
  Json value = Json(whole);
  if (read.ec != std::errc{} || read.ptr != end) {
    // With more digits than these it would become another number.
    constexpr std::ptrdiff_t kDigitsMax = std::numeric_limits<double>::digits10;
    const bool is_exact = std::ranges::count_if(figure, [](unsigned char one) {
                            return std::isdigit(one) != 0;
                          }) <= kDigitsMax;
    double number = 0;
    read = std::from_chars(figure.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end || !std::isfinite(number) || !is_exact)
      return std::nullopt;
    value = Json(number);
    if (is_whole) {
      constexpr double kMost = 9'007'199'254'740'992;
      if (std::abs(number) > kMost || std::trunc(number) != number) return std::nullopt;
      value = Json(static_cast<std::int64_t>(number));
    }
  }
  if (!unit.empty())
    reasons.push_back(fmt::format("\"{}\" behind {} is taken for its unit", unit, figure));
  return value;
}

std::optional<Json> truth_in(std::string_view text) {
  const auto said = small(text);
  if (said == "yes" || said == "true") return Json(true);
  if (said == "no" || said == "false") return Json(false);
  return std::nullopt;
}

// "due tomorrow": begins with the name of a field that takes no text but such as this.
bool is_said_without_colon(const Json& property, std::string_view value, std::int64_t now) {
  const bool is_text = kind_of(property) == "string" && property.find("enum") == nullptr &&
                       property.string_or("format", "") != "date";
  std::vector<std::string> reasons;
  return !is_text && value_in(property, value, now, reasons).has_value();
}

// "Herbert, Frank": what stands behind a comma of a name may be more of it.
bool is_name(std::string_view text) {
  constexpr std::array<std::string_view, 14> kParticles = {
      "de", "da", "di", "del", "der", "den", "du", "la", "le", "van", "von", "al", "bin", "and"};
  constexpr std::array<std::string_view, 9> kNobody = {"me", "you",  "him", "her",   "it",
                                                       "us", "them", "the", "myself"};
  bool is_first = true;
  bool ends_well = false;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const auto word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    const auto first = static_cast<unsigned char>(word.front());
    ends_well = std::isupper(first) != 0 || first >= 0x80;
    if (!ends_well && word != "&" && std::ranges::find(kParticles, word) == kParticles.end())
      return false;
    if (is_first && std::ranges::find(kNobody, small(word)) != kNobody.end()) return false;
    if (word.find_first_of("0123456789,;:!?") != word.npos) return false;
    is_first = false;
  }
  return ends_well;
}

// Takes the fields that are said with their names out of a text, and gives what is left of it.
class Fields {
 public:
  Fields(const Json& properties, std::string_view text, std::int64_t now)
      : properties_(properties), now_(now) {
    for (std::string_view rest = text; !rest.empty();) {
      const auto end = rest.find_first_of(",;\n");
      const auto size = end == rest.npos ? rest.size() : end;
      add(rest.substr(0, size), end == rest.npos ? '\0' : rest[end]);
      rest.remove_prefix(std::min(rest.size(), size + 1));
    }
  }
  const std::vector<std::pair<std::string, std::string>>& said() const { return said_; }
  std::string rest() const { return std::string(trimmed(rest_)); }
  /// Words of which it is not sure to which field they belong; empty: there are none.
  const std::string& unsure() const { return unsure_; }

 private:
  void add(std::string_view part, char separator) {
    const auto colon = part.find_first_of(":=");
    const auto* name = colon != part.npos ? property(trimmed(part.substr(0, colon))) : nullptr;
    const auto words = trimmed(part);
    const auto space = words.find(' ');
    const auto* first = name == nullptr && space != words.npos && before_ != '\0'
                            ? property(words.substr(0, space))
                            : nullptr;
    if (name != nullptr) {
      said_.emplace_back(*name, trimmed(part.substr(colon + 1)));
    } else if (first != nullptr && is_said_without_colon(*properties_.find(*first),
                                                         trimmed(words.substr(space)), now_)) {
      said_.emplace_back(*first, trimmed(words.substr(space)));
    } else {
      if (!said_.empty() && !words.empty() && !goes_on(said_.back().first, words, first))
        unsure_ = words;
      // No name begins it: so it goes on with what was before it.
      auto& before = said_.empty() ? rest_ : said_.back().second;
      if (!before.empty()) before.push_back(before_ == '\0' ? ' ' : before_);
      before += part;
    }
    before_ = separator;
  }
  // Whether these words behind a field are more of it, and not of the thing or of another one.
  bool goes_on(std::string_view field, std::string_view words, const std::string* first) const {
    if (before_ == '\n' || first != nullptr || day_in_whole(words, now_)) return false;
    const bool is_maker = std::ranges::find(kMakers, small(field)) != kMakers.end();
    return !is_maker || is_name(words);
  }
  const std::string* property(std::string_view name) const {
    for (const auto& [own, schema] : properties_.as_object()) {
      if (small(own) == small(name)) return &own;
    }
    return nullptr;
  }

  const Json& properties_;
  std::int64_t now_;
  std::vector<std::pair<std::string, std::string>> said_;
  std::string rest_;
  std::string unsure_;
  char before_ = '\0';
};

std::vector<std::string> required_of(const OwnType& type) {
  std::vector<std::string> names;
  const Json* all = type.schema.find("required");
  for (const auto& one : all != nullptr && all->is_array() ? all->as_array() : Json::Array()) {
    if (one.is_string()) names.push_back(one.as_string());
  }
  return names;
}

// The field that a text without a name is for.
std::string main_field(const OwnType& type, const Json& properties, const Json& data) {
  const auto is_free = [&](std::string_view name) {
    return properties.find(name) != nullptr && data.find(name) == nullptr;
  };
  for (const std::string_view name :
       {std::string_view(type.title), std::string_view("title"), std::string_view("name")}) {
    if (!name.empty() && is_free(name)) return std::string(name);
  }
  std::vector<std::string> free;
  for (auto& one : required_of(type)) {
    if (is_free(one)) free.push_back(std::move(one));
  }
  return free.size() == 1 ? free.front() : std::string();
}

// "Dune by Frank Herbert": takes the maker off, where the type has a field for one, and what stands
// behind "by" is a name and nothing else ("Stand by me").
void take_maker(const Json& properties, std::string& text, FilledType& filled) {
  const auto at = small(text).rfind(" by ");
  if (at == std::string::npos || !is_name(std::string_view(text).substr(at + 4))) return;
  for (const auto maker : kMakers) {
    const auto* property = properties.find(maker);
    if (property == nullptr || kind_of(*property) != "string" || filled.data.find(maker) != nullptr)
      continue;
    const auto name = std::string(trimmed(std::string_view(text).substr(at + 4)));
    if (property->find("enum") != nullptr) return;
    filled.data.set(maker, name);
    filled.reasons.push_back(fmt::format("\"by {}\" says its {}", name, maker));
    text = std::string(trimmed(std::string_view(text).substr(0, at)));
    return;
  }
}

// The only field of a day that is not said, of a day that is.
void take_day(const Json& properties, const std::string& text, std::int64_t now,
              FilledType& filled) {
  std::vector<std::string> days;
  for (const auto& [name, schema] : properties.as_object()) {
    const bool is_day = schema.is_object() && schema.string_or("format", "") == "date";
    if (is_day && filled.data.find(name) == nullptr) days.push_back(name);
  }
  const auto day = days.size() == 1 ? day_in(text, now) : std::nullopt;
  if (!day) return;
  filled.data.set(days.front(), *day);
  filled.reasons.push_back(fmt::format("It says when: {}", *day));
}

}  // namespace

std::optional<Json> value_in(const Json& property, std::string_view text, std::int64_t now,
                             std::vector<std::string>& reasons) {
  if (const Json* values = property.find("enum"); values != nullptr && values->is_array()) {
    for (const auto& one : values->as_array()) {
      if (one.is_string() && small(one.as_string()) == small(text)) return one;
    }
    return std::nullopt;
  }
  const auto kind = kind_of(property);
  if (kind == "number" || kind == "integer") return number_in(text, kind == "integer", reasons);
  if (kind == "boolean") return truth_in(text);
  if (kind != "string") return std::nullopt;
  if (property.string_or("format", "") != "date") return Json(std::string(text));
  auto day = day_in_whole(text, now);
  if (!day) return std::nullopt;
  if (text != *day) reasons.push_back(fmt::format("\"{}\" is {}", text, *day));
  return Json(*std::move(day));
}

std::optional<NamedType> named_type(std::string_view text, const std::vector<std::string>& types) {
  text = trimmed(text);
  std::optional<NamedType> found;
  for (const auto& type : types) {
    for (const auto& name : {spoken(type), type.substr(type.find('.') + 1), type}) {
      if (text.size() < name.size() || small(text.substr(0, name.size())) != name) continue;
      const auto rest = behind_name(text.substr(name.size()));
      if (!rest || rest->starts_with("//")) continue;
      // Of "book" and "book club" the longer one.
      if (found && found->said.size() >= name.size()) continue;
      found = NamedType{type, std::string(text.substr(0, name.size())), std::string(*rest)};
    }
  }
  return found;
}

bool says_name(std::string_view text, std::string_view type) {
  const auto words = small(text);
  return words.contains(spoken(type)) || words.contains(type.substr(type.find('.') + 1));
}

FilledType fill(const OwnType& type, std::string_view text, std::int64_t now) {
  FilledType filled;
  const auto* properties = properties_of(type);
  if (properties == nullptr) {
    filled.problem = fmt::format("{} says of no field what it is", type.name);
    return filled;
  }
  if (trimmed(text).empty()) {
    filled.problem = "It says nothing of it";
    return filled;
  }
  const Fields fields(*properties, text, now);
  if (!fields.unsure().empty()) {
    filled.problem = fmt::format("It is not sure of which field \"{}\" is", fields.unsure());
    return filled;
  }
  for (const auto& [name, said] : fields.said()) {
    if (filled.data.find(name) != nullptr) {
      filled.problem = fmt::format("It says its {} twice", name);
      return filled;
    }
    auto value = value_in(*properties->find(name), without_quotes(said), now, filled.reasons);
    if (!value) {
      filled.problem = fmt::format("\"{}\" is nothing that {} of {} takes", said, name, type.name);
      return filled;
    }
    filled.data.set(name, *std::move(value));
  }
  auto rest = fields.rest();
  take_day(*properties, rest, now, filled);
  take_maker(*properties, rest, filled);
  if (!rest.empty()) {
    const auto main = main_field(type, *properties, filled.data);
    const bool is_title = main == type.title || main == "title" || main == "name";
    if (is_title && rest.contains('\n')) {
      filled.problem = fmt::format("Its {} would have several lines", main);
      return filled;
    }
    auto value = main.empty()
                     ? std::nullopt
                     : value_in(*properties->find(main), without_quotes(rest), now, filled.reasons);
    if (!value) {
      filled.problem = fmt::format("{} has no field for \"{}\"", type.name, rest);
      return filled;
    }
    filled.data.set(main, *std::move(value));
  }
  for (const auto& name : required_of(type)) {
    if (filled.data.find(name) != nullptr) continue;
    filled.problem = fmt::format("It does not say the {} that {} has to have", name, type.name);
    break;
  }
  return filled;
}

}  // namespace synap::features::capture
