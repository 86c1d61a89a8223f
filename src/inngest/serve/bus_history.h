// BusHistory: which bus the events of the log belong to. The setting `bus` can be another at each
// start; the position at which it changed is kept, so that each event has runs on one of them:
//
//   position   0 ... 41     42 ... 99         100 ...
//   bus        local        inngest           local
//   changes                 (41, inngest)     (99, local)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "db/database.h"
#include "events/log.h"

namespace synap::inngest {

enum class Bus : std::uint8_t {
  kLocal,    // the pod's own
  kInngest,  // an Inngest server's, which the pod is an app of
};
std::string_view bus_name_of(Bus bus);  // "local"

class BusHistory {
 public:
  static std::vector<db::Database::Migration> migrations();

  /// At a start, before anything is appended: from here on events belong to `bus`.
  static Task<Result<BusHistory>> enter(db::Database& database, events::EventLog& log, Bus bus,
                                        std::int64_t unix_ms);

  /// Positions behind `after`, up to `until`.
  struct Range {
    std::int64_t after = 0;
    std::int64_t until = 0;
  };
  /// The first events behind `after` that belong to an Inngest server; nothing: there are none, and
  /// will be none.
  std::optional<Range> next_of_inngest(std::int64_t after) const;

 private:
  struct Change {
    std::int64_t position = 0;
    Bus bus = Bus::kLocal;
  };
  std::vector<Change> changes_;
};

}  // namespace synap::inngest
