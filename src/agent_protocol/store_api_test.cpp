#include "agent_protocol/store_api.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/test_support.h"

namespace synap::agent_protocol {
namespace {

/// Says what it was asked, and answers what it was told.
class Rest final : public net::Handler {
 public:
  Task<net::Admission> admit(const net::Request& head) override {
    admitted = head;
    co_return net::Admission{};
  }
  Task<net::Response> serve(const net::Request& request) override {
    served = request;
    net::Response response{.status = status};
    response.body = answer;
    co_return response;
  }
  std::optional<net::Response> refuse_upgrade(const net::Request&) override {
    return net::Response{.status = 404};
  }
  Task<void> serve_websocket(const net::Request&, net::WebSocket&) override { co_return; }
  net::Response refusal(const Error&) override { return {.status = 500}; }

  net::Request admitted;
  net::Request served;
  int status = 200;
  std::string answer = "{}";
};

class StoreApiTest : public testing::Test {
 protected:
  net::Response ask(std::string method, std::string path, std::string body,
                    std::string query = "") {
    net::Request request{.method = std::move(method), .path = std::move(path)};
    request.query = std::move(query);
    request.body = std::move(body);
    request.headers = {{"x-api-key", "k"}, {"content-type", "application/json"}};
    return sync_wait(executor_, api_.serve(request));
  }
  std::string asked() const { return rest_->served.path + " " + rest_->served.body; }

  ThreadExecutor executor_{"test"};
  std::shared_ptr<Rest> rest_ = std::make_shared<Rest>();
  StoreApi api_{rest_};
};

TEST_F(StoreApiTest, AsksTheProcedureOfTheSameName) {
  const auto put =
      ask("PUT", "/store/items",
          R"({"namespace":["a"],"key":"k","value":{"x":null},"index":false,"ttl":null})");
  EXPECT_EQ(put.status, 204);
  EXPECT_EQ(put.body.view(), "");
  EXPECT_EQ(asked(),
            R"(/api/store.put {"namespace":["a"],"key":"k","value":{"x":null},"index":[]})");
  ask("DELETE", "/store/items", R"({"namespace":["a"],"key":"k"})");
  EXPECT_EQ(asked(), R"(/api/store.delete {"namespace":["a"],"key":"k"})");
  ask("POST", "/store/namespaces", R"({"max_depth":2,"prefix":["a"]})");
  EXPECT_EQ(asked(), R"(/api/store.namespaces {"maxDepth":2,"prefix":["a"]})");
  EXPECT_EQ(*rest_->served.headers.find("authorization"), "Bearer k");
}

TEST_F(StoreApiTest, AnItemIsNamedByPeriodsOrByRepeatedParameters) {
  for (const char* query :
       {"namespace=a.b&key=x%20y&refresh_ttl=True", "namespace=a&namespace=b&key=x+y"}) {
    ask("GET", "/store/items", "", query);
    EXPECT_EQ(asked(), R"(/api/store.get {"namespace":["a","b"],"key":"x y"})") << query;
    EXPECT_EQ(rest_->served.method, "POST");
  }
  EXPECT_EQ(ask("GET", "/store/items", "", "namespace=a").status, 400) << "no key";
  EXPECT_EQ(ask("GET", "/store/items", "", "namespace=a&key=k&colour=red").status, 400);
}

TEST_F(StoreApiTest, AnswersInTheProtocolsOwnWords) {
  rest_->answer =
      R"({"item":{"namespace":["a"],"key":"k","value":{"x":1},"version":3,"createdAt":"c","updatedAt":"u"}})";
  EXPECT_EQ(ask("GET", "/store/items", "", "namespace=a&key=k").body.view(),
            R"({"namespace":["a"],"key":"k","value":{"x":1},"created_at":"c","updated_at":"u"})");
  rest_->answer = "{}";
  EXPECT_EQ(ask("GET", "/store/items", "", "namespace=a&key=k").body.view(), "null");
  rest_->answer =
      R"({"items":[{"namespace":["a"],"key":"k","value":{},"score":0.5}],"isCut":true})";
  EXPECT_EQ(
      ask("POST", "/store/items/search", R"({"namespace_prefix":[],"filter":null})").body.view(),
      R"({"items":[{"namespace":["a"],"key":"k","value":{},"score":0.5}],"is_cut":true})");
  EXPECT_EQ(asked(), R"(/api/store.search {"namespacePrefix":[]})");
  ask("POST", "/store/items/search",
      R"({"query":")" + std::string(999, 'a') + "\xc3\xbc\xc3\xbc" + R"("})");
  EXPECT_EQ(asked(), R"(/api/store.search {"query":")" + std::string(999, 'a') + "\xc3\xbc\"}");
  rest_->answer = R"({"namespaces":[["a","b"]],"isCut":false})";
  EXPECT_EQ(ask("POST", "/store/namespaces", "{}").body.view(), R"({"namespaces":[["a","b"]]})");
}

TEST_F(StoreApiTest, WhatIsRefusedThereIsRefusedHere) {
  rest_->status = 409;
  rest_->answer = R"({"detail":"no"})";
  const auto refused = ask("PUT", "/store/items", R"({"namespace":["a"],"key":"k","value":{}})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.body.view(), R"({"detail":"no"})");
}

TEST_F(StoreApiTest, SaysWhatItDoesNotKeep) {
  const auto refused =
      ask("PUT", "/store/items", R"({"namespace":["a"],"key":"k","value":{},"ttl":5})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.view().find("ttl: nothing ends by itself"), std::string_view::npos);
  EXPECT_EQ(rest_->served.path, "") << "nothing was stored";
  EXPECT_EQ(ask("POST", "/store/items/search", "[1]").status, 400);
  EXPECT_EQ(ask("POST", "/store/items/search", "{").status, 400);
}

TEST_F(StoreApiTest, OtherPathsAndMethodsAreRefusedByTheHead) {
  const auto head = [&](std::string method, std::string path) {
    const net::Request request{.method = std::move(method), .path = std::move(path)};
    return sync_wait(executor_, api_.admit(request));
  };
  EXPECT_EQ(head("GET", "/store").answer->status, 404);
  const auto posted = head("POST", "/store/items");
  EXPECT_EQ(posted.answer->status, 405);
  EXPECT_EQ(*posted.answer->headers.find("allow"), "PUT, GET, DELETE");
  EXPECT_FALSE(head("DELETE", "/store/items").answer);
  EXPECT_EQ(rest_->admitted.path, "/api/store.delete");
}

}  // namespace
}  // namespace synap::agent_protocol
