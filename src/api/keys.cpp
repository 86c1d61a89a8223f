#include "api/keys.h"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "base/clock.h"

namespace synap::api {
namespace {

constexpr std::string_view kPrefix = "synap_";
constexpr std::size_t kSecretBytes = 32;
// What a list of keys shows of each: enough to tell them apart, nothing to guess the rest by.
constexpr std::size_t kShownCharacters = kPrefix.size() + 4;

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

Sha256 hash_of(std::string_view raw) {
  Sha256 hash{};
  std::memcpy(hash.data(), raw.data(), std::min(raw.size(), hash.size()));
  return hash;
}

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
const Data* read(db::Tx& tx, const events::Event& event, const events::EventType<Data>& type) {
  auto data = data_of(event, type);
  if (data) return *data;
  tx.abort(data.error());
  return nullptr;
}

void fold(db::Tx& tx, const events::Event& event) {
  if (event.type == kUserCreationCompleted.name) {
    const auto* user = read(tx, event, kUserCreationCompleted);
    if (user == nullptr) return;
    tx.run("INSERT INTO users_data(id, name, role, created_at) VALUES ($1, $2, $3, $4)",
           user->user_id, user->name, user->role, event.timestamp);
  } else if (event.type == kKeyCreationCompleted.name) {
    const auto* key = read(tx, event, kKeyCreationCompleted);
    if (key == nullptr) return;
    const auto hash = bytes_of_hex(key->hash);
    tx.run(
        "INSERT INTO api_keys_data(id, user_id, name, prefix, hash, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        key->key_id, event.user_id, key->name, key->prefix, db::Blob{hash}, event.timestamp);
  } else if (event.type == kKeyRevocationCompleted.name) {
    const auto* key = read(tx, event, kKeyRevocationCompleted);
    if (key == nullptr) return;
    tx.run("UPDATE api_keys_data SET revoked_at = $2 WHERE id = $1", key->key_id, event.timestamp);
  }
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

projections::Projection Keys::projection() {
  using db::ColumnType;
  return {
      .name = "access",
      .kind = projections::Projection::Kind::kInline,
      .tables = {{.name = "users",
                  .columns = {{"id"}, {"name"}, {"role"}, {"created_at", ColumnType::kInteger}},
                  .primary_key = {"id"},
                  .is_of_users = false},
                 {.name = "api_keys",
                  .columns = {{"id"},
                              {"user_id"},
                              {"name"},
                              {"prefix"},
                              {"hash", ColumnType::kBytes},
                              {"created_at", ColumnType::kInteger},
                              {"revoked_at", ColumnType::kInteger, true}},
                  .primary_key = {"id"},
                  .indexes = {{.columns = {"user_id", "id"}}}}},
      .types = {std::string(kUserCreationCompleted.name), std::string(kKeyCreationCompleted.name),
                std::string(kKeyRevocationCompleted.name)},
      .fold = fold};
}

Keys::Keys(db::Database& database, events::EventLog& log, const events::EventTypes& types,
           RateLimit limit)
    : database_(database), log_(log), types_(types), limit_(limit) {
  log_.observe([this](db::Tx& tx, std::span<const events::EventRef> events) {
    for (const auto& event : events) observe(tx, *event);
  });
}

// The rows are the projection's; here is what the memory has of them, once they are on disk.
void Keys::observe(db::Tx& tx, const events::Event& event) {
  if (event.type == kKeyRevocationCompleted.name) {
    const auto* revoked = read(tx, event, kKeyRevocationCompleted);
    if (revoked == nullptr) return;
    tx.on_commit([this, key_id = revoked->key_id] {
      std::unique_lock lock(mutex_);
      live_keys_.erase(key_id);
      std::erase_if(actors_, [&](const auto& entry) { return entry.second.recorded.id == key_id; });
    });
  } else if (event.type == kKeyCreationCompleted.name) {
    const auto* key = read(tx, event, kKeyCreationCompleted);
    if (key == nullptr) return;
    auto actor = Actor::of_key(event.user_id, Role::kMember, key->key_id);
    auto rows = tx.query("SELECT role FROM users_data WHERE id = $1", event.user_id);
    if (rows.next()) actor.role = role_by_name(rows.view(0)).value_or(Role::kMember);
    tx.on_commit([this, hash = hash_of(bytes_of_hex(key->hash)), actor = std::move(actor)] {
      std::unique_lock lock(mutex_);
      has_users_ = true;
      live_keys_.try_emplace(actor.recorded.id);
      actors_.emplace(hash, actor);
    });
  }
}

void Keys::add_event_types(events::EventTypes& types) {
  types.add(kUserCreationCompleted, "A user was added to the pod.");
  types.add(kKeyCreationCompleted, "A user got an API key.");
  types.add(kKeyRevocationCompleted, "An API key was revoked.");
}

Task<Result<>> Keys::load() {
  auto read = co_await database_.read_at_start([](db::Tx& tx) {
    std::vector<std::pair<Sha256, Actor>> found;
    auto rows = tx.query(
        "SELECT hash, user_id, role, api_keys_data.id FROM api_keys_data "
        "JOIN users_data ON users_data.id = user_id WHERE revoked_at IS NULL");
    while (rows.next()) {
      found.emplace_back(
          hash_of(rows.view(0)),
          Actor::of_key(rows.text(1), role_by_name(rows.view(2)).value_or(Role::kMember),
                        rows.text(3)));
    }
    return found;
  });
  if (!read) co_return fail(read.error());
  auto any_user = co_await database_.read([](db::Tx& tx) {
    auto rows = tx.query("SELECT 1 FROM users_data LIMIT 1");
    return rows.next();
  });
  if (!any_user) co_return fail(any_user.error());
  std::unique_lock lock(mutex_);
  has_users_ = *any_user;
  for (auto& [hash, actor] : *read) {
    live_keys_.try_emplace(actor.recorded.id);
    actors_.emplace(hash, std::move(actor));
  }
  co_return Result<>{};
}

bool Keys::has_users() const {
  std::shared_lock lock(mutex_);
  return has_users_;
}

Result<Actor> Keys::authenticate(std::string_view token) const {
  if (token.empty()) {
    return fail(Code::kUnauthorized,
                "An API key is needed: Authorization: Bearer synap_..., or the connection "
                "parameter \"token\"");
  }
  std::shared_lock lock(mutex_);
  const auto found = actors_.find(sha256(token));
  if (found == actors_.end()) return fail(Code::kUnauthorized, "This API key is not valid");
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
                           KeyCreated{made.key.key_id, made.name, made.prefix, to_hex(made.hash)},
                           envelope_of(user_id, "key", made.key.key_id));
  if (!event) return fail(event.error());
  made.event = std::move(*event);
  return made;
}

Result<> Keys::check(const Actor& actor) const {
  std::shared_lock lock(mutex_);
  if (live_keys_.contains(actor.recorded.id)) return {};
  return fail(Code::kUnauthorized, "This API key is not valid");
}

Result<> Keys::admit(const Actor& actor) const {
  std::shared_lock lock(mutex_);
  const auto key = live_keys_.find(actor.recorded.id);
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
  auto user = types_.make(kUserCreationCompleted, UserCreated{user_id, name, role_text},
                          std::move(envelope));
  if (!user) co_return fail(user.error());
  if (keep) {
    if (auto kept = keep(made->key); !kept) co_return fail(kept.error());
  }
  auto written = co_await log_.append({.events = {*user, *made->event}});
  if (!written) co_return fail(written.error());
  co_return made->key;
}

Task<Result<NewKey>> Keys::create_key(std::string user_id, std::string name) {
  auto made = make_key(user_id, std::move(name));
  if (!made) co_return fail(made.error());
  auto written =
      co_await log_.append({.events = {*made->event}, .decide = [&](db::Tx& tx) {
                              auto rows =
                                  tx.query("SELECT 1 FROM users_data WHERE id = $1", user_id);
                              if (rows.next()) return;
                              tx.abort({Code::kNotFound, "There is no such user", nullptr});
                            }});
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
  if (!Uuid::parse(key_id)) co_return fail(Code::kNotFound, "There is no such key");
  auto event =
      types_.make(kKeyRevocationCompleted, KeyRevoked{key_id}, envelope_of(user_id, "key", key_id));
  if (!event) co_return fail(event.error());
  const auto is_live = [&](db::Tx& tx) {
    auto rows = tx.query(
        "SELECT 1 FROM api_keys_data WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL", key_id,
        user_id);
    if (!rows.next()) tx.abort({Code::kNotFound, "There is no such key", nullptr});
  };
  auto revoked = co_await log_.append({.events = {std::move(*event)}, .decide = is_live});
  if (!revoked) co_return fail(revoked.error());
  co_return Result<>{};
}

}  // namespace synap::api
