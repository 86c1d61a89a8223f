// EventLog: the one list of everything that happened. Append-only, totally ordered, and the single
// source of truth: every read model can be made again from it (projections/).
//
// Not in the log, and so not made again: the answers kept for idempotency keys, runs with the
// results of their steps (they say how far work got, not what happened), when a key was last used,
// and links that sign a browser in.
//
// Order: positions are dense and grow; a reader that has seen position n has seen everything up to
// n, always. Repeats: an event id that is in the log, or a (user, idempotency key) that was used,
// is not appended again: the first answer is given again. Immutability is enforced by the database,
// and events form a hash chain (chain.h), so that a change behind its back is found.
//
// Tenancy: whoever reads says for whom. A Tenancy of a user sees the events of that user only, and
// an aggregate belongs to the user of its first event: to others it does not exist (kNotFound).
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/task.h"
#include "base/timer.h"
#include "db/database.h"
#include "events/event.h"

namespace synap::events {

/// For whom something is read: a user, or the whole pod. A value.
class Tenancy {
 public:
  static Tenancy of_user(std::string user_id) { return Tenancy(std::move(user_id)); }
  /// Everything: for the bus and for the owner's own tools.
  static Tenancy whole_pod() { return Tenancy(std::nullopt); }
  const std::optional<std::string>& user_id() const { return user_id_; }
  bool sees(const Event& event) const { return !user_id_ || *user_id_ == event.user_id; }

 private:
  explicit Tenancy(std::optional<std::string> user_id) : user_id_(std::move(user_id)) {}
  std::optional<std::string> user_id_;
};

/// What must be true of a stream for an append to happen.
struct Expectation {
  Uuid aggregate_id;
  std::int64_t version = 0;  // the exact present version; 0: the stream must not exist
};

struct Idempotency {
  std::string key;       // 1..256 characters, within one user
  Sha256 fingerprint{};  // of what was asked for; another one under the same key is an error
  std::string answer;    // JSON text that a repeat is given
  /// Whose key it is; empty: that of the events' user. Another than theirs where one user makes
  /// another, who has no keys yet.
  std::string user_id = {};
};

struct Append {
  std::vector<NewEvent> events;  // at least one, all of one user
  std::vector<Expectation> expectations;
  std::optional<Idempotency> idempotency;
  /// Decides, in the appending transaction and unless this is a repeat, whether it may happen:
  /// looks at rows and aborts the Tx with what the caller is to be told.
  std::function<void(db::Tx&)> decide = nullptr;
};

struct Appended {
  std::vector<EventRef> events;  // as recorded, now or the first time
  bool is_repeat = false;
  std::string answer;  // of an idempotency key: the first answer
};

/// The order in which a read gives what it finds.
enum class Order : std::uint8_t { kOldestFirst, kNewestFirst };

/// How far the timestamps of neighbours may be out of order for a range of times to find all.
inline constexpr std::int64_t kTimeSlackMs = 60'000;

/// What a read asks for: events between two positions for which all that is said is true.
struct Filter {
  std::int64_t after = 0;  // positions greater than this
  int limit = 100;
  /// Any of these; empty: all. "note.*" is every type that begins with "note.".
  std::vector<std::string> types;
  std::optional<Uuid> aggregate_id;
  std::optional<Uuid> correlation_id;
  std::optional<Uuid> request_id;
  std::optional<Source> source;
  std::optional<std::string> actor;  // the id of the key, run or agent that acted
  /// Timestamps (Unix ms) of at least `from` and less than `to`. No other events are given. Where
  /// they stand is searched for by halves, since timestamps grow with positions but for a clock
  /// that was set: one that is off from its neighbours by more than kTimeSlackMs may not be found.
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
  std::int64_t before = std::numeric_limits<std::int64_t>::max();  // positions less than this
  Order order = Order::kOldestFirst;
};

/// Whether `pattern` is this type, or all that begin as it does ("note.*").
bool is_of_type(std::string_view type, std::string_view pattern);
/// Whether all but the positions is as the filter asks.
bool matches(const Event& event, const Filter& filter);

/// At most `limit` events, and fewer where they are large (2 MiB of data end a page).
struct Page {
  std::vector<EventRef> events;  // in the order of the filter
  /// The oldest first: everything up to here was looked at; where to go on. The newest first: the
  /// last position there was to be looked at, behind which one follows what comes.
  std::int64_t next_after = 0;
  /// The newest first: everything from here on was looked at; the `before` to go on with.
  std::int64_t next_before = 0;
  /// There was nothing further in this direction at the time.
  bool is_at_end = false;
};

/// The end of the log: its last position and the link of the chain there (chain.h).
struct Head {
  std::int64_t position = 0;
  Sha256 link{};
};

/// What a part of the chain was found to be.
struct Verification {
  std::int64_t events = 0;      // that were looked at
  std::int64_t next_after = 0;  // where to go on
  bool is_at_end = false;
  struct Broken {
    std::int64_t position = 0;
    std::string what;  // one sentence
  };
  std::optional<Broken> first_broken;
};

class EventLog {
 public:
  EventLog() = default;
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  virtual ~EventLog() = default;

  /// Appends within a transaction of others' making: the events are in the log if and only if it
  /// commits. On failure the Tx is aborted with: kConflict (an expectation is not met, with
  /// {"actualVersion":n}; or a key was used for something else), kNotFound (an aggregate of
  /// another user). Their versions are known at once. Their positions may be known only with the
  /// commit (an engine that several nodes append to): until then they are 0, also for whoever
  /// observes, and no statement of the transaction finds them.
  virtual Appended append(db::Tx& tx, const Append& append) = 0;
  /// Appends in a transaction of its own. Answers when the events are on disk.
  virtual Task<Result<Appended>> append(Append append) = 0;

  virtual Task<Result<Page>> read(Tenancy tenancy, Filter filter) = 0;
  /// One stream in the order of its versions, from `from_version` on; at most `limit` events, and
  /// fewer where they are large. Empty if there is none.
  virtual Task<Result<std::vector<EventRef>>> read_stream(Tenancy tenancy, Uuid aggregate_id,
                                                          std::int64_t from_version, int limit) = 0;
  virtual Task<Result<EventRef>> find(Tenancy tenancy, Uuid id) = 0;  // kNotFound
  virtual Task<Result<EventRef>> at(std::int64_t position) = 0;       // kNotFound

  /// Within a transaction: events behind `after`, of these types (empty: all), ascending; a page as
  /// read() gives it. For followers, which read and write in one transaction.
  virtual Page read(db::Tx& tx, const Filter& filter) = 0;
  /// The end as this transaction leaves it. The link of an event that it has appended itself may be
  /// known only with the commit; it is zero until then.
  virtual Head head(db::Tx& tx) = 0;
  /// Within a transaction: the last event of a stream, those that it has appended among them, or
  /// null if `tenancy` has no such stream.
  virtual EventRef newest(db::Tx& tx, const Tenancy& tenancy, const Uuid& aggregate_id) = 0;

  /// `observer` is called in each appending transaction with the events just inserted, in the order
  /// in which observers were added; if it aborts the Tx, the append has failed. At the start, while
  /// nothing is being appended. This is how whoever must be in the same commit as an event gets
  /// there; it must neither call code that users wrote nor touch what is not the event's own.
  using Observer = std::function<void(db::Tx&, std::span<const EventRef>)>;
  virtual void observe(Observer observer) = 0;

  virtual Task<Result<Head>> head() = 0;
  /// Recomputes the chain from behind `after` over at most `limit` events.
  virtual Task<Result<Verification>> verify(std::int64_t after, int limit) = 0;

  /// The last position on disk; wait for it to grow to follow the log.
  virtual Watermark& end() = 0;
};

}  // namespace synap::events
