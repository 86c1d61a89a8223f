// agents.watch: a run of an agent while it goes on.
#include <algorithm>
#include <map>

#include "base/clock.h"
#include "base/first_of.h"
#include "features/agents/running.h"
#include "features/procedures.h"

namespace synap::features::agent_runs {
namespace {

using agents::FeedEntry;
using api::Session;

// A run of which the feed says nothing is looked at so often: nobody may carry it out, or another
// node that cannot be heard.
constexpr std::chrono::milliseconds kLookEvery(500);
// And any other one: a node of it may ask people while another one goes on.
constexpr std::chrono::milliseconds kLookAtLeastEvery(2'000);
// Of a run that has ended: what its feed says until then is on its way for so long at most.
constexpr std::chrono::milliseconds kEndIsHeardWithin(500);

struct WatchRun {
  std::string id;
  std::optional<std::string> last_event_id;
};
const ObjectSchema<WatchRun>& describe(Type<WatchRun>) {
  static const auto schema =
      object<WatchRun>("WatchAgent")
          .field("id", &WatchRun::id, string().uuid(), "The run of the agent.")
          .field("lastEventId", &WatchRun::last_event_id, string().nullish(),
                 "Go on behind the last state that was told before it: pieces of texts behind that "
                 "may be told again.");
  return schema;
}

using Path = std::optional<agents::GraphPath>;
constexpr const char* kPathDocs =
    "Of a graph within the graph: of each around it the node that runs it, and behind which "
    "checkpoint, as write:3. Absent: it is the run's own.";
Path told_path(agents::GraphPath path) {
  return path.empty() ? std::nullopt : Path(std::move(path));
}

struct StateItem {
  std::int64_t number = 0;
  std::vector<std::string> next;
  Json state;
  Path path = std::nullopt;
};
const ObjectSchema<StateItem>& describe(Type<StateItem>) {
  static const auto schema =
      object<StateItem>()
          .tag("type", "state")
          .field("number", &StateItem::number, integer(), "Of the checkpoint.")
          .field("next", &StateItem::next, array(string()), "The nodes whose turn it is.")
          .field("state", &StateItem::state, any())
          .field("path", &StateItem::path, array(string()), kPathDocs);
  return schema;
}

struct AnswerItem {
  std::string node;
  Path path;
};
const ObjectSchema<AnswerItem>& describe(Type<AnswerItem>) {
  static const auto schema = object<AnswerItem>()
                                 .tag("type", "answer")
                                 .field("node", &AnswerItem::node, string(),
                                        "Its model begins to answer: texts of it from an answer "
                                        "before that is not in a state yet are void.")
                                 .field("path", &AnswerItem::path, array(string()), kPathDocs);
  return schema;
}

struct TextItem {
  std::string node;
  std::string text;
  Path path;
};
const ObjectSchema<TextItem>& describe(Type<TextItem>) {
  static const auto schema =
      object<TextItem>()
          .tag("type", "text")
          .field("node", &TextItem::node, string(), "Which asks a model.")
          .field("text", &TextItem::text, string(), "Behind what was before of its node.")
          .field("path", &TextItem::path, array(string()), kPathDocs);
  return schema;
}

struct ToolItem {
  std::string node;
  std::string name;
  std::string arguments;
  Path path;
};
const ObjectSchema<ToolItem>& describe(Type<ToolItem>) {
  static const auto schema =
      object<ToolItem>()
          .tag("type", "tool")
          .field("node", &ToolItem::node)
          .field("name", &ToolItem::name)
          .field("arguments", &ToolItem::arguments, string(), "As the model wrote them.")
          .field("path", &ToolItem::path, array(string()), kPathDocs);
  return schema;
}

struct ResultItem {
  std::string node;
  std::string name;
  bool is_ok = false;
  std::string text;
  Path path;
};
const ObjectSchema<ResultItem>& describe(Type<ResultItem>) {
  static const auto schema = object<ResultItem>()
                                 .tag("type", "result")
                                 .field("node", &ResultItem::node)
                                 .field("name", &ResultItem::name, string(), "The procedure.")
                                 .field("ok", &ResultItem::is_ok)
                                 .field("text", &ResultItem::text, string(), "What it gave.")
                                 .field("path", &ResultItem::path, array(string()), kPathDocs);
  return schema;
}

struct RunItem {
  ShownRun run;
};
const ObjectSchema<RunItem>& describe(Type<RunItem>) {
  static const auto schema = object<RunItem>()
                                 .tag("type", "run")
                                 .field("run", &RunItem::run, schema_of<ShownRun>(),
                                        "At first, when its status or its questions change, and "
                                        "at last.");
  return schema;
}

using WatchItem = std::variant<RunItem, StateItem, AnswerItem, TextItem, ToolItem, ResultItem>;
const PlainSchema& describe(Type<WatchItem>) {
  static const auto schema = discriminated_union(
      "type", {schema_of<RunItem>(), schema_of<StateItem>(), schema_of<AnswerItem>(),
               schema_of<TextItem>(), schema_of<ToolItem>(), schema_of<ResultItem>()});
  return schema;
}

// What a watcher has been told. An item's id is the last checkpoint of the run's own graph.
class Watcher {
 public:
  explicit Watcher(std::int64_t last_state) { told_[{}] = last_state; }

  rpc::Item item(const WatchItem& told) const {
    return {std::to_string(last_state()), json_text(told)};
  }
  rpc::Item state(StateItem state) {
    const auto path = state.path.value_or(agents::GraphPath());
    // What graphs within it have said is over.
    std::erase_if(told_,
                  [&](const auto& one) { return one.first != path && is_within(one.first, path); });
    told_[path] = state.number;
    return item(std::move(state));
  }
  /// Whether it stands behind all states that were told.
  bool is_new(const agents::GraphPath& path, std::int64_t number) const {
    const auto place = first_untold(path, number);
    return place && place->wanted > place->told;
  }
  /// Whether it is the very next one of its graph, in a round of which all around it is told.
  bool is_next(const agents::GraphPath& path, std::int64_t number) const {
    const auto place = first_untold(path, number);
    return place && place->depth == path.size() && place->wanted == place->told + 1;
  }
  std::optional<rpc::Item> entry(FeedEntry entry) {
    using enum FeedEntry::Kind;
    auto path = told_path(std::move(entry.path));
    switch (entry.kind) {
      case kAnswer:
        return item(AnswerItem{std::move(entry.node), std::move(path)});
      case kText:
        return item(TextItem{std::move(entry.node), std::move(entry.text), std::move(path)});
      case kTool:
        return item(ToolItem{std::move(entry.node), std::move(entry.name), std::move(entry.text),
                             std::move(path)});
      case kResult:
        return item(ResultItem{std::move(entry.node), std::move(entry.name), entry.is_ok,
                               std::move(entry.text), std::move(path)});
      case kState: {
        auto told = decode<StateItem>(std::move(entry.state.set("type", "state")));
        if (!told) return std::nullopt;
        told->path = std::move(path);
        return state(std::move(*told));
      }
      case kEnd:
        return std::nullopt;
    }
    return std::nullopt;
  }
  /// Nothing: as it was.
  std::optional<rpc::Item> run(const ShownRun& run) {
    auto now = run.status + run.questions.text;
    if (now == last_run_) return std::nullopt;
    last_run_ = std::move(now);
    return item(RunItem{run});
  }
  std::int64_t last_state() const { return told_.at({}); }

 private:
  // Of a state: the outermost graph around it, or its own, that is not where the state says.
  struct Untold {
    std::size_t depth = 0;
    std::int64_t told = -1;
    std::int64_t wanted = 0;
  };
  static bool is_within(const agents::GraphPath& inner, const agents::GraphPath& outer) {
    return inner.size() >= outer.size() && std::equal(outer.begin(), outer.end(), inner.begin());
  }
  // Nothing: what it is a part of is over.
  std::optional<Untold> first_untold(const agents::GraphPath& path, std::int64_t number) const {
    for (std::size_t depth = 0; depth <= path.size(); ++depth) {
      const agents::GraphPath graph(path.begin(),
                                    path.begin() + static_cast<std::ptrdiff_t>(depth));
      const auto found = told_.find(graph);
      const auto told = found != told_.end() ? found->second : -1;
      const auto wanted =
          depth < path.size() ? agents::CheckpointName::round_of(path[depth]) : number;
      if (depth == path.size() || wanted > told) return Untold{depth, told, wanted};
      if (wanted < told) return std::nullopt;
    }
    return std::nullopt;
  }

  std::map<agents::GraphPath, std::int64_t> told_;  // of each graph its last checkpoint
  std::string last_run_;
};

bool has_ended(const ShownRun& run) {
  return run.status == "completed" || run.status == "failed";
}

// The run's states that the watcher has not been told, from what is on disk; with `last` up to that
// one, and none where that is not there.
Stream<rpc::Item, Result<>> kept_states(const Rooms& rooms, std::string user_id, Uuid id,
                                        Watcher& watcher,
                                        std::optional<agents::CheckpointName> last) {
  auto kept = co_await agents::kept_checkpoints(rooms.database, user_id, id);
  if (!kept) co_return fail(kept.error());
  if (last) {
    const auto at = std::ranges::find(*kept, *last, &agents::KeptCheckpoint::name);
    if (at == kept->end()) co_return Result<>{};
    kept->erase(std::next(at), kept->end());
  }
  for (auto& one : *kept) {
    if (!watcher.is_new(one.name.path, one.name.number)) continue;
    auto path = told_path(one.name.path);
    auto at = co_await agents::checkpoint_of(rooms.database, user_id, id, std::move(one));
    if (!at) co_return fail(at.error());
    if (!*at) continue;
    co_yield watcher.state(
        {(*at)->number, std::move((*at)->next), std::move((*at)->state), std::move(path)});
  }
  co_return Result<>{};
}

rpc::Items watch(const Rooms& rooms, Session session, WatchRun input) {
  const auto id = Uuid::parse(input.id).value_or(Uuid{});
  std::int64_t last_state = -1;
  if (input.last_event_id) {
    const auto& text = *input.last_event_id;
    const bool is_number = !text.empty() && text.size() < 10 &&
                           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number && text != "-1") {
      co_return fail(Code::kBadRequest, "lastEventId is the id of an item of this stream");
    }
    last_state = std::stoll(text);
  }
  // What a feed has is whoever's the run is, and nobody else's.
  if (auto own = co_await find_run(rooms, session.user_id(), id); !own) co_return fail(own.error());
  const auto use = rooms.agents->feeds().watch(id);
  const auto& feed = use.feed();
  agents::Feed::Place place;
  Watcher watcher(last_state);
  auto looked_at = SteadyClock::time_point::min();
  auto heard_at = looked_at;
  bool goes_on = false;  // by the feed
  std::optional<SteadyClock::time_point> ended_at;
  auto& world = rooms.types.world();
  for (;;) {
    const auto seen = feed->changes().value();
    bool is_at_end = false;
    auto entries = feed->read(place);
    if (!entries.empty()) heard_at = world.now();
    for (auto& entry : entries) {
      goes_on = entry.kind != FeedEntry::Kind::kEnd;
      is_at_end = is_at_end || !goes_on;
      if (entry.kind == FeedEntry::Kind::kState) {
        if (!watcher.is_new(entry.path, entry.number)) continue;
        // What the feed has let go of is on disk.
        if (entry.state.is_null() || !watcher.is_next(entry.path, entry.number)) {
          auto states = kept_states(rooms, session.user_id(), id, watcher,
                                    agents::CheckpointName{entry.path, entry.number});
          while (auto state = co_await states.next()) co_yield std::move(*state);
          if (!states.end()) co_return fail(states.end().error());
        }
        const bool is_untold = watcher.is_new(entry.path, entry.number);
        if (entry.state.is_null() || !is_untold) continue;
      }
      if (auto item = watcher.entry(std::move(entry))) co_yield std::move(*item);
    }
    if (is_at_end || looked_at == SteadyClock::time_point::min() ||
        world.now() >= std::max(looked_at, heard_at) + kLookEvery ||
        world.now() >= looked_at + kLookAtLeastEvery) {
      auto run = co_await find_run(rooms, session.user_id(), id);
      if (!run) co_return fail(run.error());
      // What it said at last may not be here yet, though the database has its end.
      if (has_ended(*run) && goes_on) {
        if (!ended_at) ended_at = world.now();
        if (world.now() < *ended_at + kEndIsHeardWithin) {
          co_await first_of(
              session.stop, [&](auto over) { return feed->changes().wait_past(seen, over); },
              [&](auto over) { return world.sleep_for(kEndIsHeardWithin, over); });
          if (session.stop.stop_requested()) co_return rpc::Text{};
          continue;
        }
      }
      auto states = kept_states(rooms, session.user_id(), id, watcher, std::nullopt);
      while (auto state = co_await states.next()) co_yield std::move(*state);
      if (!states.end()) co_return fail(states.end().error());
      if (auto item = watcher.run(*run)) co_yield std::move(*item);
      if (has_ended(*run)) co_return rpc::Text{};
      looked_at = world.now();
    }
    if (session.stop.stop_requested()) co_return rpc::Text{};
    co_await first_of(
        session.stop, [&](auto over) { return feed->changes().wait_past(seen, over); },
        [&](auto over) { return world.sleep_for(kLookEvery, over); });
    if (session.stop.stop_requested()) co_return rpc::Text{};
  }
}

}  // namespace

void add_watching(const Rooms& rooms) {
  api::add_subscription<WatchRun, WatchItem>(
      rooms.procedures, "agents.watch",
      {.summary = "Watch a run of an agent: its states, what models say, the tools it calls.",
       .docs =
           "Items are of type run (how it stands), state (a checkpoint, also of a graph within the "
           "graph: path says which), answer and text (a "
           "model begins, and a piece of its "
           "answer), tool (a call that begins) and result (what it gave). It ends when "
           "the run has. On any node of several; where these share a database through a "
           "pooler of transactions, a node that does not carry the run out tells its states "
           "alone.",
       .errors = {{Code::kNotFound, "You have no such run of an agent."}}},
      [&rooms](Session session, WatchRun input) {
        return watch(rooms, std::move(session), std::move(input));
      });
}

}  // namespace synap::features::agent_runs
