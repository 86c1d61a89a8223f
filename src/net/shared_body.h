// One streamed response body that several coroutines of one executor write to: answers, and the
// signs of life between them.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "base/crew.h"
#include "base/task.h"
#include "base/world.h"
#include "net/http.h"

namespace synap::net {

class SharedBody {
 public:
  /// `reader_gone` is asked to stop when a write fails. `writer` and `world` must outlive it.
  SharedBody(BodyWriter& writer, std::stop_source reader_gone, World& world)
      : writer_(writer),
        reader_gone_(std::move(reader_gone)),
        world_(world),
        last_write_(world.now()) {}

  /// Sends `chunk` behind what others are sending. False: the reader is gone.
  Task<bool> write(std::string chunk);

  /// Writes `chunk` whenever `interval` has passed without a write, until `stop`. An interval of
  /// zero ends it at once.
  Task<void> keep_alive(std::string chunk, std::chrono::milliseconds interval,
                        std::stop_token stop);

 private:
  BodyWriter& writer_;
  std::stop_source reader_gone_;
  World& world_;
  SteadyClock::time_point last_write_;
  bool is_writing_ = false;
  bool is_broken_ = false;
  Gate turn_;
};

}  // namespace synap::net
