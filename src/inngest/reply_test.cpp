#include "inngest/reply.h"

#include <gtest/gtest.h>

namespace synap::inngest {
namespace {

constexpr const char* kHashOfA = "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8";

outbound::Response response(int status, std::string body, outbound::Headers more = {}) {
  outbound::Response made;
  made.status = status;
  made.headers = {{"x-inngest-sdk", "js:v4.24.0"}, {"content-type", "application/json"}};
  for (auto& header : more) made.headers.push_back(std::move(header));
  made.body = std::move(body);
  return made;
}

Reply read(const outbound::Response& of) {
  return read_reply(of, 0);
}
std::string message(const Reply& reply) {
  return std::string(reply.error.string_or("message", ""));
}

TEST(Reply, ValueIsTheEndOfTheFunction) {
  const auto reply = read(response(200, R"({"hi":1})"));
  EXPECT_EQ(reply.kind, Reply::Kind::kDone);
  EXPECT_EQ(reply.output.dump(), R"({"hi":1})");
  EXPECT_TRUE(read(response(200, "")).output.is_null());
  EXPECT_TRUE(read(response(200, "null")).output.is_null());
}

TEST(Reply, ANumberThatWouldBeKeptAsAnotherIsRefused) {
  const auto output = read(response(200, R"({"id":9007199254740993})"));
  EXPECT_EQ(output.kind, Reply::Kind::kFailed);
  EXPECT_NE(message(output).find("The app's answer is not kept. The number 9007199254740993"),
            std::string::npos)
      << message(output);
  const auto step = [](const std::string& data) {
    return response(206, std::string(R"([{"op":"StepRun","id":")") + kHashOfA + R"(","data":)" +
                             data + R"(,"timing":{"a":1764316800123456789,"b":5}}])");
  };
  EXPECT_EQ(read(step("7")).kind, Reply::Kind::kOps);
  EXPECT_EQ(read(step("9007199254740993")).kind, Reply::Kind::kFailed);
  // An error is told all the same.
  EXPECT_EQ(message(read(response(500, R"({"message":"no","at":9007199254740993})"))), "no");
}

TEST(Reply, OpsAreOfSteps) {
  const auto reply = read(response(
      206, std::string(R"([{"op":"StepRun","id":")") + kHashOfA +
               R"(","name":"a","displayName":"A","data":{"n":1},"userland":{"id":"my a"},)" +
               R"("opts":{"x":1},"timing":{"a":1,"b":2}}])"));
  ASSERT_EQ(reply.kind, Reply::Kind::kOps);
  ASSERT_EQ(reply.ops.size(), 1U);
  EXPECT_EQ(reply.ops[0].op, "StepRun");
  EXPECT_EQ(reply.ops[0].hash, workers::step_hash("a", 0));
  EXPECT_EQ(reply.ops[0].step_id, "my a");
  EXPECT_EQ(reply.ops[0].data.dump(), R"({"n":1})");
  // One object is a list of one; an empty list says that there is nothing.
  const auto one = std::string(R"({"op":"Sleep","id":")") + kHashOfA + R"(","name":"1s"})";
  EXPECT_EQ(read(response(206, one)).ops.size(), 1U);
  EXPECT_EQ(read(response(206, "[]")).kind, Reply::Kind::kOps);
  EXPECT_EQ(read(response(206, R"([{"op":"Sleep","id":"no hash"}])")).kind, Reply::Kind::kFailed);
  EXPECT_EQ(read(response(206, "7")).kind, Reply::Kind::kFailed);
}

TEST(Reply, AnErrorIsTheAppsOwnAndSaysWhetherToTryAgain) {
  const auto never = read(response(
      400, R"({"__serialized":true,"name":"NonRetriableError","message":"nope","stack":"at x"})",
      {{"X-Inngest-No-Retry", "true"}}));
  EXPECT_EQ(never.kind, Reply::Kind::kFailed);
  EXPECT_FALSE(never.may_retry);
  EXPECT_EQ(never.error.dump(), R"({"name":"NonRetriableError","message":"nope","stack":"at x"})");
  const auto later = read(response(500, R"({"name":"RetryAfterError","message":"busy"})",
                                   {{"x-inngest-no-retry", "false"}, {"Retry-After", "7"}}));
  EXPECT_TRUE(later.may_retry);
  EXPECT_EQ(later.retry_after_ms, 7'000);
  // Without a word on it, another attempt is made, whatever the status.
  EXPECT_TRUE(read(response(401, R"({"message":"Unauthorized"})")).may_retry);
  EXPECT_EQ(message(read(response(401, R"({"message":"Unauthorized"})"))), "Unauthorized");
}

TEST(Reply, WhatIsNoAppIsToldByWhatItSays) {
  outbound::Response page;
  page.status = 200;
  page.headers = {{"content-type", "text/html"}};
  page.body = "<!doctype html>\n<title>Welcome to nginx</title>";
  const auto reply = read(page);
  EXPECT_EQ(reply.kind, Reply::Kind::kFailed);
  EXPECT_TRUE(reply.may_retry);
  EXPECT_NE(message(reply).find("no header x-inngest-sdk"), std::string::npos);
  EXPECT_NE(message(reply).find("Welcome to nginx"), std::string::npos);
  page.status = 502;
  EXPECT_NE(message(read(page)).find("status 502, text/html"), std::string::npos);
  EXPECT_EQ(read(response(200, "<html>")).kind, Reply::Kind::kFailed);
  const auto redirect = read(response(308, "", {{"location", "/elsewhere"}}));
  EXPECT_NE(message(redirect).find("redirects"), std::string::npos);
}

TEST(Reply, AStreamedAnswerIsTakenOutOfItsWrapper) {
  const auto done = read(response(
      201, "  \n   {\"status\":200,\"body\":\"{\\\"a\\\":1}\",\"headers\":{\"x-b\":\"c\"}}"));
  EXPECT_EQ(done.kind, Reply::Kind::kDone);
  EXPECT_EQ(done.output.dump(), R"({"a":1})");
  const auto failed = read(response(201, R"({"status":400,"body":{"name":"E","message":"m"},)"
                                         R"("headers":{"x-inngest-no-retry":"true"}})"));
  EXPECT_EQ(failed.kind, Reply::Kind::kFailed);
  EXPECT_FALSE(failed.may_retry);
  EXPECT_EQ(message(failed), "m");
  for (const char* broken : {"   ", "{}", R"({"status":201,"body":""})", "  {\"status\":206"}) {
    EXPECT_EQ(read(response(201, broken)).kind, Reply::Kind::kFailed) << broken;
  }
}

TEST(RetryAfter, IsSecondsOrAMoment) {
  EXPECT_EQ(parse_retry_after("30", 0), 30'000);
  EXPECT_EQ(parse_retry_after("0", 0), 1'000);
  EXPECT_EQ(parse_retry_after("9999999", 0), 86'400'000);
  EXPECT_EQ(parse_retry_after("1970-01-01T00:01:00Z", 0), 60'000);
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 30'000), 30'000);
  EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:01:00 GMT", 90'000), 1'000);
  for (const char* none : {"", "soon", "-1", "99999999", "1.5"}) {
    EXPECT_FALSE(parse_retry_after(none, 0)) << none;
  }
}

}  // namespace
}  // namespace synap::inngest
