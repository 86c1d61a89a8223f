#include "db/postgres/messages.h"

#include <gtest/gtest.h>

#include <condition_variable>

#include "db/postgres/connection.h"
#include "db/postgres/test_database.h"

namespace synap::db::postgres {
namespace {

using namespace std::chrono_literals;

// What one of them has heard.
class Heard {
 public:
  void add(std::string_view message) {
    const std::lock_guard lock(mutex_);
    all_.emplace_back(message);
    changed_.notify_all();
  }
  std::vector<std::string> first(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 20s, [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

Messages::Options options(const TestDatabase& place, std::vector<std::string> channels,
                          Heard& heard) {
  return {.url = place.direct_url(),
          .channels = std::move(channels),
          .hear = [&heard](std::string_view message) { heard.add(message); }};
}

// It is connected soon.
void send(Messages& messages, const std::string& channel, const std::string& message) {
  for (int i = 0; i < 2'000 && !messages.send(channel, message); ++i) {
    std::this_thread::sleep_for(10ms);
  }
}

TEST(PostgresMessages, AreHeardByOthersInOrderAndByNobodyElse) {
  const TestDatabase place;
  Heard by_first;
  Heard by_second;
  Messages first(options(place, {"of_all", "of_first"}, by_first));
  Messages second(options(place, {"of_all", "of_second"}, by_second));
  // Whoever is connected listens, and both have to before anything is said to them.
  send(first, "of_none", "");
  send(second, "of_none", "");
  send(second, "of_first", "begin");
  send(first, "of_second", "begin");
  std::vector<std::string> all = {"begin"};
  for (int i = 0; i < 100; ++i) {
    all.push_back(std::to_string(i) + " it's \u20ac\n");
    send(first, i % 2 == 0 ? "of_all" : "of_second", all.back());
  }
  all.emplace_back(7'900, 'x');
  send(first, "of_all", all.back());
  EXPECT_EQ(by_second.first(all.size()), all);
  EXPECT_EQ(by_first.first(1), (std::vector<std::string>{"begin"}));
}

TEST(PostgresMessages, GoOnBehindALostConnection) {
  const TestDatabase place;
  Heard heard;
  Heard none;
  Messages listens(options(place, {"of_all"}, heard));
  Messages sends(options(place, {"of_none"}, none));
  send(sends, "of_nobody", "");  // it listens, too
  send(listens, "of_none", "begin");
  ASSERT_EQ(none.first(1).size(), 1U);
  Connection other({.url = place.direct_url()});
  ASSERT_FALSE(other.connect());
  ASSERT_TRUE(
      other.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
                    "application_name = 'synap messages' AND datname = current_database()"));
  for (int i = 0; i < 200 && heard.first(0).empty(); ++i) {
    sends.send("of_all", "again");
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_FALSE(heard.first(0).empty());
}

}  // namespace
}  // namespace synap::db::postgres
