#include "workers/step.h"

#include <fmt/format.h>

#include "workers/run_store.h"
#include "workers/signal_waits.h"

namespace synap::workers {
namespace {

Result<std::optional<Json>> awaited(const Result<std::string>& memo) {
  if (!memo) return fail(memo.error());
  auto json = parse_json(*memo);
  if (!json) return fail(json.error());
  if (json->is_null()) return std::nullopt;
  if (const Json* error = json->find("error"); error != nullptr && json->find("id") == nullptr) {
    return fail(error_from_json(error->dump()));
  }
  return std::optional(std::move(*json));
}

}  // namespace

Task<void> Step::sleep(std::string id, std::chrono::milliseconds duration) {
  co_await call_.sleep_for(scope_, call_.enter(scope_, std::move(id)), duration.count());
}

Task<void> Step::sleep_until(std::string id, std::int64_t unix_ms) {
  co_await call_.sleep_for(scope_, call_.enter(scope_, std::move(id)), unix_ms - call_.wall_time());
}

Task<Result<std::optional<Json>>> Step::wait_for_event(std::string id, EventWait wait,
                                                       std::chrono::milliseconds timeout) {
  auto found = awaited(co_await call_.memo_of_wait(scope_, call_.enter(scope_, std::move(id)),
                                                   {.op = OpCode::kWaitForEvent,
                                                    .due_at = call_.due_in(timeout.count()),
                                                    .wait_ms = timeout.count(),
                                                    .wait = std::move(wait)},
                                                   "null"));
  co_return co_await call_.as_event_of_log(std::move(found));
}

Task<Result<std::optional<Json>>> Step::wait_for_signal(std::string id, SignalWait wait,
                                                        std::chrono::milliseconds timeout) {
  const auto signal = wait.signal;
  auto found = awaited(co_await call_.memo_of_wait(scope_, call_.enter(scope_, std::move(id)),
                                                   {.op = OpCode::kWaitForSignal,
                                                    .due_at = call_.due_in(timeout.count()),
                                                    .wait_ms = timeout.count(),
                                                    .signal = std::move(wait)},
                                                   "null"));
  // Whoever executes the run has it in "data", as all results, and may have it under another name.
  if (call_.served_ != nullptr && found && *found && (*found)->is_object()) {
    const Json* inner = (*found)->find("signal") == nullptr ? (*found)->find("data") : nullptr;
    if (inner != nullptr && inner->is_object()) *found = Json(*inner);
    (*found)->set("signal", signal);
  }
  co_return found;
}

Task<Result<std::string>> Step::send_event(std::string id, std::string type, Json data) {
  auto made = call_.store_.events().event_of(call_.job_, call_.event_, type, data.dump());
  if (!made) co_return fail(made.error());
  co_return co_await commit(
      std::move(id), [&store = call_.store_, event = std::move(*made)](db::Tx& tx) {
        const auto appended = store.log().append(tx, {.events = {event}});
        return appended.events.empty() ? std::string() : appended.events.front()->id.to_string();
      });
}

Task<Result<std::string>> Step::send_signal(std::string id, std::string signal, Json data) {
  if (signal.empty() || signal.size() > kSignalBytesMax) {
    co_return fail(Code::kBadRequest,
                   fmt::format("The name of a signal has 1 to {} bytes", kSignalBytesMax));
  }
  auto made = call_.store_.events().signal_of(call_.job_, call_.event_, {signal, std::move(data)});
  if (!made) co_return fail(made.error());
  co_return co_await commit(std::move(id), [&store = call_.store_, name = std::move(signal),
                                            event = std::move(*made)](db::Tx& tx) {
    std::ignore = take_signal_wait(tx, event.draft().user_id, name);
    const auto appended = store.log().append(tx, {.events = {event}});
    return appended.events.empty() ? std::string() : appended.events.front()->id.to_string();
  });
}

}  // namespace synap::workers
