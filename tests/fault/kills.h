// What tests share that kill a process of their own again and again: rounds of it on one directory,
// of which each is killed at a random moment but the last, which comes to rest, and a ledger of
// what was seen meanwhile.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"

namespace synap::kills {

/// A file to which lines are added for good. Any thread.
class Ledger {
 public:
  explicit Ledger(const std::string& path)
      : file_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) {
    SYNAP_CHECK(file_ >= 0, path);
  }
  ~Ledger() { ::close(file_); }
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  void add(const std::string& line) {
    const auto text = line + "\n";
    std::lock_guard lock(mutex_);
    SYNAP_CHECK(::write(file_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    SYNAP_CHECK(::fdatasync(file_) == 0);
  }

 private:
  const int file_;
  std::mutex mutex_;
};

inline std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
  return lines;
}

/// The time between two steps of a process: it is not waited for anything, it is the load's pace.
inline void pause(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
}

/// Of the environment.
inline std::int64_t chosen(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoll(text) : otherwise;
}

/// How often, and the seed of what is left to chance.
struct Choices {
  explicit Choices(std::int64_t otherwise) : kills(chosen("KILLS", otherwise)) {}
  const std::int64_t kills;
  const std::int64_t seed = chosen("SEED", std::random_device{}() % 1'000'000);
};

/// The ledger to which each process adds a line when it has started: on a busy machine that may
/// take longer than all the rest of its life.
inline constexpr const char* kStarts = "/starts";

namespace kills_detail {

inline pid_t spawn_self(std::vector<std::string> arguments) {
  std::string self = "/proc/self/exe";
  std::vector<char*> all = {self.data()};
  for (auto& one : arguments) all.push_back(one.data());
  all.push_back(nullptr);
  const auto child = ::fork();
  if (child == 0) {
    ::execv(self.c_str(), all.data());
    ::_exit(127);
  }
  SYNAP_CHECK(child > 0);
  return child;
}

inline int wait_for(pid_t child) {
  int status = 0;
  SYNAP_CHECK(::waitpid(child, &status, 0) == child);
  return status;
}

// Or for as long as no start takes: then it is killed like the others.
inline void wait_for_start(const std::string& directory, std::size_t before) {
  for (int ms = 0; ms < 30'000 && lines_of(directory + kStarts).size() == before; ++ms) {
    pause(std::chrono::milliseconds(1));
  }
}

}  // namespace kills_detail

/// Starts this program with DIRECTORY ROUND MORE so often, and kills it at most `life_max` after it
/// has started, or sometimes during its start; then with "rest" for the round, which ends by
/// itself. False, and what was wrong is printed: a process has ended otherwise.
inline bool kill_again_and_again(const Choices& choices, const std::string& directory,
                                 std::chrono::milliseconds life_max,
                                 const std::vector<std::string>& more = {}) {
  using std::chrono::milliseconds;
  std::mt19937_64 random(static_cast<std::uint64_t>(choices.seed));
  const auto between = [&](int least, int most) {
    return milliseconds(std::uniform_int_distribution<int>(least, most)(random));
  };
  const auto spawn = [&](const std::string& round) {
    std::vector<std::string> arguments = {directory, round};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return kills_detail::spawn_self(std::move(arguments));
  };
  for (std::int64_t round = 1; round <= choices.kills; ++round) {
    const auto starts = lines_of(directory + kStarts).size();
    const auto child = spawn(std::to_string(round));
    const bool is_during_start = between(1, 5) == milliseconds(1);
    const auto life = between(1, is_during_start ? 60 : static_cast<int>(life_max.count()));
    if (!is_during_start) kills_detail::wait_for_start(directory, starts);
    pause(life);
    SYNAP_CHECK(::kill(child, SIGKILL) == 0);
    const int status = kills_detail::wait_for(child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) continue;
    fmt::print("WRONG: round {} of seed {} ended by itself: {}\n", round, choices.seed, status);
    return false;
  }
  const int status = kills_detail::wait_for(spawn("rest"));
  if (status != 0) fmt::print("WRONG: it has not come to rest: {}\n", status);
  return status == 0;
}

}  // namespace synap::kills
