// What the tests of several rooms need: coroutines run to their end from a plain thread, a
// directory that goes away, and a disk that is soon full. Included by tests only.
#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/task.h"
#include "base/timer.h"

namespace synap::test {

template <class Awaitable>
auto result_of(Awaitable&& awaitable) {
  if constexpr (requires { awaitable.await_resume(); }) {
    return awaitable.await_resume();
  } else {
    return std::move(awaitable).operator co_await().await_resume();
  }
}

/// Awaits on `executor` what `make()` yields, and blocks for it: run(e, [&] { return db.write(f);
/// })
template <class Make>
auto run(Executor& executor, Make make) {
  using T = decltype(result_of(make()));
  auto body = [&]() -> Task<T> { co_return co_await make(); };
  return sync_wait(executor, body());
}

/// Calls `function` on the thread of `executor`, and blocks for it.
template <class Function>
auto call_on(Executor& executor, Function function) {
  auto body = [&]() -> Task<decltype(function())> { co_return function(); };
  return sync_wait(executor, body());
}

/// Returns when every coroutine that was spawned on `executor` before has run as far as it can
/// without an answer from elsewhere.
inline void settle(Executor& executor) {
  sync_wait(executor, []() -> Task<void> { co_return; }());
}

/// Tasks that run at the same time on one executor. Must outlive them: wait() for all.
template <class T>
class Started {
 public:
  explicit Started(Executor& executor) : executor_(executor) {}

  void add(Task<T> task) {
    std::size_t index = 0;
    {
      std::lock_guard lock(mutex_);
      index = results_.size();
      results_.emplace_back();
    }
    spawn(executor_, keep(std::move(task), index));
  }
  template <class Make>
  void add_awaitable(Make make) {
    add([](Make make_it) -> Task<T> { co_return co_await make_it(); }(std::move(make)));
  }
  std::size_t done() const {
    std::lock_guard lock(mutex_);
    return done_;
  }
  /// In the order of add().
  std::vector<T> wait() {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return done_ == results_.size(); });
    std::vector<T> all;
    for (auto& result : results_) all.push_back(std::move(*result));
    return all;
  }

 private:
  Task<void> keep(Task<T> task, std::size_t index) {
    T result = co_await std::move(task);
    std::lock_guard lock(mutex_);
    results_[index].emplace(std::move(result));
    ++done_;
    ended_.notify_all();
  }

  Executor& executor_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::deque<std::optional<T>> results_;
  std::size_t done_ = 0;
};

/// Blocks until `holds()`, which is asked again whenever `mark` has grown, and now and then, since
/// what it depends on may follow a moment behind the mark. False: it did not come to hold for so
/// long that it never will.
template <class Holds>
[[nodiscard]] bool wait_until(Executor& executor, Watermark& mark, Holds holds) {
  constexpr std::chrono::milliseconds kAgain(100);
  const auto give_up_at = SteadyClock::now() + std::chrono::seconds(120);
  for (;;) {
    const auto seen = mark.value();
    if (holds()) return true;
    std::stop_source grown;
    std::stop_source late;
    auto growth = [&]() -> Task<bool> {
      const bool is_past = co_await mark.wait_past(seen, late.get_token());
      grown.request_stop();
      co_return is_past;
    };
    auto lateness = [&]() -> Task<bool> {
      if (co_await sleep_until(SteadyClock::now() + kAgain, grown.get_token())) late.request_stop();
      co_return true;
    };
    Started<bool> both(executor);
    both.add(growth());
    both.add(lateness());
    both.wait();
    if (SteadyClock::now() >= give_up_at) return false;
  }
}

/// A new directory, removed with all that is in it.
class TempDirectory {
 public:
  explicit TempDirectory(const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
    std::string name = (in / "synap-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A filesystem of a given size, for what happens when a disk is full. Needs root: where it cannot
/// be had is_there() is false, and the test skips itself.
class SmallDisk {
 public:
  explicit SmallDisk(std::size_t bytes) {
    const auto options = "size=" + std::to_string(bytes);
    is_there_ = ::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (is_there_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_there() const { return is_there_; }
  const std::string& path() const { return directory_.path(); }

  /// Takes all the room that is left but for `bytes`, or gives it back.
  void fill(std::size_t bytes_left = 0) {
    give_back();
    const auto space = std::filesystem::space(path()).available;
    if (space > bytes_left) write_filler(space - bytes_left);
  }
  void give_back() { std::filesystem::remove(filler()); }

 private:
  std::string filler() const { return path() + "/filler"; }
  void write_filler(std::size_t bytes) {
    std::ofstream file(filler(), std::ios::binary);
    const std::string page(4096, 'x');
    for (std::size_t done = 0; done < bytes && file; done += page.size()) {
      file.write(page.data(), static_cast<std::streamsize>(page.size()));
      file.flush();
    }
  }
  TempDirectory directory_;
  bool is_there_ = false;
};

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace synap::test
