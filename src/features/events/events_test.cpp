#include "features/events/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "features/feature_test.h"

namespace synap::features::tasks {
void add(const Rooms& rooms);
}  // namespace synap::features::tasks

namespace synap::features::event_views {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class EventViews : public FeatureTest {
 protected:
  EventViews()
      : FeatureTest([](const Rooms& rooms) {
          tasks::add(rooms);
          event_views::add(rooms);
        }) {}

  /// The request of a task that was made.
  std::string make(const std::string& title, const std::string& user = "ann") {
    const auto accepted = call("tasks.create", Json::object({{"title", title}}), user);
    return accepted->find("requestId")->as_string();
  }
  Json list(Json::Object input, const std::string& user = "ann") {
    return *call("events.list", Json(std::move(input)), user);
  }
  static Json input_of(std::int64_t position) {
    return Json::object({{"lastEventId", std::to_string(position)}});
  }
  static std::vector<std::string> members(const Json& list, std::string_view name) {
    std::vector<std::string> all;
    for (const auto& event : list.find("events")->as_array()) {
      all.emplace_back(event.string_or(name, ""));
    }
    return all;
  }
};

TEST_F(EventViews, OfARequestListsWhatFollowedFromItAndNothingElse) {
  make("before");
  const auto request = make("asked for");
  make("after");
  for (const char* order : {"asc", "desc"}) {
    const auto page = list({{"requestId", request}, {"order", order}});
    EXPECT_THAT(members(page, "requestId"), SizeIs(2)) << order;
    EXPECT_THAT(members(page, "requestId"), Each(request)) << order;
    EXPECT_TRUE(page.find("atEnd")->as_bool()) << order;
  }
  EXPECT_THAT(members(list({{"requestId", request},
                            {"types", Json(Json::Array{"task.creation.completed"})}}),
                      "type"),
              ElementsAre("task.creation.completed"));
  EXPECT_THAT(members(list({{"requestId", request}}, "bob"), "type"), IsEmpty());
}

TEST_F(EventViews, OfAnotherUserNothingIsListedAndNothingIsLookedAt) {
  make("ann's");
  make("bob's", "bob");
  EXPECT_THAT(members(list({{"userId", "ann"}}), "userId"), ElementsAre("ann", "ann"));
  const auto up = list({{"userId", "bob"}});
  EXPECT_THAT(members(up, "userId"), IsEmpty());
  EXPECT_TRUE(up.find("atEnd")->as_bool());
  EXPECT_EQ(up.find("nextAfter")->as_integer(), log->end().value());
  const auto down = list({{"userId", "bob"}, {"order", "desc"}});
  EXPECT_THAT(members(down, "userId"), IsEmpty());
  EXPECT_EQ(down.find("nextBefore")->as_integer(), 1);
}

// Between a commit and the moment when those who follow the log are told of its end.
TEST_F(EventViews, AWatchGoesOnBehindAHeadThatFollowersAreNotToldOfYet) {
  std::vector<std::pair<bool, Result<rpc::Text>>>
      watches;  // whether the head was ahead, and the end
  const auto watch_from_head = [&]() -> Task<void> {
    const auto head = (co_await log->head())->position;
    const bool is_ahead = head > log->end().value();
    for (const auto position : {head, head + 1}) {
      auto context = std::make_shared<api::CallContext>(kEverybodyMay);
      context->actor = api::Actor::of_key("ann", api::Role::kMember, "key");
      std::stop_source stopped;
      stopped.request_stop();
      rpc::Call call{
          .context = context, .input = {.json = input_of(position)}, .stop = stopped.get_token()};
      auto reply = co_await procedures.find("events.watch")->handler(std::move(call));
      auto& items = std::get<rpc::Items>(*reply);
      while (co_await items.next()) {
      }
      watches.emplace_back(is_ahead, std::move(items.end()));
    }
  };
  log->observe([&](db::Tx& tx, std::span<const events::EventRef>) {
    if (!watches.empty()) return;
    tx.on_commit([&] {
      ThreadExecutor other("watches");
      sync_wait(other, watch_from_head());
    });
  });
  make("a task");
  wait_until_idle();
  ASSERT_GE(watches.size(), 2U);
  EXPECT_TRUE(watches[0].first) << "the claim is not tested";
  EXPECT_TRUE(watches[0].second) << watches[0].second.error().message;
  ASSERT_FALSE(watches[1].second);
  EXPECT_THAT(watches[1].second.error().message, testing::HasSubstr("beyond the end of the log"));
}

}  // namespace
}  // namespace synap::features::event_views
