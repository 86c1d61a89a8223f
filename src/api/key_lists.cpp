// What can be asked about users and keys.
#include <algorithm>
#include <ranges>

#include "api/keys.h"
#include "base/clock.h"

namespace synap::api {
namespace {

std::vector<std::string> names_of(std::string_view scopes) {
  std::vector<std::string> names;
  for (const auto name : std::views::split(scopes, ' ')) {
    if (!name.empty()) names.emplace_back(name.begin(), name.end());
  }
  if (names.empty()) names.emplace_back("*");
  return names;
}

std::optional<std::string> time_of(db::Rows& rows, int column) {
  if (rows.is_null(column)) return std::nullopt;
  return to_iso8601(rows.integer(column));
}

}  // namespace

Task<Result<AccessPage<KeyInfo>>> Keys::list(std::string user_id, std::string after_id, int limit,
                                             KeyKind kind) {
  co_return co_await database_.read_as(user_id, [&](db::Tx& tx) {
    AccessPage<KeyInfo> page;
    auto rows = tx.query(
        "SELECT id, name, prefix, scopes, created_at, expires_at, revoked_at, used_at "
        "FROM api_keys LEFT JOIN key_uses ON key_id = id WHERE kind = $3 AND id > $1 "
        "ORDER BY id LIMIT $2",
        after_id, limit + 1, key_kind_name(kind));
    while (rows.next()) {
      if (std::ssize(page.items) == limit) {
        page.is_last = false;
        break;
      }
      KeyInfo key{rows.text(0),
                  rows.text(1),
                  rows.text(2),
                  names_of(rows.view(3)),
                  to_iso8601(rows.integer(4)),
                  time_of(rows, 5),
                  time_of(rows, 7),
                  time_of(rows, 6)};
      // What is not written down yet.
      if (const auto used = live_.used_at(key.id); used > 0) key.last_used_at = to_iso8601(used);
      page.items.push_back(std::move(key));
    }
    return page;
  });
}

Task<Result<AccessPage<UserInfo>>> Keys::list_users(std::string after_id, int limit) {
  co_return co_await database_.read([&](db::Tx& tx) {
    AccessPage<UserInfo> page;
    auto rows = tx.query(
        "SELECT id, name, role, created_at, (SELECT count(*) FROM api_keys_data "
        "WHERE user_id = users_data.id AND kind = '' AND revoked_at IS NULL "
        "AND (expires_at IS NULL OR expires_at > $3)) "
        "FROM users_data WHERE id > $1 ORDER BY id LIMIT $2",
        after_id, limit + 1, live_.now());
    while (rows.next()) {
      if (std::ssize(page.items) == limit) {
        page.is_last = false;
        break;
      }
      page.items.push_back(
          {rows.text(0), rows.text(1), rows.text(2), to_iso8601(rows.integer(3)), rows.integer(4)});
    }
    return page;
  });
}

Task<Result<std::optional<UserInfo>>> Keys::find_user(std::string user_id) {
  co_return co_await database_.read([&](db::Tx& tx) {
    std::optional<UserInfo> user;
    auto rows = tx.query("SELECT name, role, created_at FROM users_data WHERE id = $1", user_id);
    if (rows.next()) {
      user = UserInfo{user_id, rows.text(0), rows.text(1), to_iso8601(rows.integer(2))};
    }
    return user;
  });
}

// Users stay what they were made as, so the first owner is the first one for ever; and in
// development every call of an app asks.
Task<Result<std::optional<std::string>>> Keys::find_owner() {
  {
    std::lock_guard lock(owner_mutex_);
    if (owner_) co_return owner_;
  }
  auto found = co_await database_.read([](db::Tx& tx) {
    auto rows = tx.query("SELECT id FROM users_data WHERE role = 'owner' ORDER BY id LIMIT 1");
    std::optional<std::string> id;
    if (rows.next()) id = rows.text(0);
    return id;
  });
  if (found) {
    std::lock_guard lock(owner_mutex_);
    owner_ = *found;
  }
  co_return found;
}

Task<Result<std::vector<std::pair<std::string, std::string>>>> Keys::owner_keys_but(
    std::string key_id) {
  co_return co_await database_.read_at_start([&](db::Tx& tx) {
    std::vector<std::pair<std::string, std::string>> keys;
    auto rows = tx.query(
        "SELECT user_id, api_keys_data.id FROM users_data "
        "JOIN api_keys_data ON user_id = users_data.id "
        "WHERE role = 'owner' AND kind = '' AND revoked_at IS NULL AND api_keys_data.id <> $1",
        key_id);
    while (rows.next()) keys.emplace_back(rows.text(0), rows.text(1));
    return keys;
  });
}

}  // namespace synap::api
