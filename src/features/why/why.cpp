#include "features/why/why.h"

#include <fmt/format.h>

#include "agents/agent_events.h"
#include "base/clock.h"
#include "base/text.h"
#include "events/damage.h"
#include "events/reason.h"
#include "features/chat/chat.h"
#include "features/procedures.h"
#include "features/why/decision.h"

namespace synap::features::why {
namespace {

using api::Session;
using events::EventRef;

// Who is further away than this is not told: a cause of a cause of a hundred others.
constexpr std::size_t kLinksMax = 100;
constexpr std::size_t kTextMax = 500;
// The events of one command that concern one thing.
constexpr int kEventsOfCommandMax = 100;
constexpr std::string_view kProposal = "proposal";  // the aggregate of events on one

struct AskWhy {
  std::string entity_id;
  std::optional<std::int64_t> version;
};
const ObjectSchema<AskWhy>& describe(Type<AskWhy>) {
  static const auto schema = object<AskWhy>("AskWhy")
                                 .field("entityId", &AskWhy::entity_id, string().uuid())
                                 .field("version", &AskWhy::version, integer().min(1),
                                        "As it was made. Absent: the present one.");
  return schema;
}

/// A version of a thing, and the command that made it.
struct Made {
  std::string entity_type;
  std::int64_t version = 0;
  std::optional<Uuid> request_id;
};

// One look by the primary key of each noun; nothing: it is none of theirs, or deleted.
std::optional<Made> find_made(db::Tx& tx, const AllNouns& nouns, const Uuid& id,
                              std::optional<std::int64_t> version) {
  for (const auto& noun : nouns.entries()) {
    const auto& [name, plural] = std::tie(noun.name, noun.plural);
    auto present =
        tx.query(fmt::format("SELECT version, request_id FROM {} WHERE id = $1", plural), id);
    if (!present.next()) continue;
    Made made{name, present.integer(0), present.uuid(1)};
    if (!version || *version == made.version) return made;
    auto past = tx.query(
        fmt::format("SELECT request_id FROM {}_versions WHERE entity = $1 AND version = $2", name),
        id, *version);
    if (!past.next()) {
      tx.abort({Code::kNotFound, fmt::format("There is no such version of a {} of yours", name)});
      return std::nullopt;
    }
    return Made{name, *version, past.uuid(0)};
  }
  return std::nullopt;
}

bool is_completed(const EventRef& event) {
  return event->type.ends_with(".completed");
}

// The event by which a command made this version.
Task<Result<EventRef>> event_of(const Rooms& rooms, const Session& session, Uuid id, Made made) {
  events::Filter filter{.limit = kEventsOfCommandMax, .aggregate_id = id};
  filter.request_id = made.request_id;
  filter.order = events::Order::kNewestFirst;
  auto page = co_await rooms.log.read(session.tenancy(), std::move(filter));
  if (!page) co_return fail(page.error());
  EventRef last;
  for (const auto& event : page->events) {
    if (!is_completed(event)) continue;
    auto data = parse_json(event->data);
    const Json* version = data ? data->find("version") : nullptr;
    if (version != nullptr && *version == Json(made.version)) co_return event;
    if (last == nullptr) last = event;
  }
  if (last == nullptr) co_return fail(Code::kNotFound, "The log has no event of this version");
  co_return last;
}

// What became last of something that is no thing any more, or never was one of a noun.
Task<Result<EventRef>> last_event(const Rooms& rooms, const Session& session, Uuid id) {
  events::Filter filter{.limit = 1, .aggregate_id = id};
  filter.order = events::Order::kNewestFirst;
  auto page = co_await rooms.log.read(session.tenancy(), std::move(filter));
  if (!page) co_return fail(page.error());
  if (page->events.empty()) co_return fail(Code::kNotFound, "There is nothing of yours of this id");
  co_return page->events.front();
}

// A proposal and what is decided on it have it in their data.
std::optional<std::string> reason_said(const events::Event& event) {
  if (event.is_damaged()) return std::nullopt;
  if (event.aggregate_type != kProposal) return events::reason_of(event);
  const auto data = parse_json(event.data);
  const Json* reason = data ? data->find("reason") : nullptr;
  if (reason == nullptr || !reason->is_string()) return events::reason_of(event);
  return reason->as_string();
}

Link link_of(const events::Event& event) {
  Link link{.kind = "event",
            .id = event.id.to_string(),
            .name = event.type,
            .at = to_iso8601(event.timestamp),
            .position = event.position,
            .source = std::string(events::source_name(event.source))};
  if (event.is_damaged()) link.is_damaged = true;
  link.reason = reason_said(event);
  if (event.actor && event.actor->kind == events::Actor::Kind::kKey) link.key = event.actor->id;
  if (event.type != chat::kMessageCreated.name || event.is_damaged()) return link;
  link.kind = "message";
  if (const auto data = parse_json(event.data)) {
    link.name = std::string(data->string_or("role", ""));
    link.text = shortened(data->string_or("text", ""), kTextMax);
  }
  return link;
}

Task<Result<Link>> run_of(const Rooms& rooms, const Session& session, std::string id) {
  Link link{.kind = "run", .id = std::move(id)};
  const auto run = Uuid::parse(link.id);
  if (!run) co_return link;
  auto found = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    auto rows = tx.query("SELECT function, created_at FROM runs WHERE id = $1", *run);
    if (!rows.next()) return;  // it was not kept
    link.name = rows.text(0);
    link.at = to_iso8601(rows.integer(1));
  });
  if (!found) co_return fail(found.error());
  co_return link;
}

// The event that led to this one; none: it began by itself, or by what another user did.
Task<Result<EventRef>> cause_of(const Rooms& rooms, const Session& session,
                                const events::Event& event) {
  if (!event.causation_id) co_return EventRef();
  auto cause = co_await rooms.log.find(session.tenancy(), *event.causation_id);
  if (!cause && cause.error().code == Code::kNotFound) co_return EventRef();
  if (cause && (*cause)->position >= event.position) co_return EventRef();
  co_return cause;
}

bool is_of_a_person(const events::Event& message) {
  if (message.is_damaged()) return true;
  const auto data = parse_json(message.data);
  return !data || data->string_or("role", "") == "user";
}

// A message that was answered once more: the answer is asked for, and the message is not sent.
Task<Result<EventRef>> message_before(const Rooms& rooms, const Session& session,
                                      const events::Event& asked) {
  const auto data = parse_json(asked.data);
  const auto* input = data ? data->find("input") : nullptr;
  const auto id = input != nullptr ? Uuid::parse(input->string_or("messageId", "")) : std::nullopt;
  if (!id) co_return EventRef();
  auto position = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    auto rows = tx.query("SELECT position FROM chat_messages WHERE id = $1", *id);
    return rows.next() ? rows.integer(0) : 0;
  });
  if (!position) co_return fail(position.error());
  if (*position == 0) co_return EventRef();
  events::Filter filter{.after = *position - 1, .limit = 1};
  filter.before = *position + 1;
  auto page = co_await rooms.log.read(session.tenancy(), std::move(filter));
  if (!page) co_return fail(page.error());
  co_return page->events.empty() ? EventRef() : page->events.front();
}

// The message that a run of the chat answers: it was sent with the run, and so is no cause of it.
Task<Result<EventRef>> message_of(const Rooms& rooms, const Session& session,
                                  const events::Event& asked) {
  if (asked.type != agents::kRunRequested.name || !asked.request_id) co_return EventRef();
  events::Filter filter{.limit = 1, .types = {std::string(chat::kMessageCreated.name)}};
  filter.request_id = asked.request_id;
  auto page = co_await rooms.log.read(session.tenancy(), std::move(filter));
  if (!page) co_return fail(page.error());
  if (page->events.empty() || is_of_a_person(*page->events.front())) {
    co_return page->events.empty() ? EventRef() : page->events.front();
  }
  co_return co_await message_before(rooms, session, asked);
}

Link actor_of(const events::Actor& actor) {
  return {.kind = "actor",
          .id = actor.id,
          .name = std::string(events::actor_kind_name(actor.kind)),
          .on_behalf_of = actor.on_behalf_of};
}

// From an event to its cause, and so on.
Task<Result<bool>> walk(const Rooms& rooms, const Session& session, EventRef at,
                        std::vector<Link>& links) {
  using Kind = events::Actor::Kind;
  while (links.size() < kLinksMax) {
    links.push_back(link_of(*at));
    auto message = co_await message_of(rooms, session, *at);
    if (!message) co_return fail(message.error());
    if (*message != nullptr) links.push_back(link_of(**message));
    auto cause = co_await cause_of(rooms, session, *at);
    if (!cause) co_return fail(cause.error());
    if (*cause == nullptr) {
      if (at->actor) links.push_back(actor_of(*at->actor));
      co_return true;
    }
    if (at->actor && at->actor->kind == Kind::kRun) {
      auto run = co_await run_of(rooms, session, at->actor->id);
      if (!run) co_return fail(run.error());
      links.push_back(std::move(*run));
    }
    if (at->actor && at->actor->kind == Kind::kAgent &&
        (*cause)->type == agents::kRunRequested.name) {
      auto decided = co_await decision(rooms, session.user_id(), at, *cause);
      if (!decided) co_return fail(decided.error());
      for (auto& link : *decided) links.push_back(std::move(link));
    }
    at = std::move(*cause);
  }
  co_return false;
}

Task<Result<Why>> why(const Rooms& rooms, Session session, AskWhy input) {
  const auto id = Uuid::parse(input.entity_id).value_or(Uuid{});
  auto made = co_await rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    return find_made(tx, *rooms.nouns, id, input.version);
  });
  if (!made) co_return fail(made.error());
  if (!*made && input.version) {
    co_return fail(Code::kNotFound, "There is no such version of a thing of yours");
  }
  auto event = *made ? co_await event_of(rooms, session, id, **made)
                     : co_await last_event(rooms, session, id);
  if (!event) co_return fail(event.error());
  Why why{.entity_id = input.entity_id};
  if (*made) why.version = (*made)->version;
  if (!(*event)->aggregate_type.empty()) why.entity_type = (*event)->aggregate_type;
  auto is_whole = co_await walk(rooms, session, *event, why.links);
  if (!is_whole) co_return fail(is_whole.error());
  if (!*is_whole) why.is_cut = true;
  co_return why;
}

}  // namespace

void add(const Rooms& rooms) {
  add_query(rooms, "events.why",
            {.summary = "What led to a version of a thing, back to who began it.",
             .docs = "From the event that made the version to its cause, and on: runs, the step of "
                     "an agent's run that wrote it, the model that asked for that, what the run "
                     "had read, the message that it answered. Of what is deleted: what deleted it. "
                     "Steps are there as long as their runs are kept.",
             .errors = {{Code::kNotFound, "You have no such thing, or it no such version."}},
             .reach = rpc::Reach::kPod},
            why);
}

}  // namespace synap::features::why
