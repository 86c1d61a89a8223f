#include "features/entities/values.h"

#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "base/clock.h"
#include "base/crypto.h"

namespace synap::features::entities {
namespace {

constexpr std::array<std::pair<ValueKind, std::string_view>, 4> kKinds = {
    {{ValueKind::kText, "text"},
     {ValueKind::kNumber, "number"},
     {ValueKind::kDate, "date"},
     {ValueKind::kBoolean, "boolean"}}};

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

template <class Number>
void append_big_endian(std::string& key, Number number) {
  for (int shift = static_cast<int>(sizeof number - 1) * 8; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>((number >> shift) & 0xFF));
  }
}

// Doubles in order: of negative ones all bits are turned, of others the sign.
void append_number(std::string& key, const Json& value) {
  auto nearest = value.as_number();
  if (nearest == 0) nearest = 0;  // -0 is no other number
  const auto bits = std::bit_cast<std::uint64_t>(nearest);
  append_big_endian(key, (bits & kSign) != 0 ? ~bits : bits | kSign);
  std::int64_t left = 0;
  // Up to 2^63 the double of an integer is off by 512 at most; 2^63 itself is no int64.
  constexpr double kBeyond = 9223372036854775808.0;
  if (value.is_integer()) {
    left = nearest < kBeyond ? value.as_integer() - static_cast<std::int64_t>(nearest)
                             : value.as_integer() - INT64_MAX - 1;
  }
  append_big_endian(key, static_cast<std::uint16_t>(left + 0x8000));
}

std::optional<std::int64_t> time_of(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.as_string();
  if (text.size() == 10) return parse_iso8601(text + "T00:00:00Z");
  if (auto time = parse_iso8601(text)) return time;
  // A leap second, and small letters, which the schema's formats let through.
  std::string plain = text;
  for (auto& c : plain) {
    if (c == 't' || c == 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  if (plain.size() > 19 && plain.compare(17, 2, "60") == 0) plain.replace(17, 2, "59");
  return parse_iso8601(plain);
}

void append_text(std::string& key, const std::string& text) {
  if (text.size() <= kKeyBytesMax) {
    key += text;
    return;
  }
  key.append(text, 0, kKeyBytesMax);
  const auto hash = sha256(text);
  key.append(reinterpret_cast<const char*>(hash.data()), hash.size());
}

}  // namespace

std::string_view name_of(ValueKind kind) {
  return kKinds[static_cast<std::size_t>(kind)].second;
}

std::optional<ValueKind> kind_of(std::string_view name) {
  for (const auto& [kind, its] : kKinds) {
    if (its == name) return kind;
  }
  return std::nullopt;
}

bool is_of(ValueKind kind, const Json& value) {
  switch (kind) {
    case ValueKind::kText:
      return value.is_string();
    case ValueKind::kNumber:
      return value.is_number();
    case ValueKind::kDate:
      return time_of(value).has_value();
    case ValueKind::kBoolean:
      return value.is_bool();
  }
  return false;
}

std::string key_of(ValueKind kind, const Json* value) {
  if (value == nullptr || !is_of(kind, *value)) return std::string(1, '\0');
  std::string key(1, '\1');
  switch (kind) {
    case ValueKind::kText:
      append_text(key, value->as_string());
      break;
    case ValueKind::kNumber:
      append_number(key, *value);
      break;
    case ValueKind::kDate:
      append_big_endian(key, static_cast<std::uint64_t>(time_of(*value).value_or(0)) + kSign);
      break;
    case ValueKind::kBoolean:
      key.push_back(value->as_bool() ? '\1' : '\0');
      break;
  }
  return key;
}

}  // namespace synap::features::entities
