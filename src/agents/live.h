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
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/timer.h"
#include "base/uuid.h"

namespace synap::agents {

/// Where in a run a graph stands: of each graph around it the node that runs it, and behind which
/// checkpoint, as "write:3". Empty: it is the run's own.
using GraphPath = std::vector<std::string>;

struct FeedEntry {
  enum class Kind : std::uint8_t { kState, kAnswer, kText, kTool, kResult, kEnd };
  /// kAnswer: a model begins to answer; what a call before it that broke off had said is void.
  Kind kind = Kind::kText;
  std::int64_t number = 0;  // of kState: the checkpoint's
  std::string node;
  std::string name;  // of a tool
  std::string text;  // kText: a piece; kTool: its arguments; kResult: what it gave
  bool is_ok = true;
  /// Of kState: the checkpoint. Null: it is on disk, by its path and number.
  Json state;
  GraphPath path = {};  // of the graph whose node, or state, it is
};

/// What is told here of the answer of this node's model in its present round, as far as it came.
std::string answer_in(const std::vector<FeedEntry>& told, std::string_view node,
                      const GraphPath& path = {});

/// Any thread.
class Feed {
 public:
  /// What is kept for those who come late or read slowly.
  static constexpr std::size_t kBytesMax = 512 * 1024;

  /// States behind which a model begins to answer are let go: they are on disk by then, and the
  /// answer may last.
  void add(FeedEntry entry);
  /// A piece of an answer's text: joined to the one before if that is of the same node.
  void add_text(std::string_view node, std::string_view text, const GraphPath& path = {});

  /// Where a reader is: an entry, and what of its text they have read.
  struct Place {
    std::int64_t entry = 0;
    std::size_t offset = 0;
    /// Something before it was let go that they have not read: a text is told from an answer on
    /// that begins behind it, and never with a hole. The nodes whose answers do, each behind the
    /// path of its graph.
    bool has_missed = false;
    std::vector<GraphPath> whole = {};
  };
  /// What is behind `place`, which is moved to the end of it: all, or somewhat more than
  /// `bytes_max`.
  std::vector<FeedEntry> read(Place& place, std::size_t bytes_max = SIZE_MAX) const;
  Watermark& changes() { return changes_; }

  /// Nobody wants any more what the run's models are asked in this process.
  void end_asking() { asking_.request_stop(); }
  std::stop_token asking() const { return asking_.get_token(); }

 private:
  void trim();
  void let_go_of_states();

  mutable std::mutex mutex_;
  std::deque<FeedEntry> entries_;
  std::int64_t first_ = 0;  // the number of the first that is kept
  std::size_t bytes_ = 0;
  std::int64_t change_count_ = 0;
  Watermark changes_;
  std::stop_source asking_;
};

/// The feeds of runs that somebody carries out or watches in this process. Any thread.
class Feeds {
 public:
  /// Somebody who does; must not outlive the feeds.
  class Use {
   public:
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { feeds_.end(run_, as_); }
    const std::shared_ptr<Feed>& feed() const { return feed_; }

   private:
    friend class Feeds;
    enum class As : std::uint8_t { kCarriesOut, kWatches };
    Use(Feeds& feeds, const Uuid& run, As as) : feeds_(feeds), run_(run), as_(as) {}
    Feeds& feeds_;
    const Uuid run_;
    const As as_;
    const std::shared_ptr<Feed> feed_ = feeds_.begin(run_, as_);
  };
  Use carry_out(const Uuid& run) { return {*this, run, Use::As::kCarriesOut}; }
  Use watch(const Uuid& run) { return {*this, run, Use::As::kWatches}; }

  /// Of a run that is carried out or watched here; null: it is not.
  std::shared_ptr<Feed> find(const Uuid& run) const;
  /// Of a run that is carried out here; null: it is not.
  std::shared_ptr<Feed> carried_out(const Uuid& run) const;
  /// What is watched here and carried out elsewhere, or nowhere.
  std::map<Uuid, std::shared_ptr<Feed>> wanted() const;
  /// Raised when another run is carried out or watched, or one no more.
  Watermark& changes() { return changes_; }

 private:
  struct Used {
    std::shared_ptr<Feed> feed = std::make_shared<Feed>();
    int carriers = 0;
    int watchers = 0;
  };
  std::shared_ptr<Feed> begin(const Uuid& run, Use::As as);
  void end(const Uuid& run, Use::As as);

  mutable std::mutex mutex_;
  std::map<Uuid, Used> used_;
  std::set<Uuid> wanted_;  // of these: watched, and not carried out
  std::int64_t change_count_ = 0;
  Watermark changes_;
};

}  // namespace synap::agents
