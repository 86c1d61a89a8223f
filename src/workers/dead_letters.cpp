// What people do with many dead letters at once (run_control.h): in slices, so that each holds the
// writer for some milliseconds, and from where the slice before ended.
#include "base/json.h"
#include "workers/run_control.h"

namespace synap::workers {
namespace {

constexpr std::int64_t kSliceMax = 100;          // runs that one transaction changes
constexpr std::size_t kSliceBytesMax = 4 << 20;  // of events that are looked at together, and one
constexpr std::int64_t kWalkedMax = 2'000;       // dead letters that one read looks at
constexpr std::int64_t kLookedAtMax = 20'000;    // that one call does

struct Letter {
  Uuid id;
  std::string function;
  std::int64_t position = 0;  // of its event
};

struct Slice {
  std::vector<Letter> letters;
  std::optional<Uuid> last;  // that was looked at
  std::int64_t walked = 0;
  bool is_at_end = true;
};

bool fits(const DeadLetters& which, db::Rows& rows) {
  if (which.function && rows.view(1) != *which.function) return false;
  if (which.from && rows.integer(3) < *which.from) return false;
  if (which.to && rows.integer(3) >= *which.to) return false;
  if (!which.name && !which.message) return true;
  const auto error = parse_json(rows.view(2));
  if (!error) return false;
  return (!which.name || error->string_or("name", "") == *which.name) &&
         (!which.message || error->string_or("message", "") == *which.message);
}

Slice read_slice(db::Tx& tx, const std::string& user_id, const DeadLetters& which) {
  Uuid before;
  before.bytes.fill(0xff);
  if (which.before) before = *which.before;
  Slice slice;
  auto rows = tx.query(
      "SELECT id, function, coalesce(error, '{}'), created_at, event_position FROM "
      "runs_data WHERE user_id = $1 "
      "AND status = 'failed' AND id < $2 ORDER BY id DESC LIMIT $3",
      user_id, before, kWalkedMax + 1);
  while (rows.next()) {
    if (static_cast<std::int64_t>(slice.letters.size()) == std::min(kSliceMax, which.limit) ||
        slice.walked == kWalkedMax || (slice.walked > 0 && tx.is_out_of_time())) {
      slice.is_at_end = false;
      break;
    }
    ++slice.walked;
    slice.last = rows.uuid(0).value_or(Uuid{});
    if (fits(which, rows)) slice.letters.push_back({*slice.last, rows.text(1), rows.integer(4)});
  }
  return slice;
}

}  // namespace

Task<Result<RunControl::Swept>> RunControl::sweep(Person who, DeadLetters which, Fate fate) {
  Swept swept;
  std::int64_t looked_at = 0;
  for (;;) {
    auto slice = co_await rooms_.database.read(
        [&](db::Tx& tx) { return read_slice(tx, who.user_id, which); });
    if (!slice) co_return fail(slice.error());
    std::vector<events::NewEvent> told;
    std::vector<Result<Judged>> judged;  // those that are to be tried again
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < slice->letters.size() && bytes < kSliceBytesMax; ++i) {
      const auto& letter = slice->letters[i];
      auto event = act(who, fate == Fate::kRetry ? bus::kRunRetried : bus::kRunDiscarded,
                       {letter.function, letter.id.to_string()});
      if (!event) co_return fail(event.error());
      told.push_back(std::move(*event));
      if (fate == Fate::kRetry) {
        judged.push_back(co_await judge_again(letter.function, letter.position));
        if (judged.back()) bytes += (*judged.back()).event->data.size();
      }
    }
    if (told.size() < slice->letters.size()) {
      slice->last = slice->letters[told.size() - 1].id;
      slice->is_at_end = false;
    }
    auto done = co_await rooms_.database.write([&](db::Tx& tx) {
      std::int64_t count = 0;
      for (std::size_t i = 0; i < told.size() && tx.ok(); ++i) {
        const auto& id = slice->letters[i].id;
        const bool is_done = fate == Fate::kRetry
                                 ? judged[i] && rooms_.maker.revive(tx, *judged[i], id)
                                 : RunStore::discard(tx, who.user_id, id);
        if (!is_done) continue;
        rooms_.log.append(tx, {.events = {told[i]}});
        ++count;
      }
      return count;
    });
    if (!done) co_return fail(done.error());
    swept.done += *done;
    swept.passed_over += static_cast<std::int64_t>(told.size()) - *done;
    which.limit -= static_cast<std::int64_t>(told.size());
    looked_at += slice->walked;
    if (slice->is_at_end) co_return swept;
    which.before = slice->last;
    if (which.limit > 0 && looked_at < kLookedAtMax) continue;
    swept.next_before = slice->last;
    co_return swept;
  }
}

}  // namespace synap::workers
