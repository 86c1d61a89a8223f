#include "api/access_events.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "api/scopes.h"
#include "base/clock.h"

namespace synap::api {
namespace {

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    std::uint8_t byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

template <class Data>
std::shared_ptr<const Data> read(db::Tx& tx, const events::Event& event,
                                 const events::EventType<Data>& type) {
  auto data = data_of(event, type);
  if (data) return *data;
  tx.abort(data.error());
  return nullptr;
}

void fold_key(db::Tx& tx, const events::Event& event, const KeyCreated& key) {
  const auto hash = bytes_of_hex(key.hash);
  const auto scopes =
      fmt::format("{}", fmt::join(key.scopes.value_or(std::vector<std::string>{}), " "));
  std::optional<std::int64_t> expires_at;
  if (key.expires_at) expires_at = parse_iso8601(*key.expires_at);
  tx.run(
      "INSERT INTO api_keys_data(id, user_id, name, prefix, hash, created_at, scopes, expires_at, "
      "kind, parent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      key.key_id, event.user_id, key.name, key.prefix, db::Blob{hash}, event.timestamp, scopes,
      expires_at, key.kind.value_or(""), key.parent.value_or(""));
}

void fold(db::Tx& tx, const events::Event& event) {
  if (event.type == kUserCreationCompleted.name) {
    const auto user = read(tx, event, kUserCreationCompleted);
    if (user == nullptr) return;
    tx.run("INSERT INTO users_data(id, name, role, created_at) VALUES ($1, $2, $3, $4)",
           user->user_id, user->name, user->role, event.timestamp);
  } else if (event.type == kKeyCreationCompleted.name) {
    const auto key = read(tx, event, kKeyCreationCompleted);
    if (key != nullptr) fold_key(tx, event, *key);
  } else if (event.type == kKeyRevocationCompleted.name) {
    if (!event.aggregate_id) return tx.abort({Code::kInternalServerError, "It names no key"});
    // Its sessions are its own, and end with it.
    const auto key_id = event.aggregate_id->to_string();
    tx.run("UPDATE api_keys_data SET revoked_at = $2 WHERE id = $1", key_id, event.timestamp);
    tx.run(
        "UPDATE api_keys_data SET revoked_at = $2 WHERE parent = $1 AND parent <> '' "
        "AND revoked_at IS NULL",
        key_id, event.timestamp);
  }
}

}  // namespace

const ObjectSchema<UserCreated>& describe(Type<UserCreated>) {
  static const auto schema = object<UserCreated>("UserCreated")
                                 .field("userId", &UserCreated::user_id, string())
                                 .field("name", &UserCreated::name, string().max(100))
                                 .field("role", &UserCreated::role, one_of({"owner", "member"}));
  return schema;
}

const ObjectSchema<KeyCreated>& describe(Type<KeyCreated>) {
  static const auto schema =
      object<KeyCreated>("KeyCreated")
          .field("keyId", &KeyCreated::key_id, string().uuid())
          .field("name", &KeyCreated::name, string().max(100))
          .field("prefix", &KeyCreated::prefix, string())
          .field("hash", &KeyCreated::hash, string(), "SHA-256 of the key, hexadecimal.")
          .field("scopes", &KeyCreated::scopes,
                 array(string().max(Scopes::kCharactersMax)).min(1).max(Scopes::kCountMax),
                 "What it may do; absent: all that its user may.")
          .field("expiresAt", &KeyCreated::expires_at, string().datetime(), "Absent: never.")
          .field("kind", &KeyCreated::kind, one_of({"session"}),
                 "What else it is than an API key: the session of a browser. Absent: an API key.")
          .field("parent", &KeyCreated::parent, string().uuid(),
                 "Of a session: the key for which it stands, and with which it ends.");
  return schema;
}

const ObjectSchema<KeyRevoked>& describe(Type<KeyRevoked>) {
  static const auto schema =
      object<KeyRevoked>("KeyRevoked").field("keyId", &KeyRevoked::key_id, string().uuid());
  return schema;
}

// What version 2 has more may be absent.
Json upcast_key_created(Json data, std::int64_t /*from*/) {
  return data;
}

void add_access_event_types(events::EventTypes& types) {
  types.add(kUserCreationCompleted, "A user was added to the pod.");
  types.add(kKeyCreationCompleted, "A user got an API key, or a session in a browser.");
  types.add(kKeyRevocationCompleted, "An API key was revoked, or a session ended.");
}

projections::Projection access_projection() {
  using db::ColumnType;
  return {
      .name = "access",
      .kind = projections::Projection::Kind::kInline,
      .tables = {{.name = "users",
                  .columns = {{"id"}, {"name"}, {"role"}, {"created_at", ColumnType::kInteger}},
                  .primary_key = {"id"},
                  .indexes = {{.columns = {"role", "id"}}},
                  .is_of_users = false},
                 {.name = "api_keys",
                  .columns = {{"id"},
                              {"user_id"},
                              {"name"},
                              {"prefix"},
                              {"hash", ColumnType::kBytes},
                              {"created_at", ColumnType::kInteger},
                              {"revoked_at", ColumnType::kInteger, true},
                              {"scopes"},
                              {"expires_at", ColumnType::kInteger, true},
                              {"kind"},
                              {"parent"}},
                  .primary_key = {"id"},
                  .indexes = {{.columns = {"user_id", "kind", "id"}},
                              {.columns = {"user_id", "expires_at"},
                               .where = "revoked_at IS NULL AND kind = ''"},
                              {.columns = {"parent"}, .where = "parent <> ''"}}}},
      .types = {std::string(kUserCreationCompleted.name), std::string(kKeyCreationCompleted.name),
                std::string(kKeyRevocationCompleted.name)},
      .fold = fold};
}

}  // namespace synap::api
