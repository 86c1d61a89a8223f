#include "pod/node_procedures.h"

#include <algorithm>

#include "api/procedures.h"
#include "base/clock.h"

namespace synap::pod {
namespace {

using api::Session;

struct ShownNode {
  std::int64_t number = 0;
  std::string name;
  std::string version;
  bool leads = false;
  bool is_this = false;
  bool is_connected = false;
  std::string started_at;
  std::int64_t silent_ms = 0;
  std::int64_t lease_left_ms = 0;
  std::int64_t commits = 0;
  std::int64_t slots = 0;
  std::int64_t jobs = 0;
};
const ObjectSchema<ShownNode>& describe(Type<ShownNode>) {
  static const auto schema =
      object<ShownNode>("PodNode")
          .field("number", &ShownNode::number, integer(),
                 "Given when it was started, and to no other.")
          .field("name", &ShownNode::name, string(), "Its setting `node_name`.")
          .field("version", &ShownNode::version, string(), "Of the program.")
          .field("leads", &ShownNode::leads, boolean(),
                 "Whether it says whose turn it is, and runs schedules and followers; one does.")
          .field("isThis", &ShownNode::is_this, boolean(), "Whether it has answered this call.")
          .field("isConnected", &ShownNode::is_connected, boolean(),
                 "Whether the database has its session.")
          .field("startedAt", &ShownNode::started_at, string().datetime())
          .field("silentMs", &ShownNode::silent_ms, integer().min(0),
                 "How long ago it has committed last, which it does once a second at least.")
          .field("leaseLeftMs", &ShownNode::lease_left_ms, integer().min(0),
                 "How long it may go on like that before the others go on without it.")
          .field("commits", &ShownNode::commits, integer().min(0), "Since it was started.")
          .field(
              "slots", &ShownNode::slots, integer().min(0),
              "Jobs that it does at a time, its setting `worker_concurrency`. 0: it has not begun, "
              "or stops.")
          .field("jobs", &ShownNode::jobs, integer().min(0),
                 "That it has claimed, or was assigned by the node that leads: under way, or "
                 "waiting for their turn there.");
  return schema;
}

struct ShownFollower {
  std::string name;
  std::int64_t lag = 0;
};
const ObjectSchema<ShownFollower>& describe(Type<ShownFollower>) {
  static const auto schema =
      object<ShownFollower>("PodFollower")
          .field("name", &ShownFollower::name, string(), "The read model that it fills.")
          .field("lag", &ShownFollower::lag, integer().min(0),
                 "Events that it has not folded yet, as this node knows.");
  return schema;
}

struct NodeList {
  std::string mode;
  std::vector<ShownNode> nodes;
  std::vector<ShownFollower> followers;
};
const ObjectSchema<NodeList>& describe(Type<NodeList>) {
  static const auto schema =
      object<NodeList>("NodeList")
          .field("mode", &NodeList::mode, one_of({"one", "many"}), "The setting `nodes`.")
          .field("nodes", &NodeList::nodes, array(schema_of<ShownNode>()),
                 "In the order in which they were started. None where the mode is one.")
          .field("followers", &NodeList::followers, array(schema_of<ShownFollower>()),
                 "Those of the node that leads.");
  return schema;
}

Task<Result<NodeList>> list(Nodes* nodes, projections::Projections& projections) {
  NodeList list{.mode = nodes == nullptr ? "one" : "many"};
  for (const auto& one : projections.progress()) {
    if (one.kind != projections::Projection::Kind::kFollower) continue;
    list.followers.push_back({std::string(one.name), one.lag});
  }
  if (nodes == nullptr) co_return list;
  auto now = co_await nodes->list();
  if (!now) co_return fail(now.error());
  for (auto& node : now->all) {
    list.nodes.push_back(
        {.number = node.number,
         .name = std::move(node.who.name),
         .version = std::move(node.who.version),
         .leads = node.leads,
         .is_this = node.number == nodes->number(),
         .is_connected = node.is_connected,
         .started_at = to_iso8601(node.came_at),
         .silent_ms = node.silent_for,
         .lease_left_ms = std::max<std::int64_t>(0, nodes->lease().count() - node.silent_for),
         .commits = node.commits,
         .slots = node.slots,
         .jobs = now->jobs[node.number]});
  }
  co_return list;
}

}  // namespace

void add_node_procedures(rpc::ProcedureTable& procedures, std::function<Nodes*()> nodes,
                         projections::Projections& projections) {
  api::add_query<void, NodeList>(
      procedures, "nodes.list",
      {.summary = "The nodes of the pod, which of them leads, and how far its followers are. For "
                  "owners.",
       .docs = "A pod on a PostgreSQL server has many if its setting `nodes` says so.",
       .access = rpc::Access::kOwner},
      [nodes = std::move(nodes), &projections](Session) { return list(nodes(), projections); });
}

}  // namespace synap::pod
