// Access: who calls a route of Inngest's.
//
//   event key     an API key of the pod, in the path of /e/: its user, if it may write events
//   signing key   of the Authorization header, hashed or plain: its user; an API key does as well
//   neither       the pod's first owner: in development, from this machine, and from no page of
//                 another origin, since any page that somebody opens can post to this machine
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/keys.h"
#include "base/task.h"
#include "inngest/apps.h"
#include "net/http.h"

namespace synap::inngest {

struct AccessOptions {
  bool is_dev = false;
  std::string public_url = {};
};

class Access {
 public:
  /// All must outlive it.
  Access(AccessOptions options, api::Keys& keys, const Apps& apps)
      : options_(std::move(options)), keys_(keys), apps_(apps) {}

  bool is_dev() const { return options_.is_dev; }

  /// `key` is that of the path. kUnauthorized, kForbidden, kTooManyRequests.
  Task<Result<Asker>> by_event_key(const net::Request& head, std::string_view key);
  /// `scope` is what an API key must be good for. As by_event_key.
  Task<Result<Asker>> by_signing_key(const net::Request& head, std::string_view scope);

 private:
  Task<Result<Asker>> keyless(const net::Request& head);
  Task<Result<std::optional<std::string>>> user_of(std::string environment);
  Task<Result<std::optional<std::string>>> user_of_hash(std::string bearer);
  Result<Asker> by_api_key(const net::Request& head, std::string_view key, std::string_view scope);

  const AccessOptions options_;
  api::Keys& keys_;
  const Apps& apps_;
};

}  // namespace synap::inngest
