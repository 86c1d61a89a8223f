// The relay, and an Inngest server that is away, slow, wrong or picky.
#include "inngest/serve/test_rig.h"

namespace synap::inngest {
namespace {

// Takes what is posted, and answers what the test says.
class FakeServer {
 public:
  using Answer = std::function<std::string(const Json& events)>;
  explicit FakeServer(Answer answer = nullptr)
      : answer_(std::move(answer)),
        server_([this](auto& wire, const auto& seen) { wire.send(answer_to(seen)); }) {}

  std::string url() const { return server_.url(""); }
  /// Ids of events, in the order in which they were taken.
  std::vector<std::string> taken() {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  std::vector<Json> bodies() {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }
  /// "register", "events", one for each request.
  std::vector<std::string> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::vector<outbound::Seen> registrations() {
    const std::lock_guard lock(mutex_);
    return registrations_;
  }
  static std::string accepted(const Json& events) {
    Json ids = Json::array();
    for (const auto& event : events.as_array()) ids.push_back(event.string_or("id", ""));
    return outbound::answer(200, Json::object({{"ids", std::move(ids)}, {"status", 200}}).dump());
  }

 private:
  std::string answer_to(const outbound::Seen& seen) {
    const std::lock_guard lock(mutex_);
    if (seen.line.starts_with("POST /fn/register")) {
      requests_.emplace_back("register");
      registrations_.push_back(seen);
      return outbound::answer(200, R"({"ok":true,"modified":true})");
    }
    if (!seen.line.starts_with("POST /e/")) {
      requests_.emplace_back(seen.line);
      return outbound::answer(200, "{}");
    }
    requests_.emplace_back("events");
    const auto events = parse_json(seen.body);
    if (!events) return outbound::answer(400, R"({"error":"no JSON"})");
    auto answer = answer_ ? answer_(*events) : accepted(*events);
    if (answer.starts_with("HTTP/1.1 200") && answer.contains("\"status\":200")) {
      bodies_.push_back(*events);
      for (const auto& event : events->as_array()) {
        taken_.emplace_back(event.string_or("id", ""));
      }
    }
    return answer;
  }

  std::mutex mutex_;
  const Answer answer_;
  std::vector<std::string> taken_;
  std::vector<Json> bodies_;
  std::vector<std::string> requests_;
  std::vector<outbound::Seen> registrations_;
  outbound::TestServer server_;
};

class Relaying : public ServeTest {
 protected:
  void add_function(workers::WorkerPool::FunctionOptions options = {}) {
    add(
        "fn", [](const Event&, Step&) -> Task<Outcome> { co_return Outcome::done(); },
        std::move(options));
  }
  void open_to(FakeServer& server) {
    upstream_options.url = server.url();
    relay_options.pause = std::chrono::milliseconds(5);
    relay_options.pause_max = std::chrono::milliseconds(20);
    open();
  }
  /// The server has the run of `event` done.
  void carry_out(const Event& event) {
    Execution run(
        [this](std::string query, std::string body) {
          return serve("POST", std::move(query), std::move(body));
        },
        "synap-fn", posted(event));
    run.carry_out();
  }
  /// It has a run on the pod's own bus.
  void begin_here(const Event& event) {
    ASSERT_TRUE(test::run(executor, [&] {
      return database->write(
          [&](db::Tx& tx) { engine->dispatcher.start(tx, engine->functions.find("fn"), event); });
    }));
  }
  static bool until(const std::function<bool()>& is_so) {
    for (int i = 0; i < 1'000; ++i) {
      if (is_so()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  static std::vector<std::string> ids_of(const std::vector<events::EventRef>& events) {
    std::vector<std::string> ids;
    for (const auto& event : events) ids.push_back(event->id.to_string());
    return ids;
  }
};

TEST_F(Relaying, PostsWhatFunctionsHearAsItStandsInTheLog) {
  FakeServer server;
  prefix = "pod/";
  add_function({.in_aggregate_order = true});
  open_to(server);
  append("thing.other.requested");
  const auto thing = Uuid::v7();
  const auto event = append("thing.making.requested", R"({"b":[1,2.50],"a":"x"})", thing);
  start_relay();
  ASSERT_TRUE(until([&] { return server.taken().size() == 1; }));
  const auto told = server.bodies()[0].as_array()[0];
  EXPECT_EQ(
      told.dump(),
      fmt::format(
          R"({{"name":"pod/thing.making.requested","id":"{0}","ts":{1},"v":"1",)"
          R"("user":{{"id":"ann","synap":{{"id":"{0}","position":2,"line":"{2}",)"
          R"("aggregateId":"{2}","aggregateType":"thing","aggregateVersion":1,"source":"api"}}}},)"
          R"("data":{{"b":[1,2.5],"a":"x"}}}})",
          event->id.to_string(), event->timestamp, thing.to_string()));
  ASSERT_TRUE(wait_until("SELECT position FROM relay_state", "2"));
  EXPECT_EQ(server.requests(), (std::vector<std::string>{"register", "events"}));
  EXPECT_TRUE(until([&] { return relay->progress().lag == 0; })) << "once that is known here, too";
}

TEST_F(Relaying, NothingIsLostWhileTheServerIsAwayOrWrong) {
  std::atomic<int> requests = 0;
  FakeServer server([&](const Json& events) -> std::string {
    switch (++requests) {
      case 1:
        return outbound::answer(500, "oops");
      case 2:
        return outbound::answer(401, R"({"error":"Event key not found","status":401})");
      case 3:
        return outbound::answer(200, "<html>a proxy's page</html>");
      case 4:
        return outbound::answer(200, R"({"ids":[],"status":400,"error":"no"})");
      case 5:
        return "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{";
      case 6:
        return outbound::answer(302, "", "location: http://127.0.0.1:1/\r\n");
      default:
        return FakeServer::accepted(events);
    }
  });
  add_function();
  open_to(server);
  std::vector<events::EventRef> events;
  for (int i = 0; i < 5; ++i) events.push_back(append());
  start_relay();
  ASSERT_TRUE(until([&] { return server.taken().size() >= 5; }));
  EXPECT_EQ(server.taken(), ids_of(events));
  ASSERT_TRUE(until([&] { return !relay->progress().is_down; }));
  EXPECT_EQ(relay->counts().failures.value(), 6);
  EXPECT_EQ(relay->counts().posted.value(), 5);
}

TEST_F(Relaying, AServerThatIsAwaySaysSoAndSpendsNothing) {
  add_function({.fulfills = true});
  relay_options.pause = std::chrono::milliseconds(5);
  relay_options.pause_max = std::chrono::milliseconds(10);
  open();
  append();
  start_relay();
  ASSERT_TRUE(until([&] { return relay->counts().failures.value() > 5; }));
  EXPECT_TRUE(relay->progress().is_down);
  EXPECT_EQ(relay->progress().lag, 1);
  EXPECT_FALSE(relay->progress().problem.empty());
  EXPECT_EQ(text_of("SELECT count(*) FROM relay_state"), "0");
  EXPECT_EQ(count_of("thing.making.failed"), "0");
}

TEST_F(Relaying, AnEventThatIsRefusedHoldsUpNoOther) {
  FakeServer server([](const Json& events) -> std::string {
    for (const auto& event : events.as_array()) {
      if (*event.find("data") == Json::object({{"poison", true}})) {
        return outbound::answer(400, R"({"ids":[],"status":400,"error":"too odd"})");
      }
    }
    return FakeServer::accepted(events);
  });
  add_function({.in_aggregate_order = true, .fulfills = true});
  open_to(server);
  const auto thing = Uuid::v7();
  std::vector<events::EventRef> good = {append(), append()};
  append("thing.making.requested", R"({"poison":true})", thing);
  good.push_back(append());
  good.push_back(append("thing.making.requested", "{}", thing));  // behind it in its line
  start_relay();
  ASSERT_TRUE(until([&] { return server.taken().size() >= 4; }));
  EXPECT_EQ(server.taken(), ids_of(good));
  EXPECT_EQ(count_of("thing.making.failed"), "1");
  EXPECT_EQ(text_of("SELECT json_extract(data, '$.message') FROM events ORDER BY position DESC"),
            "The Inngest server answered 400 to events: too odd");
  EXPECT_EQ(relay->counts().refused.value(), 1);
}

TEST_F(Relaying, EventsOfAnAggregateGoOneAfterAnother) {
  FakeServer server;
  add_function({.in_aggregate_order = true});
  open_to(server);
  const auto thing = Uuid::v7();
  std::vector<events::EventRef> line;
  for (int i = 0; i < 3; ++i) line.push_back(append("thing.making.requested", "{}", thing));
  const auto other = append("thing.making.requested", "{}", Uuid::v7());
  start_relay();
  ASSERT_TRUE(until([&] { return server.taken().size() == 2; }));
  EXPECT_EQ(server.taken(), ids_of({line[0], other}));
  ASSERT_TRUE(until([&] { return relay->progress().held == 2; }));
  for (int i = 0; i < 2; ++i) {
    carry_out(*line[i]);
    ASSERT_TRUE(until([&] { return server.taken().size() == 3 + static_cast<std::size_t>(i); }));
    EXPECT_EQ(server.taken().back(), line[i + 1]->id.to_string());
  }
}

// What is under way on the pod's own bus, from before the change, comes first.
TEST_F(Relaying, AnEventWaitsForRunsOfThePodsOwnBus) {
  FakeServer server;
  Watermark may_end;
  add("fn",
      [&](const Event&, Step&) -> Task<Outcome> {
        co_await may_end.wait_past(0);
        co_return Outcome::done();
      },
      {.in_aggregate_order = true});
  open_to(server);
  const auto event = append("thing.making.requested", "{}", Uuid::v7());
  begin_here(*event);
  start_relay();
  ASSERT_TRUE(until([&] { return relay->progress().held == 1; }));
  EXPECT_TRUE(server.taken().empty());
  may_end.raise(1);
  ASSERT_TRUE(until([&] { return server.taken().size() == 1; }));
}

TEST_F(Relaying, HeldEventsThatTogetherAreTooLargeAreAllPosted) {
  FakeServer server;
  Watermark may_end;
  add("fn",
      [&](const Event&, Step&) -> Task<Outcome> {
        co_await may_end.wait_past(0);
        co_return Outcome::done();
      },
      {.in_aggregate_order = true});
  open_to(server);
  for (int i = 0; i < 4; ++i) {
    const auto event = append("thing.making.requested",
                              R"({"text":")" + std::string(190'000, 'x') + "\"}", Uuid::v7());
    begin_here(*event);
  }
  start_relay();
  ASSERT_TRUE(until([&] { return relay->progress().held == 4; }));
  may_end.raise(1);
  ASSERT_TRUE(until([&] { return server.taken().size() == 4; }));
}

// They would be looked at for ever, each time first.
TEST_F(Relaying, LinesThatCannotGoOnHideNoneThatCan) {
  FakeServer server;
  add_function({.in_aggregate_order = true});
  open_to(server);
  constexpr int kStuck = 250;
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([&](db::Tx& tx) {
      for (int i = 1; i <= kStuck + 1; ++i) {
        const auto line = Uuid::v7();
        for (const int more : {0, 1'000}) EXPECT_TRUE(store->hold(tx, line, i + more));
        EXPECT_FALSE(store->hold(tx, line, i));
        if (i > kStuck) continue;
        engine->jobs.add_later(tx,
                               bus::Job{.line = line,
                                        .position = i,
                                        .run_id = line,
                                        .function = engine->functions.find("fn"),
                                        .user_id = "ann"},
                               3'600'000, false);
      }
    });
  }));
  const auto held = [&](std::int64_t after) {
    return *test::run(executor, [&] {
      return database->read([&](db::Tx& tx) { return store->held(tx, after, 100); });
    });
  };
  for (const std::int64_t after : {0, 100, kStuck, kStuck + 1}) {
    EXPECT_EQ(held(after).free, std::vector<std::int64_t>{kStuck + 1}) << after;
  }
  EXPECT_EQ(text_of("SELECT count(*) FROM held_lines"), std::to_string(kStuck + 1))
      << "what waits behind a line's first is not looked at";
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([&](db::Tx& tx) {
      EXPECT_TRUE(store->release(tx, kStuck + 1));
      EXPECT_FALSE(store->release(tx, kStuck + 1));
    });
  }));
  EXPECT_EQ(held(0).free, std::vector<std::int64_t>{kStuck + 1 + 1'000});
}

// Where a run has ended before the answer to the post of its event is here, the line is free.
TEST_F(Relaying, ALineIsFreeThoughTheAnswerWasLost) {
  const auto thing = Uuid::v7();
  std::vector<events::EventRef> line;
  std::atomic<int> requests = 0;
  FakeServer server([&](const Json& events) {
    if (++requests > 1) return FakeServer::accepted(events);
    return outbound::answer(500, "");
  });
  add_function({.in_aggregate_order = true});
  open_to(server);
  for (int i = 0; i < 2; ++i) line.push_back(append("thing.making.requested", "{}", thing));
  carry_out(*line[0]);
  start_relay();
  ASSERT_TRUE(until([&] { return server.taken().size() == 2; }));
  EXPECT_EQ(server.taken(), ids_of(line));
}

TEST_F(Relaying, ASyncThatIsAskedForIsARegistration) {
  const SigningKey key(std::string("signkey-test-00ff"));
  FakeServer server;
  upstream_options.signing_key = key;
  upstream_options.url = server.url();
  add_function();
  open(false);
  const auto now = world.unix_ms() / 1'000;
  const auto answer = serve("PUT", "deployId=d1", "{}",
                            {{"x-inngest-server-kind", "cloud"},
                             {"x-inngest-sync-kind", "out_of_band"},
                             {"x-inngest-signature", key.sign("{}", now)}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.view(), R"({"message":"Successfully registered","modified":true})");
  const auto seen = server.registrations().at(0);
  EXPECT_EQ(seen.line, "POST /fn/register?deployId=d1 HTTP/1.1");
  for (const auto& header :
       {"authorization: bearer " + key.hashed(), std::string("x-inngest-sdk: synap:v1.2.3"),
        std::string("x-inngest-expected-server-kind: cloud"),
        std::string("x-inngest-framework: synap")}) {
    EXPECT_TRUE(seen.has(header)) << seen.head;
  }
  EXPECT_EQ(seen.body,
            R"({"url":"http://pod/api/inngest","deployType":"ping","framework":"synap",)"
            R"("appName":"synap","sdk":"synap:v1.2.3","v":"0.1",)"
            R"("capabilities":{"in_band_sync":"v1","trust_probe":"v1"},"functions":[)"
            R"({"id":"synap-fn","name":"fn","triggers":[{"event":"thing.making.requested"}],)"
            R"("steps":{"step":{"id":"step","name":"step","runtime":{"type":"http",)"
            R"("url":"http://pod/api/inngest?fnId=synap-fn&stepId=step"},)"
            R"("retries":{"attempts":4}}}}]})");
  // Whoever does not sign may ask, but not again and again.
  EXPECT_EQ(serve("PUT", "", "").status, 200);
  EXPECT_EQ(serve("PUT", "", "").status, 429);
  EXPECT_EQ(server.registrations().size(), 2);
}

TEST_F(Relaying, LargeDataStayInTheLog) {
  FakeServer server;
  add_function();
  open_to(server);
  append("thing.making.requested", R"({"text":")" + std::string(300'000, 'x') + "\"}");
  start_relay();
  ASSERT_TRUE(until([&] { return server.taken().size() == 1; }));
  EXPECT_EQ(server.bodies()[0].as_array()[0].find("data")->dump(),
            R"({"_synap":{"omittedBytes":300011}})");
}

TEST_F(Relaying, AnEventWhoseRunDoesNotEndIsPostedAgain) {
  FakeServer server;
  relay_options.handed_again_after = std::chrono::milliseconds(50);
  relay_options.registration_interval = std::chrono::milliseconds(20);
  add_function({.in_aggregate_order = true});
  open_to(server);
  const auto event = append("thing.making.requested", "{}", Uuid::v7());
  start_relay();
  ASSERT_TRUE(until([&] { return server.taken().size() >= 3; }));
  EXPECT_EQ(server.taken()[2], event->id.to_string());
}

TEST_F(Relaying, AnEventWhoseFunctionIsGoneIsPostedAgainNoMore) {
  FakeServer server;
  relay_options.handed_again_after = std::chrono::milliseconds(50);
  relay_options.registration_interval = std::chrono::milliseconds(20);
  add_function({.in_aggregate_order = true});
  open_to(server);
  const auto event = append("thing.making.requested", "{}", Uuid::v7());
  // As a version of the pod that had another function left it.
  ASSERT_TRUE(test::run(executor, [&] {
    return database->write([&](db::Tx& tx) {
      tx.run("INSERT INTO served_lines(line, position, function, handed_at) VALUES ($1, $2, $3, 1)",
             *event->aggregate_id, event->position, std::string_view("gone"));
    });
  }));
  start_relay();
  ASSERT_TRUE(until([&] { return server.taken().size() >= 3; }));
  carry_out(*event);
  ASSERT_TRUE(until([&] {
    return *test::run(executor, [&] {
      return database->read([](db::Tx& tx) {
        auto rows = tx.query("SELECT count(*) FROM served_lines");
        return rows.next() ? rows.integer(0) : -1;
      });
    }) == 0;
  }));
}

TEST_F(Relaying, SignalsThatRunsWaitForAreSentOn) {
  FakeServer server;
  add_function();
  open_to(server);
  ASSERT_TRUE(sync_wait(executor, relay->hear("signal.sent")));
  append("signal.sent", R"({"signal":"go","data":7})");
  start_relay();
  ASSERT_TRUE(until([&] { return relay->counts().posted.value() == 1; }));
  EXPECT_EQ(server.requests().back(), "POST /v1/signals HTTP/1.1");
  EXPECT_TRUE(server.taken().empty());
  // A start does not send it again.
  EXPECT_TRUE(wait_until("SELECT position FROM relay_state", "1"));
}

}  // namespace
}  // namespace synap::inngest
