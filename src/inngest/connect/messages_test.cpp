#include "inngest/connect/messages.h"

#include <gtest/gtest.h>

#include <protozero/pbf_writer.hpp>

namespace synap::inngest {
namespace {

using namespace std::string_literals;

TEST(ConnectMessages, AreTheBytesThatSdksWrite) {
  // Of npm's inngest 4.24: ConnectMessage.encode({kind: WORKER_HEARTBEAT}).
  EXPECT_EQ(write_message(MessageKind::kWorkerHeartbeat), "\x08\x09"s);
  EXPECT_EQ(write_message(MessageKind::kGatewayHello), "");
  EXPECT_EQ(write_message(MessageKind::kReplyAck, write_request_id("r")),
            "\x08\x07\x12\x03\x0a\x01r"s);
  EXPECT_EQ(write_lease_ack("r", "l"), "\x0a\x01r\x32\x01l"s);
  EXPECT_EQ(write_lease_ack("r", ""), "\x0a\x01r"s);
  const auto request = write_executor_request({.request_id = "r", .step_id = "s", .payload = "{}"});
  EXPECT_EQ(request, "\x08\x03\x12\x0a\x0a\x01r\x42\x01s\x4a\x02{}"s);
  // As SDKs read it: with a state, or not at all.
  const auto traced = write_executor_request({.request_id = "r", .traceparent = "00-a-b-01"});
  EXPECT_TRUE(
      traced.ends_with("\x5a\x2b"
                       R"({"traceparent":"00-a-b-01","tracestate":""})"))
      << traced;
}

TEST(ConnectMessages, AreReadInWhateverOrderTheyCome) {
  const auto message = read_message("\x12\x03\x0a\x01r\x08\x05"s);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, MessageKind::kRequestAck);
  EXPECT_EQ(read_request_ack(message->payload), "r");
  EXPECT_EQ(read_message("")->kind, MessageKind::kGatewayHello);
  // Fields that are not known, and one that is of another type.
  EXPECT_EQ(read_message("\x08\x06\x1a\x01x\x10\x01"s)->payload, "");
}

TEST(ConnectMessages, TellWhatAWorkerIs) {
  std::string bytes;
  protozero::pbf_writer writer(bytes);
  writer.add_string(1, "c");
  writer.add_string(3, "\x0a\x01t"s);
  writer.add_string(5, "\x0a\x01"s + "a\x12\x01v\x22\x02[]");
  writer.add_string(5, "\x0a\x01"s + "b");
  writer.add_bool(6, true);
  writer.add_int64(14, 7);
  const auto connect = read_worker_connect(bytes);
  ASSERT_TRUE(connect);
  EXPECT_EQ(connect->connection_id, "c");
  EXPECT_EQ(connect->session_token, "t");
  ASSERT_EQ(connect->apps.size(), 2U);
  EXPECT_EQ(connect->apps[0].name, "a");
  EXPECT_EQ(connect->apps[0].version, "v");
  EXPECT_EQ(connect->apps[0].functions, "[]");
  EXPECT_EQ(connect->apps[1].name, "b");
  EXPECT_TRUE(connect->is_ready_later);
  EXPECT_EQ(connect->concurrency_max, 7);
}

TEST(ConnectMessages, WhatIsNoneIsNotRead) {
  for (const auto& bytes : {"\xff\xff"s, "\x08"s, "\x0a\xc8\x01x"s, "\x30"s, "\x0b"s, "\x00"s}) {
    EXPECT_FALSE(read_message(bytes));
    EXPECT_FALSE(read_worker_connect(bytes));
    EXPECT_FALSE(read_request_ack(bytes));
    EXPECT_FALSE(read_lease_extension(bytes));
    EXPECT_FALSE(read_worker_reply(bytes));
    EXPECT_FALSE(is_start_request(bytes));
  }
  EXPECT_FALSE(read_request_ack("\x0a\x01\xff"s)) << "no UTF-8";
  EXPECT_FALSE(read_worker_connect("\x1a\x01\xff"s)) << "what is in it is none";
  std::string many;
  protozero::pbf_writer writer(many);
  for (std::size_t i = 0; i <= kAppsOfWorkerMax; ++i) writer.add_string(5, "");
  EXPECT_FALSE(read_worker_connect(many));
}

}  // namespace
}  // namespace synap::inngest
