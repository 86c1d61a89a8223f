// Ledger: what the callers of a simulated pod were told, and what they asked for without an answer.
// The first is a promise, which outlives every pod of the machine; of the second, all is there or
// nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/log.h"

namespace synap::simulation {

/// A file of the content store as its callers know it. Its bytes follow from its path and its
/// generation, which grows only where nobody can know which bytes are there.
struct KnownFile {
  enum class State : std::uint8_t { kAbsent, kThere, kUnsure };
  State state = State::kAbsent;
  std::int64_t generation = 0;
  bool is_busy = false;  // one call at a time, so that the last answer says what is there
};
std::string bytes_of(const std::string& path, std::int64_t generation);

/// An aggregate as its callers know it.
struct KnownThing {
  std::string user;
  std::int64_t version = 0;      // of the thing: the highest that somebody was told
  std::int64_t log_version = 0;  // of its stream in the log: the same
  bool is_deleted = false;       // somebody was told so
  bool is_asked_to_go = false;   // somebody has asked for its deletion
};

class Ledger {
 public:
  /// The first that was found to be wrong; empty: nothing.
  const std::string& violation() const { return violation_; }
  void violate(std::string what);
  bool require(bool is_true, const std::string& what);

  /// Events that are about to be appended together. Its number.
  std::size_t begin_batch(const std::vector<events::NewEvent>& events);
  /// It was refused: none of it is there, ever.
  void refuse_batch(std::size_t batch) { batches_[batch].is_refused = true; }
  /// It was answered so. A repeat has other events than those that were asked for.
  void answer_batch(std::size_t batch, const events::Appended& appended);
  /// Somebody was shown this event.
  void saw(const events::Event& event);
  /// The last position that somebody was told of.
  std::int64_t end() const { return known_.empty() ? 0 : known_.rbegin()->first; }
  /// What is said of one page: of whom it is, and that it leaves nothing out up to `end`.
  void check_page(const events::Tenancy& tenancy, const events::Filter& filter,
                  const events::Page& page, std::int64_t end);
  /// All of the log, from the first position on.
  void check_log(const std::vector<events::EventRef>& all);

  /// What each clock has shown: no event says another time.
  void saw_time(std::int64_t unix_ms);

  // Of idempotency keys: what they were first used for, and the first answer that was given.
  struct Key {
    Sha256 fingerprint{};
    std::string answer;
    std::int64_t first_position = 0;  // 0: nobody was told
  };
  std::map<std::string, Key> keys;  // by user and key
  std::map<std::string, KnownFile> files;
  std::map<Uuid, KnownThing> things;  // of events that the simulation makes
  std::map<Uuid, KnownThing> tasks;
  std::map<Uuid, KnownThing> projects;
  std::map<Uuid, KnownThing> notes;
  /// An event that was appended under an id of the caller's choice.
  struct Given {
    Uuid id;
    Uuid aggregate;
    std::string user;
    std::int64_t position = 0;
  };
  std::vector<Given> given;

 private:
  struct Known {
    Uuid id;
    std::string user;
    std::size_t data_hash = 0;
  };
  struct Batch {
    std::vector<Uuid> ids;
    bool is_refused = false;
    bool is_answered = false;
  };
  void check_event(const events::Event& event, std::int64_t position,
                   std::map<Uuid, std::int64_t>& versions);
  void check_batches(const std::vector<events::EventRef>& all);

  std::string violation_;
  std::map<std::int64_t, Known> known_;  // by position
  std::vector<Batch> batches_;
  std::optional<std::int64_t> time_min_;
  std::int64_t time_max_ = 0;
};

}  // namespace synap::simulation
