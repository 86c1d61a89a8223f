#include <fmt/format.h>

#include <charconv>

#include "cel/lexer.h"

namespace synap::cel {
namespace {

struct Digits {
  std::string text;  // with the sign, without 0x and u
  int base = 10;
};

Digits digits_of(const Token& token, bool is_negative) {
  auto text = token.text;
  if (token.kind == TokenKind::kUint) text.remove_suffix(1);
  const bool is_hex = text.starts_with("0x");
  if (is_hex) text.remove_prefix(2);
  // With its sign, since the lowest number is further from 0 than the highest.
  return {fmt::format("{}{}", is_negative ? "-" : "", text), is_hex ? 16 : 10};
}

template <class Integer>
std::optional<Integer> integer_of(const Digits& digits) {
  const auto* begin = digits.text.data();
  Integer number = 0;
  const auto read = std::from_chars(begin, begin + digits.text.size(), number, digits.base);
  return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

// One too small is 0; only one too large is none. The library answers the same for both.
bool is_below_one(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos ||
         text.starts_with("0.") || text.starts_with('.');
}

std::optional<double> double_of(const Digits& digits) {
  const auto* begin = digits.text.data();
  double number = 0;
  const auto read = std::from_chars(begin, begin + digits.text.size(), number);
  if (read.ec == std::errc()) return number;
  if (!is_below_one(digits.text)) return std::nullopt;
  return digits.text.starts_with('-') ? -0.0 : 0.0;
}

}  // namespace

std::expected<Value, std::string> literal_value(const Token& token, bool is_negative) {
  const auto digits = digits_of(token, is_negative);
  switch (token.kind) {
    case TokenKind::kInt:
      if (const auto number = integer_of<std::int64_t>(digits)) return Value(*number);
      return std::unexpected("a whole number is from -9223372036854775808 to 9223372036854775807");
    case TokenKind::kUint:
      if (const auto number = integer_of<std::uint64_t>(digits)) return Value(*number);
      return std::unexpected("an unsigned number is at most 18446744073709551615");
    case TokenKind::kDouble:
      if (const auto number = double_of(digits)) return Value(*number);
      return std::unexpected("a number with a fraction has at most the range of a double");
    case TokenKind::kString:
      return Value::string(token.content);
    case TokenKind::kBytes:
      return Value::bytes(token.content);
    default:
      return token.is_word("null") ? Value() : Value(token.is_word("true"));
  }
}

}  // namespace synap::cel
