// Lexer: the tokens of an expression, one by one. Private to the room.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/status.h"
#include "cel/ast.h"

namespace synap::cel {

enum class TokenKind : std::uint8_t {
  kEnd,
  kIdentifier,
  kQuotedIdentifier,  // `a-b`, behind a point only
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kSymbol,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;  // as it is written; of a quoted identifier what is between the quotes
  std::string content;    // of texts and bytes: what the literal means
  Place place;

  bool is(std::string_view symbol) const { return kind == TokenKind::kSymbol && text == symbol; }
  bool is_word(std::string_view word) const {
    return kind == TokenKind::kIdentifier && text == word;
  }
};

class Lexer {
 public:
  /// `text` is valid UTF-8 and outlives the lexer and its tokens.
  explicit Lexer(std::string_view text) : text_(text) {}

  /// The next token; kEnd again and again at the end. kBadRequest where no token begins, or one
  /// does not end.
  Result<Token> next();

 private:
  void skip_space();
  void advance(std::size_t bytes);
  char at(std::size_t offset) const;
  Result<Token> read_number();
  Result<Token> read_quoted();
  Result<Token> read_literal(std::size_t prefix);
  Token read_word();
  std::size_t literal_prefix() const;
  Token token(TokenKind kind, std::size_t bytes);

  std::string_view text_;
  std::size_t at_ = 0;
  Place place_;
};

/// What a literal stands for: a number (with the sign before it), a text, bytes, true, false, null.
/// The error is a sentence: which numbers there are.
std::expected<Value, std::string> literal_value(const Token& token, bool is_negative);

/// "line 1, column 7: `message`"
std::unexpected<Error> fail_at(Place place, std::string_view message);

}  // namespace synap::cel
