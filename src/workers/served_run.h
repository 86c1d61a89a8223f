// ServedRun: a run that another executes, an Inngest server. He keeps its memos, decides what is
// called and when, and tells a call which of its steps to do; the pod keeps what only it can: the
// memos of commits, in their own transactions.
//
// A call of such a run does one step at most, and reports it:
//
//   the step it is for         that one, and nothing else
//   none, one step is found    that one, unless it is only to plan
//   none, several are found    all are reported as planned, and none is done
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "base/task.h"
#include "db/database.h"
#include "workers/op.h"

namespace synap::workers {

class ServedRun {
 public:
  /// What a call asks for.
  struct Wish {
    std::optional<StepHash> step = std::nullopt;
    bool is_planning = false;
    int attempts_max = 1;
  };

  explicit ServedRun(Wish wish) : wish_(wish) {}
  ServedRun(const ServedRun&) = delete;
  ServedRun& operator=(const ServedRun&) = delete;
  virtual ~ServedRun() = default;

  const Wish& wish() const { return wish_; }

  /// The memo of a commit that was done, although whoever executes the run may not know it.
  virtual Task<Result<std::optional<std::string>>> find_commit(StepHash step) = 0;
  /// Within the transaction of a commit: keeps its memo. The Tx is aborted with kConflict where it
  /// is kept already, or the run has ended.
  enum class Then : std::uint8_t { kGoOn, kComplete };
  virtual void keep_commit(db::Tx& tx, const StepResult& result, Then then) = 0;
  /// What a wait for an event was ended with, as a handler is given it: an event of the log.
  virtual Task<Result<Json>> awaited_event(Json memo) = 0;

 private:
  const Wish wish_;
};

}  // namespace synap::workers
