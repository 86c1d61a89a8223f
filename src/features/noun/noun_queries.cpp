// What a user is told of one thing: get and history.
#include <fmt/format.h>

#include "base/clock.h"
#include "features/noun/noun_parts.h"

namespace synap::features {
namespace {

using api::Session;
using Take = UntypedObjectSchema::Take;

constexpr auto kColumns = "version, created_at, updated_at, source, request_id, data";

Thing read_thing(const NounParts& parts, db::Rows& row) {
  Thing thing;
  thing.version = row.integer(0);
  thing.created_at = row.integer(1);
  thing.updated_at = row.integer(2);
  thing.source = row.text(3);
  thing.request_id = row.uuid(4);
  auto state = parse_json(row.view(5));
  thing.state = parts.filled(state ? *state : Json::object());
  return thing;
}

// The present version is the thing's row, those of the past have rows of their own.
Task<Result<std::vector<Thing>>> versions_up_to(const NounParts& parts, const Session& session,
                                                Uuid id, std::int64_t last, std::int64_t limit) {
  co_return co_await parts.rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    std::vector<Thing> versions;
    const auto sql = fmt::format(
        "SELECT {0} FROM {1} WHERE id = $1 AND version <= $2 UNION ALL SELECT {0} FROM "
        "{2}_versions "
        "WHERE entity = $1 AND version <= $2 ORDER BY version DESC LIMIT $3",
        kColumns, parts.options.plural, parts.options.name);
    auto rows = tx.query(sql, id, last, limit);
    while (rows.next()) versions.push_back(read_thing(parts, rows));
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
  co_return shown(uuid.to_string(), std::move(*thing)).dump();
}

Json history_entry(Thing thing) {
  Json entry = Json::object(
      {{"version", thing.version}, {"at", to_iso8601(thing.updated_at)}, {"source", thing.source}});
  if (thing.request_id) entry.set("requestId", thing.request_id->to_string());
  for (auto& [key, value] : thing.state.as_object()) {
    entry.as_object().emplace_back(key, std::move(value));
  }
  return entry;
}

Task<Result<std::string>> history(std::shared_ptr<NounParts> parts, Session session, Json input) {
  const auto id = Uuid::parse(input.find("id")->as_string()).value_or(Uuid{});
  const auto limit = input.find("limit")->as_integer();
  const Json* before = input.find("before");
  const auto last = before != nullptr ? before->as_integer() - 1 : INT64_MAX;
  auto versions = co_await versions_up_to(*parts, session, id, last, limit + 1);
  if (!versions) co_return fail(versions.error());
  if (versions->empty() && before == nullptr) co_return fail(no_such(*parts));
  Json list = Json::array();
  std::optional<std::int64_t> next;
  for (auto& version : *versions) {
    if (static_cast<std::int64_t>(list.as_array().size()) == limit) {
      next = list.as_array().back().find("version")->as_integer();
      break;
    }
    list.push_back(history_entry(std::move(version)));
  }
  Json answer = Json::object({{"versions", std::move(list)}});
  if (next) answer.set("nextBefore", *next);
  co_return answer.dump();
}

}  // namespace

Error no_such(const NounParts& parts) {
  return {Code::kNotFound, fmt::format("There is no such {}", parts.options.name), nullptr};
}

Task<Result<Thing>> find_version(const NounParts& parts, const Session& session, Uuid id,
                                 std::int64_t version) {
  auto found = co_await versions_up_to(parts, session, id, version, 1);
  if (!found) co_return fail(found.error());
  if (found->empty() || found->front().version != version) {
    co_return fail(Code::kNotFound,
                   fmt::format("There is no such version of a {} of yours", parts.options.name));
  }
  co_return std::move(found->front());
}

Task<Result<Thing>> find_thing(const NounParts& parts, const Session& session, Uuid id) {
  auto found = co_await parts.rooms.database.read_as(session.user_id(), [&](db::Tx& tx) {
    std::optional<Thing> thing;
    const auto sql = fmt::format("SELECT {} FROM {} WHERE id = $1", kColumns, parts.options.plural);
    auto rows = tx.query(sql, id);
    if (rows.next()) thing = read_thing(parts, rows);
    return thing;
  });
  if (!found) co_return fail(found.error());
  if (!*found) co_return fail(no_such(parts));
  co_return std::move(**found);
}

Json shown(const std::string& id, Thing thing) {
  Json answer = Json::object({{"id", id},
                              {"version", thing.version},
                              {"createdAt", to_iso8601(thing.created_at)},
                              {"updatedAt", to_iso8601(thing.updated_at)}});
  for (auto& [key, value] : thing.state.as_object()) {
    answer.as_object().emplace_back(key, std::move(value));
  }
  return answer;
}

namespace {

rpc::ErrorMeta no_such_meta(const NounParts& parts) {
  return {Code::kNotFound, fmt::format("You have no such {}.", parts.options.name)};
}

}  // namespace

void add_noun_queries(const std::shared_ptr<NounParts>& parts) {
  const auto& name = parts->options.name;
  const auto path = [&](std::string_view procedure) {
    return fmt::format("{}.{}", parts->options.plural, procedure);
  };
  auto wanted = object("Get" + parts->title(""));
  wanted.field("id", string().uuid())
      .field("version", optional(integer().min(1)), "As it was in this version.");
  api::add_untyped(parts->rooms.procedures, path("get"), rpc::Kind::kQuery,
                   {.summary = fmt::format("One {}.", name), .errors = {no_such_meta(*parts)}},
                   wanted, parts->shown, [parts](Session session, Json input) {
                     return get(parts, std::move(session), std::move(input));
                   });

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
      .extend(parts->fields, Take::kFilled);
  auto answer = object(parts->title("History"));
  answer.field("versions", array(entry), "The newest first.")
      .field("nextBefore", optional(integer()), "Absent on the last page.");
  api::add_untyped(parts->rooms.procedures, path("history"), rpc::Kind::kQuery,
                   {.summary = fmt::format("The versions of a {}, the newest first.", name),
                    .errors = {no_such_meta(*parts)}},
                   asked, answer, [parts](Session session, Json input) {
                     return history(parts, std::move(session), std::move(input));
                   });
}

}  // namespace synap::features
