#include "base/thread.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <string>
#include <utility>

namespace synap {
namespace {

/// The thread that makes all others. It is there until the program ends, as threads may be made
/// for as long.
class Starter {
 public:
  Starter() {
    std::thread([this] { run(); }).detach();
  }

  std::thread start(std::move_only_function<void()> run) {
    Wanted wanted{.run = std::move(run), .made = {}};
    auto made = wanted.made.get_future();
    {
      std::lock_guard lock(mutex_);
      wanted_.push_back(std::move(wanted));
    }
    wake_.notify_one();
    return made.get();
  }

 private:
  struct Wanted {
    std::move_only_function<void()> run;
    std::promise<std::thread> made;
  };

  [[noreturn]] void run() {
    begin_thread("starter");
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !wanted_.empty(); });
      auto wanted = std::move(wanted_.front());
      wanted_.pop_front();
      lock.unlock();
      try {
        wanted.made.set_value(std::thread(std::move(wanted.run)));
      } catch (...) {  // there can be no more threads: whoever asked is told
        wanted.made.set_exception(std::current_exception());
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Wanted> wanted_;
};

}  // namespace

std::thread start_thread(std::move_only_function<void()> run) {
  static std::mutex mutex;
  static Starter* starter = nullptr;
  static pid_t process = 0;
  Starter* mine = nullptr;
  {
    std::lock_guard lock(mutex);
    // A process that was forked has the memory, and only the thread that forked.
    if (process != getpid()) starter = new Starter;
    process = getpid();
    mine = starter;
  }
  return mine->start(std::move(run));
}

void begin_thread(std::string_view name, ThreadPriority priority) {
  constexpr std::size_t kNameBytesMax = 15;
  constexpr int kBackgroundNice = 15;
  pthread_setname_np(pthread_self(), std::string(name.substr(0, kNameBytesMax)).c_str());
  // On Linux a thread has a niceness of its own. It may always be raised, so this cannot fail.
  if (priority == ThreadPriority::kBackground) {
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kBackgroundNice);
  }
}

}  // namespace synap
