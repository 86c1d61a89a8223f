// MetricsPage: GET /metrics, the numbers of a pod for Prometheus. They tell how a pod is used, so
// they are the owner's: whoever asks shows an owner's API key or session, or the key that is for
// this alone.
#pragma once

#include <string>

#include "api/keys.h"
#include "api/session_cookie.h"
#include "base/metrics.h"
#include "net/http.h"

namespace synap::api {

class MetricsPage final : public net::Handler {
 public:
  static constexpr std::string_view kScope = "metrics:read";

  /// `key`: what is taken beside an owner's key; empty: nothing. Both references must outlive it.
  MetricsPage(const Metrics& metrics, const Keys& keys, std::string key, SessionCookie cookie = {})
      : metrics_(metrics), keys_(keys), key_(std::move(key)), cookie_(std::move(cookie)) {}

  /// Answers from the head alone. kUnauthorized: nobody's key; kForbidden: a member's, or one that
  /// is not for kScope; kMethodNotSupported: neither GET nor HEAD.
  Task<net::Admission> admit(const net::Request& head) override;
  Task<net::Response> serve(const net::Request& request) override;
  std::optional<net::Response> refuse_upgrade(const net::Request& request) override;
  Task<void> serve_websocket(const net::Request& request, net::WebSocket& socket) override;
  net::Response refusal(const Error& error) override;

 private:
  Result<> may_read(const net::Request& head) const;

  const Metrics& metrics_;
  const Keys& keys_;
  const std::string key_;
  const SessionCookie cookie_;
};

}  // namespace synap::api
