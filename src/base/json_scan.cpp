#include "base/json_scan.h"

#include <string>

#include "base/json.h"

namespace synap {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  std::optional<JsonFault> run() {
    while (!fault_ && !done_) step();
    skip_space();
    if (!fault_ && at_ < text_.size()) fail("the text goes on behind the value");
    return fault_;
  }

 private:
  // Reads one value or the beginning of a container, then whatever closes behind it.
  void step() {
    skip_space();
    const char c = peek();
    if (c == '[' || c == '{') {
      open_.push_back(c);
      ++at_;
      skip_space();
      if (peek() == closing()) {
        close();
      } else if (c == '{') {
        return name();
      } else {
        return;
      }
    } else {
      scalar(c);
    }
    after_value();
  }

  void scalar(char c) {
    if (c == '"') return string();
    if (c == '-' || is_digit(c)) return number();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return;
      }
    }
    fail("a value is expected");
  }

  void after_value() {
    for (; !fault_; close()) {
      if (open_.empty()) {
        done_ = true;
        return;
      }
      skip_space();
      if (peek() == ',') {
        ++at_;
        skip_space();
        if (open_.back() == '{') name();
        return;
      }
      if (peek() != closing()) {
        return fail(open_.back() == '[' ? "',' or ']' is expected" : "',' or '}' is expected");
      }
    }
  }

  void name() {
    if (peek() != '"') return fail("the name of a member is expected");
    string();
    if (fault_) return;
    skip_space();
    if (peek() != ':') return fail("':' is expected");
    ++at_;
  }

  void string() {
    ++at_;
    for (;;) {
      if (at_ >= text_.size()) return fail("");
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return fail("a control character is not escaped");
      if (c == '\\') {
        escape();
        if (fault_) return;
        continue;
      }
      ++at_;
      if (c == '"') return;
    }
  }

  void escape() {
    const std::size_t begin = at_++;
    const char c = peek();
    if (c == 'u') {
      const int unit = hex_unit();
      if (fault_) return;
      if (unit < 0xd800 || unit > 0xdfff) return;
      const bool is_pair = unit < 0xdc00 && text_.substr(at_).starts_with("\\u");
      if (is_pair) {
        ++at_;
        const int second = hex_unit();
        if (fault_ || (second >= 0xdc00 && second <= 0xdfff)) return;
      }
      at_ = begin;
      return fail("half of a surrogate pair is not a character");
    }
    if (!std::string_view("\"\\/bfnrt").contains(c)) return fail("there is no such escape");
    ++at_;
  }

  // At the u of \uXXXX.
  int hex_unit() {
    int unit = 0;
    ++at_;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = peek();
      const char lower = static_cast<char>(c | 0x20);
      if (is_digit(c)) {
        unit = unit * 16 + (c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        unit = unit * 16 + (lower - 'a' + 10);
      } else {
        fail("four hexadecimal digits are expected");
        return 0;
      }
    }
    return unit;
  }

  void number() {
    const std::size_t length = json_number_length(text_.substr(at_));
    at_ += length;
    // What JSON has no numbers for goes on as if there was one: 01, 1.e5.
    const char c = peek();
    if (length == 0 || is_digit(c) || c == '.' || c == 'e' || c == 'E') {
      fail("this is not how JSON writes a number");
    }
  }

  char closing() const { return open_.back() == '[' ? ']' : '}'; }
  void close() {
    open_.pop_back();
    ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
  }
  void fail(std::string_view what) {
    fault_ = JsonFault{at_, at_ >= text_.size() ? "the text ends too early" : what};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string open_;  // the brackets that are not closed yet
  std::optional<JsonFault> fault_;
  bool done_ = false;
};

}  // namespace

std::optional<JsonFault> find_json_fault(std::string_view text) {
  const std::size_t valid = valid_utf8_prefix(text);
  if (valid < text.size()) return JsonFault{valid, "this is not UTF-8"};
  return Scanner(text).run();
}

std::size_t json_number_length(std::string_view text) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t begin = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - begin;
  };
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (digits() == 0) {
    return 0;
  }
  std::size_t end = at;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return end;
    end = at;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() != 0) end = at;
  }
  return end;
}

}  // namespace synap
