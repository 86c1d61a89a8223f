// NodeFeeds: what runs of agents say, told among the nodes of a pod (agents/feed_relay.h) by
// messages of their database. To all nodes by the channel synap_nodes, to the node 7 by
// synap_node_7.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "agents/feed_relay.h"
#include "base/world.h"
#include "db/postgres/messages.h"

namespace synap::pod {

class NodeFeeds final : agents::NodeMessages {
 public:
  /// `node`: the number of this one; `url`: of the database, which no pooler of transactions is in
  /// front of. Both must outlive it.
  NodeFeeds(std::int64_t node, const std::string& url, agents::Feeds& feeds, World& world);

  /// Until `stop` is asked for.
  Task<void> run(std::stop_token stop) { return relay_.run(std::move(stop)); }

 private:
  bool send(std::optional<std::int64_t> node, std::string message) override;

  agents::FeedRelay relay_;
  db::postgres::Messages messages_;  // hears for relay_
};

}  // namespace synap::pod
