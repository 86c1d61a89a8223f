// CallBody: what an app is sent when one of its functions is called: what happened, and what is
// stored of the run's steps. Canonical JSON, so that its signature holds however it is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/uuid.h"
#include "workers/op.h"

namespace synap::inngest {

struct CallBody {
  const std::vector<Json>& events;  // as SDKs see them; one at least
  const workers::StoredResults& stored;
  Uuid run_id;
  int attempt = 0;  // of what is tried, from 0
  int attempts_max = 1;
  /// The step that is to be done, and nothing else; nothing: the function from its beginning.
  std::optional<workers::StepHash> step = std::nullopt;
  /// Steps that are found are to be reported and not done.
  bool is_planning = false;
  /// Of the protocol, as the app has answered it; -1 says that it chooses. Never 0.
  int version = -1;
  /// Unique to this request.
  std::string request_id = {};
  /// Of the function, and of this call (checkpoints.h): with the latter, the app may go on from
  /// step to step while it is open. Empty: it answers after each.
  std::string function_id = {};
  std::string token = {};
  /// Of Defers::told().
  Json defers = Json::object();
};

/// "step", or the hexadecimal hash of the step.
std::string step_id_of(const CallBody& call);
/// The most that is sent. What is more has neither events nor steps, and says so: the SDK then asks
/// for them (history.h).
inline constexpr std::size_t kCallBytesMax = 4 * 1024 * 1024;
/// Of every step that is done, by its hash: canonical JSON. An event that a run waited for is
/// written as SDKs see it.
std::string steps_json(const workers::StoredResults& stored);
/// JSON text. An event that a run waited for is written as SDKs see it.
std::string call_body(const CallBody& call);

/// The address of a call: `url`, as the function was registered with it, with this step in it.
std::string call_url(std::string_view url, std::string_view step_id);

}  // namespace synap::inngest
