#include "db/sqlite/statement_cache.h"

#include "db/sqlite/connection.h"

namespace synap::db::sqlite {

StatementCache::StatementCache(std::size_t statements_max) : statements_max_(statements_max) {}

StatementCache::~StatementCache() = default;

Statement* StatementCache::idle(std::string_view sql) {
  const auto known = by_text_.find(sql);
  if (known == by_text_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, known->second);
  for (auto& statement : known->second->statements) {
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
    by_text_.erase(entry->sql);
    entry = entries_.erase(entry);
  }
}

void StatementCache::clear() {
  by_text_.clear();
  entries_.clear();
  size_ = 0;
}

}  // namespace synap::db::sqlite
