// A handler that does what a line of text says, for scenarios:
//
//   script    = op *(";" op)
//   op        = "run" NAME [failing]        step.run; each call of its function counts as an effect
//             | "wait" NAME TYPE MILLISECONDS [PATH JSON]   step.wait_for_event; what came counts
//             | "commit" NAME [failing]     step.commit; adds a row to the table `effects`
//             | "run" NAME "broken" COUNT   the same; its first COUNT calls say that a disk is full
//             | "both" NAME NAME [failing]  two step.run at once; the second fails
//             | "nap-beside" NAME MILLISECONDS NAME [failing]   a step.sleep, and a step.run at
//             once | "sleep" NAME MILLISECONDS   step.sleep | "halt" NAME                 waits for
//             good, once in a scenario: where to crash | "fail" CODE                 ends with
//             Outcome::failed | "give-up" CODE              ends with Outcome::failed_for_good
//   failing   = "fails" COUNT CODE ["caught"]
//
// A failing step fails on its first COUNT calls, counted over restarts; when it answers with an
// error the handler fails with it, or goes on if that is "caught".
#pragma once

#include <coroutine>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/timer.h"
#include "workers/handler.h"
#include "workers/step.h"

namespace synap::scenarios {

/// What scripts share and what outlives a crash: counts, and what stands still.
class World {
 public:
  /// The call of this effect, from 1.
  int count(const std::string& effect);
  std::map<std::string, int> counts() const;

  bool is_halted() const;
  /// Grows when something halts.
  Watermark& halts_seen() { return halts_seen_; }
  /// What was halted went with a crash.
  void forget_halt();
  /// True the first time for each name.
  bool halts(const std::string& name);
  void keep(std::coroutine_handle<> halted);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
  std::map<std::string, bool> has_halted_;
  bool is_halted_ = false;
  Watermark halts_seen_;
};

class ScriptHandler final : public workers::EventHandler {
 public:
  ScriptHandler(World& world, std::string event_type, const std::string& script);
  std::string_view event_type() const override { return event_type_; }
  Task<workers::Outcome> handle(const events::Event& event, workers::Step& step) override;

 private:
  using Words = std::vector<std::string>;
  struct Failing {
    int times = 0;
    Code code = Code::kServiceUnavailable;
    bool is_caught = false;
    Fault fault = Fault::kNone;
  };
  static Failing failing_of(const Words& op);
  Task<Result<>> run_step(Words op, workers::Step& step);
  Task<Result<>> wait_step(Words op, workers::Step& step);
  Task<Result<>> both(std::vector<Task<Result<>>> tasks);
  Task<Result<>> commit_step(Words op, const events::Event& event, workers::Step& step);

  World& world_;
  std::string event_type_;
  std::vector<Words> ops_;
};

/// The words of a line.
std::vector<std::string> words_of(const std::string& line);

}  // namespace synap::scenarios
