#include "events/sqlite/read_ahead.h"

#include <gtest/gtest.h>

namespace synap::events::sqlite {
namespace {

std::vector<EventRef> events(std::int64_t first, std::int64_t last) {
  std::vector<EventRef> list;
  for (auto position = first; position <= last; ++position) {
    EventFields fields;
    fields.position = position;
    list.push_back(std::make_shared<const Event>(std::move(fields)));
  }
  return list;
}

TEST(ReadAhead, ReadsOneWhereNobodyAskedNearby) {
  ReadAhead ahead;
  EXPECT_EQ(ahead.limit_for(70'000), 1);
  EXPECT_EQ(ahead.limit_for(10), 1);
  EXPECT_EQ(ahead.limit_for(90'000), 1);
}

TEST(ReadAhead, ReadsManyWhereTheOneBeforeWasNear) {
  ReadAhead ahead;
  EXPECT_EQ(ahead.limit_for(70'000), 1);
  EXPECT_EQ(ahead.limit_for(70'003), ReadAhead::kEventsMax);
  EXPECT_EQ(ahead.limit_for(69'990), ReadAhead::kEventsMax);
}

TEST(ReadAhead, KeepsTheNewestPages) {
  ReadAhead ahead;
  for (std::int64_t first = 100; first <= 500; first += 100) ahead.put(events(first, first + 9));
  EXPECT_EQ(ahead.at(105), nullptr) << "the fifth page took its place";
  for (const std::int64_t position : {200, 309, 404, 500}) {
    ASSERT_NE(ahead.at(position), nullptr) << position;
    EXPECT_EQ(ahead.at(position)->position, position);
  }
  EXPECT_EQ(ahead.at(199), nullptr);
  EXPECT_EQ(ahead.at(510), nullptr);
}

TEST(ReadAhead, TakesNoEventForOneWhoseRowIsGone) {
  ReadAhead ahead;
  auto page = events(100, 109);
  page.erase(page.begin() + 4);
  ahead.put(std::move(page));
  EXPECT_EQ(ahead.at(103)->position, 103);
  EXPECT_EQ(ahead.at(104), nullptr);
  EXPECT_EQ(ahead.at(105), nullptr);
}

TEST(ReadAhead, KeepsNoPageOfOne) {
  ReadAhead ahead;
  ahead.put(events(100, 109));
  for (std::int64_t position = 200; position < 210; ++position)
    ahead.put(events(position, position));
  EXPECT_NE(ahead.at(100), nullptr);
  EXPECT_EQ(ahead.at(200), nullptr);
}

}  // namespace
}  // namespace synap::events::sqlite
