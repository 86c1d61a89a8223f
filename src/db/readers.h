// Readers: the threads that read, each with a connection of its own, and the queue they share.
//
// With SQLite a read pins a snapshot: while any read is under way the log of changes (WAL) cannot
// begin again from its front, and reads that overlap for ever would let it grow for ever. So
// reading can be held: new reads wait in the queue until those under way have ended and the writer
// has emptied the WAL (sqlite/wal_keeper.h).
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/world.h"
#include "db/database.h"

namespace synap::db {

/// A connection that reads; belongs to one thread.
class Reader {
 public:
  virtual ~Reader() = default;
  /// Runs the closure of `operation` in a transaction of its own, on behalf of its user if it has
  /// one, and leaves it with its result or its error. It takes `most` at most, where it has a limit
  /// of its time.
  virtual void read(database_detail::Operation& operation, std::chrono::milliseconds most) = 0;
  /// Gives back what it remembers: for when nobody has asked it for a while.
  virtual void rest() = 0;
  /// It has done nothing since, or at all.
  virtual bool is_rested() const = 0;
};

/// Thread-safe.
class Readers {
 public:
  using Operation = database_detail::Operation;

  Readers() = default;
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  ~Readers();  // close()

  struct Options {
    World& world = real_world();
    std::chrono::milliseconds time_max{250};  // a read is stopped after it
    std::size_t waiting_max = 100'000;        // more reads are refused
    std::chrono::milliseconds idle_before_rest{5'000};
  };
  /// One thread of the world for each connection. Once.
  void start(std::vector<std::unique_ptr<Reader>> connections, Options options);

  /// The error if it is refused; then the operation stays its owner's.
  std::optional<Error> submit(Operation* operation);
  /// Takes it out of the queue, or waits until it is answered.
  void withdraw(Operation* operation);
  std::size_t waiting() const;
  /// How often a connection was put to rest. Any thread.
  std::int64_t rests() const { return rests_.load(std::memory_order_relaxed); }

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
  bool turn(Reader& connection);

  std::vector<std::unique_ptr<Reader>> connections_;
  std::vector<std::unique_ptr<WorldThread>> threads_;
  std::chrono::milliseconds time_max_{};
  std::size_t waiting_max_ = 0;
  std::chrono::milliseconds idle_before_rest_{};
  std::atomic<std::int64_t> rests_{0};

  mutable std::mutex mutex_;
  std::unique_ptr<Signal> wake_;  // a read is due, or the end
  std::condition_variable idle_;  // no read is under way
  std::condition_variable answered_;
  std::deque<Operation*> queue_;
  int running_ = 0;
  bool is_held_ = false;
  bool is_closed_ = false;
};

}  // namespace synap::db
