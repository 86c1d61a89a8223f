// Search: finds things of a user by their words.
//
//   search.add({.name = "note", ...});   // where documents come from
//   search.start();                      // the index is opened, and follows the log
//   auto found = co_await search.find("ann", ask);
//
// The index is a file beside the database, which nobody's command waits for: written behind the log
// with a checkpoint of its own, in the same transaction as what it stands for. One that is missing,
// damaged, or of another log is made anew from the log. One of another description (the analyzer or
// a kind has changed) is answered from until the new one has caught up; what was changed meanwhile
// is found in the new one only. The name of a file says its description, as a file cannot be
// renamed while SQLite has it open.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/background.h"
#include "base/executor.h"
#include "base/timer.h"
#include "search/finder.h"
#include "search/indexer.h"

namespace synap::search {

struct Status {
  std::int64_t position = 0;   // the events up to here are in what is answered from
  std::int64_t end = 0;        // of the log
  std::int64_t documents = 0;  // of the user
  /// How far a new index is that will take the place of the one that is answered from.
  std::optional<std::int64_t> next_position;
  std::string error;  // why nothing is written into it now; empty: it is

  std::int64_t lag() const { return end - position; }
};

class Search {
 public:
  /// `directory` is made where it is missing; it holds nothing but indexes.
  Search(const Rooms& rooms, std::string directory);
  ~Search();  // stop()
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  /// Before start().
  void add(Kind kind);
  const std::vector<Kind>& kinds() const { return kinds_; }
  /// The fields that queries may name besides title and text: "tag", "type", and those of kinds.
  std::vector<std::string> fields() const;

  void start();
  void stop();

  /// Those of the user alone, whatever is asked. kBadRequest: the query says nothing that could be
  /// found. kServiceUnavailable: there is no index that can be read now; with why.
  Task<Result<Found>> find(std::string user_id, Ask ask);
  Task<Result<std::vector<Suggestion>>> suggest(std::string user_id, std::string beginning,
                                                int limit);
  Task<Result<Status>> status(std::string user_id);
  /// How many events are not in what is answered from. Any thread.
  std::int64_t lag() const;
  /// Up to which event things are in the index, for those who wait for that; -1 until it is open.
  Watermark& indexed() { return indexed_; }

 private:
  std::string path_of(std::string_view version) const;
  std::string version() const;
  Task<void> run();
  Task<Result<>> follow();
  Task<Result<std::unique_ptr<Index>>> open(const std::string& path, bool is_remade);
  Task<std::unique_ptr<Index>> open_former(const std::string& current);
  Task<Result<>> keep_former(Indexer& indexer);
  Task<Result<>> keep_current(Indexer& indexer, std::stop_token stop);
  void retire_former();
  void publish(std::shared_ptr<Index> index, std::int64_t position);
  std::shared_ptr<Index> serving() const;
  void say(const std::optional<Error>& error);
  Error unavailable() const;
  Error read_failed(Error error);

  const Rooms rooms_;
  const std::string directory_;
  std::vector<Kind> kinds_;

  // Of the executor.
  std::shared_ptr<Index> current_;
  std::shared_ptr<Index> former_;
  std::int64_t current_position_ = 0;
  std::int64_t former_position_ = 0;

  mutable std::mutex mutex_;
  std::shared_ptr<Index> serving_;  // current_ or former_
  std::string error_;
  std::optional<std::int64_t> next_position_;

  std::atomic<std::int64_t> position_ = 0;  // of serving_
  Watermark indexed_{-1};
  Watermark damages_;  // found by those who read
  const std::unique_ptr<Executor> executor_;
  Background background_{*executor_};
};

/// Removes an index: the file, and those that SQLite has beside it.
void remove_index(const std::string& path);

}  // namespace synap::search
