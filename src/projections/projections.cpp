#include "projections/projections.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/first_of.h"
#include "base/log.h"

namespace synap::projections {
namespace {

// How soon a follower looks again after the storage failed it.
constexpr std::chrono::milliseconds kStorageRetry(1'000);
// A rebuild that the storage has failed is tried again after the first, and each time later, up to
// the last: soon where a disk was full for a moment, with few lines in the log where it stays so.
constexpr std::chrono::seconds kRetryFirst(1);
constexpr std::chrono::seconds kRetryMax(60);
// A follower that has caught up lets so much time pass, or so many events come, before it folds
// what came since, unless somebody waits for it: each of its transactions is a sync of the disk,
// and one event alone costs almost as much as a thousand. At 20 notes in a second it makes 5
// transactions instead of 40. The events are few enough to be folded in a slice or two, and for
// settled() to wait for them.
constexpr std::chrono::milliseconds kGather(200);
constexpr std::int64_t kGatherEvents = 1'000;
// Between two pieces of a table that is being removed.
constexpr std::chrono::milliseconds kRemovalPause(20);
// settled() does not wait for a follower that is this far behind: it would take too long.
constexpr std::int64_t kSettleLagMax = 5'000;
constexpr std::chrono::milliseconds kSettle(250);

bool folds(const Projection& projection, const events::Event& event) {
  return std::find(projection.types.begin(), projection.types.end(), event.type) !=
         projection.types.end();
}

bool is_inline(const Member& member) {
  return member.projection.kind == Projection::Kind::kInline;
}

// What passes by itself, as when the disk is full; all else is the fold's, and would fail again.
bool is_of_storage(const Error& error) {
  return error.is_retriable() && error.code != Code::kInternalServerError;
}

Error no_projection(const std::string& name) {
  return {Code::kNotFound, fmt::format("There is no projection \"{}\"", name), nullptr};
}

}  // namespace

// Whether, and when, what the storage has failed is tried again.
class Projections::Patience {
 public:
  explicit Patience(Projections& projections) : projections_(projections) {}

  // Tells that `error` stands in the way of `what`, and waits. False: it would fail again, or the
  // projections are stopping.
  Task<bool> outlasts(Error error, std::string_view what, const Member& member) {
    const auto stop = projections_.background_.token();
    if (!is_of_storage(error) || stop.stop_requested()) co_return false;
    write_log(LogLevel::kWarn, "projections",
              "{what} of {projection} is tried again in {seconds} s: {error}",
              {{"what", what},
               {"projection", member.projection.name},
               {"seconds", std::int64_t{std::chrono::seconds(wait_).count()}},
               {"error", error.message}});
    co_await projections_.rooms_.world.sleep_for(wait_, stop);
    wait_ = std::min<std::chrono::seconds>(2 * wait_, kRetryMax);
    co_return !stop.stop_requested();
  }

 private:
  Projections& projections_;
  std::chrono::seconds wait_ = kRetryFirst;
};

Projections::Projections(db::Database& database, events::EventLog& log,
                         const events::EventTypes& types, World& world)
    : rooms_{database, log, types, world},
      executor_(world.make_executor("projections", ThreadPriority::kBackground)) {
  rooms_.log.observe(
      [this](db::Tx& tx, std::span<const events::EventRef> events) { observe(tx, events); });
}

Projections::~Projections() {
  stop();
}

Projection& Projections::add(Projection projection) {
  const bool is_new = std::none_of(added_.begin(), added_.end(), [&](const Projection& other) {
    return other.name == projection.name;
  });
  SYNAP_CHECK(is_new && members_.empty(), projection.name);
  return added_.emplace_back(std::move(projection));
}

Member* Projections::find(const std::string& name) {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const auto& member) {
    return member->projection.name == name;
  });
  return found != members_.end() ? found->get() : nullptr;
}

Result<> Projections::prepare() {
  for (auto& projection : added_) {
    auto version = version_of(projection, rooms_.types);
    members_.push_back(std::make_unique<Member>(std::move(projection), std::move(version)));
  }
  added_.clear();
  if (!leads_) return sync_wait(*executor_, find_ready());
  for (auto& member : members_) {
    bool needs_build = false;
    if (auto ready = sync_wait(*executor_, make_ready(*member, needs_build)); !ready) {
      return ready;
    }
    if (!needs_build) continue;
    write_log(LogLevel::kInfo, "projections", "filling the tables of {projection} from the log",
              {{"projection", member->projection.name}});
    auto filling = is_inline(*member) ? build(*member) : catch_up(*member);
    if (auto built = sync_wait(*executor_, std::move(filling)); !built) {
      return fail(Error{built.error().code,
                        fmt::format("The tables of {} cannot be filled: {}",
                                    member->projection.name, built.error().message),
                        nullptr});
    }
  }
  return {};
}

// Of a node that does not lead.
Task<Result<>> Projections::find_ready() {
  auto missing = co_await rooms_.database.read_at_start([this](db::Tx& tx) {
    for (const auto& member : members_) {
      const auto kept = store::find(tx, member->projection.name);
      const bool is_current = kept && kept->version == member->version;
      if (!is_current || (is_inline(*member) && kept->second)) return member->projection.name;
      member->folded.raise(kept->position);
    }
    return std::string();
  });
  if (!missing) co_return fail(missing.error());
  if (missing->empty()) co_return Result<>{};
  co_return fail(Code::kServiceUnavailable,
                 fmt::format("The node that leads has to fill the tables of {} before others serve",
                             *missing));
}

Task<Result<>> Projections::look_at_positions() {
  auto kept = co_await rooms_.database.read([this](db::Tx& tx) {
    std::vector<std::optional<Kept>> all;
    for (const auto& member : members_) {
      all.push_back(is_inline(*member) ? std::nullopt : store::find(tx, member->projection.name));
    }
    return all;
  });
  if (!kept) co_return fail(kept.error());
  bool has_changed = false;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto& one = (*kept)[i];
    if (!one) continue;
    auto& member = *members_[i];
    has_changed = has_changed || one->position > member.folded.value();
    member.folded.raise(one->position);
    member.is_stopped = !one->error.empty();
  }
  if (has_changed) tell_change();
  co_return Result<>{};
}

// Not of one that is rebuilt or verified: its two sets are compared by their positions.
void Projections::tell_positions(db::Tx& tx) {
  if (!leads_ || !is_started_) return;
  for (const auto& member : members_) {
    if (is_inline(*member) || member->is_busy || member->is_stopped) continue;
    const auto folded = member->folded.value();
    if (folded <= member->told) continue;
    store::raise_position(tx, member->projection.name, folded);
    tx.on_commit([&told = member->told, folded] { told = folded; });
  }
}

bool Projections::is_behind_awaited() const {
  return std::ranges::any_of(members_, [](const auto& member) {
    return !member->is_stopped && member->awaited.value() > member->folded.value();
  });
}

// Another node follows: what it has come to is looked at while somebody waits for it here, and
// when others have changed something: at most so often.
Task<void> Projections::follow_positions() {
  constexpr std::chrono::milliseconds kPause(1'000);
  constexpr std::chrono::milliseconds kAwaited(40);
  constexpr int kLooksMax = 8;  // as long as settled() waits
  const auto stop = led_.get_token();
  while (!stop.stop_requested() && !background_.is_stopping()) {
    const auto wanted = wanted_.value();
    const auto told = told_->value();
    const auto looked = co_await look_at_positions();
    for (int i = 0; i < kLooksMax && is_behind_awaited(); ++i) {
      co_await rooms_.world.sleep_for(kAwaited, stop);
      std::ignore = co_await look_at_positions();
    }
    co_await first_of(
        stop, [&](std::stop_token over) { return wanted_.wait_past(wanted, std::move(over)); },
        [&](std::stop_token over) -> Task<bool> {
          const bool is_over = !co_await rooms_.world.sleep_for(kPause, over);
          if (is_over || !looked) co_return !is_over;
          co_return co_await told_->wait_past(told, std::move(over));
        });
  }
}

void Projections::lead() {
  if (leads_.exchange(true)) return;
  led_.request_stop();
  if (!is_started_) return;
  auto begin = [](Projections& self) -> Task<void> {
    // From where the one before has got, and not from where this one knows it to be.
    while (!co_await self.look_at_positions()) {
      if (!co_await self.rooms_.world.sleep_for(kStorageRetry, self.background_.token())) co_return;
    }
    for (auto& member : self.members_) member->is_stopped = false;
    self.begin_to_follow();
  };
  background_.begin(begin(*this));
}

// The live tables are there and today's statements fit them; `needs_build`: they are not to be read
// before they have been filled.
Task<Result<>> Projections::make_ready(Member& member, bool& needs_build) {
  auto made = co_await rooms_.database.write([&](db::Tx& tx) {
    const auto& name = member.projection.name;
    auto kept = store::find(tx, name);
    const auto end = rooms_.log.head(tx).position;
    needs_build = false;
    std::int64_t position = 0;
    if (kept && (kept->version == member.version || kept->version.empty())) {
      needs_build = kept->version.empty();
      position = kept->position;
    } else if (kept && member.tables.adapt(tx, kept->layout)) {
      kept->layout = layout_of(member.projection);
      position = kept->position;
      store::put(tx, *kept);
    } else if (tx.ok()) {
      // Empty tables are right for an empty log.
      Kept fresh;
      fresh.name = name;
      fresh.layout = layout_of(member.projection);
      fresh.generation = kept ? kept->generation + 1 : 1;
      needs_build = end > 0;
      fresh.version = needs_build ? "" : member.version;
      if (kept) {
        member.tables.put_live_aside(tx, kept->layout, fresh.generation);
        if (kept->second) member.tables.put_second_aside(tx, kept->layout, kept->generation);
      }
      member.tables.create(tx, fresh.generation);
      store::put(tx, fresh);
    }
    tx.on_commit([&member, position] { member.folded.raise(position); });
  });
  co_return made;
}

// Runs in every appending transaction, so it does nothing but fold.
void Projections::observe(db::Tx& tx, std::span<const events::EventRef> events) {
  for (const auto& member : members_) {
    if (!is_inline(*member)) {
      pass_over(tx, *member, events);
      continue;
    }
    for (const auto& event : events) {
      if (!tx.ok()) return;
      if (folds(member->projection, *event)) {
        fold_one(tx, rooms_.types, member->projection.fold, *event);
      }
    }
    if (member->has_twin) fold_twin(tx, rooms_, *member, events.back()->position);
  }
}

// A follower that has caught up is as far as the log with what does not concern it, and not behind
// until it looks. One that is behind, or has a second set beside it, goes through the log itself.
// Looked at when the events are on disk, since those of one commit come one after another; the
// follower may be at work on the same positions then, and there is nothing in them for it to fold.
void Projections::pass_over(db::Tx& tx, Member& member, std::span<const events::EventRef> events) {
  if (!leads_) return;
  const bool concerns = std::ranges::any_of(
      events, [&](const auto& event) { return folds(member.projection, *event); });
  if (concerns) return;
  tx.on_commit([&member, before = events.front()->position - 1, end = events.back()->position] {
    if (member.folded.value() == before && !member.is_busy && !member.is_stopped) {
      member.folded.raise(end);
    }
  });
}

void Projections::start() {
  is_started_ = true;
  if (leads_) return begin_to_follow();
  background_.begin(follow_positions());
}

void Projections::begin_to_follow() {
  for (auto& member : members_) {
    if (!is_inline(*member)) background_.begin(follow(*member));
  }
  background_.begin(rebuild_changed());
  background_.begin(remove_leftovers());
}

void Projections::stop() {
  led_.request_stop();
  background_.stop();
}

Follower Projections::follower_of(Member& member) {
  return Follower(rooms_, member.projection.types, member.projection.fold,
                  [this, &member](db::Tx& tx, std::int64_t position) {
                    store::set_position(tx, member.projection.name, position);
                    if (member.has_twin) fold_twin(tx, rooms_, member, position);
                  });
}

// Before the start: a follower whose tables are new folds all there is, so that nobody reads them
// half filled. It goes on where an earlier start was ended. What its fold refuses stops it alone.
Task<Result<>> Projections::catch_up(Member& member) {
  Follower follower = follower_of(member);
  for (bool is_at_end = false; !is_at_end;) {
    auto advance = co_await follower.advance(member.folded.value(), INT64_MAX);
    if (!advance && is_of_storage(advance.error())) co_return fail(advance.error());
    if (!advance) {
      co_await stop_follower(member, std::move(advance.error()));
      co_return Result<>{};
    }
    member.folded.raise(advance->position);
    is_at_end = advance->is_at_end;
  }
  co_return co_await rooms_.database.write([&](db::Tx& tx) {
    auto kept = store::find(tx, member.projection.name);
    if (!kept) return;
    kept->version = member.version;
    kept->error.clear();
    store::put(tx, *kept);
  });
}

Task<void> Projections::follow(Member& member) {
  const auto stop = background_.token();
  Follower follower = follower_of(member);
  bool has_begun = false;
  while (!stop.stop_requested()) {
    const auto from = member.folded.value();
    auto advance = co_await follower.advance(from, INT64_MAX);
    if (advance) {
      member.folded.raise(advance->position);
      if (!std::exchange(has_begun, true)) co_await forget_error(member);
      tell_change();
      if (!advance->is_at_end) continue;
      co_await rooms_.log.end().wait_past(advance->position, stop);
      co_await gather(member, advance->position);
    } else if (is_of_storage(advance.error())) {
      co_await rooms_.world.sleep_for(kStorageRetry, stop);
    } else {
      co_await stop_follower(member, std::move(advance.error()));
      co_return;
    }
  }
}

// Until there is enough behind `position` to be folded, or somebody waits for it.
Task<void> Projections::gather(Member& member, std::int64_t position) {
  if (member.awaited.value() > position) co_return;
  co_await first_of(
      background_.token(),
      [&](std::stop_token over) { return member.awaited.wait_past(position, std::move(over)); },
      [&](std::stop_token over) {
        return rooms_.log.end().wait_past(position + kGatherEvents, std::move(over));
      },
      [&](std::stop_token over) { return rooms_.world.sleep_for(kGather, std::move(over)); });
}

Task<void> Projections::stop_follower(Member& member, Error error) {
  write_log(LogLevel::kError, "projections", "the projection {projection} was stopped: {error}",
            {{"projection", member.projection.name}, {"error", error.message}});
  member.is_stopped = true;
  member.stops.raise(member.stops.value() + 1);
  auto kept = co_await rooms_.database.write(
      [&](db::Tx& tx) { store::set_error(tx, member.projection.name, error.message); });
  tell_change();
  if (kept) co_return;
  write_log(LogLevel::kError, "projections",
            "that the projection {projection} was stopped cannot be kept: {error}",
            {{"projection", member.projection.name}, {"error", kept.error().message}});
}

// What stopped it in an earlier process has passed.
Task<void> Projections::forget_error(Member& member) {
  const auto& name = member.projection.name;
  auto kept = co_await rooms_.database.read([&](db::Tx& tx) { return store::find(tx, name); });
  if (!kept || !*kept || (*kept)->error.empty()) co_return;
  std::ignore = co_await rooms_.database.write([&](db::Tx& tx) { store::set_error(tx, name, ""); });
}

Task<Result<>> Projections::build(Member& member) {
  SecondSet second(rooms_, member);
  if (auto begun = co_await second.begin(Purpose::kRebuild); !begun) co_return begun;
  for (;;) {
    if (auto filled = co_await second.fill(background_.token()); !filled) co_return filled;
    auto taken = co_await second.take_over();
    if (!taken) co_return fail(taken.error());
    if (*taken) co_return Result<>{};
  }
}

Task<void> Projections::run_rebuild(Member& member) {
  member.is_rebuilding = true;
  Patience patience(*this);
  Result<> built;
  do {
    member.second_began = rooms_.world.now();
    built = co_await build(member);
  } while (!built && co_await patience.outlasts(built.error(), "the rebuild", member));
  if (built) {
    write_log(LogLevel::kInfo, "projections", "the projection {projection} was rebuilt",
              {{"projection", member.projection.name}});
    // It may have been stopped before the rebuild or beside it.
    if (member.is_stopped.exchange(false)) background_.begin(follow(member));
  } else if (built.error().code != Code::kClientClosedRequest) {
    write_log(LogLevel::kError, "projections",
              "the projection {projection} cannot be rebuilt: {error}",
              {{"projection", member.projection.name}, {"error", built.error().message}});
    // What the storage said when Synap was stopped is not of these tables; the next start goes on.
    if (!is_of_storage(built.error())) {
      std::ignore = co_await rooms_.database.write(
          [&](db::Tx& tx) { store::set_error(tx, member.projection.name, built.error().message); });
    }
  }
  // In this order: whoever sees that it is current may rebuild or verify it.
  member.is_busy = false;
  member.is_rebuilding = false;
  tell_change();
}

// At the start: what a changed description asks for, and what an earlier process left half done.
Task<void> Projections::rebuild_changed() {
  for (auto& member : members_) {
    if (background_.is_stopping()) co_return;
    co_await rebuild_if_changed(*member);
  }
}

Task<void> Projections::rebuild_if_changed(Member& member) {
  const auto& name = member.projection.name;
  const auto look = [&](db::Tx& tx) { return store::find(tx, name); };
  Patience patience(*this);
  auto kept = co_await rooms_.database.read(look);
  while (!kept && co_await patience.outlasts(kept.error(), "the look at the tables", member)) {
    kept = co_await rooms_.database.read(look);
  }
  if (background_.is_stopping()) co_return;
  if (!kept) {
    write_log(LogLevel::kError, "projections",
              "whether the projection {projection} is to be rebuilt cannot be read: {error}",
              {{"projection", name}, {"error", kept.error().message}});
    co_return;
  }
  if (!*kept) co_return;
  const auto& second = (*kept)->second;
  const bool is_changed = (*kept)->version != member.version;
  if (!is_changed && !second) co_return;
  // Otherwise the second set is of a verification or rebuild that was asked for since the start.
  if (member.is_busy.exchange(true)) co_return;
  if (is_changed || second->purpose == Purpose::kRebuild) {
    co_await run_rebuild(member);  // which puts aside what is not its own
  } else {
    std::ignore = co_await SecondSet(rooms_, member).drop();
    member.is_busy = false;
  }
  co_await remove_leftovers();  // those of the start may all be gone, and these have come since
}

Task<void> Projections::remove_leftovers() {
  const auto stop = background_.token();
  while (!stop.stop_requested()) {
    auto is_done = co_await rooms_.database.write(db::Lane::kBackground,
                                                  [](db::Tx& tx) { return remove_old_tables(tx); });
    if (!is_done || *is_done) co_return;
    co_await rooms_.world.sleep_for(kRemovalPause, stop);
  }
}

Result<Member*> Projections::claim(const std::string& name) {
  Member* member = find(name);
  if (member == nullptr) return fail(no_projection(name));
  if (member->is_busy.exchange(true)) {
    return fail(Code::kConflict, fmt::format("{} is being rebuilt or verified already", name));
  }
  return member;
}

// What appends elsewhere folds no second set of an inline projection.
Task<Result<>> Projections::may_make_second(std::string name) {
  if (!has_others_) co_return Result<>{};
  if (!leads_) {
    co_return fail(Code::kPreconditionFailed,
                   "Another node leads, and it alone rebuilds and verifies: ask that one "
                   "(`synap nodes` says which it is)");
  }
  const Member* member = find(name);
  if (member == nullptr || !is_inline(*member)) co_return Result<>{};
  auto others = co_await rooms_.database.read(has_others_);
  if (!others) co_return fail(others.error());
  if (!*others) co_return Result<>{};
  co_return fail(Code::kPreconditionFailed,
                 fmt::format("{} is folded by all nodes in what they append: stop the other nodes "
                             "before it is rebuilt or verified",
                             name));
}

Task<Result<>> Projections::rebuild(std::string name) {
  if (auto may = co_await may_make_second(name); !may) co_return may;
  auto member = claim(name);
  if (!member) co_return fail(member.error());
  if (auto begun = co_await SecondSet(rooms_, **member).begin(Purpose::kRebuild); !begun) {
    (*member)->is_busy = false;
    co_return begun;
  }
  auto work = [](Projections& self, Member& of) -> Task<void> {
    co_await self.run_rebuild(of);
    co_await self.remove_leftovers();
  };
  background_.begin(work(*this, **member));
  co_return Result<>{};
}

Task<Result<Comparison>> Projections::verify(std::string name) {
  if (auto may = co_await may_make_second(name); !may) co_return fail(may.error());
  auto claimed = claim(name);
  if (!claimed) co_return fail(claimed.error());
  Member& member = **claimed;
  member.second_began = rooms_.world.now();
  SecondSet second(rooms_, member);
  Result<Comparison> found = fail(Code::kInternalServerError, "");
  auto ready = co_await second.begin(Purpose::kVerify);
  for (bool follows = false; ready && !follows;) {
    ready = co_await second.fill(background_.token());
    if (!ready) break;
    auto followed = co_await second.follow_live();
    if (!followed) ready = fail(followed.error());
    follows = followed && *followed;
  }
  if (ready) {
    found = co_await compare(rooms_, member, background_.token());
  } else {
    found = fail(ready.error());
  }
  auto dropped = co_await second.drop();
  if (!dropped && found) found = fail(dropped.error());
  member.is_busy = false;
  co_await remove_leftovers();
  co_return found;
}

Task<Result<std::string>> Projections::digest(std::string name) {
  Member* member = find(name);
  if (member == nullptr) co_return fail(no_projection(name));
  co_return co_await digest_of(rooms_, member->projection, background_.token());
}

std::vector<const Projection*> Projections::described() const {
  std::vector<const Projection*> all;
  for (const auto& member : members_) all.push_back(&member->projection);
  return all;
}

Task<Result<std::vector<Status>>> Projections::list() {
  auto kept = co_await rooms_.database.read([&](db::Tx& tx) {
    std::vector<std::optional<Kept>> all;
    for (const auto& member : members_) all.push_back(store::find(tx, member->projection.name));
    return all;
  });
  if (!kept) co_return fail(kept.error());
  std::vector<Status> list;
  const auto end = rooms_.log.end().value();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = *members_[i];
    Status status{.name = member.projection.name, .kind = member.projection.kind, .end = end};
    // It may have gone on since the end was looked at.
    status.position = is_inline(member) ? end : std::min(end, member.folded.value());
    if ((*kept)[i]) {
      status.version = (*kept)[i]->version;
      status.error = (*kept)[i]->error;
    }
    const auto& of_second = (*kept)[i] ? (*kept)[i]->second : std::nullopt;
    status.is_current = (*kept)[i] && status.version == member.version && !member.is_rebuilding &&
                        !(of_second && of_second->purpose == Purpose::kRebuild);
    if (const auto second = member.second_position.load(); second >= 0) {
      status.second_position = second;
      const std::chrono::duration<double> spent = rooms_.world.now() - member.second_began.load();
      if (second > 0) {
        status.seconds_left = static_cast<std::int64_t>(
            spent.count() * static_cast<double>(end - second) / static_cast<double>(second) + 0.5);
      }
    }
    list.push_back(std::move(status));
  }
  co_return list;
}

std::vector<Progress> Projections::progress() const {
  std::vector<Progress> all;
  for (const auto& member : members_) {
    // In this order: what is folded is never behind an end that was read before it.
    const auto folded = member->folded.value();
    const auto end = rooms_.log.end().value();
    all.push_back({.name = member->projection.name,
                   .kind = member->projection.kind,
                   .lag = is_inline(*member) ? 0 : std::max<std::int64_t>(end - folded, 0),
                   .is_stopped = member->is_stopped,
                   .is_rebuilding = member->is_rebuilding});
  }
  return all;
}

Task<bool> Projections::settled(const std::string& name, std::string user_id) {
  Member* member = find(name);
  SYNAP_CHECK(member != nullptr, name);
  const auto folded = member->folded.value();
  const auto end = rooms_.log.end().value();
  if (folded >= end) co_return true;
  if (end - folded > kSettleLagMax) co_return false;
  // They are few, and most are in memory.
  auto page = co_await rooms_.log.read(events::Tenancy::of_user(std::move(user_id)),
                                       {.after = folded,
                                        .limit = static_cast<int>(kSettleLagMax),
                                        .types = member->projection.types});
  if (!page) co_return false;
  // Large events end a page before the end of the log: what lies behind was not looked at.
  const bool is_all = page->next_after >= end;
  if (page->events.empty()) co_return is_all;
  const bool is_reached = co_await reached(*member, page->events.back()->position);
  co_return (is_reached && is_all);
}

Task<bool> Projections::settled(const std::string& name) {
  Member* member = find(name);
  SYNAP_CHECK(member != nullptr, name);
  co_return co_await reached(*member, rooms_.log.end().value());
}

// What is awaited is raised first: the follower, which looks at it after it has folded, misses
// nobody. Likewise the stops are read before is_stopped, which is set before they are raised.
Task<bool> Projections::reached(Member& member, std::int64_t position) {
  const auto stops = member.stops.value();
  if (member.folded.value() >= position) co_return true;
  if (member.is_stopped) co_return false;
  member.awaited.raise(position);
  if (!leads_) wanted_.raise(wanted_.value() + 1);
  co_await first_of(
      {},
      [&](std::stop_token over) { return member.folded.wait_past(position - 1, std::move(over)); },
      [&](std::stop_token over) { return member.stops.wait_past(stops, std::move(over)); },
      [&](std::stop_token over) { return rooms_.world.sleep_for(kSettle, std::move(over)); });
  co_return member.folded.value() >= position;
}

}  // namespace synap::projections
