// WorkerTransport: calls of a function whose app connects to the pod (Connect).
#pragma once

#include <string>

#include "inngest/connect/router.h"
#include "inngest/transport.h"

namespace synap::inngest {

class WorkerTransport final : public Transport {
 public:
  struct Function {
    std::string user_id;
    std::string app;
    std::string slug;
    std::string id;  // as apps are told it
  };
  /// `router` must outlive it.
  WorkerTransport(Function function, Router& router)
      : function_(std::move(function)), router_(router) {}

  Task<Result<outbound::Response>> ask(AppRequest request) override {
    return router_.ask(
        {function_.user_id, function_.app, function_.slug, function_.id, std::move(request)});
  }
  std::string address() const override { return "wss://connect/" + function_.app; }

 private:
  const Function function_;
  Router& router_;
};

}  // namespace synap::inngest
