// Upstream: the Inngest server that this pod is an app of, as the pod calls it.
//
// Errors, each a sentence for the pod's owner:
//   kUnauthorized         a key is wrong
//   kUnprocessableContent it refuses what was sent, and will again
//   others                it is away, or cannot just now
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "base/world.h"
#include "inngest/signature.h"
#include "outbound/client.h"

namespace synap::inngest {

struct UpstreamOptions {
  std::string url;        // of its API, without a slash at the end
  std::string event_url;  // of its event API
  std::string event_key;  // empty: none, as in its development mode
  std::optional<SigningKey> signing_key;
  /// Another that is good as well, while keys are changed.
  std::optional<SigningKey> fallback_key;
  std::string version;  // of the program
  World& world = real_world();
};

/// "synap:v0.1.0", as SDKs name themselves.
std::string sdk_name(std::string_view version);

class Upstream {
 public:
  /// `client` must outlive it.
  Upstream(UpstreamOptions options, outbound::Client& client)
      : options_(std::move(options)), client_(client) {}

  const UpstreamOptions& options() const { return options_; }
  bool is_keyed() const { return options_.signing_key.has_value(); }

  /// Posts a registration. `asked_by`: of the PUT that asked for it, its server kind and deploy id,
  /// empty where nobody has. Whether it was news.
  struct Asked {
    std::string server_kind = {};
    std::string deploy_id = {};
  };
  Task<Result<bool>> register_app(std::string body, Asked asked_by, std::stop_token stop = {});
  /// Posts events, a JSON array of `count`. Done when the server has said that it has all.
  Task<Result<>> send(std::string events, std::size_t count, std::stop_token stop = {});
  /// What a call has left out: the events of a run, and the memos of its steps.
  Task<Result<Json>> events_of(std::string run_id);
  Task<Result<Json>> steps_of(std::string run_id);
  /// False: nobody waits for it.
  Task<Result<bool>> signal(std::string name, Json data, std::stop_token stop = {});

 private:
  Task<Result<outbound::Response>> ask(std::string method, std::string path, std::string body,
                                       outbound::Headers more, std::stop_token stop);
  Task<Result<outbound::Response>> send_one(const outbound::Request& request, std::stop_token stop);
  Task<Result<Json>> get(std::string path);
  Task<Result<outbound::Response>> get_with(std::string path, std::optional<SigningKey> key);

  const UpstreamOptions options_;
  outbound::Client& client_;
};

}  // namespace synap::inngest
