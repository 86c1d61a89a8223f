// Access: who calls a route of Inngest's.
//
//   event key     an API key of the pod, in the path of /e/: its user, if it may write events
//   signing key   of the Authorization header, hashed or plain: its user; an API key does as well
//   neither       the pod's first owner: in development, from this machine, and from no page of
//                 another origin, since any page that somebody opens can post to this machine
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/keys.h"
#include "base/task.h"
#include "events/log.h"
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

  /// At the start, before anything is appended: hears of users who are made from then on.
  void observe(events::EventLog& log);
  /// A user whom another node has made, who may be known already.
  void hear(const events::Event& event);
  /// Knows the signing keys of the users there are. At the start, before anybody calls.
  Task<Result<>> load();

  /// `key` is that of the path. kUnauthorized, kForbidden, kTooManyRequests.
  Task<Result<Asker>> by_event_key(const net::Request& head, std::string_view key);
  /// `scope` is what an API key must be good for. As by_event_key.
  Task<Result<Asker>> by_signing_key(const net::Request& head, std::string_view scope);

 private:
  Task<Result<Asker>> keyless(const net::Request& head);
  Task<Result<std::optional<std::string>>> user_of(std::string environment);
  void add_user(const std::string& user_id);
  std::optional<std::string> user_of_hash(std::string_view bearer) const;
  Result<Asker> by_api_key(const net::Request& head, std::string_view key, std::string_view scope);

  const AccessOptions options_;
  api::Keys& keys_;
  const Apps& apps_;
  mutable std::mutex mutex_;
  // Users by what a hashed signing key of theirs is without its prefix, which does not say whose it
  // is: whoever shows any at all has no more looked up than that.
  std::unordered_map<std::string, std::string> users_by_hash_;
};

}  // namespace synap::inngest
