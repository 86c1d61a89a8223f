#include "inngest/serve/bus_history.h"

#include <algorithm>
#include <limits>

namespace synap::inngest {
namespace {

constexpr std::string_view kTables = R"(
-- Events behind `position` belong to `bus`, until the next change. Two at one position: the later.
CREATE TABLE bus_changes(
  number INTEGER PRIMARY KEY,
  position INTEGER NOT NULL,
  bus TEXT NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
)";

}  // namespace

std::string_view bus_name_of(Bus bus) {
  return bus == Bus::kInngest ? "inngest" : "local";
}

std::vector<db::Database::Migration> BusHistory::migrations() {
  return {{"bus_changes.1", kTables}};
}

Task<Result<BusHistory>> BusHistory::enter(db::Database& database, events::EventLog& log, Bus bus,
                                           std::int64_t unix_ms) {
  co_return co_await database.write([&](db::Tx& tx) {
    BusHistory history;
    {
      auto rows = tx.query("SELECT position, bus FROM bus_changes ORDER BY number");
      while (rows.next()) {
        history.changes_.push_back(
            {rows.integer(0), rows.view(1) == "inngest" ? Bus::kInngest : Bus::kLocal});
      }
    }
    const auto last = history.changes_.empty() ? Bus::kLocal : history.changes_.back().bus;
    if (last == bus) return history;
    const auto end = log.head(tx).position;
    tx.run("INSERT INTO bus_changes(position, bus, changed_at) VALUES ($1, $2, $3)", end,
           bus_name_of(bus), unix_ms);
    history.changes_.push_back({end, bus});
    return history;
  });
}

std::optional<BusHistory::Range> BusHistory::next_of_inngest(std::int64_t after) const {
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (changes_[i].bus != Bus::kInngest) continue;
    const bool is_last = i + 1 == changes_.size();
    const auto until =
        is_last ? std::numeric_limits<std::int64_t>::max() : changes_[i + 1].position;
    if (until <= after || until == changes_[i].position) continue;
    return Range{std::max(after, changes_[i].position), until};
  }
  return std::nullopt;
}

}  // namespace synap::inngest
