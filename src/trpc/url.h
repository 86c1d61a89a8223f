// A query read as leniently as browsers and the official server read it: net/url.h refuses what is
// broken, this lets it stand.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synap::trpc {

/// `text` with each byte that is not part of valid UTF-8 replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);

/// application/x-www-form-urlencoded as the WHATWG URL standard reads it: '+' is a space, broken
/// escapes stand for themselves, bytes that are not UTF-8 become U+FFFD.
class QueryParameters {
 public:
  explicit QueryParameters(std::string_view query);
  /// The first value of this name, or nullptr.
  const std::string* find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace synap::trpc
