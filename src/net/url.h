// Percent-encoding of the path of a request target (RFC 3986).
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace synap::net {

/// Undoes percent-encoding, once. '+' stays '+'. kBadRequest: an escape is not two hexadecimal
/// digits, or the result is not UTF-8.
Result<std::string> percent_decode(std::string_view text);

/// Percent-encodes everything but letters, digits and "-._~".
std::string percent_encode(std::string_view text);

}  // namespace synap::net
