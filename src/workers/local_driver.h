// LocalDriver: calls functions that are written in C++ and live in this process.
#pragma once

#include <memory>

#include "workers/driver.h"
#include "workers/handler.h"
#include "workers/run_store.h"

namespace synap::workers {

class LocalDriver final : public Driver {
 public:
  /// `store` must outlive it.
  LocalDriver(std::unique_ptr<EventHandler> handler, RunStore& store)
      : handler_(std::move(handler)), store_(store) {}
  Task<Answer> call(Call call) override;

 private:
  std::unique_ptr<EventHandler> handler_;
  RunStore& store_;
};

}  // namespace synap::workers
