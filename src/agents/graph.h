// Graph: what an agent does, as nodes that read a state and say how it changes, and edges that say
// which node comes next.
//
//   struct Draft { std::string question; std::vector<std::string> found; std::string text; };
//   const ObjectSchema<Draft>& describe(Type<Draft>) { ... }
//
//   Graph<Draft> graph("draft");
//   graph.reduce("found", appended);
//   graph.node("search", search).node("write", write);   // Task<Result<Update>> (Node&, Draft)
//   graph.edge(kStart, "search").edge("search", "write");
//   graph.branch("write", {"search", kEnd}, [](const Draft& state) { return ...; });
//
// It goes on in *rounds*: all nodes whose turn it is are called together with the same state, and
// what they give is joined into the next, in the order of their names in the round. A field is
// replaced by what a node gives for it, unless the graph has a reducer for it. The graph has ended
// when no node's turn has come. How that survives a crash is said in graph_run.h.
//
// A graph is made once, and is only read afterwards, by any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "base/task.h"
#include "schema/schema.h"

namespace synap::agents {

class Node;

inline constexpr const char* kStart = "__start__";
inline constexpr const char* kEnd = "__end__";

/// How a field's value and an update of it become its next value.
using Reducer = Json (*)(Json before, Json update);
Json appended(Json before, Json update);  // lists: one behind the other
Json added(Json before, Json update);     // numbers: their sum
Json merged(Json before, Json update);    // objects: the update's members replace those before

/// What a node changes: an object of some of the state's fields.
using Update = Json;

/// The part that knows the state as a schema only.
class GraphCore {
 public:
  using Work = std::function<Task<Result<Update>>(Node& node, const Json& state)>;
  /// The names of the nodes that come next: one, several at once, or kEnd.
  using Choose = std::function<std::vector<std::string>(const Json& state)>;
  /// `state` describes an object.
  GraphCore(std::string name, Schema state);

  void reduce(const std::string& field, Reducer reducer);
  void node(const std::string& name, Work work);
  void edge(std::string_view from, std::string_view to);
  void branch(std::string_view from, const std::vector<std::string>& targets, Choose choose);
  /// A node that runs another graph, whose rounds are steps of the same run: it begins with what
  /// `in` makes of the state, and `out` says what its last state changes. `inner` must outlive it.
  void subgraph(const std::string& name, const GraphCore& inner,
                std::function<Json(const Json& state)> in,
                std::function<Update(const Json& inner_state)> out);
  /// CHECKs that each edge leads from a node to a node, and that each node can be reached.
  void check() const;

  const std::string& name() const { return name_; }
  const Schema& state() const { return state_; }
  const Work* find(std::string_view node) const;
  /// The graph that a node runs; null: it runs none.
  const GraphCore* subgraph_of(std::string_view node) const;
  /// Whose turn it is behind these nodes, with the state that they have left. kInternalServerError:
  /// a branch has chosen what it did not name.
  Result<std::vector<std::string>> next(const std::vector<std::string>& done,
                                        const Json& state) const;
  std::vector<std::string> first() const;
  /// kInternalServerError: the update is none of this state.
  Result<Json> joined(Json state, const Update& update) const;
  std::vector<std::string> node_names() const;

 private:
  struct Branch {
    std::vector<std::string> targets;
    Choose choose;
  };
  std::string name_;
  Schema state_;
  Schema changes_;
  std::map<std::string, Reducer, std::less<>> reducers_;
  std::map<std::string, Work, std::less<>> nodes_;
  std::map<std::string, const GraphCore*, std::less<>> subgraphs_;
  std::map<std::string, std::vector<std::string>, std::less<>> edges_;
  std::map<std::string, std::vector<Branch>, std::less<>> branches_;
};

/// A graph whose state is a described struct.
template <class S>
class Graph {
 public:
  explicit Graph(std::string name)
      : core_(std::make_shared<GraphCore>(std::move(name), schema_of<S>())) {}

  Graph& reduce(const std::string& field, Reducer reducer) {
    core_->reduce(field, reducer);
    return *this;
  }
  /// `work` is a callable (Node&, S) -> Task<Result<Update>>, and as good as pure between the steps
  /// that it takes by its Node.
  template <class F>
  Graph& node(const std::string& name, F work) {
    core_->node(name, [work](Node& node, const Json& state) -> Task<Result<Update>> {
      return called<F>(work, node, state);
    });
    return *this;
  }
  Graph& edge(std::string_view from, std::string_view to) {
    core_->edge(from, to);
    return *this;
  }
  /// `choose` is a callable (const S&) -> std::string or std::vector<std::string>.
  template <class F>
  Graph& branch(std::string_view from, const std::vector<std::string>& targets, F choose) {
    core_->branch(from, targets, [choose](const Json& state) -> std::vector<std::string> {
      auto read = decode<S>(state);
      SYNAP_CHECK(read.has_value(), "a state fits its schema");
      return {choose(*read)};
    });
    return *this;
  }
  GraphCore& core() { return *core_; }
  /// Of a graph that is whole.
  std::shared_ptr<const GraphCore> share() const {
    core_->check();
    return core_;
  }

 private:
  template <class F>
  static Task<Result<Update>> called(F work, Node& node, const Json& state) {
    auto read = decode<S>(state);
    if (!read) co_return fail(Code::kInternalServerError, read.error().message);
    co_return co_await work(node, std::move(*read));
  }

  std::shared_ptr<GraphCore> core_;
};

}  // namespace synap::agents
