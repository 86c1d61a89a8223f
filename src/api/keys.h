// Keys: the users of a pod and the API keys they call with.
//
// A key is "synap_" and 32 random bytes in base64url. It is shown once, when it is made; kept is
// its SHA-256, and a caller is found by the hash of what he sends: in constant time as far as the
// key goes, and in O(1) as far as their number goes. (A slow hash would protect a guessable secret;
// 256 random bits are none.) All keys are in memory, so a request costs no query, and a revoked key
// is refused from the moment its revocation is on disk. Users and keys follow from their events, as
// everything does: the rows are a projection, and the memory observes the log.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/actor.h"
#include "api/rate_limit.h"
#include "base/crypto.h"
#include "db/database.h"
#include "events/log.h"
#include "events/types.h"
#include "projections/projection.h"

namespace synap::api {

struct NewKey {
  std::string user_id;
  std::string key_id;
  std::string key;  // the secret itself; nobody can say it again
};

struct KeyInfo {
  std::string id;
  std::string name;
  std::string prefix;  // "synap_AbCd", to recognise it by
  std::string created_at;
  std::optional<std::string> revoked_at;
};
const ObjectSchema<KeyInfo>& describe(Type<KeyInfo>);

class Keys final : public Authority {
 public:
  static void add_event_types(events::EventTypes& types);
  /// Users and their keys, as rows.
  static projections::Projection projection();

  /// Follows the log: what is appended about keys is known here once it is on disk. All must
  /// outlive it, and it the log's last append.
  Keys(db::Database& database, events::EventLog& log, const events::EventTypes& types,
       RateLimit limit = RateLimit(0));

  /// Reads all keys. Before anything else but the projections.
  Task<Result<>> load();
  /// True from the first user on, also when none of them has a key any more.
  bool has_users() const;

  /// kUnauthorized: missing, malformed, unknown or revoked; the message does not tell which of the
  /// last three.
  Result<Actor> authenticate(std::string_view token) const;

  Result<> check(const Actor& actor) const override;
  Result<> admit(const Actor& actor) const override;

  /// `keep`, if given, is handed the key before it is any good: what it cannot keep is not made.
  Task<Result<NewKey>> create_user(std::string name, Role role, std::string by_user_id,
                                   std::function<Result<>(const NewKey&)> keep = nullptr);
  Task<Result<NewKey>> create_key(std::string user_id, std::string name);
  Task<Result<std::vector<KeyInfo>>> list(std::string user_id);
  /// kNotFound: the user has no such key.
  Task<Result<>> revoke(std::string user_id, std::string key_id);

 private:
  struct Hash {
    std::size_t operator()(const Sha256& hash) const;
  };
  struct Made;
  Result<Made> make_key(const std::string& user_id, std::string name) const;
  void observe(db::Tx& tx, const events::Event& event);

  db::Database& database_;
  events::EventLog& log_;
  const events::EventTypes& types_;
  const RateLimit limit_;
  mutable std::shared_mutex mutex_;
  bool has_users_ = false;
  std::unordered_map<Sha256, Actor, Hash> actors_;                     // by the hash of the key
  mutable std::unordered_map<std::string, RateLimit::Key> live_keys_;  // by their ids
};

}  // namespace synap::api
