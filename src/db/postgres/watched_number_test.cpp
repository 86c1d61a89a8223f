#include "db/postgres/watched_number.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/test_support.h"
#include "db/postgres/connection.h"
#include "db/postgres/test_database.h"

namespace synap::db::postgres {
namespace {

using std::chrono::seconds;

// As a pooler that pauses does: it takes the question, and is silent.
TEST(WatchedNumber, EndsWhileItsQuestionIsNotAnswered) {
  const TestDatabase place;
  Connection other({.url = place.direct_url()});
  ASSERT_FALSE(other.connect());
  const auto is_asked = [&] {
    auto rows = other.query(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
        "wait_event = 'PgSleep'");
    return rows.next() && rows.integer(0) > 0;
  };
  auto watched = std::make_unique<WatchedNumber>(
      WatchedNumber::Options{.url = place.direct_url(),
                             .channel = "watched",
                             .question = "SELECT 7 FROM pg_sleep(120)",
                             .is_pooled = true,
                             .is_now = [](std::int64_t) {}});
  for (const auto end = real_world().now() + seconds(60); real_world().now() < end;) {
    other.begin();
    const bool was_asked = is_asked();
    other.roll_back();
    if (was_asked) break;
  }
  const auto begin = real_world().now();
  watched.reset();
  EXPECT_LT(real_world().now() - begin, seconds(60));
}

}  // namespace
}  // namespace synap::db::postgres
