#include "db/postgres/reach.h"

#include <gtest/gtest.h>

#include "base/manual_world.h"

namespace synap::db::postgres {
namespace {

using std::chrono::seconds;

// As a pod that waits for days for a database which somebody has removed.
TEST(Reach, TellsOfAServerThatIsAwayOnceInAWhileThatGrows) {
  ManualWorld world;
  Reach reach(world);
  int lines = 0;
  std::int64_t tries = 0;
  for (int second = 0; second < 3'600; second += 2, world.pass(seconds(2))) {
    const auto left_out = reach.news("no such database");
    reach.is_away(world.now());
    if (!left_out) continue;
    ++lines;
    tries += 1 + *left_out;
  }
  EXPECT_EQ(lines, 17);
  EXPECT_GT(tries, 1'600) << "those that were left out are counted";
  EXPECT_TRUE(reach.news("no such role")) << "another reason is news";
  EXPECT_FALSE(reach.news("no such role"));
  reach.is_there();
  EXPECT_EQ(reach.news("no such role"), 0) << "and so is what comes after it was there";
}

}  // namespace
}  // namespace synap::db::postgres
