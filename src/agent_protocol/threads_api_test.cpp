#include "agent_protocol/threads_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/test_support.h"

namespace synap::agent_protocol {
namespace {

using testing::HasSubstr;

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

constexpr const char* kThread =
    R"({"threadId":"t","createdAt":"c","updatedAt":"u","metadata":{"m":1},"status":"idle",)"
    R"("values":{"log":["a"]},"interrupts":{}})";

class ThreadsApiTest : public testing::Test {
 protected:
  net::Response ask(std::string method, std::string path, std::string body = "",
                    std::string query = "", net::Headers more = {}) {
    net::Request request{.method = std::move(method), .path = std::move(path)};
    request.query = std::move(query);
    request.body = std::move(body);
    request.headers = std::move(more);
    request.headers.add("x-api-key", "k");
    if (!request.body.empty()) request.headers.add("content-type", "application/json");
    rest_->served = {};
    return sync_wait(executor_, api_.serve(request));
  }
  std::string asked() const { return rest_->served.path + " " + rest_->served.body; }
  std::string refused(std::string method, std::string path, std::string body = "",
                      std::string query = "") {
    const auto response =
        ask(std::move(method), std::move(path), std::move(body), std::move(query));
    EXPECT_EQ(rest_->served.path, "") << "nothing was asked";
    return std::to_string(response.status) + " " + std::string(response.body.view());
  }

  ThreadExecutor executor_{"test"};
  std::shared_ptr<Rest> rest_ = std::make_shared<Rest>();
  ThreadsApi api_{rest_, real_world()};
};

TEST_F(ThreadsApiTest, MakesAThreadUnderItsNameOrUnderANewOne) {
  rest_->answer = kThread;
  const auto made =
      ask("POST", "/threads", R"({"thread_id":"t","metadata":{"m":1},"if_exists":"do_nothing"})");
  EXPECT_EQ(asked(), R"(/api/graphThreads.create {"threadId":"t","metadata":{"m":1},)"
                     R"("ifExists":"do_nothing"})");
  EXPECT_EQ(*rest_->served.headers.find("authorization"), "Bearer k");
  EXPECT_EQ(made.body.view(),
            R"({"thread_id":"t","created_at":"c","updated_at":"u","state_updated_at":null,)"
            R"("metadata":{"m":1},"status":"idle","values":{"log":["a"]},"interrupts":{}})");
  ask("POST", "/threads", "{}");
  const auto first = asked();
  ask("POST", "/threads", "{}");
  EXPECT_THAT(first, HasSubstr(R"({"threadId":"0)"));
  EXPECT_NE(asked(), first);
}

TEST_F(ThreadsApiTest, NamesAreSegmentsAsTheSdksWriteThem) {
  rest_->answer = kThread;
  ask("GET", "/threads/a%2Fb%20%C3%BC", "", "include=ttl");
  EXPECT_EQ(asked(), "/api/graphThreads.get {\"threadId\":\"a/b \xc3\xbc\"}");
  EXPECT_EQ(*rest_->served.headers.find("content-type"), "application/json");
  ask("GET", "/threads/search");
  EXPECT_EQ(asked(), R"(/api/graphThreads.get {"threadId":"search"})");
  ask("GET", "/threads/%2E%2E");
  EXPECT_EQ(asked(), R"(/api/graphThreads.get {"threadId":".."})");
  EXPECT_THAT(refused("GET", "/threads/%ff"), HasSubstr("400 "));
  EXPECT_THAT(refused("GET", "/threads/%2"), HasSubstr("400 "));
  EXPECT_EQ(ask("DELETE", "/threads/t").status, 204);
  EXPECT_EQ(asked(), R"(/api/checkpoints.deleteThread {"threadId":"t"})");
}

TEST_F(ThreadsApiTest, ChangesMetadataAndCopies) {
  rest_->answer = kThread;
  ask("PATCH", "/threads/t", R"({"metadata":{"n":2}})");
  EXPECT_EQ(asked(), R"(/api/graphThreads.update {"threadId":"t","metadata":{"n":2}})");
  const auto minimal =
      ask("PATCH", "/threads/t", R"({"metadata":{}})", "", {{"prefer", "return=minimal"}});
  EXPECT_EQ(minimal.status, 204);
  EXPECT_EQ(minimal.body.view(), "");
  ask("POST", "/threads/t/copy");
  EXPECT_THAT(asked(), HasSubstr(R"(/api/graphThreads.copy {"sourceThreadId":"t","targetThread)"));
  rest_->answer = R"({"checkpoints":3,"threads":2})";
  EXPECT_EQ(ask("POST", "/threads/prune", R"({"thread_ids":["a","b"]})").body.view(),
            R"({"pruned_count":2})");
  EXPECT_EQ(asked(), R"(/api/checkpoints.prune {"threadIds":["a","b"],"strategy":"delete"})");
}

// A page of another origin can post without a body and without saying what it is; not with a key.
TEST_F(ThreadsApiTest, ABodyThatIsNotThereIsJsonOnlyOfWhoHasAKey) {
  net::Request request{.method = "POST", .path = "/threads/t/copy"};
  request.headers = {{"cookie", "synap=x"}};
  sync_wait(executor_, api_.serve(request));
  EXPECT_EQ(rest_->served.headers.find("content-type"), nullptr);
  request.headers = {{"x-api-key", "k"}};
  sync_wait(executor_, api_.serve(request));
  EXPECT_EQ(*rest_->served.headers.find("content-type"), "application/json");
}

TEST_F(ThreadsApiTest, SearchesAndCounts) {
  rest_->answer = std::string(R"({"threads":[)") + kThread + R"(],"isCut":true})";
  const auto found =
      ask("POST", "/threads/search",
          R"({"metadata":{"m":1},"values":{"x":2},"ids":["t"],"status":"idle","limit":5,)"
          R"("offset":0,"sort_by":"created_at","sort_order":"asc",)"
          R"("select":["thread_id","status"],"extract":null})");
  EXPECT_EQ(asked(),
            R"(/api/graphThreads.search {"metadata":{"m":1},"values":{"x":2},"ids":["t"],)"
            R"("status":"idle","limit":5,"offset":0,"sortOrder":"asc","sortBy":"createdAt",)"
            R"("withValues":false})");
  EXPECT_EQ(found.body.view(), R"([{"thread_id":"t","status":"idle"}])");
  EXPECT_EQ(*found.headers.find("x-synap-is-cut"), "true");
  rest_->answer = R"({"count":7})";
  EXPECT_EQ(ask("POST", "/threads/count", R"({"status":"busy"})").body.view(), "7");
  EXPECT_EQ(asked(), R"(/api/graphThreads.count {"status":"busy"})");
}

constexpr const char* kState =
    R"({"threadId":"t","checkpointNs":"","checkpointId":"2","parentCheckpointId":"1",)"
    R"("createdAt":"c","metadata":{"step":1},"values":{"log":["a"],"n":1},"next":["second"],)"
    R"("tasks":[{"id":"i","name":"second","interrupts":[{"id":"q","value":"May I?"}]}],)"
    R"("interrupts":[{"id":"q","value":"May I?"}]})";

TEST_F(ThreadsApiTest, GivesAStateInTheProtocolsWords) {
  rest_->answer = kState;
  const auto state = ask("GET", "/threads/t/state", "", "subgraphs=False");
  EXPECT_EQ(asked(), R"(/api/graphThreads.state {"threadId":"t"})");
  EXPECT_EQ(
      state.body.view(),
      R"({"values":{"log":["a"],"n":1},"next":["second"],"tasks":[{"id":"i","name":"second",)"
      R"("error":null,"interrupts":[{"id":"q","value":"May I?"}],"result":null,)"
      R"("checkpoint":null,"state":null}],"metadata":{"step":1},"created_at":"c",)"
      R"("checkpoint":{"thread_id":"t","checkpoint_ns":"","checkpoint_id":"2",)"
      R"("checkpoint_map":null},"parent_checkpoint":{"thread_id":"t","checkpoint_ns":"",)"
      R"("checkpoint_id":"1","checkpoint_map":null},"interrupts":[{"id":"q","value":"May I?"}]})");
  EXPECT_EQ(ask("GET", "/threads/t/state/2", "", "select=values.n&select=next").body.view(),
            R"({"values":{"n":1},"next":["second"]})");
  EXPECT_EQ(asked(), R"(/api/graphThreads.state {"threadId":"t","checkpointId":"2"})");
  ask("POST", "/threads/t/state/checkpoint",
      R"({"checkpoint":{"thread_id":"t","checkpoint_ns":"child:1","checkpoint_id":null},)"
      R"("subgraphs":false})");
  EXPECT_EQ(asked(), R"(/api/graphThreads.state {"threadId":"t","checkpointNs":"child:1"})");
}

TEST_F(ThreadsApiTest, GivesAHistory) {
  rest_->answer = std::string(R"({"states":[)") + kState + R"(],"isCut":false})";
  const auto history = ask("POST", "/threads/t/history",
                           R"({"limit":3,"before":{"configurable":{"checkpoint_id":"9"}},)"
                           R"("metadata":{"step":1},"checkpoint":{"checkpoint_ns":"n"},)"
                           R"("select":["created_at"]})");
  EXPECT_EQ(asked(), R"(/api/graphThreads.history {"threadId":"t","limit":3,)"
                     R"("metadata":{"step":1},"before":"9","checkpointNs":"n"})");
  EXPECT_EQ(history.body.view(), R"([{"created_at":"c"}])");
  EXPECT_EQ(history.headers.find("x-synap-is-cut"), nullptr);
  ask("POST", "/threads/t/history", R"({"before":"9"})");
  EXPECT_EQ(asked(), R"(/api/graphThreads.history {"threadId":"t","before":"9"})");
  ask("GET", "/threads/t/history", "", "limit=2&before=9");
  EXPECT_EQ(asked(), R"(/api/graphThreads.history {"threadId":"t","limit":2,"before":"9"})");
}

TEST_F(ThreadsApiTest, SaysWhatItDoesNotDo) {
  EXPECT_THAT(refused("POST", "/threads", R"({"ttl":{"ttl":5}})"), HasSubstr("400 "));
  EXPECT_THAT(refused("POST", "/threads", R"({"ttl":{"ttl":5}})"),
              HasSubstr("--threads-retention"));
  EXPECT_THAT(refused("PATCH", "/threads/t", R"({"metadata":{},"ttl":5})"), HasSubstr("ttl"));
  for (const std::string of_state : {R"({"values":{"n":1}})", R"({"messages":[]})"}) {
    EXPECT_THAT(refused("PATCH", "/threads/t", of_state), HasSubstr("updateState"));
  }
  EXPECT_THAT(refused("POST", "/threads", R"({"supersteps":[{}]})"), HasSubstr("supersteps"));
  EXPECT_THAT(refused("POST", "/threads", R"({"colour":"red"})"), HasSubstr("colour"));
  EXPECT_THAT(refused("POST", "/threads/search", R"({"extract":{"a":"b"}})"), HasSubstr("extract"));
  EXPECT_THAT(refused("POST", "/threads/search", R"({"select":["x\"y"]})"),
              HasSubstr("there is no field"));
  EXPECT_THAT(refused("POST", "/threads/search", R"({"select":["values.log"]})"),
              HasSubstr("there is no field"));
  EXPECT_THAT(refused("GET", "/threads/t/state", "", "select=status"),
              HasSubstr("there is no field"));
  EXPECT_THAT(refused("GET", "/threads/t/state", "", "subgraphs=true"), HasSubstr("checkpoint_ns"));
  EXPECT_THAT(refused("GET", "/threads/t", "", "colour=red"), HasSubstr("400 "));
  EXPECT_THAT(refused("POST", "/threads/search", "[1]"), HasSubstr("400 "));
  EXPECT_THAT(refused("POST", "/threads/t/history", R"({"checkpoint":5})"), HasSubstr("400 "));
}

TEST_F(ThreadsApiTest, WhatIsRefusedThereIsRefusedHere) {
  rest_->status = 404;
  rest_->answer = R"({"detail":"You have no such thread"})";
  const auto refused = ask("GET", "/threads/t");
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(refused.body.view(), R"({"detail":"You have no such thread"})");
}

TEST_F(ThreadsApiTest, WhatOnlyARuntimeCanDoIsRefusedByTheHead) {
  const auto head = [&](std::string method, std::string path) {
    const net::Request request{.method = std::move(method), .path = std::move(path)};
    return sync_wait(executor_, api_.admit(request));
  };
  for (const char* path : {"/threads/t/runs", "/threads/t/runs/stream", "/threads/t/runs/r/join",
                           "/threads/t/stream", "/threads/t/commands"}) {
    const auto refused = head("POST", path);
    EXPECT_EQ(refused.answer->status, 501) << path;
    EXPECT_THAT(std::string(refused.answer->body.view()), HasSubstr("SynapSaver")) << path;
  }
  const auto update = head("POST", "/threads/t/state");
  EXPECT_EQ(update.answer->status, 501);
  EXPECT_THAT(std::string(update.answer->body.view()), HasSubstr("update_state"));
  const auto wrong = head("PUT", "/threads/t");
  EXPECT_EQ(wrong.answer->status, 405);
  EXPECT_EQ(*wrong.answer->headers.find("allow"), "GET, PATCH, DELETE");
  for (const char* path : {"/threads/", "/threads//state", "/threads/t/"}) {
    EXPECT_EQ(head("GET", path).answer->status, 404) << path;
  }
  EXPECT_FALSE(head("DELETE", "/threads/t").answer);
  EXPECT_EQ(rest_->admitted.path, "/api/checkpoints.deleteThread");
  NotServed others;
  const auto assistants = sync_wait(executor_, others.admit({.method = "POST"}));
  EXPECT_EQ(assistants.answer->status, 501);
}

}  // namespace
}  // namespace synap::agent_protocol
