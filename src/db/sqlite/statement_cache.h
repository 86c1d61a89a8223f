// StatementCache: the prepared statements of one connection, by their text. Bounded: SQL is mostly
// written in the program, but some is put together (filters, tables of a rebuild), and each
// statement keeps some 5 to 50 KiB. The one that was used longest ago goes first; one in use stays.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace synap::db::sqlite {

class Statement;

/// Belongs to one thread.
class StatementCache {
 public:
  explicit StatementCache(std::size_t statements_max);
  ~StatementCache();
  StatementCache(const StatementCache&) = delete;
  StatementCache& operator=(const StatementCache&) = delete;

  /// A statement with this text that is not in use, or null.
  Statement* idle(std::string_view sql);
  /// Keeps one more with this text; others go to make room for it. All in use: it is kept too.
  Statement* add(std::string_view sql, std::unique_ptr<Statement> statement);

  std::size_t size() const { return size_; }
  void clear();

 private:
  // Several of one text are there where a statement runs inside itself.
  struct Entry {
    std::string sql;
    std::vector<std::unique_ptr<Statement>> statements;
  };
  using Entries = std::list<Entry>;
  // Most texts are literals: the same bytes at the same place. So the place is looked at first, and
  // no text is hashed; that it still holds the same text is seen by comparing.
  struct Place {
    const char* begin = nullptr;
    std::size_t size = 0;
    Entries::iterator entry;
  };
  static constexpr std::size_t kPlaces = 256;  // a power of two
  Place& place_of(std::string_view sql);
  Entry* find(std::string_view sql);
  void make_room();

  const std::size_t statements_max_;
  std::size_t size_ = 0;
  Entries entries_;  // the last used first
  std::unordered_map<std::string_view, Entries::iterator> by_text_;
  std::vector<Place> places_;
};

}  // namespace synap::db::sqlite
