// SessionCookie: how a browser shows the session that it has, and when that counts.
//
// A browser sends a cookie with every request to a host, whichever page makes it and to whichever
// port: also to servers that are none of this pod's. So the cookie has one half of the session only
// (credential.h). The other the page has from the answer to its signing in, keeps where only pages
// of the very same origin can read, and sends in the header `synap-page` of every request or, of a
// WebSocket, in the connection parameter "page": that no form and no other page can do. Where a
// browser says that another page sent a request, neither counts.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "api/credential.h"
#include "rpc/origin.h"

namespace synap::api {

/// A value; any thread.
class SessionCookie {
 public:
  static constexpr std::string_view kPageHeader = "synap-page";

  SessionCookie() = default;
  /// `pod` tells this pod from others on the same host, whose ports a cookie does not know: letters
  /// and digits. `public_url`: where others find it; empty: nowhere else.
  SessionCookie(std::string_view pod, std::string public_url);

  const std::string& name() const { return name_; }
  /// The session in the cookies of a request and `page_half`, where that counts; else nothing, as
  /// where there is none.
  Credential of(const net::Headers& headers, std::string_view page_half) const;
  /// The same with the half that stands in its header.
  Credential of(const net::Headers& headers) const;
  /// Values of Set-Cookie.
  std::string set(std::string_view token, std::chrono::seconds lasts) const;
  std::string clear() const { return set("", std::chrono::seconds(0)); }

 private:
  std::string name_;  // empty: no cookie counts
  std::string public_url_;
};

/// What a request shows in its Authorization header, in the connection parameter "token", or in its
/// cookie: the first of them.
Credential credential_of(const rpc::Origin& origin, const SessionCookie& cookie);

/// What a request shows in its Authorization header, or nothing; good for as long as the headers.
std::string_view bearer_token(const net::Headers& headers);

}  // namespace synap::api
