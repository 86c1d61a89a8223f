// What a user is told of one thing: get and history.
#include <fmt/format.h>

#include <algorithm>

#include "agents/agent_events.h"
#include "base/clock.h"
#include "events/reason.h"
#include "features/noun/noun_parts.h"

namespace synap::features {
namespace {

using api::Session;
// The outermost kind alone: what is inside was looked at when it came in.
bool is_of_kind(const SchemaNode& schema, const Json& value) {
  switch (schema.kind) {
    case SchemaKind::kBoolean:
      return value.is_bool();
    case SchemaKind::kNumber:
    case SchemaKind::kInteger:
      return value.is_number();
    case SchemaKind::kString:
    case SchemaKind::kEnum:
      return value.is_string();
    case SchemaKind::kArray:
      return value.is_array() && std::ranges::all_of(value.as_array(), [&](const Json& item) {
               return is_of_kind(*schema.inner, item);
             });
    case SchemaKind::kObject:
    case SchemaKind::kRecord:
      return value.is_object();
    default:
      return true;
  }
}

Json empty_value(const SchemaNode& schema) {
  switch (schema.kind) {
    case SchemaKind::kBoolean:
      return false;
    case SchemaKind::kNumber:
    case SchemaKind::kInteger:
      return 0;
    case SchemaKind::kString:
      return "";
    case SchemaKind::kEnum:
      return schema.values.empty() ? Json("") : Json(schema.values.front());
    case SchemaKind::kArray:
      return Json::array();
    case SchemaKind::kObject:
    case SchemaKind::kRecord:
      return Json::object();
    default:
      return nullptr;
  }
}

// So that whoever reads a list of them meets no field that is absent against its schema.
Json empty_values(const SchemaNode& fields) {
  Json values = Json::object();
  for (const auto& field : fields.fields) {
    if (field.presence != SchemaField::Presence::kRequired) continue;
    values.as_object().emplace_back(field.name, empty_value(*field.schema));
  }
  return values;
}

using Take = UntypedObjectSchema::Take;

constexpr auto kColumns = "version, created_at, updated_at, source, request_id, data";

// As thing_columns(), of a version of the past, whose preview nobody asks for.
std::string past_columns(const NounParts& parts) {
  std::string columns = kColumns;
  if (parts.options.text) columns += ", '', file_path, file_size, checksum";
  return columns;
}

// The present version is the thing's row, those of the past have rows of their own.
Task<Result<std::vector<Thing>>> versions_up_to(const NounParts& parts, const Session& session,
                                                Uuid id, std::int64_t last, std::int64_t limit) {
  co_return co_await parts.rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    std::vector<Thing> versions;
    const auto sql = fmt::format(
        "SELECT {} FROM {} WHERE id = $1 AND version <= $2 UNION ALL SELECT {} FROM {}_versions "
        "WHERE entity = $1 AND version <= $2 ORDER BY version DESC LIMIT $3",
        thing_columns(parts), parts.options.plural, past_columns(parts), parts.options.name);
    auto rows = tx.query(sql, id, last, limit);
    while (rows.next()) versions.push_back(read_thing(parts, rows, 0));
    return versions;
  });
}

Task<Result<std::string>> get(std::shared_ptr<NounParts> parts, Session session, Json input) {
  const auto& id = input.find("id")->as_string();
  const auto uuid = Uuid::parse(id).value_or(Uuid{});
  const Json* version = input.find("version");
  auto thing = version != nullptr
                   ? co_await find_version(*parts, session, uuid, version->as_integer())
                   : co_await find_thing(*parts, session, uuid);
  if (!thing) co_return fail(thing.error());
  if (!parts->options.text) co_return shown(*parts, uuid, std::move(*thing)).dump();
  // A file belongs to one version and never changes, so it fits the row whenever it is read.
  auto text = co_await text_in(parts->rooms, thing->file);
  if (!text) co_return fail(text.error());
  if (version != nullptr) thing->preview = preview_of(*text);
  auto answer = shown(*parts, uuid, std::move(*thing));
  answer.as_object().emplace_back("content", std::move(*text));
  co_return answer.dump();
}

void add_file(Json& object, StoredText file) {
  object.as_object().emplace_back("filePath", std::move(file.name));
  object.as_object().emplace_back("fileSize", file.size);
  object.as_object().emplace_back("checksum", std::move(file.checksum));
}

Json history_entry(const NounParts& parts, Thing thing) {
  Json entry = Json::object(
      {{"version", thing.version}, {"at", to_iso8601(thing.updated_at)}, {"source", thing.source}});
  if (thing.request_id) entry.set("requestId", thing.request_id->to_string());
  if (thing.is_damaged) entry.set("damaged", true);
  for (auto& [key, value] : thing.state.as_object()) {
    entry.as_object().emplace_back(key, std::move(value));
  }
  if (parts.options.text) add_file(entry, std::move(thing.file));
  return entry;
}

// The first event of a request: the command itself. Nothing: the log has none of the caller's.
Task<Result<events::EventRef>> command_of(const NounParts& parts, const Session& session,
                                          const Uuid& request) {
  constexpr int kPagesMax = 10;  // a page may end early while the machine is busy
  events::Filter filter{.limit = 1};
  filter.request_id = request;
  for (int count = 0; count < kPagesMax; ++count) {
    auto page = co_await parts.rooms.log.read(session.tenancy(), filter);
    if (!page) co_return fail(page.error());
    if (!page->events.empty()) co_return page->events.front();
    if (page->is_at_end) co_return events::EventRef();
    filter.after = page->next_after;
  }
  co_return fail(Code::kServiceUnavailable,
                 "Who made these versions could not be read; try again in a moment");
}

// The run of an agent that asked for it: what caused the command is that the run was asked for
// itself. Nothing: that is erased, or no agent's run is known to be behind it.
Task<Result<std::optional<Uuid>>> agent_run_of(const NounParts& parts, const Session& session,
                                               const events::Event& command) {
  if (command.actor->kind != events::Actor::Kind::kAgent || !command.causation_id) {
    co_return std::nullopt;
  }
  auto cause = co_await parts.rooms.log.find(session.tenancy(), *command.causation_id);
  if (!cause && cause.error().code == Code::kNotFound) co_return std::nullopt;
  if (!cause) co_return fail(cause.error());
  if ((*cause)->type != agents::kRunRequested.name) co_return std::nullopt;
  co_return (*cause)->aggregate_id;
}

// Who asked for each version: its command's event says, which is looked up by the request's id, so
// that a page costs as many looks as it has versions, and one more for each that an agent made.
Task<Result<>> add_askers(const NounParts& parts, const Session& session, Json& entries) {
  for (auto& entry : entries.as_array()) {
    const auto request = Uuid::parse(entry.string_or("requestId", ""));
    if (!request) continue;
    auto command = co_await command_of(parts, session, *request);
    if (!command) co_return fail(command.error());
    if (*command == nullptr) continue;
    const auto& event = **command;
    entry.set("eventId", event.id.to_string());
    if (event.actor) {
      Json actor = Json::object(
          {{"kind", events::actor_kind_name(event.actor->kind)}, {"id", event.actor->id}});
      if (event.actor->on_behalf_of) actor.set("onBehalfOf", *event.actor->on_behalf_of);
      auto run = co_await agent_run_of(parts, session, event);
      if (!run) co_return fail(run.error());
      if (*run) actor.set("agentRunId", (*run)->to_string());
      entry.set("actor", std::move(actor));
    }
    if (event.is_damaged()) continue;
    if (auto reason = events::reason_of(event)) entry.set("reason", *std::move(reason));
  }
  co_return Result<>{};
}

Task<Result<std::string>> history(std::shared_ptr<NounParts> parts, Session session, Json input) {
  const auto id = Uuid::parse(input.find("id")->as_string()).value_or(Uuid{});
  const auto limit = input.find("limit")->as_integer();
  const Json* before = input.find("before");
  const auto last = before != nullptr ? before->as_integer() - 1 : INT64_MAX;
  auto versions = co_await versions_up_to(*parts, session, id, last, limit + 1);
  if (!versions) co_return fail(versions.error());
  if (versions->empty()) {
    // A thing that is there has nothing before its first version; one that is gone has no history.
    auto thing = co_await find_thing(*parts, session, id);
    if (!thing) co_return fail(thing.error());
  }
  Json list = Json::array();
  std::optional<std::int64_t> next;
  for (auto& version : *versions) {
    if (static_cast<std::int64_t>(list.as_array().size()) == limit) {
      next = list.as_array().back().find("version")->as_integer();
      break;
    }
    list.push_back(history_entry(*parts, std::move(version)));
  }
  if (auto told = co_await add_askers(*parts, session, list); !told) co_return fail(told.error());
  Json answer = Json::object({{"versions", std::move(list)}});
  if (next) answer.set("nextBefore", *next);
  co_return answer.dump();
}

}  // namespace

std::string thing_columns(const NounParts& parts) {
  std::string columns = kColumns;
  if (parts.options.text) columns += ", preview, file_path, file_size, checksum";
  return columns;
}

Error damaged_row(const NounParts& parts, const Uuid& id) {
  const auto& name = parts.options.plural;
  return {Code::kInternalServerError,
          fmt::format("The row of {} {} is damaged. The log has what it said: synap projections "
                      "rebuild {}",
                      parts.options.name, id.to_string(), name),
          std::make_shared<const Json>(Json::object(
              {{"reason", "ROW_DAMAGED"}, {"projection", name}, {"id", id.to_string()}})),
          Fault::kDamaged};
}

std::optional<Json> stored_state(const NounParts& parts, std::string_view data) {
  auto state = parse_json(data);
  if (!state || !state->is_object()) return std::nullopt;
  bool has_required = false;
  bool needs_any = false;
  for (const auto& field : parts.fields.node().fields) {
    const Json* value = state->find(field.name);
    if (value != nullptr && !is_of_kind(*field.schema, *value)) return std::nullopt;
    if (field.presence != SchemaField::Presence::kRequired) continue;
    needs_any = true;
    has_required = has_required || value != nullptr;
  }
  if (needs_any && !has_required) return std::nullopt;
  return std::move(*state);
}

Thing read_thing(const NounParts& parts, db::Rows& row, int first) {
  Thing thing;
  thing.version = row.integer(first);
  thing.created_at = row.integer(first + 1);
  thing.updated_at = row.integer(first + 2);
  thing.source = row.text(first + 3);
  thing.request_id = row.uuid(first + 4);
  auto state = stored_state(parts, row.view(first + 5));
  thing.is_damaged = !state;
  if (!state) state = empty_values(parts.fields.node());
  thing.state = parts.filled(*state);
  if (const Json* given = state->find(kGiven)) thing.given = *given;
  if (const Json* tags = state->find(kTextTags)) thing.text_tags = *tags;
  if (const Json* tags = state->find(kOwnTags)) thing.own_tags = *tags;
  if (parts.options.text) {
    thing.preview = row.text(first + 6);
    thing.file = {row.text(first + 7), row.integer(first + 8), row.text(first + 9)};
  }
  return thing;
}

Error no_such(const NounParts& parts) {
  return {Code::kNotFound, fmt::format("There is no such {}", parts.options.name), nullptr};
}

Task<Result<Thing>> find_version(const NounParts& parts, const Session& session, Uuid id,
                                 std::int64_t version) {
  auto found = co_await versions_up_to(parts, session, id, version, 1);
  if (!found) co_return fail(found.error());
  if (found->empty() || found->front().version != version) {
    co_return fail(Code::kNotFound,
                   fmt::format("There is no such version of {} of yours", parts.one()));
  }
  if (found->front().is_damaged) co_return fail(damaged_row(parts, id));
  co_return std::move(found->front());
}

Task<Result<Thing>> find_thing(const NounParts& parts, const Session& session, Uuid id) {
  auto found = co_await parts.rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    std::optional<Thing> thing;
    const auto sql =
        fmt::format("SELECT {} FROM {} WHERE id = $1", thing_columns(parts), parts.options.plural);
    auto rows = tx.query(sql, id);
    if (rows.next()) thing = read_thing(parts, rows, 0);
    return thing;
  });
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(no_such(parts));
  if ((*found)->is_damaged) co_return fail(damaged_row(parts, id));
  co_return std::move(**found);
}

Json shown(const NounParts& parts, const Uuid& id, Thing thing) {
  Json answer = Json::object({{"id", id.to_string()},
                              {"version", thing.version},
                              {"createdAt", to_iso8601(thing.created_at)},
                              {"updatedAt", to_iso8601(thing.updated_at)}});
  if (thing.is_damaged) answer.set("damaged", true);
  if (thing.text_tags.is_array()) thing.own_tags = Json(given_tags_of(parts, thing));
  for (auto& [key, value] : thing.state.as_object()) {
    answer.as_object().emplace_back(key, std::move(value));
  }
  if (parts.options.text) {
    answer.as_object().emplace_back("preview", std::move(thing.preview));
    add_file(answer, std::move(thing.file));
  }
  if (thing.text_tags.is_array()) {
    answer.set(kOwnTags, std::move(thing.own_tags));
    answer.set(kTextTags, std::move(thing.text_tags));
  }
  return answer;
}

namespace {

// One for all nouns, as the names of schemas are.
const Schema& version_actor() {
  static const Schema schema =
      object("VersionActor")
          .field("kind", one_of({"key", "run", "agent"}))
          .field("id", string(), "Of the key, the run or the agent.")
          .field("onBehalfOf", optional(string()), "The user whom an agent stands for.")
          .field("agentRunId", optional(string().uuid()),
                 "The run of the agent that did it: agents.get has it.");
  return schema;
}

rpc::ErrorMeta no_such_meta(const NounParts& parts) {
  return {Code::kNotFound, fmt::format("You have no such {}.", parts.options.name)};
}

void add_get(const std::shared_ptr<NounParts>& parts, const std::string& procedure, rpc::Meta meta,
             const Schema& wanted, const Schema& answer) {
  api::add_untyped(parts->rooms.procedures, parts->options.plural + "." + procedure,
                   rpc::Kind::kQuery, std::move(meta), wanted, answer,
                   [parts](Session session, Json input) {
                     return get(parts, std::move(session), std::move(input));
                   });
}

}  // namespace

void add_former_get(const std::shared_ptr<NounParts>& parts, const std::string& procedure) {
  const auto* now = parts->rooms.procedures.find(parts->options.plural + ".get");
  add_get(parts, procedure,
          {.summary = fmt::format("The same as {}.", now->path),
           .errors = {no_such_meta(*parts)},
           .deprecated = fmt::format("Call {}.", now->path)},
          now->input, now->output);
}

void add_noun_queries(const std::shared_ptr<NounParts>& parts) {
  const auto& name = parts->options.name;
  const auto path = [&](std::string_view procedure) {
    return fmt::format("{}.{}", parts->options.plural, procedure);
  };
  auto wanted = object("Get" + parts->title(""));
  wanted.field("id", string().uuid())
      .field("version", optional(integer().min(1)), "As it was in this version.");
  add_get(parts, "get",
          {.summary = fmt::format("One {}{}.", name, parts->options.text ? " with its text" : ""),
           .errors = {no_such_meta(*parts)},
           .reach = rpc::Reach::kPod},
          wanted, parts->full);

  auto asked = object("Get" + parts->title("History"));
  asked.field("id", string().uuid())
      .field_or("limit", integer().min(1).max(200), 50)
      .field("before", optional(integer().min(1)),
             "Only versions before this one: the nextBefore of the page before.");
  auto entry = object(parts->title("Version"));
  entry.field("version", integer().min(1))
      .field("at", string().datetime(), "When it was made.")
      .field("source", string(), "Of the change: api, agent, sync, ...")
      .field("requestId", optional(string().uuid()), "The command behind it.")
      .field("eventId", optional(string().uuid()), "The event by which that was asked for.")
      .field("actor", optional(version_actor()), "Who asked for it. Absent: the pod itself.")
      .field("reason", optional(string()), "Why, in their words. Absent: they gave none.")
      .field("damaged", optional(boolean()), kDamagedDocs)
      .extend(parts->fields, Take::kFilled);
  if (parts->options.text) {
    entry.field("filePath", string(), "Where its text is.")
        .field("fileSize", integer(), "Bytes.")
        .field("checksum", string(), "SHA-256 of the text, hexadecimal.");
  }
  auto page = object(parts->title("History"));
  page.field("versions", array(entry), "The newest first.")
      .field("nextBefore", optional(integer()), "Absent on the last page.");
  api::add_untyped(parts->rooms.procedures, path("history"), rpc::Kind::kQuery,
                   {.summary = fmt::format("The versions of {}, the newest first.", parts->one()),
                    .errors = {no_such_meta(*parts)},
                    .reach = rpc::Reach::kPod},
                   asked, page, [parts](Session session, Json input) {
                     return history(parts, std::move(session), std::move(input));
                   });
}

}  // namespace synap::features
