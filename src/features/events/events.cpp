#include "features/events/events.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "base/clock.h"
#include "base/crypto.h"
#include "events/damage.h"
#include "features/procedures.h"

namespace synap::features::event_views {
namespace {

using api::Session;

constexpr int kWatchPage = 256;
constexpr std::size_t kTypesMax = 100;
constexpr const char* kWatchStarted = "events.watch.started";

std::vector<std::string> source_names() {
  using enum events::Source;
  std::vector<std::string> names;
  for (const auto source : {kApi, kAgent, kAutomation, kSync, kMigration, kSystem, kIntelligence}) {
    names.emplace_back(events::source_name(source));
  }
  return names;
}

StringSchema type_schema() {
  return string().min(1).max(events::kEventTypeCharactersMax);
}

// What events.list and events.watch can be asked for alike.
struct EventFilter {
  std::optional<std::vector<std::string>> types;
  std::optional<std::string> aggregate_id;
  std::optional<std::string> correlation_id;
  std::optional<std::string> request_id;
  std::optional<std::string> user_id;
  std::optional<std::string> source;
  std::optional<std::string> actor;
};

bool is_type_pattern(std::string_view text) {
  const auto star = text.find('*');
  if (star == std::string_view::npos) return true;
  return star + 1 == text.size() && (star == 0 || text[star - 1] == '.');
}

template <class T>
void add_filter_fields(ObjectSchema<T>& schema) {
  const auto of_filter = []<class M>(M EventFilter::* member) -> M T::* { return member; };
  schema
      .field("types", of_filter(&EventFilter::types),
             array(type_schema().pattern(R"(^([^*]*|([^*]*\.)?\*)$)", is_type_pattern,
                                         "a type, as note.creation.completed or note.*"))
                 .max(kTypesMax),
             "Only events of these types; note.* is all that begin with \"note.\".")
      .field("aggregateId", of_filter(&EventFilter::aggregate_id), string().uuid())
      .field("correlationId", of_filter(&EventFilter::correlation_id), string().uuid())
      .field("requestId", of_filter(&EventFilter::request_id), string().uuid(),
             "Only events that follow from this command.")
      .field("userId", of_filter(&EventFilter::user_id), string().min(1).max(128),
             "Only events of this user. Everybody is told their own alone: of another there are "
             "none, which is answered without a look at the log.")
      .field("source", of_filter(&EventFilter::source), one_of(source_names()),
             "Only events that came into the pod this way.")
      .field("actor", of_filter(&EventFilter::actor), string().min(1).max(128),
             "Only what this key, run or agent did: its id.");
}

events::Filter filter_of(EventFilter input) {
  events::Filter filter;
  filter.types = std::move(input.types).value_or(std::vector<std::string>{});
  if (input.aggregate_id) filter.aggregate_id = Uuid::parse(*input.aggregate_id);
  if (input.correlation_id) filter.correlation_id = Uuid::parse(*input.correlation_id);
  if (input.request_id) filter.request_id = Uuid::parse(*input.request_id);
  if (input.source) filter.source = events::source_by_name(*input.source);
  filter.actor = std::move(input.actor);
  return filter;
}

// Whose events nobody but they themselves may see (events::Tenancy).
bool asks_for_another(const Session& session, const EventFilter& input) {
  return input.user_id && *input.user_id != session.user_id();
}

struct ListEvents : EventFilter {
  std::int64_t after = 0;
  std::optional<std::int64_t> before;
  std::string order = "asc";
  std::int64_t limit = 100;
  std::optional<std::string> from;
  std::optional<std::string> to;
};
const ObjectSchema<ListEvents>& describe(Type<ListEvents>) {
  static const auto schema = [] {
    auto list = object<ListEvents>("ListEvents");
    list.field_or("after", &ListEvents::after, integer().min(0), 0,
                  "Only events at greater positions: the nextAfter of the page before.")
        .field("before", &ListEvents::before, integer().min(1),
               "Only events at smaller positions: the nextBefore of the page before.")
        .field_or("order", &ListEvents::order, one_of({"asc", "desc"}), "asc",
                  "asc: the oldest first. desc: the newest first.")
        .field_or("limit", &ListEvents::limit, integer().min(1).max(1000), 100);
    add_filter_fields(list);
    list.field("from", &ListEvents::from, string().datetime(),
               "Only events of this time or later. The times of events grow with their positions; "
               "one may be missed that a clock put more than a minute off from its neighbours.")
        .field("to", &ListEvents::to, string().datetime(), "Only events before this time.");
    return list;
  }();
  return schema;
}

struct EventList {
  std::vector<RawJson> events;
  std::int64_t next_after = 0;
  std::optional<std::int64_t> next_before;
  bool at_end = false;
};
const ObjectSchema<EventList>& describe(Type<EventList>) {
  static const auto schema =
      object<EventList>("EventList")
          .field("events", &EventList::events, array(synap_event_schema()),
                 "In the order asked for.")
          .field("nextAfter", &EventList::next_after, integer(),
                 "asc: everything up to this position has been looked at. desc: the last position "
                 "that there was to be looked at; whoever watches from it misses nothing.")
          .field("nextBefore", &EventList::next_before, integer(),
                 "desc: everything from this position on has been looked at.")
          .field("atEnd", &EventList::at_end, boolean(),
                 "There was nothing further. A page may be empty and not at the end.");
  return schema;
}

struct LogHead {
  std::int64_t position = 0;
  std::string hash;
};
const ObjectSchema<LogHead>& describe(Type<LogHead>) {
  static const auto schema =
      object<LogHead>("LogHead")
          .field("position", &LogHead::position, integer().min(0), "The last one; 0: no events.")
          .field("hash", &LogHead::hash, string(),
                 "The link of the hash chain there, hexadecimal: it commits to every event.");
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

struct WatchEvents : EventFilter {
  std::optional<std::string> last_event_id;
};
const ObjectSchema<WatchEvents>& describe(Type<WatchEvents>) {
  static const auto schema = [] {
    auto watch = object<WatchEvents>("WatchEvents");
    add_filter_fields(watch);
    watch.field("lastEventId", &WatchEvents::last_event_id, string().nullish(),
                "Go on behind this position. Absent: begin with what happens from now on, and be "
                "told first where that is.");
    return watch;
  }();
  return schema;
}

// As if all had been looked at.
EventList nothing(std::int64_t end, bool is_down) {
  EventList list;
  list.next_after = end;
  if (is_down) list.next_before = 1;
  list.at_end = true;
  return list;
}

Task<Result<EventList>> list(const Rooms& rooms, Session session, ListEvents input) {
  const bool is_down = input.order == "desc";
  if (asks_for_another(session, input)) co_return nothing(rooms.log.end().value(), is_down);
  auto filter = filter_of(input);
  filter.after = input.after;
  if (input.before) filter.before = *input.before;
  if (is_down) filter.order = events::Order::kNewestFirst;
  filter.limit = static_cast<int>(input.limit);
  if (input.from) filter.from = parse_iso8601(*input.from);
  if (input.to) filter.to = parse_iso8601(*input.to);
  auto page = co_await rooms.log.read(session.tenancy(), std::move(filter));
  if (!page) co_return fail(page.error());
  EventList list;
  list.next_after = page->next_after;
  if (is_down) list.next_before = page->next_before;
  list.at_end = page->is_at_end;
  for (const auto& event : page->events) {
    list.events.push_back({rooms.types.shown(event)->json()});
  }
  co_return list;
}

Task<Result<LogHead>> head(const Rooms& rooms, Session) {
  auto head = co_await rooms.log.head();
  if (!head) co_return fail(head.error());
  co_return LogHead{head->position, to_hex(head->link)};
}

Task<Result<RawJson>> get(const Rooms& rooms, Session session, GetEvent input) {
  auto event = co_await rooms.log.find(session.tenancy(), Uuid::parse(input.id).value_or(Uuid{}));
  if (!event) co_return fail(event.error());
  if ((*event)->is_damaged()) co_return fail(events::damaged(**event));
  co_return RawJson{rooms.types.shown(*event)->json()};
}

// Where a watcher goes on; `end` is where the log does.
Result<std::int64_t> first_position(const WatchEvents& input, std::int64_t end) {
  if (!input.last_event_id) return end;
  const auto& text = *input.last_event_id;
  std::int64_t position = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), position);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || position < 0) {
    return fail(Code::kBadRequest, "lastEventId is the position of an event: a whole number");
  }
  return position;
}

// A position that was never reached is a mistake, or of another pod, or of this one before it was
// restored: going on from there would skip what comes. Whoever asks for the head of the log may be
// told of events before those who wait for its end are, so the head is asked before one is refused.
Task<Result<>> check_reached(events::EventLog& log, std::int64_t position) {
  if (position <= log.end().value()) co_return Result<>{};
  const auto head = co_await log.head();
  if (!head) co_return fail(head.error());
  if (position <= head->position) co_return Result<>{};
  co_return fail(Code::kBadRequest, fmt::format("lastEventId {} is beyond the end of the log, {}",
                                                position, head->position));
}

// Says where a stream begins, to clients that did not say it themselves. Those of tRPC and a plain
// EventSource resume by the id of the last item they have had: without this one, what happened
// while a connection was lost before its first event would be missed. It must be an item like any
// other, since they keep no other id; and it looks like an event, whose type nobody asks for, since
// typed callers take every item for one.
rpc::Item started_item(const Session& session, std::int64_t position) {
  const auto id = Uuid::v7();
  return {std::to_string(position), Json::object({{"id", id.to_string()},
                                                  {"version", "v1"},
                                                  {"type", kWatchStarted},
                                                  {"dataVersion", 1},
                                                  {"data", Json::object()},
                                                  {"userId", session.user_id()},
                                                  {"source", "system"},
                                                  {"timestamp", to_iso8601(id.unix_ms())},
                                                  {"position", position}})
                                        .dump()};
}

rpc::Items watch(const Rooms& rooms, Session session, WatchEvents input,
                 Result<std::int64_t> from) {
  if (!from) co_return fail(from.error());
  if (auto reached = co_await check_reached(rooms.log, *from); !reached) {
    co_return fail(reached.error());
  }
  if (!input.last_event_id) co_yield started_item(session, *from);
  if (asks_for_another(session, input)) {
    // Nothing ever comes, and the stream is open all the same.
    co_await rooms.log.end().wait_past(std::numeric_limits<std::int64_t>::max(), session.stop);
    co_return rpc::Text{};
  }
  auto filter = filter_of(input);
  filter.after = *from;
  filter.limit = kWatchPage;
  while (!session.stop.stop_requested()) {
    auto page = co_await rooms.log.read(session.tenancy(), filter);
    if (!page) co_return fail(page.error());
    for (const auto& event : page->events) {
      co_yield rpc::Item{std::to_string(event->position), rooms.types.shown(event)->json()};
    }
    filter.after = page->next_after;
    co_await rooms.log.end().wait_past(filter.after, session.stop);
  }
  co_return rpc::Text{};
}

Schema actor_schema() {
  static const auto schema =
      object("Actor")
          .field("key", optional(string()), "The API key that called.")
          .field("run", optional(string()), "The run that did the work.")
          .field("agent", optional(string()), "The agent that decided.")
          .field("onBehalfOf", optional(string()), "The user whom the actor stands for.");
  return schema;
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
          .field("dataVersion", integer().min(1), "Of the shape of the data.")
          .field("data", record(any()), "As the schema of its type says.")
          .field("erased", optional(boolean()), "True: the data were erased, for good.")
          .field("damaged", optional(boolean()),
                 "True: what is stored is not what was recorded. data is {}, metadata is absent, "
                 "and of the header there is what could be read.")
          .field("metadata", optional(record(any())))
          .field("userId", string())
          .field("source", one_of(source_names()))
          .field("actor", optional(actor_schema()), "Who acted; absent: the pod itself.")
          .field("timestamp", string().datetime())
          .field("correlationId", optional(string().uuid()), "Shared by all that has one cause.")
          .field("causationId", optional(string().uuid()), "The event that led to this one.")
          .field("requestId", optional(string().uuid()), "The command that led to this one.")
          .field("position", integer().min(1), "Its place in the whole log.")
          .field("aggregateVersion", optional(integer().min(1)), "Its place in its stream.");
  return schema;
}

void add(const Rooms& rooms) {
  add_query(
      rooms, "events.list",
      {.summary = "What happened, page by page, the oldest first or the newest.",
       .docs =
           "Nothing is missed between two pages, whatever happens meanwhile. A filter that "
           "matches little may end a page before it is full: go on until atEnd. An event that is "
           "damaged on disk is there, marked as damaged, with empty data.",
       .reach = rpc::Reach::kPod},
      list);
  add_query(
      rooms, "events.head",
      {.summary =
           "The end of the log and its hash, to be kept elsewhere as a proof of all before it.",
       .reach = rpc::Reach::kPod},
      head);
  add_query(rooms, "events.get",
            {.summary = "One event.",
             .errors = {{Code::kNotFound, "You have no such event."},
                        {Code::kInternalServerError,
                         "It is damaged: details has reason EVENT_DAMAGED, position and id."}},
             .reach = rpc::Reach::kPod},
            get, synap_event_schema());
  api::add_subscription<WatchEvents, RawJson>(
      rooms.procedures, "events.watch",
      {.summary = "What happens, live.",
       .docs = "The id of each item is the event's position: resume with it and nothing is missed "
               "and nothing comes twice. Without lastEventId the first item is no event that "
               "happened: its type is events.watch.started, whichever types were asked for, its "
               "data are empty, and its id and position are where the stream begins, so that "
               "clients which resume by the last id they saw miss nothing from the start."},
      [&rooms](Session session, WatchEvents input) {
        auto from = first_position(input, rooms.log.end().value());
        return watch(rooms, std::move(session), std::move(input), std::move(from));
      },
      synap_event_schema());
}

}  // namespace synap::features::event_views
