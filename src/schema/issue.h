// The issues of one validation, in zod's shape, and the path they happen at.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "schema/node.h"

namespace synap::schema_detail {

/// Where in the input we are: a list on the stack, so that no issue costs no allocation.
struct Path {
  const Path* up = nullptr;
  const std::string* key = nullptr;  // nullptr: an index
  std::size_t index = 0;
};

/// As zod's toDotPath: `tags[0].name`; cut where it is longer than 200 bytes.
std::string dot_path(const Path& path);

/// As zod names what it received: "undefined" for nullptr.
std::string_view type_name(const Json* value);

/// What is listed at most. A hostile input of a million wrong items must not become an answer of a
/// hundred megabytes.
inline constexpr std::size_t kIssuesListedMax = 100;

class Issues {
 public:
  bool empty() const { return count_ == 0; }
  /// Whether the next one is listed; those behind it are only counted.
  bool is_listing() const;
  std::size_t count() const { return count_; }
  /// Those after which zod makes no more checks of the values around them.
  std::size_t final_count() const { return final_count_; }

  void wrong_type(const Path* path, std::string_view expected, const Json* received);
  /// The same where a union of objects is expected, which zod says in another order.
  void no_object(const Path* path, const Json* received);
  void missing_any(const Path* path);
  void not_integer(const Path* path, const Json& received);
  void unsafe_integer(const Path* path, bool is_positive);
  void wrong_value(const Path* path, const SchemaNode& node);
  void wrong_format(const Path* path, const SchemaCheck& check);
  /// At `path` is an object of the union `node` whose discriminator chooses none of its options.
  void no_such_option(const Path* path, const SchemaNode& node);
  /// Of the object at `path`; `keys` may be the first of `count`.
  void unrecognized_keys(const Path* path, const std::vector<const std::string*>& keys,
                         std::size_t count);
  /// `is_final` where the value itself was not looked at any further.
  void out_of_bounds(const Path* path, const SchemaCheck& check, std::string_view origin,
                     bool is_final = false);

  /// One of another kind: its members but for path and message, which stand behind them.
  void add(Json issue, const Path* path, std::string message) {
    if (wants()) list(std::move(issue), path, std::move(message));
  }

  Error to_error() &&;

 private:
  // Counts an issue. False if it is not to be listed any more.
  bool wants(bool is_final = false);
  void list(Json issue, const Path* path, std::string message);

  Json::Array listed_;
  std::size_t count_ = 0;
  std::size_t final_count_ = 0;
};

bool is_zod_uuid(std::string_view text);
bool is_zod_datetime(std::string_view text);

}  // namespace synap::schema_detail
