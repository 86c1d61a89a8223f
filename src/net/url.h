// Reading the two parts of a request target: the path (RFC 3986) and the query as browsers write
// it (application/x-www-form-urlencoded, the URL standard).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace synap::net {

/// Undoes percent-encoding, once. '+' stays '+'. kBadRequest: an escape is not two hexadecimal
/// digits, or the result is not UTF-8.
Result<std::string> percent_decode(std::string_view text);

/// Percent-encodes everything but letters, digits and "-._~".
std::string percent_encode(std::string_view text);

/// The parameters of a query in their order, duplicates kept.
class Query {
 public:
  /// Reads `text`, the part of a target behind '?'. kBadRequest as percent_decode.
  static Result<Query> parse(std::string_view text);

  /// The value of the first parameter of this name, or nullptr.
  const std::string* find(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& parameters() const { return parameters_; }

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace synap::net
