#include "agents/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "agents/graph_run.h"

namespace synap::agents {
namespace {

template <class List>
bool has(const List& list, std::string_view one) {
  return std::ranges::find(list, one) != list.end();
}

void add_once(std::vector<std::string>& list, const std::string& one) {
  if (one != kEnd && !has(list, one)) list.push_back(one);
}

}  // namespace

Json appended(Json before, Json update) {
  if (!before.is_array() || !update.is_array()) return update;
  for (auto& one : update.as_array()) before.push_back(std::move(one));
  return before;
}

Json added(Json before, Json update) {
  if (!before.is_number() || !update.is_number()) return update;
  if (before.is_integer() && update.is_integer()) return before.as_integer() + update.as_integer();
  return before.as_number() + update.as_number();
}

Json merged(Json before, Json update) {
  if (!before.is_object() || !update.is_object()) return update;
  for (auto& [name, value] : update.as_object()) before.set(name, std::move(value));
  return before;
}

GraphCore::GraphCore(std::string name, Schema state)
    : name_(std::move(name)),
      state_(std::move(state)),
      changes_(object().extend(state_, UntypedObjectSchema::Take::kPartial)) {
  SYNAP_CHECK(state_.kind() == SchemaKind::kObject, name_);
}

void GraphCore::reduce(const std::string& field, Reducer reducer) {
  SYNAP_CHECK(
      std::ranges::any_of(state_.node().fields, [&](const auto& one) { return one.name == field; }),
      field);
  reducers_[field] = reducer;
}

void GraphCore::node(const std::string& name, Work work) {
  // The ids of its steps have one behind it (graph_run.h).
  const bool has_colon = name.contains(':');
  SYNAP_CHECK(name != kStart && name != kEnd && !has_colon && !nodes_.contains(name), name);
  nodes_[name] = std::move(work);
}

void GraphCore::edge(std::string_view from, std::string_view to) {
  edges_[std::string(from)].emplace_back(to);
}

void GraphCore::branch(std::string_view from, const std::vector<std::string>& targets,
                       Choose choose) {
  branches_[std::string(from)].push_back({targets, std::move(choose)});
}

void GraphCore::subgraph(const std::string& name, const GraphCore& inner,
                         std::function<Json(const Json& state)> in,
                         std::function<Update(const Json& inner_state)> out) {
  node(name,
       [&inner, in = std::move(in), out = std::move(out)](Node& outer, const Json& state)
           -> Task<Result<Update>> { return run_within(outer, inner, in(state), out); });
  subgraphs_[name] = &inner;
}

const GraphCore* GraphCore::subgraph_of(std::string_view node) const {
  const auto found = subgraphs_.find(node);
  return found != subgraphs_.end() ? found->second : nullptr;
}

void GraphCore::check() const {
  std::set<std::string, std::less<>> reached;
  std::vector<std::string> open = {kStart};
  const auto reach = [&](const std::vector<std::string>& targets) {
    for (const auto& to : targets) {
      if (to == kEnd) continue;
      SYNAP_CHECK(nodes_.contains(to), to);
      if (reached.insert(to).second) open.push_back(to);
    }
  };
  while (!open.empty()) {
    const auto from = open.back();
    open.pop_back();
    if (const auto edges = edges_.find(from); edges != edges_.end()) reach(edges->second);
    if (const auto all = branches_.find(from); all != branches_.end()) {
      for (const auto& branch : all->second) reach(branch.targets);
    }
  }
  for (const auto& [name, work] : nodes_) SYNAP_CHECK(reached.contains(name), name);
}

const GraphCore::Work* GraphCore::find(std::string_view node) const {
  const auto found = nodes_.find(node);
  return found != nodes_.end() ? &found->second : nullptr;
}

Result<std::vector<std::string>> GraphCore::next(const std::vector<std::string>& done,
                                                 const Json& state) const {
  std::vector<std::string> turn;
  for (const auto& from : done) {
    if (const auto edges = edges_.find(from); edges != edges_.end()) {
      for (const auto& to : edges->second) add_once(turn, to);
    }
    const auto all = branches_.find(from);
    if (all == branches_.end()) continue;
    for (const auto& branch : all->second) {
      for (const auto& to : branch.choose(state)) {
        if (!has(branch.targets, to)) {
          return fail(Code::kInternalServerError,
                      fmt::format("The node {} of the graph {} chose {}, which is not among those "
                                  "that it may choose",
                                  from, name_, to));
        }
        add_once(turn, to);
      }
    }
  }
  return turn;
}

std::vector<std::string> GraphCore::first() const {
  return {kStart};
}

Result<Json> GraphCore::joined(Json state, const Update& update) const {
  UnknownKeys unknown{.are_refused = true};
  auto valid = validate(changes_, std::optional<Json>(update), &unknown);
  if (!valid || !*valid) {
    return fail(Code::kInternalServerError,
                fmt::format("A node of the graph {} gives what its state does not take: {}", name_,
                            valid ? "nothing" : valid.error().message));
  }
  for (auto& [name, value] : (*valid)->as_object()) {
    const auto reducer = reducers_.find(name);
    const Json* before = state.find(name);
    if (reducer == reducers_.end() || before == nullptr) {
      state.set(name, std::move(value));
    } else {
      state.set(name, reducer->second(*before, std::move(value)));
    }
  }
  return state;
}

std::vector<std::string> GraphCore::node_names() const {
  std::vector<std::string> names;
  for (const auto& [name, work] : nodes_) names.push_back(name);
  return names;
}

}  // namespace synap::agents
