// The places of a JSON Schema: the pointers that name them (RFC 6901), and where its references
// lead. Private to this room.
#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace synap {

/// How long the pointer to a schema may be. A document of 64 KiB that nests long names could
/// otherwise take hundreds of megabytes.
inline constexpr std::size_t kPointerBytesMax = 2 * 1024;

/// The part of a pointer that enters the member `name`: "a/b" -> "/a~1b".
std::string pointer_step(std::string_view name);
/// "/properties/a~1b" -> {"properties", "a/b"}
std::vector<std::string> steps_of(std::string_view pointer);

/// What the "$ref"s of one document may name.
class JsonPlaces {
 public:
  struct Place {
    const Json* schema;
    std::string pointer;  // the same for all references that lead here
  };

  /// Of the document `root`, which must outlive it.
  explicit JsonPlaces(const Json& root);

  /// Where `reference`, the value of a "$ref", leads. Otherwise what is wrong with it: a sentence
  /// whose subject is the place that holds it.
  std::expected<Place, std::string_view> referred(const Json& reference) const;

 private:
  void find_anchors(const Json& value, const std::string& pointer);

  const Json& root_;
  std::map<std::string, std::string> anchors_;  // name -> pointer
};

}  // namespace synap
