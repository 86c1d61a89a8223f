// /session as a browser uses it, over a socket.
#include "api/session_page.h"

#include <gtest/gtest.h>

#include "api/front.h"
#include "api/procedures.h"
#include "api/test_keys.h"
#include "net/server.h"
#include "net/test_client.h"

namespace synap::api {
namespace {

class SessionPageTest : public testing::Test {
 protected:
  SessionPageTest() {
    rig_.open();
    owner_ = *sync_wait(executor_, rig_.keys->create_user("ann", Role::kOwner));
    add_query<void, std::string>(
        table_, "say", {},
        [](Session session) -> Task<Result<std::string>> { co_return session.actor->recorded.id; });
    add_mutation<void, std::string>(table_, "change", {.effects = rpc::Effects::kAppends},
                                    [](Session) -> Task<Result<std::string>> { co_return "yes"; });
    const SessionCookie cookie("pod", "");
    front_ = std::make_unique<Front>(FrontOptions{.cookie = cookie}, table_, *rig_.keys,
                                     []() -> Task<Result<>> { co_return Result<>{}; });
    front_->mount({.prefix = "/session",
                   .handler = std::make_shared<SessionPage>(*rig_.keys, cookie, "", "1.2.3")});
    server_ = std::make_unique<net::HttpServer>(net::ServerOptions{}, *front_);
    EXPECT_TRUE(server_->start());
  }
  void TearDown() override { server_.reset(); }

  net::TestResponse ask(std::string_view method, std::string_view path,
                        std::string_view headers = "") {
    net::TestClient client(server_->port());
    client.request(method, path, headers);
    return client.read_response();
  }
  // What a browser sends of the pod's own page, which was found at http://localhost.
  std::string page(std::string_view more = "") const {
    std::string headers =
        "origin: http://localhost\r\ncontent-type: application/json\r\n"
        "synap-page: " +
        page_ + "\r\n";
    if (!cookie_.empty()) headers += "cookie: " + cookie_ + "\r\n";
    return headers.append(more);
  }
  net::TestResponse sign_in(const std::string& secret) {
    auto answer = ask("POST", "/session", page("authorization: Bearer " + secret + "\r\n"));
    if (answer.status != 200) return answer;
    const auto cookie = answer.header("set-cookie");
    cookie_ = cookie.substr(0, cookie.find(';'));
    page_ = parse_json(answer.body)->string_or("page", "");
    return answer;
  }

  ThreadExecutor executor_{"test"};
  TestKeys rig_;
  NewKey owner_;
  rpc::ProcedureTable table_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<net::HttpServer> server_;
  std::string cookie_;
  std::string page_ = "1";
};

TEST_F(SessionPageTest, AKeySignsInAndTheCookieThenStandsForIt) {
  EXPECT_EQ(ask("GET", "/session", page()).status, 401);
  const auto answer = sign_in(owner_.key);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto told = *parse_json(answer.body);
  EXPECT_EQ(told.find("user")->string_or("name", ""), "ann");
  EXPECT_EQ(told.find("user")->string_or("role", ""), "owner");
  EXPECT_EQ(told.find("pod")->string_or("version", ""), "1.2.3");
  EXPECT_NE(told.find("expiresAt"), nullptr);
  EXPECT_EQ(answer.body.find("synap_session"), std::string::npos) << "no script reads that half";
  EXPECT_EQ(cookie_.find(page_), std::string::npos) << "no other server is sent this one";
  EXPECT_EQ(ask("GET", "/session", page()).status, 200);
  const std::string session(told.string_or("session", ""));
  EXPECT_EQ(ask("GET", "/trpc/say", page()).body, R"({"result":{"data":")" + session + R"("}})");
  EXPECT_EQ(ask("GET", "/api/say", page()).body, '"' + session + '"');
  EXPECT_EQ(ask("POST", "/trpc/change", page()).status, 200);
  EXPECT_EQ(ask("POST", "/api/change", page()).status, 200);
}

TEST_F(SessionPageTest, APlantedCookieOfItsNameLocksNobodyOut) {
  sign_in(owner_.key);
  const auto mine = cookie_;
  const auto name = mine.substr(0, mine.find('='));
  for (const auto& cookies :
       {name + "=planted; " + mine, name + "=; " + mine, mine + "; " + name + "=planted",
        mine + "\r\ncookie: " + name + "=planted", name + "=planted\r\ncookie: " + mine}) {
    cookie_ = cookies;
    EXPECT_EQ(ask("GET", "/session", page()).status, 200) << cookies;
    EXPECT_EQ(ask("GET", "/trpc/say", page()).status, 200) << cookies;
    EXPECT_EQ(ask("POST", "/trpc/change", page()).status, 200) << cookies;
  }
  cookie_ = name + "=planted; " + name + "=other";
  EXPECT_EQ(ask("GET", "/trpc/say", page()).status, 401);
}

TEST_F(SessionPageTest, ALinkSignsInOnce) {
  const auto link =
      sync_wait(executor_, rig_.keys->create_link(*rig_.keys->find(owner_.key)))->token;
  EXPECT_EQ(sign_in(link).status, 200);
  EXPECT_EQ(ask("GET", "/trpc/say", page()).status, 200);
  EXPECT_EQ(sign_in(link).status, 401);
}

TEST_F(SessionPageTest, WhatIsNoKeySignsNobodyIn) {
  for (const char* secret : {"synap_x", "synap_link_x", "synap_session_x", "", "x y"}) {
    const auto answer = sign_in(secret);
    EXPECT_EQ(answer.status, 401) << secret;
    EXPECT_EQ(answer.header("set-cookie"), "");
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  }
}

TEST_F(SessionPageTest, TheCookieAloneIsNobodys) {
  sign_in(owner_.key);
  const std::string form =
      "origin: http://localhost\r\ncontent-type: application/json\r\ncookie: " + cookie_ + "\r\n";
  for (const std::string& half : {std::string(), std::string("synap-page: 1\r\n")}) {
    EXPECT_EQ(ask("POST", "/trpc/change", form + half).status, 401);
    EXPECT_EQ(ask("POST", "/api/change", form + half).status, 401);
    EXPECT_EQ(ask("GET", "/trpc/say", form + half).status, 401);
  }
  EXPECT_EQ(ask("DELETE", "/session", form).status, 403);
  EXPECT_EQ(ask("GET", "/trpc/say", page()).status, 200);
}

TEST_F(SessionPageTest, NobodyGoesOnInAnothersAccountWithoutAWord) {
  const auto bob = *sync_wait(executor_, rig_.keys->create_user("bob", Role::kMember));
  const auto link = sync_wait(executor_, rig_.keys->create_link(*rig_.keys->find(bob.key)))->token;
  sign_in(owner_.key);
  EXPECT_EQ(sign_in(link).status, 409);
  EXPECT_EQ(ask("GET", "/trpc/say", page()).status, 200);
  EXPECT_EQ(ask("DELETE", "/session", page()).status, 204);
  EXPECT_EQ(sign_in(link).status, 200) << "the link was not used up";
}

TEST_F(SessionPageTest, SigningInAgainEndsTheSessionBefore) {
  sign_in(owner_.key);
  const auto before = page();
  sign_in(owner_.key);
  EXPECT_EQ(ask("GET", "/trpc/say", before).status, 401);
  EXPECT_EQ(ask("GET", "/trpc/say", page()).status, 200);
}

TEST_F(SessionPageTest, OtherPagesSignNobodyInOrOutAndUseNoCookie) {
  sign_in(owner_.key);
  const std::string others =
      "origin: http://localhost:3000\r\nsynap-page: " + page_ + "\r\ncookie: " + cookie_ + "\r\n";
  EXPECT_EQ(ask("GET", "/trpc/say", others).status, 401);
  EXPECT_EQ(ask("GET", "/session", others).status, 401);
  EXPECT_EQ(ask("DELETE", "/session", others).status, 403);
  EXPECT_EQ(ask("POST", "/session", others + "authorization: Bearer " + owner_.key + "\r\n").status,
            403);
  const auto preflight = ask("OPTIONS", "/session",
                             "origin: http://localhost:3000\r\n"
                             "access-control-request-method: POST\r\n"
                             "access-control-request-headers: synap-page\r\n");
  EXPECT_EQ(preflight.header("access-control-allow-headers").find("synap-page"), std::string::npos);
  EXPECT_EQ(preflight.header("access-control-allow-credentials"), "");
}

TEST_F(SessionPageTest, SigningOutEndsTheSessionAndForgetsTheCookie) {
  sign_in(owner_.key);
  const auto answer = ask("DELETE", "/session", page());
  EXPECT_EQ(answer.status, 204);
  EXPECT_NE(answer.header("set-cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(ask("GET", "/trpc/say", page()).status, 401);
  EXPECT_EQ(ask("DELETE", "/session", page()).status, 204) << "once more does no harm";
}

TEST_F(SessionPageTest, ASocketIsOpenedByTheCookieOnThePodsOwnPageOnly) {
  sign_in(owner_.key);
  const auto told = [&](std::string_view origin) {
    net::TestClient client(server_->port());
    EXPECT_EQ(client
                  .upgrade("/trpc?connectionParams=1",
                           "origin: " + std::string(origin) + "\r\ncookie: " + cookie_ + "\r\n")
                  .status,
              101);
    client.send_text(R"({"method":"connectionParams","data":{"page":")" + page_ + R"("}})");
    client.send_text(R"({"id":1,"method":"query","params":{"path":"say"}})");
    return client.read_frame().data;
  };
  EXPECT_NE(told("http://localhost").find("result"), std::string::npos);
  EXPECT_NE(told("http://localhost:3000").find("UNAUTHORIZED"), std::string::npos);
}

TEST_F(SessionPageTest, SaysWhatItTakes) {
  const auto refused = ask("PUT", "/session", page());
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused.header("allow"), "GET, HEAD, POST, DELETE");
}

TEST(SessionPage, SigningInAndOutAreCallsLikeAny) {
  ThreadExecutor executor{"test"};
  TestKeys rig;
  rig.open(RateLimit(2));
  const auto owner = *sync_wait(executor, rig.keys->create_user("ann", Role::kOwner));
  SessionPage page(*rig.keys, SessionCookie("pod", ""), "", "1.2.3");
  net::Request head{.method = "POST", .path = "/session"};
  head.headers = {{"Host", "h"},
                  {"Origin", "http://h"},
                  {"Synap-Page", "1"},
                  {"Authorization", "Bearer " + owner.key}};
  std::vector<int> statuses;
  for (int i = 0; i < 8; ++i) {
    statuses.push_back(sync_wait(executor, page.serve(head)).status);
  }
  EXPECT_EQ(statuses.front(), 200);
  EXPECT_EQ(statuses.back(), 429) << "nobody fills the log with sessions";
}

}  // namespace
}  // namespace synap::api
