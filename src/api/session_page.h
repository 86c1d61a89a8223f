// SessionPage: /session, where a browser signs in and out.
//
//   POST    Authorization: Bearer synap_... | synap_link_...    a key, or a link's token
//   GET                                                         who is signed in
//   DELETE                                                      signs out
//
// Answered from the head alone, with {user {id, name, role}, session, expiresAt, pod {version}}, or
// with problem+json. The answer to POST has `page` besides: the half of the session that the page
// keeps (session_cookie.h); the other is only in the cookie.
#pragma once

#include <string>

#include "api/keys.h"
#include "api/session_cookie.h"
#include "base/json.h"
#include "net/http.h"

namespace synap::api {

class SessionPage final : public net::Handler {
 public:
  /// `keys` must outlive it. `version`: of the program.
  SessionPage(Keys& keys, SessionCookie cookie, std::string public_url, std::string version)
      : keys_(keys),
        cookie_(std::move(cookie)),
        public_url_(std::move(public_url)),
        version_(std::move(version)) {}

  /// kUnauthorized: not signed in, or what was shown is no good; kForbidden: not asked by a page of
  /// the pod's own; kConflict: somebody else is signed in; kTooManyRequests; kMethodNotSupported.
  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;

 private:
  Task<net::Response> sign_in(const net::Request& head);
  Task<net::Response> sign_out(const net::Request& head);
  Task<net::Response> tell(const net::Request& head);
  std::optional<ActorRef> signed_in(const net::Request& head) const;
  Task<Result<Json>> told_of(const Actor& actor, std::optional<std::int64_t> expires_at);

  Keys& keys_;
  const SessionCookie cookie_;
  const std::string public_url_;
  const std::string version_;
};

}  // namespace synap::api
