// Tally: calls of a model that are small and many, as vectors of texts are, in the account of whose
// they are. Each of them in the log would be more than what it tells of; so those of a user, and of
// one of his keys, are told together: one model.called for the calls of a minute at most.
//
// The first one opens a call of the account that may take more than it needs, and those behind it
// take of that until it is used up, or the minute is over. So a budget is not passed, and a crash
// counts what was held as used.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "models/account.h"

namespace synap::models {

class Tally {
 public:
  static constexpr std::chrono::milliseconds kTimeMax = std::chrono::minutes(1);
  /// Of input, held for the calls of a user or key.
  static constexpr std::int64_t kTokensHeld = 16'384;

  /// Held by the price of `provider`; both must outlive it.
  Tally(Account& account, const Provider& provider) : account_(account), provider_(provider) {}
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  struct Sum;
  /// A call that goes on, as one of a sum.
  using Share = std::shared_ptr<Sum>;

  /// Before a call of so many tokens that ends within `lasts_ms`. Errors of Account::open.
  Task<Result<Share>> take(const Caller& caller, const ModelCall& call, std::int64_t tokens,
                           std::int64_t lasts_ms);
  /// When it is over: what it took, and how it ended.
  void add(Share share, const ModelCall& told);

 private:
  Task<Result<OpenCall>> open(const Caller& caller, const ModelCall& call, std::int64_t tokens,
                              std::int64_t lasts_ms, std::int64_t& held);

  Account& account_;
  const Provider& provider_;
  std::mutex mutex_;                                  // of sums_
  std::map<std::string, std::shared_ptr<Sum>> sums_;  // of whom
};

}  // namespace synap::models
