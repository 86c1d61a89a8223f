#include "schema/json_pattern.h"

#include <fmt/format.h>

#include <cstdint>
#include <memory>

namespace synap {
namespace {

// What a pattern may take, its states included: 50 of them in each of the schemas that are kept
// compiled are 100 MB at most.
constexpr std::int64_t kPatternBytesMax = 64 * 1024;
// How large its program may be. A document of 64 KiB could otherwise take hundreds of megabytes.
constexpr int kPatternProgramMax = 1'500;  // a class as \p{L} is some 700

// JavaScript's \u00e9 as RE2 writes it. All else that both know is the same in both.
std::string re2_text(std::string_view pattern) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '\\' || at + 1 == pattern.size()) {
      out += pattern[at];
    } else if (pattern[at + 1] == 'u' && at + 5 < pattern.size() && pattern[at + 2] != '{') {
      out += fmt::format("\\x{{{}}}", pattern.substr(at + 2, 4));
      at += 5;
    } else if (pattern[at + 1] == 'u') {
      out += "\\x";
      ++at;
    } else {
      out += pattern[at];
      out += pattern[++at];
    }
  }
  return out;
}

}  // namespace

std::expected<JsonRule::Pattern, std::string> compile_pattern(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternBytesMax);
  const auto translated = re2_text(text);
  auto compiled = std::make_shared<const re2::RE2>(
      re2::StringPiece(translated.data(), translated.size()), options);
  if (!compiled->ok()) {
    return std::unexpected(fmt::format("is no pattern that RE2 takes: {}", compiled->error()));
  }
  if (compiled->ProgramSize() > kPatternProgramMax)
    return std::unexpected("is too large a pattern");
  return compiled;
}

}  // namespace synap
