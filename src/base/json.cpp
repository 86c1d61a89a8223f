#include "base/json.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>

#include "base/check.h"

namespace synap {

Json::Json(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(kWholeNumberMax)) {
    value_ = static_cast<std::int64_t>(value);
  } else {
    value_ = static_cast<double>(value);
  }
}

Json::Json(double value) {
  // -0 has no integer.
  if (value == std::trunc(value) && std::abs(value) <= kWholeNumberMax &&
      !(value == 0 && std::signbit(value))) {
    value_ = static_cast<std::int64_t>(value);
  } else {
    value_ = value;
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

Json* Json::find(std::string_view key) {
  return const_cast<Json*>(std::as_const(*this).find(key));
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
  out.reserve(json_bytes(*this));
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

std::size_t json_bytes(const Json& value) {
  constexpr std::size_t kNumber = 20;  // also true, false and null
  constexpr std::size_t kAround = 2;   // quotes or brackets
  if (value.is_string()) return value.as_string().size() + kAround;
  std::size_t bytes = kAround;
  if (value.is_array()) {
    for (const auto& item : value.as_array()) bytes += json_bytes(item) + 1;
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.as_object()) {
      bytes += key.size() + kAround + 2 + json_bytes(member);
    }
  } else {
    bytes = kNumber;
  }
  return bytes;
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

namespace {

bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

// The first byte at or behind `at` that needs an escape. Most texts have few: whole blocks are
// looked at first, which compilers turn into vector instructions (four times as fast).
std::size_t next_escape(std::string_view text, std::size_t at) {
  constexpr std::size_t kBlock = 32;
  const char* data = text.data();
  for (; at + kBlock <= text.size(); at += kBlock) {
    bool is_any = false;
    for (std::size_t i = 0; i < kBlock; ++i) is_any |= needs_escape(data[at + i]);
    if (is_any) break;
  }
  while (at < text.size() && !needs_escape(data[at])) ++at;
  return at;
}

void append_escape(std::string& out, unsigned char byte) {
  static constexpr char kHex[] = "0123456789abcdef";
  static constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  static constexpr std::string_view kLetters = "\"\\bfnrt";
  out.push_back('\\');
  if (const auto at = kShort.find(static_cast<char>(byte)); at != kShort.npos) {
    out.push_back(kLetters[at]);
  } else {
    out.append("u00");
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
}

// Bytes that are no UTF-8 come from what is damaged on disk: one must not make an answer that no
// client can read.
std::string mended(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto valid = valid_utf8_prefix(text);
    out.append(text.substr(0, valid));
    if (valid == text.size()) break;
    out.append("\xef\xbf\xbd");
    text.remove_prefix(valid + 1);
  }
  return out;
}

}  // namespace

void append_json_string(std::string& out, std::string_view utf8) {
  if (!is_valid_utf8(utf8)) return append_json_string(out, mended(utf8));
  out.push_back('"');
  for (std::size_t at = 0;;) {
    const std::size_t end = next_escape(utf8, at);
    out.append(utf8, at, end - at);
    if (end == utf8.size()) break;
    append_escape(out, static_cast<unsigned char>(utf8[end]));
    at = end + 1;
  }
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
