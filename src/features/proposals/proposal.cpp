#include "features/proposals/proposal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "features/proposals/proposals.h"

namespace synap::features::proposals {

const ObjectSchema<By>& describe(Type<By>) {
  static const auto schema = object<By>("ProposalActor")
                                 .field("kind", &By::kind, one_of({"key", "run", "agent"}))
                                 .field("id", &By::id, string());
  return schema;
}

const ObjectSchema<Proposal>& describe(Type<Proposal>) {
  static const auto schema = [] {
    auto shown = object<Proposal>("Proposal");
    add_shown_fields(shown);
    return shown;
  }();
  return schema;
}

Proposal read(db::Rows& row, std::int64_t now) {
  Proposal proposal{.id = row.uuid(0).value_or(Uuid{}).to_string(),
                    .procedure = row.text(1),
                    .status = row.text(2),
                    .proposed_by = {row.text(3), row.text(4)},
                    .reason = row.text(5),
                    .created_at = to_iso8601(row.integer(9)),
                    .expires_at = to_iso8601(row.integer(10)),
                    .event = row.uuid(15).value_or(Uuid{}),
                    .key = row.text(16),
                    .stored = row.text(2),
                    .position = row.integer(17)};
  if (const auto id = row.uuid(7)) {
    proposal.entity_type = row.text(6);
    proposal.entity_id = id->to_string();
  }
  if (!row.is_null(8)) proposal.base_version = row.integer(8);
  if (!row.is_null(11)) {
    proposal.decided_at = to_iso8601(row.integer(11));
    proposal.decided_by = By{row.text(12), row.text(13)};
  }
  if (auto reason = row.text(14); !reason.empty()) proposal.decision_reason = std::move(reason);
  if (proposal.status == kOpen && row.integer(10) <= now) proposal.status = kExpired;
  return proposal;
}

Error no_such() {
  return {Code::kNotFound, "There is no such proposal of yours", nullptr};
}

Task<Result<Proposal>> find(const Rooms& rooms, const std::string& user_id, const Uuid& id) {
  const auto now = rooms.types.world().unix_ms();
  co_return co_await rooms.database.read_as(user_id, [&](db::Tx& tx) {
    auto rows = tx.query(fmt::format("SELECT {} FROM proposals WHERE id = $1", kColumns), id);
    if (rows.next()) return read(rows, now);
    tx.abort(no_such());
    return Proposal{};
  });
}

bool is_of_call(std::string_view field) {
  constexpr std::string_view kOfCall[] = {"id", "expectedVersion", "idempotencyKey", "batch"};
  return std::ranges::find(kOfCall, field) != std::end(kOfCall);
}

Task<Result<std::optional<Thing>>> thing_of(const Rooms& rooms, const std::string& user_id,
                                            const rpc::Procedure& procedure, const Json& input) {
  const auto group = procedure.path.substr(0, procedure.path.find('.'));
  const auto& nouns = rooms.nouns->entries();
  const auto noun = std::ranges::find(nouns, group, &AllNouns::Entry::plural);
  const auto id = Uuid::parse(input.string_or("id", ""));
  if (noun == nouns.end() || !id) co_return std::nullopt;
  co_return co_await rooms.database.read_as(user_id, [&](db::Tx& tx) -> std::optional<Thing> {
    auto rows = tx.query(fmt::format("SELECT version FROM {} WHERE id = $1", noun->plural), *id);
    if (rows.next()) return Thing{noun->name, noun->plural, id->to_string(), rows.integer(0)};
    tx.abort({Code::kNotFound, fmt::format("There is no such {}", noun->name), nullptr});
    return std::nullopt;
  });
}

Result<Json> valid_input(const rpc::Procedure& procedure, Json input) {
  UnknownKeys unknown{.are_refused = true};
  auto valid = validate(procedure.input, std::move(input), &unknown);
  if (!valid) return fail(valid.error());
  const auto bytes = json_bytes(**valid);
  if (bytes <= kInputBytesMax) return std::move(**valid);
  return fail(Code::kPayloadTooLarge,
              fmt::format("The input of a proposal is {} bytes of JSON, and may be {}", bytes,
                          kInputBytesMax));
}

void add(const Rooms& rooms) {
  add_event_types(rooms.types);
  rooms.projections.add(projection());
  add_proposing(rooms);
  add_reading(rooms);
  add_deciding(rooms);
  add_carrying_out(rooms);
}

}  // namespace synap::features::proposals
