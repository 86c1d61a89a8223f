// The search is robfig/cron's SpecSchedule.Next, turn for turn: which times it names around a
// change of clocks follows from the order of its turns and from how Go's time.Date answers for
// times that are not there or there twice, and from nothing that could be said shorter.
//
// It ends. Each turn moves on, but for the first, which may set the smaller parts back. No set of a
// rule is empty, so a day that is right has an hour that is right and that has a minute, within 24
// and 60 turns, but for what a change of clocks leaves out; wrong days and months are passed over
// one at a time, at most 378 turns a year, for six years.
#include "cron/search.h"

#include <algorithm>
#include <utility>

namespace synap::cron {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 3'600;
constexpr std::int64_t kDay = 86'400;
constexpr int kYearsAhead = 5;
constexpr std::int64_t kMinutesPutBackMax = 25 * 60;  // by a day, at the date line
constexpr int kLastYear = 9'999;

bool has(std::uint64_t set, unsigned value) {
  return (set >> value & 1U) != 0;
}

unsigned unsigned_of(int value) {
  return static_cast<unsigned>(value);
}

// A moment, and what the clocks of a zone show at it.
class WallClock {
 public:
  WallClock(TimeZone zone, std::int64_t unix_seconds) : zone_(zone) { move_to(unix_seconds); }

  std::int64_t unix_seconds() const { return unix_seconds_; }
  const CivilTime& shown() const { return shown_; }

  void move_to(std::int64_t unix_seconds) {
    unix_seconds_ = unix_seconds;
    shown_ = civil_of_seconds(unix_seconds + offset_at(unix_seconds));
  }
  void add(std::int64_t seconds) { move_to(unix_seconds_ + seconds); }

  // Moves to when the clocks show this, as Go's time.Date: what is too large is carried on (day 32
  // is in the next month), and a time that is left out, or there twice, is taken with the offset on
  // one side of the change, which is found by looking twice.
  void set(const CivilTime& time) {
    const auto month = time.month - 1;
    const auto first = days_to_month(time.year + static_cast<int>(month / 12), month % 12 + 1);
    const auto wall =
        (first + time.day - 1) * kDay + time.hours * kHour + time.minutes * kMinute + time.seconds;
    move_to(wall - offset_at(wall - offset_at(wall)));
  }

 private:
  std::int64_t offset_at(std::int64_t unix_seconds) {
    if (!stretch_ || !stretch_->holds(unix_seconds)) stretch_ = zone_.at(unix_seconds);
    return stretch_->offset;
  }

  TimeZone zone_;
  std::optional<TimeZone::Stretch> stretch_;  // the last that was asked for
  std::int64_t unix_seconds_ = 0;
  CivilTime shown_{};
};

// Each find_ moves the clock on until its part of the time is right. It answers false where that
// took it into the next year, month, day, hour or minute, which has to be looked at again.
class Search {
 public:
  Search(const Rule& rule, std::int64_t after) : rule_(rule), clock_(rule.zone, after + 1) {}

  std::optional<std::int64_t> run();
  // Looks at each minute, for as long as clocks were ever put back, and then runs.
  std::optional<std::int64_t> walk();

 private:
  bool find_month();
  bool find_day();
  bool find_hour();
  bool find_minute();
  bool find_second();
  bool is_day() const;

  // Before the clock is moved on for the first time, the smaller parts are set back to their first
  // value; from then on they are there already.
  bool is_first_move() { return !std::exchange(is_moved_, true); }

  const Rule& rule_;
  WallClock clock_;
  bool is_moved_ = false;
};

bool Search::find_month() {
  while (!has(rule_.months, clock_.shown().month)) {
    auto to = clock_.shown();
    if (is_first_move()) {
      clock_.set({.year = to.year, .month = to.month, .day = 1});
      to = clock_.shown();
    }
    ++to.month;
    clock_.set(to);
    if (clock_.shown().month == 1) return false;
  }
  return true;
}

// Where both fields restrict the day, one of them is enough.
bool Search::is_day() const {
  const bool is_of_month = has(rule_.days_of_month, clock_.shown().day);
  const bool is_of_week = has(rule_.days_of_week, clock_.shown().weekday);
  const bool has_star = ((rule_.days_of_month | rule_.days_of_week) & Rule::kStarBit) != 0;
  return has_star ? is_of_month && is_of_week : is_of_month || is_of_week;
}

bool Search::find_day() {
  while (!is_day()) {
    auto to = clock_.shown();
    if (is_first_move()) {
      clock_.set({.year = to.year, .month = to.month, .day = to.day});
      to = clock_.shown();
    }
    const auto before = clock_.unix_seconds();
    ++to.day;
    clock_.set(to);
    // Midnight may be left out: then this is 23:00 of the day before or 01:00.
    const auto hours = clock_.shown().hours;
    if (hours != 0) clock_.add((hours > 12 ? 24 - hours : -hours) * kHour);
    // Where a zone leaves out a whole day (Pacific/Apia, 2011-12-30), or half of one
    // (Antarctica/McMurdo, 1956-01-01), this leads to where it came from, and the reference never
    // comes out of this loop.
    if (clock_.unix_seconds() <= before) clock_.move_to(before + kDay);
    if (clock_.shown().day == 1) return false;
  }
  return true;
}

bool Search::find_hour() {
  while (!has(rule_.hours, unsigned_of(clock_.shown().hours))) {
    if (is_first_move()) {
      const auto& now = clock_.shown();
      clock_.set({.year = now.year, .month = now.month, .day = now.day, .hours = now.hours});
    }
    clock_.add(kHour);
    if (clock_.shown().hours == 0) return false;
  }
  return true;
}

bool Search::find_minute() {
  while (!has(rule_.minutes, unsigned_of(clock_.shown().minutes))) {
    if (is_first_move()) {
      // Of the time, not of the clock: they differ where an offset has seconds, before 1972.
      const auto second = clock_.unix_seconds() % kMinute;
      clock_.add(second < 0 ? -second - kMinute : -second);
    }
    clock_.add(kMinute);
    if (clock_.shown().minutes == 0) return false;
  }
  return true;
}

bool Search::find_second() {
  while (clock_.shown().seconds != 0) {
    is_moved_ = true;
    // At once, where the reference goes second by second: it is the same but for clocks that were
    // changed within a minute, which were not since 1972.
    clock_.add(kMinute - clock_.shown().seconds);
    if (clock_.shown().seconds == 0) return false;
  }
  return true;
}

std::optional<std::int64_t> Search::run() {
  const auto last_year = std::min(clock_.shown().year + kYearsAhead, kLastYear);
  while (clock_.shown().year <= last_year) {
    if (find_month() && find_day() && find_hour() && find_minute() && find_second()) {
      return clock_.unix_seconds();
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> Search::walk() {
  find_second();
  for (std::int64_t minute = 0; minute < kMinutesPutBackMax; ++minute) {
    const auto& now = clock_.shown();
    if (has(rule_.months, now.month) && is_day() && has(rule_.hours, unsigned_of(now.hours)) &&
        has(rule_.minutes, unsigned_of(now.minutes))) {
      return clock_.unix_seconds();
    }
    clock_.add(kMinute);
  }
  return Search(rule_, clock_.unix_seconds() - 1).run();
}

}  // namespace

std::optional<std::int64_t> next_second(const Rule& rule, std::int64_t after) {
  const auto found = Search(rule, after).run();
  if (!found || *found > after) return found;
  // Where clocks go back by an hour at 03:45 (Pacific/Chatham) or 00:01 (America/St_Johns, up to
  // 2011), setting the minutes back may have led to before `after`, and what was found from there
  // is no later. The reference answers with it, again and again.
  return Search(rule, after).walk();
}

}  // namespace synap::cron
