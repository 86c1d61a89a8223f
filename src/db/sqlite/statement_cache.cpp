#include "db/sqlite/statement_cache.h"

#include "db/sqlite/connection.h"

namespace synap::db::sqlite {

StatementCache::StatementCache(std::size_t statements_max)
    : statements_max_(statements_max), places_(kPlaces) {}

StatementCache::~StatementCache() = default;

StatementCache::Place& StatementCache::place_of(std::string_view sql) {
  const auto address = reinterpret_cast<std::uintptr_t>(sql.data());
  return places_[(address ^ (address >> 8) ^ sql.size()) & (kPlaces - 1)];
}

StatementCache::Entry* StatementCache::find(std::string_view sql) {
  Place& place = place_of(sql);
  const bool is_known =
      place.begin == sql.data() && place.size == sql.size() && place.entry->sql == sql;
  if (!is_known) {
    const auto known = by_text_.find(sql);
    if (known == by_text_.end()) return nullptr;
    place = {sql.data(), sql.size(), known->second};
  }
  entries_.splice(entries_.begin(), entries_, place.entry);
  return &*place.entry;
}

Statement* StatementCache::idle(std::string_view sql) {
  Entry* entry = find(sql);
  if (entry == nullptr) return nullptr;
  for (auto& statement : entry->statements) {
    if (!statement->is_busy()) return statement.get();
  }
  return nullptr;
}

Statement* StatementCache::add(std::string_view sql, std::unique_ptr<Statement> statement) {
  make_room();
  auto known = by_text_.find(sql);
  if (known == by_text_.end()) {
    entries_.push_front({std::string(sql), {}});
    known = by_text_.emplace(entries_.front().sql, entries_.begin()).first;
  }
  auto& statements = known->second->statements;
  statements.push_back(std::move(statement));
  ++size_;
  return statements.back().get();
}

// Leaves room for one more, if enough of them are idle.
void StatementCache::make_room() {
  auto entry = entries_.end();
  while (size_ >= statements_max_ && entry != entries_.begin()) {
    --entry;
    size_ -= std::erase_if(entry->statements, [](const auto& one) { return !one->is_busy(); });
    if (!entry->statements.empty()) continue;
    places_.assign(kPlaces, {});
    by_text_.erase(entry->sql);
    entry = entries_.erase(entry);
  }
}

void StatementCache::clear() {
  places_.assign(kPlaces, {});
  by_text_.clear();
  entries_.clear();
  size_ = 0;
}

}  // namespace synap::db::sqlite
