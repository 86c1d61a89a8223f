// Account: what calls of models have cost, and whether one more may be made.
//
// A call is *opened* before it begins: a row of model_calls says who makes it and what it may cost
// at most, in the transaction that looks at the budgets. So calls at the same time cannot overdraw
// one together. It is *settled* when it is over: the row goes, and model.called is appended, in one
// transaction. Of a call that ends with the process the row is left, and is settled by the next
// start as "interrupted". So each call is in the log once, whatever happens.
//
// A day is one of UTC, by the clock at the moment a call is opened. What was used on days to come
// counts as of today, so a clock that was set back gives nobody a new budget.
//
// A chain of runs of agents has a budget of its own, which is of no day. It holds what a call may
// take at most until it is settled, so it is passed by no more than what a provider counts of a
// question beyond the estimate of it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/background.h"
#include "events/log.h"
#include "models/call_event.h"
#include "models/provider.h"

namespace synap::models {

/// For whom a call is made: whose event it is, and from what it follows.
struct Caller {
  events::Envelope envelope;
  /// The chain of runs of agents that it is of. Nothing: of none.
  std::optional<Uuid> chain = std::nullopt;

  /// By whose right it is made, where that is not who acts: a session acts for its key, and a run
  /// of an agent for the key that asked for it.
  std::optional<std::string> key = std::nullopt;

  /// How many were left out of what is asked.
  std::int64_t secrets = 0;

  /// It is made whatever the budgets have left, and counts to them all the same: what would be
  /// amiss for others, if it were refused.
  bool is_only_counted = false;

  const std::string& user_id() const { return envelope.user_id; }
  /// The API key whose budget the call is of; empty: of none but its user's.
  std::string key_id() const;
};

/// A call and for whom it is, as it is kept while it goes on.
struct KeptCall {
  ModelCall call;
  std::string user_id;
  std::string source;
  std::optional<std::string> actor_kind;
  std::optional<std::string> actor_id;
  std::optional<std::string> correlation_id;
  std::optional<std::string> causation_id;
  std::optional<std::string> metadata;  // of the event, which says in which trace it stands
};
const ObjectSchema<KeptCall>& describe(Type<KeptCall>);
KeptCall kept_of(const Caller& caller, ModelCall call);

class Account;

/// A call that was opened. It is settled when it goes, at the latest: as "cancelled", unless
/// somebody has said how it came out.
class OpenCall {
 public:
  OpenCall() = default;
  OpenCall(Account& account, KeptCall kept) : account_(&account), kept_(std::move(kept)) {}
  OpenCall(OpenCall&& other) noexcept
      : account_(std::exchange(other.account_, nullptr)), kept_(std::move(other.kept_)) {}
  OpenCall& operator=(OpenCall&& other) noexcept;
  ~OpenCall() { drop(); }

  KeptCall& kept() { return kept_; }
  ModelCall& call() { return kept_.call; }
  /// Somebody else settles it, or the next start.
  KeptCall release() {
    account_ = nullptr;
    return std::move(kept_);
  }

 private:
  void drop();

  Account* account_ = nullptr;
  KeptCall kept_;
};

class Account {
 public:
  static constexpr std::int64_t kOpenOfUserMax = 256;
  /// Of these, so many may be what programs ask of models by themselves: chats go on beside them.
  static constexpr std::int64_t kOpenOfProgramsMax = 192;

  struct Rooms {
    db::Database& database;
    events::EventLog& log;
    const events::EventTypes& types;
    World& world;
  };

  static std::vector<db::Database::Migration> migrations();

  /// All must outlive it.
  Account(const Rooms& rooms, Budget of_user, Budget of_key, Budget of_chain = {});
  ~Account();

  /// Whose the calls are that are found at the start.
  enum class Left : std::uint8_t {
    kByEarlier,  // of a process that has ended
    kByOthers,   // or of other nodes, which go on with them
  };
  /// Settles the calls that an earlier process has left, and from then on, now and then, those that
  /// could not be settled when they ended. Blocks; before any call.
  void start(Left left = Left::kByEarlier);
  /// What is being settled is; later calls are left to the next start.
  void stop();

  /// `reserved`: what the call may take at most. `until`: when it is over at the latest, Unix ms.
  /// kPaymentRequired: a budget does not have that; kTooManyRequests: the user has kOpenOfUserMax
  /// calls under way. With the reason AGENT_LIMIT: its chain may not take that
  /// (kUnprocessableContent), or not while others of its calls are under way (kTooManyRequests).
  Task<Result<OpenCall>> open(const Caller& caller, ModelCall call, Usage reserved,
                              std::int64_t reserved_nanos, std::int64_t until);

  /// Settles it and answers when that is on disk. If that fails, the next start does it.
  Task<Result<>> settle(OpenCall call);
  /// The same within a transaction of the caller's; `event` is event_of(kept).
  void settle(db::Tx& tx, const std::string& call_id, const events::NewEvent& event) const;
  Result<events::NewEvent> event_of(const KeptCall& kept) const;
  /// The same by itself. Any thread.
  void settle_later(KeptCall kept);
  /// Settles what `end` gives, when so much time is over, or at stop(). Any thread.
  void settle_after(std::chrono::milliseconds time, std::function<std::optional<OpenCall>()> end);

  struct Taken {
    std::int64_t tokens = 0;
    std::int64_t cost = 0;  // billionths
  };
  /// What counts as of today, with what calls under way hold; of one key, or of all of a user.
  Task<Result<Taken>> taken_today(std::string user_id, std::string key_id);

  const Budget& of_user() const { return of_user_; }
  const Budget& of_key() const { return of_key_; }
  World& world() const { return rooms_.world; }

 private:
  static Taken taken(db::Tx& tx, const std::string& user_id, const std::string& key_id,
                     const std::string& day);
  struct TakenOfChain {
    Taken used;
    Taken held;  // by calls under way
  };
  static TakenOfChain taken_of_chain(db::Tx& tx, const std::string& user_id, const Uuid& chain);
  std::optional<Error> excess_of_chain(const TakenOfChain& taken, const Taken& more) const;
  static std::optional<Error> excess(const Budget& budget, std::string_view whose,
                                     const Taken& taken, const Taken& more);
  Task<void> settle_alone(KeptCall kept);
  Task<void> settle_at_end(std::chrono::milliseconds time,
                           std::function<std::optional<OpenCall>()> end);
  Task<void> sweep();
  /// True: there are more.
  Task<bool> settle_left(std::int64_t until);

  const Rooms rooms_;
  const Budget of_user_;
  const Budget of_key_;
  const Budget of_chain_;
  const std::unique_ptr<Executor> executor_;
  std::mutex mutex_;
  bool is_stopped_ = false;  // under mutex_
  Background background_{*executor_};
};

}  // namespace synap::models
