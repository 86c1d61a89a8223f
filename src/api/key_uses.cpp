#include "api/key_uses.h"

#include <algorithm>
#include <chrono>

namespace synap::api {
namespace {

// Of one transaction, so that nobody waits long behind it: some milliseconds.
constexpr std::size_t kRowsMax = 500;
constexpr std::chrono::minutes kPause(1);

}  // namespace

std::vector<db::Database::Migration> KeyUses::migrations() {
  return {{"key_uses.1", R"(
CREATE TABLE key_uses_data(
  key_id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE VIEW key_uses AS SELECT * FROM key_uses_data WHERE user_id = current_user_id();
)"}};
}

// What cannot be written was given back and comes with the next; why, the database has told.
Task<void> KeyUses::run(std::stop_token stop) {
  while (co_await world_.sleep_for(kPause, stop)) {
    keys_.end_expired();
    std::ignore = co_await write();
  }
  std::ignore = co_await write();
}

// In their order: those that could not be written before come first, and newer ones replace them.
Task<Result<>> KeyUses::write() {
  auto uses = keys_.take_uses();
  for (std::size_t from = 0; from < uses.size();) {
    const auto to = std::min(uses.size(), from + kRowsMax);
    auto written = co_await database_.write(db::Lane::kBackground, [&](db::Tx& tx) {
      for (auto i = from; i < to; ++i) {
        tx.run(
            "INSERT INTO key_uses_data(key_id, user_id, used_at) VALUES ($1, $2, $3) "
            "ON CONFLICT(key_id) DO UPDATE SET used_at = excluded.used_at",
            uses[i].key_id, uses[i].user_id, uses[i].at);
      }
    });
    if (!written) {
      uses.erase(uses.begin(), uses.begin() + static_cast<std::ptrdiff_t>(from));
      keys_.give_back(std::move(uses));
      co_return fail(written.error());
    }
    from = to;
  }
  co_return Result<>{};
}

}  // namespace synap::api
