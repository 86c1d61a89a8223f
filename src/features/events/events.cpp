#include "features/events/events.h"

#include <fmt/format.h>

#include <charconv>

#include "api/procedures.h"

namespace synap::features::event_views {
namespace {

using api::Session;

constexpr int kWatchPage = 256;
constexpr std::size_t kTypesMax = 100;

StringSchema type_schema() {
  return string().min(1).max(events::kEventTypeCharactersMax);
}

struct ListEvents {
  std::int64_t after = 0;
  std::int64_t limit = 100;
  std::optional<std::vector<std::string>> types;
  std::optional<std::string> aggregate_id;
  std::optional<std::string> correlation_id;
};
const ObjectSchema<ListEvents>& describe(Type<ListEvents>) {
  static const auto schema =
      object<ListEvents>("ListEvents")
          .field_or("after", &ListEvents::after, integer().min(0), 0,
                    "Only events at greater positions: the nextAfter of the page before.")
          .field_or("limit", &ListEvents::limit, integer().min(1).max(1000), 100)
          .field("types", &ListEvents::types, array(type_schema()).max(kTypesMax),
                 "Only events of these types.")
          .field("aggregateId", &ListEvents::aggregate_id, string().uuid())
          .field("correlationId", &ListEvents::correlation_id, string().uuid());
  return schema;
}

struct EventList {
  std::vector<RawJson> events;
  std::int64_t next_after = 0;
};
const ObjectSchema<EventList>& describe(Type<EventList>) {
  static const auto schema =
      object<EventList>("EventList")
          .field("events", &EventList::events, array(synap_event_schema()), "The oldest first.")
          .field("nextAfter", &EventList::next_after, integer(),
                 "Everything up to this position has been looked at.");
  return schema;
}

struct GetEvent {
  std::string id;
};
const ObjectSchema<GetEvent>& describe(Type<GetEvent>) {
  static const auto schema =
      object<GetEvent>("GetEvent").field("id", &GetEvent::id, string().uuid());
  return schema;
}

struct WatchEvents {
  std::optional<std::vector<std::string>> types;
  std::optional<std::string> request_id;
  std::optional<std::string> last_event_id;
};
const ObjectSchema<WatchEvents>& describe(Type<WatchEvents>) {
  static const auto schema =
      object<WatchEvents>("WatchEvents")
          .field("types", &WatchEvents::types, array(type_schema()).max(kTypesMax),
                 "Only events of these types.")
          .field("requestId", &WatchEvents::request_id, string().uuid(),
                 "Only events that follow from this command.")
          .field("lastEventId", &WatchEvents::last_event_id, string().nullish(),
                 "Go on behind this position. Absent: begin with what happens from now on.");
  return schema;
}

Task<Result<EventList>> list(const Rooms& rooms, Session session, ListEvents input) {
  events::Filter filter;
  filter.after = input.after;
  filter.limit = static_cast<int>(input.limit);
  filter.types = std::move(input.types).value_or(std::vector<std::string>{});
  if (input.aggregate_id) filter.aggregate_id = Uuid::parse(*input.aggregate_id);
  if (input.correlation_id) filter.correlation_id = Uuid::parse(*input.correlation_id);
  auto page = co_await rooms.log.read(session.scope(), std::move(filter));
  if (!page) co_return fail(page.error());
  EventList list;
  list.next_after = page->next_after;
  for (const auto& event : page->events) list.events.push_back({event->json()});
  co_return list;
}

Task<Result<RawJson>> get(const Rooms& rooms, Session session, GetEvent input) {
  auto event = co_await rooms.log.find(session.scope(), Uuid::parse(input.id).value_or(Uuid{}));
  if (!event) co_return fail(event.error());
  co_return RawJson{(*event)->json()};
}

// Where a watcher goes on. A position that was never reached is a mistake, or of another pod, or of
// this one before it was restored: going on from there would skip what comes.
Result<std::int64_t> first_position(events::EventLog& log, const WatchEvents& input) {
  const auto end = log.end().value();
  if (!input.last_event_id) return end;
  const auto& text = *input.last_event_id;
  std::int64_t position = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), position);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || position < 0) {
    return fail(Code::kBadRequest, "lastEventId is the position of an event: a whole number");
  }
  if (position > end) {
    return fail(Code::kBadRequest,
                fmt::format("lastEventId {} is beyond the end of the log, {}", position, end));
  }
  return position;
}

rpc::Items watch(const Rooms& rooms, Session session, WatchEvents input,
                 Result<std::int64_t> from) {
  if (!from) co_return fail(from.error());
  events::Filter filter;
  filter.after = *from;
  filter.limit = kWatchPage;
  filter.types = std::move(input.types).value_or(std::vector<std::string>{});
  if (input.request_id) filter.request_id = Uuid::parse(*input.request_id);
  while (!session.stop.stop_requested()) {
    auto page = co_await rooms.log.read(session.scope(), filter);
    if (!page) co_return fail(page.error());
    for (const auto& event : page->events) {
      co_yield rpc::Item{std::to_string(event->position), event->json()};
    }
    filter.after = page->next_after;
    co_await rooms.log.end().wait_past(filter.after, session.stop);
  }
  co_return rpc::Text{};
}

}  // namespace

Schema synap_event_schema() {
  static const auto schema =
      object("SynapEvent")
          .field("id", string().uuid(), "UUIDv7.")
          .field("version", literal("v1"), "Of this shape.")
          .field("type", type_schema(), "<noun>.<action>.requested|completed|failed")
          .field("aggregateId", optional(string().uuid()), "The thing it is about.")
          .field("aggregateType", optional(string()))
          .field("data", record(any()), "As the schema of its type says.")
          .field("metadata", optional(record(any())))
          .field("userId", string())
          .field("source", one_of({"api", "agent", "automation", "sync", "migration", "system",
                                   "intelligence"}))
          .field("timestamp", string().datetime())
          .field("correlationId", optional(string().uuid()), "Shared by all that has one cause.")
          .field("causationId", optional(string().uuid()), "The event that led to this one.")
          .field("requestId", optional(string().uuid()), "The command that led to this one.")
          .field("position", integer().min(1), "Its place in the whole log.")
          .field("aggregateVersion", optional(integer().min(1)), "Its place in its stream.");
  return schema;
}

void add(const Rooms& rooms) {
  api::add_query<ListEvents, EventList>(rooms.procedures, "events.list",
                                        "What happened, the oldest first, page by page.",
                                        [&rooms](Session session, ListEvents input) {
                                          return list(rooms, std::move(session), std::move(input));
                                        });
  api::add_query<GetEvent, RawJson>(
      rooms.procedures, "events.get", "One event.",
      [&rooms](Session session, GetEvent input) {
        return get(rooms, std::move(session), std::move(input));
      },
      synap_event_schema());
  api::add_subscription<WatchEvents, RawJson>(
      rooms.procedures, "events.watch",
      "What happens, live. The id of each item is the event's position: resume with it and nothing "
      "is missed and nothing comes twice.",
      [&rooms](Session session, WatchEvents input) {
        auto from = first_position(rooms.log, input);
        return watch(rooms, std::move(session), std::move(input), std::move(from));
      },
      synap_event_schema());
}

}  // namespace synap::features::event_views
