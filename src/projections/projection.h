// Projection: a read model and how it follows from the log: tables, and a fold that says what each
// event does to them. A fold is a pure function of (event, rows): it decides by nothing else, so
// that the tables can be made again from the log at any time and come out the same.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "db/database.h"
#include "db/table.h"
#include "events/event.h"
#include "events/types.h"

namespace synap::projections {

struct Projection {
  enum class Kind : std::uint8_t {
    /// Folded in the transaction that appends the event, so that people read their own completed
    /// writes. Touches rows of the event's own aggregate only. A fold that fails refuses its
    /// append.
    kInline,
    /// Folded behind the log, in transactions of its own: for rows that many aggregates share. A
    /// fold that fails stops this projection, and no other.
    kFollower,
  };

  std::string name;
  Kind kind = Kind::kInline;
  std::vector<db::Table> tables;
  /// The types of events that it folds; others are not shown to it.
  std::vector<std::string> types;
  /// To be raised when the fold changes in a way that its rows show.
  int revision = 1;
  /// Whatever else its rows follow from: a description of fields, say.
  std::string depends_on = {};
  /// Writes by `tx`, naming tables as `<name>_data`; aborts it where the event cannot be.
  std::function<void(db::Tx& tx, const events::Event& event)> fold;
};

/// A hash of the description: when it differs from the one that the tables were filled by, they are
/// filled again.
std::string version_of(const Projection& projection, const events::EventTypes& types);

/// The tables as JSON, to be kept beside them (db::to_json of each).
std::string layout_of(const Projection& projection);

}  // namespace synap::projections
