#include "base/thread.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>

namespace synap {

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
