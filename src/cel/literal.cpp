#include "cel/literal.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>

#include "cel/utf8.h"

namespace synap::cel {
namespace {

std::optional<char> simple_escape(char letter) {
  switch (letter) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
    case '?':
    case '\'':
    case '"':
    case '`':
      return letter;
    default:
      return std::nullopt;
  }
}

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return 16;
}

std::optional<std::uint32_t> number(std::string_view digits, std::size_t count, int base) {
  if (digits.size() < count) return std::nullopt;
  std::uint32_t value = 0;
  for (const auto letter : digits.substr(0, count)) {
    const auto digit = digit_of(letter);
    if (digit >= base) return std::nullopt;
    value = value * static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(digit);
  }
  return value;
}

// A numeric escape behind the backslash: how many characters it has, and what it stands for.
struct Numeric {
  std::size_t length = 0;
  std::uint32_t value = 0;
  bool is_byte = false;  // in bytes
};

std::optional<Numeric> numeric_escape(std::string_view raw) {
  const auto hex = [&](std::size_t count, bool is_byte) -> std::optional<Numeric> {
    const auto value = number(raw.substr(1), count, 16);
    if (!value) return std::nullopt;
    return Numeric{count + 1, *value, is_byte};
  };
  switch (raw.front()) {
    case 'x':
    case 'X':
      return hex(2, true);
    case 'u':
      return hex(4, false);
    case 'U':
      return hex(8, false);
    default:
      break;
  }
  const auto octal = number(raw, 3, 8);
  if (!octal || *octal > 0xFF) return std::nullopt;
  return Numeric{3, *octal, true};
}

}  // namespace

bool append_utf8(std::string& out, std::uint32_t code_point) {
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) return false;
  const auto tail = [&](int shift) {
    out += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0 | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
  return true;
}

std::expected<std::string, std::string> unescape(std::string_view raw, bool is_bytes) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] != '\\') {
      out += raw[at];
      continue;
    }
    const auto rest = raw.substr(at + 1);
    if (rest.empty()) return std::unexpected("ends with a backslash");
    if (const auto simple = simple_escape(rest.front())) {
      out += *simple;
      ++at;
      continue;
    }
    const auto numeric = numeric_escape(rest);
    const bool is_known = numeric && (!is_bytes || numeric->is_byte);
    if (!is_known) {
      return std::unexpected(
          fmt::format("has an escape \\{}, which is none", first_character(rest)));
    }
    if (is_bytes) {
      out += static_cast<char>(numeric->value);
    } else if (!append_utf8(out, numeric->value)) {
      return std::unexpected(fmt::format("has an escape \\{}, which is no character",
                                         rest.substr(0, numeric->length)));
    }
    at += numeric->length;
  }
  return out;
}

namespace {

// Nothing where the character stands for itself.
std::string escaped(char letter, bool is_bytes) {
  switch (letter) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(letter);
  if (byte < 0x20 || byte == 0x7F || (is_bytes && byte >= 0x80)) {
    return fmt::format("\\x{:02x}", byte);
  }
  return "";
}

std::string quoted_as(std::string_view text, bool is_bytes) {
  std::string out = is_bytes ? "b\"" : "\"";
  for (const auto letter : text) {
    const auto escape = escaped(letter, is_bytes);
    if (escape.empty()) {
      out += letter;
    } else {
      out += escape;
    }
  }
  return out + '"';
}

}  // namespace

std::string quoted(std::string_view text) {
  return quoted_as(text, false);
}
std::string quoted_bytes(std::string_view bytes) {
  return quoted_as(bytes, true);
}

}  // namespace synap::cel
