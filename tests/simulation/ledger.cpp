#include "simulation/ledger.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::simulation {
namespace {

std::size_t hash_of(const std::string& text) {
  return std::hash<std::string>{}(text);
}

}  // namespace

std::string bytes_of(const std::string& path, std::int64_t generation) {
  auto line = fmt::format("{} {}\n", path, generation);
  const auto digest = sha256(line);
  // Mostly small, now and then some sectors, rarely many.
  std::size_t size = digest[0];
  if (digest[1] % 4 == 0) size *= 8;
  if (digest[1] % 64 == 0) size *= 40;
  std::string bytes;
  while (bytes.size() < size) bytes += line;
  return bytes;
}

void Ledger::violate(std::string what) {
  if (violation_.empty()) violation_ = std::move(what);
}

bool Ledger::require(bool is_true, const std::string& what) {
  if (!is_true) violate(what);
  return is_true;
}

std::size_t Ledger::begin_batch(const std::vector<events::NewEvent>& events) {
  Batch batch;
  for (const auto& event : events) batch.ids.push_back(event.id());
  batches_.push_back(std::move(batch));
  return batches_.size() - 1;
}

void Ledger::answer_batch(std::size_t batch, const events::Appended& appended) {
  auto& asked = batches_[batch];
  if (appended.is_repeat) {
    // Under an id of the caller's choice it may be this very batch that was there.
    const bool is_itself =
        !appended.events.empty() && appended.events.front()->id == asked.ids.front();
    if (!is_itself) asked.is_refused = true;
  } else {
    asked.is_answered = true;
    require(appended.events.size() == asked.ids.size(), "an append has answered another number");
    for (std::size_t i = 0; i < appended.events.size() && i < asked.ids.size(); ++i) {
      require(appended.events[i]->id == asked.ids[i], "an append has answered other events");
      require(i == 0 || appended.events[i]->position == appended.events[i - 1]->position + 1,
              "a batch has gaps");
    }
  }
  for (const auto& event : appended.events) saw(*event);
}

void Ledger::saw(const events::Event& event) {
  const Known shown{event.id, event.user_id, hash_of(event.data)};
  const auto [known, is_new] = known_.try_emplace(event.position, shown);
  require(is_new || (known->second.id == shown.id && known->second.data_hash == shown.data_hash),
          fmt::format("position {} has another event than before", event.position));
}

void Ledger::saw_time(std::int64_t unix_ms) {
  time_min_ = std::min(time_min_.value_or(unix_ms), unix_ms);
  time_max_ = std::max(time_max_, unix_ms);
}

void Ledger::check_page(const events::Tenancy& tenancy, const events::Filter& filter,
                        const events::Page& page, std::int64_t end) {
  std::set<std::int64_t> shown;
  std::int64_t last = filter.after;
  for (const auto& event : page.events) {
    require(event->position > last, "a page is out of order");
    require(tenancy.sees(*event), "a user was shown another's event");
    last = event->position;
    shown.insert(last);
    saw(*event);
  }
  require(page.next_after >= last, "a page goes on before its end");
  require(page.next_after >= end || !page.is_at_end, "a page ends before the end of the log");
  if (!filter.types.empty() || filter.aggregate_id) return;
  const auto until = std::min(page.next_after, end);
  for (auto it = known_.upper_bound(filter.after); it != known_.end() && it->first <= until; ++it) {
    const bool is_theirs = !tenancy.user_id() || *tenancy.user_id() == it->second.user;
    require(!is_theirs || shown.contains(it->first),
            fmt::format("position {} was left out of a page", it->first));
  }
}

void Ledger::check_event(const events::Event& event, std::int64_t position,
                         std::map<Uuid, std::int64_t>& versions) {
  require(event.position == position, fmt::format("position {} is missing", position));
  if (event.aggregate_id) {
    require(event.aggregate_version == ++versions[*event.aggregate_id],
            fmt::format("the stream of position {} has a gap", position));
  }
  require(time_min_ && event.timestamp >= *time_min_ && event.timestamp <= time_max_,
          fmt::format("position {} has a time that no clock has shown", position));
}

void Ledger::check_log(const std::vector<events::EventRef>& all) {
  require(static_cast<std::int64_t>(all.size()) >= end(),
          fmt::format("the log ends at {}, and position {} was told", all.size(), end()));
  std::map<Uuid, std::int64_t> versions;
  std::set<Uuid> ids;
  for (std::size_t i = 0; i < all.size(); ++i) {
    check_event(*all[i], static_cast<std::int64_t>(i) + 1, versions);
    require(ids.insert(all[i]->id).second, "two events have one id");
    saw(*all[i]);  // from now on it stays, whoever was told of it
  }
  check_batches(all);
}

void Ledger::check_batches(const std::vector<events::EventRef>& all) {
  std::map<Uuid, std::int64_t> positions;
  for (const auto& event : all) positions.emplace(event->id, event->position);
  for (const auto& batch : batches_) {
    std::size_t there = 0;
    for (const auto& id : batch.ids) there += positions.contains(id) ? 1 : 0;
    require(there == 0 || there == batch.ids.size(), "a part of a batch is there");
    require(there == 0 || !batch.is_refused, "what was refused is there");
    require(there > 0 || !batch.is_answered, "what was answered is not there");
    if (there < 2) continue;
    require(positions[batch.ids.back()] - positions[batch.ids.front()] ==
                static_cast<std::int64_t>(batch.ids.size()) - 1,
            "something stands within a batch");
  }
}

}  // namespace synap::simulation
