#include "features/checkpoints/thread_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/crypto.h"

namespace synap::features::checkpoints {
namespace {

constexpr std::string_view kStart = "__start__";
constexpr std::string_view kSent = "__pregel_tasks";
constexpr std::string_view kEdge = "branch:to:";
constexpr std::string_view kJoin = "join:";
constexpr std::string_view kRoot = "__root__";  // the state of a graph that has no channels
constexpr std::string_view kEnd = "__end__";    // what a function that is an entrypoint returned
constexpr std::string_view kInterrupt = "__interrupt__";
constexpr std::string_view kError = "__error__";
// What a task has written there is not what it was for.
constexpr std::string_view kNoResults[] = {kInterrupt, kError, "__resume__", "__scheduled__",
                                           "__error_source_node__"};
constexpr std::string_view kInternal[] = {kStart,
                                          kEnd,
                                          kRoot,
                                          kSent,
                                          kInterrupt,
                                          kError,
                                          "__previous__",
                                          "__input__",
                                          "__resume__",
                                          "__no_writes__",
                                          "__return__",
                                          "__scheduled__",
                                          "__error_source_node__"};

bool is_internal(std::string_view channel) {
  return channel.starts_with("branch:") || channel.starts_with(kJoin) ||
         std::ranges::find(kInternal, channel) != std::end(kInternal);
}

std::string pull_path(std::string_view node) {
  return fmt::format("~__pregel_pull, {}", node);
}

/// By which a checkpoint knows what its nodes have seen.
class Seen {
 public:
  Seen(const Json& checkpoint, const std::map<std::string, std::string>& versions)
      : nodes_(checkpoint.find("versions_seen")), versions_(versions) {}

  bool by(std::string_view node, const std::string& channel) const {
    return nodes_ != nullptr && is_seen(nodes_->find(node), channel);
  }
  bool by_any(const std::string& channel) const {
    return nodes_ != nullptr && nodes_->is_object() &&
           std::ranges::any_of(nodes_->as_object(),
                               [&](const auto& node) { return is_seen(&node.second, channel); });
  }

 private:
  bool is_seen(const Json* node, const std::string& channel) const {
    const Json* seen = node != nullptr ? node->find(channel) : nullptr;
    // Texts in Python, numbers in JavaScript.
    return seen != nullptr &&
           (seen->is_string() ? seen->as_string() : seen->dump()) == versions_.at(channel);
  }

  const Json* nodes_;
  const std::map<std::string, std::string>& versions_;
};

// [value, false]: of a node that waits until nothing else is to be done.
bool is_deferred(const Json& value) {
  return value.is_array() && value.as_array().size() == 2 && value.as_array()[1] == Json(false);
}

/// Whether all that `starts` names ("A+B") have written, which the channel's value has a set of.
bool is_joined(const Json& value, std::string_view starts) {
  if (is_deferred(value) || !value.is_array()) return false;
  const auto& parts = value.as_array();
  const bool is_whole = parts.size() == 2 && parts[1] == Json(true) && parts[0].is_array();
  const auto& names = is_whole ? parts[0].as_array() : parts;
  std::size_t characters = 0;
  for (const auto& name : names) {
    if (!name.is_string()) return false;
    characters += name.as_string().size() + 1;
  }
  return characters == starts.size() + 1;
}

std::string text_of_error(const Json& value) {
  if (value.is_string()) return value.as_string();
  const auto message = value.string_or("message", "");
  if (message.empty()) return value.dump();
  return fmt::format("{}: {}", value.string_or("name", "Error"), message);
}

/// What one task has written.
struct Group {
  std::string id;
  std::string path;
  std::vector<const PendingWrite*> writes;
};

std::vector<Group> groups_of(const Tuple& tuple) {
  std::vector<Group> groups;  // they come task by task
  for (const auto& write : tuple.writes) {
    if (groups.empty() || groups.back().id != write.task_id) {
      groups.push_back({write.task_id, write.task_path, {}});
    }
    groups.back().writes.push_back(&write);
  }
  return groups;
}

bool is_of(const Group& group, const std::string& path) {
  return group.path == path ||
         (path.starts_with("~__pregel_push") && group.path.starts_with(path + ","));
}

Json shown(Shower& shower, const std::string& type, const std::string& base64url) {
  return shower.show(type, from_base64url(base64url).value_or(""));
}

StateTask task_of(std::string name, const Group* group, Shower& shower) {
  StateTask task{.id = {}, .name = std::move(name), .error = {}, .interrupts = {}, .result = {}};
  if (group == nullptr) return task;
  task.id = group->id;
  for (const auto* write : group->writes) {
    auto value = [&] { return shown(shower, write->type, write->bytes); };
    if (write->channel == kInterrupt) {
      auto asked = value();
      if (asked.is_array()) {
        std::ranges::move(asked.as_array(), std::back_inserter(task.interrupts));
      } else {
        task.interrupts.push_back(std::move(asked));
      }
    } else if (write->channel == kError) {
      task.error = text_of_error(value());
    }
    if (std::ranges::find(kNoResults, write->channel) != std::end(kNoResults)) continue;
    if (!task.result) task.result = Json::object();
    if (!is_internal(write->channel)) task.result->set(write->channel, value());
  }
  return task;
}

// A function that is an entrypoint is begun by its input, and only its task says its name.
std::vector<StateTask> tasks_of(std::vector<Pending> pending, const std::vector<Group>& groups,
                                Shower& shower) {
  std::vector<StateTask> tasks;
  for (auto& [name, path] : pending) {
    auto group = std::ranges::find_if(groups, [&](const Group& one) { return is_of(one, path); });
    if (group == groups.end() && name == kStart) {
      group = std::ranges::find_if(
          groups, [](const Group& one) { return one.path.starts_with(pull_path("")); });
      if (group != groups.end()) name = group->path.substr(pull_path("").size());
    }
    tasks.push_back(task_of(std::move(name), group == groups.end() ? nullptr : &*group, shower));
  }
  return tasks;
}

}  // namespace

std::vector<Pending> pending_of(const Json& checkpoint,
                                const std::map<std::string, std::string>& versions,
                                const ValueOf& value_of) {
  const Seen seen(checkpoint, versions);
  std::vector<Pending> sent;
  std::vector<Pending> pulled;
  for (const auto& [channel, version] : versions) {
    if (channel.starts_with(kEdge)) {
      const auto node = channel.substr(kEdge.size());
      if (seen.by(node, channel)) continue;
      const auto value = value_of(channel, version);
      if (value && !is_deferred(*value)) pulled.push_back({node, pull_path(node)});
    } else if (channel.starts_with(kJoin)) {
      const auto end = channel.rfind(':');
      const auto node = channel.substr(end + 1);
      if (end < kJoin.size() || seen.by(node, channel)) continue;
      const auto value = value_of(channel, version);
      const auto starts = std::string_view(channel).substr(kJoin.size(), end - kJoin.size());
      if (value && is_joined(*value, starts)) pulled.push_back({node, pull_path(node)});
    } else if (channel == kStart) {
      if (!seen.by_any(channel) && value_of(channel, version)) {
        pulled.push_back({std::string(kStart), pull_path(kStart)});
      }
    } else if (channel == kSent) {
      const auto value = value_of(channel, version);
      if (!value || !value->is_array()) continue;
      for (std::size_t i = 0; i < value->as_array().size(); ++i) {
        sent.push_back({std::string(value->as_array()[i].string_or("node", "")),
                        fmt::format("~__pregel_push, {:010}", i)});
      }
    }
  }
  std::ranges::move(pulled, std::back_inserter(sent));
  return sent;
}

Json values_of(const Tuple& tuple, Shower& shower) {
  Json values = Json::object();
  const auto of_channel = [&](const std::string& channel) -> std::optional<Json> {
    const auto found = std::ranges::find(tuple.values, channel, &ChannelValue::channel);
    if (found == tuple.values.end()) return std::nullopt;
    return shown(shower, found->type, found->bytes);
  };
  for (const auto whole : {kRoot, kEnd}) {
    const std::string channel(whole);
    if (tuple.versions.contains(channel)) return of_channel(channel).value_or(nullptr);
  }
  for (const auto& [channel, version] : tuple.versions) {
    if (is_internal(channel)) continue;
    if (auto value = of_channel(channel)) {
      values.set(channel, *std::move(value));
    } else if (std::ranges::find(tuple.deltas, channel) != tuple.deltas.end()) {
      values.set(channel, unread("delta", 0));
    }
  }
  return values;
}

GraphState state_of(const Tuple& tuple, When when, Shower& shower) {
  GraphState state{.thread_id = tuple.thread_id, .ns = tuple.ns, .id = tuple.id};
  state.parent = tuple.parent;
  const auto checkpoint = shown(shower, tuple.checkpoint.type, tuple.checkpoint.bytes);
  if (const auto* at = checkpoint.find("ts"); at != nullptr && at->is_string()) {
    state.created_at = at->as_string();
  }
  state.metadata = shown(shower, tuple.metadata.type, tuple.metadata.bytes);
  state.values = values_of(tuple, shower);
  const auto groups = groups_of(tuple);
  state.tasks = tasks_of(
      pending_of(checkpoint, tuple.versions,
                 [&](const std::string& channel, const std::string&) -> std::optional<Json> {
                   const auto found =
                       std::ranges::find(tuple.values, channel, &ChannelValue::channel);
                   if (found == tuple.values.end()) return std::nullopt;
                   return shown(shower, found->type, found->bytes);
                 }),
      groups, shower);
  for (const auto& task : state.tasks) {
    if (when == When::kThen || !task.result) state.next.push_back(task.name);
    std::ranges::copy(task.interrupts, std::back_inserter(state.interrupts));
  }
  return state;
}

}  // namespace synap::features::checkpoints
