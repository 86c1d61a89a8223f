// The rows of threads and their checkpoints, within transactions.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "api/actor.h"
#include "features/checkpoints/shapes.h"
#include "features/rooms.h"

namespace synap::features::checkpoints {

/// A checkpoint in its thread: namespace and id.
using CheckpointName = std::pair<std::string, std::string>;

/// Changes one thread of a session's user, in one transaction, and appends what is to be told of
/// it. The thread's row is taken first, so changes of one thread go one after another on every
/// engine.
class ThreadChange {
 public:
  /// All must outlive it.
  ThreadChange(const Rooms& rooms, const api::Session& session, db::Tx& tx, std::string thread_id)
      : rooms_(rooms), session_(session), tx_(tx), thread_id_(std::move(thread_id)) {}

  /// The thread's row, which is made if there is none.
  Uuid take();
  /// Of one that must be there: nothing otherwise.
  std::optional<Uuid> take_if_there();

  /// Makes the thread's row. False: there is one.
  bool make(const Json& metadata);
  /// Sets members of the thread's metadata; aborts where there is no thread, or where it would have
  /// more than so many bytes.
  void merge(const Json& metadata, std::size_t bytes_max);
  /// Takes over what is known of another thread, whose checkpoints it has been given.
  void be_like(const Uuid& source);

  void put(const PutCheckpoint& input);
  void put_writes(const PutWrites& input);
  /// Takes the thread away; its checkpoints are left to empty_trash(). False: there is none.
  bool remove();
  /// Counts so many bytes more; aborts where the thread takes too much then.
  void grow(std::int64_t bytes);

 private:
  void put_row(const PutCheckpoint& input);
  void put_values(const PutCheckpoint& input);
  void store_writes(const PutWrites& input);
  std::int64_t bytes_there(const PutCheckpoint& input);
  void interrupt(const PutWrites& input);
  void resume(const std::string& ns, const std::string& checkpoint_id, bool only_if_behind);
  void set_status(const PutCheckpoint& input);
  bool has_next(const PutCheckpoint& input);
  void tell(const events::EventType<ThreadPlace>& type, ThreadPlace place);

  const Rooms& rooms_;
  const api::Session& session_;
  db::Tx& tx_;
  const std::string thread_id_;
  Uuid id_;
};

// What a row counts, as SQL: what it holds, and something for the row itself, so that there are no
// more rows than fit, either.
inline constexpr std::string_view kCheckpointBytes =
    "length(checkpoint) + length(metadata) + length(labels) + length(versions) + length(deltas) + "
    "256";
inline constexpr std::string_view kBytes = "length(bytes) + 256";  // of a value, of a write

/// What the first column of these rows, which are there no more or only now, is together.
std::int64_t sum_of(db::Rows rows);
/// Of the values of these versions.
std::int64_t bytes_of_state(db::Tx& tx, const Uuid& thread, const std::string& ns,
                            const std::map<std::string, std::string>& versions);

// Slices of work that is too large for one transaction: each is called until it says true, in a
// transaction of its own.

/// Removes rows of a thread that was removed.
bool empty_trash(db::Tx& tx, const Uuid& thread);

/// With its writes; its values are left to remove_unused_values(). Gives what they counted.
std::int64_t remove_checkpoint(db::Tx& tx, const Uuid& thread, const CheckpointName& name);

/// Removes values of a namespace that no checkpoint of it has any more. What is used is read page
/// by page, beside the writer; where somebody has stored something meanwhile, it is read again. In
/// a thread that is written to all the time they stay, counted, until it is pruned again.
Task<Result<>> remove_unused_values(db::Database& database, Uuid thread, std::string ns);

/// The names in `text`, an object of channels and their versions.
std::map<std::string, std::string> versions_of(std::string_view text);

/// Calls `slice` in transactions of their own until it says that it is done, or `stop`.
Task<Result<>> in_slices(db::Database& database, std::function<bool(db::Tx&)> slice,
                         std::stop_token stop = {});

}  // namespace synap::features::checkpoints
