// What an Inngest server does to us beside calling: says things twice, loses answers, is somebody
// else, or wrong.
#include "inngest/serve/test_rig.h"

namespace synap::inngest {
namespace {

const SigningKey kKey(
    "signkey-test-8ee2262a15e8d3c42d6a840db7af3de2aab08ef632b32a37a687f24b34dba3ff");
const SigningKey kOld(
    "signkey-test-1111111111111111111111111111111111111111111111111111111111111111");

class Serving : public ServeTest {
 protected:
  Execution execution(const std::string& slug, Json event) {
    return {[this](std::string query, std::string body) {
              return serve("POST", std::move(query), std::move(body));
            },
            slug, std::move(event)};
  }
  // A function whose only step marks, and that completes with it.
  void add_marking(workers::WorkerPool::FunctionOptions options = {}) {
    add(
        "fn",
        [](const Event& event, Step& step) -> Task<Outcome> {
          co_return co_await step.finish(
              "mark", [&](db::Tx& tx) { tx.run("INSERT INTO marks VALUES ($1)", event.user_id); });
        },
        std::move(options));
  }
  std::string failures() { return count_of("thing.making.failed"); }
};

TEST_F(Serving, ACommitIsDoneOnceThoughItsAnswerIsLostAHundredTimes) {
  add_marking();
  open();
  auto run = execution("synap-fn", posted(*append()));
  const auto first = std::string(run.call("step", 0).body.view());
  for (int i = 1; i < 100; ++i) {
    const auto again = run.call("step", i % 5);
    ASSERT_EQ(again.status, 206);
    ASSERT_EQ(again.body.view(), first);
  }
  EXPECT_EQ(text_of("SELECT count(*) FROM marks"), "1");
  EXPECT_TRUE(run.carry_out().ends_with("-> step 0 1\n<- 200 null\n"));
  EXPECT_EQ(text_of("SELECT status FROM served_runs"), "completed");
}

TEST_F(Serving, ACommitIsDoneOnceByTwoCallsAtTheSameTime) {
  add_marking();
  open();
  const auto run = execution("synap-fn", posted(*append()));
  std::vector<Task<net::Response>> both;
  for (int i = 0; i < 16; ++i) {
    both.push_back(ask({.method = "POST",
                        .path = "/api/inngest",
                        .query = "fnId=synap-fn&stepId=step",
                        .body = run.body(0),
                        .peer = "127.0.0.1"}));
  }
  for (const auto& response : sync_wait(executor, when_all(std::move(both)))) {
    EXPECT_EQ(response.status, 206) << response.body.view();
    EXPECT_TRUE(response.body.view().contains("StepRun")) << response.body.view();
  }
  EXPECT_EQ(text_of("SELECT count(*) FROM marks"), "1");
}

TEST_F(Serving, AnotherRunOfTheSameEventFindsWhatTheFirstHasDone) {
  add_marking();
  open();
  const auto event = posted(*append());
  execution("synap-fn", event).carry_out();
  auto again = execution("synap-fn", event);
  again.run_id = "01BRYZ6S41TSV4RRFFQ69G5FAV";
  EXPECT_TRUE(again.carry_out().ends_with("<- 200 null\n"));
  EXPECT_EQ(text_of("SELECT count(*) FROM marks"), "1");
}

TEST_F(Serving, AStepWithEditedInputIsDoneAgain) {
  std::atomic<int> calls = 0;
  add("fn", [&](const Event&, Step& step) -> Task<Outcome> {
    co_await step.run<int>("a", [&]() -> Task<Result<int>> { co_return ++calls; });
    co_return Outcome::done();
  });
  open();
  auto run = execution("synap-fn", posted(*append()));
  run.steps.set(hash_of("a"), Json::object({{"input", Json(Json::Array{1})}}));
  EXPECT_TRUE(run.call("step", 0).body.view().contains("StepRun"));
  EXPECT_EQ(calls, 1);
}

TEST_F(Serving, EventsOfOthersAreNoneOfOurs) {
  add_marking();
  open();
  const auto other = append("thing.other.requested");
  const auto ours = append();
  auto renamed = posted(*ours);
  renamed.set("name", "thing.other.requested");
  for (const auto& [event, why] :
       {std::pair(Json::object({{"name", "thing.making.requested"},
                                {"id", "01a21a6e-30b0-7597-99cb-eb238796220a"}}),
                  "none of this pod's log"),
        std::pair(Json::object({{"name", "thing.making.requested"}}), "none of this pod's log"),
        std::pair(renamed, "none of this pod's log"),
        std::pair(posted(*other), "does not hear events of the type")}) {
    auto run = execution("synap-fn", event);
    const auto answer = run.call("step", 0);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(*answer.headers.find("x-inngest-no-retry"), "true");
    EXPECT_TRUE(answer.body.view().contains(why)) << answer.body.view();
  }
  EXPECT_EQ(text_of("SELECT count(*) FROM marks"), "0");
}

// A server that gives events ids of its own hands on what the relay has said.
TEST_F(Serving, AnEventIsKnownByWhatTheRelayHasSaidOfIt) {
  add_marking();
  open();
  const auto event = append();
  auto told = posted(*event);
  told.set("id", "01ARYZ6S41TSV4RRFFQ69G5FAV");
  told.set("user", Json::object({{"synap", Json::object({{"id", event->id.to_string()}})}}));
  EXPECT_TRUE(execution("synap-fn", told).carry_out().ends_with("<- 200 null\n"));
}

TEST_F(Serving, WhatIsNoCallIsToldSo) {
  add_marking();
  open();
  const auto event = posted(*append());
  const auto body = execution("synap-fn", event).body(0);
  for (const auto& [query, text, status] :
       {std::tuple("fnId=synap-none&stepId=step", body, 500), std::tuple("stepId=step", body, 500),
        std::tuple("fnId=synap-fn&stepId=xyz", body, 500),
        std::tuple("fnId=synap-fn&stepId=step", std::string("{"), 500),
        std::tuple("fnId=synap-fn&stepId=step", std::string("[]"), 500),
        std::tuple("fnId=synap-fn&stepId=step", std::string("{}"), 500)}) {
    const auto answer = serve("POST", query, text);
    EXPECT_EQ(answer.status, status) << query << text;
    EXPECT_NE(answer.headers.find("x-inngest-sdk"), nullptr);
    EXPECT_TRUE(parse_json(answer.body.view())->find("message")) << answer.body.view();
  }
  const auto missing = serve("POST", "fnId=synap-fn&stepId=" + hash_of("not there"), body);
  EXPECT_EQ(missing.status, 500);
  EXPECT_EQ(
      parse_json(missing.body.view())->find("foundSteps")->as_array()[0].string_or("name", ""),
      "mark");
  EXPECT_EQ(serve("DELETE", "", "").status, 405);
  EXPECT_EQ(text_of("SELECT count(*) FROM marks"), "0");
}

TEST_F(Serving, CallsAreSignedAndSoAreAnswers) {
  upstream_options.signing_key = kKey;
  upstream_options.fallback_key = kOld;
  add_marking();
  open(false);
  const auto body = execution("synap-fn", posted(*append())).body(0);
  const std::string query = "fnId=synap-fn&stepId=step";
  const auto good = signed_call(kKey, query, body, -250);
  EXPECT_EQ(good.status, 206);
  EXPECT_TRUE(kKey.verifies(*good.headers.find("x-inngest-signature"), good.body.view(),
                            world.unix_ms() / 1'000));
  EXPECT_EQ(canonical_json(*parse_json(good.body.view())), good.body.view());
  EXPECT_EQ(signed_call(kOld, query, body, 250).status, 206);
  // The server may have signed what is the same value, in canonical form.
  const auto canonical = canonical_json(*parse_json(body));
  EXPECT_EQ(serve("POST", query, body,
                  {{"x-inngest-signature", kKey.sign(canonical, world.unix_ms() / 1'000)}})
                .status,
            206);
  const SigningKey other(std::string("signkey-test-22"));
  for (const auto& refused :
       {serve("POST", query, body), signed_call(other, query, body),
        signed_call(kKey, query, body, -301), signed_call(kKey, query, body, 330),
        serve("POST", query, body, {{"x-inngest-signature", "t=&s="}}),
        serve("POST", query, body + " ",
              {{"x-inngest-signature", other.sign(body, world.unix_ms() / 1'000)}}),
        serve("GET", "", "")}) {
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.body.view(), R"({"message":"Unauthorized"})");
    EXPECT_EQ(refused.headers.find("x-inngest-sdk"), nullptr);
  }
  const auto trust = signed_call(kKey, "probe=trust", "");
  EXPECT_EQ(trust.status, 200);
  EXPECT_EQ(trust.body.view(), "");
  EXPECT_TRUE(
      kKey.verifies(*trust.headers.find("x-inngest-signature"), "", world.unix_ms() / 1'000));
}

TEST_F(Serving, WithoutAKeyOnlyThisMachineInDevelopmentMayCall) {
  add_marking();
  open(true);
  const auto body = execution("synap-fn", posted(*append())).body(0);
  net::Request request{.method = "POST",
                       .path = "/api/inngest",
                       .query = "fnId=synap-fn&stepId=step",
                       .headers = {{"host", "127.0.0.1:1"}, {"origin", "https://evil.example"}},
                       .body = body,
                       .peer = "127.0.0.1"};
  EXPECT_EQ(sync_wait(executor, ask(request)).status, 401);
  request.headers = {};
  request.peer = "10.0.0.7";
  EXPECT_EQ(sync_wait(executor, ask(request)).status, 401);
  request.peer = "127.0.0.1";
  EXPECT_EQ(sync_wait(executor, ask(request)).status, 206);
}

TEST_F(Serving, IntrospectionAndSyncInBand) {
  upstream_options.signing_key = kKey;
  upstream_options.event_key = "events";
  prefix = "pod/";
  add_marking({.retry = {.retries_max = 3}, .in_aggregate_order = true, .fulfills = true});
  open(false);
  const auto now = world.unix_ms() / 1'000;
  const auto told =
      *parse_json(serve("GET", "", "", {{"x-inngest-signature", kKey.sign("", now)}}).body.view());
  EXPECT_EQ(*told.find("authentication_succeeded"), Json(true));
  EXPECT_EQ(*told.find("function_count"), Json(2));
  EXPECT_EQ(told.string_or("mode", ""), "cloud");
  EXPECT_EQ(told.string_or("signing_key_hash", ""), to_hex(sha256(kKey.hashed())).substr(0, 12));
  const std::string body = R"({"url":"http://pod/api/inngest"})";
  const auto answer =
      serve("PUT", "", body,
            {{"x-inngest-sync-kind", "in_band"}, {"x-inngest-signature", kKey.sign(body, now)}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(*answer.headers.find("x-inngest-sync-kind"), "in_band");
  const auto synced = *parse_json(answer.body.view());
  EXPECT_EQ(synced.find("functions")->dump(),
            R"_([{"concurrency":[{"key":"event.user.synap.line","limit":1,"scope":"env"}],)_"
            R"_("id":"synap-fn","name":"fn","steps":{"step":{"id":"step","name":"step",)_"
            R"_("retries":{"attempts":3},"runtime":{"type":"http",)_"
            R"_("url":"http://pod/api/inngest?fnId=synap-fn&stepId=step"}}},)_"
            R"_("triggers":[{"event":"pod/thing.making.requested"}]},)_"
            R"_({"id":"synap-fn-failure","name":"fn (failure)","steps":{"step":{"id":"step",)_"
            R"_("name":"step","retries":{"attempts":20},"runtime":{"type":"http",)_"
            R"_("url":"http://pod/api/inngest?fnId=synap-fn-failure&stepId=step"}}},)_"
            R"_("triggers":[{"event":"inngest/function.failed",)_"
            R"_("expression":"event.data.function_id == 'synap-fn'"},)_"
            R"_({"event":"inngest/function.cancelled",)_"
            R"_("expression":"event.data.function_id == 'synap-fn'"}]}])_");
  EXPECT_EQ(serve("PUT", "", body, {{"x-inngest-sync-kind", "in_band"}}).status, 401);
}

TEST_F(Serving, AGivenUpRunFailsItsRequestOnce) {
  add("fn",
      [](const Event&, Step&) -> Task<Outcome> {
        co_return Outcome::failed_retry_in({Code::kTimeout, "too slow", nullptr}, 0);
      },
      {.fulfills = true});
  open();
  const auto event = posted(*append());
  auto run = execution("synap-fn", event);
  run.attempts_max = 3;
  for (int attempt = 0; attempt < 2; ++attempt) run.call("step", attempt);
  EXPECT_EQ(failures(), "0");
  // The answer may be lost, and the server calls what hears of failures besides.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run.call("step", 2).status, 500);
  EXPECT_EQ(failures(), "1");
  const auto failed = Json::object(
      {{"name", "inngest/function.failed"},
       {"data",
        Json::object({{"function_id", "synap-fn"},
                      {"run_id", run.run_id},
                      {"event", event},
                      {"error", Json::object({{"name", "Error"}, {"message", "boom"}})}})}});
  EXPECT_EQ(execution("synap-fn-failure", failed).carry_out(), "-> step 0 0\n<- 200 null\n");
  EXPECT_EQ(failures(), "1");
  EXPECT_EQ(text_of("SELECT json_extract(data, '$.message') FROM events ORDER BY position DESC"),
            "too slow");
}

// Where the pod was not reached at the last attempt, the server says that the run has failed.
TEST_F(Serving, TheServerSaysThatARunHasFailedOrWasCancelled) {
  add_marking({.fulfills = true});
  open();
  for (const char* name : {"inngest/function.failed", "inngest/function.cancelled"}) {
    const auto event = posted(*append());
    const auto told = [&](std::string_view function) {
      return Json::object({{"name", name},
                           {"data", Json::object({{"function_id", function},
                                                  {"run_id", "01ARYZ6S41TSV4RRFFQ69G5FAV"},
                                                  {"event", event}})}});
    };
    execution("synap-fn-failure", told("synap-other")).carry_out();
    const auto before = failures();
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(execution("synap-fn-failure", told("synap-fn")).carry_out(),
                "-> step 0 0\n<- 200 null\n");
    }
    EXPECT_EQ(failures(), std::to_string(std::stoi(before) + 1));
    // A call of that run that comes late has no effect; another run of the event may have it.
    EXPECT_EQ(execution("synap-fn", event).call("step", 0).status, 206);
    EXPECT_EQ(text_of("SELECT count(*) FROM marks"), std::to_string(std::stoi(before)));
    auto again = execution("synap-fn", event);
    again.run_id = "01BRYZ6S41TSV4RRFFQ69G5FAV";
    EXPECT_TRUE(again.carry_out().ends_with("<- 200 null\n"));
    EXPECT_EQ(text_of("SELECT count(*) FROM marks"), std::to_string(std::stoi(before) + 1));
  }
}

TEST_F(Serving, WhatHasCompletedDoesNotFail) {
  add_marking({.fulfills = true});
  open();
  const auto event = posted(*append());
  auto run = execution("synap-fn", event);
  run.call("step", 0);
  execution("synap-fn-failure", Json::object({{"name", "inngest/function.failed"},
                                              {"data", Json::object({{"function_id", "synap-fn"},
                                                                     {"run_id", run.run_id},
                                                                     {"event", event}})}}))
      .carry_out();
  EXPECT_EQ(failures(), "0");
  EXPECT_EQ(text_of("SELECT status FROM served_runs"), "completed");
}

TEST_F(Serving, AnOutageSpendsNoAttempt) {
  std::atomic<int> calls = 0;
  add("fn", [&](const Event&, Step& step) -> Task<Outcome> {
    auto done = co_await step.run<int>("a", [&]() -> Task<Result<int>> {
      if (++calls < 3) {
        co_return fail(Error{Code::kServiceUnavailable, "The disk is full", nullptr, Fault::kFull});
      }
      co_return 1;
    });
    co_return done ? Outcome::done() : Outcome::failed(done.error());
  });
  open();
  auto run = execution("synap-fn", posted(*append()));
  for (const char* wait : {"5s", "10s"}) {
    const auto op = parse_json(run.call("step", 0).body.view())->as_array()[0];
    EXPECT_EQ(op.string_or("op", ""), "Sleep");
    EXPECT_EQ(op.string_or("name", ""), wait);
    run.steps.set(op.string_or("id", ""), Json());
  }
  EXPECT_TRUE(run.carry_out().ends_with("<- 200 null\n"));
}

TEST_F(Serving, WhatACallLeavesOutIsAskedFor) {
  std::string asked;
  std::mutex mutex;
  Json event;
  outbound::TestServer server([&](outbound::Wire& wire, const outbound::Seen& seen) {
    const std::lock_guard lock(mutex);
    asked += seen.line.substr(0, seen.line.rfind(' ')) + "\n";
    EXPECT_TRUE(seen.has("authorization: bearer " + kKey.hashed())) << seen.head;
    const auto steps = Json::object({{hash_of("a"), Json::object({{"data", 41}})}});
    wire.send(outbound::answer(
        200, seen.line.contains("batch") ? Json(Json::Array{event}).dump() : steps.dump()));
  });
  upstream_options.url = server.url("");
  upstream_options.signing_key = kKey;
  add("fn", [](const Event&, Step& step) -> Task<Outcome> {
    auto a = co_await step.run<int>("a", []() -> Task<Result<int>> { co_return 0; });
    co_return Outcome::done(std::to_string(*a + 1));
  });
  open(false);
  event = posted(*append());
  const std::string body =
      R"({"ctx":{"run_id":"01ARYZ6S41TSV4RRFFQ69G5FAV","attempt":0,"use_api":true},)"
      R"("event":{},"events":[],"steps":{},"use_api":true,"version":2})";
  const auto answer = signed_call(kKey, "fnId=synap-fn&stepId=step", body);
  EXPECT_EQ(answer.status, 200) << answer.body.view();
  EXPECT_EQ(answer.body.view(), "42");
  EXPECT_EQ(asked,
            "GET /v0/runs/01ARYZ6S41TSV4RRFFQ69G5FAV/batch\n"
            "GET /v0/runs/01ARYZ6S41TSV4RRFFQ69G5FAV/actions\n");
}

TEST(BusHistory, EachEventIsOfOneBus) {
  test::TempDirectory directory;
  ThreadExecutor executor{"test"};
  events::EventTypes types;
  types.add("thing.making.requested", object("Thing"), "");
  auto database =
      std::move(*db::sqlite::SqliteDatabase::open({.path = directory.path() + "/test.db"}));
  auto migrations = events::sqlite::SqliteEventLog::migrations();
  for (const auto& one : BusHistory::migrations()) migrations.push_back(one);
  ASSERT_TRUE(database->migrate(migrations));
  auto log = std::move(*events::sqlite::SqliteEventLog::open(*database));
  const auto start = [&](Bus bus) {
    return *sync_wait(executor, BusHistory::enter(*database, *log, bus, 1));
  };
  const auto append = [&](int count) {
    for (int i = 0; i < count; ++i) {
      events::Envelope envelope;
      envelope.user_id = "ann";
      auto event = *types.make("thing.making.requested", "{}", std::move(envelope));
      ASSERT_TRUE(sync_wait(executor, log->append({.events = {std::move(event)}})));
    }
  };
  EXPECT_FALSE(start(Bus::kLocal).next_of_inngest(0));
  append(3);
  auto history = start(Bus::kInngest);
  EXPECT_EQ(history.next_of_inngest(0)->after, 3);
  append(2);
  start(Bus::kInngest);
  start(Bus::kLocal);
  start(Bus::kInngest);  // nothing was appended between the two
  start(Bus::kLocal);
  append(4);
  history = start(Bus::kInngest);
  EXPECT_EQ(history.next_of_inngest(0)->after, 3);
  EXPECT_EQ(history.next_of_inngest(0)->until, 5);
  EXPECT_EQ(history.next_of_inngest(4)->after, 4);
  EXPECT_EQ(history.next_of_inngest(5)->after, 9);
  EXPECT_EQ(history.next_of_inngest(12)->after, 12);
  database->close();
}

TEST(CallAnswer, DurationsAreAsSdksWriteThem) {
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(1'500), "2s");
  EXPECT_EQ(duration_text(90'000), "1m30s");
  EXPECT_EQ(duration_text(std::int64_t{8} * 24 * 3'600'000 + 1'000), "1w1d1s");
}

}  // namespace
}  // namespace synap::inngest
