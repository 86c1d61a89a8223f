// run_on(): has a task done on another executor, and waits for what it comes to on this one.
//
//   auto answer = co_await run_on(workers, handle(request));
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/task.h"
#include "base/timer.h"

namespace synap {

namespace task_detail {

template <class T>
struct Elsewhere {
  std::optional<T> value;
  Watermark is_done;
};

template <class T>
Task<void> do_elsewhere(std::shared_ptr<Elsewhere<T>> shared, Task<T> task) {
  shared->value.emplace(co_await std::move(task));
  shared->is_done.raise(1);
}

}  // namespace task_detail

/// `task` goes on to its end also where who waits for it is destroyed, so it owns what it uses, or
/// that outlives the executor.
template <class T>
Task<T> run_on(Executor& executor, Task<T> task) {
  auto shared = std::make_shared<task_detail::Elsewhere<T>>();
  spawn(executor, task_detail::do_elsewhere(shared, std::move(task)));
  co_await shared->is_done.wait_past(0);
  co_return std::move(*shared->value);
}

}  // namespace synap
