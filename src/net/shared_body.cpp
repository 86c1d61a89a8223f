#include "net/shared_body.h"

namespace synap::net {

Task<bool> SharedBody::write(std::string chunk) {
  while (is_writing_) co_await turn_.wait();
  if (is_broken_) {
    turn_.wake_one();
    co_return false;
  }
  is_writing_ = true;
  const bool sent = co_await writer_.write(chunk);
  is_writing_ = false;
  last_write_ = world_.now();
  turn_.wake_one();
  if (!sent) {
    is_broken_ = true;
    reader_gone_.request_stop();
  }
  co_return sent;
}

Task<void> SharedBody::keep_alive(std::string chunk, std::chrono::milliseconds interval,
                                  std::stop_token stop) {
  if (interval <= std::chrono::milliseconds(0)) co_return;
  while (co_await world_.sleep_until(last_write_ + interval, stop)) {
    if (world_.now() < last_write_ + interval) continue;
    if (is_writing_) {
      // A reader so slow needs no sign of life: it has not taken the last one.
      if (!co_await world_.sleep_for(interval, stop)) co_return;
      continue;
    }
    if (!co_await write(chunk)) co_return;
  }
}

}  // namespace synap::net
