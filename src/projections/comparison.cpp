#include "projections/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace synap::projections {
namespace {

// Rows in one read: some 2 ms. Large ones are fewer: two ranges of so many bytes, one of each set,
// are read from a slow disk in a read's time.
constexpr std::size_t kRangeRows = 200;
constexpr std::size_t kRangeBytes = 1024 * 1024;
// How often a range is tried again because an append came between the two sets.
constexpr int kTriesMax = 100;
constexpr std::size_t kShownMax = 60;

// A value of a row, to be bound, hashed, compared and shown.
struct Field {
  db::ColumnType type = db::ColumnType::kText;
  bool is_null = true;
  std::int64_t integer = 0;
  double real = 0;
  std::string bytes;

  friend bool operator==(const Field&, const Field&) = default;

  db::Value value() const {
    if (is_null) return nullptr;
    if (type == db::ColumnType::kInteger) return integer;
    if (type == db::ColumnType::kReal) return real;
    if (type == db::ColumnType::kBytes) return db::Blob{bytes};
    return bytes;
  }
  std::string text() const {
    if (is_null) return "null";
    if (type == db::ColumnType::kInteger) return fmt::format("{}", integer);
    if (type == db::ColumnType::kReal) return fmt::format("{}", real);
    if (type == db::ColumnType::kBytes) {
      const auto shown = bytes.substr(0, kShownMax / 2);
      return to_hex(reinterpret_cast<const std::uint8_t*>(shown.data()), shown.size());
    }
    const auto shown = bytes.substr(0, kShownMax);
    return Json(shown.substr(0, valid_utf8_prefix(shown))).dump();
  }
  // With its kind and length in front, so that no two rows hash alike by shifting bytes.
  void add_to(Sha256Hasher& hasher) const {
    const auto whole = type == db::ColumnType::kInteger ? fmt::format("{}", integer)
                       : type == db::ColumnType::kReal  ? fmt::format("{}", real)
                                                        : bytes;
    hasher.add(fmt::format("{}{}:", is_null ? 'n' : 'v', is_null ? 0 : whole.size()));
    if (!is_null) hasher.add(whole);
  }
};
using Row = std::vector<Field>;

Field field_of(db::Rows& rows, int at, db::ColumnType type) {
  Field field{.type = type, .is_null = rows.is_null(at)};
  if (field.is_null) return field;
  if (type == db::ColumnType::kInteger) {
    field.integer = rows.integer(at);
  } else if (type == db::ColumnType::kReal) {
    field.real = rows.real(at);
  } else {
    field.bytes = rows.text(at);
  }
  return field;
}

// The next rows of a table.
struct Range {
  std::vector<Row> rows;
  bool is_end = false;  // there are no more
};

// Goes through one table of both sets.
class TableWalk {
 public:
  explicit TableWalk(const db::Table& table) : table_(table) {
    std::vector<std::string> names;
    for (const auto& column : table.columns) names.push_back(column.name);
    columns_ = fmt::format("{}", fmt::join(names, ", "));
    key_ = fmt::format("{}", fmt::join(table.primary_key, ", "));
    for (const auto& name : table.primary_key) {
      const auto column = std::find(names.begin(), names.end(), name);
      SYNAP_CHECK(column != names.end(), name);
      key_at_.push_back(static_cast<std::size_t>(column - names.begin()));
    }
  }

  /// One row at least, if there is one, and no more than `most`.
  Range range(db::Tx& tx, std::size_t most = kRangeRows) const {
    std::vector<db::Value> values;
    std::string where;
    if (!last_.empty()) {
      std::vector<std::string> marks;
      for (const auto at : key_at_) {
        values.push_back(last_[at].value());
        marks.push_back(fmt::format("${}", values.size()));
      }
      where = fmt::format(" WHERE ({}) > ({})", key_, fmt::join(marks, ", "));
    }
    values.emplace_back(static_cast<std::int64_t>(most));
    auto rows = tx.query_with(fmt::format("SELECT {} FROM {}{} ORDER BY {} LIMIT ${}", columns_,
                                          table_.data_name(), where, key_, values.size()),
                              values);
    Range range;
    std::size_t bytes = 0;
    while (rows.next()) {
      Row& row = range.rows.emplace_back();
      for (std::size_t i = 0; i < table_.columns.size(); ++i) {
        row.push_back(field_of(rows, static_cast<int>(i), table_.columns[i].type));
        bytes += row.back().bytes.size();
      }
      if (bytes >= kRangeBytes || tx.is_out_of_time()) return range;
    }
    range.is_end = range.rows.size() < most;
    return range;
  }
  void go_behind(const Row& row) { last_ = row; }

  std::string key_text(const Row& row) const {
    std::vector<std::string> parts;
    for (const auto at : key_at_) {
      parts.push_back(fmt::format("{}={}", table_.columns[at].name, row[at].text()));
    }
    return fmt::format("{}: row {}", table_.name, fmt::join(parts, " "));
  }
  bool have_one_key(const Row& one, const Row& other) const {
    return std::all_of(key_at_.begin(), key_at_.end(),
                       [&](std::size_t at) { return one[at] == other[at]; });
  }
  const db::Table& table() const { return table_; }

 private:
  const db::Table& table_;
  std::string columns_;
  std::string key_;
  std::vector<std::size_t> key_at_;
  Row last_;
};

std::string difference_of(const TableWalk& walk, const Row& live, const Row& built) {
  if (!walk.have_one_key(live, built)) {
    return fmt::format("{} or {} is in one of the two only", walk.key_text(live),
                       walk.key_text(built).substr(walk.table().name.size() + 2));
  }
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (live[i] == built[i]) continue;
    return fmt::format("{}: {} is {} and should be {}", walk.key_text(live),
                       walk.table().columns[i].name, live[i].text(), built[i].text());
  }
  return {};
}

std::string first_difference(const TableWalk& walk, const std::vector<Row>& live,
                             const std::vector<Row>& built) {
  const auto both = std::min(live.size(), built.size());
  for (std::size_t i = 0; i < both; ++i) {
    if (live[i] != built[i]) return difference_of(walk, live[i], built[i]);
  }
  if (live.size() > both) return walk.key_text(live[both]) + " should not be there";
  if (built.size() > both) return walk.key_text(built[both]) + " is missing";
  return {};
}

void add_rows(Sha256Hasher& hasher, const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    for (const auto& field : row) field.add_to(hasher);
  }
}

// Both sets' next rows, as many of each, but where one has ended.
struct Pair {
  std::vector<Row> live;
  std::vector<Row> built;
  bool is_end = false;
};
Pair pair_of(db::Tx& tx, const TableWalk& walk, const db::TableNames& second) {
  auto live = walk.range(tx);
  const db::Tx::WithTableNames names(tx, second);
  auto built = walk.range(tx, live.is_end ? kRangeRows : live.rows.size());
  // What the live ones have more is no difference yet: the others were only not read as far.
  if (!built.is_end && live.rows.size() > built.rows.size()) {
    live.rows.resize(built.rows.size());
    live.is_end = false;
  }
  return {std::move(live.rows), std::move(built.rows), live.is_end && built.is_end};
}

// As of one moment: where an append came between the two, they are read again.
Task<Result<Pair>> next_pair(const Rooms& rooms, const Member& member, const TableWalk& walk,
                             const std::stop_token& stop) {
  const auto second = member.tables.make_second_names();
  for (int attempt = 0; attempt < kTriesMax;) {
    if (stop.stop_requested()) co_return fail(Code::kClientClosedRequest, "Synap is stopping");
    auto pair = co_await rooms.database.read([&](db::Tx& tx) {
      std::optional<Pair> both;
      const auto kept = store::find(tx, member.projection.name);
      if (!kept || !kept->second) return both;
      const auto live_position = member.projection.kind == Projection::Kind::kFollower
                                     ? kept->position
                                     : rooms.log.head(tx).position;
      if (kept->second->position != live_position) return both;
      both = pair_of(tx, walk, second);
      return both;
    });
    // A read that found no time on a busy machine is tried again, however often: it says nothing of
    // the two sets, and has waited already.
    if (!pair && pair.error().code == Code::kTimeout) continue;
    if (!pair) co_return fail(pair.error());
    if (*pair) co_return std::move(**pair);
    ++attempt;
    auto folded = co_await rooms.database.write([&](db::Tx& tx) {
      const auto kept = store::find(tx, member.projection.name);
      if (!kept) return;
      fold_twin(tx, rooms, member,
                member.projection.kind == Projection::Kind::kFollower
                    ? kept->position
                    : rooms.log.head(tx).position);
    });
    if (!folded) co_return fail(folded.error());
  }
  co_return fail(Code::kTimeout, "The two sets of tables were not found at one position");
}

}  // namespace

Task<Result<Comparison>> compare(const Rooms& rooms, Member& member, std::stop_token stop) {
  Comparison found;
  Sha256Hasher live;
  Sha256Hasher built;
  for (const auto& table : member.projection.tables) {
    TableWalk walk(table);
    for (;;) {
      auto pair = co_await next_pair(rooms, member, walk, stop);
      if (!pair) co_return fail(pair.error());
      add_rows(live, pair->live);
      add_rows(built, pair->built);
      found.rows += static_cast<std::int64_t>(pair->live.size());
      if (found.first_difference.empty()) {
        found.first_difference = first_difference(walk, pair->live, pair->built);
      }
      if (!found.first_difference.empty() || pair->is_end) break;
      walk.go_behind(pair->live.back());
    }
  }
  found.live_digest = to_hex(live.finish());
  found.built_digest = to_hex(built.finish());
  co_return found;
}

Task<Result<std::string>> digest_of(const Rooms& rooms, const Projection& projection,
                                    std::stop_token stop) {
  Sha256Hasher hasher;
  for (const auto& table : projection.tables) {
    TableWalk walk(table);
    for (;;) {
      if (stop.stop_requested()) co_return fail(Code::kClientClosedRequest, "Synap is stopping");
      auto range = co_await rooms.database.read([&](db::Tx& tx) { return walk.range(tx); });
      if (!range && range.error().code == Code::kTimeout) continue;
      if (!range) co_return fail(range.error());
      add_rows(hasher, range->rows);
      if (range->is_end) break;
      walk.go_behind(range->rows.back());
    }
  }
  co_return to_hex(hasher.finish());
}

}  // namespace synap::projections
