// Feed: what a run of an agent says while it goes on, for those who watch it in this process: its
// states, the text of a model's answer as it comes, the tools that it calls. Nothing of it is kept
// on disk: what lasts are the run's steps and events. Readers pull from where they are, so a slow
// one costs nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/timer.h"
#include "base/uuid.h"

namespace synap::agents {

struct FeedEntry {
  enum class Kind : std::uint8_t { kState, kAnswer, kText, kTool, kResult, kEnd };
  /// kAnswer: a model begins to answer; what a call before it that broke off had said is void.
  Kind kind = Kind::kText;
  std::int64_t number = 0;  // of kState: the checkpoint's
  std::string node;
  std::string name;  // of a tool
  std::string text;  // kText: a piece; kTool: its arguments; kResult: what it gave
  bool is_ok = true;
  /// Of kState: the checkpoint. Null: it is on disk, by its number (checkpoints_of).
  Json state;
};

/// Any thread.
class Feed {
 public:
  /// What is kept for those who come late or read slowly.
  static constexpr std::size_t kBytesMax = 512 * 1024;

  /// States behind which a model begins to answer are let go: they are on disk by then, and the
  /// answer may last.
  void add(FeedEntry entry);
  /// A piece of an answer's text: joined to the one before if that is of the same node.
  void add_text(std::string_view node, std::string_view text);

  /// Where a reader is: an entry, and what of its text he has read.
  struct Place {
    std::int64_t entry = 0;
    std::size_t offset = 0;
  };
  /// What is behind `place`, which is moved to the end of it.
  std::vector<FeedEntry> read(Place& place) const;
  Watermark& changes() { return changes_; }

 private:
  void trim();
  void let_go_of_states();

  mutable std::mutex mutex_;
  std::deque<FeedEntry> entries_;
  std::int64_t first_ = 0;  // the number of the first that is kept
  std::size_t bytes_ = 0;
  std::int64_t change_count_ = 0;
  Watermark changes_;
};

/// The feeds of runs that somebody carries out or watches. Any thread.
class Feeds {
 public:
  std::shared_ptr<Feed> of(const Uuid& run);

 private:
  std::mutex mutex_;
  std::map<Uuid, std::weak_ptr<Feed>> feeds_;
};

}  // namespace synap::agents
