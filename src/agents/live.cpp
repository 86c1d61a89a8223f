#include "agents/live.h"

#include <algorithm>

namespace synap::agents {
namespace {

std::size_t bytes_of(const FeedEntry& entry) {
  constexpr std::size_t kAbout = 128;
  std::size_t bytes = kAbout + entry.text.size();
  for (const auto& one : entry.path) bytes += sizeof one + one.size();
  return bytes + (entry.state.is_null() ? 0 : json_bytes(entry.state));
}

}  // namespace

std::string answer_in(const std::vector<FeedEntry>& told, std::string_view node,
                      const GraphPath& path) {
  std::string text;
  for (const auto& one : told) {
    if (one.path != path) continue;
    const bool is_of_node = one.node == node;
    const bool is_begin =
        one.kind == FeedEntry::Kind::kState || (one.kind == FeedEntry::Kind::kAnswer && is_of_node);
    if (is_begin) text.clear();
    if (one.kind == FeedEntry::Kind::kText && is_of_node) text += one.text;
  }
  return text;
}

void Feed::add(FeedEntry entry) {
  std::int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    if (entry.kind == FeedEntry::Kind::kAnswer) let_go_of_states();
    bytes_ += bytes_of(entry);
    entries_.push_back(std::move(entry));
    trim();
    count = ++change_count_;
  }
  changes_.raise(count);
}

void Feed::add_text(std::string_view node, std::string_view text, const GraphPath& path) {
  // A long answer is several entries, so that its beginning can go.
  constexpr std::size_t kPieceMax = 16 * 1024;
  std::int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const bool is_further = !entries_.empty() && entries_.back().kind == FeedEntry::Kind::kText &&
                            entries_.back().node == node && entries_.back().path == path &&
                            entries_.back().text.size() < kPieceMax;
    if (!is_further) {
      entries_.push_back({.kind = FeedEntry::Kind::kText, .node = std::string(node), .path = path});
      bytes_ += bytes_of(entries_.back());
    }
    entries_.back().text.append(text);
    bytes_ += text.size();
    trim();
    count = ++change_count_;
  }
  changes_.raise(count);
}

void Feed::let_go_of_states() {
  for (auto& entry : entries_) {
    bytes_ -= bytes_of(entry);
    entry.state = nullptr;
    bytes_ += bytes_of(entry);
  }
}

void Feed::trim() {
  while (bytes_ > kBytesMax && entries_.size() > 1) {
    bytes_ -= std::min(bytes_, bytes_of(entries_.front()));
    entries_.pop_front();
    ++first_;
  }
}

std::vector<FeedEntry> Feed::read(Place& place, std::size_t bytes_max) const {
  std::vector<FeedEntry> found;
  std::size_t bytes = 0;
  const std::lock_guard lock(mutex_);
  if (place.entry < first_) place = {.entry = first_, .has_missed = true};
  const auto node_of = [](const FeedEntry& entry) {
    auto node = entry.path;
    node.push_back(entry.node);
    return node;
  };
  const auto is_whole = [&](const FeedEntry& entry) {
    return !place.has_missed || std::ranges::find(place.whole, node_of(entry)) != place.whole.end();
  };
  while (bytes <= bytes_max) {
    const auto at = static_cast<std::size_t>(place.entry - first_);
    if (at >= entries_.size()) break;
    const auto& entry = entries_[at];
    const bool is_last = at + 1 == entries_.size();
    if (entry.kind != FeedEntry::Kind::kText) {
      if (entry.kind == FeedEntry::Kind::kAnswer && !is_whole(entry)) {
        place.whole.push_back(node_of(entry));
      }
      found.push_back(entry);
      bytes += bytes_of(entry);
    } else if (entry.text.size() > place.offset && is_whole(entry)) {
      found.push_back({.kind = entry.kind,
                       .node = entry.node,
                       .text = entry.text.substr(place.offset),
                       .path = entry.path});
      bytes += bytes_of(found.back());
    }
    // A text may grow while it is the last.
    if (is_last && entry.kind == FeedEntry::Kind::kText) {
      place.offset = entry.text.size();
      break;
    }
    ++place.entry;
    place.offset = 0;
  }
  return found;
}

std::shared_ptr<Feed> Feeds::begin(const Uuid& run, Use::As as) {
  std::shared_ptr<Feed> feed;
  std::int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    auto& used = used_[run];
    ++(as == Use::As::kWatches ? used.watchers : used.carriers);
    if (used.carriers == 0) {
      wanted_.insert(run);
    } else {
      wanted_.erase(run);
    }
    feed = used.feed;
    count = ++change_count_;
  }
  changes_.raise(count);
  return feed;
}

void Feeds::end(const Uuid& run, Use::As as) {
  std::int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    auto& used = used_[run];
    --(as == Use::As::kWatches ? used.watchers : used.carriers);
    if (used.watchers == 0) wanted_.erase(run);
    if (used.watchers > 0 && used.carriers == 0) wanted_.insert(run);
    if (used.watchers == 0 && used.carriers == 0) used_.erase(run);
    count = ++change_count_;
  }
  changes_.raise(count);
}

std::shared_ptr<Feed> Feeds::find(const Uuid& run) const {
  const std::lock_guard lock(mutex_);
  const auto found = used_.find(run);
  return found != used_.end() ? found->second.feed : nullptr;
}

std::shared_ptr<Feed> Feeds::carried_out(const Uuid& run) const {
  const std::lock_guard lock(mutex_);
  const auto found = used_.find(run);
  return found != used_.end() && found->second.carriers > 0 ? found->second.feed : nullptr;
}

std::map<Uuid, std::shared_ptr<Feed>> Feeds::wanted() const {
  std::map<Uuid, std::shared_ptr<Feed>> all;
  const std::lock_guard lock(mutex_);
  for (const auto& run : wanted_) all.emplace(run, used_.at(run).feed);
  return all;
}

}  // namespace synap::agents
