// The events of users and their keys, and the rows that follow from them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/types.h"
#include "projections/projection.h"

namespace synap::api {

struct UserCreated {
  std::string user_id;
  std::string name;
  std::string role;
};
const ObjectSchema<UserCreated>& describe(Type<UserCreated>);

/// Since version 2 with scopes and an end; a key of version 1 has every right, for ever. A
/// session is made by the same event.
struct KeyCreated {
  std::string key_id;
  std::string name;
  std::string prefix;
  std::string hash;
  std::optional<std::vector<std::string>> scopes;  // nothing: every right
  std::optional<std::string> expires_at;
  std::optional<std::string> kind;    // nothing: an API key
  std::optional<std::string> parent;  // of a session: the key for which it stands
};
const ObjectSchema<KeyCreated>& describe(Type<KeyCreated>);

struct KeyRevoked {
  std::string key_id;
};
const ObjectSchema<KeyRevoked>& describe(Type<KeyRevoked>);

Json upcast_key_created(Json data, std::int64_t from);

inline constexpr events::EventType<UserCreated> kUserCreationCompleted{"user.creation.completed"};
inline constexpr events::EventType<KeyCreated> kKeyCreationCompleted{
    .name = "key.creation.completed", .data_version = 2, .upcast = upcast_key_created};
// Folded by its aggregate, which is the key: a key stays revoked also where the event was erased.
inline constexpr events::EventType<KeyRevoked> kKeyRevocationCompleted{
    .name = "key.revocation.completed", .on_erased = events::OnErased::kFold};

void add_access_event_types(events::EventTypes& types);

/// Tables `users` and `api_keys`, which has sessions too. Of a key's scopes the row has
/// their names with blanks between, and none for every right.
projections::Projection access_projection();

}  // namespace synap::api
