// A proposal as its row has it, and how it is shown. Private to this folder.
#pragma once

#include <optional>
#include <string>

#include "api/actor.h"
#include "db/database.h"
#include "features/command.h"
#include "features/proposals/proposal_events.h"

namespace synap::features::proposals {

inline constexpr std::size_t kInputBytesMax = 256 * 1024;
inline constexpr std::int64_t kOpenMax = 1'000;  // of one user
inline constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;
inline constexpr std::int64_t kExpiresInMs = 7 * kDayMs;
inline constexpr std::int64_t kExpiresInMsMax = 90 * kDayMs;

/// Who acted.
struct By {
  std::string kind;  // "key"
  std::string id;
};
const ObjectSchema<By>& describe(Type<By>);

struct Proposal {
  std::string id;
  std::string procedure;
  std::string status;  // by the clock, too
  By proposed_by;
  std::string reason;
  std::optional<std::string> entity_type;
  std::optional<std::string> entity_id;
  std::optional<std::int64_t> base_version;
  std::string created_at;
  std::string expires_at;
  std::optional<std::string> decided_at;
  std::optional<By> decided_by;
  std::optional<std::string> decision_reason;

  // Not told of those in lists.
  Uuid event;          // of its creation
  std::string key;     // by whose right it was proposed; empty: by none's
  std::string stored;  // the status of the row
  std::int64_t position = 0;
};
const ObjectSchema<Proposal>& describe(Type<Proposal>);

template <class T>
void add_shown_fields(ObjectSchema<T>& schema) {
  const auto of = []<class M>(M Proposal::* member) -> M T::* { return member; };
  schema.field("id", of(&Proposal::id), string().uuid())
      .field("procedure", of(&Proposal::procedure), string(), "That is to be called.")
      .field(
          "status", of(&Proposal::status),
          one_of({"open", "accepting", "accepted", "failed", "rejected", "withdrawn", "expired"}),
          "accepting: it was accepted, and is being carried out. failed: it was accepted, and "
          "the call was refused.")
      .field("proposedBy", of(&Proposal::proposed_by), schema_of<By>())
      .field("reason", of(&Proposal::reason), string(), "Why; \"\" where nobody said.")
      .field("entityType", of(&Proposal::entity_type), string(),
             "Of the thing that it would change.")
      .field("entityId", of(&Proposal::entity_id), string().uuid())
      .field("baseVersion", of(&Proposal::base_version), integer().min(1),
             "That the thing had when this was proposed.")
      .field("createdAt", of(&Proposal::created_at), string().datetime())
      .field("expiresAt", of(&Proposal::expires_at), string().datetime(),
             "From then on nobody can accept it.")
      .field("decidedAt", of(&Proposal::decided_at), string().datetime())
      .field("decidedBy", of(&Proposal::decided_by), schema_of<By>())
      .field("decisionReason", of(&Proposal::decision_reason), string());
}

/// Columns of the table and its view; read() takes them from the first on.
inline constexpr std::string_view kColumns =
    "id, procedure, status, proposer_kind, proposer, reason, entity_type, entity_id, base_version, "
    "created_at, expires_at, decided_at, decider_kind, decider, decision_reason, event, key_id, "
    "position";
inline constexpr int kColumnCount = 18;
Proposal read(db::Rows& row, std::int64_t now);

Error no_such();
/// One of the user's. kNotFound.
Task<Result<Proposal>> find(const Rooms& rooms, const std::string& user_id, const Uuid& id);

/// Which of the user's things an input names.
struct Thing {
  std::string type;    // "note"
  std::string plural;  // "notes"
  std::string id;
  std::int64_t version = 0;
};
/// Nothing: the procedure is not about one. kNotFound: the user has none of this id.
Task<Result<std::optional<Thing>>> thing_of(const Rooms& rooms, const std::string& user_id,
                                            const rpc::Procedure& procedure, const Json& input);
/// What the input says of how it is called, and not of the thing.
bool is_of_call(std::string_view field);

/// The input as the procedure takes it. kBadRequest; kPayloadTooLarge.
Result<Json> valid_input(const rpc::Procedure& procedure, Json input);

void add_proposing(const Rooms& rooms);
void add_deciding(const Rooms& rooms);
void add_reading(const Rooms& rooms);
void add_carrying_out(const Rooms& rooms);

}  // namespace synap::features::proposals
