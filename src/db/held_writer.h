// HeldWriter: lets tests gather what is to be committed together. Included by tests only.
#pragma once

#include <latch>
#include <utility>

#include "base/test_support.h"
#include "db/database.h"

namespace synap::db::contract {

/// Keeps a database busy: its write does not end before release().
class HeldWriter {
 public:
  HeldWriter(Executor& executor, db::Database& database) : calls_(executor) {
    calls_.add_awaitable([this, &database] {
      return database.write([this](Tx&) {
        entered_.count_down();
        release_.wait();
      });
    });
    entered_.wait();
  }
  ~HeldWriter() {
    release();
    calls_.wait();
  }
  void release() {
    if (!std::exchange(is_released_, true)) release_.count_down();
  }

 private:
  std::latch entered_{1};
  std::latch release_{1};
  bool is_released_ = false;
  test::Started<Result<void>> calls_;
};

}  // namespace synap::db::contract
