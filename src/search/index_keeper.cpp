#include "search/index_keeper.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/first_of.h"
#include "base/log.h"

namespace synap::search {
namespace {

// So long somebody who asks waits for the first index to be opened.
constexpr std::chrono::milliseconds kOpeningMax(1'000);
constexpr std::chrono::milliseconds kPatienceMin(500);
constexpr std::chrono::milliseconds kPatienceMax(60'000);
// From one look at the log's end to the next. Each costs some transactions however little there is,
// and things may be found a tenth of a second late.
constexpr std::chrono::milliseconds kGatherTime(40);
// While so many events come in that time, the processors and the disk are theirs, for so long: the
// index is written behind them, and things of it cost less each, since more are written at once.
// Then it goes on until it has caught up, however many come.
constexpr std::int64_t kManyEvents = 40;
constexpr std::chrono::milliseconds kGiveWayMax(5'000);
// From one look at how many come to the next: a burst holds its breath for as long as the disk
// does.
constexpr std::chrono::milliseconds kGiveWayStep(250);

// So long it waits from one part of an index that is looked through to the next, and from one
// question whether it is time to.
constexpr std::chrono::milliseconds kCheckStep(10);
constexpr std::chrono::seconds kCheckEvery(60);

// So often it is tried to open the index of before, in a minute, until the new one is made without
// it.
constexpr int kFormerTriesMax = 8;

bool is_damage(const Error& error) {
  return error.fault == Fault::kDamaged;
}

}  // namespace

IndexKeeper::IndexKeeper(const Rooms& rooms, const std::vector<Kind>& kinds, KeeperOptions options)
    : rooms_(rooms), kinds_(kinds), options_(std::move(options)) {}

std::string IndexKeeper::current_name() const {
  return options_.place->name_of(options_.version());
}

bool IndexKeeper::is_led_elsewhere() const {
  return options_.leads != nullptr && options_.leads->value() == 0;
}

Task<void> IndexKeeper::run(std::stop_token stop) {
  auto patience = kPatienceMin;
  while (!stop.stop_requested()) {
    const auto before = indexed_.value();
    Result<> done;
    if (is_led_elsewhere()) {
      done = co_await watch_until_leading(stop);
      if (done) continue;
    } else {
      done = co_await follow(stop);
    }
    if (stop.stop_requested()) break;
    if (indexed_.value() > before) patience = kPatienceMin;
    const auto error = done ? Error{} : done.error();
    if (error.code == Code::kClientClosedRequest) {
      // Whoever writes was told to stop a moment before this.
      co_await rooms_.world.sleep_for(kPatienceMin, stop);
      continue;
    }
    say(error);
    // A damaged one is removed when it is opened again; all else may pass by itself.
    write_log_bounded(Same::kLine, LogLevel::kWarn, "search",
                      is_damage(error) ? "{index} is damaged: it is made again"
                                       : "{index} cannot be written now: {error}",
                      {{"index", options_.subject}, {"error", error.message}});
    co_await rooms_.world.sleep_for(patience, stop);
    patience = std::min(patience * 2, kPatienceMax);
  }
  publish(nullptr, 0);
  current_.reset();
  former_.reset();
}

// Which one is answered from, while another keeps it.
struct IndexKeeper::Seen {
  std::string name;  // empty: none
  Checkpoint checkpoint;
  std::int64_t current = 0;  // how far that of this description is
};

Task<Result<IndexKeeper::Seen>> IndexKeeper::look() {
  auto& place = *options_.place;
  const auto current = current_name();
  auto found = co_await place.checkpoint_of(current);
  if (!found) co_return fail(found.error());
  Seen seen;
  if (*found) seen = {current, **found, (*found)->position};
  if (*found && (*found)->is_complete) co_return seen;
  auto names = co_await place.names();
  if (!names) co_return fail(names.error());
  for (const auto& name : *names) {
    if (name == current || !place.is_readable(name)) continue;
    auto former = co_await place.checkpoint_of(name);
    if (!former) co_return fail(former.error());
    if (!*former || !(*former)->is_complete) continue;
    seen.name = name;
    seen.checkpoint = **former;
    break;
  }
  co_return seen;
}

Task<Result<>> IndexKeeper::watch_until_leading(std::stop_token stop) {
  Result<> result;
  co_await first_of(
      std::move(stop),
      [&](std::stop_token over) { return options_.leads->wait_past(0, std::move(over)); },
      [&](std::stop_token over) -> Task<bool> {
        result = co_await watch(std::move(over));
        co_return !result.has_value();
      });
  co_return result;
}

// Until others have changed something.
Task<bool> IndexKeeper::wait_until_told(std::int64_t seen, std::stop_token stop) {
  constexpr std::chrono::milliseconds kLookEvery(1'000);
  if (rooms_.told == nullptr) co_return co_await rooms_.world.sleep_for(kLookEvery, stop);
  co_return co_await rooms_.told->wait_past(seen, std::move(stop));
}

// So often as who keeps it looks at the log; where nothing comes there may be another one when
// somebody has changed something.
Task<Result<>> IndexKeeper::watch(std::stop_token stop) {
  std::string watched;
  auto damages = damages_.value();
  while (!stop.stop_requested()) {
    const auto seen_told = told();
    // Whoever writes it makes it again where it is not there.
    const auto before = std::exchange(damages, damages_.value());
    if (damages != before && !watched.empty()) {
      publish(nullptr, 0);
      auto removed = co_await options_.place->remove(std::exchange(watched, {}));
      if (!removed) co_return removed;
    }
    auto seen = co_await look();
    if (!seen) co_return fail(seen.error());
    if (seen->name != watched) {
      std::shared_ptr<IndexFile> index;
      if (!seen->name.empty()) {
        auto opened = options_.place->open(seen->name);
        if (!opened) co_return fail(opened.error());
        auto ready = co_await (*opened)->load_to_read();
        if (!ready && ready.error().code == Code::kServiceUnavailable) {
          // Its tables are there, and no more.
          co_await rooms_.world.sleep_for(options_.watch_interval, stop);
          continue;
        }
        if (!ready) co_return ready;
        index = std::move(*opened);
      }
      publish(std::move(index), seen->checkpoint.position);
      watched = seen->name;
    }
    position_ = seen->checkpoint.position;
    is_complete_ = seen->checkpoint.is_complete;
    if (watched == current_name()) {
      indexed_.raise(seen->current);
    } else {
      std::lock_guard lock(mutex_);
      next_position_ = seen->current;
    }
    say(std::nullopt);
    co_await rooms_.world.sleep_for(options_.watch_interval, stop);
    const auto position = position_.load();
    if (rooms_.log.end().value() > position && !watched.empty()) continue;
    co_await first_of(
        stop,
        [&](std::stop_token over) { return rooms_.log.end().wait_past(position, std::move(over)); },
        [&](std::stop_token over) { return damages_.wait_past(damages, std::move(over)); },
        [&](std::stop_token over) { return wait_until_told(seen_told, std::move(over)); });
  }
  co_return Result<>{};
}

// From the opening of the indexes to their next failure.
Task<Result<>> IndexKeeper::follow(std::stop_token stop) {
  if (auto ready = co_await options_.place->prepare(); !ready) co_return ready;
  const auto name = current_name();
  current_.reset();
  former_.reset();
  is_former_left_ = false;
  auto opened = co_await open(name, false);
  if (!opened) co_return fail(opened.error());
  current_ = std::move(*opened);
  current_position_ = current_->checkpoint().position;
  if (!current_->checkpoint().is_complete) {
    auto former = co_await open_former(name);
    if (!former && ++former_failures_ < kFormerTriesMax) co_return fail(former.error());
    if (former) {
      former_ = std::move(*former);
      former_failures_ = 0;
    } else {
      write_log(LogLevel::kWarn, "search",
                "{index} of before cannot be opened: it is not answered from while the new one is "
                "made: {error}",
                {{"index", options_.subject}, {"error", former.error().message}});
    }
    is_former_left_ = !former;
  }
  if (former_ != nullptr) {
    former_position_ = former_->checkpoint().position;
    publish(former_, former_position_);
    std::lock_guard lock(mutex_);
    next_position_ = current_position_;
  } else {
    if (!is_former_left_) {
      if (auto done = co_await retire_former(); !done) co_return done;
    }
    publish(current_, current_position_);
  }
  indexed_.raise(current_position_);
  auto kept = co_await keep_until_damaged(std::move(stop));
  if (!kept && is_damage(kept.error())) {
    publish(nullptr, 0);
    current_.reset();
    std::ignore = co_await options_.place->remove(name);
  }
  co_return kept;
}

Task<Result<>> IndexKeeper::keep_until_damaged(std::stop_token stop) {
  const auto damages = damages_.value();
  Indexer indexer(rooms_, kinds_, options_.page_events);
  Result<> result;
  Result<> checked;
  co_await first_of(
      std::move(stop),
      [&](std::stop_token over) { return damages_.wait_past(damages, std::move(over)); },
      [&](std::stop_token over) -> Task<bool> {
        result = co_await keep_current(indexer, std::move(over));
        co_return !result.has_value();
      },
      [&](std::stop_token over) -> Task<bool> {
        checked = co_await check_until_damaged(std::move(over));
        co_return !checked.has_value();
      });
  if (!checked) co_return checked;
  if (!result || damages_.value() == damages) co_return result;
  publish(nullptr, 0);
  current_.reset();
  former_.reset();
  // Whoever has read it has found that it is; so no part of it is trusted.
  if (auto done = co_await remove_all(); !done) co_return done;
  co_return fail(
      Error{Code::kInternalServerError, "It was found to be damaged", nullptr, Fault::kDamaged});
}

// For damage that nobody who reads can see, a little at a time.
Task<Result<>> IndexKeeper::check_until_damaged(std::stop_token stop) {
  const auto index = current_;
  auto* const doubts = index->doubts();
  bool is_on_its_way = false;  // from the beginning of the lists to their end
  while (!stop.stop_requested()) {
    const auto seen = doubts != nullptr ? doubts->value() : 0;
    const auto there = is_on_its_way ? Result<>{} : co_await index->check_place();
    if (!there && is_damage(there.error())) co_return there;
    const auto has_more = co_await index->check();
    if (!has_more && is_damage(has_more.error())) co_return fail(has_more.error());
    is_on_its_way = has_more && *has_more;
    if (is_on_its_way) {
      co_await rooms_.world.sleep_for(kCheckStep, stop);
      continue;
    }
    co_await first_of(
        stop, [&](std::stop_token over) { return rooms_.world.sleep_for(kCheckEvery, over); },
        [&](std::stop_token over) -> Task<bool> {
          if (doubts == nullptr) co_return co_await rooms_.world.sleep_for(kCheckEvery, over);
          co_return co_await doubts->wait_past(seen, over);
        });
    // However many doubt it.
    co_await rooms_.world.sleep_for(kGatherTime, stop);
  }
  co_return Result<>{};
}

Task<Result<>> IndexKeeper::remove_all() {
  auto names = co_await options_.place->names();
  if (!names) co_return fail(names.error());
  for (const auto& name : *names) {
    if (auto done = co_await options_.place->remove(name); !done) co_return done;
  }
  co_return Result<>{};
}

Task<Result<std::unique_ptr<IndexFile>>> IndexKeeper::open(const std::string& name,
                                                           bool is_remade) {
  auto opened = options_.place->open(name);
  Result<> ready = opened ? co_await (*opened)->load() : Result<>(fail(opened.error()));
  bool is_usable = ready.has_value();
  if (is_usable) {
    Indexer indexer(rooms_, kinds_, options_.page_events);
    auto of_this_log = co_await indexer.is_of_this_log((*opened)->checkpoint());
    if (!of_this_log) co_return fail(of_this_log.error());
    is_usable = *of_this_log;
    if (!is_usable) {
      write_log(LogLevel::kInfo, "search", "{index} is of another log: it is made again",
                {{"index", options_.subject}});
    }
  } else if (!is_damage(ready.error()) || is_remade) {
    co_return fail(ready.error());
  } else {
    write_log(LogLevel::kWarn, "search", "{index} is damaged: it is made again",
              {{"index", options_.subject}});
  }
  if (is_usable) co_return std::move(*opened);
  if (opened) opened->reset();
  if (auto done = co_await options_.place->remove(name); !done) co_return fail(done.error());
  if (is_remade) co_return fail(Code::kServiceUnavailable, "A new search index cannot be used");
  co_return co_await open(name, true);
}

// One of an earlier description that was complete; those that nobody can be answered from are
// removed, and not such as only cannot be opened now: there would be no other until all is made.
Task<Result<std::unique_ptr<IndexFile>>> IndexKeeper::open_former(const std::string& current) {
  std::unique_ptr<IndexFile> former;
  std::optional<Error> error;
  auto& place = *options_.place;
  const auto names = co_await place.names();
  if (!names) co_return fail(names.error());
  for (const auto& name : *names) {
    if (name == current) continue;
    if (former == nullptr && place.is_readable(name)) {
      auto usable = co_await open_usable(name);
      if (usable && *usable != nullptr) {
        former = std::move(*usable);
        continue;
      }
      if (!usable && !is_damage(usable.error())) {
        error = usable.error();
        continue;
      }
      if (!usable) {
        write_log(LogLevel::kWarn, "search", "{index} of before is damaged: it is removed: {error}",
                  {{"index", options_.subject}, {"error", usable.error().message}});
      }
    }
    std::ignore = co_await place.remove(name);
  }
  if (former == nullptr && error) co_return fail(*error);
  co_return former;
}

// nullptr: it is none to answer from.
Task<Result<std::unique_ptr<IndexFile>>> IndexKeeper::open_usable(const std::string& name) {
  auto opened = options_.place->open(name);
  if (!opened) co_return fail(opened.error());
  if (auto loaded = co_await (*opened)->load(); !loaded) co_return fail(loaded.error());
  if (!(*opened)->checkpoint().is_complete || !options_.serves(**opened)) co_return nullptr;
  Indexer indexer(rooms_, kinds_, options_.page_events);
  const auto of_this_log = co_await indexer.is_of_this_log((*opened)->checkpoint());
  if (!of_this_log) co_return fail(of_this_log.error());
  if (!*of_this_log) co_return nullptr;
  co_return std::move(*opened);
}

Task<Result<>> IndexKeeper::retire_former() {
  former_.reset();
  is_former_left_ = false;
  const auto current = current_name();
  auto names = co_await options_.place->names();
  if (!names) co_return fail(names.error());
  for (const auto& name : *names) {
    if (name == current) continue;
    if (auto done = co_await options_.place->retire(name); !done) co_return done;
  }
  co_return Result<>{};
}

// What was deleted must not be found any more, also while the new index is filled.
Task<Result<>> IndexKeeper::keep_former(Indexer& indexer) {
  auto step = co_await indexer.forget(*former_, former_position_);
  if (!step) co_return fail(step.error());
  former_position_ = step->position;
  co_return Result<>{};
}

// What of some things is damaged harms nothing else.
Task<Result<>> IndexKeeper::mend(Indexer& indexer) {
  auto ids = co_await current_->to_mend();
  if (!ids) co_return fail(ids.error());
  if (ids->empty()) co_return Result<>{};
  if (auto done = co_await indexer.put_again(*current_, *ids); !done) co_return done;
  co_return co_await current_->mended(std::move(*ids));
}

// Until there are events behind what is written. Of one that others read it is looked, whenever
// somebody has changed something, whether it is there, and what was found damaged: of it all, they
// take it away.
Task<Result<>> IndexKeeper::wait_for_more(Indexer& indexer, std::stop_token stop) {
  auto& end = rooms_.log.end();
  auto* const commits = options_.place->shared_commits();
  if (commits == nullptr) co_return co_await settle_until_more(std::move(stop));
  while (!stop.stop_requested() && end.value() == current_position_) {
    const auto seen_told = told();
    const auto seen_commits = commits->value();
    auto there = co_await options_.place->checkpoint_of(current_name());
    if (!there) co_return fail(there.error());
    if (!*there) {
      co_return fail(Error{Code::kInternalServerError, "Another node found it to be damaged",
                           nullptr, Fault::kDamaged});
    }
    if (auto done = co_await mend(indexer); !done) co_return done;
    co_await first_of(
        stop,
        [&](std::stop_token over) { return end.wait_past(current_position_, std::move(over)); },
        [&](std::stop_token over) { return commits->wait_past(seen_commits, std::move(over)); },
        [&](std::stop_token over) { return wait_until_told(seen_told, std::move(over)); });
  }
  co_return Result<>{};
}

Task<Result<>> IndexKeeper::settle_until_more(std::stop_token stop) {
  constexpr std::chrono::milliseconds kIdle(2'000);
  auto& end = rooms_.log.end();
  if (!is_settled_) {
    co_await first_of(
        stop,
        [&](std::stop_token over) { return end.wait_past(current_position_, std::move(over)); },
        [&](std::stop_token over) { return rooms_.world.sleep_for(kIdle, std::move(over)); });
  }
  while (!is_settled_ && !stop.stop_requested() && end.value() == current_position_) {
    const auto has_done = co_await current_->settle();
    if (!has_done) co_return fail(has_done.error());
    is_settled_ = !*has_done;
  }
  co_await end.wait_past(current_position_, std::move(stop));
  co_return Result<>{};
}

Task<Result<>> IndexKeeper::keep_current(Indexer& indexer, std::stop_token stop) {
  while (!stop.stop_requested()) {
    if (former_ != nullptr) {
      if (auto done = co_await keep_former(indexer); !done) {
        // The new one serves, however far it is.
        publish(current_, current_position_);
        if (auto retired = co_await retire_former(); !retired) co_return retired;
      }
    }
    auto step = co_await indexer.fill(*current_, current_position_);
    if (!step) co_return fail(step.error());
    say(std::nullopt);
    is_settled_ = is_settled_ && step->position == current_position_;
    current_position_ = step->position;
    if (former_ == nullptr) {
      position_ = step->position;
      is_complete_ = current_->checkpoint().is_complete;
      if (is_former_left_ && is_complete_) {
        if (auto retired = co_await retire_former(); !retired) co_return retired;
      }
    } else if (step->is_at_end) {
      publish(current_, current_position_);
      if (auto retired = co_await retire_former(); !retired) co_return retired;
    } else {
      std::lock_guard lock(mutex_);
      next_position_ = current_position_;
    }
    indexed_.raise(current_position_);
    if (auto done = co_await options_.place->tidy(); !done) co_return done;
    if (auto done = co_await mend(indexer); !done) co_return done;
    if (step->is_at_end) {
      behind_since_ = rooms_.world.now();
      co_await rooms_.world.sleep_for(kGatherTime, stop);
    }
    if (rooms_.log.end().value() == current_position_) {
      if (auto there = co_await wait_for_more(indexer, stop); !there) co_return there;
      behind_since_ = rooms_.world.now();
    }
    while (is_to_give_way() && !stop.stop_requested()) {
      co_await rooms_.world.sleep_for(kGiveWayStep, stop);
    }
  }
  co_return Result<>{};
}

// By how many events have come since it was asked last.
bool IndexKeeper::is_to_give_way() {
  const auto before = std::exchange(looked_, {rooms_.log.end().value(), rooms_.world.now()});
  const auto came = looked_.end - before.end;
  const bool are_many =
      came >= kManyEvents && came * kGatherTime >= kManyEvents * (looked_.at - before.at);
  return are_many && looked_.at < behind_since_ + kGiveWayMax;
}

void IndexKeeper::publish(std::shared_ptr<IndexFile> index, std::int64_t position) {
  std::shared_ptr<IndexFile> before;  // closed behind the lock, if nobody reads from it
  is_complete_ = index != nullptr && index->checkpoint().is_complete;
  {
    std::lock_guard lock(mutex_);
    before = std::exchange(serving_, std::move(index));
    position_ = position;
    next_position_.reset();
  }
  news_.raise(news_.value() + 1);
}

std::shared_ptr<IndexFile> IndexKeeper::serving() const {
  std::lock_guard lock(mutex_);
  return serving_;
}

Task<std::shared_ptr<IndexFile>> IndexKeeper::opened() {
  const auto give_up_at = rooms_.world.now() + kOpeningMax;
  for (;;) {
    const auto seen = news_.value();
    auto index = serving();
    if (index != nullptr || !progress().error.empty() || rooms_.world.now() >= give_up_at) {
      co_return index;
    }
    co_await first_of(
        {}, [&](std::stop_token over) { return news_.wait_past(seen, std::move(over)); },
        [&](std::stop_token over) { return rooms_.world.sleep_for(kOpeningMax, std::move(over)); });
  }
}

void IndexKeeper::say(const std::optional<Error>& error) {
  {
    std::lock_guard lock(mutex_);
    error_ = error ? error->message : "";
  }
  news_.raise(news_.value() + 1);
}

IndexKeeper::Progress IndexKeeper::progress() const {
  std::lock_guard lock(mutex_);
  return {.position = std::min(position_.load(), rooms_.log.end().value()),
          .next_position = next_position_,
          .error = error_,
          .is_complete = is_complete_};
}

std::int64_t IndexKeeper::lag() const {
  return std::max<std::int64_t>(rooms_.log.end().value() - position_.load(), 0);
}

Error IndexKeeper::unavailable() const {
  std::lock_guard lock(mutex_);
  return {Code::kServiceUnavailable,
          error_.empty() ? "The search index is being opened; try again in a moment"
                         : fmt::format("The search index cannot be read now: {}", error_),
          nullptr};
}

Error IndexKeeper::read_failed(Error error) {
  if (!is_damage(error)) return error;
  damages_.raise(damages_.value() + 1);
  return {Code::kServiceUnavailable,
          "The search index is damaged; it is being made again from the log", nullptr};
}

}  // namespace synap::search
