#include "cel/lexer.h"

#include <fmt/format.h>

#include <array>
#include <cctype>

#include "cel/literal.h"
#include "cel/utf8.h"

namespace synap::cel {
namespace {

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}
bool is_hex(char letter) {
  return std::isxdigit(static_cast<unsigned char>(letter)) != 0;
}
bool is_word_start(char letter) {
  return letter == '_' || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}
bool is_word(char letter) {
  return is_word_start(letter) || is_digit(letter);
}

// The longer ones first.
constexpr std::array<std::string_view, 25> kSymbols = {
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "?", ":", "+", "-",
    "*",  "/",  "%",  "(",  ")",  "[",  "]", "{", "}", ",", ".", "="};

}  // namespace

std::unexpected<Error> fail_at(Place place, std::string_view message) {
  return fail(Code::kBadRequest, fmt::format("{}: {}", to_text(place), message));
}

char Lexer::at(std::size_t offset) const {
  return at_ + offset < text_.size() ? text_[at_ + offset] : '\0';
}

void Lexer::advance(std::size_t bytes) {
  for (const auto letter : text_.substr(at_, bytes)) {
    if (letter == '\n') {
      ++place_.line;
      place_.column = 1;
    } else if ((static_cast<unsigned char>(letter) & 0xC0) != 0x80) {
      ++place_.column;
    }
  }
  at_ += bytes;
}

Token Lexer::token(TokenKind kind, std::size_t bytes) {
  Token made{kind, text_.substr(at_, bytes), {}, place_};
  advance(bytes);
  return made;
}

void Lexer::skip_space() {
  while (at_ < text_.size()) {
    const auto letter = at(0);
    if (letter == '/' && at(1) == '/') {
      const auto end = text_.find('\n', at_);
      advance((end == std::string_view::npos ? text_.size() : end) - at_);
    } else if (letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r' ||
               letter == '\f') {
      advance(1);
    } else {
      return;
    }
  }
}

Result<Token> Lexer::next() {
  skip_space();
  if (at_ == text_.size()) return Token{TokenKind::kEnd, {}, {}, place_};
  const auto letter = at(0);
  if (is_digit(letter) || (letter == '.' && is_digit(at(1)))) return read_number();
  if (const auto prefix = literal_prefix(); prefix != std::string_view::npos) {
    return read_literal(prefix);
  }
  if (is_word_start(letter)) return read_word();
  if (letter == '`') return read_quoted();
  for (const auto symbol : kSymbols) {
    if (text_.substr(at_).starts_with(symbol)) return token(TokenKind::kSymbol, symbol.size());
  }
  const auto character = first_character(text_.substr(at_));
  return fail_at(place_, fmt::format("{} does not belong here", quoted(character)));
}

Token Lexer::read_word() {
  std::size_t end = 1;
  while (is_word(at(end))) ++end;
  return token(TokenKind::kIdentifier, end);
}

Result<Token> Lexer::read_quoted() {
  std::size_t end = 1;
  const auto belongs = [](char letter) {
    return is_word(letter) || letter == '.' || letter == '-' || letter == '/' || letter == ' ';
  };
  while (belongs(at(end))) ++end;
  if (at(end) != '`' || end == 1) {
    return fail_at(place_, "a name in ` has letters, digits, _ . - / and spaces, and ends with `");
  }
  auto made = token(TokenKind::kQuotedIdentifier, end + 1);
  made.text = made.text.substr(1, end - 1);
  return made;
}

Result<Token> Lexer::read_number() {
  std::size_t end = 0;
  auto kind = TokenKind::kInt;
  const auto skip_digits = [&] {
    while (is_digit(at(end))) ++end;
  };
  if (at(0) == '0' && at(1) == 'x' && is_hex(at(2))) {
    end = 2;
    while (is_hex(at(end))) ++end;
  } else {
    skip_digits();
    if (at(end) == '.' && is_digit(at(end + 1))) {
      kind = TokenKind::kDouble;
      ++end;
      skip_digits();
    }
    const auto sign = at(end + 1) == '+' || at(end + 1) == '-' ? 1U : 0U;
    if ((at(end) == 'e' || at(end) == 'E') && is_digit(at(end + 1 + sign))) {
      kind = TokenKind::kDouble;
      end += 1 + sign;
      skip_digits();
    }
  }
  if (kind == TokenKind::kInt && (at(end) == 'u' || at(end) == 'U')) {
    kind = TokenKind::kUint;
    ++end;
  }
  if (is_word(at(end))) {
    return fail_at(place_, fmt::format("a number is followed by the letter {}",
                                       quoted(text_.substr(at_ + end, 1))));
  }
  return token(kind, end);
}

// How many of r, R, b, B stand before a quote; npos if no literal begins here.
std::size_t Lexer::literal_prefix() const {
  std::size_t prefix = 0;
  if (at(0) == 'b' || at(0) == 'B') ++prefix;
  if (at(prefix) == 'r' || at(prefix) == 'R') ++prefix;
  const auto quote = at(prefix);
  return quote == '"' || quote == '\'' ? prefix : std::string_view::npos;
}

Result<Token> Lexer::read_literal(std::size_t prefix) {
  const bool is_bytes = at(0) == 'b' || at(0) == 'B';
  const bool is_raw = prefix == (is_bytes ? 2U : 1U);
  const auto quote = at(prefix);
  const std::string one(1, quote);
  const std::string three(3, quote);
  const bool is_triple = text_.substr(at_ + prefix).starts_with(three);
  const auto& mark = is_triple ? three : one;
  const auto begin = at_ + prefix + mark.size();
  auto end = begin;
  while (!text_.substr(end).starts_with(mark)) {
    const bool is_broken =
        !is_triple && end < text_.size() && (text_[end] == '\n' || text_[end] == '\r');
    if (end >= text_.size() || is_broken) {
      return fail_at(place_, fmt::format("a text begins here that does not end with {}", mark));
    }
    end += !is_raw && text_[end] == '\\' ? 2 : 1;
    if (end > text_.size()) end = text_.size();
  }
  const auto raw = text_.substr(begin, end - begin);
  const auto kind = is_bytes ? TokenKind::kBytes : TokenKind::kString;
  auto content = is_raw ? std::string(raw) : unescape(raw, is_bytes);
  if (!content) return fail_at(place_, fmt::format("the text {}", content.error()));
  auto made = token(kind, end + mark.size() - at_);
  made.content = std::move(*content);
  return made;
}

}  // namespace synap::cel
