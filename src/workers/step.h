// Step: what a handler does its work with, so that an interruption costs nothing that was done.
//
//   auto file = co_await step.run<StoredFile>("upload", [&] { return upload(content); });
//   if (!file) co_return Outcome::failed(file.error());
//   auto saved = co_await step.commit("project", [&](db::Tx& tx) { insert(tx, *file); });
//   co_await step.sleep("a day", std::chrono::hours(24));
//
// run()     calls its function at least once and stores the result. The result is on disk before
//           the next run() or sleep() begins; a commit() stores it in its own transaction.
// commit()  runs its closure in one transaction with its result: exactly once.
// finish()  is the last commit() of a run: its transaction also says that the run has completed.
// sleep()   ends the call; the handler is called again when the time has come.
// wait_for_event(), wait_for_signal()  the same; when that has come, or the time is over.
// invoke()  the same; when the run of another function that it asks for has ended.
// send_event(), send_signal()  append an event, or send a signal, exactly once.
// fetch()   asks another machine over HTTP (fetch.h): a run().
//
// A step that fails is tried again later (the handler is put away and called anew), as often as the
// function's retries allow, each step by itself; only when they are used up, or the error cannot go
// away, does it answer with the Error, and the handler decides: fail, or go on without.
//
// Steps may be awaited together (when_all). Those beside one that parks, because it sleeps or is to
// be tried again, are done first; then the call ends.
#pragma once

#include <chrono>
#include <concepts>
#include <coroutine>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "base/json.h"
#include "base/task.h"
#include "bus/job.h"
#include "db/database.h"
#include "schema/schema.h"
#include "workers/handler.h"
#include "workers/op.h"
#include "workers/served_run.h"

namespace synap::workers {

class RunStore;
struct EndOfRun;

class Step {
 public:
  /// Of the call that `job` asks for. It, its event and `served`, if another executes the run, must
  /// outlive the step.
  Step(RunStore& store, const bus::Job& job, const events::Event& event, StoredResults results,
       std::vector<events::EventRef> events = {}, ServedRun* served = nullptr);
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  /// T is what the step's result is as JSON: a described struct, std::string, Json, ... or void.
  /// `function` is a callable () -> Task<Result<T>>.
  template <class T, class F>
  Task<Result<T>> run(std::string_view id, F function);

  /// `closure` is a callable (db::Tx&) -> T or void; an aborted Tx is a failure of the step.
  template <class F>
  auto commit(std::string_view id, F closure) -> Task<Result<std::invoke_result_t<F&, db::Tx&>>>;

  /// As commit() of a callable (db::Tx&) -> void; the run has completed with it. The handler
  /// returns what this gives, and begins no step after it:
  ///   co_return co_await step.finish("project", [&](db::Tx& tx) { insert(tx, *file); });
  template <class F>
    requires std::is_void_v<std::invoke_result_t<F&, db::Tx&>>
  Task<Outcome> finish(std::string_view id, F closure);

  Task<void> sleep(std::string_view id, std::chrono::milliseconds duration);
  /// Until then by the wall clock, or until as much time has passed as it is away now: a clock that
  /// is set back makes no sleep longer.
  Task<void> sleep_until(std::string_view id, std::int64_t unix_ms);

  /// The first event that is as `wait` says, as JSON; nothing if none comes in time. An event from
  /// before this step was reached does not count.
  Task<Result<std::optional<Json>>> wait_for_event(std::string_view id, EventWait wait,
                                                   std::chrono::milliseconds timeout);

  /// What was sent with the signal (signal.sent); nothing if it was not in time. kConflict: another
  /// run waits for it, or took its place (SignalWait).
  Task<Result<std::optional<Json>>> wait_for_signal(std::string_view id, SignalWait wait,
                                                    std::chrono::milliseconds timeout);

  static constexpr std::chrono::hours kInvokeTimeout{24 * 365};
  /// What a run of that function comes to, which is made for it and handed `data`. Its error, if it
  /// is given up; kNotFound: the user has no such function; kTimeout: it has not ended in time, and
  /// goes on.
  template <class T>
  Task<Result<T>> invoke(std::string_view id, InvokedFunction asked,
                         std::chrono::milliseconds timeout = kInvokeTimeout);

  /// Appends an event, caused by the run's. Its id. kForbidden: bus::Function::appends.
  Task<Result<std::string>> send_event(std::string_view id, std::string_view type, Json data);

  /// Lets the run of the same user go on that waits for the signal, with the data, as signals.send
  /// does: it is recorded also where none waits. The event's id. kBadRequest: a name of no or more
  /// than kSignalBytesMax bytes.
  Task<Result<std::string>> send_signal(std::string_view id, std::string_view signal, Json data);
  static constexpr std::size_t kSignalBytesMax = 256;

  /// What the step of this id gave when it was done in an earlier call; nothing: it was not. For a
  /// handler that begins behind it. The id is as good as new.
  template <class T>
  std::optional<T> recall(std::string_view id) const;

  const Uuid& run_id() const { return job_.run_id; }
  /// All events of a run that is for a batch; otherwise none.
  std::span<const events::EventRef> events() const { return events_; }

  // For the driver that calls the handler (local_driver.h).

  /// Awaitable, by one: until the handler has ended, or is_over() may say something else.
  class Turn {
   public:
    explicit Turn(Step& step) : step_(step) {}
    ~Turn() {
      if (waiter_.is_suspended() && !waiter_.is_posted()) step_.turn_ = nullptr;
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> self) {
      waiter_.suspend(self);
      step_.turn_ = &waiter_;
    }
    void await_resume() noexcept { waiter_.resumed(); }

   private:
    Step& step_;
    Waiter waiter_;
  };
  Turn next_turn() { return Turn(*this); }
  void note_turn() {
    if (auto* waiter = std::exchange(turn_, nullptr)) waiter->wake();
  }
  /// Nothing goes on in the handler: all that it has begun is parked, or found and not begun.
  bool is_over() const {
    return (parked_ > 0 || !found_.empty()) && under_way_ == 0 && !is_one_chosen_;
  }
  /// Of a served run that is_over(): begins the step that the call is to do. False: there is none,
  /// or it is done.
  bool begin_chosen();
  std::vector<PlannedStep> planned() const;
  std::vector<StepResult> take_unsaved() { return std::exchange(unsaved_, {}); }
  std::vector<PendingStep> take_pending() { return std::exchange(pending_, {}); }
  bool has_made_progress() const { return has_made_progress_; }
  /// How often a step was tried that has failed for good; 0: none has.
  int exhausted_attempts() const { return exhausted_attempts_; }
  /// The run is stored as completed.
  bool has_finished() const { return has_finished_; }
  const std::optional<Error>& exceeded_limit() const { return exceeded_limit_; }
  const std::optional<Error>& outage() const { return outage_; }

 private:
  // Where a part of the handler stands still for the rest of the call. That nothing else goes on is
  // only known when control has come back to the executor: a part beside it may be about to begin.
  struct Park {
    Step& step;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const {
      ++step.parked_;
      step.note_turn();
    }
    void await_resume() const noexcept {}
  };
  // Where a step of a served run that was found waits for its turn, which may not come in this
  // call. Of other runs nobody waits here.
  class Found {
   public:
    Found(Step& step, const StepHash& hash, std::string_view id)
        : step_(step), hash_(hash), id_(id) {}
    ~Found() {
      if (waiter_.is_suspended() && !waiter_.is_posted()) std::erase(step_.found_, this);
    }
    bool await_ready() const noexcept { return step_.served_ == nullptr; }
    void await_suspend(std::coroutine_handle<> self) {
      waiter_.suspend(self);
      step_.found_.push_back(this);
      step_.note_turn();
    }
    void await_resume() noexcept {
      waiter_.resumed();
      step_.is_one_chosen_ = false;
    }

   private:
    friend class Step;
    Step& step_;
    const StepHash hash_;
    const std::string_view id_;
    Waiter waiter_;
  };
  // While it lives, a step is under way.
  class UnderWay {
   public:
    explicit UnderWay(Step& step) : step_(step) { ++step_.under_way_; }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    ~UnderWay() {
      --step_.under_way_;
      if (step_.parked_ > 0) step_.note_turn();
    }

   private:
    Step& step_;
  };

  struct Place {
    StepHash hash;
    const std::string* memo = nullptr;     // if the step is done
    const PendingStep* pending = nullptr;  // if it was begun before
    bool is_to_park = false;               // it cannot go on now
  };
  Place enter(std::string_view id);
  Task<Result<std::string>> memo_of_wait(Place place, PendingStep begun, std::string over);
  template <class T>
  static Result<T> from_memo(const std::string& memo);
  template <class T>
  static std::string to_memo(const Result<T>& result);
  /// `began_at`: of the attempt, or of what was waited for.
  void remember(const StepHash& hash, std::string_view id, OpCode op, std::string memo,
                std::int64_t began_at);
  std::int64_t wall_time() const;
  enum class Then : std::uint8_t { kGoOn, kComplete };
  template <class F>
  auto commit_and(Then then, std::string_view id, F closure)
      -> Task<Result<std::invoke_result_t<F&, db::Tx&>>>;
  /// True if the step is to be tried again later; then the caller parks.
  bool parks_on(const Place& place, std::string_view id, const Error& error, std::int64_t began_at);
  /// An error if a memo of so many bytes may not be kept.
  std::optional<Error> excess_of(std::string_view id, std::size_t memo_bytes) const;
  /// The same, kept as what the run fails of.
  bool exceeds(std::string_view id, std::size_t memo_bytes);
  /// A step that failed for good, in an earlier call, answers with its error again.
  void note_exhausted(const Place& place);
  /// Stores the results that are not on disk yet.
  Task<Result<>> save();
  void forget_saved(const std::vector<StepResult>& results);
  Task<Result<>> fail_for_good(const Place& place, std::string_view id, const Error& error,
                               std::int64_t began_at);
  static Result<std::optional<Json>> awaited(const Result<std::string>& memo);
  static std::string late_memo(std::string_view id);
  std::int64_t due_in(std::int64_t wait_ms) const;
  /// Of a served run: its commit was done before; then it is reported again.
  Task<bool> was_committed(const Place& place, std::string_view id);
  Task<Result<std::optional<Json>>> as_event_of_log(Result<std::optional<Json>> awaited);
  Task<void> sleep_for(Place place, std::string_view id, std::int64_t wait_ms);
  db::Database& database() const;
  void write_results(db::Tx& tx, std::span<const StepResult> results);
  void write_own(db::Tx& tx, const StepResult& result);
  Result<> prepare_completion();
  void write_completion(db::Tx& tx);
  void check_claim(db::Tx& tx);

  RunStore& store_;
  const bus::Job& job_;
  const events::Event& event_;
  const std::vector<events::EventRef> events_;
  StoredResults stored_;
  std::map<StepHash, int> uses_;  // of each id, by its first hash
  ServedRun* const served_;
  std::vector<Found*> found_;
  bool is_one_chosen_ = false;  // and not resumed yet
  bool has_chosen_ = false;
  std::vector<StepResult> unsaved_;
  std::vector<PendingStep> pending_;     // what this call has changed
  std::shared_ptr<const EndOfRun> end_;  // prepared by finish()
  std::optional<Error> exceeded_limit_;
  std::optional<Error> outage_;
  Waiter* turn_ = nullptr;  // of who waits for the next turn; of the executor's thread
  int parked_ = 0;
  int under_way_ = 0;
  int next_place_;
  int exhausted_attempts_ = 0;
  bool has_made_progress_ = false;
  bool has_finished_ = false;
};

template <class T>
Result<T> Step::from_memo(const std::string& memo) {
  auto json = parse_json(memo);
  if (!json) return fail(json.error());
  if (const Json* error = json->find("error")) return fail(error_from_json(error->dump()));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else {
    const Json* data = json->find("data");
    return decode<T>(data != nullptr ? std::optional<Json>(*data) : std::nullopt);
  }
}

template <class T>
std::optional<T> Step::recall(std::string_view id) const {
  const auto memo = stored_.memos.find(step_hash(id, 0));
  if (memo == stored_.memos.end()) return std::nullopt;
  auto value = from_memo<T>(memo->second.text);
  if (!value) return std::nullopt;
  return std::move(*value);
}

template <class T>
std::string Step::to_memo(const Result<T>& result) {
  std::string memo = R"({"data":)";
  if constexpr (std::is_void_v<T>) {
    memo.append("null");
  } else {
    encode(memo, *result);
  }
  memo.push_back('}');
  return memo;
}

template <class T, class F>
Task<Result<T>> Step::run(std::string_view id, F function) {
  const Place place = enter(id);
  if (place.is_to_park) co_await Park{*this};
  if (place.memo != nullptr) {
    auto result = from_memo<T>(*place.memo);
    if (!result) note_exhausted(place);
    co_return result;
  }
  co_await Found(*this, place.hash, id);
  Result<T> result = Result<T>(std::unexpect, Error{});
  std::int64_t began_at = 0;
  bool is_reported = false;
  {
    const UnderWay under_way(*this);
    auto saved = co_await save();
    began_at = wall_time();
    if (!saved) {
      result = synap::fail(saved.error());
    } else {
      result = co_await function();
    }
    if (result) {
      auto memo = to_memo(result);
      if (!exceeds(id, memo.size())) {
        remember(place.hash, id, OpCode::kStepRun, std::move(memo), began_at);
        if (served_ == nullptr) co_return result;
        is_reported = true;
      }
    }
  }
  if (exceeded_limit_ || is_reported) co_await Park{*this};
  if (parks_on(place, id, result.error(), began_at)) co_await Park{*this};
  {
    const UnderWay under_way(*this);
    if (auto noted = co_await fail_for_good(place, id, result.error(), began_at); !noted) {
      co_return synap::fail(noted.error());
    }
  }
  if (served_ != nullptr) co_await Park{*this};
  co_return result;
}

template <class T>
Task<Result<T>> Step::invoke(std::string_view id, InvokedFunction asked,
                             std::chrono::milliseconds timeout) {
  const Place place = enter(id);
  auto memo = co_await memo_of_wait(place,
                                    {.name = std::string(id),
                                     .op = OpCode::kInvokeFunction,
                                     .due_at = due_in(timeout.count()),
                                     .wait_ms = timeout.count(),
                                     .invoked = std::move(asked)},
                                    late_memo(id));
  if (!memo) co_return synap::fail(memo.error());
  auto result = from_memo<T>(*memo);
  if (!result) note_exhausted(place);
  co_return result;
}

template <class F>
auto Step::commit(std::string_view id, F closure)
    -> Task<Result<std::invoke_result_t<F&, db::Tx&>>> {
  return commit_and(Then::kGoOn, id, std::move(closure));
}

template <class F>
  requires std::is_void_v<std::invoke_result_t<F&, db::Tx&>>
Task<Outcome> Step::finish(std::string_view id, F closure) {
  auto result = co_await commit_and(Then::kComplete, id, std::move(closure));
  co_return result ? Outcome::done() : Outcome::failed(result.error());
}

template <class F>
auto Step::commit_and(Then then, std::string_view id, F closure)
    -> Task<Result<std::invoke_result_t<F&, db::Tx&>>> {
  using T = std::invoke_result_t<F&, db::Tx&>;
  const Place place = enter(id);
  if (place.is_to_park) co_await Park{*this};
  if (place.memo != nullptr) {
    auto result = from_memo<T>(*place.memo);
    if (!result) note_exhausted(place);
    co_return result;
  }
  co_await Found(*this, place.hash, id);
  Result<T> result = Result<T>(std::unexpect, Error{});
  const auto began_at = wall_time();
  if (co_await was_committed(place, id)) co_await Park{*this};
  if (then == Then::kComplete && served_ == nullptr) {
    if (auto prepared = prepare_completion(); !prepared) co_return synap::fail(prepared.error());
  }
  {
    const UnderWay under_way(*this);
    // Copies, since the closure runs on the database's thread, and a step beside this one goes on.
    const auto earlier = unsaved_;
    const int own_place = next_place_++;  // no other's: one beside it takes the next
    std::string own_memo;
    result = co_await database().write(db::Lane::kBackground, [&](db::Tx& tx) -> T {
      // The results of earlier steps, what this one does, and its own result: all or nothing.
      const auto write = [&](std::string memo) {
        own_memo = memo;
        const StepResult own{.hash = place.hash,
                             .place = own_place,
                             .name = std::string(id),
                             .memo = std::move(memo),
                             .started_at = began_at};
        if (served_ != nullptr) {
          return served_->keep_commit(
              tx, own,
              then == Then::kComplete ? ServedRun::Then::kComplete : ServedRun::Then::kGoOn);
        }
        write_results(tx, earlier);
        write_own(tx, own);
        if (then == Then::kComplete) {
          write_completion(tx);
        } else {
          check_claim(tx);
        }
      };
      if constexpr (std::is_void_v<T>) {
        closure(tx);
        write(to_memo(Result<void>{}));
      } else {
        Result<T> value = closure(tx);
        auto memo = to_memo(value);
        if (auto excess = excess_of(id, memo.size())) {
          tx.abort(std::move(*excess));
        } else {
          write(std::move(memo));
        }
        return std::move(*value);
      }
    });
    if (result && served_ != nullptr) {
      remember(place.hash, id, OpCode::kStepRun, std::move(own_memo), began_at);
    } else if (result) {
      forget_saved(earlier);
      stored_.memo_bytes += static_cast<std::int64_t>(own_memo.size());
      has_made_progress_ = true;
      if (then == Then::kComplete) has_finished_ = true;
      co_return result;
    }
  }
  // Another call of the run may have done it at the same time.
  if (result || co_await was_committed(place, id)) co_await Park{*this};
  if (parks_on(place, id, result.error(), began_at)) co_await Park{*this};
  {
    const UnderWay under_way(*this);
    if (auto noted = co_await fail_for_good(place, id, result.error(), began_at); !noted) {
      co_return synap::fail(noted.error());
    }
  }
  if (served_ != nullptr) co_await Park{*this};
  co_return result;
}

}  // namespace synap::workers
