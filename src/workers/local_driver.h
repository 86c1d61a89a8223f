// LocalDriver: calls functions that are written in C++ and live in this process.
#pragma once

#include <memory>

#include "workers/driver.h"
#include "workers/handler.h"
#include "workers/run_store.h"
#include "workers/served_run.h"

namespace synap::workers {

class LocalDriver final : public Driver {
 public:
  /// `store` must outlive it.
  LocalDriver(std::unique_ptr<EventHandler> handler, RunStore& store)
      : handler_(std::move(handler)), store_(store) {}
  Task<Answer> call(Call call) override;
  /// The same of a run that another executes: one step of it at most is done. Both are valid until
  /// it has answered.
  Task<Answer> serve(Call call, ServedRun& run);

 private:
  Task<Answer> carry_out(Call call, ServedRun* served);

  std::unique_ptr<EventHandler> handler_;
  RunStore& store_;
};

}  // namespace synap::workers
