#include "synap/patience.h"

#include <algorithm>
#include <thread>

#include "synap/output.h"

namespace synap::cli {

void Patience::reset() {
  if (delay_ != kDelayMin) tell("the pod answers again");
  delay_ = kDelayMin;
}

void Patience::wait() {
  if (delay_ == kDelayMin) tell("the pod does not answer any more; trying again");
  std::this_thread::sleep_for(delay_);
  delay_ = std::min(delay_ * 2, kDelayMax);
}

}  // namespace synap::cli
