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
// race()    runs several of these, or coroutines of them, until the first has come to its end.
// fetch()   asks another machine over HTTP (fetch.h): a run().
//
// A step that fails is tried again later (the handler is put away and called anew), as often as the
// function's retries allow, each step by itself; only when they are used up, or the error cannot go
// away, does it answer with the Error, and the handler decides: fail, or go on without.
//
// An id says which step it is in all calls of a run. What is given an id keeps a copy.
//
// Steps may be awaited together (when_all). What is beside one that parks, because it sleeps or is
// to be tried again, goes on as far as it can; then the call ends.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/task.h"
#include "db/database.h"
#include "schema/schema.h"
#include "workers/handler.h"
#include "workers/op.h"
#include "workers/step_call.h"

namespace synap::workers {

class Step {
 public:
  /// The handler's own, of this call.
  explicit Step(StepCall& call) : Step(call, call.root_) {}
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  /// T is what the step's result is as JSON: a described struct, std::string, Json, ... or void.
  /// `function` is a callable () -> Task<Result<T>>.
  template <class T, class F>
  Task<Result<T>> run(std::string id, F function);

  /// `closure` is a callable (db::Tx&) -> T or void; an aborted Tx is a failure of the step.
  template <class F>
  auto commit(std::string id, F closure) -> Task<Result<std::invoke_result_t<F&, db::Tx&>>>;

  /// As commit() of a callable (db::Tx&) -> void; the run has completed with it. The handler
  /// returns what this gives, and begins no step after it:
  ///   co_return co_await step.finish("project", [&](db::Tx& tx) { insert(tx, *file); });
  template <class F>
    requires std::is_void_v<std::invoke_result_t<F&, db::Tx&>>
  Task<Outcome> finish(std::string id, F closure);

  Task<void> sleep(std::string id, std::chrono::milliseconds duration);
  /// Until then by the wall clock, or until as much time has passed as it is away now: a clock that
  /// is set back makes no sleep longer.
  Task<void> sleep_until(std::string id, std::int64_t unix_ms);

  /// The first event that is as `wait` says, as JSON; nothing if none comes in time. An event from
  /// before this step was reached does not count.
  Task<Result<std::optional<Json>>> wait_for_event(std::string id, EventWait wait,
                                                   std::chrono::milliseconds timeout);

  /// What was sent with the signal (signal.sent); nothing if it was not in time. kConflict: another
  /// run waits for it, or took its place (SignalWait).
  Task<Result<std::optional<Json>>> wait_for_signal(std::string id, SignalWait wait,
                                                    std::chrono::milliseconds timeout);

  static constexpr std::chrono::hours kInvokeTimeout{24 * 365};
  /// What a run of that function comes to, which is made for it and handed `data`. Its error, if it
  /// is given up; kNotFound: the user has no such function; kTimeout: it has not ended in time, and
  /// goes on.
  template <class T>
  Task<Result<T>> invoke(std::string id, InvokedFunction asked,
                         std::chrono::milliseconds timeout = kInvokeTimeout);

  /// Appends an event, caused by the run's. Its id. kForbidden: bus::Function::appends.
  Task<Result<std::string>> send_event(std::string id, std::string type, Json data);

  /// Lets the run of the same user go on that waits for the signal, with the data, as signals.send
  /// does: it is recorded also where none waits. The event's id. kBadRequest: a name of no or more
  /// than kSignalBytesMax bytes.
  Task<Result<std::string>> send_signal(std::string id, std::string signal, Json data);
  static constexpr std::size_t kSignalBytesMax = 256;

  /// What a branch of a race comes to: the T of the Task<T> that it gives; nothing, of void.
  template <class F>
  using Raced = std::conditional_t<std::is_void_v<typename std::invoke_result_t<F&, Step&>::Value>,
                                   std::monostate, typename std::invoke_result_t<F&, Step&>::Value>;

  /// The first of the branches that comes to its end, and its number, which is index(). A branch is
  /// a callable (Step& branch) -> Task<T>, and does its steps with that Step: their ids are its
  /// own.
  ///   auto first = co_await step.race("answer or a day",
  ///       [&](Step& branch) { return branch.wait_for_event("answer", wait, 48h); },
  ///       [](Step& branch) { return branch.sleep("a day", 24h); });
  /// The others are given up where they stand: a function of theirs that is running is destroyed,
  /// and may have had its effect; what they wait for, or would be tried again, is not any more; a
  /// run that they have asked for goes on. Which branch it was is kept under `id`: later calls go
  /// into that one alone. Of two that are over when the run is called, one for which something has
  /// come is before one whose time is up. An exception that leaves a branch leaves the race, and
  /// decides nothing. A branch has no finish().
  /// kInternalServerError: the branch that was first is not there any more.
  template <class... Fs>
  Task<Result<std::variant<Raced<Fs>...>>> race(std::string id, Fs... branches);

  /// What the step of this id gave when it was done in an earlier call; nothing: it was not. For a
  /// handler that begins behind it. The id is as good as new.
  template <class T>
  std::optional<T> recall(std::string id) const;

  const Uuid& run_id() const { return call_.job_.run_id; }
  /// All events of a run that is for a batch; otherwise none.
  std::span<const events::EventRef> events() const { return call_.events_; }

 private:
  using Park = StepCall::Park;
  using Found = StepCall::Found;
  using Place = StepCall::Place;
  using Ready = StepCall::Ready;
  using Rank = StepCall::Rank;

  Step(StepCall& call, StepScope& scope) : call_(call), scope_(scope) {}

  template <class T>
  static Result<T> from_memo(const std::string& memo);
  template <class T>
  static std::string to_memo(const Result<T>& result);
  enum class Then : std::uint8_t { kGoOn, kComplete };
  template <class F>
  auto commit_and(Then then, std::string id, F closure)
      -> Task<Result<std::invoke_result_t<F&, db::Tx&>>>;
  template <std::size_t N, class Won, class F>
  static Task<bool> carry_out(F& branch, Step& step, std::optional<Won>& won);

  StepCall& call_;
  StepScope& scope_;
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
std::optional<T> Step::recall(std::string id) const {
  const auto memo = call_.stored_.memos.find(step_hash(scope_.name_of(std::move(id)), 0));
  if (memo == call_.stored_.memos.end()) return std::nullopt;
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
Task<Result<T>> Step::run(std::string id, F function) {
  const Place place = call_.enter(scope_, std::move(id));
  if (place.is_to_park) co_await Park(call_);
  if (place.memo != nullptr) {
    auto result = from_memo<T>(*place.memo);
    if (!result) scope_.note_exhausted();
    co_return result;
  }
  co_await Found(call_, place);
  co_await Ready(call_, scope_, Rank::kWork);
  Result<T> result = Result<T>(std::unexpect, Error{});
  auto saved = co_await call_.save(scope_);
  const auto began_at = call_.wall_time();
  if (scope_.is_given_up()) co_await Park(call_);
  if (!saved) {
    result = synap::fail(saved.error());
  } else {
    const StepCall::Working working(call_);
    auto work = function();
    work.count(call_.within_functions_);
    result = co_await std::move(work);
  }
  if (scope_.is_given_up()) co_await Park(call_);
  if (result) {
    auto memo = to_memo(result);
    if (call_.exceeds(place, memo.size())) co_await Park(call_);
    call_.remember(place, OpCode::kStepRun, std::move(memo), began_at);
    if (call_.served_ != nullptr) co_await Park(call_);
    co_return result;
  }
  if (call_.parks_on(place, result.error(), began_at)) co_await Park(call_);
  if (auto noted = co_await call_.fail_for_good(scope_, place, result.error(), began_at); !noted) {
    if (call_.parks_on_trouble(scope_, noted.error())) co_await Park(call_);
    co_return synap::fail(noted.error());
  }
  if (call_.served_ != nullptr) co_await Park(call_);
  co_return result;
}

template <class T>
Task<Result<T>> Step::invoke(std::string id, InvokedFunction asked,
                             std::chrono::milliseconds timeout) {
  const Place place = call_.enter(scope_, std::move(id));
  auto memo = co_await call_.memo_of_wait(scope_, place,
                                          {.op = OpCode::kInvokeFunction,
                                           .due_at = call_.due_in(timeout.count()),
                                           .wait_ms = timeout.count(),
                                           .invoked = std::move(asked)},
                                          StepCall::late_memo(place.name));
  if (!memo) co_return synap::fail(memo.error());
  auto result = from_memo<T>(*memo);
  if (!result) scope_.note_exhausted();
  co_return result;
}

template <std::size_t N, class Won, class F>
Task<bool> Step::carry_out(F& branch, Step& step, std::optional<Won>& won) {
  if constexpr (std::is_void_v<typename std::invoke_result_t<F&, Step&>::Value>) {
    co_await branch(step);
    won.emplace(std::in_place_index<N>);
  } else {
    won.emplace(std::in_place_index<N>, co_await branch(step));
  }
  co_return true;
}

template <class... Fs>
Task<Result<std::variant<Step::Raced<Fs>...>>> Step::race(std::string id, Fs... branches) {
  using Won = std::variant<Raced<Fs>...>;
  const Place place = call_.enter(scope_, std::move(id));
  if (place.is_to_park) co_await Park(call_);
  std::size_t first = 0;
  if (place.memo != nullptr) {
    const auto number = from_memo<std::int64_t>(*place.memo);
    if (!number || *number < 0 || *number >= static_cast<std::int64_t>(sizeof...(Fs))) {
      co_return synap::fail(
          Code::kInternalServerError,
          fmt::format("Of the race \"{}\" a branch was first that is not there any more",
                      place.name));
    }
    first = static_cast<std::size_t>(*number);
  }
  const auto scopes = call_.scopes_of_race(scope_, place, sizeof...(Fs));
  std::vector<std::unique_ptr<Step>> steps;
  for (const auto& scope : scopes) steps.push_back(std::unique_ptr<Step>(new Step(call_, *scope)));
  std::vector<std::optional<Won>> won(sizeof...(Fs));
  std::vector<Task<bool>> tasks;  // last: they use all of the above
  [&]<std::size_t... N>(std::index_sequence<N...>) {
    (tasks.push_back(carry_out<N>(branches, *steps[N], won[N])), ...);
  }(std::index_sequence_for<Fs...>());
  if (place.memo != nullptr) {
    co_await tasks[first].ended();
    scope_.note_exhausted(scopes[first]->exhausted_attempts);
  } else if (call_.is_for_step_other_than(place)) {
    co_await when_all(std::move(tasks));
    co_await Park(call_);
  } else {
    const auto began_at = call_.wall_time();
    first = co_await first_to_end(
        tasks, [&](std::size_t number) { return call_.give_up_others(scopes, number); });
    if (tasks[first].has_thrown()) tasks[first].take();
    if (const auto& trouble = scopes[first]->trouble) {
      scope_.trouble = trouble;
      co_return synap::fail(*trouble);
    }
    co_await Found(call_, place);
    auto stored = co_await call_.store_winner(scope_, place, *scopes[first], first, began_at);
    if (!stored) {
      if (call_.parks_on_trouble(scope_, stored.error())) co_await Park(call_);
      co_return synap::fail(stored.error());
    }
    if (call_.served_ != nullptr) co_await Park(call_);
  }
  tasks[first].take();
  co_return std::move(*won[first]);
}

template <class F>
auto Step::commit(std::string id, F closure) -> Task<Result<std::invoke_result_t<F&, db::Tx&>>> {
  return commit_and(Then::kGoOn, std::move(id), std::move(closure));
}

template <class F>
  requires std::is_void_v<std::invoke_result_t<F&, db::Tx&>>
Task<Outcome> Step::finish(std::string id, F closure) {
  SYNAP_CHECK(scope_.outer == nullptr, "a branch of a race has no finish()");
  auto result = co_await commit_and(Then::kComplete, std::move(id), std::move(closure));
  co_return result ? Outcome::done() : Outcome::failed(result.error());
}

template <class F>
auto Step::commit_and(Then then, std::string id, F closure)
    -> Task<Result<std::invoke_result_t<F&, db::Tx&>>> {
  using T = std::invoke_result_t<F&, db::Tx&>;
  const Place place = call_.enter(scope_, std::move(id));
  if (place.is_to_park) co_await Park(call_);
  if (place.memo != nullptr) {
    auto result = from_memo<T>(*place.memo);
    if (!result) scope_.note_exhausted();
    co_return result;
  }
  co_await Found(call_, place);
  co_await Ready(call_, scope_, Rank::kWork);
  Result<T> result = Result<T>(std::unexpect, Error{});
  const auto began_at = call_.wall_time();
  auto* served = call_.served_;
  if (co_await call_.was_committed(place) || scope_.is_given_up()) co_await Park(call_);
  if (then == Then::kComplete && served == nullptr) {
    if (auto ready = call_.prepare_completion(); !ready) co_return synap::fail(ready.error());
  }
  {
    const StepCall::Storing storing(call_, scope_);
    // Copies, since the closure runs on the database's thread, and a step beside this one goes on.
    const auto earlier = call_.unsaved_;
    const int own_place = call_.next_place_++;  // no other's: one beside it takes the next
    std::string own_memo;
    result = co_await call_.database().write(db::Lane::kBackground, [&](db::Tx& tx) -> T {
      // The results of earlier steps, what this one does, and its own result: all or nothing.
      const auto write = [&](std::string memo) {
        own_memo = memo;
        const StepResult own{.hash = place.hash,
                             .place = own_place,
                             .name = place.name,
                             .memo = std::move(memo),
                             .started_at = began_at};
        if (served != nullptr) {
          return served->keep_commit(
              tx, own,
              then == Then::kComplete ? ServedRun::Then::kComplete : ServedRun::Then::kGoOn);
        }
        call_.write_results(tx, earlier);
        call_.write_own(tx, own);
        if (then == Then::kComplete) {
          call_.write_completion(tx);
        } else {
          call_.check_claim(tx);
        }
      };
      if constexpr (std::is_void_v<T>) {
        closure(tx);
        write(to_memo(Result<void>{}));
      } else {
        Result<T> value = closure(tx);
        auto memo = to_memo(value);
        if (auto excess = call_.excess_of(place, memo.size())) {
          tx.abort(std::move(*excess));
        } else {
          write(std::move(memo));
        }
        return std::move(*value);
      }
    });
    if (result && served != nullptr) {
      call_.remember(place, OpCode::kStepRun, std::move(own_memo), began_at);
    } else if (result) {
      call_.note_committed(earlier, own_memo.size());
      if (then == Then::kComplete) call_.has_finished_ = true;
      co_return result;
    }
  }
  if (scope_.is_given_up()) co_await Park(call_);
  // Another call of the run may have done it at the same time.
  if (result || co_await call_.was_committed(place)) co_await Park(call_);
  if (call_.parks_on(place, result.error(), began_at)) co_await Park(call_);
  if (auto noted = co_await call_.fail_for_good(scope_, place, result.error(), began_at); !noted) {
    if (call_.parks_on_trouble(scope_, noted.error())) co_await Park(call_);
    co_return synap::fail(noted.error());
  }
  if (served != nullptr) co_await Park(call_);
  co_return result;
}

}  // namespace synap::workers
