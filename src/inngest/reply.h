// Reply: what an SDK app's answer to a call says, whichever of its many forms it has.
//
//   200  the function has returned: its value as JSON
//   206  ops: what became of steps, or which are planned
//   201  a wrapper of one of the others: {"status":206,"body":...,"headers":{...}} behind blanks,
//        which keep the connection alive
//   else the function has failed, or something that is no app has answered
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "outbound/http.h"
#include "workers/op.h"

namespace synap::inngest {

/// How large an answer may be: 4 MiB of a step's result and 4 MiB of its input.
inline constexpr std::size_t kReplyBytesMax = 8 * 1024 * 1024;

/// One thing that an app reports of a step.
struct ReportedOp {
  std::string op;  // "StepRun"
  workers::StepHash hash{};
  std::string name;     // as the op has it: of a sleep how long, of a wait which event
  std::string step_id;  // as the function's author wrote it
  Json opts;
  Json data;
  Json error;  // null: none
};

/// Nothing: it is none, or its id is no hash.
std::optional<ReportedOp> read_op(const Json& json);

struct Reply {
  enum class Kind : std::uint8_t { kDone, kOps, kFailed };
  Kind kind = Kind::kFailed;
  Json output;                  // of kDone
  std::vector<ReportedOp> ops;  // of kOps
  Json error;                   // of kFailed: {"name","message","stack"}
  bool may_retry = true;
  std::optional<std::int64_t> retry_after_ms;
};

/// Never fails: what cannot be understood is a Reply that says so, of kind kFailed. `unix_ms` is
/// now, by which a Retry-After that is a moment is read.
Reply read_reply(const outbound::Response& response, std::int64_t unix_ms);

/// Of a header Retry-After: seconds, or a moment; from one second to a day. Nothing if it is none.
std::optional<std::int64_t> parse_retry_after(std::string_view text, std::int64_t unix_ms);

/// An error in the shape in which apps report and are told theirs.
Json app_error(std::string_view name, std::string_view message);

}  // namespace synap::inngest
