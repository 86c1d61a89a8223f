// From text to Json, by simdjson.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/json.h"
#include "base/json_given.h"
#include "base/json_scan.h"

namespace synap {
namespace {

// An object of more members than this finds its duplicates by sorting instead of by scanning, so
// that one of many keys does not cost the square of their number. Sorting and not hashing: the keys
// are a stranger's choice, and so would be their collisions.
constexpr std::size_t kScannedMembersMax = 16;

std::string printed(double value) {
  std::string out;
  append_json_number(out, value);
  return out;
}

class Converter {
 public:
  Converter(int depth_max, std::string_view but_in) : depth_left_(depth_max), but_in_(but_in) {}

  Json value(simdjson::dom::element element) {
    using simdjson::dom::element_type;
    switch (element.type()) {
      case element_type::OBJECT:
        return object(element.get_object().value_unsafe());
      case element_type::ARRAY:
        return array(element.get_array().value_unsafe());
      case element_type::INT64:
        return integer(element.get_int64().value_unsafe());
      case element_type::UINT64:
        return large(element.get_uint64().value_unsafe());
      case element_type::DOUBLE:
        return real(element.get_double().value_unsafe());
      case element_type::STRING:
        return std::string_view(element.get_string().value_unsafe());
      case element_type::BOOL:
        return element.get_bool().value_unsafe();
      case element_type::NULL_VALUE:
        return nullptr;
    }
    return nullptr;
  }

  bool is_too_deep() const { return is_too_deep_; }
  /// The first whole number that does not read back as it was written, but for those in members of
  /// the name that was given; empty if there is none.
  const std::string& changed() const { return changed_; }
  /// There is one with a point or an exponent that is large or zero: how it was written is not
  /// known here.
  bool has_extreme_real() const { return has_extreme_real_; }

 private:
  Json real(double value) {
    const bool is_of_note = value == 0 || std::abs(value) >= kWholeNumberMax;
    if (is_of_note && !is_passed_over_) has_extreme_real_ = true;
    return value;
  }

  Json integer(std::int64_t value) {
    constexpr auto kMax = static_cast<std::int64_t>(kWholeNumberMax);
    if (value > kMax || value < -kMax) return large(value);
    return value;
  }

  Json large(auto value) {
    const auto kept = static_cast<double>(value);
    if (changed_.empty() && !is_passed_over_) {
      auto written = fmt::to_string(value);
      if (printed(kept) != written) changed_ = std::move(written);
    }
    return kept;
  }

  Json array(simdjson::dom::array dom) {
    Json::Array items;
    if (!enter()) return items;
    items.reserve(dom.size());
    for (const auto item : dom) items.push_back(value(item));
    ++depth_left_;
    return items;
  }

  // Of several members of one name the last wins, in the place of the first, as in JavaScript.
  Json object(simdjson::dom::object dom) {
    Json::Object members;
    if (!enter()) return members;
    members.reserve(dom.size());
    if (dom.size() <= kScannedMembersMax) {
      for (const auto [key, element] : dom) {
        const auto same = std::find_if(members.begin(), members.end(),
                                       [&](const auto& member) { return member.first == key; });
        if (same != members.end()) {
          same->second = member(key, element);
        } else {
          members.emplace_back(key, member(key, element));
        }
      }
    } else {
      for (const auto& [key, element] : without_duplicates(dom)) {
        members.emplace_back(key, member(key, element));
      }
    }
    ++depth_left_;
    return members;
  }

  Json member(std::string_view key, simdjson::dom::element element) {
    if (key != but_in_ || but_in_.empty()) return value(element);
    const bool before = std::exchange(is_passed_over_, true);
    auto json = value(element);
    is_passed_over_ = before;
    return json;
  }

  struct DomMember {
    std::string_view key;
    simdjson::dom::element element;
  };

  static std::vector<DomMember> without_duplicates(simdjson::dom::object dom) {
    std::vector<DomMember> members;
    members.reserve(dom.size());
    for (const auto [key, element] : dom) members.push_back({key, element});
    std::vector<std::size_t> order(members.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
      const int compared = members[left].key.compare(members[right].key);
      return compared != 0 ? compared < 0 : left < right;
    });
    std::vector<bool> is_dropped(members.size());
    bool is_any_dropped = false;
    for (std::size_t i = 0; i < order.size();) {
      const std::size_t first = order[i];
      for (++i; i < order.size() && members[order[i]].key == members[first].key; ++i) {
        members[first].element = members[order[i]].element;
        is_dropped[order[i]] = true;
        is_any_dropped = true;
      }
    }
    if (!is_any_dropped) return members;
    std::vector<DomMember> kept;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (!is_dropped[i]) kept.push_back(members[i]);
    }
    return kept;
  }

  // simdjson's own limit does not count an empty container at the bottom.
  bool enter() {
    if (depth_left_ == 0) {
      is_too_deep_ = true;
      return false;
    }
    --depth_left_;
    return true;
  }

  int depth_left_;
  const std::string_view but_in_;
  bool is_passed_over_ = false;
  bool has_extreme_real_ = false;
  bool is_too_deep_ = false;
  std::string changed_;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Whether a JSON number that is no finite, normal double is too large, not too small: by the
// decimal place of its first significant digit.
bool is_huge(std::string_view number) {
  constexpr std::int64_t kExponentMax = std::int64_t{1} << 40;  // no text has that many digits
  std::int64_t place = 0;
  bool is_in_fraction = false;
  bool is_significant = false;
  std::size_t at = 0;
  for (; at < number.size() && number[at] != 'e' && number[at] != 'E'; ++at) {
    if (number[at] == '.') {
      is_in_fraction = true;
    } else if (is_digit(number[at])) {
      is_significant = is_significant || number[at] != '0';
      if (is_significant && !is_in_fraction) ++place;
      if (!is_significant && is_in_fraction) --place;
    }
  }
  std::int64_t exponent = 0;
  const bool is_negative = at + 1 < number.size() && number[at + 1] == '-';
  for (; at < number.size(); ++at) {
    if (is_digit(number[at])) exponent = std::min(exponent * 10 + (number[at] - '0'), kExponentMax);
  }
  return is_significant && place + (is_negative ? -exponent : exponent) > 0;
}

// A number as its digits, without zeros before and behind, times a power of ten.
struct Decimal {
  explicit Decimal(std::string_view number) {
    constexpr std::int64_t kExponentMax = std::int64_t{1} << 40;  // no text has that many digits
    is_negative = number.starts_with('-');
    std::size_t at = is_negative ? 1 : 0;
    bool is_in_fraction = false;
    for (; at < number.size() && number[at] != 'e' && number[at] != 'E'; ++at) {
      if (number[at] == '.') {
        is_in_fraction = true;
        continue;
      }
      if (is_in_fraction) --exponent;
      if (!digits.empty() || number[at] != '0') digits += number[at];
    }
    std::int64_t told = 0;
    const bool is_told_negative = at + 1 < number.size() && number[at + 1] == '-';
    for (; at < number.size(); ++at) {
      if (is_digit(number[at])) told = std::min(told * 10 + (number[at] - '0'), kExponentMax);
    }
    exponent += is_told_negative ? -told : told;
    for (; digits.ends_with('0'); digits.pop_back()) ++exponent;
    if (!digits.empty()) return;
    exponent = 0;
    is_negative = false;  // JSON.stringify(-0) is 0
  }
  bool is_whole() const { return exponent >= 0; }
  friend bool operator==(const Decimal&, const Decimal&) = default;

  std::string digits;
  std::int64_t exponent = 0;
  bool is_negative = false;
};

// With both quotation marks.
std::size_t string_length(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && text[length] != '"') length += text[length] == '\\' ? 2 : 1;
  return length + 1;
}

// The first number of a JSON text that is written with a point or an exponent and reads back as
// another, and is no fraction, or one that is lost; empty if there is none.
std::string changed_real(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"') {
      i += string_length(text.substr(i));
      continue;
    }
    const auto length = json_number_length(text.substr(i));
    const auto number = text.substr(i, length);
    i += std::max<std::size_t>(length, 1);
    if (number.find_first_of(".eE") == number.npos) continue;
    double value = 0;
    std::from_chars(number.data(), number.data() + number.size(), value);
    const Decimal written(number);
    const bool is_lost = value == 0 && !written.digits.empty();
    const bool is_other = written.is_whole() && !(Decimal(printed(value)) == written);
    if (is_lost || is_other) return std::string(number);
  }
  return {};
}

bool ends_a_token(char c) {
  return std::string_view("[]{},: \t\r\n").contains(c);
}

// simdjson stops at numbers outside of its types; JavaScript does not. Such a text is rewritten:
// an integer of too many digits gets a fraction, so that it is read as a double, and a number
// that is infinite as a double becomes null. `changed` is told the first that reads back as
// another, none of them a fraction but one that is lost: 1e-400 is 0.
std::string with_javascript_numbers(std::string_view text, std::string& changed) {
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    if (text[i] == '"') {
      length = string_length(text.substr(i));
      out.append(text.substr(i, length));
    } else if (const auto digits = json_number_length(text.substr(i)); digits != 0) {
      length = digits;
      const auto number = text.substr(i, length);
      double value = 0;
      const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
      const bool is_out_of_range = read.ec == std::errc::result_out_of_range;
      // A number in a place where JSON has none (01, 1.e5, 1-1e-400) must stay wrong.
      const bool is_whole_token = (i == 0 || ends_a_token(text[i - 1])) &&
                                  (i + length == text.size() || ends_a_token(text[i + length]));
      if (is_whole_token && is_out_of_range) {
        const bool is_zero = Decimal(number).digits.empty();
        if (!is_zero && changed.empty()) changed = number;
        out.append(is_huge(number) ? "null" : "0");
      } else {
        out.append(number);
        if (is_whole_token && length > 18 && number.find_first_of(".eE") == number.npos) {
          if (changed.empty() && printed(value) != number) changed = number;
          out.append(".0");
        }
      }
    } else {
      out.push_back(text[i]);
    }
    i += length;
  }
  return out;
}

Error not_json(std::string_view text, simdjson::error_code error) {
  std::string message;
  if (const auto fault = find_json_fault(text)) {
    message = fmt::format("Not valid JSON at byte {}: {}", fault->at, fault->what);
  } else {
    message = fmt::format("Not valid JSON: {}", simdjson::error_message(error));
  }
  return Error{Code::kBadRequest, std::move(message), nullptr};
}

// What was read, and the first number of the text that reads back as another.
struct Parsed {
  Json json;
  std::string changed;
};

Result<Parsed> parse(std::string_view text, JsonLimits limits, std::string_view but_in = {}) {
  // simdjson's parser keeps its buffers between documents; one a thread is what its manual advises.
  thread_local simdjson::dom::parser parser;
  thread_local std::string padded;
  // A parser that once met a large document would keep that much memory for ever.
  constexpr std::size_t kKeptBytesMax = std::size_t{1} << 20;

  const auto read =
      [&](std::string_view json) -> simdjson::simdjson_result<simdjson::dom::element> {
    // simdjson counts the document itself as one level.
    const auto depth = static_cast<std::size_t>(limits.depth_max) + 1;
    if (parser.max_depth() != depth || parser.capacity() < json.size()) {
      const auto error = parser.allocate(std::max<std::size_t>(json.size(), 4096), depth);
      if (error != simdjson::SUCCESS) return error;
    }
    padded.reserve(json.size() + simdjson::SIMDJSON_PADDING);
    padded.assign(json);
    return parser.parse(padded.data(), padded.size(), false);
  };

  simdjson::dom::element root;
  auto error = read(text).get(root);
  std::string changed;
  if (error == simdjson::NUMBER_ERROR) {
    error = read(with_javascript_numbers(text, changed)).get(root);
  }
  Result<Parsed> result;
  bool is_too_deep = error == simdjson::DEPTH_ERROR;
  if (error == simdjson::SUCCESS) {
    Converter converter(limits.depth_max, but_in);
    result->json = converter.value(root);
    result->changed = changed.empty() ? converter.changed() : std::move(changed);
    if (result->changed.empty() && converter.has_extreme_real()) {
      result->changed = changed_real(text);
    }
    is_too_deep = converter.is_too_deep();
  } else if (!is_too_deep) {
    result = fail(not_json(text, error));
  }
  if (is_too_deep) {
    result = fail(
        Code::kBadRequest,
        fmt::format("JSON is nested deeper than {} levels, the most allowed", limits.depth_max));
  }
  if (padded.capacity() > kKeptBytesMax) {
    padded = {};
    parser = simdjson::dom::parser();
  }
  return result;
}

Error would_change(std::string_view number) {
  constexpr std::size_t kShownMax = 40;
  const auto shown = number.substr(0, kShownMax);
  const auto rest = number.size() > kShownMax ? "…" : "";
  const auto kept = parse(number, {});
  return Error{Code::kBadRequest,
               fmt::format("The number {}{} cannot be kept: it would come back as {}. Numbers are "
                           "doubles, as in JavaScript; write it as a text: \"{}{}\"",
                           shown, rest, kept ? kept->json.dump() : "another", shown, rest),
               nullptr};
}

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  auto parsed = parse(text, limits);
  if (!parsed) return fail(parsed.error());
  return std::move(parsed->json);
}

Result<Json> parse_given_json(std::string_view text, JsonLimits limits, std::string_view but_in) {
  auto parsed = parse(text, limits, but_in);
  if (!parsed) return fail(parsed.error());
  if (!parsed->changed.empty()) return fail(would_change(parsed->changed));
  return std::move(parsed->json);
}

}  // namespace synap
