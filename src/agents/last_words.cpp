#include "agents/last_words.h"

#include <algorithm>

#include "agents/agents.h"

namespace synap::agents {
namespace {

using events::Event;
using LastWords = bus::Function::LastWords;

// Those behind the state with which the checkpoint was told; all, where that is not among them.
std::vector<FeedEntry> told_since(const Feed& feed, std::int64_t number) {
  Feed::Place from;
  auto all = feed.read(from);
  const auto last = std::ranges::find_if(all.rbegin(), all.rend(), [&](const FeedEntry& one) {
    return one.kind == FeedEntry::Kind::kState && one.path.empty() && one.number == number;
  });
  all.erase(all.begin(), last.base());
  return all;
}

Task<Result<Unfinished>> unfinished(const RunRooms& rooms, const Agent& agent, const Event& event,
                                    RunRequested asked, const Error& why) {
  const auto run = *event.aggregate_id;
  auto kept = co_await checkpoints_of(rooms.database, event.user_id, run, 0);
  if (!kept) co_return fail(kept.error());
  Unfinished left{.run = run,
                  .asked = std::move(asked),
                  .began_at = event.timestamp,
                  .last = {},
                  .since = {},
                  .why = why};
  if (!kept->empty()) {
    left.last = std::move(kept->back());
  } else {
    left.last.state = agent.begin(left.asked.input, event.timestamp);
    left.last.reading = reading_at_begin(event, left.asked);
  }
  const auto feed = rooms.agents->feeds().find(run);
  if (feed != nullptr) left.since = told_since(*feed, left.last.number);
  co_return left;
}

Task<Result<LastWords>> last_words(const RunRooms& rooms, const Event& event, const Uuid& run,
                                   const Error& why) {
  auto asked = data_of(event, kRunRequested);
  if (!asked) co_return fail(asked.error());
  const auto* agent = rooms.agents->find((*asked)->agent);
  if (agent == nullptr || !agent->last_word) co_return LastWords();
  auto left = co_await unfinished(rooms, *agent, event, **asked, why);
  if (!left) co_return fail(left.error());
  auto word = agent->last_word(*left);
  if (!word) co_return LastWords();
  auto envelope = envelope_of(event, {events::Actor::Kind::kAgent, agent->name, event.user_id}, run,
                              left->is_tainted());
  envelope.aggregate_id = word->aggregate;
  envelope.aggregate_type = std::move(word->aggregate_type);
  auto made = rooms.types.make(word->type, word->data.dump(), std::move(envelope));
  if (!made) co_return fail(made.error());
  co_return LastWords([word = *std::move(made), is_said = std::move(word->is_said)](db::Tx& tx) {
    if (is_said(tx)) return std::vector<events::NewEvent>();
    return std::vector{word};
  });
}

}  // namespace

bool Unfinished::is_tainted() const {
  return !last.reading || last.reading->is_tainted ||
         std::ranges::find(since, FeedEntry::Kind::kResult, &FeedEntry::kind) != since.end();
}

decltype(bus::Function::last_words) last_words_of(RunRooms rooms) {
  return [rooms = std::move(rooms)](const Event& event, const Uuid& run,
                                    const Error& why) -> Task<LastWords> {
    // Where nothing can be said the run ends all the same.
    auto words = (co_await last_words(rooms, event, run, why)).value_or(LastWords());
    if (why.code != Code::kClientClosedRequest) co_return words;
    co_return [words = std::move(words),
               feed = rooms.agents->feeds().find(*event.aggregate_id)](db::Tx& tx) {
      if (feed != nullptr) tx.on_commit([feed] { feed->end_asking(); });
      return words ? words(tx) : std::vector<events::NewEvent>();
    };
  };
}

}  // namespace synap::agents
