#include "db/sqlite/row_sizes.h"

#include <algorithm>

#include "db/sqlite/varint.h"

namespace synap::db::sqlite {
namespace {

constexpr std::int64_t kRows = 256;  // of a block
// So many of a block are asked for one by one: of a rare word there are few in each.
constexpr int kMissedMax = 8;
// Also of a row of which one is as large: it is asked for each time.
constexpr std::uint16_t kUnknown = UINT16_MAX;

// Where each fits.
void keep(std::span<std::uint16_t> kept, std::span<const int> sizes) {
  const bool all_fit = std::ranges::all_of(sizes, [](int size) { return size < kUnknown; });
  if (all_fit) std::ranges::copy(sizes, kept.begin());
}

}  // namespace

int RowSizes::read(const std::string& table, const Fts5ExtensionApi* api, Fts5Context* row,
                   std::span<int> sizes) {
  if (table != table_) {
    last_ = nullptr;
    blocks_.clear();
    table_ = table;
  }
  const auto place = api->xRowid(row);
  const auto number = place >> 8;
  static_assert(kRows == 1 << 8);
  auto& block = block_of(number, sizes.size());
  const auto at = static_cast<std::size_t>(place & (kRows - 1)) * sizes.size();
  if (block.sizes[at] == kUnknown) {
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const int code = api->xColumnSize(row, static_cast<int>(i), &sizes[i]);
      if (code != SQLITE_OK) return code;
    }
    if (++block.missed == kMissedMax) fill(block, number, table, sizes.size());
    keep(std::span(block.sizes).subspan(at, sizes.size()), sizes);
    return SQLITE_OK;
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) sizes[i] = block.sizes[at + i];
  return SQLITE_OK;
}

RowSizes::Block& RowSizes::block_of(std::int64_t number, std::size_t columns) {
  if (last_ != nullptr && last_number_ == number) return *last_;
  auto found = blocks_.find(number);
  if (found == blocks_.end()) {
    make_room(columns);
    found = blocks_.emplace(number, Block{}).first;
    found->second.sizes.assign(static_cast<std::size_t>(kRows) * columns, kUnknown);
  }
  last_ = &found->second;
  last_number_ = number;
  return *last_;
}

// What cannot be read so is asked for row by row, as before.
void RowSizes::fill(Block& block, std::int64_t number, const std::string& table,
                    std::size_t columns) {
  // Not kept: a statement that is open keeps the connection from being closed.
  sqlite3_stmt* statement = nullptr;
  const auto sql = "SELECT id, sz FROM \"" + table + "_docsize\" WHERE id BETWEEN ?1 AND ?2";
  if (sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return;
  sqlite3_bind_int64(statement, 1, number * kRows);
  sqlite3_bind_int64(statement, 2, number * kRows + kRows - 1);
  while (sqlite3_step(statement) == SQLITE_ROW) {
    const auto place = sqlite3_column_int64(statement, 0);
    const auto* at = static_cast<const unsigned char*>(sqlite3_column_blob(statement, 1));
    const auto* const end = at + sqlite3_column_bytes(statement, 1);
    std::vector<int> sizes;
    std::uint64_t size = 0;
    while (sizes.size() < columns && read_varint(at, end, size) && size < kUnknown) {
      sizes.push_back(static_cast<int>(size));
    }
    if (sizes.size() < columns) continue;
    const auto first = static_cast<std::size_t>(place & (kRows - 1)) * columns;
    keep(std::span(block.sizes).subspan(first, columns), sizes);
  }
  sqlite3_finalize(statement);
}

// Half of them go, whichever these are: one query after the other asks for all of a user's, and
// those that were asked for longest ago are those that come next.
void RowSizes::make_room(std::size_t columns) {
  const auto block_bytes = static_cast<std::size_t>(kRows) * columns * sizeof(std::uint16_t);
  if ((blocks_.size() + 1) * block_bytes <= kBytesMax) return;
  last_ = nullptr;
  bool stays = false;
  std::erase_if(blocks_, [&](const auto&) {
    stays = !stays;
    return !stays;
  });
}

}  // namespace synap::db::sqlite
