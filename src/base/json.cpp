#include "base/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <unordered_map>

#include "base/check.h"

namespace synap {
namespace {

constexpr std::int64_t kSafeIntegerMax = std::int64_t{1} << 53;

// An object of more members than this finds its duplicates by hash instead of by scan, so that a
// hostile object of many keys costs linear time.
constexpr std::size_t kScannedMembersMax = 16;

Json integer_like_javascript(std::int64_t value) {
  if (value > kSafeIntegerMax || value < -kSafeIntegerMax) return static_cast<double>(value);
  return value;
}

Json from_dom(simdjson::dom::element element);

Json object_from_dom(simdjson::dom::object dom) {
  Json::Object members;
  std::unordered_map<std::string_view, std::size_t> seen;
  for (auto [key, value] : dom) {
    // The last of several equal keys wins, in the place of the first, as in JavaScript.
    Json::Member* duplicate = nullptr;
    if (members.size() < kScannedMembersMax) {
      for (auto& member : members) {
        if (member.first == key) duplicate = &member;
      }
    } else {
      if (seen.empty()) {
        for (std::size_t i = 0; i < members.size(); ++i) seen.emplace(members[i].first, i);
        // Views into `members` would move as it grows; the DOM's own text does not.
        seen.clear();
        std::size_t i = 0;
        for (auto [earlier, ignored] : dom) {
          if (i >= members.size()) break;
          if (seen.emplace(earlier, i).second) ++i;
        }
      }
      auto [at, is_new] = seen.emplace(key, members.size());
      if (!is_new) duplicate = &members[at->second];
    }
    if (duplicate != nullptr) {
      duplicate->second = from_dom(value);
    } else {
      members.emplace_back(std::string(key), from_dom(value));
    }
  }
  return Json(std::move(members));
}

Json from_dom(simdjson::dom::element element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::OBJECT:
      return object_from_dom(element.get_object().value_unsafe());
    case element_type::ARRAY: {
      Json::Array items;
      for (auto item : element.get_array().value_unsafe()) items.push_back(from_dom(item));
      return Json(std::move(items));
    }
    case element_type::INT64:
      return integer_like_javascript(element.get_int64().value_unsafe());
    case element_type::UINT64:
      return static_cast<double>(element.get_uint64().value_unsafe());
    case element_type::DOUBLE: {
      const double number = element.get_double().value_unsafe();
      if (number == std::trunc(number) && std::abs(number) <= double{kSafeIntegerMax} &&
          !(number == 0 && std::signbit(number))) {
        return static_cast<std::int64_t>(number);
      }
      return number;
    }
    case element_type::STRING:
      return Json(std::string_view(element.get_string().value_unsafe()));
    case element_type::BOOL:
      return element.get_bool().value_unsafe();
    case element_type::NULL_VALUE:
      return nullptr;
  }
  return nullptr;
}

bool is_number_byte(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// simdjson stops at numbers outside of its types; JavaScript does not. Such a text is rewritten:
// an integer of too many digits gets a fraction, so that it is read as a double, and a number
// that is infinite as a double becomes null.
std::string with_javascript_numbers(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '"') {
      std::size_t end = i + 1;
      while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
      out.append(text.substr(i, end - i));
      i = end;
    } else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
      std::size_t end = i;
      while (end < text.size() && is_number_byte(text[end])) ++end;
      const auto token = text.substr(i, end - i);
      double value = 0;
      const auto read = std::from_chars(token.data(), token.data() + token.size(), value);
      const bool whole = read.ptr == token.data() + token.size();
      const bool is_integer = token.find_first_of(".eE") == std::string_view::npos;
      // from_chars reports both ends of the range alike; an exponent below zero is the small end.
      const bool tiny = token.find("e-") != std::string_view::npos ||
                        token.find("E-") != std::string_view::npos;
      if (whole && read.ec == std::errc::result_out_of_range) {
        out.append(tiny ? "0" : "null");
      } else {
        out.append(token);
        if (whole && is_integer && token.size() > 18) out.append(".0");
      }
      i = end;
    } else {
      out.push_back(text[i++]);
    }
  }
  return out;
}

Error not_json(std::string message) {
  return Error{Code::kBadRequest, std::move(message), nullptr};
}

}  // namespace

Json::Json(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(kSafeIntegerMax)) {
    value_ = static_cast<std::int64_t>(value);
  } else {
    value_ = static_cast<double>(value);
  }
}

bool Json::as_bool() const {
  SYNAP_CHECK(is_bool());
  return std::get<bool>(value_);
}
std::int64_t Json::as_integer() const {
  SYNAP_CHECK(is_integer());
  return std::get<std::int64_t>(value_);
}
double Json::as_number() const {
  SYNAP_CHECK(is_number());
  if (is_integer()) return static_cast<double>(std::get<std::int64_t>(value_));
  return std::get<double>(value_);
}
const std::string& Json::as_string() const {
  SYNAP_CHECK(is_string());
  return std::get<std::string>(value_);
}
const Json::Array& Json::as_array() const {
  SYNAP_CHECK(is_array());
  return std::get<Array>(value_);
}
const Json::Object& Json::as_object() const {
  SYNAP_CHECK(is_object());
  return std::get<Object>(value_);
}
std::string& Json::as_string() {
  SYNAP_CHECK(is_string());
  return std::get<std::string>(value_);
}
Json::Array& Json::as_array() {
  SYNAP_CHECK(is_array());
  return std::get<Array>(value_);
}
Json::Object& Json::as_object() {
  SYNAP_CHECK(is_object());
  return std::get<Object>(value_);
}

const Json* Json::find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const auto& member : std::get<Object>(value_)) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

std::string_view Json::string_or(std::string_view key, std::string_view otherwise) const {
  const Json* member = find(key);
  return member != nullptr && member->is_string() ? std::string_view(member->as_string())
                                                  : otherwise;
}

Json& Json::set(std::string_view key, Json value) {
  for (auto& member : as_object()) {
    if (member.first == key) {
      member.second = std::move(value);
      return *this;
    }
  }
  as_object().emplace_back(std::string(key), std::move(value));
  return *this;
}

Json& Json::push_back(Json value) {
  as_array().push_back(std::move(value));
  return *this;
}

std::string Json::dump() const {
  std::string out;
  append_json(out, *this);
  return out;
}

namespace {
void append_pretty(std::string& out, const Json& value, std::size_t indent) {
  const auto line = [&](std::size_t width) {
    out.push_back('\n');
    out.append(width, ' ');
  };
  if (value.is_array() && !value.as_array().empty()) {
    char separator = '[';
    for (const auto& item : value.as_array()) {
      out.push_back(separator);
      separator = ',';
      line(indent + 2);
      append_pretty(out, item, indent + 2);
    }
    line(indent);
    out.push_back(']');
  } else if (value.is_object() && !value.as_object().empty()) {
    char separator = '{';
    for (const auto& [key, member] : value.as_object()) {
      out.push_back(separator);
      separator = ',';
      line(indent + 2);
      append_json_string(out, key);
      out.append(": ");
      append_pretty(out, member, indent + 2);
    }
    line(indent);
    out.push_back('}');
  } else {
    append_json(out, value);
  }
}
}  // namespace

std::string Json::dump_pretty() const {
  std::string out;
  append_pretty(out, *this, 0);
  return out;
}

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  // simdjson's parser keeps its buffers between documents; one a thread is what its manual advises.
  thread_local simdjson::dom::parser parser;
  thread_local std::string padded;
  // A parser that once met a large document would keep that much memory for ever.
  constexpr std::size_t kKeptBytesMax = std::size_t{1} << 20;

  const auto read = [&](std::string_view json) -> simdjson::simdjson_result<simdjson::dom::element> {
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

  Result<Json> result;
  simdjson::dom::element root;
  auto error = read(text).get(root);
  if (error == simdjson::NUMBER_ERROR) error = read(with_javascript_numbers(text)).get(root);
  switch (error) {
    case simdjson::SUCCESS:
      result = from_dom(root);
      break;
    case simdjson::DEPTH_ERROR:
      result = fail(not_json(
          fmt::format("JSON is nested deeper than {} levels, the most allowed", limits.depth_max)));
      break;
    case simdjson::UTF8_ERROR:
      result = fail(not_json(
          fmt::format("JSON is not valid UTF-8 at byte {}", valid_utf8_prefix(text))));
      break;
    case simdjson::EMPTY:
      result = fail(not_json("Unexpected end of JSON input"));
      break;
    default:
      result = fail(not_json(fmt::format("Not valid JSON: {}", simdjson::error_message(error))));
  }
  if (padded.capacity() > kKeptBytesMax) {
    padded = {};
    parser = simdjson::dom::parser();
  }
  return result;
}

void append_json(std::string& out, const Json& value) {
  if (value.is_null()) {
    out.append("null");
  } else if (value.is_bool()) {
    out.append(value.as_bool() ? "true" : "false");
  } else if (value.is_integer()) {
    append_json_number(out, value.as_integer());
  } else if (value.is_number()) {
    append_json_number(out, value.as_number());
  } else if (value.is_string()) {
    append_json_string(out, value.as_string());
  } else if (value.is_array()) {
    char separator = '[';
    for (const auto& item : value.as_array()) {
      out.push_back(separator);
      separator = ',';
      append_json(out, item);
    }
    if (separator == '[') out.push_back('[');
    out.push_back(']');
  } else {
    char separator = '{';
    for (const auto& [key, member] : value.as_object()) {
      out.push_back(separator);
      separator = ',';
      append_json_string(out, key);
      out.push_back(':');
      append_json(out, member);
    }
    if (separator == '{') out.push_back('{');
    out.push_back('}');
  }
}

void append_json_string(std::string& out, std::string_view utf8) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t clean = 0;  // where the run of bytes that need no escape began
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(utf8.substr(clean, i - clean));
    clean = i + 1;
    switch (byte) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\b': out.append("\\b"); break;
      case '\f': out.append("\\f"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default:
        out.append("\\u00");
        out.push_back(kHex[byte >> 4]);
        out.push_back(kHex[byte & 15]);
    }
  }
  out.append(utf8.substr(clean));
  out.push_back('"');
}

void append_json_number(std::string& out, std::int64_t value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

// ECMA-262, Number::toString: the shortest digits that read back, positional between 1e-7 and
// 1e21, with an exponent outside.
void append_json_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out.append("null");
    return;
  }
  if (value == 0) {
    out.push_back('0');
    return;
  }
  if (std::signbit(value)) out.push_back('-');
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::scientific)
          .ptr;
  // buffer is d[.ddd]e(+|-)xx
  const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
  const auto at = text.find('e');
  int exponent = 0;
  const char* digits_of_exponent = text.data() + at + (text[at + 1] == '+' ? 2 : 1);
  std::from_chars(digits_of_exponent, text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  if (at > 2) digits.append(text.substr(2, at - 2));
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // ECMA-262's n: the place of the point within the digits
  if (count <= point && point <= 21) {
    out.append(digits).append(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out.append(digits, 0, static_cast<std::size_t>(point)).push_back('.');
    out.append(digits, static_cast<std::size_t>(point));
  } else if (-6 < point && point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else {
    out.push_back(digits[0]);
    if (count > 1) out.append(".").append(digits, 1);
    out.push_back('e');
    out.push_back(exponent < 0 ? '-' : '+');
    append_json_number(out, static_cast<std::int64_t>(std::abs(exponent)));
  }
}

std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  while (i < text.size()) {
    const unsigned char lead = byte(i);
    std::size_t length = 0;
    char32_t smallest = 0;
    char32_t point = 0;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    if ((lead & 0xe0) == 0xc0) {
      length = 2, smallest = 0x80, point = lead & 0x1fu;
    } else if ((lead & 0xf0) == 0xe0) {
      length = 3, smallest = 0x800, point = lead & 0x0fu;
    } else if ((lead & 0xf8) == 0xf0) {
      length = 4, smallest = 0x10000, point = lead & 0x07u;
    } else {
      return i;
    }
    if (i + length > text.size()) return i;
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return i;
      point = (point << 6) | (byte(i + k) & 0x3fu);
    }
    if (point < smallest || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return i;
    i += length;
  }
  return i;
}

bool is_valid_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace synap
