// Group: what the closures of one transaction append, until it is appended in one statement at the
// transaction's end. Nothing of it is in a table before that; who looks for an event, a stream or a
// key within the transaction finds it here first. Private to this folder.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "db/database.h"
#include "db/postgres/last_statement.h"
#include "events/log.h"

namespace synap::events::postgres {

/// A stream as it was found, and as the group leaves it.
struct Stream {
  std::string user_id;
  std::int64_t version = 0;
  std::int64_t found_version = 0;  // in the table; 0: it is not there
  /// Its id was just made, so nobody has looked.
  bool is_said_to_be_new = false;
  /// What the group does depends on the version that was found.
  bool is_relied_on = false;
  /// It is as this node left it, some transactions ago: others may have been there since.
  bool is_remembered = false;
  EventRef newest = nullptr;  // of this group
};

/// When the events of a group have their positions.
enum class Positions : std::uint8_t {
  kWithTheCommit,
  /// At once: those behind the end of the log as this node knows it. Where another node has
  /// appended meanwhile the group is run again, with the end locked from its beginning, and so are
  /// those behind it while others append, too. For rooms that name an event by its position while
  /// they are in the transaction that appends it.
  kAtOnce,
};

/// Belongs to the writer's thread.
class Group {
 public:
  explicit Group(Positions positions) : positions_(positions) {}

  /// At the beginning of a transaction, where others append, too: the end is known before anything
  /// is read. So what closures decide by what they have read holds if nobody has appended by the
  /// time of the commit, and that is found out then: what is begun again `was_outrun`.
  /// `note_others`: they have appended since this node did, which is to make Tx::undone() another.
  void begin(db::Tx& tx, bool was_outrun, const std::function<void()>& note_others);
  /// The end as this node left it; nothing: it is not known.
  std::optional<std::int64_t> end() const { return end_; }
  /// Before anything else of each append: what was undone since is forgotten.
  void join(db::Tx& tx);

  /// The stream as it is now for this transaction. It may be remembered, and older than it is: if
  /// another node has been at it, the commit finds that out. `must_be_present`: not so.
  Stream& stream(db::Tx& tx, const Uuid& aggregate_id, bool must_be_present = false);
  /// The stream if this group has something of it, or null.
  const Stream* known_stream(const Uuid& aggregate_id) const;
  /// A stream whose id was just made. Null if it is known to be there.
  Stream* new_stream(const Uuid& aggregate_id, const std::string& user_id);
  /// The stream's next event; of no stream: null.
  EventRef add(db::Tx& tx, const NewEvent& event, Stream* stream);
  /// The position of the last event that was added, or nothing if there is none that has one.
  std::optional<std::int64_t> last_position() const;

  /// Adds to a page that ends with the table, the oldest first, what of this group has positions.
  void read_on(const Filter& filter, Page& page) const;

  /// The event of this id, if it is of this group.
  EventRef event(const Uuid& id) const;
  /// What was appended with an idempotency key of this group.
  struct Kept {
    Sha256 fingerprint{};
    std::string answer;
    std::vector<EventRef> events;
  };
  const Kept* kept(const std::string& user_id, const std::string& key) const;
  void keep(const std::string& user_id, const std::string& key, Kept kept);

  /// What is to be done last in the transaction; nothing if nothing was appended. When it is
  /// committed the events have their positions.
  std::optional<db::postgres::LastStatement> take(db::Tx& tx);

 private:
  struct Appending;  // the arrays of one statement

  void look_for_end(db::Tx& tx);

  const Positions positions_;
  std::int64_t undone_ = -1;         // Tx::undone() at the time of all that is here
  std::optional<std::int64_t> end_;  // of the log, as this node left it
  Sha256 link_{};                    // of the event there
  int locked_groups_ = 0;            // left; see look_for_end()
  std::vector<NewEvent> drafts_;
  std::vector<std::shared_ptr<Event>> events_;
  std::unordered_map<Uuid, EventRef> by_given_id_;
  std::map<Uuid, Stream> streams_;  // in the order in which they are locked
  std::map<std::pair<std::string, std::string>, Kept> kept_;
  // Streams that this node appended to lately: most events are the second of their aggregate, a
  // moment after the first.
  std::unordered_map<Uuid, Stream> remembered_;
};

}  // namespace synap::events::postgres
