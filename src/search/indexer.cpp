#include "search/indexer.h"

#include <algorithm>
#include <set>

#include "base/log.h"

namespace synap::search {
namespace {

// What is read, and written together.
constexpr std::size_t kBytesMax = 4 << 20;
// Texts that are asked for at once, which may be kTextBytesMax each, and before which somebody's
// own text waits. One by one each was a wait for another thread and back, as long as the reading.
constexpr std::size_t kReadTogether = 4;

std::size_t bytes_of(const Document& document) {
  return document.title.size() + document.text.size() + document.others.size();
}

}  // namespace

const Kind* kind_of(const std::vector<Kind>& kinds, std::string_view event_type) {
  if (!event_type.ends_with(".completed")) return nullptr;
  const auto name = event_type.substr(0, event_type.find('.'));
  const auto found = std::ranges::find(kinds, name, &Kind::name);
  return found != kinds.end() ? &*found : nullptr;
}

const Kind* Indexer::kind_of(const events::Event& event) const {
  return event.aggregate_id ? search::kind_of(kinds_, event.type) : nullptr;
}

Task<Result<Indexer::Page>> Indexer::next_page(std::int64_t from) {
  std::vector<std::string> types;
  for (const auto& kind : kinds_) types.push_back(kind.name + ".*");
  auto read = co_await rooms_.log.read(events::Tenancy::whole_pod(),
                                       {.after = from, .limit = page_events_, .types = types});
  if (!read) co_return fail(read.error());
  Page page{.step = {read->next_after, read->is_at_end}};
  std::set<Uuid> ids;
  for (const auto& event : read->events) {
    const auto* kind = kind_of(*event);
    if (kind != nullptr && ids.insert(*event->aggregate_id).second) {
      page.things.push_back({kind, *event->aggregate_id});
    }
  }
  co_return page;
}

// Of the first of `things`: as many as there are time and memory for, one at least.
Task<Result<std::vector<Change>>> Indexer::changes_of(std::span<const Thing> things) {
  auto read = co_await rooms_.database.read([&](db::Tx& tx) {
    std::vector<Change> changes;
    std::size_t bytes = 0;
    for (const auto& thing : things) {
      changes.push_back({thing.id, thing.kind->read(tx, thing.id)});
      if (auto& document = changes.back().document) {
        document->type = thing.kind->name;
        bytes += bytes_of(*document);
      }
      if (bytes >= kBytesMax || tx.is_out_of_time()) break;
    }
    return changes;
  });
  co_return read;
}

// A text that is gone is of a version that is not the present one any more, or of a thing that was
// deleted since: another event behind this one says so. Where it is damaged, the rest is found.
Task<Result<>> Indexer::read_text(Document& document) {
  if (document.file.empty()) co_return Result<>{};
  auto key = content::ContentKey::parse(document.file);
  if (!key) co_return Result<>{};
  auto text = co_await rooms_.content.get(*key, {.offset = 0, .length = kTextBytesMax});
  if (text) {
    document.text = std::move(*text);
    co_return Result<>{};
  }
  if (text.error().code != Code::kNotFound) co_return fail(text.error());
  write_log_bounded(Same::kMessage, LogLevel::kDebug, "search", "content {name} is not there",
                    {{"name", document.file}});
  co_return Result<>{};
}

Task<Result<>> Indexer::read_texts(std::span<Change> changes) {
  std::vector<Task<Result<>>> reading;
  for (auto& change : changes) {
    if (change.document) reading.push_back(read_text(*change.document));
  }
  for (auto& done : co_await when_all(std::move(reading))) {
    if (!done) co_return fail(done.error());
  }
  co_return Result<>{};
}

Task<Result<Checkpoint>> Indexer::checkpoint_at(std::int64_t position, const IndexFile& index) {
  Checkpoint checkpoint{.position = position, .is_complete = index.checkpoint().is_complete};
  if (position == 0) co_return checkpoint;
  auto event = co_await rooms_.log.at(position);
  if (!event) co_return fail(event.error());
  checkpoint.event = (*event)->id;
  co_return checkpoint;
}

Task<Result<bool>> Indexer::is_of_this_log(Checkpoint checkpoint) {
  if (checkpoint.position == 0) co_return true;
  auto event = co_await rooms_.log.at(checkpoint.position);
  if (!event && event.error().code == Code::kNotFound) co_return false;
  if (!event) co_return fail(event.error());
  co_return (checkpoint.event == (*event)->id);
}

Task<Result<Indexer::Step>> Indexer::fill(IndexFile& index, std::int64_t from) {
  auto page = co_await next_page(from);
  if (!page) co_return fail(page.error());
  const auto step = page->step;
  const bool is_first_end = step.is_at_end && !index.checkpoint().is_complete;
  const bool is_far = step.position - index.checkpoint().position >= index.unsaved_max();
  if (page->things.empty() && !is_first_end && !is_far) co_return step;
  std::vector<Change> some;
  std::size_t bytes = 0;
  for (std::span<const Thing> left(page->things); !left.empty();) {
    auto changes = co_await changes_of(left);
    if (!changes) co_return fail(changes.error());
    left = left.subspan(changes->size());
    for (std::span<Change> unread(*changes); !unread.empty();) {
      const auto together = unread.first(std::min(unread.size(), kReadTogether));
      unread = unread.subspan(together.size());
      if (auto done = co_await read_texts(together); !done) co_return fail(done.error());
      for (auto& change : together) {
        if (change.document) bytes += bytes_of(*change.document);
        some.push_back(std::move(change));
      }
      if (bytes < kBytesMax) continue;
      // What is in the index twice is the same, so the checkpoint may stay behind.
      auto done = co_await index.apply(std::exchange(some, {}), index.checkpoint());
      if (!done) co_return fail(done.error());
      bytes = 0;
    }
  }
  auto checkpoint = co_await checkpoint_at(step.position, index);
  if (!checkpoint) co_return fail(checkpoint.error());
  checkpoint->is_complete = checkpoint->is_complete || step.is_at_end;
  if (auto done = co_await index.apply(std::move(some), *checkpoint); !done) {
    co_return fail(done.error());
  }
  co_return step;
}

// An index knows a thing by its id alone, and not of which kind it is.
Task<Result<Change>> Indexer::present(Uuid id) {
  co_return co_await rooms_.database.read([&](db::Tx& tx) {
    Change change{.id = id, .document = std::nullopt};
    for (const auto& kind : kinds_) {
      change.document = kind.read(tx, id);
      if (!change.document) continue;
      change.document->type = kind.name;
      break;
    }
    return change;
  });
}

Task<Result<>> Indexer::put_again(IndexFile& index, const std::vector<Uuid>& ids) {
  for (const auto& id : ids) {
    auto change = co_await present(id);
    if (!change) co_return fail(change.error());
    if (auto done = co_await read_texts({&*change, 1}); !done) co_return done;
    std::vector<Change> one;
    one.push_back(std::move(*change));
    if (auto done = co_await index.apply(std::move(one), index.checkpoint()); !done) co_return done;
  }
  co_return Result<>{};
}

Task<Result<Indexer::Step>> Indexer::forget(IndexFile& index, std::int64_t from) {
  auto page = co_await next_page(from);
  if (!page) co_return fail(page.error());
  if (page->things.empty()) co_return page->step;
  std::vector<Uuid> ids;
  for (const auto& thing : page->things) ids.push_back(thing.id);
  auto checkpoint = co_await checkpoint_at(page->step.position, index);
  if (!checkpoint) co_return fail(checkpoint.error());
  if (auto done = co_await index.forget(std::move(ids), *checkpoint); !done) {
    co_return fail(done.error());
  }
  co_return page->step;
}

}  // namespace synap::search
