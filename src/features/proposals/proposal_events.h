// What the log keeps of proposals, and their read model. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "events/types.h"
#include "projections/projection.h"

namespace synap::features::proposals {

inline constexpr std::string_view kAggregate = "proposal";

struct Created {
  std::string procedure;
  Json input;  // valid
  std::optional<std::string> reason;
  // Of the thing that the input names.
  std::optional<std::string> entity_type;
  std::optional<std::string> entity_id;
  std::optional<std::int64_t> base_version;
  std::string expires_at;
  /// The key by whose right it was proposed, where it is not the actor: of a session, or of an
  /// agent's run that may only propose. What an agent asks approval for is no key's.
  std::optional<std::string> key;
};
const ObjectSchema<Created>& describe(Type<Created>);

struct AcceptanceRequested {
  std::optional<Json> input;  // absent: as it was proposed
  /// What the accepting key may do, and so the call: "*", or scopes of keys.
  std::vector<std::string> scopes;
};
const ObjectSchema<AcceptanceRequested>& describe(Type<AcceptanceRequested>);

struct AcceptanceCompleted {
  std::optional<std::string> entity_id;   // what the call was about
  std::optional<std::string> request_id;  // of the call
  Json result;                            // its answer
};
const ObjectSchema<AcceptanceCompleted>& describe(Type<AcceptanceCompleted>);

struct Rejected {
  std::optional<std::string> reason;
};
const ObjectSchema<Rejected>& describe(Type<Rejected>);

struct Withdrawn {};
const ObjectSchema<Withdrawn>& describe(Type<Withdrawn>);

inline constexpr events::EventType<Created> kCreated{"proposal.creation.completed"};
inline constexpr events::EventType<AcceptanceRequested> kAcceptanceRequested{
    "proposal.acceptance.requested"};
inline constexpr events::EventType<AcceptanceCompleted> kAcceptanceCompleted{
    "proposal.acceptance.completed"};
inline constexpr events::EventType<events::Failure> kAcceptanceFailed{"proposal.acceptance.failed"};
inline constexpr events::EventType<Rejected> kRejected{"proposal.rejection.completed"};
inline constexpr events::EventType<Withdrawn> kWithdrawn{"proposal.withdrawal.completed"};

// In rows. A proposal whose time is over is still "open" there: the clock says that it is none.
inline constexpr std::string_view kOpen = "open";
inline constexpr std::string_view kAccepting = "accepting";
inline constexpr std::string_view kAccepted = "accepted";
inline constexpr std::string_view kFailed = "failed";
inline constexpr std::string_view kRejectedStatus = "rejected";
inline constexpr std::string_view kWithdrawnStatus = "withdrawn";
inline constexpr std::string_view kExpired = "expired";

void add_event_types(events::EventTypes& types);
projections::Projection projection();

}  // namespace synap::features::proposals
