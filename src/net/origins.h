// Origins: the web pages that a browser lets talk to this server, and the names that the server
// goes by. Both protect the user of a browser against pages he did not mean to give anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace synap::net {

/// A value; any thread.
struct Origins {
  /// Origins as browsers send them ("https://app.example"), beside those that are always allowed:
  /// the server's own, and pages of this machine (http and https on localhost, 127.0.0.1 and [::1],
  /// any port: somebody's dev server). "*" is every origin.
  std::vector<std::string> allowed = {};

  /// Whether a page of this request's Origin may talk to the server. A request without an Origin is
  /// no page's of another origin.
  bool allows(const Request& request) const;
  bool allows_all() const;
};

/// The host of an origin, a URL or a Host header, in lower case, without scheme, port and brackets.
std::string host_of(std::string_view text);

/// Whether a browser says that a page of another origin sent this, be it of another port or scheme
/// on the same host. Its own are that of `public_url` (empty: there is none) and, by http, the Host
/// that was asked for. A browser says nothing of a GET by a page that came by plain http.
bool is_of_other_page(const Headers& headers, std::string_view public_url);

/// localhost, 127.0.0.1 or ::1.
bool is_loopback_name(std::string_view host);

/// The names under which a server may be asked for. A page can give its own name any address, also
/// this machine's, and then counts as of the server's own origin (DNS rebinding): only its Host
/// header tells it from one that is meant. A value; any thread.
struct HostNames {
  std::string listening = "127.0.0.1";       // an address; 0.0.0.0 and :: are every address
  std::string public_url = {};               // where others find the server; empty: nowhere else
  std::vector<std::string> other_urls = {};  // the same, by other ways

  /// Loopback names are always its own. A request without a Host (HTTP/1.0) is no browser's.
  bool has(const Request& request) const;
};

}  // namespace synap::net
