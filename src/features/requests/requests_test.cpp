#include "features/requests/requests.h"

#include <gtest/gtest.h>

#include "features/feature_test.h"

namespace synap::features::requests {
namespace {

struct Work {
  std::string text;
};
const ObjectSchema<Work>& describe(Type<Work>) {
  static const auto schema = object<Work>("Work").field("text", &Work::text);
  return schema;
}
constexpr events::EventType<Work> kRequested{.name = "work.doing.requested",
                                             .needs_aggregate = false};
constexpr events::EventType<Work> kDone{.name = "work.part.done", .needs_aggregate = false};
constexpr events::EventType<Work> kCompleted{.name = "work.doing.completed",
                                             .needs_aggregate = false};

class RequestsTest : public FeatureTest {
 protected:
  RequestsTest()
      : FeatureTest([](const Rooms& rooms) {
          add(rooms);
          rooms.types.add(kRequested, "");
          rooms.types.add(kDone, "");
          rooms.types.add(kCompleted, "");
        }) {}
  void append(const events::EventType<Work>& type, std::size_t bytes) {
    events::Envelope envelope;
    envelope.user_id = "ann";
    envelope.request_id = request;
    auto event = types.make(type, Work{std::string(bytes, 'x')}, std::move(envelope));
    ASSERT_TRUE(event) << event.error().message;
    ASSERT_TRUE(sync_wait(executor, log->append({.events = {*std::move(event)}})));
  }
  Json asked() { return *call("requests.get", Json::object({{"requestId", request.to_string()}})); }

  const Uuid request = Uuid::v7();
};

TEST_F(RequestsTest, ARequestIsPendingUntilItIsCompleted) {
  append(kRequested, 10);
  EXPECT_EQ(asked().string_or("status", ""), "pending");
  append(kCompleted, 10);
  EXPECT_EQ(asked().string_or("status", ""), "completed");
}

// A page of the log has so many bytes at most, and may end sooner where the machine is busy: what
// stands behind its end says how the request has ended.
TEST_F(RequestsTest, IsCompletedAlsoWhereItsEventsAreMoreThanAPage) {
  constexpr std::size_t kBytes = 500'000;
  constexpr std::size_t kParts = 6;
  append(kRequested, 10);
  for (std::size_t i = 0; i < kParts; ++i) append(kDone, kBytes);
  append(kCompleted, 10);
  const auto found = asked();
  EXPECT_EQ(found.string_or("status", ""), "completed");
  EXPECT_EQ(found.find("events")->as_array().size(), kParts + 2);
}

}  // namespace
}  // namespace synap::features::requests
