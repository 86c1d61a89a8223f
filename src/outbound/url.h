// Url: an absolute http or https URL, taken apart as libcurl does it, so that what is looked at is
// what is asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace synap::outbound {

struct Url {
  std::string text;  // normalised
  bool is_https = false;
  bool has_user = false;  // a name or a password before the host
  std::string host;       // in lower case, without brackets and without a dot at its end
  std::uint16_t port = 0;

  /// "https://example.org:443": never holds a user or a password, so it may be shown.
  std::string origin() const;
};

/// kBadRequest: it is no URL of http or https.
Result<Url> parse_url(const std::string& text);
/// Where a Location header leads, which may be relative (RFC 9110 10.2.2).
Result<Url> resolve_url(const Url& base, const std::string& location);

/// True for names and addresses of this machine as they are usually spelt. For deciding what is
/// convenient, never for guarding: Policy looks at the address.
bool is_loopback_name(std::string_view host);

}  // namespace synap::outbound
