#include "api/keys.h"

#include <fmt/format.h>

#include <cstring>

#include "base/clock.h"

namespace synap::api {
namespace {

constexpr std::string_view kPrefix = "synap_";
constexpr std::size_t kSecretBytes = 32;
// What a list of keys shows of each: enough to tell them apart, nothing to guess the rest by.
constexpr std::size_t kShownCharacters = kPrefix.size() + 4;

constexpr std::string_view kTables = R"(
CREATE TABLE users(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE api_keys_data(
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  name TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_by_user ON api_keys_data(user_id, id);
CREATE VIEW api_keys AS SELECT * FROM api_keys_data WHERE user_id = current_user_id();
)";

struct UserCreated {
  std::string user_id;
  std::string name;
  std::string role;
};
const ObjectSchema<UserCreated>& describe(Type<UserCreated>) {
  static const auto schema = object<UserCreated>("UserCreated")
                                 .field("userId", &UserCreated::user_id, string())
                                 .field("name", &UserCreated::name, string().max(100))
                                 .field("role", &UserCreated::role, one_of({"owner", "member"}));
  return schema;
}

struct KeyCreated {
  std::string key_id;
  std::string name;
  std::string prefix;
  std::string hash;
};
const ObjectSchema<KeyCreated>& describe(Type<KeyCreated>) {
  static const auto schema =
      object<KeyCreated>("KeyCreated")
          .field("keyId", &KeyCreated::key_id, string().uuid())
          .field("name", &KeyCreated::name, string().max(100))
          .field("prefix", &KeyCreated::prefix, string())
          .field("hash", &KeyCreated::hash, string(), "SHA-256 of the key, hexadecimal.");
  return schema;
}

struct KeyRevoked {
  std::string key_id;
};
const ObjectSchema<KeyRevoked>& describe(Type<KeyRevoked>) {
  static const auto schema =
      object<KeyRevoked>("KeyRevoked").field("keyId", &KeyRevoked::key_id, string().uuid());
  return schema;
}

constexpr events::EventType<UserCreated> kUserCreationCompleted{"user.creation.completed"};
constexpr events::EventType<KeyCreated> kKeyCreationCompleted{"key.creation.completed"};
constexpr events::EventType<KeyRevoked> kKeyRevocationCompleted{"key.revocation.completed"};

std::string_view bytes_of(const Sha256& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

events::Envelope envelope_of(std::string user_id, std::string aggregate_type,
                             std::string_view aggregate_id) {
  events::Envelope envelope;
  envelope.user_id = std::move(user_id);
  envelope.aggregate_type = std::move(aggregate_type);
  envelope.aggregate_id = Uuid::parse(aggregate_id);
  return envelope;
}

}  // namespace

const ObjectSchema<KeyInfo>& describe(Type<KeyInfo>) {
  static const auto schema =
      object<KeyInfo>("Key")
          .field("id", &KeyInfo::id, string().uuid())
          .field("name", &KeyInfo::name, string())
          .field("prefix", &KeyInfo::prefix, string(), "The first characters of the key.")
          .field("createdAt", &KeyInfo::created_at, string().datetime())
          .field("revokedAt", &KeyInfo::revoked_at, string().datetime());
  return schema;
}

struct Keys::Made {
  NewKey key;
  std::string name;
  std::string prefix;
  Sha256 hash{};
  std::optional<events::NewEvent> event;
};

std::size_t Keys::Hash::operator()(const Sha256& hash) const {
  // The bytes of a hash of a random secret are as good as any hash of them.
  std::size_t value = 0;
  std::memcpy(&value, hash.data(), sizeof value);
  return value;
}

std::vector<db::Database::Migration> Keys::migrations() {
  return {{"api.1", kTables}};
}

void Keys::add_event_types(events::EventTypes& types) {
  types.add(kUserCreationCompleted, "A user was added to the pod.");
  types.add(kKeyCreationCompleted, "A user got an API key.");
  types.add(kKeyRevocationCompleted, "An API key was revoked.");
}

Task<Result<>> Keys::load() {
  auto read = co_await database_.read([](db::Tx& tx) {
    std::vector<std::pair<Sha256, Caller>> found;
    auto rows = tx.query(
        "SELECT hash, user_id, role, api_keys_data.id FROM api_keys_data "
        "JOIN users ON users.id = user_id WHERE revoked_at IS NULL");
    while (rows.next()) {
      Sha256 hash{};
      const auto raw = rows.view(0);
      std::memcpy(hash.data(), raw.data(), std::min(raw.size(), hash.size()));
      found.emplace_back(
          hash, Caller{rows.text(1), role_by_name(rows.view(2)).value_or(Role{}), rows.text(3)});
    }
    return found;
  });
  if (!read) co_return fail(read.error());
  auto any_user = co_await database_.read([](db::Tx& tx) {
    auto rows = tx.query("SELECT 1 FROM users LIMIT 1");
    return rows.next();
  });
  if (!any_user) co_return fail(any_user.error());
  std::unique_lock lock(mutex_);
  has_users_ = *any_user;
  for (auto& [hash, caller] : *read) {
    live_keys_.try_emplace(caller.key_id);
    callers_.emplace(hash, std::move(caller));
  }
  co_return Result<>{};
}

bool Keys::has_users() const {
  std::shared_lock lock(mutex_);
  return has_users_;
}

Result<Caller> Keys::authenticate(std::string_view token) const {
  if (token.empty()) {
    return fail(Code::kUnauthorized,
                "An API key is needed: Authorization: Bearer synap_..., or the connection "
                "parameter \"token\"");
  }
  std::shared_lock lock(mutex_);
  const auto found = callers_.find(sha256(token));
  if (found == callers_.end()) return fail(Code::kUnauthorized, "This API key is not valid");
  return found->second;
}

Result<Keys::Made> Keys::make_key(const std::string& user_id, std::string name) const {
  Made made;
  std::uint8_t secret[kSecretBytes];
  random_bytes(secret, sizeof secret);
  made.key.user_id = user_id;
  made.key.key_id = Uuid::v7().to_string();
  made.key.key =
      std::string(kPrefix) + to_base64url({reinterpret_cast<const char*>(secret), sizeof secret});
  made.name = std::move(name);
  made.prefix = made.key.key.substr(0, kShownCharacters);
  made.hash = sha256(made.key.key);
  auto event = types_.make(kKeyCreationCompleted,
                           {made.key.key_id, made.name, made.prefix, to_hex(made.hash)},
                           envelope_of(user_id, "key", made.key.key_id));
  if (!event) return fail(event.error());
  made.event = std::move(*event);
  return made;
}

void Keys::store_key(db::Tx& tx, const Made& made, Role role) {
  tx.run(
      "INSERT INTO api_keys_data(id, user_id, name, prefix, hash, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6)",
      made.key.key_id, made.key.user_id, made.name, made.prefix, db::Blob{bytes_of(made.hash)},
      *made.event->envelope().timestamp);
  tx.on_commit([this, hash = made.hash, caller = Caller{made.key.user_id, role, made.key.key_id}] {
    std::unique_lock lock(mutex_);
    has_users_ = true;
    live_keys_.try_emplace(caller.key_id);
    callers_.emplace(hash, caller);
  });
}

bool Keys::is_live(const std::string& key_id) const {
  std::shared_lock lock(mutex_);
  return live_keys_.contains(key_id);
}

Result<> Keys::admit(const std::string& key_id) const {
  std::shared_lock lock(mutex_);
  const auto key = live_keys_.find(key_id);
  if (key == live_keys_.end()) return fail(Code::kUnauthorized, "This API key is not valid");
  if (limit_.take(key->second, RateLimit::Clock::now())) return {};
  return fail(Code::kTooManyRequests,
              fmt::format("This API key may make {} calls a second", limit_.calls_per_second()));
}

Task<Result<NewKey>> Keys::create_user(std::string name, Role role, std::string by_user_id,
                                       std::function<Result<>(const NewKey&)> keep) {
  const std::string user_id = Uuid::v7().to_string();
  const std::string role_text(role_name(role));
  auto made = make_key(user_id, "first key");
  if (!made) co_return fail(made.error());
  auto envelope = envelope_of(user_id, "user", user_id);
  if (!by_user_id.empty()) envelope.metadata = Json::object({{"createdBy", by_user_id}}).dump();
  auto user = types_.make(kUserCreationCompleted, {user_id, name, role_text}, std::move(envelope));
  if (!user) co_return fail(user.error());
  if (keep) {
    if (auto kept = keep(made->key); !kept) co_return fail(kept.error());
  }
  auto written = co_await database_.write([&](db::Tx& tx) {
    tx.run("INSERT INTO users(id, name, role, created_at) VALUES ($1, $2, $3, $4)", user_id, name,
           role_text, *user->envelope().timestamp);
    store_key(tx, *made, role);
    log_.append(tx, {.events = {*user, *made->event}});
  });
  if (!written) co_return fail(written.error());
  co_return made->key;
}

Task<Result<NewKey>> Keys::create_key(std::string user_id, std::string name) {
  auto made = make_key(user_id, std::move(name));
  if (!made) co_return fail(made.error());
  auto written = co_await database_.write([&](db::Tx& tx) {
    std::string role;
    {
      auto rows = tx.query("SELECT role FROM users WHERE id = $1", user_id);
      if (!rows.next()) return tx.abort({Code::kNotFound, "There is no such user", nullptr});
      role = rows.text(0);
    }
    store_key(tx, *made, role_by_name(role).value_or(Role::kMember));
    log_.append(tx, {.events = {*made->event}});
  });
  if (!written) co_return fail(written.error());
  co_return made->key;
}

Task<Result<std::vector<KeyInfo>>> Keys::list(std::string user_id) {
  co_return co_await database_.read_as(user_id, [](db::Tx& tx) {
    std::vector<KeyInfo> keys;
    auto rows =
        tx.query("SELECT id, name, prefix, created_at, revoked_at FROM api_keys ORDER BY id");
    while (rows.next()) {
      KeyInfo key{rows.text(0), rows.text(1), rows.text(2), to_iso8601(rows.integer(3)), {}};
      if (!rows.is_null(4)) key.revoked_at = to_iso8601(rows.integer(4));
      keys.push_back(std::move(key));
    }
    return keys;
  });
}

Task<Result<>> Keys::revoke(std::string user_id, std::string key_id) {
  auto event = types_.make(kKeyRevocationCompleted, {key_id}, envelope_of(user_id, "key", key_id));
  if (!event) co_return fail(event.error());
  co_return co_await database_.write([&](db::Tx& tx) {
    Sha256 hash{};
    {
      auto rows = tx.query(
          "UPDATE api_keys_data SET revoked_at = $3 "
          "WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING hash",
          key_id, user_id, *event->envelope().timestamp);
      if (!rows.next()) {
        if (tx.ok()) tx.abort({Code::kNotFound, "There is no such key", nullptr});
        return;
      }
      const auto raw = rows.view(0);
      std::memcpy(hash.data(), raw.data(), std::min(raw.size(), hash.size()));
      rows.next();
    }
    // Before the followers of the log are woken: an open subscription must find its key gone.
    tx.on_commit([this, hash, key_id] {
      std::unique_lock lock(mutex_);
      live_keys_.erase(key_id);
      callers_.erase(hash);
    });
    log_.append(tx, {.events = {*event}});
  });
}

}  // namespace synap::api
