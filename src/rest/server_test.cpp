// The REST form as its callers see it, from the head of a request to the end of a stream.
#include "rest/server.h"

#include <gtest/gtest.h>

#include "base/executor.h"
#include "base/timer.h"
#include "schema/schema.h"

namespace synap::rest {
namespace {

class FakeWriter final : public net::BodyWriter {
 public:
  Task<bool> write(std::string_view chunk) override {
    if (chunks == chunks_max) co_return false;
    ++chunks;
    text += chunk;
    co_return true;
  }
  std::string text;
  int chunks = 0;
  int chunks_max = 1000;
};

class RestServer : public testing::Test {
 protected:
  RestServer() {
    options_.ping = std::chrono::milliseconds(0);
    options_.create_context =
        [this](const rpc::Origin& origin) -> Task<Result<std::shared_ptr<const rpc::Context>>> {
      paths_ = origin.paths;
      co_return nullptr;
    };
    options_.identify = [](const rpc::Origin& origin) -> Result<rpc::Caller> {
      const auto* key = origin.headers.find("authorization");
      if (key != nullptr && *key == "right") return rpc::Caller{"ann", nullptr};
      return fail(Code::kUnauthorized, "who are you");
    };
    const auto flat = object("Flat").field("tag", optional(string().max(3)));
    add("echo", rpc::Kind::kQuery, optional(flat));
    add("deep", rpc::Kind::kQuery, object("Deep").field("in", flat));
    add("change", rpc::Kind::kMutation, flat);
    add("nothing", rpc::Kind::kMutation, Schema());
    add("open", rpc::Kind::kMutation, any(), rpc::Access::kPublic);
    add("count", rpc::Kind::kSubscription, object("From").field("lastEventId", optional(string())));
    add("only", rpc::Kind::kSubscription, any());
  }
  void add(std::string path, rpc::Kind kind, const Schema& input,
           rpc::Access access = rpc::Access::kCaller) {
    table_.add({.path = path,
                .kind = kind,
                .input = input,
                .is_tracked = kind == rpc::Kind::kSubscription,
                .meta = {.access = access},
                .handler = [this, input, kind](rpc::Call call) -> Task<Result<rpc::Reply>> {
                  auto valid = validate(input, std::move(call.input.json), call.unknown_keys);
                  if (!valid) co_return fail(valid.error());
                  rpc::Text text;
                  if (*valid) text = (*valid)->dump();
                  if (error_) co_return fail(*error_);
                  if (kind != rpc::Kind::kSubscription) co_return rpc::Reply(text);
                  co_return rpc::Reply(count(text.value_or(""), call.stop));
                }});
  }
  // What it was asked for, and then numbers until it is stopped.
  rpc::Items count(std::string asked, std::stop_token stop) {
    if (items_max_ > 0) co_yield rpc::Item{"0", asked};
    for (int i = 1; i < items_max_ && !stop.stop_requested(); ++i) {
      co_yield rpc::Item{std::to_string(i), std::to_string(i)};
    }
    was_stopped_ = stop.stop_requested();
    if (stream_error_) co_return fail(*stream_error_);
    co_return rpc::Text();
  }

  static net::Request request(std::string method, std::string target, std::string body = "",
                              net::Headers headers = {{"authorization", "right"}}) {
    net::Request made{.method = std::move(method), .headers = std::move(headers)};
    const auto mark = std::min(target.find('?'), target.size());
    made.path = "/api/" + target.substr(0, mark);
    made.query = target.substr(std::min(mark + 1, target.size()));
    made.body = std::move(body);
    if (made.method == "POST") made.headers.add("content-type", "application/json");
    return made;
  }
  net::Response serve(const net::Request& asked) {
    Server server(options_, table_);
    last_ = sync_wait(executor_, server.serve(asked));
    return std::move(last_);
  }
  // "status body".
  std::string told(const net::Request& asked) {
    const auto response = serve(asked);
    return std::to_string(response.status) + " " + std::string(response.body.view());
  }
  net::Admission admit(const net::Request& head) {
    Server server(options_, table_);
    return sync_wait(executor_, server.admit(head));
  }
  std::string streamed(const net::Request& asked) {
    auto body = [&]() -> Task<void> {
      Server server(options_, table_);
      auto response = co_await server.serve(asked);
      EXPECT_EQ(*response.headers.find("content-type"), "text/event-stream");
      co_await response.stream(writer_);
    };
    sync_wait(executor_, body());
    return writer_.text;
  }

  Options options_;
  rpc::ProcedureTable table_;
  ThreadExecutor executor_{"test"};
  std::vector<std::string> paths_;
  std::optional<Error> error_;
  std::optional<Error> stream_error_;
  FakeWriter writer_;
  int items_max_ = 3;
  bool was_stopped_ = false;
  net::Response last_;
};

TEST_F(RestServer, AQueryIsReadByGetAndCalledByPost) {
  EXPECT_EQ(told(request("GET", "echo?tag=a")), R"(200 {"tag":"a"})");
  EXPECT_EQ(told(request("HEAD", "echo?tag=a")), R"(200 {"tag":"a"})");
  EXPECT_EQ(told(request("POST", "echo", R"({"tag":"a"})")), R"(200 {"tag":"a"})");
  EXPECT_EQ(told(request("POST", "deep", R"({"in":{"tag":"a"}})")), R"(200 {"in":{"tag":"a"}})");
  EXPECT_EQ(paths_, std::vector<std::string>{"deep"});
}

TEST_F(RestServer, WhatAnswersNothingSays204) {
  EXPECT_EQ(told(request("POST", "nothing")), "204 ");
  EXPECT_EQ(told(request("POST", "nothing", "{}")), "204 ");
  EXPECT_TRUE(told(request("POST", "nothing", R"({"a":1})")).starts_with("400 "));
  EXPECT_EQ(told(request("POST", "echo")), "204 ") << "an input that may be absent";
}

TEST_F(RestServer, AnErrorIsAProblem) {
  error_ = Error{Code::kConflict, "changed",
                 std::make_shared<Json>(Json::object({{"actualVersion", 2}}))};
  const auto response = serve(request("POST", "nothing"));
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(*response.headers.find("content-type"), "application/problem+json");
  EXPECT_EQ(response.body.view(),
            R"({"type":"about:blank","title":"Conflict","status":409,"detail":"changed",)"
            R"("code":"CONFLICT","details":{"actualVersion":2}})");
  error_ = Error{Code::kServiceUnavailable, "full"};
  EXPECT_EQ(*serve(request("POST", "nothing")).headers.find("retry-after"), "5");
}

TEST_F(RestServer, ABadInputIsToldByItsIssues) {
  EXPECT_EQ(told(request("GET", "echo?tag=long")),
            R"(400 {"type":"about:blank","title":"Bad Request","status":400,)"
            R"("detail":"tag: Too big: expected string to have <=3 characters",)"
            R"("code":"BAD_REQUEST","issues":[{"origin":"string","code":"too_big","maximum":3,)"
            R"("inclusive":true,"path":["tag"],)"
            R"("message":"Too big: expected string to have <=3 characters"}]})");
  EXPECT_TRUE(told(request("POST", "change", "{")).starts_with("400 "));
  EXPECT_TRUE(told(request("POST", "change", "")).starts_with("400 "));
  EXPECT_TRUE(told(request("POST", "change?tag=a", "{}")).starts_with("400 "))
      << "a parameter that nobody would read";
}

TEST_F(RestServer, UnknownKeysAreToldInAHeader) {
  const auto told_keys = [&](const char* body) {
    const auto response = serve(request("POST", "change", body));
    const auto* keys = response.headers.find("synap-unknown-keys");
    return std::to_string(response.status) + " " + (keys != nullptr ? *keys : "-");
  };
  EXPECT_EQ(told_keys(R"({"tag":"a"})"), "200 -");
  EXPECT_EQ(told_keys(R"({"tga":"a","é😀\n":1})"), R"(200 ["tga","[\"\u00e9\ud83d\ude00\\n\"]"])");
  EXPECT_EQ(told_keys(R"({"tag":1,"x":1})"), R"(400 ["x"])");
  // What was carried out must reach its caller through proxies that take small heads.
  std::string many = R"({"tag":"a")";
  for (int i = 0; i < 40; ++i) {
    many += ",\"" + std::to_string(i);
    for (int j = 0; j < 90; ++j) many += "é";
    many += "\":1";
  }
  const auto bounded = told_keys((many + "}").c_str());
  EXPECT_LT(bounded.size(), 1'100U);
  EXPECT_TRUE(bounded.ends_with(R"(more"])")) << bounded;
}

TEST_F(RestServer, TellsHowAPathIsCalled) {
  const auto allowed = [&](const char* method, const char* path) {
    const auto response = serve(request(method, path));
    EXPECT_EQ(response.status, 405) << path;
    const auto* allow = response.headers.find("allow");
    return allow == nullptr ? "(none)" : *allow;
  };
  EXPECT_EQ(allowed("PUT", "echo"), "GET, HEAD, POST");
  EXPECT_EQ(allowed("GET", "deep"), "POST");
  EXPECT_EQ(allowed("GET", "change"), "POST");
  EXPECT_EQ(allowed("HEAD", "change"), "POST");
  EXPECT_EQ(allowed("POST", "count"), "GET, HEAD");
  EXPECT_EQ(allowed("GET", "only"), "POST");
  EXPECT_TRUE(told(request("GET", "no.such")).starts_with("404 "));
  EXPECT_TRUE(told(request("GET", "")).starts_with("404 "));
  EXPECT_TRUE(told(request("GET", "%ff")).starts_with("400 "));
}

TEST_F(RestServer, ABodySaysThatItIsJson) {
  net::Request form = request("POST", "change", "{}");
  form.headers.set("content-type", "text/plain");
  EXPECT_TRUE(told(form).starts_with("415 "));
  EXPECT_EQ(admit(form).answer->status, 415) << "known from the head";
  form.headers.set("content-type", "Application/JSON; charset=utf-8");
  EXPECT_EQ(told(form), "200 {}");
  net::Request untold{.method = "POST", .path = "/api/change", .body = "{}"};
  EXPECT_TRUE(told(untold).starts_with("415 "));
}

TEST_F(RestServer, ANumberThatWouldComeBackAsAnotherIsRefused) {
  EXPECT_EQ(told(request("POST", "open", "[9007199254740992]")), "200 [9007199254740992]");
  const auto refused = told(request("POST", "open", "[9007199254740993]"));
  EXPECT_TRUE(refused.starts_with("400 ")) << refused;
  EXPECT_NE(refused.find("9007199254740993 cannot be kept"), std::string::npos) << refused;
}

TEST_F(RestServer, AStrangerIsRefusedFromTheHead) {
  const auto refused = admit(request("POST", "change", "", {}));
  ASSERT_TRUE(refused.answer);
  EXPECT_EQ(refused.answer->status, 401);
  EXPECT_EQ(*refused.answer->headers.find("www-authenticate"), "Bearer");
  EXPECT_EQ(admit(request("GET", "count", "", {})).answer->status, 401);
  EXPECT_EQ(admit(request("GET", "none", "", {})).answer->status, 404);
  EXPECT_EQ(admit(request("GET", "echo")).account, "ann");
  // What is public takes little of him.
  const auto open = admit(request("POST", "open", "", {}));
  EXPECT_FALSE(open.answer);
  EXPECT_EQ(open.account, "");
  EXPECT_EQ(open.body_bytes_max, 64 * 1024u);
}

TEST_F(RestServer, ASubscriptionIsAStreamOfEvents) {
  EXPECT_EQ(streamed(request("GET", "count")),
            ": open\n\ndata: {}\nid: 0\n\ndata: 1\nid: 1\n\ndata: 2\nid: 2\n\n"
            "event: end\ndata: {}\n\n");
}

TEST_F(RestServer, ASubscriptionResumesBehindTheLastEvent) {
  items_max_ = 1;
  auto again = request("GET", "count?lastEventId=3");
  again.headers.add("last-event-id", "7");
  EXPECT_EQ(told(request("GET", "count", "", {{"last-event-id", "\xff"}})).substr(0, 4), "400 ");
  EXPECT_TRUE(streamed(again).starts_with(": open\n\ndata: {\"lastEventId\":\"7\"}\nid: 0\n\n"));
}

TEST_F(RestServer, ASubscriptionThatFailsSaysSo) {
  error_ = Error{Code::kForbidden, "no"};
  EXPECT_TRUE(told(request("GET", "count")).starts_with("403 ")) << "before it has begun";
  error_.reset();
  stream_error_ = Error{Code::kUnauthorized, "revoked"};
  EXPECT_NE(streamed(request("GET", "count")).find("event: problem\ndata: {\"type\""),
            std::string::npos);
}

TEST_F(RestServer, ASubscriptionStopsWhenNobodyReads) {
  items_max_ = 1'000'000;
  writer_.chunks_max = 5;
  const auto text = streamed(request("GET", "count"));
  EXPECT_EQ(text.find("event: end"), std::string::npos) << "he may come back";
}

TEST_F(RestServer, ASubscriptionStopsWhenItsCallerLeaves) {
  std::stop_source gone;
  auto leaving = request("GET", "count");
  leaving.gone = gone.get_token();
  gone.request_stop();
  EXPECT_EQ(streamed(leaving), ": open\n\n");
  // Also where the items end because of it.
  items_max_ = 0;
  writer_.text.clear();
  EXPECT_EQ(streamed(leaving), ": open\n\n");
}

TEST_F(RestServer, ACallIsStoppedWhenItsCallerLeaves) {
  std::stop_source gone;
  bool was_asked = false;
  table_.add({.path = "slow",
              .kind = rpc::Kind::kMutation,
              .handler = [&](rpc::Call call) -> Task<Result<rpc::Reply>> {
                gone.request_stop();
                was_asked = call.stop.stop_requested();
                co_return rpc::Reply(rpc::Text());
              }});
  auto asked = request("POST", "slow");
  asked.gone = gone.get_token();
  serve(asked);
  EXPECT_TRUE(was_asked);
}

}  // namespace
}  // namespace synap::rest
