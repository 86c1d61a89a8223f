// Syncer: asks apps to register. An SDK never registers by itself: somebody sends its address a
// PUT. It is asked to say in its answer what functions it has ("in-band"): then it need not reach
// the pod for that. One that does not do so posts them to /fn/register instead, and answers how
// that went.
//
// The addresses of the configuration are asked at the start and, until they have answered, again
// and again. In development all known ones are asked every few seconds, so that an edit of an app
// is on the bus soon after.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "api/keys.h"
#include "base/task.h"
#include "base/world.h"
#include "inngest/apps.h"
#include "outbound/client.h"

namespace synap::inngest {

struct SyncerOptions {
  std::vector<std::string> urls;  // of the configuration
  bool is_dev = false;
  std::chrono::milliseconds interval{5'000};
  World& world = real_world();
};

/// What an address has answered last.
struct SyncState {
  std::int64_t at = 0;  // Unix ms
  bool is_good = false;
  std::string message;
};

class Syncer {
 public:
  /// All must outlive it.
  Syncer(SyncerOptions options, outbound::Client& client, Apps& apps, api::Keys& keys)
      : options_(std::move(options)), client_(client), apps_(apps), keys_(keys) {}

  /// Until `stop` is asked for, or, not in development, until all of the configuration have been
  /// registered.
  Task<void> run(std::stop_token stop);
  /// Asks one address, with the signing key of this user. kBadGateway: it has answered that it is
  /// not registered, and why; and what outbound::Client says.
  Task<Result<>> sync(std::string url, std::string user_id, std::stop_token stop = {});
  /// What was answered last when it was asked for this user; nothing: it was not since the start,
  /// or that is forgotten.
  std::optional<SyncState> state(const std::string& url, const std::string& user_id) const;

 private:
  struct Target {
    std::string url;
    std::string user_id;
  };
  struct Targets {
    std::vector<Target> all;
    bool is_complete = true;  // false: nobody could say whose the configuration's are
  };
  Task<Targets> targets();
  Task<Result<>> take(const outbound::Response& response, std::string user_id);
  void note(const std::string& url, const std::string& user_id, const Result<>& result);

  const SyncerOptions options_;
  outbound::Client& client_;
  Apps& apps_;
  api::Keys& keys_;
  mutable std::mutex mutex_;
  // By address and user: what an app says to one is nothing of another's.
  std::map<std::pair<std::string, std::string>, SyncState> states_;
};

}  // namespace synap::inngest
