// store.put and store.delete. What may be is decided in the appending transaction, by the row as it
// is then; the version is that of the item's stream, which the log gives.
#include <fmt/format.h>

#include "features/command.h"
#include "features/noun/noun.h"
#include "features/store/items.h"
#include "features/store/paths.h"

namespace synap::features::store {
namespace {

using api::Session;

struct Row {
  std::int64_t version = 0;  // 0: there is none
  std::string value;
  std::string index;
};

// By its id, which follows from the user: nobody reads another's.
Row row_of(db::Tx& tx, const Uuid& id) {
  auto rows =
      tx.query("SELECT version, value, search_index FROM store_items_data WHERE id = $1", id);
  if (!rows.next()) return {};
  return {rows.integer(0), rows.text(1), rows.text(2)};
}

Error other_version(std::int64_t actual) {
  return {Code::kConflict,
          actual == 0 ? "There is no such item" : "It has another version than the expected one",
          std::make_shared<Json>(Json::object({{"actualVersion", actual}}))};
}

bool is_expected(const std::optional<std::int64_t>& expected, const Row& row) {
  return !expected || *expected == row.version;
}

Result<> check(const PutItem& input) {
  if (input.labels.front() == "langgraph") {
    return fail(Code::kBadRequest, "namespace: LangGraph keeps \"langgraph\" to itself");
  }
  const auto bytes = input.value.dump().size();
  if (bytes > kValueBytesMax) {
    return fail(Code::kBadRequest,
                fmt::format("value: {} bytes of JSON, at most {}", bytes, kValueBytesMax));
  }
  if (!input.index) return {};
  for (const auto& path : *input.index) {
    if (auto fine = check_path(path); !fine) return fine;
  }
  return {};
}

Task<Result<Completed>> append_put(const Rooms& rooms, const Session& session, const Uuid& id,
                                   const std::string& key, PutItem input) {
  events::Append append;
  if (!key.empty()) {
    input.idempotency_key.reset();
    // The first answer is made of the first event, so none is kept.
    append.idempotency = {key, sha256("store.put\n" + json_text(input)), "null"};
  }
  auto event = rooms.types.make(
      kPutCompleted,
      ItemPut{std::move(input.labels), std::move(input.key), std::move(input.value),
              std::move(input.index)},
      requested_by(session, rooms.types.world().new_id(), id, std::string(kItemType)));
  if (!event) co_return fail(event.error());
  append.events.push_back(std::move(*event));
  append.decide = [id, expected = input.expected_version](db::Tx& tx) {
    if (!expected) return;
    if (const auto row = row_of(tx, id); !is_expected(expected, row)) {
      tx.abort(other_version(row.version));
    }
  };
  auto appended = co_await rooms.log.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  const auto& recorded = *appended->events.front();
  co_return Completed{.request_id = recorded.request_id.value_or(Uuid{}).to_string(),
                      .entity_id = id.to_string(),
                      .version = recorded.aggregate_version};
}

// The request that made an item what it is.
Task<Result<Uuid>> request_of(const Rooms& rooms, const Session& session, const Uuid& id) {
  events::Filter filter{.limit = 1, .aggregate_id = id};
  filter.order = events::Order::kNewestFirst;
  auto page = co_await rooms.log.read(session.tenancy(), std::move(filter));
  if (!page) co_return fail(page.error());
  co_return page->events.empty() ? Uuid{} : page->events.front()->request_id.value_or(Uuid{});
}

Task<Result<Completed>> put(const Rooms& rooms, Session session, PutItem input) {
  if (auto fine = check(input); !fine) co_return fail(fine.error());
  auto key = idempotency_of(session, input.idempotency_key);
  if (!key) co_return fail(key.error());
  const auto id = id_of(session.user_id(), input.labels, input.key);
  // With a key it may be a repeat, which the log alone knows; and the key is kept with an event.
  if (key->empty()) {
    auto row = co_await rooms.database.read([&](db::Tx& tx) { return row_of(tx, id); });
    if (!row) co_return fail(row.error());
    if (!is_expected(input.expected_version, *row)) co_return fail(other_version(row->version));
    const auto index = input.index ? json_text(*input.index) : std::string();
    if (row->version > 0 && row->index == index && row->value == input.value.dump()) {
      auto request = co_await request_of(rooms, session, id);
      if (!request) co_return fail(request.error());
      co_return Completed{
          .request_id = request->to_string(), .entity_id = id.to_string(), .version = row->version};
    }
  }
  co_return co_await append_put(rooms, session, id, *key, std::move(input));
}

Task<Result<DeletedItem>> remove(const Rooms& rooms, Session session, DeleteItem input) {
  const auto id = id_of(session.user_id(), input.labels, input.key);
  DeletedItem deleted{.entity_id = id.to_string()};
  auto row = co_await rooms.database.read([&](db::Tx& tx) { return row_of(tx, id); });
  if (!row) co_return fail(row.error());
  if (!is_expected(input.expected_version, *row)) co_return fail(other_version(row->version));
  if (row->version == 0) co_return deleted;

  auto event = rooms.types.make(
      kDeletionCompleted, ItemDeleted{std::move(input.labels), std::move(input.key)},
      requested_by(session, rooms.types.world().new_id(), id, std::string(kItemType)));
  if (!event) co_return fail(event.error());
  events::Append append;
  append.events.push_back(std::move(*event));
  append.decide = [id, expected = input.expected_version](db::Tx& tx) {
    const auto now = row_of(tx, id);
    if (!is_expected(expected, now)) tx.abort(other_version(now.version));
    if (now.version == 0) tx.abort({Code::kNotFound, "Somebody else has deleted it", nullptr});
  };
  auto appended = co_await rooms.log.append(std::move(append));
  if (!appended && appended.error().code == Code::kNotFound) co_return deleted;
  if (!appended) co_return fail(appended.error());
  deleted.was_there = true;
  co_return deleted;
}

const rpc::ErrorMeta kConflict = {Code::kConflict,
                                  "It has not the expectedVersion; details.actualVersion is the "
                                  "one that it has, 0 if there is none."};

}  // namespace

void add_writing(const Rooms& rooms) {
  add_mutation(
      rooms, "store.put",
      {.summary = "Remember a JSON object under a key in a namespace.",
       .docs = "For agents, who share what they know: with expectedVersion nobody overwrites what "
               "they have not read. LangGraph's BaseStore is this (@synap/langgraph, "
               "synap-langgraph). The same value again changes nothing, and is answered as the put "
               "that made it; with an idempotency key it is a version of its own.",
       .effects = rpc::Effects::kIdempotent,
       .errors = {{Code::kBadRequest,
                   "The value is over 256 KiB, or the namespace begins with \"langgraph\"."},
                  kConflict},
       .examples = {{R"({"namespace":["memories","ann"],"key":"tea",)"
                     R"("value":{"text":"Ann likes green tea","kind":"taste"}})",
                     ""}},
       .keeps_idempotency_keys = true,
       .appends = {std::string(kPutCompleted.name)}},
      put);
  add_mutation(rooms, "store.delete",
               {.summary = "Forget an item of the store.",
                .docs = "What is not there counts as deleted. Its events are kept.",
                .effects = rpc::Effects::kDestroys,
                .errors = {kConflict},
                .examples = {{R"({"namespace":["memories","ann"],"key":"tea"})", ""}},
                .appends = {std::string(kDeletionCompleted.name)}},
               remove);
}

}  // namespace synap::features::store
