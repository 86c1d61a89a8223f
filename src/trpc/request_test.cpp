#include "trpc/request.h"

#include <gtest/gtest.h>

namespace synap::trpc {
namespace {

class RequestTest : public testing::Test {
 protected:
  RequestTest() {
    add("q", rpc::Kind::kQuery, any());
    add("a.q", rpc::Kind::kQuery, Schema());
    add("m", rpc::Kind::kMutation, any());
    add("s", rpc::Kind::kSubscription, any());
  }
  void add(std::string path, rpc::Kind kind, Schema input) {
    rpc::Procedure procedure;
    procedure.path = std::move(path);
    procedure.kind = kind;
    procedure.input = std::move(input);
    procedure.handler = [](rpc::Call) -> Task<Result<rpc::Reply>> {
      co_return rpc::Reply(rpc::Text());
    };
    table_.add(std::move(procedure));
  }

  static net::Request get(std::string path, std::string query = "") {
    net::Request request;
    request.method = "GET";
    request.path = "/trpc" + path;
    request.query = std::move(query);
    return request;
  }
  static net::Request post(std::string path, std::string body, std::string type) {
    net::Request request = get(std::move(path));
    request.method = "POST";
    request.body = std::move(body);
    request.headers.add("Content-Type", std::move(type));
    return request;
  }
  Result<DecodedRequest> decode(const net::Request& request) {
    return decode_request(options_, table_, request);
  }
  // The inputs as text: JSON, "undefined", or the error's name.
  std::vector<std::string> inputs(const net::Request& request) {
    const auto decoded = decode(request);
    std::vector<std::string> texts;
    for (const auto& input : decode_inputs(*decoded, request)) {
      texts.push_back(!input         ? std::string(info(input.error().code).name)
                      : !input->json ? "undefined"
                                     : input->json->dump());
    }
    return texts;
  }
  using Texts = std::vector<std::string>;

  Options options_;
  rpc::ProcedureTable table_;
};

TEST_F(RequestTest, ABatchIsExactlyBatchEqualsOne) {
  EXPECT_EQ(decode(get("/q,a.q", "batch=1"))->calls.size(), 2u);
  EXPECT_EQ(decode(get("/q%2Ca.q", "batch=1"))->calls.size(), 2u);
  const auto single = decode(get("/q,a.q", "batch=true"));
  ASSERT_EQ(single->calls.size(), 1u);
  EXPECT_EQ(single->calls[0].path, "q,a.q");
  EXPECT_EQ(single->calls[0].refusal->code, Code::kNotFound);
}

TEST_F(RequestTest, ABatchHasAtMostAsManyCallsAsAllowed) {
  options_.batch_max = 3;
  EXPECT_TRUE(decode(get("/q,q,q", "batch=1")));
  EXPECT_EQ(decode(get("/q,q,q,q", "batch=1")).error().message, "Batch call exceeds maximum size");
}

TEST_F(RequestTest, InputIsUndefinedNullOrAValue) {
  EXPECT_EQ(inputs(get("/q")), Texts{"undefined"});
  EXPECT_EQ(inputs(get("/q", "input=")), Texts{"undefined"});
  EXPECT_EQ(inputs(get("/q", "input=null")), Texts{"null"});
  EXPECT_EQ(inputs(get("/q", "input=%22a+b%22&input=2")), Texts{"\"a b\""});
  EXPECT_EQ(inputs(get("/q", "input={bad")), Texts{"BAD_REQUEST"});
  EXPECT_EQ(inputs(post("/m", "", "application/json")), Texts{"undefined"});
  EXPECT_EQ(inputs(post("/m", "[1]", "APPLICATION/JSON; charset=utf-8")), Texts{"[1]"});
}

TEST_F(RequestTest, ANumberThatWouldComeBackAsAnotherIsRefused) {
  EXPECT_EQ(inputs(get("/q", "input=9007199254740992")), Texts{"9007199254740992"});
  EXPECT_EQ(inputs(get("/q", "input=9007199254740993")), Texts{"BAD_REQUEST"});
  EXPECT_EQ(inputs(post("/m", "{\"n\":[1e400]}", "application/json")), Texts{"BAD_REQUEST"});
}

TEST_F(RequestTest, InputsOfABatchAreAnObjectByIndex) {
  EXPECT_EQ(inputs(get("/q,q,q", "batch=1&input={\"1\":5,\"2\":null,\"7\":1}")),
            (Texts{"undefined", "5", "null"}));
  EXPECT_EQ(inputs(get("/q,a.q,nope", "batch=1&input=[1]")),
            (Texts{"BAD_REQUEST", "undefined", "undefined"}));
}

TEST_F(RequestTest, AProcedureWithoutInputDoesNotLookAtIt) {
  EXPECT_EQ(inputs(get("/a.q", "input={bad")), Texts{"undefined"});
}

TEST_F(RequestTest, ASubscriptionResumesBehindTheFirstIdThatIsSaid) {
  auto request = get("/s", "input={\"to\":1,\"lastEventId\":\"0\"}&Last-Event-Id=1&lastEventId=2");
  EXPECT_EQ(inputs(request), Texts{R"({"to":1,"lastEventId":"2"})"});
  request.headers.add("last-event-id", "3");
  EXPECT_EQ(inputs(request), Texts{R"({"to":1,"lastEventId":"3"})"});
  EXPECT_EQ(decode(request)->last_event_id, "3");
  EXPECT_EQ(inputs(get("/s", "lastEventId=2")), Texts{R"({"lastEventId":"2"})"});
  EXPECT_EQ(inputs(get("/s", "input=5&lastEventId=2")), Texts{"5"});
  EXPECT_EQ(inputs(get("/q", "lastEventId=2")), Texts{"undefined"});
}

TEST_F(RequestTest, TheWrongMethodSaysWhichIsRight) {
  EXPECT_EQ(decode(get("/m"))->allow, "POST");
  EXPECT_EQ(decode(post("/q", "", "application/json"))->allow, "GET");
  options_.method_override = true;
  EXPECT_FALSE(decode(post("/q", "", "application/json"))->calls[0].refusal);
  EXPECT_EQ(decode(get("/m"))->calls[0].refusal->message,
            "Unsupported GET-request to mutation procedure at path \"m\"");
}

TEST_F(RequestTest, KindsAreNotMixed) {
  EXPECT_EQ(decode(get("/q,m,s", "batch=1")).error().message,
            "Cannot mix procedure types in call: query, mutation, subscription");
  EXPECT_EQ(decode(get("/nope,q", "batch=1"))->kind, rpc::Kind::kQuery);
  EXPECT_FALSE(decode(get("/nope"))->kind);
}

TEST_F(RequestTest, RefusesWhatItCannotReadAsAWhole) {
  EXPECT_EQ(decode(get("/%E0%A4%A")).error().code, Code::kBadRequest);
  EXPECT_EQ(decode(post("/m", "", "text/plain")).error().message,
            "Unsupported content-type \"text/plain");
  EXPECT_EQ(decode(get("/q", "connectionParams=zz")).error().code, Code::kParseError);
  options_.allow_batching = false;
  EXPECT_FALSE(decode(get("/q", "batch=1")));
}

TEST_F(RequestTest, AnUploadIsOneMutationWhateverTheQuerySays) {
  const auto request = post("/m,q?", "bytes", "application/octet-stream");
  auto batch = request;
  batch.query = "batch=1&connectionParams=zz";
  const auto decoded = decode(batch);
  ASSERT_TRUE(decoded);
  EXPECT_FALSE(decoded->is_batch);
  EXPECT_EQ(decoded->kind, rpc::Kind::kMutation);
  const auto bytes = post("/m", "bytes", "application/octet-stream");
  EXPECT_EQ(decode_inputs(*decode(bytes), bytes)[0]->bytes, "bytes");
}

TEST_F(RequestTest, AFormOfAnotherOriginIsRefused) {
  auto request = post("/m", "--b--", "multipart/form-data; boundary=b");
  request.headers.add("Host", "pod.example:8080");
  EXPECT_TRUE(decode(request));
  request.headers.set("Origin", "https://evil.example");
  EXPECT_EQ(decode(request).error().code, Code::kForbidden);
  options_.origins.allowed = {"*"};
  EXPECT_TRUE(decode(request));
  options_.origins.allowed = {"https://app.example"};
  EXPECT_EQ(decode(request).error().code, Code::kForbidden);
  for (const char* origin : {"https://app.example", "http://pod.example:8080"}) {
    request.headers.set("Origin", origin);
    EXPECT_TRUE(decode(request)) << origin;
  }
  for (const char* origin : {"null", "", "https://pod.example", "https://app.example.evil"}) {
    request.headers.set("Origin", origin);
    EXPECT_FALSE(decode(request)) << origin;
  }
}

}  // namespace
}  // namespace synap::trpc
