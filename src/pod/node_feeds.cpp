#include "pod/node_feeds.h"

#include <fmt/format.h>

namespace synap::pod {
namespace {

static_assert(agents::NodeMessages::kBytesMax <= db::postgres::Messages::kBytesMax);

std::string channel_of(std::optional<std::int64_t> node) {
  return node ? fmt::format("synap_node_{}", *node) : std::string("synap_nodes");
}

}  // namespace

NodeFeeds::NodeFeeds(std::int64_t node, const std::string& url, agents::Feeds& feeds, World& world)
    : relay_(node, feeds, *this, world),
      messages_({.world = world,
                 .url = url,
                 .channels = {channel_of(std::nullopt), channel_of(node)},
                 .hear = [this](std::string_view message) { relay_.hear(message); }}) {}

bool NodeFeeds::send(std::optional<std::int64_t> node, std::string message) {
  return messages_.send(channel_of(node), std::move(message));
}

}  // namespace synap::pod
