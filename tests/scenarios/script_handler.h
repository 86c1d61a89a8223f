// A handler that does what a line of text says, for scenarios:
//
//   script    = op *(";" op)
//   op        = "run" NAME [failing]        step.run; each call of its function counts as an effect
//             | "run" NAME "broken" COUNT   the same; its first COUNT calls say that a disk is full
//             | "run" NAME "halts"          the same; its first call has its effect and stands
//             still | "events" NAME               step.run; its result says which events the run
//             has | "commit" NAME [failing]     step.commit; adds a row to the table `effects` |
//             "finish" NAME               step.finish; the same | "sleep" NAME MILLISECONDS
//             step.sleep | "wait" NAME TYPE MILLISECONDS [PATH JSON]   step.wait_for_event; what
//             came counts | "wait-signal" NAME SIGNAL MILLISECONDS ["replaces"] ["caught"]   the
//             same | "invoke" NAME FUNCTION MILLISECONDS ["caught"]   step.invoke; what it gives
//             counts | "send" NAME TYPE [DATA]     step.send_event | "all" op *("&" op) these at
//             once | "halt" NAME                 stands still for good, once in a scenario: where
//             to crash | "fail" CODE                 ends with Outcome::failed | "give-up" CODE
//             ends with Outcome::failed_for_good | "throw"                     ends with an
//             exception
//   failing   = "fails" COUNT CODE ["caught"]
//
// A failing step fails on its first COUNT calls, counted over restarts; when a step answers with an
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
  /// What a step has answered to a handler, which it does again each time that it is called.
  void note(const std::string& answer);
  std::map<std::string, int> counts() const;

  /// Whether so many stand still.
  bool is_halted(int count = 1) const;
  /// Grows when something halts.
  Watermark& halts_seen() { return halts_seen_; }
  /// What was halted went with a crash.
  void forget_halt();
  /// True the first time for each name.
  bool halts(const std::string& name);
  void keep(std::coroutine_handle<> halted);
  /// Until release(), if that comes; behind it, not at all.
  Task<void> hold();
  void release() { released_.raise(1); }

 private:
  void note_halt_locked();
  static Watermark& watermark_for_good();

  mutable std::mutex mutex_;
  std::map<std::string, int> counts_;
  std::map<std::string, bool> has_halted_;
  int halted_ = 0;
  Watermark halts_seen_;
  // Of the whole process, as the frames that wait for it.
  Watermark& released_ = watermark_for_good();
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
    Fault fault = Fault::kNone;
    bool halts = false;
  };
  static Failing failing_of(const Words& op);
  Task<Result<>> do_op(Words op, const events::Event& event, workers::Step& step);
  Task<Result<>> run_step(const Words& op, workers::Step& step);
  Task<Result<>> events_step(const Words& op, const events::Event& event, workers::Step& step);
  Task<Result<>> commit_step(const Words& op, const events::Event& event, workers::Step& step);
  Task<Result<>> wait_step(const Words& op, workers::Step& step);
  Task<Result<>> signal_step(const Words& op, workers::Step& step);
  Task<Result<>> invoke_step(const Words& op, workers::Step& step);
  Task<Result<>> send_step(const Words& op, workers::Step& step);
  Task<Result<>> all(const Words& op, const events::Event& event, workers::Step& step);

  World& world_;
  std::string event_type_;
  std::vector<Words> ops_;
};

/// The words of a line.
std::vector<std::string> words_of(const std::string& line);

}  // namespace synap::scenarios
