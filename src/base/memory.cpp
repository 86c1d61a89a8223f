#include "base/memory.h"

#include <mutex>

// Of mimalloc 2, which programs are linked with and tests are not (cmake/dependencies.cmake).
extern "C" {
void mi_option_set(int option, long value) __attribute__((weak));
long mi_option_get(int option) __attribute__((weak));
}

namespace synap {
namespace {

constexpr int kDecommitDelay = 15;  // mi_option_decommit_delay, in milliseconds

std::mutex mutex;
int living = 0;
long usual_delay = 0;

}  // namespace

ReturningMemory::ReturningMemory() {
  if (mi_option_set == nullptr || mi_option_get == nullptr) return;
  std::lock_guard lock(mutex);
  if (living++ > 0) return;
  usual_delay = mi_option_get(kDecommitDelay);
  mi_option_set(kDecommitDelay, 0);
}

ReturningMemory::~ReturningMemory() {
  if (mi_option_set == nullptr || mi_option_get == nullptr) return;
  std::lock_guard lock(mutex);
  if (--living == 0) mi_option_set(kDecommitDelay, usual_delay);
}

}  // namespace synap
