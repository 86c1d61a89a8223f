#include "api/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ranges>

#include "api/access_events.h"
#include "base/clock.h"
#include "base/log.h"
#include "events/reason.h"

namespace synap::api {
namespace {

constexpr std::size_t kSecretBytes = 32;
// What a list of keys shows of each behind its prefix: enough to tell them apart, nothing to guess
// the rest by.
constexpr std::size_t kShownCharacters = 4;

// So that whoever finds one knows what he has found.
std::string_view prefix_of(KeyKind kind) {
  switch (kind) {
    case KeyKind::kKey:
      return "synap_";
    case KeyKind::kSession:
      return "synap_session_";
  }
  return "";
}

Sha256 hash_of(std::string_view raw) {
  Sha256 hash{};
  std::memcpy(hash.data(), raw.data(), std::min(raw.size(), hash.size()));
  return hash;
}

// As rows have them. What cannot be read must not become "everything".
Result<Scopes> scopes_of(std::string_view text) {
  std::vector<std::string> names;
  for (const auto name : std::views::split(text, ' ')) {
    if (!name.empty()) names.emplace_back(name.begin(), name.end());
  }
  auto scopes = Scopes::parse(std::move(names));
  if (scopes) return scopes;
  return fail(Code::kInternalServerError,
              "The scopes of a key cannot be read: " + scopes.error().message);
}

// Which kind a row says it is, and for which key it stands. What is not known is let be.
bool read_kind(db::Rows& rows, int column, LiveKeys::Entry& entry) {
  const auto kind = key_kind_by_name(rows.view(column));
  if (!kind) return false;
  entry.kind = *kind;
  entry.parent = rows.text(column + 1);
  return true;
}

// Keys by which an owner may do everything, now; those that never end come first.
constexpr std::string_view kFullOwnerKeys =
    "SELECT expires_at FROM users_data JOIN api_keys_data ON user_id = users_data.id "
    "WHERE role = 'owner' AND revoked_at IS NULL AND scopes = '' AND kind = '' "
    "AND (expires_at IS NULL OR expires_at > $2) AND api_keys_data.id {} $1 ORDER BY expires_at IS "
    "NOT NULL LIMIT 1";

bool is_last_of_owners(db::Tx& tx, const std::string& key_id, std::int64_t now) {
  static const auto kThis = fmt::format(fmt::runtime(kFullOwnerKeys), "=");
  static const auto kOthers = fmt::format(fmt::runtime(kFullOwnerKeys), "<>");
  bool ends = false;
  {
    auto rows = tx.query(kThis, key_id, now);
    if (!rows.next()) return false;
    ends = !rows.is_null(0);
  }
  auto rows = tx.query(kOthers, key_id, now);
  if (!rows.next()) return true;
  // One that ends is no other for one that does not: later nobody would get in.
  return !ends && !rows.is_null(0);
}

/// What is kept as the answer to an idempotency key: no secret.
struct KeptAnswer {
  std::string user_id;
  std::string key_id;
};
const ObjectSchema<KeptAnswer>& describe(Type<KeptAnswer>) {
  static const auto schema = object<KeptAnswer>()
                                 .field("userId", &KeptAnswer::user_id, string())
                                 .field("keyId", &KeptAnswer::key_id, string());
  return schema;
}

}  // namespace

const ObjectSchema<KeyInfo>& describe(Type<KeyInfo>) {
  static const auto schema =
      object<KeyInfo>("Key")
          .field("id", &KeyInfo::id, string().uuid())
          .field("name", &KeyInfo::name, string())
          .field("prefix", &KeyInfo::prefix, string(), "The first characters of the key.")
          .field("scopes", &KeyInfo::scopes, array(string()),
                 "What it may do; [\"*\"]: all that its user may.")
          .field("createdAt", &KeyInfo::created_at, string().datetime())
          .field("expiresAt", &KeyInfo::expires_at, string().datetime(), "Absent: never.")
          .field("lastUsedAt", &KeyInfo::last_used_at, string().datetime(), "Absent: not yet.")
          .field("revokedAt", &KeyInfo::revoked_at, string().datetime());
  return schema;
}

const ObjectSchema<UserInfo>& describe(Type<UserInfo>) {
  static const auto schema =
      object<UserInfo>("User")
          .field("id", &UserInfo::id, string())
          .field("name", &UserInfo::name, string())
          .field("role", &UserInfo::role, one_of({"owner", "member"}))
          .field("createdAt", &UserInfo::created_at, string().datetime())
          .field("keys", &UserInfo::keys, integer(), "That are neither revoked nor expired.");
  return schema;
}

events::Envelope Keys::envelope_of(const AccessRequest& request, std::string user_id,
                                   std::string aggregate_type, std::string_view aggregate_id) {
  events::Envelope envelope;
  envelope.user_id = std::move(user_id);
  envelope.source = request.actor ? request.actor->source : events::Source::kSystem;
  if (request.actor) envelope.actor = request.actor->recorded;
  envelope.aggregate_type = std::move(aggregate_type);
  envelope.aggregate_id = Uuid::parse(aggregate_id);
  if (request.cause != nullptr) events::set_cause(envelope, *request.cause);
  events::set_reason(envelope, request.reason);
  return envelope;
}

// The key of who asks may have been revoked since the call began: then nothing comes of it, and
// whoever revokes a stolen key can look at what it has made.
void Keys::check_asker(db::Tx& tx, const AccessRequest& request) {
  if (!request.actor || request.actor->recorded.kind != events::Actor::Kind::kKey) return;
  auto rows = tx.query(
      "SELECT 1 FROM api_keys_data WHERE revoked_at IS NOT NULL AND id IN "
      "($1, (SELECT parent FROM api_keys_data WHERE id = $1))",
      request.actor->recorded.id);
  if (rows.next()) tx.abort({Code::kUnauthorized, "This API key is not valid", nullptr});
}

void Keys::add_event_types(events::EventTypes& types) {
  add_access_event_types(types);
}

projections::Projection Keys::projection() {
  return access_projection();
}

Keys::Keys(db::Database& database, events::EventLog& log, const events::EventTypes& types,
           RateLimit limit, World& world)
    : database_(database),
      log_(log),
      types_(types),
      world_(world),
      live_(limit, world),
      uses_(database, live_, world) {
  log_.observe([this](db::Tx& tx, std::span<const events::EventRef> events) {
    for (const auto& event : events) observe(tx, *event);
  });
}

// The rows are the projection's, which has folded the event before; here is what the memory has of
// them, once they are on disk.
void Keys::observe(db::Tx& tx, const events::Event& event) {
  if (event.type == kKeyRevocationCompleted.name) {
    auto revoked = data_of(event, kKeyRevocationCompleted);
    if (!revoked) return tx.abort(revoked.error());
    tx.on_commit([this, key_id = (*revoked)->key_id] { live_.remove(key_id); });
  } else if (event.type == kUserCreationCompleted.name) {
    tx.on_commit([this] { live_.add_user(); });
  } else if (event.type == kKeyCreationCompleted.name) {
    auto entry = entry_of(tx, event);
    if (entry) tx.on_commit([this, made = std::move(*entry)] { live_.add(made); });
  }
}

// As its row has it. Nothing: it is revoked already, or cannot be read.
std::optional<LiveKeys::Entry> Keys::entry_of(db::Tx& tx, const events::Event& event) {
  auto key = data_of(event, kKeyCreationCompleted);
  if (!key) {
    tx.abort(key.error());
    return std::nullopt;
  }
  auto rows = tx.query(
      "SELECT hash, role, scopes, expires_at, kind, parent FROM api_keys_data "
      "JOIN users_data ON users_data.id = user_id WHERE api_keys_data.id = $1 "
      "AND revoked_at IS NULL",
      (*key)->key_id);
  if (!rows.next()) return std::nullopt;
  auto scopes = scopes_of(rows.view(2));
  if (!scopes) {
    tx.abort(scopes.error());
    return std::nullopt;
  }
  LiveKeys::Entry entry{.hash = hash_of(rows.view(0))};
  entry.actor = Actor::of_key(event.user_id, role_by_name(rows.view(1)).value_or(Role::kMember),
                              (*key)->key_id, std::move(*scopes));
  if (!rows.is_null(3)) entry.expires_at = rows.integer(3);
  if (!read_kind(rows, 4, entry)) return std::nullopt;
  return entry;
}

std::vector<std::string> Keys::hears() {
  return {std::string(kKeyRevocationCompleted.name), std::string(kUserCreationCompleted.name),
          std::string(kKeyCreationCompleted.name)};
}

Task<Result<>> Keys::hear(const events::Event& event) {
  if (event.type == kKeyRevocationCompleted.name) {
    auto revoked = data_of(event, kKeyRevocationCompleted);
    if (!revoked) co_return fail(revoked.error());
    live_.remove((*revoked)->key_id);
  } else if (event.type == kUserCreationCompleted.name) {
    live_.add_user();
  } else if (event.type == kKeyCreationCompleted.name) {
    auto entry = co_await database_.read([&](db::Tx& tx) { return entry_of(tx, event); });
    if (!entry) co_return fail(entry.error());
    if (*entry) live_.add(std::move(**entry));
  }
  co_return Result<>{};
}

Task<Result<>> Keys::load() {
  auto read = co_await database_.read_at_start([this, now = live_.now()](db::Tx& tx) {
    auto users = tx.query("SELECT 1 FROM users_data LIMIT 1");
    if (users.next()) live_.add_user();
    auto links = tx.query("SELECT max(expires_at) FROM sign_in_links_data");
    if (links.next() && !links.is_null(0)) {
      links_end_ = std::max(links_end_.load(), links.integer(0));
    }
    auto rows = tx.query(
        "SELECT hash, api_keys_data.user_id, role, id, scopes, expires_at, used_at, kind, parent "
        "FROM (SELECT * FROM api_keys_data WHERE revoked_at IS NULL) AS api_keys_data "
        "JOIN (SELECT id AS owner_id, role FROM users_data) AS owners ON owner_id = user_id "
        "LEFT JOIN (SELECT key_id, used_at FROM key_uses_data) AS uses ON key_id = id "
        "WHERE kind = '' OR expires_at > $1 "
        "ORDER BY kind <> ''",  // keys before what stands for them
        now);
    while (rows.next()) {
      auto scopes = scopes_of(rows.view(4));
      // It may do nothing, and the others what they may.
      if (!scopes) {
        write_log(LogLevel::kError, "api", "the key {key} is left out, its row is damaged: {error}",
                  {{"key", rows.text(3)}, {"error", scopes.error().message}});
        continue;
      }
      LiveKeys::Entry entry{.hash = hash_of(rows.view(0))};
      entry.actor = Actor::of_key(rows.text(1), role_by_name(rows.view(2)).value_or(Role::kMember),
                                  rows.text(3), std::move(*scopes));
      if (!rows.is_null(5)) entry.expires_at = rows.integer(5);
      if (!rows.is_null(6)) entry.used_at = rows.integer(6);
      if (read_kind(rows, 7, entry)) live_.add(std::move(entry));
    }
  });
  if (!read || log_.end().value() == 0) co_return read;
  auto newest = co_await log_.at(log_.end().value());
  if (!newest) co_return fail(newest.error());
  live_.raise_clock((*newest)->timestamp);
  co_return Result<>{};
}

Result<ActorRef> Keys::find(const Credential& shown) const {
  if (!shown.token.empty()) {
    auto found = live_.find(shown);
    for (auto other = shown.others.begin(); !found && other != shown.others.end(); ++other) {
      Credential next(*other, shown.kind);
      next.page_half = shown.page_half;
      if (auto actor = live_.find(next)) found = std::move(actor);
    }
    return found;
  }
  return fail(Code::kUnauthorized,
              "An API key is needed: Authorization: Bearer synap_..., or the connection "
              "parameter \"token\"");
}

Result<ActorRef> Keys::authenticate(const Credential& shown, std::string_view peer) const {
  auto found = find(shown);
  if (found || shown.token.empty()) return found;
  refused_.add();
  write_log_bounded(Same::kMessage, LogLevel::kInfo, "api", "an API key was refused",
                    {{"peer", peer}});
  return found;
}

Result<> Keys::check(const Actor& actor) const {
  return live_.check(actor.recorded.id);
}

std::stop_token Keys::ended(const Actor& actor) const {
  return live_.ended(actor.recorded.id);
}

Result<> Keys::admit(const Actor& actor) const {
  return live_.admit(actor.recorded.id);
}

Task<Result<events::EventRef>> Keys::cause(const Actor& actor, Uuid event_id) const {
  auto event = co_await log_.find(events::Tenancy::of_user(actor.user_id), event_id);
  if (event || event.error().code != Code::kNotFound) co_return event;
  co_return co_await Authority::cause(actor, event_id);
}

Task<Result<std::string>> Keys::propose(const Session& session, std::string_view path,
                                        Json input) const {
  if (!propose_) co_return co_await Authority::propose(session, path, std::move(input));
  co_return co_await propose_(session, std::string(path), std::move(input));
}

std::string Keys::key_behind(const Actor& actor) const {
  return live_.key_behind(Authority::key_behind(actor));
}

Result<Keys::Made> Keys::make_key(const std::string& user_id, KeyOptions options,
                                  const AccessRequest& request) const {
  if (request.actor && !request.actor->scopes.cover(options.scopes)) {
    return fail(Code::kForbidden, "A key makes no key that may do more than itself");
  }
  // Nor one that outlives it: else whoever has a key for a day has one for ever.
  const auto end =
      request.actor ? live_.end_of(live_.key_behind(request.actor->recorded.id)) : std::nullopt;
  if (end) {
    if (options.expires_at && *options.expires_at > *end) {
      return fail(Code::kForbidden, fmt::format("A key makes no key that lasts longer than itself, "
                                                "which ends at {}",
                                                to_iso8601(*end)));
    }
    if (!options.expires_at) options.expires_at = end;
  }
  std::uint8_t secret[kSecretBytes];
  random_bytes(secret, sizeof secret);
  NewKey key{.user_id = user_id, .key_id = Uuid::v7().to_string()};
  const auto prefix = prefix_of(options.kind);
  key.key =
      std::string(prefix) + to_base64url({reinterpret_cast<const char*>(secret), sizeof secret});
  if (options.kind == KeyKind::kSession) {
    random_bytes(secret, sizeof secret);
    key.key += to_base64url({reinterpret_cast<const char*>(secret), sizeof secret});
  }
  KeyCreated data{.key_id = key.key_id,
                  .name = std::move(options.name),
                  .prefix = key.key.substr(0, prefix.size() + kShownCharacters),
                  .hash = to_hex(sha256(key.key))};
  if (!options.scopes.is_everything()) data.scopes = options.scopes.names();
  if (options.expires_at) data.expires_at = to_iso8601(*options.expires_at);
  if (options.kind != KeyKind::kKey) {
    data.kind = key_kind_name(options.kind);
    data.parent = options.parent;
  }
  key.expires_at = options.expires_at;
  auto event = types_.make(kKeyCreationCompleted, std::move(data),
                           envelope_of(request, user_id, "key", key.key_id));
  if (!event) return fail(event.error());
  return Made{std::move(key), std::move(*event)};
}

Task<Result<NewKey>> Keys::append(NewKey key, std::vector<events::NewEvent> events,
                                  AccessRequest request, std::function<void(db::Tx&)> decide) {
  events::Append append{.events = std::move(events)};
  append.decide = [&request, decide = std::move(decide)](db::Tx& tx) {
    check_asker(tx, request);
    if (tx.ok() && decide) decide(tx);
  };
  if (!request.idempotency_key.empty() && request.actor) {
    events::Idempotency idempotency{.key = request.idempotency_key,
                                    .fingerprint = sha256(request.fingerprint_of),
                                    .user_id = request.actor->user_id};
    encode(idempotency.answer, KeptAnswer{key.user_id, key.key_id});
    append.idempotency = std::move(idempotency);
  }
  auto appended = co_await log_.append(std::move(append));
  if (!appended) co_return fail(appended.error());
  if (!appended->is_repeat) co_return key;
  auto json = parse_json(appended->answer);
  if (!json) co_return fail(json.error());
  auto first = decode<KeptAnswer>(std::move(*json));
  if (!first) co_return fail(first.error());
  co_return NewKey{first->user_id, first->key_id, "", true, std::nullopt};
}

Task<Result<NewKey>> Keys::create_user(std::string name, Role role, AccessRequest request,
                                       Keep keep) {
  const std::string user_id = Uuid::v7().to_string();
  KeyOptions first{.name = "first key"};
  if (request.actor) first.scopes = request.actor->scopes;
  auto made = make_key(user_id, std::move(first), request);
  if (!made) co_return fail(made.error());
  auto user =
      types_.make(kUserCreationCompleted, UserCreated{user_id, name, std::string(role_name(role))},
                  envelope_of(request, user_id, "user", user_id));
  if (!user) co_return fail(user.error());
  if (keep) {
    if (auto kept = keep(made->key); !kept) co_return fail(kept.error());
  }
  std::vector<events::NewEvent> both = {std::move(*user), std::move(made->event)};
  co_return co_await append(std::move(made->key), std::move(both), std::move(request), nullptr);
}

Task<Result<NewKey>> Keys::create_key(std::string user_id, KeyOptions options,
                                      AccessRequest request, Keep keep) {
  const auto kind = options.kind;
  auto made = make_key(user_id, std::move(options), request);
  if (!made) co_return fail(made.error());
  if (keep) {
    if (auto kept = keep(made->key); !kept) co_return fail(kept.error());
  }
  const bool is_bounded = request.actor.has_value();
  const auto decide = [user_id, kind, is_bounded, now = live_.now()](db::Tx& tx) {
    {
      auto rows = tx.query("SELECT 1 FROM users_data WHERE id = $1", user_id);
      if (!rows.next()) return tx.abort({Code::kNotFound, "There is no such user", nullptr});
    }
    auto rows = tx.query(
        "SELECT count(*) FROM (SELECT 1 FROM api_keys_data WHERE user_id = $1 AND kind = $4 "
        "AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2) LIMIT $3) AS working",
        user_id, now, kKeysMax, key_kind_name(kind));
    if (!is_bounded || !rows.next() || rows.integer(0) < kKeysMax) return;
    tx.abort({Code::kPreconditionFailed,
              fmt::format("A user has at most {} {}s that work; revoke some first", kKeysMax,
                          kind == KeyKind::kKey ? "key" : key_kind_name(kind)),
              nullptr});
  };
  std::vector<events::NewEvent> one = {std::move(made->event)};
  co_return co_await append(std::move(made->key), std::move(one), std::move(request), decide);
}

Task<Result<>> Keys::revoke(std::string user_id, std::string key_id, AccessRequest request) {
  if (!Uuid::parse(key_id)) co_return fail(Code::kNotFound, "There is no such key");
  auto event = types_.make(kKeyRevocationCompleted, KeyRevoked{key_id},
                           envelope_of(request, user_id, "key", key_id));
  if (!event) co_return fail(event.error());
  const auto decide = [user_id, key_id, now = live_.now()](db::Tx& tx) {
    {
      auto rows = tx.query(
          "SELECT 1 FROM api_keys_data WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL",
          key_id, user_id);
      if (!rows.next()) return tx.abort({Code::kNotFound, "There is no such key", nullptr});
    }
    if (!is_last_of_owners(tx, key_id, now)) return;
    tx.abort({Code::kPreconditionFailed,
              "This is the last key by which an owner can do everything; make another one first, "
              "and revoke this one by that",
              nullptr});
  };
  std::vector<events::NewEvent> one = {std::move(*event)};
  auto revoked = co_await append({.user_id = user_id, .key_id = key_id}, std::move(one),
                                 std::move(request), decide);
  if (!revoked) co_return fail(revoked.error());
  co_return Result<>{};
}

}  // namespace synap::api
