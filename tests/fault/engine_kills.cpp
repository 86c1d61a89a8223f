// kill -9 of the run engine under a mix of all kinds of steps, again and again:
//
//   KILLS=25 SEED=n engine_kills
//
// Each round starts a process with a pod (engine_work.h) on the same directory, which takes orders,
// and kills it at a random moment, sometimes during its start. The last round is left to come to
// rest; then what is there is judged (engine_judge.cpp). One round, for those who end it otherwise:
//
//   engine_kills DIRECTORY (ROUND | rest | judge)
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "base/check.h"
#include "base/test_support.h"
#include "engine_work.h"

namespace synap::kills {
namespace {

using std::chrono::milliseconds;

constexpr int kOpenMax = 150;  // runs, beyond which no orders are taken
constexpr int kOrdersOfRound = 10;
constexpr auto kRest = std::chrono::minutes(1);  // how long the last round may take

// The time between two steps of a process: it is not waited for anything, it is the load's pace.
void pause(milliseconds time) {
  std::this_thread::sleep_for(time);
}

// The process that is killed. `round` is in the numbers of its orders.
int work(const std::string& directory, std::int64_t round) {
  Pod pod(directory);
  pod.start();
  for (int i = 0;; ++i) {
    pod.cancel_stuck();
    const auto open = pod.count("SELECT count(*) FROM runs_data WHERE ended_at IS NULL");
    if (i < kOrdersOfRound && open < kOpenMax) pod.place(round * 100 + i);
    pause(milliseconds(10));
  }
}

int come_to_rest(const std::string& directory) {
  Pod pod(directory);
  pod.start();
  const auto give_up_at = std::chrono::steady_clock::now() + kRest;
  while (!pod.is_idle()) {
    if (std::chrono::steady_clock::now() > give_up_at) return 2;
    pod.cancel_stuck();
    pause(milliseconds(20));
  }
  return 0;
}

pid_t spawn_self(const char* self, const std::string& directory, const std::string& round) {
  const auto child = ::fork();
  if (child == 0) {
    ::execl(self, self, directory.c_str(), round.c_str(), nullptr);
    ::_exit(127);
  }
  SYNAP_CHECK(child > 0);
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  SYNAP_CHECK(::waitpid(child, &status, 0) == child);
  return status;
}

std::int64_t lines_in(const std::string& path) {
  std::ifstream file(path);
  std::int64_t lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  return lines;
}

std::int64_t chosen(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::atoll(text) : otherwise;
}

bool report(const std::string& directory, std::int64_t kills, std::int64_t seed, double seconds) {
  Pod pod(directory);
  const auto wrong = judge(pod, directory);
  const auto of = [&](const char* status) {
    return pod.count(fmt::format("SELECT count(*) FROM runs_data WHERE status = '{}'", status));
  };
  fmt::print(R"(engine_kills: {{"seed":{},"kills":{},"seconds":{:.1f},"orders":{},"events":{},)"
             R"("completed":{},"failed":{},"cancelled":{},"steps":{},"calls":{},"ticks":{}}})"
             "\n",
             seed, kills, seconds, lines_in(directory + "/acks"),
             pod.count("SELECT max(position) FROM events"), of("completed"), of("failed"),
             of("cancelled"), pod.count("SELECT count(*) FROM run_steps_data"),
             lines_in(directory + "/effects"),
             pod.count("SELECT count(*) FROM runs_data WHERE function = 'tick'"));
  for (std::size_t i = 0; i < wrong.size() && i < 20; ++i) fmt::print("WRONG: {}\n", wrong[i]);
  return wrong.empty();
}

int run(const char* self) {
  const auto kills = chosen("KILLS", 25);
  const auto seed = chosen("SEED", std::random_device{}() % 1'000'000);
  std::mt19937_64 random(static_cast<std::uint64_t>(seed));
  const auto between = [&](int least, int most) {
    return milliseconds(std::uniform_int_distribution<int>(least, most)(random));
  };
  const test::TempDirectory directory;
  const auto begun = std::chrono::steady_clock::now();
  for (std::int64_t round = 1; round <= kills; ++round) {
    const auto child = spawn_self(self, directory.path(), std::to_string(round));
    const bool is_during_start = between(1, 5) == milliseconds(1);
    pause(is_during_start ? between(1, 60) : between(60, 600));
    SYNAP_CHECK(::kill(child, SIGKILL) == 0);
    const int status = wait_for(child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) continue;
    fmt::print("WRONG: round {} of seed {} ended by itself: {}\n", round, seed, status);
    return 1;
  }
  const int status = wait_for(spawn_self(self, directory.path(), "rest"));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  bool is_right = report(directory.path(), kills, seed, took.count());
  if (status != 0) {
    fmt::print("WRONG: it has not come to rest: {}\n", status);
    is_right = false;
  }
  return is_right ? 0 : 1;
}

}  // namespace
}  // namespace synap::kills

int main(int count, char** arguments) {
  using namespace synap::kills;
  if (count == 1) return run("/proc/self/exe");
  const std::string round = arguments[2];
  if (round == "judge") return report(arguments[1], 0, 0, 0) ? 0 : 1;
  return round == "rest" ? come_to_rest(arguments[1]) : work(arguments[1], std::stoll(round));
}
