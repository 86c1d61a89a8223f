#include "agents/chain.h"

#include <fmt/format.h>

#include "agents/agent_events.h"
#include "agents/graph_run.h"

namespace synap::agents {
namespace {

// From what an agent did to the event that begins the next are some events: what was asked for,
// what came of it, a function between them. Whoever is further back than this is of the chain of
// its cause.
constexpr int kCausesMax = 64;
// Of a search for how a run has ended: a run that is not seen to end by then may have read
// anything.
constexpr int kPagesMax = 16;

std::int64_t depth_of(const events::Event& requested) {
  // One that is damaged or erased says nothing, and neither does one of a version before chains.
  const auto data = data_of(requested, kRunRequested);
  return data ? (*data)->depth.value_or(1) : 1;
}

// Of whose budget it is.
std::optional<std::string> key_of_run(const events::Event& requested) {
  const auto data = data_of(requested, kRunRequested);
  return data ? (*data)->key : std::nullopt;
}

// Of what follows from a run and does not say itself what had been read by then, as the request
// does not: a run that goes on, or has failed, may have read anything.
Task<Result<bool>> is_run_tainted(events::EventLog& log, const events::Event& requested) {
  const auto data = data_of(requested, kRunRequested);
  if (!data || (*data)->is_tainted.value_or(true) || !requested.aggregate_id) co_return true;
  events::Filter filter{.limit = 1, .types = {std::string(kRunCompleted.name)}};
  filter.aggregate_id = requested.aggregate_id;
  // Where the machine is busy a page ends before what is looked for.
  for (int count = 0; count < kPagesMax; ++count) {
    auto page = co_await log.read(events::Tenancy::of_user(requested.user_id), filter);
    if (!page) co_return fail(page.error());
    if (!page->events.empty()) co_return taint_of(*page->events.front()).value_or(true);
    if (page->is_at_end) break;
    filter.after = page->next_after;
  }
  co_return true;
}

}  // namespace

Task<Result<ChainPlace>> place_behind(events::EventLog& log, const events::Event& cause) {
  ChainPlace place{.correlation = cause.correlation_id.value_or(cause.id)};
  events::EventRef kept;
  const auto* at = &cause;
  // What the last agent before the cause had read: those before it are within that.
  std::optional<bool> taint;
  const auto note_actor = [&place](const events::Event& event) {
    if (place.key || !event.actor) return;
    if (event.actor->kind == events::Actor::Kind::kKey) place.key = event.actor->id;
    if (event.actor->kind == events::Actor::Kind::kAgent) {
      place.agents.push_back(event.actor->id);
    }
  };
  for (int i = 0; i < kCausesMax; ++i) {
    note_actor(*at);
    if (at->type == kRunRequested.name) {
      if (!place.key) place.key = key_of_run(*at);
      place.depth = depth_of(*at) + 1;
      place.first = chain_of(*at);
      auto is_tainted = taint ? Result<bool>(*taint) : co_await is_run_tainted(log, *at);
      if (!is_tainted) co_return fail(is_tainted.error());
      place.is_tainted = *is_tainted;
      co_return place;
    }
    if (!taint) taint = taint_of(*at);
    // Nothing before it: no agent did this.
    if (!at->causation_id) {
      place.is_tainted = taint.value_or(false);
      co_return place;
    }
    auto before =
        co_await log.find(events::Tenancy::of_user(cause.user_id), Uuid(*at->causation_id));
    if (!before && before.error().code == Code::kNotFound) break;
    if (!before) co_return fail(before.error());
    kept = *std::move(before);
    at = kept.get();
  }
  place.first = place.correlation;
  place.is_tainted = taint.value_or(true);
  co_return place;
}

void admit(db::Tx& tx, const ChainPlace& place, const ChainLimits& limits) {
  if (place.depth > limits.depth_max) {
    return tx.abort(beyond_limit(fmt::format(
        "{} runs of agents follow from each other, one from what the one before it did, and no "
        "more may (agent_chain_depth_max)",
        limits.depth_max)));
  }
  if (!place.first) return;
  auto rows = tx.query(
      "SELECT count(*) FROM (SELECT 1 FROM agent_runs_data WHERE chain = $1 LIMIT $2) AS so_far",
      *place.first, limits.runs_max);
  if (!rows.next() || rows.integer(0) < limits.runs_max) return;
  tx.abort(beyond_limit(
      fmt::format("{} runs of agents are of one chain, begun by what others of it did, and no more "
                  "may be (agent_chain_runs_max)",
                  limits.runs_max)));
}

}  // namespace synap::agents
