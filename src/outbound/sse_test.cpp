#include "outbound/sse.h"

#include <gtest/gtest.h>

namespace synap::outbound {
namespace {

TEST(SseReader, ReadsEventsWhateverTheirLineEnds) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    SseReader reader;
    reader.add("event: ping" + end + "data: a" + end + "data:b" + end + end + "data: c" + end +
               end);
    auto event = reader.next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->name, "ping");
    EXPECT_EQ(event->data, "a\nb");
    event = reader.next();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->name, "message");
    EXPECT_EQ(event->data, "c");
    EXPECT_FALSE(reader.next());
  }
}

TEST(SseReader, ReadsEventsCutAnywhere) {
  const std::string stream = "event: x\r\ndata: one\r\nid: 7\r\n\r\n: comment\r\ndata: two\r\n\r\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    SseReader reader;
    std::string seen;
    for (const auto& part : {stream.substr(0, cut), stream.substr(cut)}) {
      reader.add(part);
      while (auto event = reader.next()) seen += event->name + "=" + event->data + ";";
    }
    EXPECT_EQ(seen, "x=one;message=two;") << cut;
    EXPECT_EQ(reader.last_id(), "7");
  }
}

TEST(SseReader, AnIdCountsOnlyWithItsWholeEvent) {
  SseReader reader;
  reader.add("data: a\nid: 1\n\ndata: b\nid: 2\n");
  EXPECT_TRUE(reader.next());
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.last_id(), "1");
}

TEST(SseReader, AnIdThatNoHeaderCouldHoldIsLeftOut) {
  SseReader reader;
  reader.add("data: a\nid: 1\n\ndata: b\nid: 2" + std::string(1, '\0') + "\n\n");
  EXPECT_TRUE(reader.next());
  EXPECT_TRUE(reader.next());
  EXPECT_EQ(reader.last_id(), "1");
}

}  // namespace
}  // namespace synap::outbound
