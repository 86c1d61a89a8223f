#include "agents/live.h"

#include <algorithm>

namespace synap::agents {
namespace {

std::size_t bytes_of(const FeedEntry& entry) {
  constexpr std::size_t kAbout = 128;
  return kAbout + entry.text.size() + (entry.state.is_null() ? 0 : json_bytes(entry.state));
}

}  // namespace

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

void Feed::add_text(std::string_view node, std::string_view text) {
  // A long answer is several entries, so that its beginning can go.
  constexpr std::size_t kPieceMax = 16 * 1024;
  std::int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const bool is_further = !entries_.empty() && entries_.back().kind == FeedEntry::Kind::kText &&
                            entries_.back().node == node && entries_.back().text.size() < kPieceMax;
    if (!is_further) {
      entries_.push_back({.kind = FeedEntry::Kind::kText, .node = std::string(node)});
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

std::vector<FeedEntry> Feed::read(Place& place) const {
  std::vector<FeedEntry> found;
  const std::lock_guard lock(mutex_);
  if (place.entry < first_) place = {first_, 0};
  for (;;) {
    const auto at = static_cast<std::size_t>(place.entry - first_);
    if (at >= entries_.size()) return found;
    const auto& entry = entries_[at];
    const bool is_last = at + 1 == entries_.size();
    if (entry.kind != FeedEntry::Kind::kText) {
      found.push_back(entry);
    } else if (entry.text.size() > place.offset) {
      found.push_back(
          {.kind = entry.kind, .node = entry.node, .text = entry.text.substr(place.offset)});
    }
    // A text may grow while it is the last.
    if (is_last && entry.kind == FeedEntry::Kind::kText) {
      place.offset = entry.text.size();
      return found;
    }
    place = {place.entry + 1, 0};
  }
}

std::shared_ptr<Feed> Feeds::of(const Uuid& run) {
  constexpr std::size_t kSweptAt = 64;
  const std::lock_guard lock(mutex_);
  auto& kept = feeds_[run];
  auto feed = kept.lock();
  if (feed == nullptr) {
    feed = std::make_shared<Feed>();
    kept = feed;
  }
  if (feeds_.size() % kSweptAt == 0) {
    std::erase_if(feeds_, [](const auto& one) { return one.second.expired(); });
  }
  return feed;
}

}  // namespace synap::agents
