// A Front behind a real server, as a client sees it.
#include "api/front.h"

#include <gtest/gtest.h>

#include "api/procedures.h"
#include "api/test_keys.h"
#include "net/server.h"
#include "net/test_client.h"

namespace synap::api {
namespace {

struct Person {
  std::string name;
};
const ObjectSchema<Person>& describe(Type<Person>) {
  static const auto schema = object<Person>("Person").field("name", &Person::name, string().min(1));
  return schema;
}

class FrontTest : public testing::Test {
 protected:
  FrontTest() {
    rig_.open();
    keys_ = rig_.keys.get();
    key_ = sync_wait(executor_, keys_->create_user("ann", Role::kOwner))->key;
    table_.add({.path = "health",
                .kind = rpc::Kind::kQuery,
                .meta = {.access = rpc::Access::kPublic},
                .handler = [](rpc::Call) -> Task<Result<rpc::Reply>> {
                  co_return rpc::Reply(rpc::Text("\"well\""));
                }});
    // Answers the Idempotency-Key of the call.
    add_mutation<void, std::string>(
        table_, "key", {.effects = rpc::Effects::kAppends, .keeps_idempotency_keys = true},
        [](Session session) -> Task<Result<std::string>> { co_return session.idempotency_key; });
    // Answers why it is called.
    add_mutation<void, std::string>(
        table_, "reason", {.effects = rpc::Effects::kAppends},
        [](Session session) -> Task<Result<std::string>> { co_return session.reason; });
    // Answers the event because of which it is called.
    const auto cause = [](Session session) -> Task<Result<std::string>> {
      co_return session.cause == nullptr ? "none" : session.cause->type;
    };
    add_mutation<void, std::string>(table_, "cause", {.effects = rpc::Effects::kAppends}, cause);
    add_query<void, std::string>(table_, "causeOfQuery", {}, cause);
    add_untyped(table_, "causeUntyped", rpc::Kind::kMutation, {.effects = rpc::Effects::kAppends},
                schema_of<Person>(), string(),
                [](Session session, Json) -> Task<Result<std::string>> {
                  co_return session.cause == nullptr ? "null" : "\"some\"";
                });
    add_query<Person, std::string>(table_, "greet", {},
                                   [](Session, Person person) -> Task<Result<std::string>> {
                                     if (person.name == "nobody") {
                                       co_return fail(Code::kNotFound, "There is nobody");
                                     }
                                     co_return person.name;
                                   });
    add_untyped(table_, "untyped", rpc::Kind::kQuery, {}, schema_of<Person>(), string(),
                [](Session, Json person) -> Task<Result<std::string>> {
                  co_return person.find("name")->dump();
                });
    add_subscription<Person, std::string>(table_, "follow", {},
                                          [](Session, Person person) -> rpc::Items {
                                            co_yield rpc::Item{"1", "\"" + person.name + "\""};
                                            co_return rpc::Text();
                                          });
  }
  void TearDown() override { server_.reset(); }

  void make_front() {
    front_ = std::make_unique<Front>(options_, table_, *keys_,
                                     []() -> Task<Result<>> { co_return Result<>{}; });
  }
  std::uint16_t start() {
    if (!front_) make_front();
    server_ = std::make_unique<net::HttpServer>(server_options_, *front_);
    EXPECT_TRUE(server_->start());
    return server_->port();
  }
  std::string authorization() const { return "authorization: Bearer " + key_ + "\r\n"; }

  FrontOptions options_;
  net::ServerOptions server_options_;
  ThreadExecutor executor_{"test"};
  TestKeys rig_;
  Keys* keys_ = nullptr;
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

// For whoever sends some paths to the node that leads.
TEST_F(FrontTest, SaysWhetherItLeads) {
  bool leads = false;
  options_.leads = [&] { return leads; };
  net::TestClient client(start());
  EXPECT_EQ(client.get("/ready").status, 200);
  const auto other = client.get("/ready/leader");
  EXPECT_EQ(other.status, 503);
  EXPECT_TRUE(other.body.contains("Another node leads")) << other.body;
  EXPECT_EQ(other.header("retry-after"), "1");
  leads = true;
  EXPECT_EQ(client.get("/ready/leader").status, 200);
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

class CauseTest : public FrontTest {
 protected:
  CauseTest() {
    std::ignore = sync_wait(executor_, keys_->create_user("bob", Role::kMember));
    const auto page = sync_wait(executor_, rig_.log->read(events::Tenancy::whole_pod(), {}));
    own_ = page->events.front()->id.to_string();
    bobs_ = page->events.back()->id.to_string();
  }
  static std::string header(const std::string& id) { return "synap-caused-by: " + id + "\r\n"; }

  std::string own_;
  std::string bobs_;
};

TEST_F(CauseTest, IsTheEventThatTheHeaderNames) {
  net::TestClient client(start());
  const auto headers = kJson + authorization();
  const auto by_trpc = [&](const std::string& target, const std::string& id,
                           std::string body = "") {
    return client.post("/trpc/" + target, std::move(body), headers + header(id)).body;
  };
  const std::string told = R"({"result":{"data":"user.creation.completed"}})";
  EXPECT_EQ(by_trpc("cause", own_), told);
  EXPECT_EQ(by_trpc("cause,cause?batch=1", own_, "{}"), "[" + told + "," + told + "]");
  EXPECT_EQ(by_trpc("causeUntyped", own_, R"({"name":"a"})"), R"({"result":{"data":"some"}})");
  EXPECT_EQ(client.post("/trpc/cause", "", headers).body, R"({"result":{"data":"none"}})");
  EXPECT_EQ(client.post("/api/cause", "", headers + header(own_)).body,
            "\"user.creation.completed\"");
  // What changes nothing has no need of one, and looks for none.
  EXPECT_EQ(client.get("/trpc/causeOfQuery", authorization() + header(bobs_)).body,
            R"({"result":{"data":"none"}})");
}

TEST_F(CauseTest, IsNoOtherUsersAndNothingElse) {
  net::TestClient client(start());
  const auto headers = kJson + authorization();
  const auto refusal = [&](const std::string& id) {
    return client.post("/trpc/cause", "", headers + header(id));
  };
  const auto of_bob = refusal(bobs_);
  EXPECT_EQ(of_bob.status, 400);
  EXPECT_NE(of_bob.body.find("there is no such event of yours"), std::string::npos) << of_bob.body;
  EXPECT_EQ(of_bob.body, refusal(Uuid::v7().to_string()).body) << "nothing is learnt of others";
  EXPECT_EQ(client.post("/trpc/causeUntyped", R"({"name":"a"})", headers + header(bobs_)).status,
            400);
  const auto word = refusal("the note");
  EXPECT_EQ(word.status, 400);
  EXPECT_NE(word.body.find("is named by its id, as 0198"), std::string::npos) << word.body;
  EXPECT_EQ(refusal("").body, word.body) << "a header that says nothing is a mistake";
  const auto by_rest = client.post("/api/cause", "", headers + header("the note"));
  EXPECT_EQ(by_rest.status, 400);
  EXPECT_EQ(by_rest.header("content-type"), "application/problem+json");
}

TEST_F(CauseTest, OfAWebSocketIsThatOfAllItsCalls) {
  const auto port = start();
  const std::string call = R"({"id":1,"method":"mutation","params":{"path":"cause"}})";
  const std::string told = R"({"id":1,"result":{"type":"data","data":"user.creation.completed"}})";
  net::TestClient by_header(port);
  ASSERT_EQ(by_header.upgrade("/trpc", authorization() + header(own_)).status, 101);
  net::TestClient by_params(port);
  ASSERT_EQ(by_params.upgrade("/trpc?connectionParams=1").status, 101);
  by_params.send_text(R"({"method":"connectionParams","data":{"token":")" + key_ +
                      R"(","causedBy":")" + own_ + R"("}})");
  for (auto* client : {&by_header, &by_params}) {
    for (int i = 0; i < 2; ++i) {
      client->send_text(call);
      EXPECT_EQ(client->read_text(), told);
    }
  }
}

TEST_F(FrontTest, AReasonIsTextThatIsPercentEncoded) {
  const auto port = start();
  net::TestClient client(port);
  const auto by = [&](const std::string& target, const std::string& reason) {
    return client.post(target, "", kJson + authorization() + "synap-reason: " + reason + "\r\n");
  };
  EXPECT_EQ(by("/trpc/reason", "it%20is%20f%C3%BCll").body, R"({"result":{"data":"it is füll"}})");
  EXPECT_EQ(by("/api/reason", "as it is").body, "\"as it is\"");
  EXPECT_EQ(client.post("/api/reason", "", kJson + authorization()).body, "\"\"");
  for (const char* bad : {"%FF", "%", "%zz"}) {
    const auto refused = by("/api/reason", bad);
    EXPECT_EQ(refused.status, 400) << bad;
    EXPECT_NE(refused.body.find("synap-reason"), std::string::npos) << refused.body;
  }
  std::string longest;
  for (int i = 0; i < 2'000; ++i) longest += "%C3%BC";
  EXPECT_EQ(by("/api/reason", longest).status, 200) << "characters are counted, and not bytes";
  EXPECT_EQ(by("/api/reason", longest + "x").status, 400);
  // Of a WebSocket it is that of all its calls.
  net::TestClient socket(port);
  ASSERT_EQ(socket.upgrade("/trpc?connectionParams=1").status, 101);
  socket.send_text(R"({"method":"connectionParams","data":{"token":")" + key_ +
                   R"(","reason":"50% füll"}})");
  for (int i = 0; i < 2; ++i) {
    socket.send_text(R"({"id":1,"method":"mutation","params":{"path":"reason"}})");
    EXPECT_EQ(socket.read_text(), R"({"id":1,"result":{"type":"data","data":"50% füll"}})");
  }
}

TEST_F(CauseTest, MayBeNamedByAPageOfElsewhere) {
  const auto port = start();
  for (const char* path : {"/trpc/cause", "/api/cause"}) {
    net::TestClient client(port);
    client.request("OPTIONS", path, "origin: http://localhost:5173\r\n");
    const auto allowed = client.read_response().header("access-control-allow-headers");
    EXPECT_NE(allowed.find("synap-caused-by"), std::string::npos) << path;
    EXPECT_NE(allowed.find("synap-reason"), std::string::npos) << path;
  }
}

constexpr const char* kPerson = "%7B%22name%22:%22a%22,%22nmae%22:1%7D";  // {"name":"a","nmae":1}

TEST_F(FrontTest, UnknownKeysAreToldBesideTheDataOfEveryFraming) {
  net::TestClient client(start());
  const auto get = [&](const std::string& target, const std::string& headers = "") {
    return client.get("/trpc/" + target, authorization() + headers).body;
  };
  const std::string told = R"({"result":{"data":"a","unknownKeys":["nmae"]}})";
  EXPECT_EQ(get(std::string("greet?input=") + kPerson), told);
  EXPECT_EQ(get(std::string("untyped?input=") + kPerson), told);
  EXPECT_EQ(get("greet?input=%7B%22name%22:%22a%22%7D"), R"({"result":{"data":"a"}})");
  const std::string batch = std::string("untyped,greet?batch=1&input=%7B%220%22:") + kPerson +
                            ",%221%22:%7B%22name%22:%22b%22%7D%7D";
  EXPECT_EQ(get(batch), "[" + told + R"(,{"result":{"data":"b"}}])");
  EXPECT_NE(get(batch, "trpc-accept: application/jsonl\r\n").find(told), std::string::npos);
  EXPECT_NE(get(std::string("follow?input=") + kPerson)
                .find("event: unknown-keys\ndata: [\"nmae\"]\n\ndata: \"a\""),
            std::string::npos);
  // A call that fails tells them too: they may be why.
  EXPECT_NE(get("greet?input=%7B%22name%22:%22nobody%22,%22x%22:1%7D")
                .find(R"("zodError":null,"unknownKeys":["x"]}})"),
            std::string::npos);
}

TEST_F(FrontTest, UnknownKeysAreToldOverWebSocket) {
  net::TestClient client(start());
  ASSERT_EQ(client.upgrade("/trpc", authorization()).status, 101);
  client.send_text(
      R"({"id":1,"method":"query","params":{"path":"greet","input":{"name":"a","x":1}}})");
  EXPECT_EQ(client.read_text(),
            R"({"id":1,"result":{"type":"data","data":"a","unknownKeys":["x"]}})");
  client.send_text(
      R"({"id":2,"method":"subscription","params":{"path":"follow","input":{"name":"a","x":1}}})");
  EXPECT_EQ(client.read_text(), R"({"id":2,"result":{"type":"started","unknownKeys":["x"]}})");
}

TEST_F(FrontTest, UnknownKeysAreRefusedForWhoWantsThat) {
  net::TestClient client(start());
  const auto wish = [&](const std::string& how) {
    return client.get(std::string("/trpc/greet?input=") + kPerson,
                      authorization() + "synap-unknown-keys: " + how + "\r\n");
  };
  const auto refused = wish("refuse");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find(R"(Unrecognized key: \"nmae\")"), std::string::npos) << refused.body;
  EXPECT_EQ(wish("tell").status, 200);
  EXPECT_NE(wish("perhaps").body.find("\\\"refuse\\\" or \\\"tell\\\""), std::string::npos);
  ASSERT_EQ(client.upgrade("/trpc?connectionParams=1").status, 101);
  client.send_text(R"({"method":"connectionParams","data":{"token":")" + key_ +
                   R"(","unknownKeys":"refuse"}})");
  client.send_text(
      R"({"id":1,"method":"query","params":{"path":"greet","input":{"name":"a","x":1}}})");
  const auto answer = client.read_text().value_or("");
  EXPECT_NE(answer.find(R"("code":"BAD_REQUEST")"), std::string::npos) << answer;
}

TEST_F(FrontTest, IsNotServedUnderANameThatIsNotIts) {
  options_.names.public_url = "https://notes.example";
  const auto port = start();
  const auto asked_for = [&](const std::string& host, const std::string& path) {
    net::TestClient client(port);
    client.send("GET " + path + " HTTP/1.1\r\nhost: " + host + "\r\n\r\n");
    return client.read_response();
  };
  for (const char* path : {"/trpc/health", "/nothing", "/healthy", "/openapi.json"}) {
    const auto answer = asked_for("evil.example:4400", path);
    EXPECT_EQ(answer.status, 403) << path;
    EXPECT_NE(answer.body.find("public_url"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(asked_for("notes.example", "/trpc/health").status, 200);
  // Whoever looks after many machines asks each by a name of his own.
  for (const char* path : {"/health", "/ready", "/ready/leader"}) {
    EXPECT_EQ(asked_for("10.0.3.7:4400", path).status, 200) << path;
  }
  EXPECT_EQ(asked_for("127.0.0.1:4400", "/trpc/health").status, 200);
  net::TestClient socket(port);
  socket.send(
      "GET /trpc HTTP/1.1\r\nhost: evil.example\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
      "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_EQ(socket.read_response().status, 403);
}

TEST_F(FrontTest, LetsPagesOfThisMachineInAndNoOthers) {
  const auto port = start();
  const std::string evil = "origin: https://evil.example\r\n";
  const std::string local = "origin: http://localhost:5173\r\n";
  net::TestClient client(port);
  EXPECT_EQ(client.get("/trpc/health", evil).header("access-control-allow-origin"), "");
  EXPECT_EQ(client.get("/trpc/health", local).header("access-control-allow-origin"),
            "http://localhost:5173");
  EXPECT_EQ(net::TestClient(port).upgrade("/trpc", evil).status, 403);
  EXPECT_EQ(net::TestClient(port).upgrade("/trpc", local).status, 101);
  client.request("OPTIONS", "/trpc/key", local);
  EXPECT_NE(client.read_response().header("access-control-allow-headers").find("trpc-accept"),
            std::string::npos);
}

// What a mount is given.
class Echo final : public net::Handler {
 public:
  Task<net::Response> serve(const net::Request& request) override {
    co_return net::Response{.body = request.body};
  }
  std::optional<net::Response> refuse_upgrade(const net::Request&) override {
    return net::Response{.status = 404};
  }
  Task<void> serve_websocket(const net::Request&, net::WebSocket&) override { co_return; }
  net::Response refusal(const Error&) override { return {}; }
};

TEST_F(FrontTest, AMountMayAuthenticateByASignatureOfTheBody) {
  make_front();
  front_->mount({.prefix = "/signed",
                 .handler = std::make_shared<Echo>(),
                 .cors_headers = "x-signature",
                 .authentication = Authentication::kBySignature,
                 .signature_header = "x-signature",
                 .body_bytes_max = 10});
  net::TestClient client(start());
  EXPECT_EQ(client.post("/signed/a", "body", "x-signature: s\r\n").body, "body");
  EXPECT_EQ(client.post("/signed", "body", "").status, 401);
  EXPECT_EQ(client.post("/signed", "more than ten", "x-signature: s\r\n").status, 413);
}

TEST_F(FrontTest, TwoMountsCannotHaveOnePath) {
  make_front();
  for (const char* prefix : {"/trpc", "/api", "/health"}) {
    EXPECT_DEATH(front_->mount({.prefix = prefix, .handler = std::make_shared<Echo>()}), prefix);
  }
  front_->mount({.prefix = "/trpcx", .handler = std::make_shared<Echo>()});
}

TEST_F(FrontTest, ThePathBelowAnotherIsItsOwn) {
  make_front();
  front_->mount({.prefix = "/api/below", .handler = std::make_shared<Echo>()});
  net::TestClient client(start());
  EXPECT_EQ(client.post("/api/below", "echo").body, "echo");
  EXPECT_EQ(client.get("/api/inngest", authorization()).status, 404);
  EXPECT_NE(client.get("/api/inngest/x").body.find("no app of an Inngest server"),
            std::string::npos);
  EXPECT_EQ(client.get("/api/health").body, "\"well\"");
  EXPECT_EQ(client.get("/api/belowx").header("content-type"), "application/problem+json");
}

TEST_F(FrontTest, APathThatNobodyServesIsToldWhatIsServed) {
  make_front();
  front_->mount({.prefix = "/signed", .handler = std::make_shared<Echo>()});
  front_->mount({.prefix = "/signed/below", .handler = std::make_shared<Echo>()});
  net::TestClient client(start());
  const auto answer = client.get("/nowhere");
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find("Nothing is served here; there are /api, /health, /openapi.json, "
                             "/ready, /signed, /trpc\""),
            std::string::npos)
      << answer.body;
}

TEST_F(FrontTest, ThoseThatServeAllOtherPathsMaySaySoInTheirOwnWords) {
  make_front();
  front_->mount({.prefix = "",
                 .handler = std::make_shared<Echo>(),
                 .listed_as = "/ (a page, for people), /a.tgz"});
  EXPECT_EQ(front_->nothing_here().message,
            "Nothing is served here; there are / (a page, for people), /a.tgz, /api, /health, "
            "/openapi.json, /ready, /trpc");
}

TEST_F(FrontTest, ServesTheRestFormAsItServesTrpc) {
  const auto port = start();
  net::TestClient client(port);
  const auto headers = kJson + authorization() + "idempotency-key: k\r\n";
  EXPECT_EQ(client.post("/api/key", "", headers).body, "\"k\"");
  EXPECT_EQ(client.get("/api/key", authorization()).status, 405);
  // A stranger is refused before his body has come.
  net::TestClient stranger(port);
  stranger.send(
      "POST /api/key HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
      "origin: http://localhost:3000\r\ncontent-length: 10000000\r\n\r\n[[");
  const auto answer = stranger.read_response();
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_NE(answer.header("access-control-allow-origin"), "") << "a page may read why";
}

TEST_F(FrontTest, RefusesInTheShapeOfWhatWasAskedFor) {
  server_options_.body_bytes_max = 10;
  const auto port = start();
  const auto refused = [&](const char* path) {
    return net::TestClient(port).post(
        path, "more than ten bytes", kJson + authorization() + "origin: http://localhost:3000\r\n");
  };
  EXPECT_EQ(refused("/api/key").status, 413);
  EXPECT_EQ(refused("/api/key").header("content-type"), "application/problem+json");
  EXPECT_NE(refused("/api/key").header("access-control-allow-origin"), "");
  EXPECT_EQ(refused("/trpc/key").status, 413);
  EXPECT_EQ(refused("/trpc/key").header("content-type"), "application/json");
  net::TestClient elsewhere(port);
  elsewhere.send("GET /api/health HTTP/1.1\r\nhost: evil.example\r\n\r\n");
  EXPECT_EQ(elsewhere.read_response().header("content-type"), "application/problem+json");
}

TEST_F(FrontTest, GivesTheDocumentToAnybody) {
  options_.names.public_url = "https://notes.example/";
  net::TestClient client(start());
  const auto document = client.get("/openapi.json");
  EXPECT_EQ(document.status, 200);
  const auto json = parse_json(document.body);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->find("servers")->dump(), R"([{"url":"https://notes.example"}])");
  EXPECT_NE(json->find("paths")->find("/api/health"), nullptr);
}

}  // namespace
}  // namespace synap::api
