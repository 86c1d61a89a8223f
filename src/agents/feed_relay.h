// FeedRelay: what a run says at the node that carries it out, told at another one that watches it.
//
// A node with a watcher of a run that it does not carry out itself asks all nodes for its feed, and
// asks again every few seconds for as long as somebody watches. The one that carries it out sends
// what is new, joined for some tens of milliseconds, to the node that asked, which puts it into a
// feed of its own. Nothing is sent that nobody has asked for.
//
// Messages may be lost, and come twice. Each piece says between which places of the source's feed
// it is, so whoever misses one asks again from where they are, and nothing is shown with a hole.
//
//   message = line *( LF line )                 ; at most NodeMessages::kBytesMax
//   line    = ask / piece
//   ask     = "ask" SP run SP node SP source SP place SP ( "go-on" / "lost" )
//   piece   = "piece" SP run SP source SP place SP place SP part SP parts SP bytes
//   place   = entry SP offset                   ; Feed::Place: from where, up to where
//
// `source` names one telling of a run, all zeros: none yet. The bytes of all parts of a piece are a
// JSON array of entries.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "agents/live.h"
#include "base/task.h"
#include "base/world.h"

namespace synap::agents {

/// How nodes tell each other of what is going on. A message may be lost.
class NodeMessages {
 public:
  static constexpr std::size_t kBytesMax = 7'900;

  NodeMessages() = default;
  NodeMessages(const NodeMessages&) = delete;
  NodeMessages& operator=(const NodeMessages&) = delete;
  virtual ~NodeMessages() = default;

  /// To one node, or to all others. False: nothing can be sent now. Any thread; does not block.
  virtual bool send(std::optional<std::int64_t> node, std::string message) = 0;
};

/// Any thread.
class FeedRelay {
 public:
  /// Runs that other nodes have asked for at once; further ones see states only.
  static constexpr std::size_t kAskedMax = 10'000;

  /// `node`: this one. All must outlive it.
  FeedRelay(std::int64_t node, Feeds& feeds, NodeMessages& messages, World& world)
      : node_(node), feeds_(feeds), messages_(messages), world_(world) {}

  /// A message of another node.
  void hear(std::string_view message);
  /// Asks and tells, until `stop` is asked for.
  Task<void> run(std::stop_token stop);

 private:
  // What another node has asked for.
  struct Asked {
    SteadyClock::time_point until;
    std::shared_ptr<Feed> feed;  // null: it is not carried out here
    std::weak_ptr<Feed> told;    // the feed that `source` is of
    Uuid source;
    Feed::Place sent;
    SteadyClock::time_point sent_at;
    std::int64_t seen = -1;  // of the feed's changes
  };
  // What this node asks for.
  struct Wanted {
    std::shared_ptr<Feed> feed;
    SteadyClock::time_point ask_at;
    Uuid source;
    Feed::Place place;
    SteadyClock::time_point heard_at;
    SteadyClock::time_point missed_at;
    bool has_lost = false;
    // A piece of which so many parts are here, up to a place.
    std::size_t parts = 0;
    Feed::Place to;
    std::string text;
  };
  struct Ask;
  struct Piece;
  class Outbox;
  void hear(const Ask& ask);
  void hear(const Piece& piece);
  bool add(Wanted& wanted, const Piece& piece);
  void bind(const Uuid& run, Asked& asked);
  void look_for_wanted();
  void ask(Outbox& out);
  void tell(Outbox& out);
  void tell(const Uuid& run, std::int64_t node, Asked& asked, Outbox& out);
  SteadyClock::time_point next_pass() const;

  const std::int64_t node_;
  Feeds& feeds_;
  NodeMessages& messages_;
  World& world_;
  std::mutex mutex_;
  std::map<std::pair<Uuid, std::int64_t>, Asked> asked_;  // by run and node
  std::map<Uuid, Wanted> wanted_;
  std::int64_t seen_changes_ = -1;  // of feeds_
  std::int64_t heard_count_ = 0;
  Watermark heard_;  // of what is to be done at once
};

}  // namespace synap::agents
