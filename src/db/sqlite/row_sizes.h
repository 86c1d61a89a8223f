// RowSizes: how many terms each column of a row of FTS5's has. FTS5 keeps them in a table of its
// own ("%_docsize") and looks there for each row that is ranked, which takes ten times as long as
// all else that is done with it. Private to this folder.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace synap::db::sqlite {

/// Of one table and one connection, in memory: at most kBytesMax, ten bytes a row of five columns.
/// A row's number is never given to another one (full_text.h), so what is known stays true.
class RowSizes {
 public:
  static constexpr std::size_t kBytesMax = 16 << 20;

  explicit RowSizes(sqlite3* handle) : handle_(handle) {}
  RowSizes(const RowSizes&) = delete;
  RowSizes& operator=(const RowSizes&) = delete;

  /// Sets the sizes of the row, one for each column of `table`. FTS5 is asked where they are not
  /// known; where many of its neighbours were asked for, all of these are read at once. Else a code
  /// of SQLite's.
  int read(const std::string& table, const Fts5ExtensionApi* api, Fts5Context* row,
           std::span<int> sizes);

 private:
  struct Block {
    std::vector<std::uint16_t> sizes;  // of each row, column by column; the first kUnknown
    int missed = 0;                    // rows that were asked for one by one
  };
  Block& block_of(std::int64_t number, std::size_t columns);
  void fill(Block& block, std::int64_t number, const std::string& table, std::size_t columns);
  void make_room(std::size_t columns);

  sqlite3* const handle_;
  std::string table_;
  std::unordered_map<std::int64_t, Block> blocks_;
  // The one that was asked for last: mostly the next row is in it, too.
  std::int64_t last_number_ = 0;
  Block* last_ = nullptr;
};

}  // namespace synap::db::sqlite
