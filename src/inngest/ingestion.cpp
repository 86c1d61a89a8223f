#include "inngest/ingestion.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "base/crypto.h"
#include "bus/function_events.h"
#include "bus/function_name.h"
#include "events/trace.h"
#include "inngest/sdk_event.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

// What one transaction appends: so many events and runs of them, some 20 us each, so that the
// writer is not held for longer; or one event.
constexpr std::size_t kTogetherMax = 400;
constexpr std::size_t kEntropyBytes = 10;

std::optional<std::string> from_base64(std::string_view text) {
  std::string url(text);
  while (url.ends_with('=')) url.pop_back();
  std::ranges::replace(url, '+', '-');
  std::ranges::replace(url, '/', '_');
  return from_base64url(url);
}

// How many functions events of a user start.
class RunsOfEvents {
 public:
  RunsOfEvents(const bus::FunctionSet& functions, const std::string& user_id)
      : functions_(functions), user_id_(user_id) {}

  std::size_t count(const std::string& type) {
    const auto [known, is_new] = counts_.try_emplace(type, 0);
    if (is_new) {
      known->second = static_cast<std::size_t>(
          std::ranges::count_if(functions_.matching(type), [&](const auto& function) {
            return !function->user_id || *function->user_id == user_id_;
          }));
    }
    return known->second;
  }

 private:
  const bus::FunctionSet& functions_;
  const std::string& user_id_;
  std::map<std::string, std::size_t> counts_;
};

Uuid id_of_repeat(const Asker& asker, const SdkEvent& event) {
  return Uuid::derived(0,
                       fmt::format("sdk event\n{}\n{}\n{}", asker.user_id, event.name, *event.id));
}

}  // namespace

std::optional<EventSeed> EventSeed::parse(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  EventSeed seed;
  const auto [end, error] = std::from_chars(text.data(), text.data() + comma, seed.unix_ms);
  if (error != std::errc{} || end != text.data() + comma || seed.unix_ms < 0) return std::nullopt;
  auto entropy = from_base64(text.substr(comma + 1));
  if (!entropy || entropy->size() != kEntropyBytes) return std::nullopt;
  seed.entropy = std::move(*entropy);
  return seed;
}

// The user is in it: nobody can take an id that another's request will have.
Uuid EventSeed::id_of(std::string_view user_id, std::size_t index) const {
  constexpr std::int64_t kMsMax = (std::int64_t{1} << 48) - 1;
  return Uuid::derived(std::min(unix_ms, kMsMax),
                       fmt::format("sdk seed\n{}\n{}\n{}", user_id, to_base64url(entropy), index));
}

Task<Result<std::string>> Ingestion::invoke(Asker asker, std::string slug, Json data) {
  const auto function = engine_.functions.find(bus::function_id(slug, asker.user_id));
  if (function == nullptr) {
    co_return fail(Code::kNotFound, fmt::format("could not find function with ID: {}",
                                                slug.substr(0, valid_utf8_prefix(slug))));
  }
  const auto said = envelope_of(asker);
  auto invoked = co_await engine_.control.invoke(
      {.user_id = said.user_id, .actor = said.actor, .source = said.source, .trace = asker.trace},
      function->id, std::move(data));
  if (!invoked) co_return fail(invoked.error());
  co_return ulid_of(invoked->event_id);
}

Result<events::NewEvent> Ingestion::make(const Asker& asker, Json event,
                                         const std::optional<EventSeed>& seed,
                                         std::size_t index) const {
  auto said = SdkEvent::read(std::move(event));
  if (!said) return fail(said.error());
  auto envelope = envelope_of(asker);
  envelope.metadata = said->metadata();
  events::set_trace(envelope, asker.trace);  // into these
  if (said->ts) envelope.ahead_ms = *said->ts - engine_.runs.world().unix_ms();
  if (said->id) {
    envelope.id = id_of_repeat(asker, *said);
  } else if (seed) {
    envelope.id = seed->id_of(asker.user_id, index);
  }
  return types_.make_open(said->name, said->data.dump(), std::move(envelope));
}

Task<Result<std::vector<std::string>>> Ingestion::append(std::vector<events::NewEvent> events) {
  co_return co_await engine_.runs.database().write([&](db::Tx& tx) {
    std::vector<std::string> ids;
    for (const auto& event : events) {
      const auto appended = engine_.log.append(tx, {.events = {event}});
      if (!tx.ok()) break;
      ids.push_back(ulid_of(appended.events.front()->id));
    }
    return ids;
  });
}

Task<Ingested> Ingestion::ingest(Asker asker, std::vector<Json> events,
                                 std::optional<EventSeed> seed) {
  Ingested done;
  std::vector<events::NewEvent> together;
  std::size_t cost = 0;
  const auto functions = engine_.functions.now();
  RunsOfEvents runs(*functions, asker.user_id);
  for (std::size_t i = 0; i < events.size() && !done.error; ++i) {
    auto event = make(asker, std::move(events[i]), seed, i);
    if (event) {
      cost += 1 + runs.count(event->type());
      together.push_back(std::move(*event));
    } else {
      done.error = event.error();
      done.error->message = fmt::format("The event at {}: {}", i, event.error().message);
    }
    const bool is_end = done.error || i + 1 == events.size() || cost >= kTogetherMax;
    if (!is_end || together.empty()) continue;
    cost = 0;
    auto ids = co_await append(std::exchange(together, {}));
    if (ids) {
      std::ranges::move(*ids, std::back_inserter(done.ids));
    } else {
      done.error = ids.error();
    }
  }
  co_return done;
}

}  // namespace synap::inngest
