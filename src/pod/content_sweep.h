// ContentSweep: removes content that no event mentions.
//
// Content is put under its final name before its event is appended. Where a crash came between the
// two, or a refused command could not take its text back, a file is left that nobody knows of.
// Names say what they belong to, so the log tells: the name of a first version needs an event of
// its entity, that of a later version an event of its request. A name is removed when it was
// without one for an hour of this process's own time; so neither a clock that jumps nor a command
// under way can take away what is about to be mentioned.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/task.h"
#include "base/world.h"
#include "content/store.h"
#include "db/database.h"
#include "events/log.h"

namespace synap::pod {

class ContentSweep {
 public:
  static constexpr std::chrono::hours kUnmentionedFor{1};

  /// All must outlive it.
  ContentSweep(db::Database& database, events::EventLog& log, content::ContentStore& content,
               World& world = real_world())
      : database_(database), log_(log), content_(content), world_(world) {}

  // One call of these at a time; `now` is what time it is.

  /// Looks at the next names, a page of them, for those without an event. True: these were the
  /// last, and the next call begins again.
  Task<Result<bool>> look(SteadyClock::time_point now);
  /// Removes what was found an hour ago and still has no event. The number of names.
  Task<Result<int>> remove(SteadyClock::time_point now);

  /// Looks through all names soon after the start and then once a day, until asked to stop.
  Task<void> run(std::stop_token stop);

 private:
  Task<void> round(std::stop_token stop);
  Task<Result<std::vector<content::ContentKey>>> unmentioned(std::vector<content::ContentKey> keys);

  db::Database& database_;
  events::EventLog& log_;
  content::ContentStore& content_;
  World& world_;
  std::string after_;  // of the last name that was looked at in this round
  /// Names without an event, and since when. Bounded: what has no room is found in a later round.
  std::map<std::string, SteadyClock::time_point> found_;
};

}  // namespace synap::pod
