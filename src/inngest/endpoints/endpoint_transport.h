// EndpointTransport: calls of a function that is an endpoint of an app: the request that its run is
// for is made again, with headers that say that it is the run going on. The app then asks for the
// event and the steps that are done.
//
//   x-run-id                    the run, as a ULID
//   x-inngest-signature         of the body, where the method has one; else of nothing
//   x-inngest-step-id           the step that is to be done, or "step"
//   x-inngest-force-step-plan   "true": what is found is to be reported, not done
#pragma once

#include <string>

#include "base/world.h"
#include "inngest/signature.h"
#include "inngest/transport.h"
#include "outbound/client.h"

namespace synap::inngest {

class EndpointTransport final : public Transport {
 public:
  /// `origin`: where the app answers. `client` and `world` must outlive it.
  EndpointTransport(std::string origin, SigningKey key, outbound::Client& client, World& world)
      : origin_(std::move(origin)), key_(std::move(key)), client_(client), world_(world) {}
  Task<Result<outbound::Response>> ask(AppRequest request) override;
  bool carries_state() const override { return false; }
  std::string address() const override { return origin_; }

 private:
  const std::string origin_;
  const SigningKey key_;
  outbound::Client& client_;
  World& world_;
};

}  // namespace synap::inngest
