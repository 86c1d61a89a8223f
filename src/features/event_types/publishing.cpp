// events.publish and events.readStream.
#include <fmt/format.h>

#include <algorithm>

#include "events/trace.h"
#include "events/types.h"
#include "features/command.h"
#include "features/event_types/event_types.h"
#include "features/event_types/registered.h"
#include "features/events/events.h"
#include "features/procedures.h"

namespace synap::features::event_types {
namespace {

using api::Session;

struct PublishEvent {
  std::string type;
  Json data;
  std::optional<std::string> aggregate_id;
  std::optional<std::int64_t> expected_version;
  std::optional<std::string> idempotency_key;
};
const ObjectSchema<PublishEvent>& describe(Type<PublishEvent>) {
  static const auto schema =
      object<PublishEvent>("PublishEvent")
          .field("type", &PublishEvent::type, name_schema(), "One that you have registered.")
          .field("data", &PublishEvent::data, record(any()), "As the newest version of its schema.")
          .field("aggregateId", &PublishEvent::aggregate_id, string().uuid(),
                 "The thing it is about; its events are of one noun.")
          .field("expectedVersion", &PublishEvent::expected_version, integer().min(0),
                 "Refused with CONFLICT unless the thing has so many events.")
          .field("idempotencyKey", &PublishEvent::idempotency_key, string().min(1).max(200),
                 "Repeating the call with its key gives the first answer again.");
  return schema;
}

struct PublishedEvent {
  std::string event_id;
  std::int64_t position = 0;
  std::optional<std::int64_t> aggregate_version;
};
const ObjectSchema<PublishedEvent>& describe(Type<PublishedEvent>) {
  static const auto schema = object<PublishedEvent>("PublishedEvent")
                                 .field("eventId", &PublishedEvent::event_id, string().uuid())
                                 .field("position", &PublishedEvent::position, integer().min(1),
                                        "Its place in the whole log.")
                                 .field("aggregateVersion", &PublishedEvent::aggregate_version,
                                        integer().min(1), "Its place in its stream.");
  return schema;
}

struct ReadStream {
  std::string aggregate_id;
  std::int64_t from_version = 1;
  std::int64_t limit = 100;
};
const ObjectSchema<ReadStream>& describe(Type<ReadStream>) {
  static const auto schema =
      object<ReadStream>("ReadStream")
          .field("aggregateId", &ReadStream::aggregate_id, string().uuid())
          .field_or("fromVersion", &ReadStream::from_version, integer().min(1), 1,
                    "The nextVersion of the page before.")
          .field_or("limit", &ReadStream::limit, integer().min(1).max(1000), 100);
  return schema;
}

struct StreamPage {
  std::vector<RawJson> events;
  std::optional<std::int64_t> next_version;
};
const ObjectSchema<StreamPage>& describe(Type<StreamPage>) {
  static const auto schema =
      object<StreamPage>("StreamPage")
          .field("events", &StreamPage::events, array(event_views::synap_event_schema()),
                 "In the order of their versions; fewer than the limit where they are large.")
          .field("nextVersion", &StreamPage::next_version, integer().min(2),
                 "Where to go on; absent: there was nothing behind it.");
  return schema;
}

// A stream is of one noun. So nothing that is published gets between the events of a task, whose
// version is the number of its events. Within the transaction: two may publish at a time.
void check_stream(const Rooms& rooms, db::Tx& tx, const Session& session, const Uuid& stream,
                  const std::string& noun) {
  const auto newest = rooms.log.newest(tx, session.tenancy(), stream);
  if (newest == nullptr || newest->aggregate_type == noun) return;
  tx.abort({Code::kBadRequest,
            fmt::format("The stream {} is of \"{}\": events of \"{}\" need another one",
                        stream.to_string(), newest->aggregate_type, noun),
            nullptr});
}

// The streams of registrations have ids that follow from their names, which no clock ever makes.
bool is_derived(const Uuid& id) {
  return std::all_of(id.bytes.begin(), id.bytes.begin() + 6, [](auto byte) { return byte == 0; });
}

class Publisher {
 public:
  explicit Publisher(const Rooms& rooms) : rooms_(rooms) {}

  Task<Result<PublishedEvent>> publish(Session session, PublishEvent input) {
    auto type = co_await find(rooms_, session.user_id(), input.type);
    if (!type) co_return fail(type.error());
    if (!*type) {
      co_return fail(Code::kNotFound, fmt::format("You have registered no event type \"{}\" "
                                                  "(eventTypes.register)",
                                                  input.type));
    }
    auto validator = validators_.of(session.user_id(), **type);
    if (!validator) co_return fail(validator.error());
    auto valid = validator->validate(input.data, "data");

    events::Append append;
    auto envelope = co_await envelope_of(session, input, append);
    if (!envelope) co_return fail(envelope.error());
    if (auto kept = keep_key(session, input, append); !kept) co_return fail(kept.error());
    if (!valid) {
      // It may be the repeat of one that an earlier version of the schema took.
      if (!append.idempotency) co_return fail(valid.error());
      append.decide = [error = valid.error()](db::Tx& tx) { tx.abort(error); };
    }
    auto event = rooms_.types.make_registered(input.type, (*type)->version, input.data.dump(),
                                              std::move(*envelope));
    if (!event) co_return fail(valid ? event.error() : valid.error());
    append.events.push_back(std::move(*event));
    auto appended = co_await rooms_.log.append(std::move(append));
    if (!appended) co_return fail(appended.error());
    const auto& recorded = *appended->events.front();
    PublishedEvent published{recorded.id.to_string(), recorded.position, std::nullopt};
    if (recorded.aggregate_id) published.aggregate_version = recorded.aggregate_version;
    co_return published;
  }

 private:
  Task<Result<events::Envelope>> envelope_of(const Session& session, const PublishEvent& input,
                                             events::Append& append) {
    events::Envelope envelope;
    envelope.user_id = session.user_id();
    envelope.source = session.actor->source;
    envelope.actor = session.actor->recorded;
    set_cause(envelope, session);
    events::set_trace(envelope, session.trace);
    if (!input.aggregate_id) {
      if (!input.expected_version) co_return envelope;
      co_return fail(Code::kBadRequest, "expectedVersion is of a stream: it needs an aggregateId");
    }
    const Uuid stream = Uuid::parse(*input.aggregate_id).value_or(Uuid{});
    envelope.aggregate_id = stream;
    envelope.aggregate_type = noun_of(input.type);
    if (is_derived(stream)) {
      co_return fail(Code::kBadRequest,
                     "An aggregateId begins with a time: make a UUID, version 7");
    }
    append.decide = [this, session, stream, noun = envelope.aggregate_type](db::Tx& tx) {
      check_stream(rooms_, tx, session, stream, noun);
    };
    if (input.expected_version) append.expectations.push_back({stream, *input.expected_version});
    co_return envelope;
  }

  static Result<> keep_key(const Session& session, const PublishEvent& input,
                           events::Append& append) {
    auto key = idempotency_of(session, input.idempotency_key);
    if (!key) return fail(key.error());
    if (key->empty()) return {};
    PublishEvent asked = input;
    asked.idempotency_key.reset();
    // The first answer is made of the first event, so none is kept.
    append.idempotency = {*std::move(key), sha256("events.publish\n" + json_text(asked)), "null"};
    return {};
  }

  const Rooms& rooms_;
  Validators validators_;
};

Task<Result<StreamPage>> read_stream(const Rooms& rooms, Session session, ReadStream input) {
  const Uuid stream = Uuid::parse(input.aggregate_id).value_or(Uuid{});
  // One more than is shown, to know whether there is one.
  auto events = co_await rooms.log.read_stream(session.tenancy(), stream, input.from_version,
                                               static_cast<int>(input.limit) + 1);
  if (!events) co_return fail(events.error());
  if (events->empty() && input.from_version == 1) {
    co_return fail(Code::kNotFound, "You have no such stream");
  }
  StreamPage page;
  for (const auto& event : *events) {
    if (page.events.size() == static_cast<std::size_t>(input.limit)) break;
    page.events.push_back({rooms.types.shown(event)->json()});
    page.next_version = event->aggregate_version + 1;
  }
  // A page may end early because its events are large: then the next one tells.
  if (page.next_version && events->size() == page.events.size()) {
    auto more = co_await rooms.log.read_stream(session.tenancy(), stream, *page.next_version, 1);
    if (!more) co_return fail(more.error());
    if (more->empty()) page.next_version.reset();
  }
  co_return page;
}

}  // namespace

void add_publishing(const Rooms& rooms) {
  auto publisher = std::make_shared<Publisher>(rooms);
  api::add_mutation<PublishEvent, PublishedEvent>(
      rooms.procedures, "events.publish",
      {.summary = "Record an event of a type that you have registered.",
       .effects = rpc::Effects::kAppends,
       .errors = {{Code::kBadRequest, "The data do not fit the schema of their type."},
                  {Code::kNotFound, "You have registered no such type, or have no such stream."},
                  {Code::kConflict, "The stream has not the expectedVersion."}},
       .keeps_idempotency_keys = true,
       .reach = rpc::Reach::kPod},
      [publisher](Session session, PublishEvent input) {
        return publisher->publish(std::move(session), std::move(input));
      });
  add_query(rooms, "events.readStream",
            {.summary = "What happened to one thing, version by version.",
             .errors = {{Code::kNotFound, "You have no such stream."}},
             .reach = rpc::Reach::kPod},
            read_stream);
}

void add(const Rooms& rooms) {
  add_registration(rooms);
  add_publishing(rooms);
}

}  // namespace synap::features::event_types
