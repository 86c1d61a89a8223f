#include "api/live_keys.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>

#include "base/clock.h"

namespace synap::api {

std::string_view key_kind_name(KeyKind kind) {
  switch (kind) {
    case KeyKind::kKey:
      return "";
    case KeyKind::kSession:
      return "session";
  }
  return "";
}

std::optional<KeyKind> key_kind_by_name(std::string_view name) {
  for (const auto kind : {KeyKind::kKey, KeyKind::kSession}) {
    if (key_kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

namespace {

constexpr std::size_t kRemovedKept = 1'000;
// Nodes' clocks differ. A session that is good for longer than one can be was made by a clock that
// was ahead.
constexpr std::chrono::milliseconds kSessionLatest = kSessionMax + std::chrono::days(1);
constexpr std::chrono::milliseconds kForgottenAfter = std::chrono::days(30);

std::unexpected<Error> not_valid(KeyKind kind = KeyKind::kKey) {
  switch (kind) {
    case KeyKind::kKey:
      return fail(Code::kUnauthorized, "This API key is not valid");
    case KeyKind::kSession:
      return fail(Code::kUnauthorized, "This session has ended: sign in again");
  }
  return fail(Code::kUnauthorized, "");
}

}  // namespace

std::size_t LiveKeys::Hash::operator()(const Sha256& hash) const {
  // The bytes of a hash of a random secret are as good as any hash of them.
  std::size_t value = 0;
  std::memcpy(&value, hash.data(), sizeof value);
  return value;
}

void LiveKeys::add(Entry entry) {
  auto key = std::make_shared<Key>();
  key->used_at = entry.used_at;
  key->entry = std::move(entry);
  const bool is_over = !check_time(*key, now());
  std::unique_lock lock(mutex_);
  has_users_ = true;
  const auto& id = key->entry.actor.recorded.id;
  if (by_id_.contains(id) || removed_.contains(id)) return;
  if (key->entry.kind != KeyKind::kKey) {
    const auto parent = by_id_.find(key->entry.parent);
    if (is_over || parent == by_id_.end()) return;
    parent->second->children.push_back(key->entry.actor.recorded.id);
  }
  auto& account = accounts_[key->entry.actor.user_id];
  if (account == nullptr) account = std::make_shared<RateLimit::Account>();
  key->account = account;
  by_hash_.emplace(key->entry.hash, key);
  by_id_.emplace(key->entry.actor.recorded.id, std::move(key));
}

LiveKeys::KeyRef LiveKeys::take_out(const std::string& key_id) {
  const auto found = by_id_.find(key_id);
  if (found == by_id_.end()) return nullptr;
  auto key = found->second;
  by_hash_.erase(key->entry.hash);
  by_id_.erase(found);
  return key;
}

void LiveKeys::remove(const std::string& key_id) {
  std::vector<KeyRef> removed;
  {
    std::unique_lock lock(mutex_);
    if (removed_.insert(key_id).second) removed_in_order_.push_back(key_id);
    if (removed_in_order_.size() > kRemovedKept) {
      removed_.erase(removed_in_order_.front());
      removed_in_order_.pop_front();
    }
    auto key = take_out(key_id);
    if (key == nullptr) return;
    for (const auto& child : key->children) {
      if (auto session = take_out(child)) removed.push_back(std::move(session));
    }
    const auto parent = by_id_.find(key->entry.parent);
    if (parent != by_id_.end()) std::erase(parent->second->children, key_id);
    removed.push_back(std::move(key));
  }
  // Not under the lock: those who are asked to stop may look at their key.
  for (const auto& key : removed) key->ended.request_stop();
}

std::stop_token LiveKeys::ended(const std::string& key_id) const {
  std::shared_lock lock(mutex_);
  const auto found = by_id_.find(key_id);
  if (found != by_id_.end()) return found->second->ended.get_token();
  std::stop_source gone;
  gone.request_stop();
  return gone.get_token();
}

void LiveKeys::end_expired() {
  std::vector<KeyRef> expired;
  {
    std::shared_lock lock(mutex_);
    for (const auto& [id, key] : by_id_) {
      if (!check_time(*key, now())) expired.push_back(key);
    }
  }
  for (const auto& key : expired) {
    key->ended.request_stop();
    // Not at once: a clock that was forward by mistake may be put right.
    const auto& entry = key->entry;
    if (entry.kind != KeyKind::kKey && *entry.expires_at + kForgottenAfter.count() < now()) {
      remove(entry.actor.recorded.id);
    }
  }
}

// Said only to whoever has the key: it was found by its hash.
Result<> LiveKeys::check_time(const Key& key, std::int64_t now) const {
  const auto& end = key.entry.expires_at;
  const bool is_session = key.entry.kind != KeyKind::kKey;
  const bool is_of_later = is_session && end && *end > now + kSessionLatest.count();
  if (!end || (now < *end && !is_of_later)) return {};
  if (is_session) return not_valid(key.entry.kind);
  return fail(Code::kUnauthorized,
              fmt::format("This API key expired at {}; another key of its user, or an owner of the "
                          "pod, can make a new one",
                          to_iso8601(*end)));
}

Result<ActorRef> LiveKeys::find(const Credential& shown) const {
  const auto hash = shown.page_half.empty()
                        ? sha256(shown.token)
                        : Sha256Hasher().add(shown.token).add(shown.page_half).finish();
  std::shared_lock lock(mutex_);
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end() || found->second->entry.kind != shown.kind) {
    return not_valid(shown.kind);
  }
  if (auto live = check_time(*found->second, now()); !live) return fail(live.error());
  const auto& key = found->second;
  return ActorRef(std::shared_ptr<const Actor>(key, &key->entry.actor));
}

Result<> LiveKeys::check(const std::string& key_id) const {
  std::shared_lock lock(mutex_);
  const auto found = by_id_.find(key_id);
  if (found == by_id_.end()) return not_valid();
  return check_time(*found->second, now());
}

std::optional<std::int64_t> LiveKeys::end_of(const std::string& key_id) const {
  std::shared_lock lock(mutex_);
  const auto found = by_id_.find(key_id);
  return found == by_id_.end() ? std::nullopt : found->second->entry.expires_at;
}

Result<ActorRef> LiveKeys::find_by_id(const std::string& key_id) const {
  std::shared_lock lock(mutex_);
  const auto found = by_id_.find(key_id);
  if (found == by_id_.end()) return not_valid();
  const auto& key = found->second;
  if (auto live = check_time(*key, now()); !live) return fail(live.error());
  return ActorRef(std::shared_ptr<const Actor>(key, &key->entry.actor));
}

std::string LiveKeys::key_behind(const std::string& key_id) const {
  std::shared_lock lock(mutex_);
  const auto found = by_id_.find(key_id);
  if (found == by_id_.end() || found->second->entry.parent.empty()) return key_id;
  return found->second->entry.parent;
}

Result<> LiveKeys::admit(const std::string& key_id) const {
  std::shared_lock lock(mutex_);
  const auto found = by_id_.find(key_id);
  if (found == by_id_.end()) return not_valid();
  const auto time = now();
  if (auto live = check_time(*found->second, time); !live) return live;
  if (!limit_.take(*found->second->account, clock_.steady())) {
    return fail(Code::kTooManyRequests,
                fmt::format("A user of this pod may make {} calls a second, with all keys together",
                            limit_.calls_per_second()));
  }
  note_use(found->second, time);
  // Whoever looks for keys that nobody uses must not end the sessions that stand for one.
  if (const auto parent = by_id_.find(found->second->entry.parent); parent != by_id_.end()) {
    note_use(parent->second, time);
  }
  return {};
}

// Who takes the uses clears the mark first and then reads the time: a use that finds the mark set
// has left its time before, and one that comes later sets the mark again.
void LiveKeys::note_use(const KeyRef& key, std::int64_t now) const {
  key->used_at.store(now, std::memory_order_relaxed);
  if (key->is_used.exchange(true, std::memory_order_acq_rel)) return;
  std::lock_guard lock(uses_mutex_);
  used_.push_back(key);
}

std::int64_t LiveKeys::used_at(const std::string& key_id) const {
  std::shared_lock lock(mutex_);
  const auto found = by_id_.find(key_id);
  return found == by_id_.end() ? 0 : found->second->used_at.load(std::memory_order_relaxed);
}

std::vector<LiveKeys::Use> LiveKeys::take_uses() {
  std::vector<KeyRef> used;
  std::vector<Use> uses;
  {
    std::lock_guard lock(uses_mutex_);
    used.swap(used_);
    uses.swap(given_back_);
  }
  for (const auto& key : used) {
    key->is_used.exchange(false, std::memory_order_acq_rel);
    const auto& actor = key->entry.actor;
    uses.push_back(
        {actor.recorded.id, actor.user_id, key->used_at.load(std::memory_order_relaxed)});
  }
  return uses;
}

void LiveKeys::give_back(std::vector<Use> uses) {
  std::lock_guard lock(uses_mutex_);
  given_back_ = std::move(uses);
}

}  // namespace synap::api
