// SharedTexts: that all nodes of a pod reach the same texts, where these are files. A copy of a
// directory says of which pod it is as well as the directory itself, so whoever comes writes
// something into it that no copy has, and those that came before look for it where they have theirs
// and say in their rows whether they see it.
//
// Who does not answer, since it is dead or stands still, is waited for until the nodes have removed
// it (nodes.h).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/background.h"
#include "base/executor.h"
#include "base/task.h"
#include "base/world.h"
#include "content/store.h"
#include "db/database.h"
#include "db/postgres/nodes.h"

namespace synap::pod {

class SharedTexts {
 public:
  struct Options {
    std::int64_t node = 0;  // this one's number
    std::chrono::milliseconds lease{10'000};
    std::string directory = {};  // for a sentence
  };
  /// All must outlive it.
  struct Rooms {
    db::Database& database;
    content::ContentStore& content;
    Executor& executor;
    World& world;
  };
  SharedTexts(Options options, Rooms rooms);

  /// Of the nodes that are there: sees to the answers for those that ask. Of one thread at a time.
  void answer(const std::vector<db::postgres::Node>& nodes);
  /// Until all that came before this one see what it writes. kPreconditionFailed, with a sentence:
  /// one of them is there, and does not.
  Task<Result<>> be_seen();

 private:
  struct Mark {
    std::int64_t node = 0;
    std::string path;
  };
  Task<void> look_for(std::vector<Mark> marks);
  Task<Result<std::vector<std::string>>> blind();
  Task<Result<>> show(std::string mark);
  Task<Result<std::vector<std::string>>> wait_for_others();

  const Options options_;
  const Rooms rooms_;
  std::atomic<bool> is_looking_{false};
  std::vector<std::int64_t> told_;  // of whoever has set is_looking_
  Background answers_;
};

}  // namespace synap::pod
