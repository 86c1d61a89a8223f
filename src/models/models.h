// Models: language models by configuration. Whoever asks names no provider and no model: the
// settings say who answers for the capability, in which order others are tried, and what it costs.
//
//   auto answer = co_await models.generate(caller, {.messages = {{.role = "user", .text = "Hi"}}});
//
// A provider that is busy or cannot be reached is tried again, then the next one is, as long as
// nothing of the answer has been handed on. Each call is in its user's log and account
// (account.h). Providers see what is asked; nothing of it is kept here.
//
// Errors, each with details.reason: kBadRequest (it cannot be asked), kPreconditionFailed (no
// provider is set, MODEL_NONE, or it refuses the pod's key), kPaymentRequired (MODEL_BUDGET),
// kTooManyRequests, kUnprocessableContent (the provider takes no such request),
// kPayloadTooLarge, kBadGateway, kServiceUnavailable, kGatewayTimeout, kForbidden (its address is
// none that the pod may call), kClientClosedRequest.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

#include "base/stream.h"
#include "models/account.h"
#include "models/conversation.h"
#include "models/failure.h"
#include "models/provider.h"
#include "outbound/client.h"

namespace synap::models {

/// How a provider was last time, since the start.
struct Health {
  std::int64_t answered_at = 0;  // Unix ms; 0: not yet
  std::int64_t failed_at = 0;    // 0: never
  std::string error;             // of then
};

/// An answer whose call is not settled yet.
struct Finished {
  Answer answer;
  OpenCall call;
};

class Models {
 public:
  /// `policy` must allow the addresses of the providers (destination_of). `refuse_to_send`: as
  /// outbound::ClientOptions has it, for a node that is not to call beside its successor.
  Models(Options options, outbound::Policy policy, const Account::Rooms& rooms,
         std::function<std::optional<Error>()> refuse_to_send = nullptr);
  ~Models();
  Models(const Models&) = delete;
  Models& operator=(const Models&) = delete;

  const Options& options() const { return options_; }
  Account& account() { return account_; }
  outbound::Client& client() { return client_; }
  World& world() { return account_.world(); }

  /// The pieces of an answer as they come. An output_schema is judged at the end.
  Stream<Delta, Result<Answer>> stream(Caller caller, Ask ask, std::stop_token stop = {});
  /// The whole answer.
  Task<Result<Answer>> generate(Caller caller, Ask ask, std::stop_token stop = {});
  /// The same for whoever settles the call in a transaction of their own (in_step.h). A failed one
  /// is settled. `hear` is told each piece as it comes, where this is awaited.
  using Hear = std::function<void(const Delta&)>;
  Task<Result<Finished>> generate_open(Caller caller, Ask ask, std::stop_token stop = {},
                                       Hear hear = nullptr);

  Health health(const Provider& provider) const;
  void note(const Provider& provider, const Error* error);

 private:
  struct Progress;
  Stream<Delta, Result<Finished>> ask(Caller caller, Ask ask, std::stop_token stop);
  Task<Result<OpenCall>> open(const Caller& caller, const Ask& ask);
  Task<Result<>> begin(Caller caller, Progress& progress);
  Task<Result<Finished>> end(Progress& progress, std::optional<Failure> failure);
  Stream<Delta, std::optional<Failure>> attempts(const Provider& provider, Progress& progress);
  Stream<Delta, std::optional<Failure>> attempt(const Provider& provider, Progress& progress);
  Result<Finished> finished(Progress& progress);

  const Options options_;
  outbound::Client client_;
  Account account_;
  mutable std::mutex mutex_;  // of health_
  std::map<const Provider*, Health> health_;
};

}  // namespace synap::models
