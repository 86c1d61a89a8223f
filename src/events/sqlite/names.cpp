#include "events/sqlite/names.h"

#include <algorithm>

namespace synap::events::sqlite {

void Names::load(db::Tx& tx) {
  auto rows = tx.query("SELECT number, name FROM names");
  while (rows.next()) {
    remember(rows.integer(0), rows.view(1));
    next_number_ = std::max(next_number_, rows.integer(0) + 1);
  }
}

std::int64_t Names::number(db::Tx& tx, std::string_view name) {
  if (auto known = find(tx, name)) return *known;
  // A number is given once in the life of the process, even if the transaction is rolled back: so
  // a number's name, once seen, cannot change.
  const auto number = next_number_++;
  tx.run("INSERT INTO names(number, name) VALUES ($1, $2)", number, name);
  // The other way round only once it is stored: rolled back, the name has no number.
  tx.on_commit([this, number, name = std::string(name)] { remember(number, name); });
  return number;
}

std::optional<std::int64_t> Names::find(db::Tx& tx, std::string_view name) {
  {
    std::shared_lock lock(mutex_);
    const auto known = numbers_.find(name);
    if (known != numbers_.end()) return known->second;
  }
  auto rows = tx.query("SELECT number FROM names WHERE name = $1", name);
  if (!rows.next()) return std::nullopt;
  return rows.integer(0);
}

std::string_view Names::name(db::Tx& tx, std::int64_t number) {
  {
    std::shared_lock lock(mutex_);
    const auto known = names_.find(number);
    if (known != names_.end()) return known->second;
  }
  auto rows = tx.query("SELECT name FROM names WHERE number = $1", number);
  if (!rows.next()) return {};
  std::unique_lock lock(mutex_);
  return names_.emplace(number, rows.text(0)).first->second;
}

void Names::remember(std::int64_t number, std::string_view name) {
  std::unique_lock lock(mutex_);
  numbers_.emplace(name, number);
  names_.emplace(number, name);
}

}  // namespace synap::events::sqlite
