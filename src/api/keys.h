// Keys: the users of a pod and the API keys they call with.
//
// A key is "synap_" and 32 random bytes in base64url. It is shown once, when it is made; kept is
// its SHA-256. (A slow hash would protect a guessable secret; 256 random bits are none.) All keys
// are in memory (live_keys.h), so a call costs no query, and a revoked key is refused from the
// moment its revocation is on disk. Users and keys follow from their events (access_events.h), as
// everything does: the rows are a projection, and the memory observes the log.
//
// A session of a browser stands for a key (credential.h): it is made, kept and revoked as a key is,
// may do what its key may, and ends with it at the latest. A link that begins one is good once and
// for minutes: it is a row that is not in the log (sessions.cpp), and goes when it is used.
//
// Nobody locks everybody out: the last key of an owner that is good for everything cannot be
// revoked, which is decided in the transaction that would revoke it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/actor.h"
#include "api/credential.h"
#include "api/key_uses.h"
#include "api/live_keys.h"
#include "base/metrics.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"
#include "projections/projection.h"

namespace synap::api {

/// Who asks for a change of users or keys; by default the pod itself, which is bound by nothing.
struct AccessRequest {
  std::optional<Actor> actor;
  /// A repeat with the same one, by the same user, is answered as the first was, without the
  /// secret, which is kept nowhere. Empty: there is none.
  std::string idempotency_key;
  /// What a repeat must have in common with the first request: its procedure and input.
  std::string fingerprint_of;
  /// Because of which they ask; null: of none.
  events::EventRef cause = nullptr;
  std::string reason = {};  // in their words; empty: they gave none
};

struct KeyOptions {
  std::string name;
  Scopes scopes;
  std::optional<std::int64_t> expires_at;  // Unix ms
  KeyKind kind = KeyKind::kKey;
  std::string parent = {};  // of a session: the key for which it stands
};

struct NewKey {
  std::string user_id;
  std::string key_id;
  std::string key;  // the secret itself; nobody can say it again. Empty in the answer to a repeat
  bool is_repeat = false;
  std::optional<std::int64_t> expires_at = {};  // Unix ms
};

/// What signs a browser in at the pod's page.
struct NewLink {
  std::string token;            // kept nowhere
  std::int64_t expires_at = 0;  // Unix ms
};
/// The link itself, from the pod's address on: "/#token=...".
std::string path_of_link(std::string_view token);

struct KeyInfo {
  std::string id;
  std::string name;
  std::string prefix;  // "synap_AbCd", to recognise it by
  std::vector<std::string> scopes;
  std::string created_at;
  std::optional<std::string> expires_at;
  std::optional<std::string> last_used_at;
  std::optional<std::string> revoked_at;
};
const ObjectSchema<KeyInfo>& describe(Type<KeyInfo>);

struct UserInfo {
  std::string id;
  std::string name;
  std::string role;
  std::string created_at;
  std::int64_t keys = 0;  // that are neither revoked nor expired
};
const ObjectSchema<UserInfo>& describe(Type<UserInfo>);

/// A part of a list, in the order of ids, which is that of creation.
template <class T>
struct AccessPage {
  std::vector<T> items;
  bool is_last = true;  // or there are more behind the last one
};

class Keys final : public Authority {
 public:
  /// Of one user, that are neither revoked nor expired: more than anybody has a use for, and few
  /// enough that a stolen key cannot fill the memory with others.
  static constexpr int kKeysMax = 1'000;

  static constexpr int kSessionsMax = 100;  // of one user, that are good
  static constexpr std::chrono::milliseconds kLinkMax = std::chrono::minutes(15);
  static constexpr std::string_view kLinkPrefix = "synap_link_";
  static constexpr int kLinksMax = 100;  // of one user, that are good

  static void add_event_types(events::EventTypes& types);
  /// Users and their keys, as rows.
  static projections::Projection projection();
  static std::vector<db::Database::Migration> migrations();

  /// Follows the log: what is appended about keys is known here once it is on disk. All must
  /// outlive it, and it the log's last append.
  Keys(db::Database& database, events::EventLog& log, const events::EventTypes& types,
       RateLimit limit = RateLimit(0), World& world = real_world());

  /// Reads all keys. Before anything else but the projections.
  Task<Result<>> load();
  /// What another node has appended about users and keys (events of hears()), in the order of the
  /// log; what is known already may come again.
  static std::vector<std::string> hears();
  Task<Result<>> hear(const events::Event& event);
  /// Before anything else: links are made by other nodes, too, which tell nobody of them.
  void share() { links_end_ = kNotKnown; }
  /// True from the first user on, also when none of them has a key any more.
  bool has_users() const { return live_.has_users(); }
  /// Once a minute takes away links that were made by a clock which was ahead, until it is asked to
  /// stop: the time that it showed will come.
  Task<void> forget_links(std::stop_token stop);
  /// When keys were used last, which is to be written down now and then.
  KeyUses& uses() { return uses_; }
  /// Unix ms, by the clock by which keys expire.
  std::int64_t now() const { return live_.now(); }

  /// kUnauthorized: missing, malformed, unknown or revoked, and the message does not tell which of
  /// the last three; or expired.
  Result<ActorRef> find(const Credential& shown) const;
  /// The same, once a request or a connection: what is refused is counted, and told in the log.
  /// `peer`: who has sent it.
  Result<ActorRef> authenticate(const Credential& shown, std::string_view peer = {}) const;
  /// How many keys authenticate() refused: those that were sent and are not valid.
  std::uint64_t refused() const { return refused_.value(); }

  /// When the key or session of `actor` ends, Unix ms; nothing: never.
  std::optional<std::int64_t> end_of(const Actor& actor) const {
    return live_.end_of(actor.recorded.id);
  }

  /// Makes proposals: set before calls are made. Without it there are none.
  using Propose = std::function<Task<Result<std::string>>(const Session&, std::string path, Json)>;
  void set_propose(Propose propose) { propose_ = std::move(propose); }

  Result<> check(const Actor& actor) const override;
  Result<> admit(const Actor& actor) const override;
  Task<Result<events::EventRef>> cause(const Actor& actor, Uuid event_id) const override;
  std::stop_token ended(const Actor& actor) const override;
  Task<Result<std::string>> propose(const Session& session, std::string_view path,
                                    Json input) const override;
  std::string key_behind(const Actor& actor) const override;

  // Changes. All: kUnauthorized, if the key of who asks was revoked meanwhile; kConflict, if the
  // idempotency key was used for something else.

  /// Is handed a key before it is any good: what it cannot keep is not made.
  using Keep = std::function<Result<>(const NewKey&)>;

  /// With a first key, of the scopes of the key that asks.
  Task<Result<NewKey>> create_user(std::string name, Role role, AccessRequest request = {},
                                   Keep keep = nullptr);
  /// kNotFound: there is no such user; kForbidden: its scopes are more than those of who asks;
  /// kPreconditionFailed: the user has kKeysMax keys.
  Task<Result<NewKey>> create_key(std::string user_id, KeyOptions options,
                                  AccessRequest request = {}, Keep keep = nullptr);
  /// kNotFound: the user has no such key; kPreconditionFailed: without it no owner could manage the
  /// pod any more.
  Task<Result<>> revoke(std::string user_id, std::string key_id, AccessRequest request = {});

  // Sessions and links. They stand for the key of `whose`, or for the one for which that stands,
  // and may do the same.

  /// Ends `instead_of`, the session in the same browser, and the oldest ones of a user who has
  /// kSessionsMax: who shows a key is never locked out by sessions.
  Task<Result<NewKey>> create_session(ActorRef whose, std::optional<ActorRef> instead_of = {});
  /// Good for as long as `whose` is. kPreconditionFailed: the user has kLinksMax.
  Task<Result<NewLink>> create_link(ActorRef whose);
  /// Whose link it is. kUnauthorized: it is good no more, which is counted as authenticate() does.
  Task<Result<ActorRef>> find_link(std::string token, std::string_view peer = {});
  /// Begins a session by a link, which is good no more then. kUnauthorized: it is not.
  Task<Result<NewKey>> use_link(std::string token, std::optional<ActorRef> instead_of = {});

  /// Of one kind.
  Task<Result<AccessPage<KeyInfo>>> list(std::string user_id, std::string after_id = "",
                                         int limit = 500, KeyKind kind = KeyKind::kKey);
  Task<Result<AccessPage<UserInfo>>> list_users(std::string after_id, int limit);
  /// Nothing: there is no such user.
  Task<Result<std::optional<UserInfo>>> find_user(std::string user_id);
  /// The first of them, if there is one. Any thread.
  Task<Result<std::optional<std::string>>> find_owner();
  /// The keys of owners that are not revoked, but for `key_id`: (user, key).
  Task<Result<std::vector<std::pair<std::string, std::string>>>> owner_keys_but(std::string key_id);

 private:
  struct Made {
    NewKey key;
    events::NewEvent event;
  };
  Result<Made> make_key(const std::string& user_id, KeyOptions options,
                        const AccessRequest& request) const;
  static events::Envelope envelope_of(const AccessRequest& request, std::string user_id,
                                      std::string aggregate_type, std::string_view aggregate_id);
  static void check_asker(db::Tx& tx, const AccessRequest& request);
  KeyOptions session_of(const ActorRef& whose) const;
  Task<Result<NewKey>> begin_session(ActorRef whose, std::optional<ActorRef> instead_of,
                                     std::function<void(db::Tx&)> decide);
  Task<Result<NewKey>> append(NewKey key, std::vector<events::NewEvent> events,
                              AccessRequest request, std::function<void(db::Tx&)> decide);
  void observe(db::Tx& tx, const events::Event& event);
  static std::optional<LiveKeys::Entry> entry_of(db::Tx& tx, const events::Event& event);

  db::Database& database_;
  events::EventLog& log_;
  const events::EventTypes& types_;
  World& world_;
  LiveKeys live_;
  Propose propose_;
  KeyUses uses_;
  // When the last link that was made is good no more: until then strangers' tokens are looked for.
  static constexpr std::int64_t kNotKnown = INT64_MAX;
  std::atomic<std::int64_t> links_end_{0};
  std::mutex owner_mutex_;
  std::optional<std::string> owner_;  // the first, once it was asked for
  mutable Counter refused_;
};

}  // namespace synap::api
