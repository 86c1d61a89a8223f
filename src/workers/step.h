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
//
// A step that fails is tried again later (the handler is put away and called anew), as often as the
// function's retries allow; only when they are used up, or the error cannot go away, does it
// answer with the Error, and the handler decides: fail, or go on without. Steps may be awaited
// together (when_all): one that ends the call ends those beside it where they are.
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

#include "base/json.h"
#include "base/task.h"
#include "bus/queue.h"
#include "db/database.h"
#include "schema/schema.h"
#include "workers/handler.h"
#include "workers/op.h"

namespace synap::workers {

class RunStore;

/// Why a call ended before its handler did.
struct Parked {
  OpCode op = OpCode::kStepError;  // kStepError or kSleep
  Error error;                     // of kStepError
  std::int64_t until = 0;          // of kSleep: Unix ms
};

class Step {
 public:
  /// Of the call that `job` asks for.
  Step(RunStore& store, const bus::Job& job, StoredResults results);
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

  const Uuid& run_id() const { return run_id_; }

  // For the pool that calls the handler (worker_pool.h).
  void set_driver(std::coroutine_handle<> driver) { driver_ = driver; }
  const std::optional<Parked>& parked() const { return parked_; }
  std::vector<StepResult> take_unsaved() { return std::exchange(unsaved_, {}); }
  bool has_exhausted_step() const { return has_exhausted_step_; }
  /// The run is stored as completed.
  bool has_finished() const { return has_finished_; }

 private:
  // Ends the call: control goes to the driver and never comes back here.
  struct Park {
    Step& step;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<>) const noexcept {
      return step.driver_;
    }
    void await_resume() const noexcept {}
  };

  struct Place {
    StepHash hash;
    const std::string* memo = nullptr;  // if the step is done
  };
  Place enter(std::string_view id);
  template <class T>
  static Result<T> from_memo(const std::string& memo);
  template <class T>
  static std::string to_memo(const Result<T>& result);
  void remember(const StepHash& hash, std::string_view id, OpCode op, std::string memo);
  enum class Then : std::uint8_t { kGoOn, kComplete };
  template <class F>
  auto commit_and(Then then, std::string_view id, F closure)
      -> Task<Result<std::invoke_result_t<F&, db::Tx&>>>;
  /// True if the step is to be tried again later; then the caller parks.
  bool parks_on(const Error& error);
  /// Stores the results that are not on disk yet.
  Task<Result<>> save();
  void forget_saved(const std::vector<StepResult>& results);
  Task<Result<>> fail_for_good(const StepHash& hash, std::string_view id, const Error& error);
  db::Database& database() const;
  void write_results(db::Tx& tx, std::span<const StepResult> results);
  void write_completion(db::Tx& tx);

  RunStore& store_;
  Uuid run_id_;
  Memos memos_;
  int attempts_left_;
  std::map<StepHash, int> uses_;  // of each id, by its first hash
  std::vector<StepResult> unsaved_;
  std::optional<Parked> parked_;
  std::coroutine_handle<> driver_;
  int next_place_;
  bool has_exhausted_step_ = false;
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
  if (place.memo != nullptr) {
    auto result = from_memo<T>(*place.memo);
    has_exhausted_step_ = has_exhausted_step_ || !result;
    co_return result;
  }
  Result<T> result = Result<T>(std::unexpect, Error{});
  if (auto saved = co_await save(); !saved) {
    result = synap::fail(saved.error());
  } else {
    result = co_await function();
  }
  if (result) {
    remember(place.hash, id, OpCode::kStepRun, to_memo(result));
    co_return result;
  }
  if (parks_on(result.error())) co_await Park{*this};
  if (auto noted = co_await fail_for_good(place.hash, id, result.error()); !noted) {
    co_return synap::fail(noted.error());
  }
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
  if (place.memo != nullptr) {
    auto result = from_memo<T>(*place.memo);
    has_exhausted_step_ = has_exhausted_step_ || !result;
    co_return result;
  }
  // Copies, since the closure runs on the database's thread, and a step beside this one goes on.
  const auto earlier = unsaved_;
  const int own_place = next_place_;
  Result<T> result = co_await database().write(db::Lane::kBackground, [&](db::Tx& tx) -> T {
    // The results of earlier steps, what this one does, and its own result: all or nothing.
    const auto write = [&](std::string memo) {
      const StepResult own{place.hash, own_place, std::string(id), OpCode::kStepRun,
                           std::move(memo)};
      write_results(tx, earlier);
      write_results(tx, {&own, 1});
      if (then == Then::kComplete) write_completion(tx);
    };
    if constexpr (std::is_void_v<T>) {
      closure(tx);
      write(to_memo(Result<void>{}));
    } else {
      Result<T> value = closure(tx);
      write(to_memo(value));
      return std::move(*value);
    }
  });
  if (result) {
    forget_saved(earlier);
    ++next_place_;
    if (then == Then::kComplete) has_finished_ = true;
    co_return result;
  }
  if (parks_on(result.error())) co_await Park{*this};
  if (auto noted = co_await fail_for_good(place.hash, id, result.error()); !noted) {
    co_return synap::fail(noted.error());
  }
  co_return result;
}

}  // namespace synap::workers
