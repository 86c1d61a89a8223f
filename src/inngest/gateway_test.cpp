#include "inngest/gateway.h"

#include <gtest/gtest.h>

namespace synap::inngest {
namespace {

ReportedOp op_of(std::string kind, std::string_view opts) {
  ReportedOp op{.op = std::move(kind), .step_id = "s"};
  op.opts = parse_json(opts).value();
  return op;
}
std::string header(const outbound::Request& request, std::string_view name) {
  const auto* value = outbound::find(request.headers, name);
  return value != nullptr ? *value : "(none)";
}
outbound::Response response(int status, std::string body, outbound::Headers headers = {}) {
  outbound::Response made;
  made.status = status;
  made.headers = std::move(headers);
  made.url = "https://a.example/x";
  made.body = std::move(body);
  return made;
}
std::string message(const Reply& reply) {
  return std::string(reply.error.string_or("message", ""));
}

TEST(Gateway, FetchIsAskedAsTheAppWouldAsk) {
  const auto request =
      gateway_request(op_of("Gateway",
                            R"({"url":"https://a.example/x","method":"PUT","body":"{\"a\":1}",
          "headers":{"content-type":"text/plain","host":"evil","Content-Length":"7",
                     "user-agent":"me/1"}})"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "PUT");
  EXPECT_EQ(request->url, "https://a.example/x");
  EXPECT_EQ(request->body, R"({"a":1})");
  EXPECT_EQ(header(*request, "content-type"), "text/plain");
  EXPECT_EQ(header(*request, "host"), "(none)");
  EXPECT_EQ(header(*request, "content-length"), "(none)");
  EXPECT_EQ(header(*request, "user-agent"), "me/1 synap-gateway");
}

TEST(Gateway, WhatIsNoRequestIsRefusedForGood) {
  for (const auto* opts :
       {R"({})", R"({"url":7})", R"({"url":"https://a.example","body":{}})",
        R"({"url":"https://a.example","headers":[]})",
        R"({"url":"https://a.example","headers":{"a":1}})", R"("https://a.example")"}) {
    const auto op = op_of("Gateway", opts);
    const auto request = gateway_request(op);
    ASSERT_FALSE(request) << opts;
    const auto reply = gateway_reply(op, fail(request.error()), 0);
    EXPECT_EQ(reply.kind, Reply::Kind::kFailed);
    EXPECT_FALSE(reply.may_retry) << opts;
  }
}

TEST(Gateway, AnyStatusIsAnAnswerOfAFetch) {
  const auto op = op_of("Gateway", R"({"url":"https://a.example/x"})");
  const auto reply = gateway_reply(
      op, response(500, "oops \xFF", {{"X-A", "1"}, {"x-a", "2"}, {"set-cookie", "c"}}), 0);
  ASSERT_EQ(reply.kind, Reply::Kind::kDone);
  EXPECT_EQ(reply.output.dump(), R"({"url":"https://a.example/x","status_code":500,)"
                                 R"("headers":{"x-a":"1, 2","set-cookie":"c"},"body":"oops )"
                                 "\xEF\xBF\xBD"
                                 R"("})");
  EXPECT_TRUE(gateway_reply(op, response(204, ""), 0).output.find("body")->is_null());
}

TEST(Gateway, WhoCannotBeReachedIsTriedAgainAndWhoMayNotIsNot) {
  const auto op = op_of("Gateway", R"({"url":"https://a.example/x"})");
  for (const auto code : {Code::kServiceUnavailable, Code::kBadGateway, Code::kGatewayTimeout,
                          Code::kForbidden, Code::kPayloadTooLarge, Code::kBadRequest}) {
    const auto reply = gateway_reply(op, fail(code, "because"), 0);
    EXPECT_EQ(reply.kind, Reply::Kind::kFailed);
    const bool is_for_good =
        code == Code::kForbidden || code == Code::kPayloadTooLarge || code == Code::kBadRequest;
    EXPECT_EQ(reply.may_retry, !is_for_good);
    EXPECT_EQ(message(reply), "Error making request: because");
  }
}

TEST(Gateway, AnswerThatNoStepMayKeepIsAnErrorOfTheStep) {
  const auto op = op_of("Gateway", R"({"url":"https://a.example/x"})");
  // 3 MiB that are 18 MiB as JSON.
  const auto reply = gateway_reply(op, response(200, std::string(3 << 20, '\x01')), 0);
  EXPECT_EQ(reply.kind, Reply::Kind::kFailed);
  EXPECT_FALSE(reply.may_retry);
  EXPECT_TRUE(message(reply).contains("at most 4194304 are kept"));
}

TEST(Gateway, KeyStandsWhereTheProviderLooks) {
  const auto of = [](std::string_view format) {
    return gateway_request(
               op_of("AIGateway",
                     R"({"url":"https://ai.example/v1?a=1","auth_key":"K/&","format":")" +
                         std::string(format) + R"(","body":{"n":1}})"))
        .value();
  };
  EXPECT_EQ(header(of("openai-chat"), "authorization"), "Bearer K/&");
  EXPECT_EQ(of("openai-chat").method, "POST");
  EXPECT_EQ(of("openai-chat").body, R"({"n":1})");
  EXPECT_EQ(header(of("anthropic"), "x-api-key"), "K/&");
  EXPECT_EQ(header(of("anthropic"), "authorization"), "(none)");
  EXPECT_EQ(of("gemini").url, "https://ai.example/v1?a=1&key=K%2F%26");
  EXPECT_EQ(header(of("bedrock"), "authorization"), "(none)");
  const auto own =
      gateway_request(op_of("AIGateway", R"({"url":"https://ai.example","auth_key":"K","body":{},
                             "headers":{"Authorization":"Own"}})"));
  EXPECT_EQ(header(*own, "authorization"), "Own");
  EXPECT_EQ(own->headers.size(), 3U);
}

TEST(Gateway, ProviderThatRefusesIsTriedAgainWhenItSays) {
  const auto op = op_of("AIGateway", R"({"url":"https://ai.example"})");
  const auto good = gateway_reply(op, response(200, R"({"choices":[]})"), 0);
  ASSERT_EQ(good.kind, Reply::Kind::kDone);
  EXPECT_EQ(good.output.dump(), R"({"choices":[]})");
  const auto busy = gateway_reply(op, response(429, R"({"e":1})", {{"Retry-After", "7"}}), 0);
  EXPECT_EQ(busy.kind, Reply::Kind::kFailed);
  EXPECT_TRUE(busy.may_retry);
  EXPECT_EQ(busy.retry_after_ms, 7'000);
  EXPECT_EQ(
      busy.error.dump(),
      R"({"name":"AIGatewayError",)"
      R"("message":"Error making AI request: unsuccessful status code: 429","data":{"e":1}})");
  EXPECT_TRUE(message(gateway_reply(op, response(200, "<html>"), 0)).contains("no JSON"));
}

}  // namespace
}  // namespace synap::inngest
