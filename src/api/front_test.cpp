// A Front behind a real server, as a client sees it.
#include "api/front.h"

#include <gtest/gtest.h>

#include "api/procedures.h"
#include "base/test_support.h"
#include "db/sqlite/sqlite_database.h"
#include "events/sqlite/sqlite_event_log.h"
#include "net/server.h"
#include "net/test_client.h"

namespace synap::api {
namespace {

class FrontTest : public testing::Test {
 protected:
  FrontTest() {
    Keys::add_event_types(types_);
    database_ =
        std::move(*db::sqlite::SqliteDatabase::open({.path = directory_.path() + "/test.db"}));
    log_ = std::move(*events::sqlite::SqliteEventLog::open(*database_));
    EXPECT_TRUE(database_->migrate(Keys::migrations()));
    keys_ = std::make_unique<Keys>(*database_, *log_, types_);
    key_ = sync_wait(executor_, keys_->create_user("ann", Role::kOwner, ""))->key;
    table_.add({.path = "health",
                .kind = rpc::Kind::kQuery,
                .is_public = true,
                .handler = [](rpc::Call) -> Task<Result<rpc::Reply>> {
                  co_return rpc::Reply(rpc::Text("\"well\""));
                }});
    // Answers the Idempotency-Key of the call.
    add_mutation<void, std::string>(
        table_, "key", "",
        [](Session session) -> Task<Result<std::string>> { co_return session.idempotency_key; });
  }
  void TearDown() override { server_.reset(); }

  std::uint16_t start() {
    front_ = std::make_unique<Front>(options_, table_, *keys_,
                                     []() -> Task<Result<>> { co_return Result<>{}; });
    server_ = std::make_unique<net::HttpServer>(server_options_, *front_);
    EXPECT_TRUE(server_->start());
    return server_->port();
  }
  std::string authorization() const { return "authorization: Bearer " + key_ + "\r\n"; }

  FrontOptions options_;
  net::ServerOptions server_options_;
  test::TempDirectory directory_;
  events::EventTypes types_;
  ThreadExecutor executor_{"test"};
  std::unique_ptr<db::sqlite::SqliteDatabase> database_;
  std::unique_ptr<events::sqlite::SqliteEventLog> log_;
  std::unique_ptr<Keys> keys_;
  rpc::ProcedureTable table_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<net::HttpServer> server_;
  std::string key_;
};

constexpr const char* kJson = "content-type: application/json\r\n";

TEST_F(FrontTest, RefusesAStrangersCallBeforeItsBodyHasCome) {
  net::TestClient client(start());
  client.send(
      "POST /trpc/key HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
      "origin: http://localhost:3000\r\ncontent-length: 10000000\r\n\r\n[[");
  const auto answer = client.read_response();
  EXPECT_EQ(answer.status, 401);
  EXPECT_NE(answer.body.find("\"path\":\"key\""), std::string::npos) << answer.body;
  EXPECT_NE(answer.header("access-control-allow-origin"), "") << "a page may read why";
}

TEST_F(FrontTest, AnswersWhatNeedsNoBodyWithoutOne) {
  const auto port = start();
  for (const char* path : {"/health", "/ready", "/nothing"}) {
    net::TestClient client(port);
    client.send(std::string("POST ") + path +
                " HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10000000\r\n\r\n");
    EXPECT_NE(client.read_response().status, 0) << path;
  }
}

TEST_F(FrontTest, AnIdempotencyKeyIsOneMutations) {
  net::TestClient client(start());
  const auto headers = kJson + authorization() + "idempotency-key: k\r\n";
  EXPECT_EQ(client.post("/trpc/key", "", headers).body, R"({"result":{"data":"k"}})");
  EXPECT_EQ(client.post("/trpc/key?batch=1", "{}", headers).body, R"([{"result":{"data":"k"}}])");
  const auto two = client.post("/trpc/key,key?batch=1", "{}", headers);
  EXPECT_EQ(two.status, 400);
  EXPECT_NE(two.body.find("An Idempotency-Key is one mutation's"), std::string::npos) << two.body;
  // Reading twice does no harm.
  EXPECT_EQ(client.get("/trpc/health,health?batch=1", headers).status, 200);
}

TEST_F(FrontTest, AnIdempotencyKeyOfAnUpgradeIsNoCalls) {
  net::TestClient client(start());
  ASSERT_EQ(client.upgrade("/trpc", authorization() + "idempotency-key: k\r\n").status, 101);
  client.send_text(R"({"id":1,"method":"mutation","params":{"path":"key"}})");
  EXPECT_EQ(client.read_text(), R"({"id":1,"result":{"type":"data","data":""}})");
}

}  // namespace
}  // namespace synap::api
