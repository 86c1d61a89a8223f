// IndexKeeper: keeps an index in step with the log, behind everybody's writes.
//
// One that is missing, damaged, or of another log is made anew from the log. One of another
// description (its version) is answered from until the new one has caught up; what was changed
// meanwhile is found in the new one only. Where indexes are, and by which names, IndexPlace knows.
//
// What nodes share one of them keeps, and the others look at how far it is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timer.h"
#include "search/index_file.h"
#include "search/index_place.h"
#include "search/indexer.h"

namespace synap::search {

struct KeeperOptions {
  std::shared_ptr<IndexPlace> place;
  /// The description of what is written; asked for when it is opened.
  std::function<std::string()> version;
  std::string_view subject;  // "the search index": in what is logged
  /// Whether one of another version can be answered from; it was loaded.
  std::function<bool(const IndexFile&)> serves = [](const IndexFile&) { return true; };
  /// Of what is written at once. What takes long to make is kept often: a crash takes the rest.
  int page_events = 200;
  /// Until it is raised another keeps the index; nullptr: nobody else does.
  Watermark* leads = nullptr;
  /// So often it is looked then how far it is, while it is behind.
  std::chrono::milliseconds watch_interval{40};
};

class IndexKeeper {
 public:
  /// `kinds` outlive it, and are complete before run().
  IndexKeeper(const Rooms& rooms, const std::vector<Kind>& kinds, KeeperOptions options);
  IndexKeeper(const IndexKeeper&) = delete;
  IndexKeeper& operator=(const IndexKeeper&) = delete;

  /// Until `stop`. Whatever fails is tried again.
  Task<void> run(std::stop_token stop);

  // All of these: any thread.

  /// What is answered from now; nullptr: there is none, as unavailable() says.
  std::shared_ptr<IndexFile> serving() const;
  /// The same, for whoever asks while the first one is being opened: a second at most, and not
  /// where it is known why there is none.
  Task<std::shared_ptr<IndexFile>> opened();
  Error unavailable() const;
  /// What is said to somebody who read and met this error. A damaged index is made again.
  Error read_failed(Error error);

  struct Progress {
    std::int64_t position = 0;  // the events up to here are in what is answered from
    /// How far a new index is that will take the place of the one that is answered from.
    std::optional<std::int64_t> next_position;
    std::string error;         // why nothing is written into it now; empty: it is
    bool is_complete = false;  // what is answered from was at the end of the log once
  };
  Progress progress() const;
  /// How many events are not in what is answered from.
  std::int64_t lag() const;
  /// Up to which event things are in the index, for those who wait for that; -1 until it is open.
  Watermark& indexed() { return indexed_; }

 private:
  std::string current_name() const;
  bool is_led_elsewhere() const;
  Task<Result<>> follow(std::stop_token stop);
  Task<Result<>> watch_until_leading(std::stop_token stop);
  Task<Result<>> watch(std::stop_token stop);
  std::int64_t told() const { return rooms_.told != nullptr ? rooms_.told->value() : 0; }
  Task<bool> wait_until_told(std::int64_t seen, std::stop_token stop);
  struct Seen;
  Task<Result<Seen>> look();
  Task<Result<std::unique_ptr<IndexFile>>> open(const std::string& name, bool is_remade);
  Task<Result<std::unique_ptr<IndexFile>>> open_former(const std::string& current);
  Task<Result<std::unique_ptr<IndexFile>>> open_usable(const std::string& name);
  Task<Result<>> keep_former(Indexer& indexer);
  Task<Result<>> keep_current(Indexer& indexer, std::stop_token stop);
  Task<Result<>> mend(Indexer& indexer);
  Task<Result<>> wait_for_more(Indexer& indexer, std::stop_token stop);
  Task<Result<>> settle_until_more(std::stop_token stop);
  bool is_to_give_way();
  Task<Result<>> keep_until_damaged(std::stop_token stop);
  Task<Result<>> check_until_damaged(std::stop_token stop);
  Task<Result<>> remove_all();
  Task<Result<>> retire_former();
  void publish(std::shared_ptr<IndexFile> index, std::int64_t position);
  void say(const std::optional<Error>& error);

  const Rooms rooms_;
  const std::vector<Kind>& kinds_;
  const KeeperOptions options_;

  // Of the executor.
  std::shared_ptr<IndexFile> current_;
  std::shared_ptr<IndexFile> former_;
  std::int64_t current_position_ = 0;
  std::int64_t former_position_ = 0;
  int former_failures_ = 0;      // since one was opened
  bool is_former_left_ = false;  // it could not be opened, and goes when the new one is complete
  bool is_settled_ = false;      // nothing was written since it was found to be
  struct Look {
    std::int64_t end = 0;  // of the log
    SteadyClock::time_point at;
  };
  Look looked_;
  SteadyClock::time_point behind_since_;

  mutable std::mutex mutex_;
  std::shared_ptr<IndexFile> serving_;  // current_ or former_
  std::string error_;
  std::optional<std::int64_t> next_position_;

  std::atomic<std::int64_t> position_ = 0;  // of serving_
  std::atomic<bool> is_complete_ = false;   // serving_
  Watermark indexed_{-1};
  Watermark news_;     // of serving_ and error_
  Watermark damages_;  // found by those who read
};

}  // namespace synap::search
