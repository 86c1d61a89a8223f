// What a caller who is not known is told, from the head of his request alone.
#include <gtest/gtest.h>

#include "base/executor.h"
#include "trpc/server.h"

namespace synap::trpc {
namespace {

class Admissions : public testing::Test {
 protected:
  Admissions() {
    options_.zod_error = false;
    options_.create_context =
        [](const RequestInfo&) -> Task<Result<std::shared_ptr<const rpc::Context>>> {
      co_return nullptr;
    };
    options_.identify = [](const rpc::Origin& origin) -> Result<rpc::Caller> {
      const auto* key = origin.headers.find("authorization");
      if (key != nullptr && *key == "right") return rpc::Caller{"ann", nullptr};
      const auto& params = origin.connection_params;
      if (params && params->string_or("token", "") == "right") return rpc::Caller{"ann", nullptr};
      return fail(Code::kUnauthorized, "who are you");
    };
    add("open", rpc::Kind::kQuery, true);
    add("q", rpc::Kind::kQuery, false);
    add("m", rpc::Kind::kMutation, false);
    add("s", rpc::Kind::kSubscription, false);
  }
  void add(std::string path, rpc::Kind kind, bool is_public) {
    rpc::Procedure procedure;
    procedure.path = std::move(path);
    procedure.kind = kind;
    procedure.input = any();
    if (is_public) procedure.meta.access = rpc::Access::kPublic;
    procedure.handler = [](rpc::Call) -> Task<Result<rpc::Reply>> {
      ADD_FAILURE() << "nothing is called while a request is admitted";
      co_return rpc::Reply(rpc::Text());
    };
    table_.add(std::move(procedure));
  }

  net::Admission admit(std::string method, std::string path, std::string query = "",
                       net::Headers headers = {}) {
    Server server(options_, table_);
    net::Request head{.method = std::move(method),
                      .path = "/trpc/" + std::move(path),
                      .query = std::move(query),
                      .headers = std::move(headers)};
    head.headers.add("content-type", "application/json");
    return sync_wait(executor_, server.admit(head));
  }
  // "status body" of the answer, or "(admitted)".
  std::string told(std::string method, std::string path, std::string query = "",
                   net::Headers headers = {}) {
    const auto admission =
        admit(std::move(method), std::move(path), std::move(query), std::move(headers));
    if (!admission.answer) return "(admitted)";
    return std::to_string(admission.answer->status) + " " +
           std::string(admission.answer->body.view());
  }
  static std::string unauthorized(const std::string& path) {
    return R"({"error":{"message":"who are you","code":-32001,"data":{"code":"UNAUTHORIZED",)"
           R"("httpStatus":401,"path":")" +
           path + "\"}}}";
  }

  Options options_;
  rpc::ProcedureTable table_;
  ThreadExecutor executor_{"test"};
};

TEST_F(Admissions, LetWhoeverIsKnownIn) {
  EXPECT_EQ(told("POST", "m", "", {{"authorization", "right"}}), "(admitted)");
  EXPECT_EQ(admit("POST", "m", "", {{"authorization", "right"}}).account, "ann");
  EXPECT_EQ(told("GET", "s", "connectionParams=%7B%22token%22%3A%22right%22%7D"), "(admitted)");
  options_.identify = nullptr;
  EXPECT_EQ(told("POST", "m"), "(admitted)");
}

TEST_F(Admissions, RefuseAStrangerInTheShapeOfOneCall) {
  EXPECT_EQ(told("POST", "m"), "401 " + unauthorized("m"));
  EXPECT_EQ(told("GET", "q", "input=%5B%5D"), "401 " + unauthorized("q"));
  EXPECT_EQ(told("POST", "m", "", {{"authorization", "wrong"}}), "401 " + unauthorized("m"));
}

TEST_F(Admissions, RefuseAStrangersBatchCallByCall) {
  EXPECT_EQ(told("POST", "m,m", "batch=1"),
            "401 [" + unauthorized("m") + "," + unauthorized("m") + "]");
  EXPECT_EQ(told("GET", "q,open", "batch=1"),
            "401 [" + unauthorized("q") + "," + unauthorized("open") + "]");
  // What is wrong for everybody is said first, as to those who are known.
  const auto mixed = told("GET", "q,none", "batch=1");
  EXPECT_TRUE(mixed.starts_with("207 [" + unauthorized("q") + ",{")) << mixed;
  EXPECT_NE(mixed.find("NOT_FOUND"), std::string::npos) << mixed;
}

TEST_F(Admissions, RefuseAStrangersStreamsAsStreams) {
  const auto events = admit("GET", "s");
  ASSERT_TRUE(events.answer);
  EXPECT_EQ(events.answer->status, 200);
  EXPECT_TRUE(events.answer->stream);
  const auto lines = admit("GET", "q,q", "batch=1", {{"trpc-accept", "application/jsonl"}});
  ASSERT_TRUE(lines.answer);
  EXPECT_TRUE(lines.answer->stream);
}

TEST_F(Admissions, LetAStrangerInWhereAllIsPublicButWithLittle) {
  const auto single = admit("GET", "open");
  EXPECT_FALSE(single.answer);
  EXPECT_EQ(single.account, "");
  EXPECT_LE(single.body_bytes_max, 64 * 1024u);
  EXPECT_EQ(told("GET", "open,open", "batch=1"), "(admitted)");
  EXPECT_TRUE(told("POST", "open").starts_with("405 "));
}

TEST_F(Admissions, TellAStrangerFirstWhatIsWrongWithTheWholeRequest) {
  EXPECT_TRUE(told("GET", "q,m", "batch=1").starts_with("400 "));
  EXPECT_TRUE(told("GET", "q,q", "", {{"trpc-accept", "application/jsonl"}}).starts_with("400 "));
}

}  // namespace
}  // namespace synap::trpc
