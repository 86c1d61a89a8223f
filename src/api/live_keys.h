// LiveKeys: the keys that are not revoked, in memory, so that a call costs no query.
//
// A caller is found by the hash of what they send: in constant time as far as the key goes, and in
// O(1) as far as the number of keys goes. What is kept besides, a user's rate and when a key was
// last used, is found by way of the key. Keys that have expired stay, so that whoever has one is
// told so, and not that it is wrong.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "api/actor.h"
#include "api/credential.h"
#include "api/key_clock.h"
#include "api/rate_limit.h"
#include "base/crypto.h"

namespace synap::api {

/// Any thread.
class LiveKeys {
 public:
  /// A key as the log has it.
  struct Entry {
    Sha256 hash{};
    Actor actor;
    std::optional<std::int64_t> expires_at;  // Unix ms
    std::int64_t used_at = 0;                // Unix ms; 0: not yet, as far as is known
    KeyKind kind = KeyKind::kKey;
    std::string parent = {};  // the key for which it stands; empty: none
  };
  /// That a key was used.
  struct Use {
    std::string key_id;
    std::string user_id;
    std::int64_t at = 0;  // Unix ms
  };

  LiveKeys(RateLimit limit, World& world) : limit_(limit), clock_(world) {}

  /// A session whose key is gone, or whose time is over, is not added; nor is what is there, or was
  /// removed a moment ago.
  void add(Entry entry);
  void add_user() { has_users_ = true; }
  /// And the sessions that stand for it.
  void remove(const std::string& key_id);
  /// True from the first user on, also when none of them has a key any more.
  bool has_users() const { return has_users_; }
  std::int64_t now() const { return clock_.unix_ms(); }
  /// At the start: it is not earlier than this, whatever the clock says.
  void raise_clock(std::int64_t unix_ms) { clock_.raise(unix_ms); }

  /// Whose it is. kUnauthorized.
  Result<ActorRef> find(const Credential& shown) const;
  Result<ActorRef> find_by_id(const std::string& key_id) const;
  /// kUnauthorized: the key is revoked or has expired.
  Result<> check(const std::string& key_id) const;
  /// When the key ends, Unix ms; nothing: never, or it is none.
  std::optional<std::int64_t> end_of(const std::string& key_id) const;
  /// The key for which a session stands; of any other, itself.
  std::string key_behind(const std::string& key_id) const;
  /// Asked to stop when the key is removed, and when end_expired() finds that it has expired.
  std::stop_token ended(const std::string& key_id) const;
  /// Asks whoever waits with a key that has expired to stop. Sessions that have are
  /// forgotten.
  void end_expired();
  /// Counts a call, too. Besides kTooManyRequests.
  Result<> admit(const std::string& key_id) const;

  /// 0: not at all, or not a live key.
  std::int64_t used_at(const std::string& key_id) const;
  /// The keys that were used since the last call of this, also those that are gone by now.
  std::vector<Use> take_uses();
  /// They could not be written down, and are taken again later.
  void give_back(std::vector<Use> uses);

 private:
  struct Key {
    Entry entry;
    std::shared_ptr<RateLimit::Account> account;  // of its user
    std::atomic<std::int64_t> used_at{0};
    std::atomic<bool> is_used{false};  // and so is in used_
    std::stop_source ended;
    std::vector<std::string> children;  // sessions that stand for it
  };
  using KeyRef = std::shared_ptr<Key>;
  struct Hash {
    std::size_t operator()(const Sha256& hash) const;
  };

  KeyRef take_out(const std::string& key_id);
  Result<> check_time(const Key& key, std::int64_t now) const;
  void note_use(const KeyRef& key, std::int64_t now) const;

  const RateLimit limit_;
  KeyClock clock_;
  std::atomic<bool> has_users_ = false;
  mutable std::shared_mutex mutex_;
  std::unordered_map<Sha256, KeyRef, Hash> by_hash_;
  std::unordered_map<std::string, KeyRef> by_id_;
  // The keys that were removed last: where another node has revoked a key that this one has just
  // made, that may be known here before it is.
  std::unordered_set<std::string> removed_;
  std::deque<std::string> removed_in_order_;
  // Of every user who ever had a key here: users stay.
  std::unordered_map<std::string, std::shared_ptr<RateLimit::Account>> accounts_;

  mutable std::mutex uses_mutex_;
  mutable std::vector<KeyRef> used_;  // each once
  std::vector<Use> given_back_;
};

}  // namespace synap::api
