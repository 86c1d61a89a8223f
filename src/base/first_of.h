// first_of(): waits for several things at once, until the first of them has come. The others sign
// off.
//
//   co_await first_of(stop,
//                     [&](auto over) { return mark.wait_past(5, over); },
//                     [&](auto over) { return world.sleep_for(200ms, over); });
#pragma once

#include <stop_token>
#include <vector>

#include "base/task.h"

namespace synap {

namespace task_detail {

template <class Wait>
Task<bool> wait_and_end(Wait& wait, std::stop_source& over) {
  const bool has_come = co_await wait(over.get_token());
  over.request_stop();
  co_return has_come;
}

}  // namespace task_detail

/// Each of `waits` is given a stop token and gives an awaitable that yields false where that token
/// ended it (SleepUntil, Watermark::Wait). Returns when one of them has come, or when `stop` was
/// asked for. All run on the executor of the caller.
template <class... Waits>
Task<void> first_of(std::stop_token stop, Waits... waits) {
  std::stop_source over;
  std::stop_callback on_stop(std::move(stop), [&over] { over.request_stop(); });
  std::vector<Task<bool>> all;
  all.reserve(sizeof...(waits));
  (all.push_back(task_detail::wait_and_end(waits, over)), ...);
  std::ignore = co_await when_all(std::move(all));
}

}  // namespace synap
