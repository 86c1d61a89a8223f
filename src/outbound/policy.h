// Policy: which machines a client may talk to.
//
// A pod is asked to call URLs that others have written. Without a guard such a URL reads what only
// the pod's own machine or network can reach: a router, a cloud's metadata, the pod itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "outbound/address.h"

namespace synap::outbound {

/// Whom a request names: the host of its URL, in lower case and without brackets, and the port.
struct Destination {
  std::string_view host;
  std::uint16_t port = 0;
};

/// A value; says of an address, at the moment when a connection to it is to be made, whether it may
/// be.
class Policy {
 public:
  /// For a client whose URLs are its user's own: the command line.
  static Policy anywhere() { return Policy(false); }

  /// Public addresses only, and what `allowed` names. An entry is a host ("minio.lan"), a host with
  /// a port ("localhost:9000"), an address with or without one ("10.0.0.7", "[::1]:8288"), or a
  /// range ("10.1.0.0/16", "fd00::/8"). A host may then lead anywhere; a range holds for whichever
  /// name leads into it. kBadRequest: an entry is none of these.
  static Result<Policy> public_only(const std::vector<std::string>& allowed = {});

  /// Nothing but what `only` and `opened` name, entries as in public_only(). A range is of URLs
  /// that have an address, and of this machine's own names: no other name is looked up for it,
  /// since a look-up tells a name to others. A host of `only` leads to public addresses, and to
  /// those that an address or a range of `only` names; one of `opened` leads anywhere.
  static Result<Policy> these_only(const std::vector<std::string>& only,
                                   const std::vector<std::string>& opened = {});

  /// kForbidden: no request may be made to `destination`, wherever it leads. Before it is looked
  /// up.
  Result<> check(const Destination& destination) const;
  /// kForbidden: a connection to `peer` may not be made for a request to `destination`.
  Result<> check(const Destination& destination, const IpAddress& peer) const;

  bool is_guarding() const { return is_guarding_; }

 private:
  struct Allowed {
    std::string host;  // empty: any
    std::optional<Network> network;
    std::optional<std::uint16_t> port;
    bool opens_host = true;  // to addresses of private networks, too
  };
  explicit Policy(bool is_guarding) : is_guarding_(is_guarding) {}
  static std::optional<Allowed> parse(std::string_view entry);
  bool opens(const Destination& destination, const IpAddress& peer) const;

  bool is_guarding_;
  bool is_closed_ = false;  // to public addresses, too
  std::vector<Allowed> allowed_;
};

}  // namespace synap::outbound
