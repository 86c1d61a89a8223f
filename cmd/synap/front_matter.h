// FrontMatter: what stands at the beginning of a Markdown file about it, read by libraries:
//
//   "---" YAML 1.2 (its core schema)      "---" or "..."
//   "+++" TOML 1.0                        "+++"
//   ";;;" JSON, an object                 ";;;"
//   "{"   JSON, an object, up to its "}", alone on the first line as `{` or with its first member
//
// A block that is something else is no front matter: it stays text, and `problem` says why. A file
// harms only itself: bytes, nesting and what aliases stand for are bounded, and no exception of a
// library gets out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace synap::cli {

/// The properties of a block, by name.
struct Properties {
  Json values = Json::object();
  /// How the source spells the values that do not print so, by JSON Pointer (RFC 6901): "/rating"
  /// is "1.0" where its value is 1.
  std::map<std::string, std::string> spellings = {};
  std::vector<std::string> remarks = {};  // sentences on what is not as the source has it

  /// Of the value at a place and of all in it, by the rest of their pointers.
  std::vector<std::pair<std::string, std::string>> spellings_below(const std::string& at) const;
  void forget_spellings(const std::string& at);
};

struct FrontMatter {
  Properties properties;
  bool is_there = false;
  std::string_view body;    // the text without the block
  std::string_view behind;  // the body; where the block stayed in it, what follows the block
  std::string problem;      // a sentence, or empty
};

/// `text` is UTF-8 without a byte order mark; `body` points into it.
FrontMatter read_front_matter(std::string_view text);

// Readers of one syntax each. kUnprocessableContent: why it is none, with place_in() the file.
Result<Properties> read_yaml_properties(std::string_view block);
Result<Properties> read_toml_properties(std::string_view block);
/// `first_line` is the number of the block's first line in the file.
Result<Properties> read_json_properties(std::string_view block, int first_line = 2);

/// More is no front matter: some hundred times of what people write.
inline constexpr std::size_t kBlockBytesMax = 256 * 1024;
/// Values inside each other, and all of them with what aliases stand for.
inline constexpr int kBlockDepthMax = 32;
inline constexpr std::size_t kBlockValuesMax = 20'000;

/// "line 3, column 5", in characters, of what is `at` bytes behind the beginning of a block.
std::string place_in(std::string_view block, std::size_t at, int first_line = 2);
std::string_view trimmed(std::string_view text);
/// As the pod reads it: beyond 2^53 the nearest double, as in JavaScript. What was written is its
/// spelling then.
Json whole_number(std::int64_t value);
/// The line at the beginning of `rest`, without its end, which is taken off `rest`.
std::string_view take_line(std::string_view& rest);
/// One step of a JSON Pointer: "/" and the name, escaped.
std::string pointer_step(std::string_view name);
/// Of some remarks the first are kept.
void add_remark(Properties& properties, int line, std::string_view what);
std::string twice_remark(std::string_view name, const Json& other);
std::string no_number_remark(std::string_view spelling);
/// Where `values` has no such text as its own, the lines that have a comment in them.
std::size_t count_comments(std::string_view block, const Json& values);

}  // namespace synap::cli
