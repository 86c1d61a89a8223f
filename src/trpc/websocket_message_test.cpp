#include "trpc/websocket_message.h"

#include <gtest/gtest.h>

namespace synap::trpc {
namespace {

TEST(ClientFrame, HasShortIds) {
  const auto with_id = [](std::string id) {
    return parse_client_frame(R"({"id":)" + id + R"(,"method":"subscription.stop"})", 1);
  };
  EXPECT_TRUE(with_id('"' + std::string(1'000, 'x') + '"'));
  EXPECT_FALSE(with_id('"' + std::string(2'000, 'x') + '"'));
}

TEST(ClientFrame, ReadsACallWithItsInput) {
  const auto frame = parse_client_frame(
      R"({"id":1,"jsonrpc":"2.0","method":"query","params":{"path":"a.b","input":null}})", 10);
  ASSERT_TRUE(frame);
  ASSERT_EQ(frame->messages.size(), 1u);
  const auto& message = frame->messages[0];
  EXPECT_EQ(message.from.id, "1");
  EXPECT_TRUE(message.from.is_jsonrpc);
  EXPECT_TRUE(message.has_id);
  EXPECT_EQ(message.kind, rpc::Kind::kQuery);
  EXPECT_EQ(message.path, "a.b");
  ASSERT_TRUE(message.input);
  EXPECT_TRUE(message.input->is_null());
}

TEST(ClientFrame, TellsUndefinedFromNull) {
  const auto frame =
      parse_client_frame(R"({"id":"x","method":"mutation","params":{"path":"a"}})", 10);
  EXPECT_FALSE(frame->messages[0].input);
  EXPECT_EQ(frame->messages[0].from.id, "\"x\"");
}

TEST(ClientFrame, PutsLastEventIdIntoTheInput) {
  const auto input = [](std::string_view given) {
    auto frame = parse_client_frame(R"({"id":1,"method":"subscription","params":{"path":"a",)" +
                                        std::string(given) + R"("lastEventId":"7"}})",
                                    10);
    return frame->messages[0].input->dump();
  };
  EXPECT_EQ(input(""), R"({"lastEventId":"7"})");
  EXPECT_EQ(input(R"("input":null,)"), R"({"lastEventId":"7"})");
  EXPECT_EQ(input(R"("input":{"a":1,"lastEventId":"1"},)"), R"({"a":1,"lastEventId":"7"})");
  EXPECT_EQ(input(R"("input":5,)"), "5");
}

TEST(ClientFrame, RefusesTheWholeFrameForOneBadMessage) {
  for (const char* text :
       {"", "x", "5", "null", "{}", R"({"id":[]})", R"({"id":1,"jsonrpc":"1.0"})",
        R"({"id":1,"method":"nope"})", R"({"id":1,"method":"query"})",
        R"({"id":1,"method":"query","params":{}})",
        R"({"id":1,"method":"query","params":{"path":"a","lastEventId":null}})",
        R"({"id":1,"method":"query","params":{"path":"a","input":9007199254740993}})",
        R"([{"id":1,"method":"subscription.stop"},5])"}) {
    const auto frame = parse_client_frame(text, 10);
    ASSERT_FALSE(frame) << text;
    EXPECT_EQ(frame.error().code, Code::kParseError);
  }
  EXPECT_TRUE(parse_client_frame("[]", 10)->messages.empty());
}

TEST(ClientFrame, NamesThoseWhoWaitWhereThereAreTooMany) {
  const auto frame = parse_client_frame(
      R"([{"id":1},{"id":"a","jsonrpc":"2.0"},{"id":3,"method":"subscription.stop"},5])", 3);
  ASSERT_TRUE(frame);
  EXPECT_TRUE(frame->messages.empty());
  ASSERT_EQ(frame->refused.size(), 2u);
  EXPECT_EQ(frame->refused[1].id, "\"a\"");
  EXPECT_TRUE(frame->refused[1].is_jsonrpc);
  EXPECT_EQ(parse_client_frame("[1,2,3,4]", 3)->refused[0].id, "null");
}

TEST(ConnectionParams, AreAnObjectOfStringsOrNull) {
  const auto read = [](std::string_view data) {
    return parse_connection_params_message(R"({"method":"connectionParams","data":)" +
                                           std::string(data) + "}");
  };
  EXPECT_EQ((*read(R"({"a":"b"})"))->dump(), R"({"a":"b"})");
  EXPECT_FALSE(*read("null"));
  for (const char* data : {R"({"a":1})", "[]", "5", "\"x\""}) EXPECT_FALSE(read(data)) << data;
  for (const char* text : {"", "[]", "{}", "5"}) {
    const auto params = parse_connection_params_message(text);
    ASSERT_FALSE(params) << text;
    EXPECT_EQ(params.error().code, Code::kParseError);
  }
}

}  // namespace
}  // namespace synap::trpc
