// The state of a thread at one of its checkpoints, as LangGraph's get_state() gives it, as far as
// what is stored says it without the graph:
//
//   a node is to be done      where its channel has a value that it has not seen: "branch:to:NODE"
//                             (an edge), "join:A+B:NODE" (an edge of several, once all have
//                             written), and what is sent to it in "__pregel_tasks"
//   a task                    is found again by the path of its writes ("~__pregel_pull, NODE")
//   a value of the state      is that of each channel which is none of those
//
// Not known without the graph: the id of a task that has written nothing, the name of a function
// that is an entrypoint before it has written (it is "__start__"), and what a DeltaChannel is.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "features/checkpoints/shapes.h"
#include "features/checkpoints/shown.h"

namespace synap::features::checkpoints {

struct StateTask {
  std::optional<std::string> id;
  std::string name;
  std::optional<std::string> error;
  std::vector<Json> interrupts;
  /// What it has written to channels of the state; nothing while it has not ended.
  std::optional<Json> result;
};
const ObjectSchema<StateTask>& describe(Type<StateTask>);

struct GraphState {
  std::string thread_id;
  std::string ns;
  std::optional<std::string> id;
  std::optional<std::string> parent;
  std::optional<std::string> created_at;
  Json metadata = Json::object();
  Json values = Json::object();
  std::vector<std::string> next;
  std::vector<StateTask> tasks;
  std::vector<Json> interrupts;
};
const ObjectSchema<GraphState>& describe(Type<GraphState>);

enum class When : std::uint8_t {
  kNow,   // what has been done since is not to be done any more
  kThen,  // as it was when the checkpoint was stored
};

GraphState state_of(const Tuple& tuple, When when, Shower& shower);

/// The value of a channel in a version, if it has one.
using ValueOf =
    std::function<std::optional<Json>(const std::string& channel, const std::string& version)>;

/// A node that is to be done, and what the path of its task begins with.
struct Pending {
  std::string name;
  std::string path;
};
/// Those of a checkpoint (as it is shown), what was sent first. Only values of channels that a node
/// has not seen are asked for.
std::vector<Pending> pending_of(const Json& checkpoint,
                                const std::map<std::string, std::string>& versions,
                                const ValueOf& value_of);

/// Only the values of a state, of all that belongs to it.
Json values_of(const Tuple& tuple, Shower& shower);

}  // namespace synap::features::checkpoints
