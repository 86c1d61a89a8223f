// How fast the content store alone takes files: N coroutines, each putting one file of 1 KiB after
// another under a name of its own, every answer durable. Prints one line of JSON.
//
//   put_bench --in-flight 64 --seconds 5 --directory DIR
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/uuid.h"
#include "content/local/local_store.h"

namespace {

using namespace synap;
using Clock = std::chrono::steady_clock;

struct Run {
  content::ContentStore& store;
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> stored{0};
  std::atomic<std::int64_t> failed{0};
};

Task<bool> put_until_stopped(Run& run) {
  const std::string text(1024, 'x');
  while (!run.stop.load(std::memory_order_relaxed)) {
    auto key = content::ContentKey::make("bench", "note", Uuid::v7().to_string(), "md");
    auto done = co_await run.store.put(std::move(*key), text);
    (done ? run.stored : run.failed).fetch_add(1, std::memory_order_relaxed);
  }
  co_return true;
}

}  // namespace

int main(int argc, char** argv) {
  int in_flight = 64;
  int seconds = 5;
  std::string directory = "put-bench-data";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--in-flight") in_flight = std::atoi(argv[i + 1]);
    if (flag == "--seconds") seconds = std::atoi(argv[i + 1]);
    if (flag == "--directory") directory = argv[i + 1];
  }
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  auto store = content::LocalStore::open(directory + "/content");
  if (!store) return fmt::print(stderr, "{}\n", store.error().message), 1;

  Run run{**store};
  double elapsed = 0;
  {
    ThreadExecutor executor("putters");
    std::vector<Task<bool>> tasks;
    for (int i = 0; i < in_flight; ++i) tasks.push_back(put_until_stopped(run));
    std::thread clock([&] {
      std::this_thread::sleep_for(std::chrono::seconds(seconds));
      run.stop = true;
    });
    const auto begin = Clock::now();
    sync_wait(executor, when_all(std::move(tasks)));
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    clock.join();
  }
  fmt::print("{{\"puts_per_s\":{:.0f},\"in_flight\":{},\"failed\":{}}}\n",
             static_cast<double>(run.stored) / elapsed, in_flight, run.failed.load());
  store->reset();
  std::filesystem::remove_all(directory);
  return run.failed == 0 ? 0 : 1;
}
