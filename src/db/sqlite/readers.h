// Readers: the threads that read, each with a connection of its own, and the queue they share.
//
// A read pins a snapshot: while any read is under way the log of changes (WAL) cannot begin again
// from its front, and reads that overlap for ever would let it grow for ever. So reading can be
// held: new reads wait in the queue until those under way have ended and the writer has emptied
// the WAL (wal_keeper.h).
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "db/database.h"

namespace synap::db::sqlite {

class Connection;

/// Thread-safe.
class Readers {
 public:
  using Operation = database_detail::Operation;

  Readers() = default;
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  ~Readers();  // close()

  /// One thread for each connection; a read is stopped after `time_max`. Once.
  void start(std::vector<std::unique_ptr<Connection>> connections,
             std::chrono::milliseconds time_max);

  /// False if no more reads are taken; then the operation stays its owner's.
  bool submit(Operation* operation);

  /// While this lives, no read begins. Whoever holds must not wait for a read.
  class Hold {
   public:
    explicit Hold(Readers& readers) : readers_(readers) {}
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold();
    /// Returns true as soon as no read is under way, false if one still is after `patience`.
    bool begin(std::chrono::milliseconds patience);

   private:
    Readers& readers_;
    bool has_begun_ = false;
  };

  /// Runs what is queued, then ends the threads and closes the connections.
  void close();

 private:
  void run(Connection& connection);

  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::thread> threads_;
  std::chrono::milliseconds time_max_{};

  std::mutex mutex_;
  std::condition_variable wake_;  // a read is due, or the end
  std::condition_variable idle_;  // no read is under way
  std::deque<Operation*> queue_;
  int running_ = 0;
  bool is_held_ = false;
  bool is_closed_ = false;
};

}  // namespace synap::db::sqlite
