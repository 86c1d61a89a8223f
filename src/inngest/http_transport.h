// HttpTransport: calls of a function that its app serves at an address.
#pragma once

#include <chrono>
#include <string>

#include "base/world.h"
#include "inngest/signature.h"
#include "inngest/transport.h"
#include "outbound/client.h"

namespace synap::inngest {

/// Of one request to an app, or for one.
inline constexpr std::chrono::milliseconds kRequestTimeMax = std::chrono::hours(2);

/// Where an answer may come from, and how much of it.
struct Sending {
  outbound::Client& client;
  std::size_t bytes_max;
  int redirects_max;
};
/// The whole answer to `request`. What outbound::Client says.
Task<Result<outbound::Response>> send_whole(Sending how, outbound::Request request);

class HttpTransport final : public Transport {
 public:
  /// `url` as it was registered, with its query. `client` and `world` must outlive it.
  HttpTransport(std::string url, SigningKey key, outbound::Client& client, World& world)
      : url_(std::move(url)), key_(std::move(key)), client_(client), world_(world) {}
  Task<Result<outbound::Response>> ask(AppRequest request) override;
  std::string address() const override { return url_; }

 private:
  const std::string url_;
  const SigningKey key_;
  outbound::Client& client_;
  World& world_;
};

}  // namespace synap::inngest
