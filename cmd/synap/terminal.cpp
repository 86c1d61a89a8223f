#include "synap/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>

#include "base/text.h"

namespace synap::cli {
namespace {

constexpr std::size_t kWidthMin = 20;
constexpr std::size_t kWidthDefault = 80;
constexpr std::size_t kHeightDefault = 24;

// What $COLUMNS or $LINES says, as shells and tests set it; else what the terminal says.
std::size_t size_of(const char* variable, std::size_t told, std::size_t otherwise) {
  const char* text = std::getenv(variable);
  const std::string_view digits = text == nullptr ? "" : text;
  std::size_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (number > 0 && number < 10'000) return number;
  return told > 0 ? told : otherwise;
}

winsize window() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) size = {};
  return size;
}

struct Range {
  char32_t first;
  char32_t last;
};

// East Asian wide and fullwidth (Unicode 15, UAX #11) and emoji, in blocks: a table cell that is a
// column too wide or too narrow does no harm.
constexpr std::array<Range, 12> kWide = {{{0x1100, 0x115f},
                                          {0x2e80, 0x303e},
                                          {0x3041, 0xa4cf},
                                          {0xa960, 0xa97f},
                                          {0xac00, 0xd7a3},
                                          {0xf900, 0xfaff},
                                          {0xfe30, 0xfe6f},
                                          {0xff00, 0xff60},
                                          {0xffe0, 0xffe6},
                                          {0x1f300, 0x1f64f},
                                          {0x1f680, 0x1faff},
                                          {0x20000, 0x3fffd}}};
// Marks and characters without a width of their own.
constexpr std::array<Range, 8> kCombining = {{{0x0300, 0x036f},
                                              {0x0483, 0x0489},
                                              {0x0591, 0x05bd},
                                              {0x064b, 0x065f},
                                              {0x1ab0, 0x1aff},
                                              {0x200b, 0x200f},
                                              {0x20d0, 0x20ff},
                                              {0xfe00, 0xfe0f}}};

template <std::size_t kCount>
bool is_in(const std::array<Range, kCount>& ranges, char32_t c) {
  return std::ranges::any_of(ranges, [c](Range r) { return c >= r.first && c <= r.last; });
}

// The next character of a text; what is no UTF-8 has a column for each byte.
struct Character {
  std::size_t bytes = 1;
  std::size_t width = 1;
};
Character next_of(std::string_view text) {
  const auto c = first_code_point(text);
  return {c.bytes, is_in(kCombining, c.value) ? 0u : is_in(kWide, c.value) ? 2u : 1u};
}

}  // namespace

bool is_terminal() {
  static const bool is_one = ::isatty(STDOUT_FILENO) == 1;
  return is_one;
}

bool has_colour() {
  const char* none = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  if (none != nullptr && *none != '\0') return false;
  return is_terminal() && term != nullptr && std::string_view(term) != "dumb";
}

std::size_t terminal_width() {
  const auto told = is_terminal() ? window().ws_col : 0;
  return std::max(kWidthMin, size_of("COLUMNS", told, kWidthDefault));
}

std::size_t terminal_height() {
  return size_of("LINES", is_terminal() ? window().ws_row : 0, kHeightDefault);
}

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  while (!utf8.empty()) {
    const auto next = next_of(utf8);
    width += next.width;
    utf8.remove_prefix(next.bytes);
  }
  return width;
}

std::string truncated(std::string_view utf8, std::size_t width) {
  if (display_width(utf8) <= width) return std::string(utf8);
  if (width == 0) return "";
  std::string out;
  std::size_t used = 0;
  while (!utf8.empty()) {
    const auto next = next_of(utf8);
    if (used + next.width > width - 1) break;
    out += utf8.substr(0, next.bytes);
    used += next.width;
    utf8.remove_prefix(next.bytes);
  }
  return out + "…";
}

std::string with_caret(std::string_view utf8, std::size_t characters, std::size_t width) {
  constexpr std::string_view kIndent = "  ";
  constexpr std::string_view kCut = "…";
  auto behind = utf8;
  for (; characters > 0 && !behind.empty(); --characters)
    behind.remove_prefix(next_of(behind).bytes);
  auto before = utf8.substr(0, utf8.size() - behind.size());
  const auto room = width - std::min(width, kIndent.size() + 1);
  std::string_view cut;
  if (display_width(utf8) > room) {
    const auto before_max = room * 2 / 3;
    for (; display_width(before) > before_max; cut = kCut)
      before.remove_prefix(next_of(before).bytes);
  }
  const auto shown = std::string(cut) + std::string(before);
  const auto column = display_width(shown);
  return std::string(kIndent) + truncated(shown + std::string(behind), room) + "\n" +
         std::string(kIndent) + std::string(column, ' ') + "^\n";
}

std::string padded(std::string_view utf8, std::size_t width) {
  std::string out(utf8);
  const auto used = display_width(utf8);
  if (used < width) out.append(width - used, ' ');
  return out;
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent,
                    std::size_t first) {
  std::string out;
  std::size_t column = first;
  bool begins_line = true;
  while (!text.empty()) {
    const auto end = text.find_first_of(" \n");
    const auto word = text.substr(0, end);
    if (!word.empty()) {
      const auto size = display_width(word);
      if (!begins_line && column + 1 + size > width) {
        out += "\n" + std::string(indent, ' ');
        column = indent;
        begins_line = true;
      }
      if (!begins_line) out += ' ', ++column;
      out += word;
      column += size;
      begins_line = false;
    }
    if (end == std::string_view::npos) break;
    if (text[end] == '\n') {
      out += "\n" + std::string(indent, ' ');
      column = indent;
      begins_line = true;
    }
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace synap::cli
