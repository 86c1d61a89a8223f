// Defers: functions that a run asks for while it goes on, and that begin when it has ended
// (`defer()` of the SDK). What is asked for is stored among the run's steps, under a hash that no
// step of a function has, and is told to the app apart from them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/uuid.h"
#include "inngest/reply.h"
#include "workers/op.h"

namespace synap::inngest {

/// Source: Inngest's limit, which its users plan for.
inline constexpr std::size_t kDefersMax = 20;
inline constexpr std::int64_t kDeferBytesMax = 4 << 20;

/// How many functions a run defers, and what their inputs take as they are stored.
struct DeferCounts {
  std::size_t count = 0;
  std::int64_t bytes = 0;

  /// Of one more, whose memo among the steps has so many bytes.
  void add(std::int64_t memo_bytes) {
    ++count;
    bytes += memo_bytes;
  }
  /// Why the run may not; nothing: it may.
  std::optional<std::string> excess() const;
};

class Defers {
 public:
  /// What a DeferAdd or DeferAbort leaves among the steps; nothing: it is neither, or says nothing.
  static std::optional<workers::StepResult> result_of(const ReportedOp& op);

  /// Takes those out that stand among `memos`. They are in counts() then.
  void take_from(workers::Memos& memos);
  const DeferCounts& counts() const { return counts_; }
  /// As the body of a call has it: {"<hash>":{"abortable":true}}.
  Json told() const;

  /// What is to begin when the run `run_id` of `function` has ended, as steps that ask for runs.
  std::vector<workers::PendingStep> steps(const Uuid& run_id, std::string_view function,
                                          const std::string& user_id) const;

 private:
  struct Asked {
    std::string name;
    Json what;  // {"fn_slug","input"}
    bool is_aborted = false;
  };
  DeferCounts counts_;
  std::map<std::string, Asked> asked_;  // by the hash, in hex, that the app gave
};

}  // namespace synap::inngest
