// Rows of tables, taken from one database and put into another, of any engine: for tables that both
// have, whose columns the embedded engine's catalog describes. Databases that nobody else writes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "db/database.h"

namespace synap::db {

struct CopiedTable {
  enum class Kind : std::uint8_t { kInteger, kReal, kText, kBlob };
  struct Column {
    std::string name;
    Kind kind;
  };
  std::string name;
  std::vector<Column> columns;
  std::vector<std::size_t> key;  // which of them, in their order
};

/// All tables of an embedded database, by name. Aborts the Tx at one that has no key.
std::vector<CopiedTable> tables_of_embedded(Tx& tx);

/// A value of a row, with bytes of its own; a blob as `kBlob` of its column says.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;
using Row = std::vector<Cell>;

/// Those behind the row with the key `after`, in the order of the key, until there are `limit` or
/// they have some MiB; nothing: from the first.
std::vector<Row> read_rows(Tx& tx, const CopiedTable& table, const std::optional<Row>& after,
                           int limit);
void insert_rows(Tx& tx, const CopiedTable& table, std::span<const Row> rows);
/// The key of a row that read_rows() gave.
Row key_of(const CopiedTable& table, const Row& row);
/// The highest key that is there.
std::optional<Row> last_key(Tx& tx, const CopiedTable& table);
std::int64_t count_rows(Tx& tx, const CopiedTable& table);

}  // namespace synap::db
