// StepCall: one call of a handler, as its steps have it in common: what is stored of the run, what
// the call adds to that, and whether anything of the handler can still go on. A handler sees Step
// (step.h), a driver the rest (local_driver.h). Of the thread of the executor that it runs on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/json.h"
#include "base/task.h"
#include "bus/job.h"
#include "db/database.h"
#include "workers/op.h"
#include "workers/served_run.h"

namespace synap::workers {

class RunStore;
struct EndOfRun;

/// Where the ids of steps are their own: the handler itself, or a branch of a race in it. It lies
/// in the frame of whoever runs the branch.
struct StepScope {
  StepScope() = default;
  /// Of the branch of that number of a race in `outer`.
  StepScope(StepScope& outer, std::string_view race_name, std::size_t number);
  StepScope(const StepScope&) = delete;
  StepScope& operator=(const StepScope&) = delete;

  /// The id as it is stored, shown and hashed: behind the names of the races that it is in.
  std::string name_of(std::string id) const;
  /// A step that failed for good in an earlier call answers with its error again.
  void note_exhausted(int attempts = 1) {
    exhausted_attempts = std::max(exhausted_attempts, attempts);
  }
  bool is_given_up() const {
    for (const auto* scope = this; scope != nullptr; scope = scope->outer) {
      if (scope->has_lost) return true;
    }
    return false;
  }

  StepScope* outer = nullptr;  // null: the handler
  std::string path;            // in front of names
  int depth = 0;               // races around it that are not decided
  std::map<std::string, int, std::less<>> uses;
  bool has_lost = false;
  int exhausted_attempts = 0;    // of a step that has failed for good
  std::optional<Error> trouble;  // of the pod's own, which a step was answered with
  int storing = 0;               // writes under way, also in the scopes within it
  Waiter* at_rest = nullptr;     // of who waits until there are none
};

class StepCall final : public Branches {
 public:
  /// `job`, `event` and `served` must outlive it.
  StepCall(RunStore& store, const bus::Job& job, const events::Event& event, StoredResults results,
           std::vector<events::EventRef> events, ServedRun* served);

  // For the driver that calls the handler.

  /// Awaitable, by one: until the handler has ended, or is_over() may say something else.
  class Turn {
   public:
    explicit Turn(StepCall& call) : call_(call) {}
    ~Turn() {
      if (waiter_.is_suspended() && !waiter_.is_posted()) call_.turn_ = nullptr;
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) {
      waiter_.suspend(self);
      call_.turn_ = &waiter_;
    }
    void await_resume() noexcept { waiter_.resumed(); }

   private:
    StepCall& call_;
    Waiter waiter_;
  };
  Turn next_turn() { return Turn(*this); }
  void note_turn() {
    if (auto* waiter = std::exchange(turn_, nullptr)) waiter->wake();
  }
  /// Nothing goes on in the handler: each branch of it is parked, or found a step and may not
  /// begin.
  bool is_over() const {
    return !is_one_chosen_ && parked_ + static_cast<int>(found_.size()) == count();
  }
  /// Until something has changed; lets those go on that wait for the other branches of a race,
  /// where each of these stands still, or waits for what is no step.
  Task<void> turn();
  /// Of a served run that is_over(): begins the step that the call is to do. False: there is none,
  /// or it is done.
  bool begin_chosen();
  std::vector<PlannedStep> planned() const;
  std::vector<StepResult> take_unsaved() { return std::exchange(unsaved_, {}); }
  std::vector<PendingStep> take_pending() { return std::exchange(pending_, {}); }
  bool has_made_progress() const { return has_made_progress_; }
  /// How often a step was tried that has failed for good; 0: none has.
  int exhausted_attempts() const { return root_.exhausted_attempts; }
  /// The run is stored as completed.
  bool has_finished() const { return has_finished_; }
  const std::optional<Error>& exceeded_limit() const { return exceeded_limit_; }
  const std::optional<Error>& outage() const { return outage_; }

 private:
  friend class Step;
  void note_fewer() override { note_turn(); }

  // What a function awaits at once is no branch of the handler.
  class WithinFunctions final : public Branches {
    void note_fewer() override {}
  };

  struct Place {
    StepHash hash{};
    int use = 0;                           // of the id, in its scope, before this one
    std::string name;                      // as it is stored
    const std::string* memo = nullptr;     // if the step is done
    const PendingStep* pending = nullptr;  // if it was begun before
    bool is_to_park = false;               // it cannot go on now
  };
  // Where a branch of the handler stands still for the rest of the call.
  class Park {
   public:
    explicit Park(StepCall& call) : call_(call) {}
    Park(const Park&) = delete;
    Park& operator=(const Park&) = delete;
    ~Park() {
      if (is_parked_) --call_.parked_;
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) {
      is_parked_ = true;
      ++call_.parked_;
      call_.note_turn();
    }
    void await_resume() const noexcept {}

   private:
    StepCall& call_;
    bool is_parked_ = false;
  };
  // Where a step of a served run that was found waits for its turn, which may not come in this
  // call. Of other runs nobody waits here.
  class Found {
   public:
    Found(StepCall& call, const Place& place) : call_(call), place_(place) {}
    Found(const Found&) = delete;
    Found& operator=(const Found&) = delete;
    ~Found() {
      if (!waiter_.is_suspended()) return;
      if (waiter_.is_posted()) {
        call_.is_one_chosen_ = false;
      } else {
        std::erase(call_.found_, this);
      }
    }
    bool await_ready() const noexcept { return call_.served_ == nullptr; }
    void await_suspend(std::coroutine_handle<> self) {
      waiter_.suspend(self);
      call_.found_.push_back(this);
      call_.note_turn();
    }
    void await_resume() noexcept {
      if (!waiter_.is_suspended()) return;
      waiter_.resumed();
      call_.is_one_chosen_ = false;
    }

   private:
    friend class StepCall;
    StepCall& call_;
    const Place& place_;
    Waiter waiter_;
  };
  // Where a branch of a race that is not decided stands before it begins something: no branch does
  // so before each has gone as far as it can with what has come, which may decide it. Then those of
  // the lowest rank go on. What waits for something else than a step is not waited for: it may wait
  // for one of these. Of other handlers nobody waits here.
  enum class Rank : std::uint8_t {
    kTimeIsUp,   // nothing is left to be done for it
    kToBeEnded,  // it is over, unless something has come for it by now
    kWork,
  };
  class Ready {
   public:
    Ready(StepCall& call, const StepScope& scope, Rank rank)
        : call_(call), scope_(scope), rank_(rank) {}
    Ready(const Ready&) = delete;
    Ready& operator=(const Ready&) = delete;
    ~Ready() {
      if (waiter_.is_suspended() && !waiter_.is_posted()) std::erase(call_.ready_, this);
    }
    bool await_ready() const noexcept { return scope_.depth == 0; }
    void await_suspend(std::coroutine_handle<> self) {
      waiter_.suspend(self);
      call_.ready_.push_back(this);
      call_.note_turn();
    }
    void await_resume() noexcept {
      if (waiter_.is_suspended()) waiter_.resumed();
    }

   private:
    friend class StepCall;
    StepCall& call_;
    const StepScope& scope_;
    const Rank rank_;
    Waiter waiter_;
  };
  // While it lives, the function of a step is under way, and its branch does not go on by itself.
  class Working {
   public:
    explicit Working(StepCall& call) : call_(call) {
      ++call_.working_;
      if (!call_.ready_.empty()) call_.note_turn();
    }
    Working(const Working&) = delete;
    Working& operator=(const Working&) = delete;
    ~Working() { --call_.working_; }

   private:
    StepCall& call_;
  };
  // While it lives, what a step of the scope came to is being stored. A branch is not destroyed
  // meanwhile: what was written would be written again.
  class Storing {
   public:
    Storing(StepCall& call, StepScope& scope) : call_(call), scope_(scope) {
      for (auto* one = &scope_; one != nullptr; one = one->outer) ++one->storing;
    }
    Storing(const Storing&) = delete;
    Storing& operator=(const Storing&) = delete;
    ~Storing() {
      for (auto* one = &scope_; one != nullptr; one = one->outer) {
        if (--one->storing > 0 || one->at_rest == nullptr) continue;
        std::exchange(one->at_rest, nullptr)->wake();
      }
      if (!call_.ready_.empty()) call_.note_turn();
    }

   private:
    StepCall& call_;
    StepScope& scope_;
  };
  // Until nothing of the scope is being stored.
  class Rest {
   public:
    explicit Rest(StepScope& scope) : scope_(scope) {}
    Rest(const Rest&) = delete;
    Rest& operator=(const Rest&) = delete;
    ~Rest() {
      if (waiter_.is_suspended() && !waiter_.is_posted()) scope_.at_rest = nullptr;
    }
    bool await_ready() const noexcept { return scope_.storing == 0; }
    void await_suspend(std::coroutine_handle<> self) {
      waiter_.suspend(self);
      scope_.at_rest = &waiter_;
    }
    void await_resume() noexcept {
      if (waiter_.is_suspended()) waiter_.resumed();
    }

   private:
    StepScope& scope_;
    Waiter waiter_;
  };

  bool all_stand() const;
  Place enter(StepScope& scope, std::string id);
  /// What a step that waits has come to; `over`, when its time is over.
  Task<Result<std::string>> memo_of_wait(StepScope& scope, Place place, PendingStep begun,
                                         std::string over);
  /// `began_at`: of the attempt, or of what was waited for.
  void remember(const Place& place, OpCode op, std::string memo, std::int64_t began_at);
  /// True if the step is to be tried again later; then the caller parks.
  bool parks_on(const Place& place, const Error& error, std::int64_t began_at);
  /// An error if a memo of so many bytes may not be kept.
  std::optional<Error> excess_of(const Place& place, std::size_t memo_bytes) const;
  /// The same, kept as what the run fails of.
  bool exceeds(const Place& place, std::size_t memo_bytes);
  /// Of what could not be stored, which says nothing about the handler. True if the step parks, and
  /// all is tried again; otherwise it answers with the error, and decides no race.
  bool parks_on_trouble(StepScope& scope, const Error& error);
  /// Stores the results that are not on disk yet.
  Task<Result<>> save(StepScope& scope);
  void forget_saved(const std::vector<StepResult>& results);
  /// A commit is on disk, with `earlier` results.
  void note_committed(const std::vector<StepResult>& earlier, std::size_t memo_bytes);
  Task<Result<>> fail_for_good(StepScope& scope, const Place& place, const Error& error,
                               std::int64_t began_at);
  /// Of a served run: its commit was done before; then it is reported again.
  Task<bool> was_committed(const Place& place);
  Task<Result<std::optional<Json>>> as_event_of_log(Result<std::optional<Json>> awaited);
  Task<void> sleep_for(const StepScope& scope, Place place, std::int64_t wait_ms);
  std::int64_t wall_time() const;
  std::int64_t due_in(std::int64_t wait_ms) const;
  db::Database& database() const;
  void write_results(db::Tx& tx, std::span<const StepResult> results);
  void write_own(db::Tx& tx, const StepResult& result);
  Result<> prepare_completion();
  void write_completion(db::Tx& tx);
  void check_claim(db::Tx& tx);

  /// Of a served run: this call is to do one step, which is another, and may be in a branch that a
  /// race would give up.
  bool is_for_step_other_than(const Place& place) const;
  std::vector<std::unique_ptr<StepScope>> scopes_of_race(StepScope& scope, const Place& race,
                                                         std::size_t branches) const;
  /// Of a race that has been decided. When it has answered, the others may be destroyed.
  Task<void> give_up_others(std::span<const std::unique_ptr<StepScope>> branches,
                            std::size_t first);
  /// What is given up with the others is on disk when it answers: nothing that is sent from then on
  /// comes to them.
  Task<Result<>> store_winner(StepScope& scope, const Place& race, StepScope& winner,
                              std::size_t number, std::int64_t began_at);
  static std::string name_of_race(const Place& race);
  static std::string late_memo(std::string_view name);

  RunStore& store_;
  const bus::Job& job_;
  const events::Event& event_;
  const std::vector<events::EventRef> events_;
  StoredResults stored_;
  StepScope root_;
  ServedRun* const served_;
  std::vector<Found*> found_;
  std::vector<Ready*> ready_;
  bool is_one_chosen_ = false;  // and not resumed yet
  bool has_chosen_ = false;
  std::vector<StepResult> unsaved_;
  std::vector<PendingStep> pending_;     // what this call has changed
  std::shared_ptr<const EndOfRun> end_;  // prepared by finish()
  std::optional<Error> exceeded_limit_;
  std::optional<Error> outage_;
  Waiter* turn_ = nullptr;  // of who waits for the next turn
  int parked_ = 0;
  int working_ = 0;
  WithinFunctions within_functions_;
  int next_place_;
  bool has_made_progress_ = false;
  bool has_finished_ = false;
};

}  // namespace synap::workers
