#include "api/call_timer.h"

namespace synap::api {

CallTimer::~CallTimer() {
  if (meter_ != nullptr) end(Code::kClientClosedRequest);
}

void CallTimer::end(std::optional<Code> code) {
  const auto took = Clock::now() - begin_;
  std::exchange(meter_, nullptr)->count(code, took);
}

}  // namespace synap::api
